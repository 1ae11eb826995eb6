"""Pipeline jobs of the stand-in, by the real Vertex AI client library."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import Handler, serving
from standin_pipelines import BOOL, FLOAT, INT, LIST, STR, STRUCT, Ir, when
from standin_server import call, lives, standin, until, vertex

pytest.importorskip("google.cloud.aiplatform")
from google.api_core import exceptions
from google.auth.exceptions import InvalidOperation

ROOT = "gs://demo/pipelines"


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    standin()
    yield
    call("DELETE", "/standin/faults")


def job_of(ir: Ir, folder: Path, **options: Any) -> Any:
    options = {"display_name": "a job", "pipeline_root": ROOT, "job_id": f"j-{secrets.token_hex(6)}", **options}
    return vertex().PipelineJob(template_path=ir.write(folder), **options)


def run(ir: Ir, folder: Path, **options: Any) -> Any:
    job = job_of(ir, folder, **options)
    job.submit()
    until(job.done)
    return job


def states(job: Any) -> dict[str, str]:
    return {task.task_unique_name: task.state.name for task in job.task_details}


def task_of(job: Any, path: str) -> Any:
    return next(task for task in job.task_details if task.task_unique_name == path)


def log_of(job: Any, path: str) -> str:
    return str(call("GET", f"/standin/logs/{job.job_id}/{path}")).strip()


@pytest.fixture
def chain() -> Ir:
    ir = Ir(
        f"chain-{secrets.token_hex(3)}",
        n=INT,
        text=(STR, "it's"),
        rate=(FLOAT, 0.5),
        on=(BOOL, True),
        items=(LIST, [1, "a"]),
    )
    ir.step(
        "load",
        """
assert p == {"n": 3, "text": "it's", "rate": 0.5, "on": True, "items": [1.0, "a"]} and isinstance(p["n"], int), p
out("count", p["n"] * 2)
open(path(o["data"]["uri"]), "w").write("rows")
told = {"artifacts": {"data": {"artifacts": [{"name": o["data"]["name"], "uri": o["data"]["uri"], "metadata": {"rows": 6}}]}}}
json.dump(told, open(e["outputs"]["outputFile"], "w"))
print("loaded", os.environ["COLOUR"])
""",
        takes={"n": f"n!{INT}", "text": "text", "rate": f"rate!{FLOAT}", "on": f"on!{BOOL}", "items": f"items!{LIST}"},
        gives={"count": INT},
        makes={"data": "system.Dataset"},
        cachingOptions={"enableCache": True},
    )
    env = [{"name": "COLOUR", "value": "red {{$.inputs.parameters['n']}}"}]
    ir.spec["deploymentSpec"]["executors"]["exec-load"]["container"]["env"] = env
    ir.step(
        "train",
        """
assert open(path(a["data"][0]["uri"])).read() == "rows" and a["data"][0]["metadata"] == {"rows": 6}
outputs = {"parameterValues": {"auc": 0.75}, "artifacts": {
    "model": {"artifacts": [{"uri": a["data"][0]["uri"], "metadata": {"kind": "same bytes"}}]},
    "scores": {"artifacts": [{"metadata": {"auc": 0.75}}]}}}
