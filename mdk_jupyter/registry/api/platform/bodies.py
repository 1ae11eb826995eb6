"""What those clients send and get. Names and values are theirs; what is not known is kept and given back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from mdk_jupyter.registry.domain import MetricValue, Name

ENVIRONMENTS = {"train": "dev", "dev": "dev", "stage": "stage", "prod": "prod", "main": "prod"}
DeploymentEnvironment = Literal["train", "dev", "stage", "prod", "main"]
PublishStatus = Literal["champion", "challenger", "archived"]
_Text = Annotated[str, Field(min_length=1, max_length=2000)]
_Number = Annotated[int, Field(ge=0, le=999_999)]
_Status = dict[str, JsonValue]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", protected_namespaces=())


class NewRecord(_Open):
    """A model version to be registered."""

    model_name: Name
    model_gcp_project_id: str | None = None
    vertex_ai_model_resource_name: _Text | None = None
    vertex_ai_model_version_id: str | int | None = None
    gcs_artifact_path: _Text
    vertex_ai_pipeline_job_run_id: _Text | None = None
    performance_metrics_summary: dict[str, MetricValue] = {}
    major_version: _Number
    minor_version: _Number
    path_to_production_projects: dict[str, JsonValue] | None = {}
    is_sensitive_data: bool | None = None
    model_status: Literal["training", "staged", "production", "deprecated", "archived"] | None = None
    deployment_environment: DeploymentEnvironment = "dev"
    is_primary_deployment: bool | None = None
    deployment_status: _Status | None = {}
    training_data_uri: _Text | None = None
    vertex_ai_experiment_name: str | None = None
    model_semantic_version: str | None = Field(None, description="Not heeded: the patch is allocated.")
    trained_by: Annotated[str, Field(max_length=300)] | None = None
    use_case: str | None = None
    general_notes: str | None = None
    git_repo_url: str | None = None
    git_commit_hash: str | None = None
    git_branch: str | None = None
    service_now_ticket_id: str | None = None
    deployment_endpoint_id: str | None = None
    publish_status: PublishStatus | None = None
    challenger_model_ids: list[str] | None = None


class Record(_Open):
    """A model version as it stands in one environment."""

    id: str = Field(description="A UUID.")
    model_name: str
    model_semantic_version: str
    vertex_ai_model_resource_name: str | None
    vertex_ai_model_version_id: str | None
    gcs_artifact_path: str
    training_data_uri: str | None
    performance_metrics_summary: dict[str, Any]
    major_version: int
    minor_version: int
    deployment_environment: str
    is_primary_deployment: bool
    publish_status: PublishStatus | None
    deployment_status: _Status
    deployment_endpoint_id: str | None
    challenger_model_ids: list[str]


class _Target(_Open):
    deployment_environment: DeploymentEnvironment
    vertex_ai_model_resource_name: _Text
    vertex_ai_model_version_id: str | int


class _Statuses(_Open):
    published_model_endpoint: Annotated[str, Field(max_length=1000)] | None = None
    published_model_publish_status: PublishStatus | None = None
    published_model_deployment_status: _Status | None = None
    demoted_model_publish_status: PublishStatus | None = None
    demoted_model_deployment_status: _Status | None = None


class PublishPrimary(_Statuses, _Target):
    """Make a version the primary deployment."""


class RollbackPrimary(_Statuses):
    """Go back to a past primary deployment: the one named, or the one before."""

    deployment_environment: DeploymentEnvironment
    model_name: Name | None = None
    vertex_ai_model_resource_name: _Text | None = None
    vertex_ai_model_version_id: str | int | None = None


class UpdateStatus(_Target):
    """Say what a version is in an environment, and what its deployment reports."""

    deployed_model_endpoint: Annotated[str, Field(max_length=1000)] | None = None
    publish_status: PublishStatus | None = None
    deployment_status: _Status | None = None
    challenger_model_ids: Annotated[list[str], Field(max_length=100)] | None = None
