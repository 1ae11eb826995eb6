"""What `mdk.yaml` may say, and what an environment makes of it."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from mdk_converters.spec import Name, Strict

SCHEMA_ID = "urn:mdk-jupyter:project:v1"
DEFAULT_IMAGE = "default"

Target = Literal["vertex", "kfp"]
TARGETS: tuple[Target, ...] = get_args(Target)


class Vertex(Strict):
    """Where and how Vertex AI Pipelines runs pipelines."""

    project_id: str | None = Field(default=None, description="Google Cloud project.")
    region: str | None = Field(default=None, description="Region, such as europe-west3.")
    pipeline_root: str | None = Field(
        default=None, description="Folder in a bucket for all that runs make, such as gs://BUCKET/pipelines."
    )
    service_account: str | None = Field(default=None, description="Account that the steps run as.")
    network: str | None = Field(default=None, description="projects/NUMBER/global/networks/NAME to be peered with.")
    encryption_key: str | None = Field(
        default=None, description="projects/…/locations/…/keyRings/…/cryptoKeys/NAME that encrypts the job's resources."
    )
    experiment: str | None = Field(default=None, description="Vertex AI experiment that runs are added to.")
    persistent_resource: str | None = Field(
        default=None, description="Persistent resource whose machines are up already, so that steps start at once."
    )
    failure_policy: Literal["fast", "slow"] | None = Field(
        default=None, description="fast: start nothing new after a failure. slow: go on as far as possible."
    )
    caching: bool | None = Field(default=None, description="Caching of all steps. Default: as each step says.")
    api_endpoint: str | None = Field(
        default=None, description="Address of the service, where it is not Google's own: a stand-in, or a private one."
    )


class Kubeflow(Strict):
    """Where and how a Kubeflow Pipelines server runs pipelines."""

    host: str | None = Field(default=None, description="URL of the Kubeflow Pipelines server.")
    namespace: str | None = Field(default=None, description="Namespace of the runs, where there are several users.")
    pipeline_root: str | None = Field(
        default=None, description="Folder in a bucket for all that runs make: gs://…, s3://… or minio://…"
    )
    experiment: str | None = Field(default=None, description="Experiment that runs are added to.")
    service_account: str | None = Field(default=None, description="Kubernetes account that the steps run as.")
    token_variable: str | None = Field(default=None, description="Environment variable that holds the bearer token.")
    token_file: str | None = Field(default=None, description="File that holds the bearer token.")
    caching: bool | None = Field(default=None, description="Caching of all steps. Default: as each step says.")
    storage_endpoint: str | None = Field(
        default=None, description="URL of the object store behind s3:// and minio://, where it is not Amazon's."
    )


class Registry(Strict):
    """Where the model registry is. Without an address it is a file of the project, `.mdk/registry.db`."""

    url: str | None = Field(
        default=None, description="URL of the registry: https://… of a server, or postgresql://… or sqlite:///… itself."
    )
    token_variable: str | None = Field(default=None, description="Environment variable that holds the bearer token.")
    token_file: str | None = Field(default=None, description="File that holds the bearer token.")
    token_secret: str | None = Field(
        default=None, description="Secret of the platform that holds the token for steps: NAME, or NAME:KEY."
    )
    artifacts: str | None = Field(
        default=None, description="Folder in a bucket that logged models are put into, such as gs://BUCKET/models."
    )


class Settings(Strict):
    """What can differ between environments."""

    owner: str | None = Field(default=None, description="Who answers for it: a person or a team.")
    labels: dict[str, str] = Field(default={}, description="Labels of everything that runs: team, cost_centre, …")
    images: dict[str, str] = Field(
        default={}, description="Name -> image reference. `default` is for components that name none."
    )
    registry: Registry = Field(default=Registry(), description="The model registry.")
    target: Target | None = Field(default=None, description="Where `mdk submit` sends pipelines.")
    vertex: Vertex = Field(default=Vertex(), description="Settings for the target vertex.")
    kfp: Kubeflow = Field(default=Kubeflow(), description="Settings for the target kfp.")

    def models_folder(self, target: Target) -> str | None:
        """Return the folder in a bucket that steps of a target put logged models into; None where no bucket is known."""
        root = (self.vertex if target == "vertex" else self.kfp).pipeline_root
        return self.registry.artifacts or (f"{root.rstrip('/')}/mdk/models" if root else None)


class EnvironmentSettings(Settings):
    """What is different in one environment, and how it may change."""

    protected: bool | None = Field(
        default=None,
        description="Champions change by operations.yaml and pull request alone. Default: prod, where there is such a file.",
    )


class ProjectFile(Settings):
    """The file as a whole: settings, and by environment what differs from them."""

    name: Name = Field(description="Name of the project.")
    environments: dict[str, EnvironmentSettings] = Field(
        default={}, description="Environment, such as dev, stage or prod -> what is different there."
    )


def merged(base: Settings, over: Settings) -> Settings:
    """Return `base` with what `over` says otherwise: mappings are merged key by key, all else is replaced.

    Example:
        >>> base = Settings(labels={"team": "growth"}, vertex=Vertex(region="europe-west3"))
        >>> merged(base, Settings(labels={"tier": "gold"}, vertex=Vertex(project_id="churn-prod"))).vertex.region
        'europe-west3'
    """
    known = Settings.model_fields.keys()
    content = base.model_dump(exclude_unset=True, include={*known})
    return Settings.model_validate(_merged(content, over.model_dump(exclude_unset=True, include={*known})))


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(base[key], value)
        for key, value in over.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **over, **both}
