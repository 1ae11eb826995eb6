"""The event loop in which cells run, as in a kernel: what one cell sets for its context, the next one finds."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """Runs one coroutine after the other in one context, which decimal and numpy keep settings in."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result."""
        result, context = self._loop.run_until_complete(_with_context(work))
        present = contextvars.copy_context()
        for variable, value in context.items():
            if variable not in present or present[variable] is not value:
                variable.set(value)
        return result


async def _with_context(work: Coroutine[Any, Any, T]) -> tuple[T, contextvars.Context]:
    """Return the context too: a task has a copy, and before Python 3.11 it cannot be given another."""
    result = await work
    return result, contextvars.copy_context()
