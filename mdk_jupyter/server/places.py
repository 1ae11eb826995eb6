"""Jupyter's contents paths and the files behind them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError
from mdk_jupyter.local.store import FOLDER


class Places:
    """The server's root folder, absolute. What is outside of it has no contents path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._spellings = tuple(dict.fromkeys([root, root.resolve()]))

    def file(self, path: str) -> Path:
        """Return the file that a contents path names; it need not exist.

        Raises:
            UsageError: the path leads out of the root (MDK380).
        """
        parts = PurePosixPath(path.strip("/")).parts
        # A drive or a stream of Windows would take the place of the root.
        if ".." in parts or "\0" in path or "\\" in path or any(":" in part and os.name == "nt" for part in parts):
            raise UsageError([Finding("MDK380", f"{path!r} is not a path below the server's root", names=(path,))])
        return self.root.joinpath(*parts)

    def folder(self, path: str) -> Path:
        """Return the folder that a contents path names, or in which the notebook is that it names.

        Raises:
            UsageError: the path leads out of the root (MDK380).
        """
        file = self.file(path)
        return file if file.is_dir() else file.parent

    def path(self, file: Path) -> str | None:
        """Return the contents path of a file, None where it has none.

        Example:
            >>> Places(Path("/home/ann")).path(Path("/home/ann/flights/flights.ipynb"))
            'flights/flights.ipynb'
        """
        return self._below(file) if self._below(file) is not None else self._below(file.resolve())

    def _below(self, file: Path) -> str | None:
        for root in self._spellings:
            if file.is_relative_to(root):
                relative = file.relative_to(root).as_posix()
                return "" if relative == "." else relative
        return None

    def store(self, run: Path) -> str | None:
        """Return the store of a run's folder, FOLDER/.mdk/runs/ID."""
        return self.path(run.parents[2])

    def kept(self, path: str) -> Path | None:
        """Return a file or folder of `.mdk/runs`, None where the path is not one, or a link leads out of there."""
        file = self.file(path)
        parts = file.relative_to(self.root).parts
        if FOLDER not in parts:
            return None
        at = parts.index(FOLDER)
        runs = self.root.joinpath(*parts[:at]).resolve() / FOLDER / "runs"
        found = file.resolve()
        return found if found.is_relative_to(runs) and found.exists() else None
