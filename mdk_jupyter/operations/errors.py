"""What is wrong with a file of operations, a plan, or its application (MDK6xx)."""

from __future__ import annotations

from mdk_converters.findings import Finding, MDKError, Place


class OperationsError(MDKError):
    """The file, or what it asks for, cannot be."""


class MovedError(OperationsError):
    """What was planned on is not what there is now: plan again (MDK612)."""


def refusal(code: str, message: str, fix: str = "", place: Place | None = None, *names: str) -> OperationsError:
    """Return the error of a single finding."""
    return OperationsError([Finding(code, message, place or Place(), fix, names=names)])
