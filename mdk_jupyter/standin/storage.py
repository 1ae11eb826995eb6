"""Buckets and objects as folders and files, so that steps and the storage API see the same bytes."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from mdk_jupyter.standin.answers import Refused

SCHEMES = ("gs://", "s3://", "minio://")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_BEING_WRITTEN = ".mdk-upload-"


class Storage:
    """The tree `ROOT/bucket/object`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, uri: str) -> Path:
        """Return the file that a URI means.

        Raises:
            Refused: the URI is of another scheme, or leads out of its bucket.
        """
        for scheme in SCHEMES:
            if uri.startswith(scheme):
                bucket, _, name = uri.removeprefix(scheme).partition("/")
                return self.file(bucket, name) if name else self.folder(bucket)
        raise Refused(501, f"The stand-in has files of {', '.join(SCHEMES)} only, not {uri!r}.")

    def folder(self, bucket: str) -> Path:
        """Return the folder of a bucket, which need not exist.

        Raises:
            Refused: this cannot be the name of a bucket.
        """
        if not _BUCKET.fullmatch(bucket):
            raise Refused(400, f"Invalid bucket name: '{bucket}'")
        return self.root / bucket

    def file(self, bucket: str, name: str) -> Path:
        """Return the file of an object, which need not exist.

        Raises:
            Refused: the name cannot be a file's.
        """
        parts = name.removesuffix("/").split("/")
        if not name or any(part in {"", ".", ".."} for part in parts) or "\0" in name:
            raise Refused(501, f"The stand-in keeps objects as files and has none of the name {name!r}.")
        return self.folder(bucket).joinpath(*parts)

    def require(self, bucket: str) -> None:
        """Make sure that a bucket exists.

        Raises:
            Refused: it does not.
        """
        if not self.folder(bucket).is_dir():
            raise Refused(404, f"The specified bucket does not exist: {bucket}")

    def buckets(self) -> list[str]:
        """Return the names of all buckets."""
        return sorted(
            folder.name for folder in self.root.iterdir() if folder.is_dir() and _BUCKET.fullmatch(folder.name)
        )

    def names(self, bucket: str) -> list[str]:
        """Return the names of all objects of a bucket, in the order in which Cloud Storage lists them."""
        folder = self.folder(bucket)
        return sorted(self._names(folder), key=str.encode)

    @staticmethod
    def _names(folder: Path) -> Iterator[str]:
        for here, _, files in os.walk(folder):
            for file in files:
                if not file.startswith(_BEING_WRITTEN):
                    yield (Path(here) / file).relative_to(folder).as_posix()

    def generation(self, bucket: str, name: str) -> int:
        """Return the number of an object's version; 0 when there is no object."""
        try:
            file = self.file(bucket, name)
            return file.stat().st_mtime_ns if file.is_file() else 0
        except OSError:
            return 0

    def write(self, bucket: str, name: str, data: bytes) -> None:
        """Write an object, whole or not at all.

        Raises:
            Refused: there is no such bucket, or the name cannot be a file's.
            OSError: the disk is full.
        """
        self.require(bucket)
        file = self.file(bucket, name)
        before = self.generation(bucket, name)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Refused(501, f"The stand-in cannot have {name!r} below an object of a shorter name.") from None
        if file.is_dir():
            raise Refused(501, f"The stand-in cannot have {name!r} beside objects below that name.")
        temporary = file.parent / f"{_BEING_WRITTEN}{secrets.token_hex(8)}"
        try:
            temporary.write_bytes(data)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
        if self.generation(bucket, name) <= before:  # written twice within one tick of the file system's clock
            os.utime(file, ns=(before + 1, before + 1))

    def delete(self, bucket: str, name: str) -> None:
        """Delete an object, and the folders that it leaves empty."""
        file = self.file(bucket, name)
        file.unlink()
        for folder in file.parents:
            if folder == self.folder(bucket) or any(folder.iterdir()):
                break
            folder.rmdir()

    def delete_bucket(self, bucket: str) -> None:
        """Delete a bucket with all that is in it."""
        shutil.rmtree(self.folder(bucket))
