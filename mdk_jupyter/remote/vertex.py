"""Vertex AI Pipelines, through the clients of google-cloud-aiplatform.

The service's own clients are used, not the `PipelineJob` above them: that one reads the pipeline back from a YAML
file, and on each submission asks the Resource Manager who owns the bucket, or makes a new one.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Literal

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.project.settings import Vertex
from mdk_jupyter.remote.plan import Plan
from mdk_jupyter.remote.service import JobState, JobView, Submitted, Task, TaskState
from mdk_jupyter.remote.storage import GoogleStorage, Storage
from mdk_jupyter.remote.trouble import explained, patiently, status_of

SERVICE = "Vertex AI"
CONTEXT_PATIENCE = 30.0  # seconds for a new run to appear among the service's metadata
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOGGING = "https://logging.googleapis.com"
_LOG_LINES = 200
_WAIT = 60.0  # seconds for one answer

_JOB_STATES: dict[str, JobState] = {
    "PIPELINE_STATE_SUCCEEDED": "done",
    "PIPELINE_STATE_FAILED": "failed",
    "PIPELINE_STATE_CANCELLED": "cancelled",
    "PIPELINE_STATE_QUEUED": "waiting",
    "PIPELINE_STATE_PENDING": "waiting",
    "PIPELINE_STATE_PAUSED": "waiting",
}
_TASK_STATES: dict[str, TaskState] = {
    "PENDING": "waiting",
    "SUCCEEDED": "done",
    "SKIPPED": "cached",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "NOT_TRIGGERED": "skipped",
}
_POLICIES = {"fast": "PIPELINE_FAILURE_POLICY_FAIL_FAST", "slow": "PIPELINE_FAILURE_POLICY_FAIL_SLOW"}


class VertexService:
    """Vertex AI Pipelines in one project and region."""

    def __init__(self, settings: Vertex) -> None:
        self._settings = settings
        self._is_plain = (settings.api_endpoint or "").startswith("http://")  # a stand-in, which takes no tokens
        self._credentials = self._find_credentials()
        self._api = _library("v1beta1" if settings.persistent_resource else "v1")
        endpoint = settings.api_endpoint if self._is_plain else None
        self._storage = GoogleStorage(settings.project_id, self._credentials, endpoint)
        self._clients: dict[str, Any] = {}

    @property
    def storage(self) -> Storage:
        return self._storage

    def submit(self, plan: Plan) -> Submitted:
        job = self._api.PipelineJob.from_json(json.dumps(self._job(plan)))
        request = {"parent": self._parent, "pipeline_job": job, "pipeline_job_id": plan.job}

        def once() -> tuple[str, bool]:
            try:
                return self._pipelines.create_pipeline_job(request=request, timeout=_WAIT).name, False
            except Exception as error:
                if status_of(error) != 409:
                    raise
                name = f"{self._parent}/pipelineJobs/{plan.job}"
                return self._pipelines.get_pipeline_job(name=name, timeout=_WAIT).name, True

        with explained(SERVICE, f"submit {plan.job}"):
            name, existed = patiently(once)
        warnings = () if existed or not self._settings.experiment else self._join_experiment(plan.job)
        return Submitted(name, self._link(plan.job), existed, warnings)

    def set_schedule(self, plan: Plan) -> Literal["created", "updated"]:
        schedule = self._api.Schedule.from_json(
            json.dumps(
                {
                    "displayName": _schedule_name(plan),
                    "cron": plan.schedule,
                    "maxConcurrentRunCount": "1",
                    "createPipelineJobRequest": {"parent": self._parent, "pipelineJob": self._job(plan)},
                }
            )
        )
        with explained(SERVICE, f"schedule {plan.name}"):
            known = patiently(lambda: self._schedules_of(plan))
            if known:
                schedule.name = known[0].name
                mask = {"paths": ["cron", "create_pipeline_job_request", "max_concurrent_run_count"]}
                request = {"schedule": schedule, "update_mask": mask}
                patiently(lambda: self._schedules.update_schedule(request=request, timeout=_WAIT))
            else:
                request = {"parent": self._parent, "schedule": schedule}
                self._schedules.create_schedule(request=request, timeout=_WAIT)
                known = patiently(lambda: self._schedules_of(plan))
            for other in known[1:]:  # two were made at the same moment
                self._delete_schedule(other.name)
        return "updated" if schedule.name else "created"

    def end_schedule(self, plan: Plan) -> bool:
        with explained(SERVICE, f"end the schedule of {plan.name}"):
            known = patiently(lambda: self._schedules_of(plan))
            for schedule in known:
                self._delete_schedule(schedule.name)
        return bool(known)

    def look(self, name: str) -> JobView:
        with explained(SERVICE, f"look at {name.rpartition('/')[2]}"):
            job = patiently(lambda: self._pipelines.get_pipeline_job(name=name, timeout=_WAIT))
        return JobView(
            state=_JOB_STATES.get(job.state.name, "running"),
            started=_seconds(job.start_time),
            ended=_seconds(job.end_time),
            error=job.error.message,
            tasks=tuple(_task(detail) for detail in job.job_detail.task_details),
        )

    def cancel(self, name: str) -> None:
        with explained(SERVICE, f"cancel {name.rpartition('/')[2]}"):
            patiently(lambda: self._pipelines.cancel_pipeline_job(name=name, timeout=_WAIT))

    def log(self, name: str, task: Task) -> str:
        if not task.log:
            return ""
        from google.auth.transport.requests import AuthorizedSession

        session = AuthorizedSession(self._credentials)
        address = self._settings.api_endpoint if self._is_plain else _LOGGING
        body = {
            "resourceNames": [f"projects/{self._settings.project_id}"],
            "filter": f'resource.type="ml_job" AND resource.labels.job_id="{task.log}"',
            "orderBy": "timestamp desc",
            "pageSize": _LOG_LINES,
        }

        def once() -> Any:
            answer = session.post(f"{address}/v2/entries:list", json=body, timeout=_WAIT)
            answer.raise_for_status()
            return answer.json()

        with explained("Cloud Logging", f"read the log of {task.name}"):
            entries = patiently(once).get("entries", [])
        return "\n".join(str(_text_of(entry)) for entry in reversed(entries))

    def folder(self, name: str) -> str:
        # The name has the project's number, as the service itself says it, and so have the folders.
        parts = name.split("/")
        return f"{(self._settings.pipeline_root or '').rstrip('/')}/{parts[1]}/{parts[-1]}/"

    def _job(self, plan: Plan) -> dict[str, Any]:
        """Return the message of a job as JSON."""
        settings = self._settings
        config: dict[str, Any] = {"gcsOutputDirectory": plan.root, "parameterValues": plan.arguments}
        if settings.failure_policy is not None:
            config["failurePolicy"] = _POLICIES[settings.failure_policy]
        if settings.persistent_resource is not None:
            name = f"{self._parent}/persistentResources/{settings.persistent_resource}"
            config["defaultRuntime"] = {"persistentResourceRuntimeDetail": {"persistentResourceName": name}}
        job: dict[str, Any] = {
            "displayName": plan.pipeline,
            "pipelineSpec": json.loads(plan.document.spec),
            "runtimeConfig": config,
            "labels": plan.labels,
        }
        if settings.service_account is not None:
            job["serviceAccount"] = settings.service_account
        if settings.network is not None:
            job["network"] = settings.network
        if settings.encryption_key is not None:
            job["encryptionSpec"] = {"kmsKeyName": settings.encryption_key}
        return job

    def _join_experiment(self, job: str) -> tuple[str, ...]:
        """Add a run to the experiment. The run goes on whatever comes of it: then there is a warning."""
        store = f"{self._parent}/metadataStores/default"
        experiment = f"{store}/contexts/{self._settings.experiment}"
        client = self._client("MetadataServiceClient")
        context = self._api.Context(
            display_name=self._settings.experiment,
            schema_title="system.Experiment",
            schema_version="0.0.1",
            metadata={"experiment_deleted": False},
        )
        try:
            with explained(SERVICE, f"add the run to the experiment {self._settings.experiment}"):
                try:
                    client.get_context(name=experiment, timeout=_WAIT)
                except Exception as error:
                    if status_of(error) != 404:
                        raise
                    request = {"parent": store, "context": context, "context_id": self._settings.experiment}
                    client.create_context(request=request, timeout=_WAIT)
                self._await_context(client, f"{store}/contexts/{job}")
                request = {"context": experiment, "child_contexts": [f"{store}/contexts/{job}"]}
                client.add_context_children(request=request, timeout=_WAIT)
        except ServiceError as error:
            return (error.findings[0].message,)
        return ()

    @staticmethod
    def _await_context(client: Any, name: str) -> None:
        """Wait until the service has noted the run, which it does a moment after it has taken the job."""
        deadline = time.monotonic() + CONTEXT_PATIENCE
        while time.monotonic() < deadline:
            try:
                client.get_context(name=name, timeout=_WAIT)
            except Exception as error:
                if status_of(error) != 404:
                    raise
                time.sleep(0.5)
            else:
                return

    def _schedules_of(self, plan: Plan) -> list[Any]:
        """Return the schedules of the plan's pipeline and environment, oldest first."""
        wanted = _schedule_name(plan)
        request = {"parent": self._parent, "filter": f'display_name="{wanted}"'}
        found = list(self._schedules.list_schedules(request=request, timeout=_WAIT))
        return sorted((one for one in found if one.display_name == wanted), key=lambda one: one.create_time)

    def _delete_schedule(self, name: str) -> None:
        patiently(lambda: self._schedules.delete_schedule(name=name, timeout=_WAIT)).result(timeout=_WAIT)

    @property
    def _pipelines(self) -> Any:
        return self._client("PipelineServiceClient")

    @property
    def _schedules(self) -> Any:
        return self._client("ScheduleServiceClient")

    def _client(self, kind: str) -> Any:
        if kind not in self._clients:
            endpoint = self._settings.api_endpoint or f"{self._settings.region}-aiplatform.googleapis.com"
            self._clients[kind] = getattr(self._api, kind)(
                credentials=self._credentials, transport="rest", client_options={"api_endpoint": endpoint}
            )
        return self._clients[kind]

    @property
    def _parent(self) -> str:
        return f"projects/{self._settings.project_id}/locations/{self._settings.region}"

    def _link(self, job: str) -> str:
        if self._is_plain:
            return f"{self._settings.api_endpoint}/v1/{self._parent}/pipelineJobs/{job}"
        place = f"locations/{self._settings.region}/pipelines/runs/{job}"
        return f"https://console.cloud.google.com/vertex-ai/{place}?project={self._settings.project_id}"

    def _find_credentials(self) -> Any:
        return google_credentials(anonymous=self._is_plain)


