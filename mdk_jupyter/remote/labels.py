"""Labels as Google Cloud takes them: what bills and searches go by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

LONGEST = 63  # characters of a key or a value
MOST = 64  # labels of one resource
RESERVED = "vertex-ai-pipelines-run-billing-id"


def normalised(label: str) -> str:
    """Return a key or value in the letters that labels have: small ones, digits, `_` and `-`.

    Example:
        >>> normalised("Größe & Marketing")
        'grosse-marketing'
    """
    plain = unicodedata.normalize("NFKD", label.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"-?[^a-z0-9_-]+-?", "-", plain.lower()).strip("-")[:LONGEST]


def key_problem(key: str) -> str | None:
    """Return why a normalised key cannot be used, None if it can."""
    if key == RESERVED:
        return "is reserved by Vertex AI"
    if not re.match("[a-z]", key):
        return "does not begin with a letter"
    return None


def merge(*layers: Mapping[str, str]) -> dict[str, str]:
    """Return labels by their normalised keys, sorted; a later layer wins."""
    found = {normalised(key): normalised(value) for layer in layers for key, value in layer.items()}
    return dict(sorted(found.items()))