json.dump(outputs, open(e["outputs"]["outputFile"], "w"))
""",
        takes={"count": f"load.count!{INT}"},
        artifacts={"data": "load.data"},
        gives={"auc": FLOAT},
        makes={"model": "system.Model", "scores": "system.Metrics"},
        cachingOptions={"enableCache": True},
    )
    return ir


def test_a_chain_runs_and_is_then_cached(chain: Ir, tmp_path: Path) -> None:
    job = run(chain, tmp_path, parameter_values={"n": 3}, labels={"team": "ml"})
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED", job.gca_resource.error
    assert states(job) == {job.job_id: "SUCCEEDED", "load": "SUCCEEDED", "train": "SUCCEEDED"}
    load, train = task_of(job, "load"), task_of(job, "train")
    data, model = load.outputs["data"].artifacts[0], train.outputs["model"].artifacts[0]
    assert data.uri == f"{ROOT}/demo/{job.job_id}/load_{load.task_id}/data" and data.metadata["rows"] == 6
    assert standin().path(data.uri).read_text() == "rows"
    assert (model.schema_title, model.uri, model.name != data.name) == ("system.Model", data.uri, True)
    assert train.inputs["data"].artifacts[0].name == data.name
    assert train.execution.metadata["output:auc"] == 0.75 and train.execution.metadata["input:count"] == 6
    assert train.outputs["scores"].artifacts[0].metadata["auc"] == 0.75
    root = task_of(job, job.job_id)
    assert load.parent_task_id == root.task_id and not root.parent_task_id
    assert load.create_time <= load.start_time <= load.end_time <= train.start_time
    assert log_of(job, "load") == "loaded red 3"
    assert dict(job.labels)["team"] == "ml"

    again = run(chain, tmp_path, parameter_values={"n": 3})
    assert states(again) == {again.job_id: "SUCCEEDED", "load": "SKIPPED", "train": "SKIPPED"}
    assert task_of(again, "train").outputs["model"].artifacts[0].name == model.name
    not_cached = run(chain, tmp_path, parameter_values={"n": 3}, enable_caching=False)
    assert states(not_cached)["load"] == "SUCCEEDED"
    # The code is in the arguments, so that a change of it is one of the key; what follows gets new artifacts.
    chain.spec["deploymentSpec"]["executors"]["exec-load"]["container"]["command"][-1] += "\n"
    changed = run(chain, tmp_path, parameter_values={"n": 3})
    assert states(changed) == {changed.job_id: "SUCCEEDED", "load": "SUCCEEDED", "train": "SUCCEEDED"}


def test_a_failure_is_told_in_the_steps_own_words(tmp_path: Path) -> None:
    ir = Ir("failing")
    ir.step(
        "bad",
        "open(os.environ['MDK_TERMINATION_LOG'], 'w').write('MDK300: cell 3, line 2'); print('before'); sys.exit(1)",
    )
    ir.step("after", "", dependentTasks=["bad"])
    flag = tmp_path / "flag"
    ir.step("beside", f"import time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.01)")
    ir.step("beside-after", "", dependentTasks=["beside"])
    ir.step("noisy", "raise ValueError('no words of its own')")

    def run_until_failed(**options: Any) -> Any:
        job = job_of(ir, tmp_path, **options)
        job.submit()
        until(lambda: {"FAILED"} == {states(job).get(name) for name in ("bad", "noisy")})
        flag.touch()
        until(job.done)
        flag.unlink()
        return job

    job = run_until_failed()
    failed = {"bad": "FAILED", "after": "NOT_TRIGGERED", "noisy": "FAILED", job.job_id: "FAILED"}
    assert states(job) == {**failed, "beside": "SUCCEEDED", "beside-after": "SUCCEEDED"}
    with pytest.raises(RuntimeError, match=r"failed tasks are: \[bad, noisy\].*MDK300: cell 3, line 2.*ValueError"):
        job.wait()
    bad = task_of(job, "bad")
    assert bad.error.message.endswith("non-zero status of 1. MDK300: cell 3, line 2")
    assert log_of(job, "bad") == "before"
    number = bad.executor_detail.container_detail.main_job.rsplit("/", 1)[1]
    wanted = f'resource.type="ml_job" AND resource.labels.job_id="{task_of(job, "noisy").task_id}" AND severity="ERROR"'
    entries = call("POST", "/v2/entries:list", {"resourceNames": ["projects/demo"], "filter": wanted})["entries"]
    assert entries[-1]["textPayload"] == "ValueError: no words of its own" and number == str(bad.task_id)
    ended = run_until_failed(failure_policy="fast")
    assert (states(ended)["beside"], states(ended)["beside-after"]) == ("SUCCEEDED", "NOT_TRIGGERED")


def test_a_cancelled_job_leaves_no_process(tmp_path: Path) -> None:
    ir = Ir("long")
    pids = tmp_path / "pids"
    code = f"""
