"""The content-addressed store: bytes by their sha256, each stored once."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ArtifactError

_PREFIX = "sha256:"


@dataclass(frozen=True)
class Blob:
    """Stored bytes."""

    digest: str  # "sha256:…"
    size: int


class Storage(Protocol):
    """Where the bytes of artifacts are: the store of this machine, or the places that a platform assigns."""

    def put(self, write: Callable[[BinaryIO], None], names: Collection[str] = ()) -> Blob:
        """Keep what `write` writes; `names` are the values that it holds. Nothing is kept when it raises."""
        ...

    def verify(self, digest: str) -> Path:
        """Return where bytes are after checking that they are what was kept."""
        ...


class HashingFile(io.RawIOBase):
    """A file that hashes what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            self._file.write(data)
        except OSError as error:
            raise not_writable(error) from error
        self._hash.update(data)
        size = memoryview(data).nbytes
        self._size += size
        return size

    def tell(self) -> int:
        return self._size

    def blob(self) -> Blob:
        return Blob(_PREFIX + self._hash.hexdigest(), self._size)


class Store:
    """Artifacts on disk, `root/ab/cdef…`. A file appears under its name only when it is complete."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.written = 0  # bytes that were not there before

    def path(self, digest: str) -> Path:
        name = digest.removeprefix(_PREFIX)
        return self.root / name[:2] / name[2:]

    def put(self, write: Callable[[BinaryIO], None], names: Collection[str] = ()) -> Blob:
        """Store what `write` writes, by its content: `names` do not matter. Nothing stays behind when it raises.

        Raises:
            ArtifactError: the store cannot be written (MDK326).
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix="new-", dir=self.root)
        except OSError as error:
            raise not_writable(error) from error
        try:
            with os.fdopen(handle, "wb") as file:
                sink = HashingFile(file)
                write(sink)  # type: ignore[arg-type]
                blob = sink.blob()
            path = self.path(blob.digest)
            path.parent.mkdir(exist_ok=True)
            is_new = not path.exists()
            Path(temporary).replace(path)  # also where there is one: it might be damaged
            self.written += blob.size if is_new else 0
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return blob

    def verify(self, digest: str) -> Path:
        """Return the path of stored bytes after checking that they are what was stored.

        Raises:
            ArtifactError: the bytes are missing (MDK320) or damaged (MDK321).
        """
        path = self.path(digest)
        try:
            found = digest_of(path)
        except FileNotFoundError:
            raise ArtifactError([renew("MDK320", f"the artifact {digest} is not in the store {self.root}")]) from None
        if found != digest:
            raise ArtifactError(
                [renew("MDK321", f"the artifact {digest} in {self.root} is damaged: it is now {found}")]
            )
        return path


def digest_of(path: Path) -> str:
    """Return the digest of a file, as records have it.

    Raises:
        OSError: it cannot be read.
    """
    content = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            content.update(block)
    return _PREFIX + content.hexdigest()


def renew(code: str, message: str) -> Finding:
    """Say that an artifact is not what it was."""
    return Finding(code, message, fix="Run the pipeline again: what is missing or damaged is made anew.")


def not_writable(error: OSError) -> ArtifactError:
    """Say that bytes could not be kept."""
    message = f"the artifact store cannot be written: {error.strerror or error}"
    return ArtifactError([Finding("MDK326", message, fix="Check the free space and the rights of the folder `.mdk`.")])
