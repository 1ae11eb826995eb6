"""Sizes and ages, as people write and read them."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kKMGT])(i?))?B?")
_POWERS = " KMGT"


def size(count: int) -> str:
    """Return a number of bytes for people.

    Example:
        >>> size(12_100_000)
        '12.1 MB'
    """
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}" if unit != "B" else f"{count} B"
        amount /= 1000
    return f"{amount:.3g} TB"


def read_size(text: str) -> int:
    """Return the bytes that `5GB`, `500 MB`, `2GiB` or `1000` mean.

    Raises:
        ValueError: it is no amount of bytes.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size; write 5GB or 500MB")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS.index((match[2] or " ").upper()))
