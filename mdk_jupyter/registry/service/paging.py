"""Cursors: the key of the last row of a page, as text that says nothing to others."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mdk_jupyter.registry.domain import Page
from mdk_jupyter.registry.errors import InvalidError

Row = TypeVar("Row")
Item = TypeVar("Item")
LARGEST = 1000


def encode(key: int | str) -> str:
    """Return the cursor of a key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str, type: type[int] | type[str]) -> Any:
    """Return the key of a cursor.

    Raises:
        InvalidError: it is none of such a list (MDK541).
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if isinstance(key, bool) or not isinstance(key, type):
        raise InvalidError(
            "MDK541", "the cursor is not one of this list", "Give what the page before it had as `next`."
        )
    return key


def check(limit: int) -> None:
    """Refuse a page of no or of too many rows.

    Raises:
        InvalidError: `limit` is not within 1 and 1000 (MDK541).
    """
    if not 1 <= limit <= LARGEST:
        raise InvalidError("MDK541", f"a page cannot have {limit} rows", f"Ask for 1 to {LARGEST}.")


def page(rows: Sequence[Row], limit: int, item: Callable[[Row], Item], key: Callable[[Row], int | str]) -> Page[Item]:
    """Return the page of the first `limit` rows. One row more than that says that there is a next page."""
    shown = rows[:limit]
    return Page(items=tuple(map(item, shown)), next=encode(key(shown[-1])) if len(rows) > limit else None)
