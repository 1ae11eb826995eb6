"""What is registered of a model: what the user says of it, and what is found out.

The same on every machine and in every container, so that the same model with the same facts is the same version. The
standard library alone, since images choose what they have; values are JSON values, as `domain.NewVersion` has them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Callable, Optional

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.store import Blob, HashingFile
from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry.keeping import Kept
from mdk_jupyter.registry.packages import requirements
from mdk_jupyter.registry.profiles import profile
from mdk_jupyter.registry.signatures import signature
from mdk_jupyter.runtime import step
from mdk_jupyter.runtime.metrics import as_metric

CONTENT = "content-"  # of idempotency keys that say what the content is
_ROLES = ("training", "validation", "test", "reference", "other")
_TABLES = frozenset(["parquet", "arrow", "polars", "npy", "npy-locked"])


@dataclass(frozen=True)
class Given:
    """What the user says of a model; see `mdk.log_model`."""

    version: Optional[str] = None  # noqa: UP045 - looked at by Python 3.9
    metrics: Optional[Mapping[str, Any]] = None  # noqa: UP045
    parameters: Optional[Mapping[str, Any]] = None  # noqa: UP045
    data: Any = None
    example: Any = None
    signature: Any = None
    datasets: Sequence[Any] = ()
    description: Optional[str] = None  # noqa: UP045
    project: Optional[str] = None  # noqa: UP045
    use_case: Optional[str] = None  # noqa: UP045
    sensitivity: Optional[str] = None  # noqa: UP045
    owner: Optional[str] = None  # noqa: UP045
    labels: Optional[Mapping[str, str]] = None  # noqa: UP045
    cost: Any = None
    extra: Optional[Mapping[str, Any]] = None  # noqa: UP045


@dataclass(frozen=True)
class Facts:
    """The fields of a `NewVersion`, and the key under which it is registered once."""

    fields: dict[str, Any]
    key: str


def gather(
    name: str, model: Any, kept: Kept, given: Given, provenance: Mapping[str, Any], project: str | None
) -> Facts:
    """Return what is registered of a model whose bytes are `kept`. `project` is the one where none is given.

    Raises:
        StepError: a metric is no number, text or flag (MDK324).
        UsageError: the digest of the data cannot be told (MDK552).
    """
    metrics = {metric: as_metric(metric, value) for metric, value in (given.metrics or {}).items()}
    used = _dataset(given.data) if given.data is not None else None
    example = given.example if given.example is not None else given.data
    own = [plain(dataset) for dataset in given.datasets]
    extra = as_json(given.extra or {})
    said = {
        "version": given.version,
        "metrics": metrics,
        "parameters": as_json(given.parameters) if given.parameters is not None else None,
        "data": used["sha256"] if used else None,
        "datasets": own,
        "signature": plain(given.signature) if given.signature else None,
        "description": given.description,
        "labels": dict(given.labels or {}),
        "extra": extra,
        "about": [given.project, given.use_case, given.sensitivity, given.owner],
    }
    fields = {
        "version": given.version,
        "artifact": {"uri": kept.uri, "sha256": kept.sha256, "size": kept.size, "format": kept.format},
        "metrics": metrics,
        "parameters": as_json(_run_parameters() if given.parameters is None else given.parameters),
        "signature": said["signature"] or signature(model, example),
        "provenance": {**provenance, "python": platform.python_version()},
        "datasets": _together([*([used] if used else []), *own, *_received()]),
        "requirements": requirements(model),
        "profile": _profile(given.data),
        "cost": plain(given.cost) if given.cost is not None else None,
        "description": given.description,
        "project": given.project or project,
        "use_case": given.use_case,
        "sensitivity": given.sensitivity,
        "owner": given.owner,
        "labels": dict(given.labels or {}),
        "extra": {"type": kept.type, **extra},
    }
    return Facts(
        {field: value for field, value in fields.items() if value is not None}, content_key(name, kept.sha256, said)
    )


def content_key(name: str, sha256: str, given: Mapping[str, Any]) -> str:
    """Return the idempotency key of a version: the same wherever and whenever the same is registered.

    Example:
        >>> content_key("flights", "0" * 64, {"metrics": {"auc": 1}})[:12]
        'content-55c8'
    """
    text = json.dumps([name, sha256, given], sort_keys=True, ensure_ascii=True, allow_nan=True)
    return CONTENT + hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Return an object of the registry as JSON values; a container knows it as a dictionary alone."""
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else dict(value)


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that JSON holds as they are, and the text of others."""
    return {str(name): value if _is_json(value) else repr(value) for name, value in values.items()}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _run_parameters() -> dict[str, Any]:
    job = step.current_job()
    return {name: value for name, value in job.parameters.items() if _is_json(value)} if job is not None else {}


def _dataset(data: Any) -> dict[str, Any]:
    from mdk_jupyter.artifacts import handover

    record = handover.save({"data": data}, _Nowhere())["data"]
    if record.digest is None:
        message = f"the digest of the {record.type} given as `data` cannot be told: {record.reason}"
        raise UsageError([Finding("MDK552", message, fix="give a table, or leave `data` out")])
    return _described(record.digest, "training", record.preview)


def _profile(data: Any) -> dict[str, Any] | None:
    if data is None:
        return None
    if find_spec("pandas") is None:  # an image that has polars or numpy alone
        warnings.warn("no profile of the data is kept: describing it needs pandas", stacklevel=4)
        return None
    return profile(data)


def _described(digest: str, role: str, preview: str | None, name: str | None = None) -> dict[str, Any]:
    first = (preview or "").split(" ")[0]
    rows = int(first) if first.isdigit() else None
    return {"uri": digest, "role": role, "sha256": digest.partition(":")[2], "rows": rows, "name": name}


class _Nowhere:
    """A store that tells digests and keeps nothing."""

    def put(self, write: Callable[[BinaryIO], None], names: Collection[str] = ()) -> Blob:
        with open(os.devnull, "wb") as file:  # noqa: PTH123 - no path
            sink = HashingFile(file)
            write(sink)  # type: ignore[arg-type]
            return sink.blob()

    def verify(self, digest: str) -> Path:
        raise NotImplementedError


def _received() -> list[dict[str, Any]]:
    """Return the tables and arrays that this step of a run received."""
    job = step.current_job()
    found = []
    for name, about in (job.inputs if job is not None else {}).items():
        producer = about.get("producer", "")
        for record in _parts(about):
            if record.get("status") == "value" and record.get("format") in _TABLES and record.get("digest"):
                full = f"{producer}.{name}" if producer else name
                found.append(_described(record["digest"], _role(name), record.get("preview"), full))
    return found


def _parts(about: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from about.get("items", (about,))


def _role(name: str) -> str:
    return next((role for role in _ROLES if name.lower().startswith(role[:4])), "other")


def _together(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each data set once; what the run calls it goes with what the user said it is for."""
    known: dict[str, dict[str, Any]] = {}
    for dataset in found:
        key = dataset.get("sha256") or dataset["uri"]
        before = known.get(key)
        if before is None:
            known[key] = dataset
        elif before.get("name") is None:
            known[key] = {**before, "name": dataset.get("name")}
    return list(known.values())
