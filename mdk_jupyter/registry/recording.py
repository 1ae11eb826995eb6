"""`mdk.log_model` and `mdk.load_model`: from a value in a notebook to a version in the registry, and back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry import origin
from mdk_jupyter.registry.connecting import connect, find_home
from mdk_jupyter.registry.domain import Cost, Dataset, Signature, Status, Version
from mdk_jupyter.registry.facts import Given, gather
from mdk_jupyter.registry.keeping import Kept, fetch, keep
from mdk_jupyter.registry.references import parse
from mdk_jupyter.runtime import registering, step
from mdk_jupyter.runtime.job_file import VARIABLE as JOB
from mdk_jupyter.runtime.registering import is_in_container
from mdk_jupyter.runtime.watch import watch


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
    given = Given(
        version=version,
        metrics=metrics,
        parameters=parameters,
        data=data,
        example=example,
        signature=signature,
        datasets=datasets,
        description=description,
        project=project,
        use_case=use_case,
        sensitivity=sensitivity,
        owner=owner,
        labels=labels,
        cost=cost,
        extra=extra,
    )
    if is_in_container():
        return registering.register(name, model, given, url)  # type: ignore[return-value]  # what it can know of one
    with watch.pause():
        home = find_home()
        kept = keep(model, home.folder, home.artifacts)
        facts = gather(name, model, kept, given, _provenance(), home.project)
        return connect(home, url).register(name, idempotency_key=facts.key, **facts.fields)


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
        return registering.load_model(reference, version, environment=environment, allow_pickle=allow_pickle, url=url)
    if wanted.version is None:
        watch.note_outside(f"it loads {wanted} from the model registry, which moves on")
    with watch.pause():
        home = find_home()
        found = connect(home, url).version(str(wanted), environment=environment)
        _refuse_unloadable(found)
        artifact = found.artifact
        kept = Kept(artifact.uri, artifact.sha256 or "", artifact.size or 0, artifact.format or "pickle", "")
        return fetch(kept, home.folder, buckets=home.buckets, allow_pickle=allow_pickle)


def _refuse_unloadable(found: Version) -> None:
    if found.artifact.sha256 is None:
        message = f"{found.reference} was registered without a digest, so nobody can tell whether its bytes are its own"
        fix = f"load it from {found.artifact.uri} yourself, or register it with mdk.log_model"
        raise UsageError([Finding("MDK555", message, fix=fix, names=(found.reference,))])
    if found.status is not Status.ACTIVE:
        reason = f": {found.status_reason}" if found.status_reason else ""
        warnings.warn(f"{found.reference} is {found.status.value}{reason}", stacklevel=4)


def _provenance() -> dict[str, Any]:
    job = step.current_job()
    notebook = origin.notebook_path(os.environ.get(JOB) if job is not None else None)
    found = origin.about(notebook, find_home().root)
    run = {"id": f"{job.run}/{job.step}", "pipeline": job.pipeline, "target": "local"} if job is not None else None
    return {**found, "run": run}
