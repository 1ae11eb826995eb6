"""A kernel as a front end sees it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

OUTPUTS = ("stream", "display_data", "execute_result", "error", "update_display_data")
FILE = re.compile(r"\S*ipykernel_\d+/\d+\.py|\b\d+\.py")  # what ipykernel calls a cell
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def notebook(cells: list[tuple[str, list[str]]]) -> Any:
    """Return a notebook of code cells, each with its tags."""
    import nbformat

    content: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": tags} if tags else {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, (source, tags) in enumerate(cells)
    ]
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": content})  # type: ignore[no-untyped-call]


class Kernel:
    """Runs cells, and returns what a notebook would keep of them, and the reply last."""

    def __init__(self, setup: str, folder: Path | None = None, *, attended: bool = True) -> None:
        self._manager, self._client = start_new_kernel(kernel_name="python3", cwd=str(folder) if folder else None)
        self._attended = attended
        self.run(setup)

    def run(self, code: str, timeout: float = 120) -> list[dict[str, Any]]:
        outputs: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in OUTPUTS:
                content = {key: value for key, value in message["content"].items() if key != "transient"}
                outputs.append({"type": message["msg_type"], **content})

        reply = self._client.execute_interactive(
            code,
            output_hook=keep,
            stdin_hook=lambda message: None,
            allow_stdin=self._attended,
            timeout=timeout,
            stop_on_error=False,
        )["content"]
        kept = {key: reply.get(key) for key in ("status", "execution_count", "ename", "evalue", "payload")}
        return [_comparable(output) for output in [*outputs, kept]]

    def value(self, expression: str) -> str:
        """Return the repr of an expression."""
        result, _ = self.run(expression)
        return str(result["data"]["text/plain"])

    def interrupt_when(self, ready: Callable[[], bool]) -> None:
        """Press the stop button as soon as something is the case."""

        def wait() -> None:
            while not ready():
                time.sleep(0.05)
            self._manager.interrupt_kernel()

        threading.Thread(target=wait, daemon=True).start()

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def text(outputs: list[dict[str, Any]]) -> str:
    """Return all that was printed."""
    return "".join(output["text"] for output in outputs if output.get("type") == "stream")


def _comparable(output: dict[str, Any]) -> dict[str, Any]:
    """Return an output without colours, and without what differs from one run of a cell to the next."""
    if output.get("type") == "error":
        output["traceback"] = ANSI.sub("", "\n".join(output["traceback"]))
    if "text" in output:
        output["text"] = re.sub(r"[\d.e+]+ (ns|μs|us|ms|s)\b", "TIME", output["text"])
    return {key: FILE.sub("FILE", value) if isinstance(value, str) else value for key, value in output.items()}
