"""`mdk submit` and what follows it, with the real client libraries against the stand-in, which really runs the steps."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standin_server import call, standin
from submitting import mdk, tagged, write_notebook, write_project

from mdk_jupyter.errors import MDKError, NotFoundError, ServiceError, UsageError
from mdk_jupyter.local.journal import read_events
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import find_run, list_runs
from mdk_jupyter.remote import runs, trouble

pytest.importorskip("google.cloud.aiplatform_v1")
pytest.importorskip("kfp")
pytest.importorskip("starlette")

JOBS = "/v1/projects/demo-project/locations/europe-west3/pipelineJobs"
SCHEDULES = "/v1/projects/demo-project/locations/europe-west3/schedules"
GOOD = (
    ("parameters", "rate = 0.5"),
    ("component:load", "rows = [1, 2, 3]\nprint('loaded', len(rows))"),
    ("component:train metric:score", "score = sum(rows) * rate"),
)
BAD = (*GOOD[:2], ("component:train", "print('about to fail')\nrows[9]"), ("component:report after:train", "print(1)"))
SLOW = (
    ("component:wait", "import time\nprint('here', flush=True)\ntime.sleep(120)"),
    ("component:then after:wait", "x = 1"),
)


@pytest.fixture(autouse=True)
def quick_and_without_faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runs, "PAUSES", (0.1,))
    monkeypatch.setattr(trouble, "PAUSES", (0.05, 0.05, 0.05))
    standin()
    yield
    call("DELETE", "/standin/faults")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    write_notebook(tmp_path / f"good-{os.urandom(3).hex()}.ipynb", tagged(*GOOD))
    return tmp_path


def with_notebook(folder: Path, *cells: tuple[str, str]) -> str:
    name = f"case-{os.urandom(3).hex()}.ipynb"
    write_notebook(folder / name, tagged(*cells))
    return name


def fault(status: int, times: int = 1, method: str = "", path: str = f"{JOBS}.*") -> None:
    call("POST", "/standin/faults", {"path": path, "status": status, "times": times, "method": method})


def jobs_of(job: str) -> list[dict[str, Any]]:
    found = call("GET", JOBS).get("pipelineJobs", [])
    return [one for one in found if one["name"].split("/")[-1].startswith(job.rsplit("-", 1)[0])]


def refused(kind: type[MDKError], folder: Path, *words: object) -> str:
    with pytest.raises(kind) as caught:
        mdk(folder, *words)
    assert all(finding.fix for finding in caught.value.findings)
    return caught.value.code


def test_a_run_from_its_plan_to_its_notebooks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run: Run = mdk(project, "submit", "--wait", "-p", "rate=2")
    said = capsys.readouterr().out
    job = run.remote["job"]
    assert said.index("on Vertex AI Pipelines, environment dev") < said.index(f"{job} is submitted"), (
        "the plan is first"
    )
    assert (run.state, run.target, run.metrics) == ("done", "vertex", {"score": 12.0})
    assert run.parameters == {"rate": 2.0} and run.seconds is not None
    assert [step.state for step in run.steps.values()] == ["done", "done"]
    assert run["load"].outputs["rows"]["digest"]
    (sent,) = jobs_of(job)
    assert sent["labels"]["team"] == "growth" and sent["labels"]["owner"] == "growth-team"
    assert sent["runtimeConfig"]["gcsOutputDirectory"] == "gs://demo/pipelines"
    kinds = [(e.kind, e.step, e.state) for e in read_events(run.folder)]
    assert (
        kinds.index(("step", "load", "done"))
        < kinds.index(("step", "train", "done"))
        < kinds.index(("run", None, "done"))
    )

    assert mdk(project, "runs", "show", "latest").metrics == {"score": 12.0}
    mdk(project, "runs")
    listed = capsys.readouterr().out.splitlines()[-1]
    assert "vertex" in listed and "done" in listed and "score=12" in listed
    mdk(project, "runs", "open", "load", "--print")
    page = Path(capsys.readouterr().out.strip())
    assert "loaded 3" in page.read_text()
    mdk(project, "runs", "logs", "load")
    assert capsys.readouterr().out == "loaded 3\n"
    notebook = json.loads((run.folder / "load.ipynb").read_text())
    assert any("loaded 3" in str(cell["outputs"]) for cell in notebook["cells"])

    # The same once more: nothing is sent, and the run is found again.
    mdk(project, "submit", "-p", "rate=2")
    assert "was submitted before" in capsys.readouterr().out
    assert len(list_runs(project)) == 1 and len(jobs_of(job)) == 1
    again: Run = mdk(project, "submit", "-p", "rate=2", "--again", "--wait")
    assert len(jobs_of(job)) == 2 and again.id != run.id
    assert {step.cached_from for step in again.steps.values()} == {job}, "and the service's cache knows the steps"
    assert again.metrics == {"score": 12.0}


def test_a_failure_is_told_with_cell_and_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run: Run = mdk(project, "submit", with_notebook(project, *BAD), "--wait")
    assert (run.state, [step.state for step in run.steps.values()]) == ("failed", ["done", "failed", "skipped"])
    (finding,) = run["train"].findings
    assert finding.code == "MDK300" and "IndexError" in finding.message
    assert (finding.place.cell_number, finding.place.line, finding.place.text) == (3, 2, "rows[9]")
    assert "rows[9]" in (run["train"].traceback or "") and run["report"].why == "train failed"
    assert "about to fail" in (run.folder / "train.log").read_text(), "the log is at hand"
    said = capsys.readouterr().out
    assert "cell 3" in said and "IndexError" in said
    mdk(project, "runs", "open", "train", "--print")
    assert "about to fail" in Path(capsys.readouterr().out.strip()).read_text(), "the notebook up to there, too"
    with pytest.raises(NotFoundError):
        mdk(project, "runs", "open", "report", "--print")


@pytest.mark.parametrize("target", ["vertex", "kfp"])
def test_a_run_is_cancelled(target: str, project: Path) -> None:
    mdk(project, "submit", with_notebook(project, *SLOW), "--target", target)
    (run,) = list_runs(project)
    assert run.state == "waiting"
    wait_until(lambda: mdk(project, "runs", "show", run.id)["wait"].state == "running")
    mdk(project, "runs", "cancel", run.id)
    wait_until(lambda: mdk(project, "runs", "show", run.id).state == "cancelled")
    ended = find_run(project, run.id)
    assert ended["wait"].state == "cancelled" and ended["then"].state in ("skipped", "cancelled")
    assert mdk(project, "runs", "cancel", run.id).state == "cancelled", "once more is no harm"


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_passes_is_waited_for(project: Path) -> None:
    fault(429, times=2, method="POST", path=JOBS)
    fault(503, times=1, path="/upload/.*")
    fault(0, times=3, method="GET", path=f"{JOBS}/.*")
    run: Run = mdk(project, "submit", "--wait")
    assert run.state == "done" and len(jobs_of(run.remote["job"])) == 1


def test_an_answer_that_is_lost_makes_no_second_run(project: Path) -> None:
    fault(0, times=1, method="POST", path=JOBS)
    run: Run = mdk(project, "submit", "--wait")
    assert run.state == "done" and len(jobs_of(run.remote["job"])) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "MDK472"), (403, "MDK473"), (429, "MDK474"), (503, "MDK475"), (0, "MDK475"), (400, "MDK476")],
)
def test_refusals_are_explained_and_safe_to_repeat(status: int, code: str, project: Path) -> None:
    fault(status, times=20, method="POST", path=JOBS)
    assert refused(ServiceError, project, "submit") == code
    assert not list_runs(project), "nothing is recorded that was not sent"
    call("DELETE", "/standin/faults")
    run: Run = mdk(project, "submit", "--wait")
    assert run.state == "done"


def test_a_watch_that_loses_the_service_can_be_taken_up_again(project: Path) -> None:
    mdk(project, "submit")
    (run,) = list_runs(project)
    fault(0, times=50, method="GET", path=f"{JOBS}/.*")
    assert refused(ServiceError, project, "runs", "watch") == "MDK475"
    shown: Run = mdk(project, "runs", "show", run.id)
    assert shown.state in ("waiting", "running"), "shown as it was last seen"
    call("DELETE", "/standin/faults")
    ended: Run = mdk(project, "runs", "watch")
    assert (ended.id, ended.state, ended.metrics) == (run.id, "done", {"score": 3.0})


def test_there_is_one_schedule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = with_notebook(project, *GOOD)

    def schedules() -> list[dict[str, Any]]:
        found = call("GET", SCHEDULES).get("schedules", [])
        return [one for one in found if name.removesuffix(".ipynb") in one["displayName"]]

    mdk(project, "submit", name, "--schedule", "0 6 * * 1")
    (first,) = schedules()
    mdk(project, "submit", name, "--schedule", "0 7 * * 1", "-p", "rate=4")
    (second,) = schedules()
    assert (first["name"], first["cron"], second["cron"]) == (second["name"], "0 6 * * 1", "0 7 * * 1")
    sent = second["createPipelineJobRequest"]["pipelineJob"]["runtimeConfig"]["parameterValues"]
    assert sent["rate"] == 4 and sent["mdk_bundle"].startswith("gs://demo/pipelines/mdk/bundles/")
    mdk(project, "submit", name, "--schedule", "0 8 * * *", "--env", "prod")
    assert len(schedules()) == 2, "one for each environment"
    capsys.readouterr()
    for environment in ("dev", "prod"):
        mdk(project, "submit", name, "--schedule", "off", "--env", environment)
    assert not schedules() and not list_runs(project), "a schedule is no run"
    mdk(project, "submit", name, "--schedule", "off")
    assert "has no schedule" in capsys.readouterr().out


def test_kubeflow_runs_once_and_has_one_schedule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run: Run = mdk(project, "submit", "--target", "kfp", "--wait")
    assert (run.state, run.target, run.metrics) == ("done", "kfp", {"score": 3.0})
    mdk(project, "submit", "--target", "kfp")
    assert "was submitted before" in capsys.readouterr().out and len(list_runs(project)) == 1
    mdk(project, "runs", "open", "load", "--print")
    assert "loaded 3" in Path(capsys.readouterr().out.strip()).read_text()
    for cron in ("0 6 * * 1", "TZ=Europe/Berlin 0 7 * * 1"):
        mdk(project, "submit", "--target", "kfp", "--schedule", cron)
    wanted = f"mdk-{run.remote['job'].rsplit('-', 2)[0]}-dev"
    found = [
        one
        for one in call("GET", "/apis/v2beta1/recurringruns?page_size=100")["recurringRuns"]
        if one["display_name"] == wanted
    ]
    assert [one["trigger"]["cron_schedule"]["cron"] for one in found] == ["TZ=Europe/Berlin 0 0 7 * * 1"]
    mdk(project, "submit", "--target", "kfp", "--schedule", "off")

    failed: Run = mdk(project, "submit", with_notebook(project, *BAD), "--target", "kfp", "--wait")
    (finding,) = failed["train"].findings
    assert (failed.state, finding.code, finding.place.cell_number, finding.place.line) == ("failed", "MDK300", 3, 2)
    fault(403, times=20, path="/apis/v2beta1/runs.*")
    words = ("submit", failed.source, "--target", "kfp", "--again")
    assert refused(ServiceError, project, *words) == "MDK473"


def test_prod_is_asked_about_on_a_terminal(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question, **_: asked.append(question))
    assert refused(UsageError, project, "submit", "--env", "prod") == "MDK479"
    assert len(asked) == 1 and not list_runs(project)
    mdk(project, "submit", "--env", "prod", "--yes")
    mdk(project, "submit", "--env", "dev")
    assert len(asked) == 1 and len(list_runs(project)) == 2


def test_a_dry_run_sends_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fault(500, times=100, path=".*")
    assert mdk(project, "submit", "--dry-run", "-o", "out.json", "--json") is None
    plan = json.loads(capsys.readouterr().out)["plan"]
    call("DELETE", "/standin/faults")
    document = json.loads((project / "out.json").read_text())
    assert document["pipelineInfo"]["name"] == plan["name"] and not list_runs(project)
    mdk(project, "submit", "--wait", "--yes")
    (run,) = list_runs(project)
    assert run.remote["job"] == plan["job"], "what was planned is what is sent"


def test_json_is_one_document(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mdk(project, "submit", "--wait", "--json")
    content = json.loads(capsys.readouterr().out)
    assert content["run"]["state"] == "done" and content["run"]["remote"]["job"] == content["plan"]["job"]


def test_without_credentials_or_network(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(
        project,
        target="vertex",
        vertex={"project_id": "demo-project", "region": "europe-west3", "pipeline_root": "gs://demo/p"},
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(project / "no-such-file.json"))
    assert refused(ServiceError, project, "submit") == "MDK471"
    write_project(
        project,
        vertex={
            "project_id": "demo-project",
            "region": "europe-west3",
            "pipeline_root": "gs://demo/p",
            "api_endpoint": "http://127.0.0.1:9",
        },
    )
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    assert refused(ServiceError, project, "submit") == "MDK475"


def test_a_run_joins_its_experiment(project: Path) -> None:
    content = json.loads((project / "mdk.yaml").read_text())
    content["vertex"]["experiment"] = f"exp-{os.urandom(3).hex()}"
    (project / "mdk.yaml").write_text(json.dumps(content))
    run: Run = mdk(project, "submit", "--wait")
    assert run.state == "done" and not run.warnings
    store = "/v1/projects/demo-project/locations/europe-west3/metadataStores/default"
    context = call("GET", f"{store}/contexts/{run.remote['job']}")
    assert any(parent.endswith(content["vertex"]["experiment"]) for parent in context["parentContexts"])


def test_settings_reach_the_service(project: Path) -> None:
    content = json.loads((project / "mdk.yaml").read_text())
    account, network = "runner@demo-project.iam.gserviceaccount.com", "projects/1/global/networks/main"
    content["vertex"] |= {"service_account": account, "network": network, "failure_policy": "fast", "caching": False}
    (project / "mdk.yaml").write_text(json.dumps(content))
    for _ in range(2):
        run: Run = mdk(project, "submit", "--wait", "--again")
        assert run.state == "done" and not any(step.cached_from for step in run.steps.values()), "caching is off"
    sent = jobs_of(run.remote["job"])[0]
    assert (sent["serviceAccount"], sent["network"]) == (account, network)
    assert sent["runtimeConfig"]["failurePolicy"] in (2, "PIPELINE_FAILURE_POLICY_FAIL_FAST"), "by number or name"


def test_steps_run_on_machines_that_are_up(project: Path) -> None:
    content = json.loads((project / "mdk.yaml").read_text())
    content["vertex"]["persistent_resource"] = "warm"
    (project / "mdk.yaml").write_text(json.dumps(content))
    run: Run = mdk(project, "submit", "--wait")
    assert run.state == "done"
    runtime = jobs_of(run.remote["job"])[0]["runtimeConfig"]["defaultRuntime"]
    name = "projects/demo-project/locations/europe-west3/persistentResources/warm"
    assert runtime == {"persistentResourceRuntimeDetail": {"persistentResourceName": name}}
