"""Numbers of versions: the user says major.minor, the registry allocates the patch."""

from __future__ import annotations

import re
from typing import NamedTuple

from mdk_jupyter.registry.errors import InvalidError


class Line(NamedTuple):
    """major.minor: the versions of one line differ in their patch alone."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class Number(NamedTuple):
    """major.minor.patch"""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST = Line(1, 0)


def line(text: str) -> Line:
    """Read major.minor.

    Raises:
        InvalidError: it is something else (MDK547).

    Example:
        >>> line("1.02")
        Line(major=1, minor=2)
    """
    if not (match := re.fullmatch(r"(\d{1,6})\.(\d{1,6})", text)):
        raise InvalidError(
            "MDK547", f"{text!r} is not major.minor", "Write it like `1.2`; the registry allocates the patch."
        )
    return Line(int(match[1]), int(match[2]))


def number(text: str) -> Number:
    """Read major.minor.patch.

    Raises:
        InvalidError: it is something else (MDK547).
    """
    if not (match := re.fullmatch(r"(\d{1,6})\.(\d{1,6})\.(\d{1,9})", text)):
        raise InvalidError("MDK547", f"{text!r} is not major.minor.patch", "Write it like `1.4.2`.")
    return Number(int(match[1]), int(match[2]), int(match[3]))


def next_line(given: str | None, newest: str | None) -> Line:
    """Return the line of the next version: the one given, or that of the newest version, or 1.0.

    Example:
        >>> next_line(None, "2.1.7")
        Line(major=2, minor=1)
    """
    if given is not None:
        return line(given)
    return Line(*number(newest)[:2]) if newest else FIRST
