"""Between the records of those clients and versions."""

from __future__ import annotations

from typing import Any

from mdk_jupyter.registry.api.platform.bodies import ENVIRONMENTS, NewRecord, PublishStatus, Record
from mdk_jupyter.registry.api.platform.identity import record_id
from mdk_jupyter.registry.domain import (
    Dataset,
    Deployment,
    GitState,
    NewVersion,
    Place,
    Placement,
    Provenance,
    RunRef,
    Version,
)
from mdk_jupyter.registry.service.base import valid

EXTRA = "platform"  # where a version keeps the record that it was registered with
MADE_FOR = "mdk.made-for"  # a label: `flights@prod`, so that the newest one is found at once
_PUBLISH_STATUS: dict[Place | None, PublishStatus | None] = {
    Place.CHAMPION: "champion",
    Place.CHALLENGER: "challenger",
}


def new_version(record: NewRecord) -> NewVersion:
    """Return the version that a record describes; the record itself stays with it.

    Raises:
        InvalidError: it cannot be a version (MDK549).
    """
    git = GitState(url=record.git_repo_url, commit=record.git_commit_hash, branch=record.git_branch)
    run = (
        RunRef(id=record.vertex_ai_pipeline_job_run_id, target="vertex")
        if record.vertex_ai_pipeline_job_run_id
        else None
    )
    given = {
        "version": f"{record.major_version}.{record.minor_version}",
        "artifact": {"uri": record.gcs_artifact_path},
        "metrics": record.performance_metrics_summary,
        "provenance": Provenance(trained_by=record.trained_by or None, git=git if git != GitState() else None, run=run),
        "datasets": (Dataset(uri=record.training_data_uri),) if record.training_data_uri else (),
        "description": record.general_notes,
        "use_case": record.use_case,
        "sensitivity": "sensitive" if record.is_sensitive_data else None,
        "labels": {MADE_FOR: made_for(record.model_name, ENVIRONMENTS[record.deployment_environment])},
        "vertex_model": vertex_model(record.vertex_ai_model_resource_name, record.vertex_ai_model_version_id),
        "extra": {EXTRA: record.model_dump(mode="json", exclude_unset=True)},
    }
    return valid(NewVersion, given)


def made_for(name: str, environment: str) -> str:
    """Return the value of the label `MADE_FOR`."""
    return f"{name}@{environment}"


def vertex_model(resource: str | None, version: str | int | None) -> str | None:
    """Return `projects/P/locations/L/models/M@V`."""
    if not resource:
        return None
    return resource if "@" in resource or version in {None, ""} else f"{resource}@{version}"


def record(version: Version, deployment: Deployment | None, environment: str) -> Record:
    """Return a version as those clients know it.

    Args:
        deployment: what the environment has of the model, if anything.
        environment: the environment's name in their words.
    """
    placements = deployment.placements if deployment else ()
    here = next((placement for placement in placements if placement.version == version.version), None)
    primary = deployment is not None and deployment.champion == version.version
    resource, _, vertex_version = (version.vertex_model or "").partition("@")
    major, minor, _patch = map(int, version.version.split("."))
    kept = version.extra.get(EXTRA)
    known: dict[str, Any] = dict(kept) if isinstance(kept, dict) else {}
    training = next((data.uri for data in version.datasets if data.role == "training"), None)
    known.update(
        id=record_id(version.model, version.version),
        model_name=version.model,
        model_semantic_version=version.version,
        vertex_ai_model_resource_name=resource or None,
        vertex_ai_model_version_id=vertex_version or None,
        gcs_artifact_path=version.artifact.uri,
        training_data_uri=training,
        performance_metrics_summary=dict(version.metrics),
        major_version=major,
        minor_version=minor,
        trained_by=version.provenance.trained_by,
        deployment_environment=environment,
        is_primary_deployment=primary,
        publish_status="champion" if primary else _publish_status(here),
        deployment_status=(here.status if here else None) or known.get("deployment_status") or {},
        deployment_endpoint_id=(here.endpoint if here else None) or known.get("deployment_endpoint_id"),
        challenger_model_ids=[
            record_id(version.model, placement.version)
            for placement in placements
            if primary and placement.place is Place.CHALLENGER
        ],
    )
    return Record.model_validate(known)


def _publish_status(here: Placement | None) -> PublishStatus | None:
    return _PUBLISH_STATUS.get(here.place) if here else None
