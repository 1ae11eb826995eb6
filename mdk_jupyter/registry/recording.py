"""`mdk.log_model` and `mdk.load_model`: from a value in a notebook to a version in the registry, and back."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.store import Blob, HashingFile
from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry import origin
from mdk_jupyter.registry.connecting import connect, find_home
from mdk_jupyter.registry.domain import (
    ArtifactRef,
    Cost,
    Dataset,
    GitState,
    NotebookState,
    Provenance,
    RunRef,
    Signature,
    Status,
    Version,
)
from mdk_jupyter.registry.keeping import Kept, fetch, keep
from mdk_jupyter.registry.profiles import profile
from mdk_jupyter.registry.references import parse
from mdk_jupyter.registry.signatures import signature as signature_of
from mdk_jupyter.runtime import registering, step
from mdk_jupyter.runtime.job_file import VARIABLE as JOB
from mdk_jupyter.runtime.metrics import as_metric
from mdk_jupyter.runtime.registering import is_in_container
from mdk_jupyter.runtime.watch import watch

CONTENT = "content-"  # of idempotency keys that say what the content is

_Role = Literal["training", "validation", "test", "reference", "other"]


def log_model(
    name: str,
    model: Any,
    *,
    version: str | None = None,
    metrics: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    data: Any = None,
    example: Any = None,
    signature: Signature | None = None,
    datasets: Sequence[Dataset] = (),
    description: str | None = None,
    project: str | None = None,
    use_case: str | None = None,
    sensitivity: str | None = None,
    owner: str | None = None,
    labels: Mapping[str, str] | None = None,
    cost: Cost | None = None,
    extra: Mapping[str, Any] | None = None,
    url: str | None = None,
) -> Version:
    """Register a version of a model, and return it.

    Args:
        name: The model. It comes to be with its first version.
        model: Any value that a pipeline can hand on. Its bytes are kept in the project, or in the bucket of mdk.yaml.
        version: major.minor, such as "1.2"; the patch is given by the registry. Default: that of the newest version.
        metrics: Numbers, texts and flags by name.
        parameters: What it was made with. Default: the parameters of the run.
        data: The training data, a table: its digest and its profile are kept, the data itself is not.
        example: A table or dictionary of inputs, for the signature. Default: `data`.
        datasets: Further data. In a run, the tables and arrays that the step receives are known by themselves.
        labels: Such as {"team": "growth", "cost_centre": "1234"}.
        url: Another registry than that of the project.

    The state of git, the notebook, the run, the packages in use and who it is are found out. Nothing is registered
    twice: the same model with the same facts is the version that it was, in whatever run, cell or restart.

    Raises:
        UsageError: the model cannot be stored (MDK552).
        StepError: a metric is no number, text or flag (MDK324).
        RegistryError: the registry refuses.
        ServiceError: the registry cannot be reached (MDK550).

    Example:
        >>> mdk.log_model("flights", model, version="1.2", metrics={"auc": 0.71}, data=train)      # doctest: +SKIP
        flights/1.2.0
    """
    if is_in_container():
        return registering.log_model(  # type: ignore[return-value]  # the part of a Version that it can know
            name,
            model,
            version=version,
            metrics=metrics,
            parameters=parameters,
            description=description,
            labels=labels,
        )
    with watch.pause():
        home = find_home()
        plain = {metric: as_metric(metric, value) for metric, value in (metrics or {}).items()}
        kept = keep(model, home.folder, home.artifacts)
        used = _dataset(data) if data is not None else None
        known = signature or signature_of(model, example if example is not None else data)
        given = {
            "version": version,
            "metrics": plain,
            "parameters": _json(parameters) if parameters is not None else None,
            "data": used.sha256 if used else None,
            "datasets": [dataset.model_dump(mode="json") for dataset in datasets],
            "signature": signature.model_dump(mode="json") if signature else None,
            "description": description,
            "labels": dict(labels or {}),
            "extra": _json(extra or {}),
            "about": [project, use_case, sensitivity, owner],
        }
        found = _run_parameters() if parameters is None else parameters
        return connect(home, url).register(
            name,
            version=version,
            artifact=ArtifactRef(uri=kept.uri, sha256=kept.sha256, size=kept.size, format=kept.format),
            metrics=plain,
            parameters=_json(found),
            signature=known,
            provenance=_provenance(),
            datasets=_together([*([used] if used else []), *datasets, *_received()]),
            requirements=origin.requirements(model),
            profile=profile(data) if data is not None else None,
            cost=cost,
            description=description,
            project=project or home.project,
            use_case=use_case,
            sensitivity=sensitivity,
            owner=owner,
            labels=labels,
            extra={"type": kept.type, **_json(extra or {})},
            idempotency_key=content_key(name, kept.sha256, given),
        )


def content_key(name: str, sha256: str, given: Mapping[str, Any]) -> str:
    """Return the idempotency key of a version: the same wherever and whenever the same is registered.

    Example:
        >>> content_key("flights", "0" * 64, {"metrics": {"auc": 1}})[:12]
        'content-55c8'
    """
    text = json.dumps([name, sha256, given], sort_keys=True, ensure_ascii=True, allow_nan=True)
    return CONTENT + hashlib.sha256(text.encode()).hexdigest()


def load_model(
    reference: str,
    version: str | None = None,
    *,
    environment: str | None = None,
    allow_pickle: bool = False,
    url: str | None = None,
) -> Any:
    """Return a registered model, after checking that its bytes are those that were registered.

    `reference` is `flights/1.2.3`, `flights@champion` or `flights@latest`, each also as `models:/…`; or a name, with
    `version` a number or word. The champion is that of an `environment`. A step that loads what moves runs every time.

    A pickle is taken only from this project or its bucket, or with `allow_pickle=True`: loading one runs its code.

    Raises:
        RegistryError: there is no such model or version.
        UsageError: it is a pickle from elsewhere (MDK554), or nothing here reads its URI (MDK553).
        ArtifactError: the bytes are missing (MDK320) or others than those that were registered (MDK321).

    Example:
        >>> model = mdk.load_model("flights", "champion", environment="prod")      # doctest: +SKIP
    """
    wanted = parse(f"{reference}@{version}" if version is not None else reference)
    if is_in_container():
        return registering.load_model(reference, version, environment=environment, allow_pickle=allow_pickle)
    if wanted.version is None:
        watch.note_outside(f"it loads {wanted} from the model registry, which moves on")
    with watch.pause():
        home = find_home()
        found = connect(home, url).version(str(wanted), environment=environment)
        _refuse_unloadable(found)
        artifact = found.artifact
        kept = Kept(artifact.uri, artifact.sha256 or "", artifact.size or 0, artifact.format or "pickle", "")
        buckets = (home.artifacts,) if home.artifacts else ()
        return fetch(kept, home.folder, buckets=buckets, allow_pickle=allow_pickle)


def _refuse_unloadable(found: Version) -> None:
    if found.artifact.sha256 is None:
        message = f"{found.reference} was registered without a digest, so nobody can tell whether its bytes are its own"
        fix = f"load it from {found.artifact.uri} yourself, or register it with mdk.log_model"
        raise UsageError([Finding("MDK555", message, fix=fix, names=(found.reference,))])
    if found.status is not Status.ACTIVE:
        reason = f": {found.status_reason}" if found.status_reason else ""
        warnings.warn(f"{found.reference} is {found.status.value}{reason}", stacklevel=4)


def _provenance() -> Provenance:
    job = step.current_job()
    notebook = origin.notebook_path(os.environ.get(JOB) if job is not None else None)
    git = origin.git_state(notebook.parent if notebook is not None and notebook.parent.is_dir() else Path())
    return Provenance(
        git=GitState(url=git.repository or None, commit=git.commit, branch=git.branch or None, dirty=git.is_dirty)
        if git is not None
        else None,
        notebook=NotebookState(path=_inside(notebook), sha256=origin.file_digest(notebook)) if notebook else None,
        run=RunRef(id=f"{job.run}/{job.step}", pipeline=job.pipeline, target="local") if job is not None else None,
        python=platform.python_version(),
    )


def _inside(path: Path) -> str:
    """Return a path as the project knows it."""
    root = find_home().root
    full = path.absolute()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else full.name


def _run_parameters() -> dict[str, Any]:
    job = step.current_job()
    return {name: value for name, value in job.parameters.items() if _is_json(value)} if job is not None else {}


def _received() -> list[Dataset]:
    """Return the data that this step of a run received."""
    job = step.current_job()
    if job is None:
        return []
    inputs = {name: dict(about) for name, about in job.inputs.items()}
    return [
        Dataset(
            uri=digest,
            sha256=digest.removeprefix("sha256:"),
            name=f"{producer}.{name}" if producer else name,
            role=_role(name),
            rows=_rows(preview),
        )
        for name, producer, digest, preview in origin.digests(inputs)
    ]


def _dataset(data: Any) -> Dataset:
    from mdk_jupyter.artifacts import handover

    record = handover.save({"data": data}, _Nowhere())["data"]
    if record.digest is None:
        message = f"the digest of the {record.type} given as `data` cannot be told: {record.reason}"
        raise UsageError([Finding("MDK552", message, fix="give a table, or leave `data` out")])
    return Dataset(uri=record.digest, sha256=record.digest.removeprefix("sha256:"), rows=_rows(record.preview))


class _Nowhere:
    """A store that tells digests and keeps nothing."""

    def put(self, write: Callable[[BinaryIO], None], names: Collection[str] = ()) -> Blob:
        with open(os.devnull, "wb") as file:  # noqa: PTH123 - no path
            sink = HashingFile(file)
            write(sink)  # type: ignore[arg-type]
            return sink.blob()

    def verify(self, digest: str) -> Path:
        raise NotImplementedError


def _together(found: Iterable[Dataset]) -> list[Dataset]:
    """Return each data set once; what the run calls it goes with what the user said it is for."""
    known: dict[str, Dataset] = {}
    for dataset in found:
        key = dataset.sha256 or dataset.uri
        before = known.get(key)
        if before is None:
            known[key] = dataset
        elif before.name is None:
            known[key] = before.model_copy(update={"name": dataset.name})
    return list(known.values())


def _role(name: str) -> _Role:
    begun = next((role for role in get_args(_Role) if name.lower().startswith(role[:4])), None)
    return begun or "other"


def _rows(preview: str | None) -> int | None:
    first = (preview or "").split(" ")[0]
    return int(first) if first.isdigit() else None


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that JSON holds as they are, and the text of others."""
    return {str(name): value if _is_json(value) else repr(value) for name, value in values.items()}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
