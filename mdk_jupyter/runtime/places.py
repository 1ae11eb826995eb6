"""The artifacts of a step in a container: each has a place that the platform assigned, and a record in its metadata."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.records import Record
from mdk_jupyter.artifacts.store import Blob, HashingFile, digest_of, not_writable, renew
from mdk_jupyter.errors import ArtifactError

MOUNTS = "MDK_MOUNTS"  # environment variable: the folder of all buckets, in place of those of the platforms
METADATA = "mdk"  # key of the record among an artifact's metadata
_ROOTS = {"gs": "/gcs", "s3": "/s3", "minio": "/minio"}


def path_of(uri: str) -> Path:
    """Return where an artifact's bytes are to be found in this container.

    Example:
        >>> str(path_of("gs://bucket/run/model"))
        '/gcs/bucket/run/model'
    """
    scheme, _, rest = uri.rpartition("://")
    if scheme not in _ROOTS:
        return Path(rest)
    return Path(os.environ.get(MOUNTS) or _ROOTS[scheme], rest)


class Places:
    """Where the bytes of a step's artifacts are. `outputs` are the paths of what it makes, by name."""

    def __init__(self, outputs: Mapping[str, Path]) -> None:
        self.outputs = outputs
        self._inputs: dict[str, Path] = {}  # by digest
        self._together: dict[str, tuple[str, ...]] = {}  # names whose bytes are at the place of the first, by name

    def add(self, record: Record, path: Path) -> None:
        """Note where the bytes of an input are."""
        if record.digest is not None:
            self._inputs.setdefault(record.digest, path)

    def put(self, write: Callable[[BinaryIO], None], names: Collection[str] = ()) -> Blob:
        """Write bytes to the place of the first of their names.

        Raises:
            ArtifactError: the place cannot be written (MDK326).
        """
        path = self.outputs[next(iter(names))]
        self._together.update(dict.fromkeys(names, tuple(names)))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("wb")
        except OSError as error:
            raise not_writable(error) from error
        try:
            with file:
                sink = HashingFile(file)
                write(cast(BinaryIO, sink))
        except BaseException:
            path.unlink()
            raise
        return sink.blob()

    def together(self, name: str) -> tuple[str, ...]:
        """Return the names that are stored together with `name`; their bytes are at the place of the first."""
        return self._together.get(name, (name,))

    def verify(self, digest: str) -> Path:
        """Return the path of an input's bytes after checking that they are those that its metadata tells of.

        Raises:
            ArtifactError: the bytes are missing (MDK320) or damaged (MDK321).
        """
        path = self._inputs[digest]
        try:
            found = digest_of(path)
        except OSError as error:
            missing = renew("MDK320", f"the artifact {path} cannot be read: {error.strerror or error}")
            raise ArtifactError([missing]) from None
        if found != digest:
            message = f"the artifact {path} is damaged: it is now {found}, and was {digest}"
            raise ArtifactError([renew("MDK321", message)])
        return path


def metadata(record: Record, members: Iterable[str], made: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of an artifact: its record, the names that are stored together with it, and who made it.

    It is one text, since the platforms make every number in metadata a floating point one.
    """
    content = {**record.to_json(), "members": sorted(members), "made": dict(made)}
    return {METADATA: json.dumps(content, ensure_ascii=False, sort_keys=True)}


def read_metadata(name: str, artifact: Mapping[str, Any], made: Mapping[str, str]) -> dict[str, Any]:
    """Return the record of an input, with `members`, after checking where it comes from.

    Only what the pipeline itself made, by the same code, is taken: to load a pickle is to run what is in it. The
    run may be an older one, as when the platform's cache has the result.

    Raises:
        ArtifactError: somebody else made it (MDK427).
    """
    try:
        content: dict[str, Any] = json.loads(artifact["metadata"][METADATA])
        found = content.pop("made")
    except (KeyError, TypeError, ValueError):
        raise _foreign(name, artifact, "it has no record of who made it") from None
    differences = [f"{key} {found.get(key)!r} instead of {value!r}" for key, value in made.items()]
    differing = [text for text, key in zip(differences, made) if found.get(key) != made[key]]
    if differing:
        raise _foreign(name, artifact, f"it was made by {', '.join(differing)}")
    return content


def _foreign(name: str, artifact: Mapping[str, Any], why: str) -> ArtifactError:
    message = f"the artifact {artifact.get('uri')} for `{name}` was not made by this pipeline: {why}"
    fix = "Let a component of the pipeline make it; submit the pipeline again if it was changed since."
    return ArtifactError([Finding("MDK427", message, fix=fix, names=(name,))])
