"""The exceptions of the platform. All carry findings; the class says whose fault it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdk_converters.findings import MDKError

if TYPE_CHECKING:
    from mdk_jupyter.local.record import Run

__all__ = [
    "ArtifactError",
    "MDKError",
    "NotFoundError",
    "ProjectError",
    "RunError",
    "ServiceError",
    "StepError",
    "StoreError",
    "SubmitError",
    "UsageError",
]


class UsageError(MDKError):
    """The command or call is wrong: an unknown parameter, a missing file. Exit code 2."""


class NotFoundError(UsageError):
    """What was asked for does not exist."""


class ProjectError(UsageError):
    """The project file is not valid, or has no such environment (MDK44x)."""


class StoreError(MDKError):
    """The run store cannot be written or read."""


class ServiceError(MDKError):
    """A service could not be reached. Exit code 3."""


class SubmitError(MDKError):
    """The pipeline cannot run on the target as it is (MDK4xx)."""


class RunError(MDKError):
    """A run failed. `run` tells the whole story."""

    def __init__(self, run: Run) -> None:
        super().__init__(finding for step in run.failures for finding in step.findings)
        self.run = run


class ArtifactError(MDKError):
    """An artifact is missing, damaged or cannot be read back."""


class StepError(MDKError):
    """A step cannot begin, receive its inputs or hand on its outputs."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in the executed notebook: the problem and its fix, without a traceback."""
        return [line for f in self.findings for line in (f"{f.code}: {f.message}", f.fix) if line]
