"""UUIDs of records. They say which version of which model they mean, so that nothing has to be stored for them."""

from __future__ import annotations

import hashlib
import uuid

_NAME_BITS, _MAJOR_BITS, _MINOR_BITS, _PATCH_BITS = 52, 20, 20, 30  # 122: what a UUID of version 8 leaves free


def record_id(model: str, version: str) -> str:
    """Return the UUID of a version.

    Example:
        >>> version_of("flights", record_id("flights", "1.4.2"))
        '1.4.2'
    """
    major, minor, patch = map(int, version.split("."))
    bits = ((_hash(model) << _MAJOR_BITS | major) << _MINOR_BITS | minor) << _PATCH_BITS | patch
    high, middle, low = bits >> 74, bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return str(uuid.UUID(int=high << 80 | 8 << 76 | middle << 64 | 0b10 << 62 | low))


def version_of(model: str, text: str) -> str | None:
    """Return the version that a UUID means, or None where it is not of this model."""
    try:
        number = uuid.UUID(text).int
    except ValueError:
        return None
    if number >> 76 & 0xF != 8 or number >> 62 & 0b11 != 0b10:
        return None
    bits = (number >> 80) << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
    patch = bits & (1 << _PATCH_BITS) - 1
    minor = bits >> _PATCH_BITS & (1 << _MINOR_BITS) - 1
    major = bits >> _PATCH_BITS + _MINOR_BITS & (1 << _MAJOR_BITS) - 1
    return f"{major}.{minor}.{patch}" if bits >> 70 == _hash(model) else None


def _hash(model: str) -> int:
    return int.from_bytes(hashlib.sha256(model.encode()).digest()[:8]) >> 64 - _NAME_BITS
