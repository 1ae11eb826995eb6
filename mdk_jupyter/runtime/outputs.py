"""The outputs of cells, as notebooks keep them (nbformat 4.5), noted while they happen."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

Output = dict[str, Any]


class Outputs:
    """Takes what cells put out, and adds it to the cell that is running."""

    def __init__(self) -> None:
        self._now: list[Output] = []
        self._shown: dict[str, list[Output]] = {}  # by display id
        self._clears = False
        self._lock = threading.RLock()

    def enter(self, cell: Mapping[str, Any]) -> None:
        """From now on outputs belong to `cell`."""
        self._now, self._clears = cell["outputs"], False

    def stream(self, name: str, text: str) -> None:
        """Add printed text; what follows on the same stream is one output."""
        with self._lock:
            self._clear_if_due()
            last = self._now[-1] if self._now else {}
            if last.get("output_type") == "stream" and last["name"] == name:
                last["text"] += text
            else:
                self._now.append({"output_type": "stream", "name": name, "text": text})

    def display(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str | None = None) -> None:
        """Add something to look at, by its MIME types."""
        self._show({"output_type": "display_data", "data": _plain(data), "metadata": dict(metadata)}, display_id)

    def result(self, data: Mapping[str, Any], metadata: Mapping[str, Any], count: int) -> None:
        """Add the value of a cell's last expression."""
        about = {"execution_count": count, "data": _plain(data), "metadata": dict(metadata)}
        self._show({"output_type": "execute_result", **about}, None)

    def update(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str) -> None:
        """Replace what is shown under a display id, wherever that is."""
        for output in self._shown.get(display_id, ()):
            output.update(data=_plain(data), metadata=dict(metadata))

    def error(self, name: str, value: str, traceback: Iterable[str]) -> None:
        """Add an exception."""
        error = {"output_type": "error", "ename": name, "evalue": value, "traceback": list(traceback)}
        with self._lock:
            self._now.append(error)

    def clear(self, wait: bool = False) -> None:
        """Forget the running cell's outputs, or do so when the next one comes."""
        with self._lock:
            self._clears = True
            if not wait:
                self._clear_if_due()

    def _show(self, output: Output, display_id: str | None) -> None:
        with self._lock:
            self._clear_if_due()
            self._now.append(output)
            if display_id is not None:
                self._shown.setdefault(display_id, []).append(output)

    def _clear_if_due(self) -> None:
        if self._clears:
            self._now.clear()
            self._clears = False


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: base64.b64encode(v).decode() if isinstance(v, bytes) else v for kind, v in data.items()}


class Stream(io.TextIOBase):
    """A standard stream whose text goes on to the container's log, and into the notebook."""

    def __init__(self, name: str, outputs: Outputs, log: TextIO) -> None:
        super().__init__()
        self._name = name
        self._outputs = outputs
        self._log = log
        self.hidden: tuple[str, ...] = ()  # texts that must not be seen

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def buffer(self) -> Any:
        """For those who write bytes: they are seen in the log alone."""
        return getattr(self._log, "buffer", self._log)

    def fileno(self) -> int:
        return self._log.fileno()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        shown = mask(text, self.hidden)
        if shown:
            self._outputs.stream(self._name, shown)
            encoding = getattr(self._log, "encoding", None) or "utf-8"
            self._log.write(shown.encode(encoding, "backslashreplace").decode(encoding))
            if "\n" in shown:
                self._log.flush()
        return len(text)

    def flush(self) -> None:
        self._log.flush()


def mask(content: Any, hidden: Iterable[str]) -> Any:
    """Return a text, or JSON values, with `***` in place of every hidden text."""
    if isinstance(content, str):
        for text in hidden:
            content = content.replace(text, "***")
        return content
    if isinstance(content, dict):
        return {key: mask(value, hidden) for key, value in content.items()}
    if isinstance(content, list):
        return [mask(value, hidden) for value in content]
    return content
