"""The stand-in's Kubeflow Pipelines, by the real client, with pipelines that the KFP SDK compiled."""

from __future__ import annotations

import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from standin_pipelines import INT, STR, Ir, compiled_by_kfp
from standin_server import call, kubeflow, standin, until, vertex

pytest.importorskip("kfp")
import kfp_server_api

OVER = {"SUCCEEDED", "FAILED", "CANCELED"}
ROOT = "gs://demo/kfp"


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> str:
    standin()
    return compiled_by_kfp("flow", tmp_path_factory.mktemp("flow"))


@pytest.fixture
def client() -> Any:
    return kubeflow()


def submit(client: Any, file: str, **options: Any) -> str:
    options = {"pipeline_root": ROOT, "enable_caching": False, **options}
    return str(client.create_run_from_pipeline_package(file, **options).run_id)


def ended(client: Any, run_id: str) -> Any:
    return until(lambda: (run := client.get_run(run_id)).state in OVER and run)


def log_of(run_id: str, path: str) -> str:
    return str(call("GET", f"/standin/logs/{run_id}/{path}"))


EXPECTED = {
    "SUCCEEDED": {"flip", "numbers", "rows", "double", "total", "show", "show-4", "show-5", "bye"},
    "not run": {"condition-4", "condition-5"},
}


def test_a_compiled_pipeline_runs_on_kubeflow(client: Any, flow: str) -> None:
    run = ended(client, submit(client, flow, arguments={"n": 4}))
    assert run.state == "SUCCEEDED", run.error
    details = run.run_details.task_details
    states = Counter((task.display_name, task.state) for task in details)
    for name in EXPECTED["SUCCEEDED"]:
        assert states[name, "SUCCEEDED"] == {"double": 3, "show-4": 2}.get(name, 1), name
    for name in EXPECTED["not run"]:
        assert states[name, "SKIPPED"] == 1
    assert f"shown: {run.run_id} has 4" in log_of(run.run_id, "show-5")
    assert "bye: z SUCCEEDED None" in log_of(run.run_id, "bye")
    assert sorted(line for line in log_of(run.run_id, "show-4").split("\n") if "shown:" in line) == [
        "shown: x",
        "shown: y",
    ]


def test_the_same_pipeline_runs_on_vertex(flow: str) -> None:
    job = vertex().PipelineJob("flow", flow, pipeline_root=ROOT, parameter_values={"n": 2}, enable_caching=False)
    job.submit()
    until(job.done)
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED", job.gca_resource.error
    tasks = {task.task_name: task for task in job.task_details}
    states = {name: task.state.name for name, task in tasks.items()}
    assert {name for name, state in states.items() if state == "NOT_TRIGGERED"} == {"condition-3", "condition-4"}
    total = tasks["total"]
    assert (
        total.execution.metadata["output:Output"] == 12 and total.outputs["scores"].artifacts[0].metadata["read"] == 123
    )
    assert [standin().path(one.uri).read_text() for one in total.inputs["data"].artifacts] == ["1", "2", "3"]


def test_nested_loops_and_loops_over_artifacts(client: Any, tmp_path: Path) -> None:
    run = ended(client, submit(client, compiled_by_kfp("nested", tmp_path)))
    assert run.state == "SUCCEEDED", run.error
    files = ["1*10", "1*20", "2*10", "2*20"]
    assert f"told: [[10.0, 20.0], [20.0, 40.0]] {files}" in log_of(run.run_id, "tell")
    lines = log_of(run.run_id, "read").split("\n")
    assert [line for line in lines if line.startswith("read:")] == ["read: 5*7", "read: 5*8"]


def test_runs(client: Any, tmp_path: Path) -> None:
    ir = Ir("runs", n=(INT, 1))
    flag = tmp_path / "flag"
    ir.step("first", f"open({str(tmp_path / 'count')!r}, 'a').write('x'); out('s', 'done')", gives={"s": STR})
    ir.step("second", f"assert os.path.exists({str(flag)!r}), 'no flag'; print(p['s'])", takes={"s": "first.s"})
    file = ir.write(tmp_path)
    experiment = client.create_experiment(f"e-{secrets.token_hex(3)}")
    run_id = submit(client, file, experiment_name=experiment.display_name, run_name="one")
    run = ended(client, run_id)
    assert run.state == "FAILED" and "no flag" in run.error.message
    assert [one.run_id for one in client.list_runs(experiment_id=experiment.experiment_id).runs] == [run_id]
    flag.touch()
    client._run_api.run_service_retry_run(run_id=run_id)
    assert ended(client, run_id).state == "SUCCEEDED"
    assert (tmp_path / "count").read_text() == "x"  # what was done is kept
    with pytest.raises(kfp_server_api.ApiException, match="Only a failed"):
        client._run_api.run_service_retry_run(run_id=run_id)
    client.archive_run(run_id)
    assert client.get_run(run_id).storage_state == "ARCHIVED"
    client.unarchive_run(run_id)
    assert client.get_run(run_id).storage_state == "AVAILABLE"

    cached = [ended(client, submit(client, file, enable_caching=True)) for _ in range(2)]
    assert [task.state for task in cached[1].run_details.task_details] == ["SUCCEEDED", "SKIPPED", "SKIPPED"]
    assert "default" in client.get_experiment(cached[0].experiment_id).display_name.lower()
    client.delete_run(run_id)
    with pytest.raises(kfp_server_api.ApiException, match="does not exist"):
        client.get_run(run_id)

    ir.step("sleep", "import time; time.sleep(600)")
    run_id = submit(client, ir.write(tmp_path))
    until(lambda: any(task.state == "RUNNING" for task in client.get_run(run_id).run_details.task_details or []))
    client.terminate_run(run_id)
    assert ended(client, run_id).state == "CANCELED"


