"""The stand-in's memory: JSON documents by kind and name, in files that are never half-written."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.standin.answers import Document

_PAUSE = 0.2  # seconds between two writings of a document that changes all the time


class Documents:
    """All documents are in memory; the files are for the next start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, dict[str, Document]] = {}
        self._lazy: dict[tuple[str, str], Callable[[], Document]] = {}
        self._number = itertools.count(time.time_ns())  # the order in which documents were made
        self._numbers: dict[tuple[str, str], int] = {}
        found = []
        for file in folder.glob("*/*.json"):
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
                found.append((int(content["number"]), file.parent.name, str(content["name"]), content["document"]))
            except (ValueError, KeyError, TypeError):
                logging.getLogger(__name__).warning("%s is damaged and was left out", file)
        for number, kind, name, document in sorted(found, key=lambda entry: entry[0]):
            self._known.setdefault(kind, {})[name] = document
            self._numbers[kind, name] = number

    def get(self, kind: str, name: str) -> Document | None:
        """Return a document, or None."""
        return self._known.get(kind, {}).get(name)

    def all(self, kind: str, prefix: str = "") -> Iterator[tuple[str, Document]]:
        """Yield names and documents, in the order in which they were made, of names that begin with `prefix`."""
        for name, document in list(self._known.get(kind, {}).items()):
            if name.startswith(prefix):
                yield name, document

    def put(self, kind: str, name: str, document: Document) -> Document:
        """Keep a document, at once.

        Raises:
            OSError: the file cannot be written.
        """
        self._known.setdefault(kind, {})[name] = document
        file = self._file(kind, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        number = self._numbers.setdefault((kind, name), next(self._number))
        write_atomically(file, json.dumps({"name": name, "number": number, "document": document}))
        return document

    def put_lazily(self, kind: str, name: str, document: Callable[[], Document]) -> None:
        """Keep a document that changes all the time: it is asked for, and written, a little later."""
        pending = (kind, name) in self._lazy
        self._lazy[kind, name] = document
        if not pending:
            try:
                asyncio.get_running_loop().call_later(_PAUSE, self.write, kind, name)
            except RuntimeError:  # at the start of the server: no loop yet
                self.write(kind, name)

    def write(self, kind: str, name: str) -> None:
        """Write a document now that waits for it; nothing happens if there is none."""
        document = self._lazy.pop((kind, name), None)
        if document is not None:
            self.put(kind, name, document())

    def delete(self, kind: str, name: str) -> None:
        """Forget a document."""
        self._known.get(kind, {}).pop(name, None)
        self._lazy.pop((kind, name), None)
        self._numbers.pop((kind, name), None)
        self._file(kind, name).unlink(missing_ok=True)

    def flush(self) -> None:
        """Write all documents that wait for it."""
        for kind, name in list(self._lazy):
            self.write(kind, name)

    def _file(self, kind: str, name: str) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()[:40]  # names are longer than those of files may be
        return self._folder / kind / f"{digest}.json"
