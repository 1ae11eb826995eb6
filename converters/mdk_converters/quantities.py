"""Amounts as people write them: `16Gi` of memory, `1h30m` of time, `nvidia-tesla-t4:2` accelerators."""

from __future__ import annotations

import re

_MEMORY = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)([kKMGTPE]i?)?", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_GPU = re.compile(r"([A-Za-z][A-Za-z0-9._/-]*)(?::([1-9]\d{0,5}))?", re.ASCII)
_POWERS = " KMGTPE"
_MEBIBYTE = 2**20


def memory_bytes(text: str) -> int:
    """Return the bytes that `16Gi`, `512M` or `2147483648` mean.

    Raises:
        ValueError: The text is no amount of memory, or one so small that its unit must be missing.
    """
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise ValueError("write a number and a unit, such as 512Mi or 16Gi")
    unit = match[2] or " "
    base = 1024 if unit.endswith("i") else 1000
    amount = int(float(match[1]) * base ** _POWERS.index(unit[0].upper()))
    if amount < _MEBIBYTE:
        raise ValueError("this is less than 1Mi: add the unit, such as 512Mi or 16Gi")
    return amount


def seconds(text: str) -> int:
    """Return the seconds that `90s`, `30m`, `2h` or `1h30m` mean.

    Raises:
        ValueError: The text is no length of time above zero.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError("write a number and a unit, such as 90s, 30m or 2h")
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if total <= 0:
        raise ValueError("a time must be longer than zero")
    return total


def gpu_type_and_count(text: str) -> tuple[str, int]:
    """Return the accelerator's type and how many: `nvidia-tesla-t4:2` is `("nvidia-tesla-t4", 2)`.

    Raises:
        ValueError: The text is not TYPE or TYPE:COUNT.
    """
    match = _GPU.fullmatch(text)
    if match is None:
        raise ValueError("write TYPE or TYPE:COUNT, such as nvidia-tesla-t4:1")
    return match[1], int(match[2] or 1)