def test_what_is_wrong_is_refused(client: Any, tmp_path: Path) -> None:
    ir = Ir("wrong", n=INT, s=(STR, ""))
    ir.step("one", "", takes={"n": f"n!{INT}"})
    file = ir.write(tmp_path)
    for arguments, words in (
        ({}, "is required"),
        ({"n": "many"}, "cannot have"),
        ({"n": 1, "s": "x" * 20_000}, "10000"),
    ):
        with pytest.raises(kfp_server_api.ApiException, match=words):
            submit(client, file, arguments=arguments)
    with pytest.raises(kfp_server_api.ApiException, match="does not know"):
        client._experiment_api.api_client.call_api("/apis/v2beta1/visualizations/x", "POST")


def test_pipelines_versions_and_recurring_runs(client: Any, tmp_path: Path) -> None:
    name = f"p-{secrets.token_hex(3)}"
    ir = Ir("uploaded", n=(INT, 1))
    ir.step("one", "print('version 1')")
    pipeline = client.upload_pipeline(ir.write(tmp_path), name)
    ir.spec["deploymentSpec"]["executors"]["exec-one"]["container"]["command"][-1] = "print('version 2')"
    version = client.upload_pipeline_version(ir.write(tmp_path), "v2", pipeline_name=name)
    assert client.get_pipeline_id(name) == pipeline.pipeline_id
    versions = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    assert [one.display_name for one in versions] == [name, "v2"]
    with pytest.raises(kfp_server_api.ApiException, match="already exists"):
        client.upload_pipeline(ir.write(tmp_path), name)
    experiment = client.create_experiment("versions")
    numbers = [versions[0].pipeline_version_id, version.pipeline_version_id]
    runs = [
        client.run_pipeline(experiment.experiment_id, "r", pipeline_id=pipeline.pipeline_id, version_id=n)
        for n in numbers
    ]
    for number, run in enumerate(runs, 1):
        assert ended(client, run.run_id).state == "SUCCEEDED"
        assert log_of(run.run_id, "one") == f"version {number}\n"

    recurring = client.create_recurring_run(
        experiment.experiment_id, "every hour", cron_expression="0 0 * * * *",
        pipeline_id=pipeline.pipeline_id, version_id=version.pipeline_version_id, enable_caching=False,
    )  # fmt: skip
    periodic = client.create_recurring_run(
        experiment.experiment_id,
        "often",
        interval_second=1800,
        pipeline_package_path=ir.write(tmp_path),
        no_catchup=True,
    )

    def fired(number: str) -> list[Any]:
        found = client.list_runs(experiment_id=experiment.experiment_id, page_size=50).runs
        return [run for run in found if run.recurring_run_id == number]

    call("POST", "/standin/clock", {"seconds": 3600})
    until(lambda: len(fired(recurring.recurring_run_id)) == 1 and len(fired(periodic.recurring_run_id)) == 1)
    assert ended(client, fired(recurring.recurring_run_id)[0].run_id).state == "SUCCEEDED"
    client.disable_recurring_run(recurring.recurring_run_id)
    assert client.get_recurring_run(recurring.recurring_run_id).status == "DISABLED"
    call("POST", "/standin/clock", {"seconds": 3600})
    until(lambda: len(fired(periodic.recurring_run_id)) == 2)
    assert len(fired(recurring.recurring_run_id)) == 1
    client.enable_recurring_run(recurring.recurring_run_id)  # catches up
    until(lambda: len(fired(recurring.recurring_run_id)) == 2)
    for one in (recurring, periodic):
        client.delete_recurring_run(one.recurring_run_id)
    assert not client.list_recurring_runs(experiment_id=experiment.experiment_id).recurring_runs


def test_secrets_of_kubernetes(client: Any, tmp_path: Path) -> None:
    import json

    (standin().secrets / "database").mkdir()
    (standin().secrets / "database" / "password").write_text("pass: word")
    ir = Ir("with-secret")
    ir.step("one", "print(os.environ['PASSWORD'])")
    asked = {"secretName": "database", "keyToEnv": [{"secretKey": "password", "envVar": "PASSWORD"}]}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-one": {"secretAsEnv": [asked]}}}}}}
    file = Path(ir.write(tmp_path))
    file.write_text(f"{json.dumps(ir.spec)}\n---\n{json.dumps(platform)}\n")
    run_id = submit(client, str(file))
    assert ended(client, run_id).state == "SUCCEEDED"
    assert log_of(run_id, "one") == "pass: word\n"
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    executors["exec-one"]["pvcMount"] = []
    file.write_text(f"{json.dumps(ir.spec)}\n---\n{json.dumps(platform)}\n")
    with pytest.raises(kfp_server_api.ApiException, match="pvcMount"):
        submit(client, str(file))