import subprocess, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""
    ir.step("sleep", code)
    ir.step("after", "", dependentTasks=["sleep"])
    job = job_of(ir, tmp_path)
    job.submit()
    assert job.gca_resource.state.name == "PIPELINE_STATE_PENDING"
    numbers = [
        int(number)
        for number in until(lambda: pids.exists() and len(pids.read_text().split()) == 2 and pids.read_text().split())
    ]
    assert job.state.name == "PIPELINE_STATE_RUNNING" and states(job)["sleep"] == "RUNNING"
    with pytest.raises(exceptions.BadRequest, match="still running"):
        job.delete()
    job.cancel()
    until(job.done)
    assert job.state.name == "PIPELINE_STATE_CANCELLED"
    assert states(job) == {job.job_id: "CANCELLED", "sleep": "CANCELLED", "after": "CANCELLED"}
    for number in numbers:
        until(lambda number=number: not lives(number))
    assert "cancelled" in job.gca_resource.error.message
    job.cancel()  # changes nothing any more
    job.delete()
    with pytest.raises(exceptions.NotFound):
        vertex().PipelineJob.get(job.resource_name)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"labels": {"Team": "X"}}, "Invalid label"),
        ({}, {"labels": {"vertex-ai-pipelines-run-billing-id": "x"}}, "reserved"),
        ({"schemaVersion": "2.0.0"}, {}, "schema version 2.1"),
        ({"wrong": 1}, {}, 'no field named "wrong"'),
        ({"components": {}}, {}, "unknown component"),
        ({"deploymentSpec": {"executors": {}}}, {}, "known executor"),
        ({"task": {"dependentTasks": ["nobody"]}}, {}, "unknown tasks"),
        ({"task": {"dependentTasks": ["one"]}}, {}, "cycle"),
        ({"task": {"triggerPolicy": {"condition": "1 ="}}}, {}, "cannot be read"),
        (
            {"task": {"inputs": {"parameters": {"x": {"componentInputParameter": "y"}}}}},
            {},
            "needs the input parameter",
        ),
        ({"deploymentSpec": {"executors": {"exec-one": {"resolver": {}}}}}, {}, "cannot run executor"),
    ],
)
def test_what_is_wrong_is_refused_at_once(
    change: dict[str, Any], options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    ir = Ir("refused")
    ir.step("one", "")
    ir.tasks["one"].update(change.pop("task", {}))
    ir.spec.update(change)
    job = job_of(ir, tmp_path, **options)
    with pytest.raises(exceptions.GoogleAPICallError, match=words) as caught:
        job.submit()
    assert caught.value.code in {400, 501}


def test_parameters_are_checked(tmp_path: Path) -> None:
    ir = Ir("checked", n=INT, s=(STRUCT, {}))
    ir.step("one", "", takes={"n": f"n!{INT}"})
    body = {"displayName": "x", "pipelineSpec": ir.spec}
    for given, words in (
        ({}, "is required"),
        ({"n": 1, "m": 2}, "not found"),
        ({"n": 1.5}, "cannot have"),
        ({"n": 1, "s": []}, "cannot have"),
    ):
        request = {**body, "runtimeConfig": {"gcsOutputDirectory": ROOT, "parameterValues": given}}
        assert words in refused("POST", "pipelineJobs?pipelineJobId=checked", request)
    config = {"gcsOutputDirectory": "gs://no-such-bucket/x", "parameterValues": {"n": 1}}
    assert "does not exist" in refused("POST", "pipelineJobs?pipelineJobId=checked", {**body, "runtimeConfig": config})
    job = run(ir, tmp_path, parameter_values={"n": 1})
    with pytest.raises(exceptions.Conflict):
        job_of(ir, tmp_path, parameter_values={"n": 1}, job_id=job.job_id).submit()
    assert "does not know" in refused("POST", "customJobs", {})


def refused(method: str, path: str, body: Any) -> str:
    import urllib.error

    with pytest.raises(urllib.error.HTTPError) as caught:
        call(method, f"/v1/projects/demo/locations/europe-west3/{path}", body)
    return caught.value.read().decode()


def test_control_flow(tmp_path: Path) -> None:
    ir = Ir(f"control-{secrets.token_hex(3)}", n=INT, rows=(LIST, [{"name": "x", "k": 1}, {"name": "y", "k": 2}]))
    ir.step("pick", "out('word', 'it\\'s'); out('ids', [3, 1, 2])", gives={"word": STR, "ids": LIST})
    yes = ir.group(
        "yes",
        {"w": "pick.word", "n": f"n!{INT}"},
        triggerPolicy=when("inputs.parameter_values['w'] == 'it\\'s' && int(inputs.parameter_values['n']) > 3"),
    )
    ir.step("in-yes", "print('n is', p['n'])", takes={"n": f"n!{INT}"}, inside=yes)
    no = ir.group("no", {"w": "pick.word"}, triggerPolicy=when("!(inputs.parameter_values['w'] == 'it\\'s')"))
    ir.step("in-no", "", inside=no)
    selectors = [{"producerSubtask": name, "outputParameterKey": "s"} for name in ("never", "always")]
    branches = ir.group("branches", {}, {"either": {"valueFromOneof": {"parameterSelectors": selectors}}})
    ir.step("never", "out('s', 'never')", gives={"s": STR}, inside=branches, triggerPolicy=when("1 > 2"))
    ir.step("always", "out('s', 'always')", gives={"s": STR}, inside=branches, triggerPolicy=when("!(1 > 2)"))
    ir.step("either", "print(p['x'])", takes={"x": "branches.either"})
    ir.step("after-no", "", dependentTasks=["no"])
    loop = {
        "parameterIterator": {"items": {"inputParameter": "ids"}, "itemInput": "id"},
        "iteratorPolicy": {"parallelismLimit": 2},
    }
    collected = {"squares": {"valueFromParameter": {"producerSubtask": "square", "outputParameterKey": "value"}}}
    each = ir.group("each", {"ids": f"pick.ids!{LIST}", "id": f"!{INT}"}, collected, **loop)
    ir.step("square", "out('value', p['id'] ** 2)", takes={"id": f"id!{INT}"}, gives={"value": INT}, inside=each)
    ir.step(
        "sum", "assert p['all'] == [9.0, 1.0, 4.0], p; print(int(sum(p['all'])))", takes={"all": f"each.squares!{LIST}"}
    )
    named = ir.group(
        "named",
        {"rows": f"rows!{LIST}", "row": f"!{STRUCT}"},
        parameterIterator={"items": {"inputParameter": "rows"}, "itemInput": "row"},
    )
    ir.step(
        "name",
        "print(p['name'], p['text'])",
        takes={"name": "row", "text": "=\"{{$.inputs.parameters['name']}}?\""},
        inside=named,
    )
    ir.tasks["named"]["componentRef"]["name"] = "comp-named"
    named["name"]["inputs"]["parameters"]["name"]["parameterExpressionSelector"] = 'parseJson(string_value)["name"]'
    fixed = ir.group("fixed", {"item": ""}, parameterIterator={"items": {"raw": '["q", "r"]'}, "itemInput": "item"})
    ir.step("one-fixed", "print(p['item'])", takes={"item": "item"}, inside=fixed)
    job = run(ir, tmp_path, parameter_values={"n": 4})
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED", job.gca_resource.error
    found = states(job)
    assert {path: found[path] for path in ("yes", "yes/in-yes", "no", "after-no")} == {
        "yes": "SUCCEEDED", "yes/in-yes": "SUCCEEDED", "no": "NOT_TRIGGERED", "after-no": "NOT_TRIGGERED",
    }  # fmt: skip
    assert "no/in-no" not in found
    assert log_of(job, "yes/in-yes") == "n is 4" and log_of(job, "sum") == "14"
    assert log_of(job, "either") == "always"
    assert sorted(log_of(job, "name").split("\n")) == ["x x?", "y y?"]
    assert [log_of(job, f"fixed/{i}/one-fixed") for i in (0, 1)] == ["q", "r"]
    assert task_of(job, "each").execution.metadata["output:squares"] == [9, 1, 4]


def test_steps_are_tried_again_and_run_side_by_side(tmp_path: Path) -> None:
    ir = Ir("again")
    count = tmp_path / "count"
    code = f"f = open({str(count)!r}, 'a'); f.write('x'); f.close(); sys.exit(os.path.getsize({str(count)!r}) < 3)"
    ir.step("flaky", code, retryPolicy={"maxRetryCount": 2, "backoffDuration": "0s"})
    # Each waits for the other's file: only side by side do they come to their ends.
    for me, other in (("left", "right"), ("right", "left")):
        code = f"""
import time
open({str(tmp_path / me)!r}, "w").close()
while not os.path.exists({str(tmp_path / other)!r}): time.sleep(0.01)
"""
        ir.step(me, code)
    last = ir.step(
        "last",
        "print(p['s']['state'], p['s']['pipelineTaskName'])",
        takes={"s": "=1!TASK_FINAL_STATUS"},
        dependentTasks=["flaky"],
    )
    last["triggerPolicy"] = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    last["inputs"]["parameters"]["s"] = {"taskFinalStatus": {"producerTask": "flaky"}}
    job = run(ir, tmp_path)
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED", job.gca_resource.error
    assert [status.state.name for status in task_of(job, "flaky").pipeline_task_status] == ["FAILED", "FAILED"]
    count.unlink()
    ir.tasks["flaky"]["retryPolicy"]["maxRetryCount"] = 1
    failed = run(ir, tmp_path)
    assert states(failed)["flaky"] == "FAILED" and states(failed)["last"] == "SUCCEEDED"
    assert (log_of(job, "last"), log_of(failed, "last")) == ("SUCCEEDED flaky", "FAILED flaky")


def test_imports_and_secrets(tmp_path: Path) -> None:
    standin().path("gs://demo/given.txt").write_text("given")
    (standin().secrets / "token").write_text("s3cret")
    ir = Ir("importing", where=STR)
    kind = {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
    ir.spec["components"]["comp-fetch"] = {
        "executorLabel": "exec-fetch",
        "inputDefinitions": {"parameters": {"uri": {"parameterType": STR}}},
        "outputDefinitions": {"artifacts": {"artifact": {"artifactType": kind}}},
    }
    importer = {"artifactUri": {"runtimeParameter": "uri"}, "typeSchema": kind, "metadata": {"from": "outside"}}
    ir.spec["deploymentSpec"]["executors"]["exec-fetch"] = {"importer": importer}
    ir.task("fetch", takes={"uri": "where"})
    code = """
import base64, urllib.request
print(open(path(a["data"][0]["uri"])).read(), a["data"][0]["metadata"])
def get(url, **headers): return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read()
who = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/service-accounts/default/token"
bearer = "Bearer " + json.loads(get(who))["access_token"]
secret = f"/v1/projects/{os.environ['GOOGLE_CLOUD_PROJECT']}/secrets/token/versions/latest:access"
print(base64.b64decode(json.loads(get(os.environ["MDK_SECRET_MANAGER"] + secret, Authorization=bearer))["payload"]["data"]).decode())
"""
    ir.step("use", code, artifacts={"data": "fetch.artifact"})
    jobs = [run(ir, tmp_path, parameter_values={"where": "gs://demo/given.txt"}) for _ in range(2)]
    assert log_of(jobs[0], "use") == "given {'from': 'outside'}\ns3cret"
    first, second = (task_of(job, "fetch").outputs["artifact"].artifacts[0].name for job in jobs)
    assert first == second


def test_jobs_are_listed_shown_and_deleted(tmp_path: Path) -> None:
    ir = Ir("listed")
    ir.step("one", "")
    label = secrets.token_hex(4)
    jobs = [run(ir, tmp_path, display_name=f"listed {i}", labels={"set": label}) for i in range(3)]
    cls = vertex().PipelineJob
    assert [job.display_name for job in cls.list(filter=f"labels.set={label}")] == ["listed 2", "listed 1", "listed 0"]
    found = cls.list(filter=f'labels.set={label} AND display_name="listed 1"', enable_simple_view=True)
    assert [job.resource_name for job in found] == [jobs[1].resource_name] and not found[0].gca_resource.runtime_config
    assert cls.list(filter=f"labels.set={label}", order_by="display_name")[0].display_name == "listed 0"
    path = f"/v1/projects/demo/locations/europe-west3/pipelineJobs?pageSize=2&filter=labels.set={label}"
    first = call("GET", path)
    rest = call("GET", f"{path}&pageToken={first['nextPageToken']}")
    assert len(first["pipelineJobs"]) == 2 and len(rest["pipelineJobs"]) == 1 and "nextPageToken" not in rest
    jobs[0].batch_delete("demo", "europe-west3", [job.job_id for job in jobs[:2]])
    assert [job.display_name for job in cls.list(filter=f"labels.set={label}")] == ["listed 2"]


def test_schedules_fire(tmp_path: Path) -> None:
    ir = Ir("scheduled")
    ir.step("one", "")
    schedule = job_of(ir, tmp_path).create_schedule(
        cron="TZ=Europe/Oslo */10 * * * *", display_name="ten", max_run_count=3
    )
    assert schedule.state.name == "ACTIVE" and not schedule.list_jobs()
    assert (schedule.gca_resource.next_run_time.minute % 10, schedule.gca_resource.next_run_time.second) == (0, 0)

    def forward(runs: int) -> None:
        call("POST", "/standin/clock", {"seconds": 600})
        until(lambda: len(schedule.list_jobs()) == runs)
        until(lambda: all(job.done() for job in schedule.list_jobs()))

    forward(1)
    first = vertex().PipelineJob.get(schedule.list_jobs()[0].resource_name)
    assert first.gca_resource.schedule_name == schedule.resource_name
    schedule.pause()
    call("POST", "/standin/clock", {"seconds": 3600})
    assert schedule.state.name == "PAUSED" and len(schedule.list_jobs()) == 1
    schedule.resume(catch_up=False)
    forward(2)
    schedule.update(display_name="five", max_run_count=4)
    forward(3)
    assert schedule.state.name == "ACTIVE"
    forward(4)
    assert (schedule.state.name, schedule.gca_resource.started_run_count) == ("COMPLETED", 4)
    assert schedule.resource_name in [
        one.resource_name for one in vertex().PipelineJobSchedule.list(filter='display_name="five"')
    ]
    schedule.delete()
    with pytest.raises(exceptions.BadRequest, match="cron"):
        job_of(ir, tmp_path).create_schedule(cron="every day", display_name="bad")


def test_experiments(tmp_path: Path) -> None:
    ai = vertex()
    name = f"exp-{secrets.token_hex(3)}"
    ai.init(experiment=name, experiment_tensorboard=False)
    with ai.start_run("by-hand"):
        ai.log_params({"lr": 0.5})
        ai.log_metrics({"auc": 0.9})
    ir = Ir("in-experiment", n=INT)
    code = "json.dump({'artifacts': {'m': {'artifacts': [{'metadata': {'auc': 0.7}}]}}}, open(e['outputs']['outputFile'], 'w'))"
    ir.step("one", code, makes={"m": "system.Metrics"})
    job = job_of(ir, tmp_path, parameter_values={"n": 2})
    job.submit(experiment=name)
    until(job.done)
    frame = ai.get_experiment_df(name).set_index("run_name")
    assert (frame.loc["by-hand", "param.lr"], frame.loc["by-hand", "metric.auc"]) == (0.5, 0.9)
    assert (frame.loc[job.job_id, "param.n"], frame.loc[job.job_id, "metric.auc"]) == (2, 0.7)


def test_models_and_endpoints(tmp_path: Path) -> None:
    import json

    class Model(Handler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.reply(200, json.dumps({"predictions": [2 * x for x in given["instances"]]}).encode())

    with serving(Model) as image:
        ai = vertex()
        first = ai.Model.upload(
            display_name="flights", serving_container_image_uri=image, serving_container_predict_route="/predict"
        )
        second = ai.Model.upload(
            parent_model=first.resource_name,
            display_name="flights",
            serving_container_image_uri="eu/img",
            is_default_version=False,
        )
        assert (first.version_id, second.version_id, ai.Model(first.resource_name).version_id) == ("1", "2", "1")
        first.versioning_registry.add_version_aliases(["champion"], "2")
        assert ai.Model(f"{first.resource_name}@champion").version_id == "2"
        first.versioning_registry.add_version_aliases(["default"], "2")
        assert ai.Model(first.resource_name).version_id == "2"
        assert [v.version_id for v in first.versioning_registry.list_versions()] == ["1", "2"]
        endpoint = ai.Endpoint.create(display_name="flights")
        with pytest.raises(exceptions.BadRequest):
            endpoint.predict([1])
        endpoint.deploy(ai.Model(f"{first.resource_name}@1"), machine_type="n1-standard-2")
        assert endpoint.predict([1, 2]).predictions == [2, 4]
        (old,) = endpoint.traffic_split
        endpoint.deploy(ai.Model(f"{first.resource_name}@2"), machine_type="n1-standard-2", traffic_percentage=10)
        (new,) = set(endpoint.traffic_split) - {old}
        assert endpoint.traffic_split == {old: 90, new: 10}
        with pytest.raises(exceptions.BadRequest, match="100"):
            endpoint.update(traffic_split={old: 50, new: 10})
        endpoint.update(traffic_split={old: 0, new: 100})
        with pytest.raises(exceptions.MethodNotImplemented, match="runs no serving image"):
            endpoint.predict([1])
        endpoint.undeploy(old)
        endpoint.undeploy_all()
        endpoint.delete()
    first.delete()
    there = [model.resource_name for model in ai.Model.list(filter='display_name="flights"')]
    assert first.resource_name not in there


def test_faults_on_demand(tmp_path: Path) -> None:
    import http.client
    import urllib.error

    ir = Ir("faulty")
    ir.step("one", "")
    jobs = ".*/pipelineJobs"
    for status, error in (
        (403, exceptions.Forbidden),
        (429, exceptions.TooManyRequests),
        (503, exceptions.ServiceUnavailable),
    ):
        call("POST", "/standin/faults", {"path": jobs, "status": status, "method": "POST"})
        with pytest.raises(error):
            job_of(ir, tmp_path).submit()
    call("POST", "/standin/faults", {"path": jobs, "status": 401})
    with pytest.raises(InvalidOperation):  # the library tries to refresh its credentials
        job_of(ir, tmp_path).submit()
    call("POST", "/standin/faults", {"path": jobs, "status": 429, "times": 2, "retry_after": 7})
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError) as caught:
            call("GET", "/v1/projects/demo/locations/europe-west3/pipelineJobs")
        assert (caught.value.code, caught.value.headers["Retry-After"]) == (429, "7")
    call("GET", "/v1/projects/demo/locations/europe-west3/pipelineJobs")
    call("POST", "/standin/faults", {"path": jobs, "status": 0})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        call("GET", "/v1/projects/demo/locations/europe-west3/pipelineJobs")
    assert call("GET", "/standin/faults") == {"faults": []}
    assert run(ir, tmp_path).state.name == "PIPELINE_STATE_SUCCEEDED"


@pytest.mark.parametrize("headers", [{"Origin": "https://example.com"}, {"Host": "example.com:80"}])
def test_web_pages_are_refused(headers: dict[str, str]) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(f"{standin().url}/storage/v1/b", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    assert caught.value.code == 403
