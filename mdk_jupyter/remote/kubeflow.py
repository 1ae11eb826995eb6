"""Kubeflow Pipelines, through `kfp.Client`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.project.settings import Kubeflow
from mdk_jupyter.remote.plan import Plan
from mdk_jupyter.remote.schedules import with_seconds
from mdk_jupyter.remote.service import JobState, JobView, Submitted, Task, TaskState
from mdk_jupyter.remote.storage import GoogleStorage, OtherStorage, Storage
from mdk_jupyter.remote.trouble import explained, patiently

SERVICE = "Kubeflow Pipelines"
_EXPERIMENT = "Default"  # what Kubeflow itself calls it
_PAGE = 100

_JOB_STATES: dict[str, JobState] = {
    "SUCCEEDED": "done",
    "SKIPPED": "done",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "PENDING": "waiting",
    "PAUSED": "waiting",
}
_TASK_STATES: dict[str, TaskState] = {
    "PENDING": "waiting",
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "SKIPPED": "skipped",
}


class KubeflowService:
    """One Kubeflow Pipelines server."""

    def __init__(self, settings: Kubeflow) -> None:
        self._settings = settings
        self._root = (settings.pipeline_root or "").rstrip("/")
        self._client_made: Any = None

    @property
    def storage(self) -> Storage:
        if not self._root.startswith("gs://"):
            return OtherStorage(self._settings.storage_endpoint)
        from mdk_jupyter.remote.vertex import google_credentials

        endpoint = self._settings.storage_endpoint
        is_plain = bool(os.environ.get("STORAGE_EMULATOR_HOST")) or (endpoint or "").startswith("http://")
        return GoogleStorage(None, google_credentials(anonymous=is_plain), endpoint)

    def submit(self, plan: Plan) -> Submitted:
        def once() -> tuple[str, bool]:
            experiment = self._experiment()
            # Runs have no ids of our own. One of this name is this very plan, since its digest is in the name.
            if known := self._run_named(plan.job, experiment):
                return known, True
            with self._package(plan) as path, contextlib.redirect_stdout(io.StringIO()):
                run = self._client.run_pipeline(
                    experiment_id=experiment,
                    job_name=plan.job,
                    pipeline_package_path=path,
                    params=plan.arguments,
                    pipeline_root=plan.root,
                    service_account=self._settings.service_account,
                )
            return run.run_id, False

        with explained(SERVICE, f"submit {plan.job}"):
            run, existed = patiently(once)
        return Submitted(f"{plan.name}/{run}", f"{self._host}/#/runs/details/{run}", existed)

    def set_schedule(self, plan: Plan) -> Literal["created", "updated"]:
        assert plan.schedule is not None
        with explained(SERVICE, f"schedule {plan.name}"):
            experiment = patiently(self._experiment)
            known = patiently(lambda: self._recurring(plan, experiment))
            with self._package(plan) as path:
                self._client.create_recurring_run(
                    experiment_id=experiment,
                    job_name=_schedule_name(plan),
                    cron_expression=with_seconds(plan.schedule),
                    max_concurrency=1,
                    no_catchup=True,
                    params=plan.arguments,
                    pipeline_package_path=path,
                    pipeline_root=plan.root,
                    service_account=self._settings.service_account,
                )
            for run in known:  # they cannot be changed, only replaced
                patiently(partial(self._client.delete_recurring_run, run))
        return "updated" if known else "created"

    def end_schedule(self, plan: Plan) -> bool:
        with explained(SERVICE, f"end the schedule of {plan.name}"):
            experiment = patiently(self._experiment)
            known = patiently(lambda: self._recurring(plan, experiment))
            for run in known:
                patiently(partial(self._client.delete_recurring_run, run))
        return bool(known)

    def look(self, name: str) -> JobView:
        with explained(SERVICE, "look at the run"):
            run = patiently(lambda: self._client.get_run(name.rpartition("/")[2]))
        details = (run.run_details.task_details if run.run_details else None) or []
        tasks = tuple(map(_task, details))
        starts = [task.started for task in tasks if task.started is not None]
        return JobView(
            state=_JOB_STATES.get(run.state or "PENDING", "running"),
            started=min(starts, default=_seconds(run.created_at)),
            ended=_seconds(run.finished_at),
            error=_message(run.error),
            tasks=tasks,
        )

    def cancel(self, name: str) -> None:
        with explained(SERVICE, "cancel the run"):
            patiently(lambda: self._client.terminate_run(name.rpartition("/")[2]))

    def log(self, name: str, task: Task) -> str:
        return task.error  # Kubeflow tells a container's last words there; the rest is in the cluster alone

    def folder(self, name: str) -> str:
        return f"{self._root}/{name}/"

    @property
    def _host(self) -> str:
        return (self._settings.host or "").rstrip("/")

    @property
    def _client(self) -> Any:
        if self._client_made is None:
            try:
                import kfp
            except ImportError:
                fix = "pip install 'mdk-jupyter[kfp]'"
                finding = Finding("MDK478", "Kubeflow Pipelines needs packages that are not installed here", fix=fix)
                raise ServiceError([finding]) from None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # on which servers it works with
                self._client_made = kfp.Client(host=self._host, existing_token=self._token())
        return self._client_made

    def _token(self) -> str | None:
        settings = self._settings
        if settings.token_variable is not None:
            return os.environ.get(settings.token_variable)
        if settings.token_file is not None:
            return Path(settings.token_file).expanduser().read_text(encoding="utf-8").strip()
        return None

    def _experiment(self) -> str:
        name = self._settings.experiment or _EXPERIMENT
        with contextlib.redirect_stdout(io.StringIO()):
            made = self._client.create_experiment(name, namespace=self._settings.namespace)
        return str(made.experiment_id)

    def _run_named(self, name: str, experiment: str) -> str | None:
        found = self._client.list_runs(experiment_id=experiment, filter=_named(name), page_size=_PAGE).runs or []
        return next((run.run_id for run in found if run.display_name == name), None)

    def _recurring(self, plan: Plan, experiment: str) -> list[str]:
        name = _schedule_name(plan)
        answer = self._client.list_recurring_runs(experiment_id=experiment, filter=_named(name), page_size=_PAGE)
        return [run.recurring_run_id for run in answer.recurring_runs or [] if run.display_name == name]

    @staticmethod
    @contextlib.contextmanager
    def _package(plan: Plan) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pipeline.yaml"
            path.write_text(plan.document.package, encoding="utf-8")
            yield str(path)


def _named(name: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]})


def _task(detail: Any) -> Task:
    state = _TASK_STATES.get(detail.state or "PENDING", "running")
    if state == "skipped" and detail.start_time is not None and detail.end_time is not None:
        state = "cached"  # one word for both; what never began was not taken from the cache
    return Task(
        id=str(detail.task_id),
        name=re.sub(r"^root$", "", detail.display_name or ""),
        state=state,
        parent=str(detail.parent_task_id or ""),
        started=_seconds(detail.start_time),
        ended=_seconds(detail.end_time),
        error=_message(detail.error),
    )


def _message(error: Any) -> str:
    return str(getattr(error, "message", "") or "")


def _seconds(moment: Any) -> float | None:
    return float(moment.timestamp()) if moment is not None and moment.timestamp() > 0 else None


def _schedule_name(plan: Plan) -> str:
    return f"mdk-{plan.name}" + (f"-{plan.environment}" if plan.environment else "")
