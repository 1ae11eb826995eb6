"""Endpoints of Vertex AI, through the clients of google-cloud-aiplatform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.operations.endpoints import Traffic
from mdk_jupyter.project.settings import Vertex
from mdk_jupyter.remote.trouble import explained, patiently
from mdk_jupyter.remote.vertex import SERVICE, google_credentials

_WAIT = 60.0  # seconds for one answer
_DEPLOYING = 3600.0  # seconds until machines are up
_MACHINE = "n1-standard-2"  # of the first model of an endpoint; later ones are deployed as the one before them


class VertexEndpoints:
    """The endpoints that resource names lead to; settings say by which address and account."""

    def __init__(self, settings: Vertex) -> None:
        self._address = settings.api_endpoint
        self._credentials = google_credentials(anonymous=(self._address or "").startswith("http://"))
        self._clients: dict[str, Any] = {}

    def traffic(self, endpoint: str) -> Traffic:
        found = self._get(endpoint)
        shares = dict(found.traffic_split)
        traffic: Traffic = {}
        for deployed in found.deployed_models:
            name = _name(deployed)
            traffic[name] = traffic.get(name, 0) + int(shares.get(deployed.id, 0))
        return traffic

    def deploy(self, endpoint: str, model: str) -> None:
        found = self._get(endpoint)
        api = _library()
        deployed = api.DeployedModel(model=model, display_name=model.rpartition("/")[2])
        shares = dict(found.traffic_split)
        before = max(found.deployed_models, key=lambda one: shares.get(one.id, 0), default=None)
        if before is not None and before.automatic_resources:
            deployed.automatic_resources = before.automatic_resources
        elif before is not None and before.dedicated_resources:
            deployed.dedicated_resources = before.dedicated_resources
        else:
            deployed.dedicated_resources = api.DedicatedResources(
                machine_spec=api.MachineSpec(machine_type=_MACHINE), min_replica_count=1, max_replica_count=1
            )
        if before is not None:
            deployed.service_account = before.service_account
        split = {**shares, "0": 0} if shares else {"0": 100}
        request = {"endpoint": endpoint, "deployed_model": deployed, "traffic_split": split}
        with explained(SERVICE, f"deploy {model} to {endpoint}"):
            self._client(endpoint).deploy_model(request=request, timeout=_WAIT).result(timeout=_DEPLOYING)

    def split(self, endpoint: str, shares: Mapping[str, int]) -> None:
        found = self._get(endpoint)
        ids = {_name(deployed): deployed.id for deployed in found.deployed_models}
        if missing := [model for model in shares if model not in ids]:
            message = f"{endpoint} serves no {', '.join(missing)}"
            raise ServiceError([Finding("MDK617", message, fix="run `mdk ops plan` again")])
        split = {ids[model]: share for model, share in shares.items() if share}
        changed = _library().Endpoint(name=endpoint, traffic_split=split)
        request = {"endpoint": changed, "update_mask": {"paths": ["traffic_split"]}}
        with explained(SERVICE, f"split the traffic of {endpoint}"):
            patiently(lambda: self._client(endpoint).update_endpoint(request=request, timeout=_WAIT))

    def undeploy(self, endpoint: str, model: str) -> None:
        for deployed in self._get(endpoint).deployed_models:
            if _name(deployed) == model:
                request = {"endpoint": endpoint, "deployed_model_id": deployed.id}
                with explained(SERVICE, f"take {model} from {endpoint}"):
                    self._client(endpoint).undeploy_model(request=request, timeout=_WAIT).result(timeout=_DEPLOYING)

    def _get(self, endpoint: str) -> Any:
        with explained(SERVICE, f"look at {endpoint}"):
            return patiently(lambda: self._client(endpoint).get_endpoint(name=endpoint, timeout=_WAIT))

    def _client(self, endpoint: str) -> Any:
        region = endpoint.split("/")[3]
        if region not in self._clients:
            address = self._address or f"{region}-aiplatform.googleapis.com"
            self._clients[region] = _library().EndpointServiceClient(
                credentials=self._credentials, transport="rest", client_options={"api_endpoint": address}
            )
        return self._clients[region]


def _name(deployed: Any) -> str:
    """Return projects/P/locations/L/models/M@V."""
    name = str(deployed.model).partition("@")[0]
    return f"{name}@{deployed.model_version_id}" if deployed.model_version_id else name


def _library() -> Any:
    try:
        from google.cloud import aiplatform_v1
    except ImportError:
        fix = "pip install 'mdk-jupyter[vertex]'"
        message = "Vertex AI needs packages that are not installed here"
        raise ServiceError([Finding("MDK478", message, fix=fix)]) from None
    return aiplatform_v1