def google_credentials(*, anonymous: bool) -> Any:
    """Return the credentials that Google's libraries find on this machine.

    Raises:
        ServiceError: there are none (MDK471), or google-auth is missing (MDK478).
    """
    try:
        import google.auth
        from google.auth.credentials import AnonymousCredentials
    except ImportError:
        raise _not_installed() from None
    if anonymous:
        return AnonymousCredentials()
    with explained(SERVICE, "log in"):
        return google.auth.default(scopes=[_SCOPE])[0]


def _library(version: str) -> Any:
    try:
        if version == "v1":
            from google.cloud import aiplatform_v1

            return aiplatform_v1
        from google.cloud import aiplatform_v1beta1
    except ImportError:
        raise _not_installed() from None
    return aiplatform_v1beta1


def _not_installed() -> ServiceError:
    fix = "pip install 'mdk-jupyter[vertex]'"
    return ServiceError([Finding("MDK478", "Vertex AI needs packages that are not installed here", fix=fix)])


def _task(detail: Any) -> Task:
    artifacts = {key: listed.artifacts[0].uri for key, listed in detail.outputs.items() if listed.artifacts}
    return Task(
        id=str(detail.task_id),
        name=detail.task_name,
        state=_TASK_STATES.get(detail.state.name, "running"),
        parent=str(detail.parent_task_id or ""),
        started=_seconds(detail.start_time),
        ended=_seconds(detail.end_time),
        error=detail.error.message,
        log=detail.executor_detail.container_detail.main_job.rpartition("/")[2],
        artifacts=artifacts,
    )


def _seconds(moment: Any) -> float | None:
    with contextlib.suppress(AttributeError):
        return float(moment.timestamp())
    return None


def _text_of(entry: dict[str, Any]) -> str:
    return str(entry.get("textPayload") or entry.get("jsonPayload", {}).get("message") or "").rstrip("\n")


def _schedule_name(plan: Plan) -> str:
    return f"mdk {plan.name}" + (f" {plan.environment}" if plan.environment else "")
