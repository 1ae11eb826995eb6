"""Where the bytes of logged models are: by digest in a folder of the project, or in a bucket.

In a container buckets are folders that the platform mounts.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.store import Store, digest_of
from mdk_jupyter.errors import ArtifactError, UsageError
from mdk_jupyter.runtime import step
from mdk_jupyter.runtime.places import Places, path_of

FOLDER = "models"  # in the project's `.mdk`; results that nobody needs are removed from `artifacts`, models never
_SAFE = frozenset(["json", "bytes", "npy", "npy-locked", "npy-scalar", "parquet", "arrow", "polars", "skops", "onnx"])


@dataclass(frozen=True)
class Kept:
    """The bytes of a model: where they are, what they are, and the type that they were made from."""

    uri: str
    sha256: str  # hexadecimal digits
    size: int  # bytes
    format: str
    type: str


def keep(model: object, home: Path | None, bucket: str | None) -> Kept:
    """Store a model in the safest format that gives it back exactly: in the folder `bucket`, else below `home`.

    Raises:
        UsageError: the model cannot be stored (MDK552), or fsspec is missing for the bucket (MDK553).
        ArtifactError: the folder or bucket cannot be written (MDK326).
    """
    if bucket is None:
        assert home is not None
        return _store(model, Store(home / FOLDER))
    with tempfile.TemporaryDirectory(prefix="mdk-model-") as folder:
        local = Store(folder)
        kept = _store(model, local)
        uri = f"{bucket.rstrip('/')}/{kept.sha256[:2]}/{kept.sha256}"
        _upload(local.path(f"sha256:{kept.sha256}"), uri)
    return Kept(uri, kept.sha256, kept.size, kept.format, kept.type)


def _store(model: object, store: Store) -> Kept:
    from mdk_jupyter.artifacts import handover

    record = handover.save({"model": model}, store)["model"]
    if record.status != "value" or record.digest is None:
        message = f"the {record.type or 'model'} cannot be stored: {record.reason}"
        raise UsageError([Finding("MDK552", message, fix="log what can be saved: the fitted model without open files")])
    path = store.path(record.digest).absolute()
    return Kept(
        path.as_uri(), record.digest.removeprefix("sha256:"), record.size, record.format or "pickle", record.type or ""
    )


def fetch(kept: Kept, home: Path | None, *, buckets: tuple[str, ...] = (), allow_pickle: bool = False) -> Any:
    """Load a model after checking that its bytes are those that were registered.

    A pickle runs code when it is loaded, so it is taken only from the project's own folder, from `buckets` that the
    project names, or with `allow_pickle`.

    Raises:
        UsageError: it is a pickle from elsewhere (MDK554), or nothing here reads its URI (MDK553).
        ArtifactError: the bytes are missing (MDK320) or damaged (MDK321), or cannot be read back (MDK327).
    """
    own = Store(home / FOLDER) if home is not None else None
    digest = f"sha256:{kept.sha256}"
    is_ours = own is not None and own.path(digest).exists()
    if kept.format not in _SAFE and not (is_ours or allow_pickle or _is_below(kept.uri, buckets)):
        message = f"the model is a {kept.format} in {kept.uri}, and loading one runs the code in it"
        fix = "if you trust who made it: allow_pickle=True, or name the bucket in mdk.yaml: registry: {artifacts: …}"
        raise UsageError([Finding("MDK554", message, fix=fix, names=(kept.uri,))])
    if own is not None and is_ours:
        return _load(kept, own)
    with tempfile.TemporaryDirectory(prefix="mdk-model-") as folder:
        local = Store(folder)
        path = local.path(digest)
        path.parent.mkdir(parents=True)
        _download(kept.uri, path)
        found = digest_of(path)
        if found != digest:
            message = f"the model in {kept.uri} is not what was registered: it has the digest {found}, not {digest}"
            fix = "do not use it; restore the object from a backup, or promote another version"
            raise ArtifactError([Finding("MDK321", message, fix=fix, names=(kept.uri,))])
        return _load(kept, local)


def _load(kept: Kept, store: Store) -> Any:
    from mdk_jupyter.artifacts import handover
    from mdk_jupyter.artifacts.records import Record

    record = Record("value", kept.format, f"sha256:{kept.sha256}", kept.size)
    return dict(handover.load({"model": record}, store))["model"]


def _is_below(uri: str, buckets: tuple[str, ...]) -> bool:
    is_plain = ".." not in unquote(uri).split("/")
    return is_plain and any(uri.startswith(f"{bucket.rstrip('/')}/") for bucket in buckets)


def _upload(path: Path, uri: str) -> None:
    with _writing(uri):
        if (mounted := _mounted(uri)) is not None:
            mounted.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, mounted)
            return
        if (blob := _blob(uri)) is not None:
            blob.upload_from_filename(str(path))
            return
        filesystem, place = _filesystem(uri)
        filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(path), place)


def _download(uri: str, path: Path) -> None:
    source = Path(unquote(urlsplit(uri).path)) if urlsplit(uri).scheme in ("", "file") else _mounted(uri)
    if source is not None:
        try:
            shutil.copyfile(source, path)
        except OSError as error:
            raise _missing(uri, error.strerror or str(error)) from None
        return
    blob = _blob(uri)
    filesystem, place = (None, "") if blob is not None else _filesystem(uri)
    try:
        if filesystem is not None:
            filesystem.get_file(place, str(path))
        else:
            blob.download_to_filename(str(path))
    except Exception as error:  # each kind of storage has its own
        raise _missing(uri, str(error) or type(error).__name__) from None


def _missing(uri: str, why: str) -> ArtifactError:
    fix = "check that the file or bucket is still there and that you may read it"
    return ArtifactError([Finding("MDK320", f"the model {uri} cannot be read: {why}", fix=fix, names=(uri,))])


def _mounted(uri: str) -> Path | None:
    """Return where a bucket's object is in a container of a platform; None elsewhere."""
    job = step.current_job()
    return path_of(uri) if job is not None and isinstance(job.store, Places) else None


def _blob(uri: str) -> Any:
    """Return an object in Cloud Storage by Google's own client, which `mdk submit` has; None without it."""
    if not uri.startswith("gs://") or find_spec("gcsfs") is not None:
        return None
    try:
        from google.cloud import storage
    except ImportError:
        return None
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return storage.Client().bucket(bucket).blob(name)


def _filesystem(uri: str) -> tuple[Any, str]:
    try:
        import fsspec

        filesystem, place = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        message = f"nothing here reads or writes {uri}: {error}"
        fix = "install fsspec and the package for the storage, such as `pip install gcsfs` for gs://"
        raise UsageError([Finding("MDK553", message, fix=fix, names=(uri,))]) from None
    return filesystem, str(place)


@contextlib.contextmanager
def _writing(uri: str) -> Iterator[None]:
    try:
        yield
    except UsageError:
        raise
    except Exception as error:  # each kind of storage has its own
        message = f"the model cannot be written to {uri}: {error or type(error).__name__}"
        raise ArtifactError([Finding("MDK326", message, fix="Check that you may write there.")]) from None
