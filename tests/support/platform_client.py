"""The first registry's published client, in its own words: routes, fields and habits as they were observed.

It joins paths without quoting, sends what it was configured with, fails on any status from 400, and reads just these
fields of the answers.
"""

from __future__ import annotations

from typing import Any

import httpx

CAPTURED = {
    "model_name": "flights",
    "model_gcp_project_id": "demo-dev",
    "vertex_ai_model_resource_name": "projects/1234/locations/us-central1/models/flights",
    "vertex_ai_model_version_id": "3",
    "gcs_artifact_path": "gs://demo-data/flights/model",
    "vertex_ai_pipeline_job_run_id": "projects/1234/locations/us-central1/pipelineJobs/training-8f2c",
    "performance_metrics_summary": {"auc": 0.91, "rows": 12000, "passed": True},
    "major_version": 1,
    "minor_version": 0,
    "path_to_production_projects": {"dev": "demo-dev", "stage": "demo-stage", "prod": "demo-prod"},
    "is_sensitive_data": False,
    "model_status": "training",
    "deployment_environment": "dev",
    "is_primary_deployment": False,
    "deployment_status": {"status": "inactive", "inference_type": "online-inference"},
    "training_data_uri": "gs://demo-data/flights/train.parquet",
    "vertex_ai_experiment_name": "flights-experiment",
    "trained_by": "ada@example.com",
    "use_case": "delays",
    "general_notes": "first model",
    "git_repo_url": "https://github.com/octo/flights",
    "git_commit_hash": "8f2c1d0",
    "git_branch": "dev",
    "service_now_ticket_id": "CHG0001",
    "publish_status": "challenger",
}
"""A request to POST /models, with all optional fields that are sent when they are set."""


class PlatformClient:
    """Talks to the eight routes."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def _call(self, method: str, route: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{self._base}{route}", headers=self._headers, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def add_model(self, payload: dict[str, Any]) -> str:
        """Register, and return the number for the alias `v1-0-0`."""
        return str(self._call("POST", "/models", payload)["model_semantic_version"])

    def publish_primary(
        self, resource: str, version: str, environment: str, *, endpoint: str | None = None, inference: str = "batch"
    ) -> list[dict[str, Any]]:
        """Publish as the deploy step does; return what it looks for in the records."""
        body = {
            "vertex_ai_model_resource_name": resource,
            "vertex_ai_model_version_id": version,
            "deployment_environment": environment,
            "published_model_publish_status": "champion",
            "published_model_deployment_status": {"status": "active", "inference_type": f"{inference}-inference"},
            "demoted_model_publish_status": "archived",
            "demoted_model_deployment_status": {"status": "demoted", "reason": "replaced"},
        }
        if endpoint is not None:
            body["published_model_endpoint"] = endpoint
        return self._records(self._call("POST", "/deployments/publish_primary", body))

    def rollback_primary(
        self,
        environment: str,
        *,
        model_name: str | None = None,
        resource: str | None = None,
        version: str | None = None,
    ) -> list[dict[str, Any]]:
        """Roll back: to the one before, by name alone; or to one that is named."""
        target = (
            {"model_name": model_name}
            if resource is None
            else {"vertex_ai_model_resource_name": resource, "vertex_ai_model_version_id": version}
        )
        body = {
            **target,
            "deployment_environment": environment,
            "published_model_publish_status": "champion",
            "published_model_deployment_status": {"status": "active"},
            "demoted_model_publish_status": "challenger",
            "demoted_model_deployment_status": {"status": "demoted"},
        }
        return self._records(self._call("POST", "/deployments/rollback_primary", body))

    def update_status(
        self,
        resource: str,
        version: str,
        environment: str,
        publish_status: str,
        status: dict[str, Any],
        challengers: list[str] | None = None,
    ) -> None:
        """Say what a version is; nothing of the answer but its status is looked at."""
        body: dict[str, Any] = {
            "vertex_ai_model_resource_name": resource,
            "vertex_ai_model_version_id": version,
            "deployment_environment": environment,
            "publish_status": publish_status,
            "deployment_status": status,
        }
        if challengers is not None:
            body["challenger_model_ids"] = challengers
        self._call("POST", "/deployments/update_status", body)

    def primary(self, name: str, environment: str) -> dict[str, Any]:
        """Return the record of the primary."""
        return self._record(self._call("GET", f"/models/primary/{name}/{environment}"))

    def latest(self, name: str, environment: str) -> dict[str, Any]:
        """Return the record of the newest."""
        return self._record(self._call("GET", f"/models/latest/{name}/{environment}"))

    def by_number(self, name: str, number: str) -> dict[str, Any]:
        """Return the record of a number."""
        return self._record(self._call("GET", f"/models/{name}/model_semantic_version/{number}"))

    def by_vertex(self, resource: str, version: str) -> dict[str, Any]:
        """Return a record by its name on Vertex AI, whose slashes go into the path as they are."""
        return self._record(self._call("GET", f"/models/{resource}/vertex_ai_model_version_id/{version}"))

    def _record(self, record: dict[str, Any]) -> dict[str, Any]:
        assert record["vertex_ai_model_resource_name"] and record["vertex_ai_model_version_id"]
        return record

    def _records(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert isinstance(records, list)
        primaries = [record for record in records if record["is_primary_deployment"]]
        assert len(primaries) == 1, records
        assert {"vertex_ai_model_resource_name", "vertex_ai_model_version_id", "deployment_endpoint_id"} <= set(
            primaries[0]
        )
        return records
