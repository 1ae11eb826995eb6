"""A user's mistake, shown in a notebook as its text alone."""

from __future__ import annotations

from collections.abc import Iterable

from mdk_converters.findings import Finding, MDKError


class Refusal(MDKError):
    """What a magic raises: IPython shows the findings and no traceback.

    It is still an exception: the cell fails, so that papermill and nbclient stop there.
    """

    @classmethod
    def of(cls, error: MDKError) -> Refusal:
        """Return `error` as a refusal."""
        return cls(error.findings)

    def __str__(self) -> str:
        return describe(self.findings)

    def _render_traceback_(self) -> list[str]:
        """IPython's protocol for exceptions that draw themselves."""
        return str(self).split("\n")


class Cancelled(KeyboardInterrupt):
    """A run was interrupted, and with it the cell: what comes after it does not run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def describe(findings: Iterable[Finding]) -> str:
    """Return findings as people read them, in the terminal's words."""
    from mdk_converters.report import as_text

    return "\n".join(map(as_text, findings))
