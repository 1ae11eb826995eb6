"""The plan of a submission, and what is found before anything is sent: no service, no network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import component, pipeline

from mdk_converters.findings import Finding
from mdk_converters.spec import Parameter, Pipeline, Resources
from mdk_jupyter.errors import MDKError, SubmitError, UsageError
from mdk_jupyter.project.reader import Project, parse_project
from mdk_jupyter.remote import labels, trouble
from mdk_jupyter.remote.images import is_name, is_reference
from mdk_jupyter.remote.plan import PLAIN_IMAGE, Plan
from mdk_jupyter.remote.prepare import Prepared, prepare
from mdk_jupyter.remote.schedules import schedule_problem, with_seconds
from mdk_jupyter.remote.told import read_failure
from mdk_jupyter.sources import Source

SETTINGS = """
name: churn
owner: Growth & Sales
labels: {Team: growth}
images: {gpu: "registry.example.org/gpu@sha256:%s", base: "registry.example.org/base:1"}
target: vertex
vertex: {project_id: churn-dev, region: europe-west3, pipeline_root: gs://churn-dev/runs}
kfp: {host: https://kubeflow.example.org, pipeline_root: gs://churn-dev/runs}
environments:
  dev: {}
  prod: {vertex: {project_id: churn-prod, caching: false, persistent_resource: warm}}
""" % ("0" * 64)


def small(**fields: Any) -> Pipeline:
    load = component("rows = [1]", name="load", outputs={"rows": "list"}, parameters=["rate"], requirements=["pyyaml"])
    train = component("score = rows", name="train", inputs={"rows": "load.rows"}, **fields)
    parameters = {"rate": Parameter(type="float", default=0.5), "rates": Parameter(type="list", default=[1.0])}
    parameters["options"] = Parameter(type="dict", default={"a": 1, "b": [0.5, "x"]})
    return pipeline(parameters, load=load, train=train)


def prepared(folder: Path, made: Pipeline | None = None, settings: str = SETTINGS, **options: Any) -> Prepared:
    project = Project(folder, folder / "mdk.yaml", parse_project(settings))
    found = options.pop("findings", ())
    return prepare(Source(folder / "churn.py", made or small(), folder, found), project, **{"given": {}, **options})


def plan(folder: Path, made: Pipeline | None = None, **options: Any) -> Plan:
    return prepared(folder, made, **options).plan


def refused(folder: Path, made: Pipeline | None = None, **options: Any) -> MDKError:
    with pytest.raises(MDKError) as caught:
        prepared(folder, made, **options)
    return caught.value


def test_a_plan_says_what_is_sent_and_what_it_costs(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n")
    resources = Resources(cpu=4, memory="16Gi", gpu="nvidia-tesla-t4:2")
    made = small(image="gpu", resources=resources, retries=2, timeout="30m", cache=False, files=["data.csv"])
    found = plan(tmp_path, made, given={"rate": "2"})

    assert (found.target, found.environment, found.root) == ("vertex", "dev", "gs://churn-dev/runs")
    assert re.fullmatch(r"[a-z][-a-z0-9]{0,127}", found.job)
    assert found.labels == {
        "mdk_environment": "dev",
        "mdk_pipeline": found.name,
        "owner": "growth-sales",
        "team": "growth",
    }
    assert found.changed == {"rate": 2.0} and found.arguments["rate"] == 2.0
    assert found.arguments["mdk_bundle"] == f"gs://churn-dev/runs/mdk/bundles/{found.bundle.sha256}.zip"
    assert found.bundle.contents == {"data.csv": 4}
    load, train = found.steps
    assert (load.image, load.cached, load.machine) == (PLAIN_IMAGE, True, "default machine")
    assert re.fullmatch(r"pyyaml==[\d.]+", load.installs[0]), "what is installed here is installed there"
    assert (train.pinned, train.cached, train.after, train.installs) == (True, False, ("load",), ())
    assert train.machine == "4 cpu, 16Gi, nvidia-tesla-t4:2"
    assert any("2 × nvidia-tesla-t4 for train" in cost for cost in found.costs)
    text, page, content = str(found), found._repr_mimebundle_()["text/html"], found.to_json()
    for said in (found.job, "churn-dev", "europe-west3", "rate = 2.0", "data.csv", "at most 30m", "2 retries"):
        assert said in text and said in page
    json.dumps(content)
    assert content["spec_size"] == len(found.document.spec.encode()) and content["vertex"]["region"] == "europe-west3"


def test_environments_and_targets_differ(tmp_path: Path) -> None:
    prod = plan(tmp_path, environment="prod")
    assert "churn-prod" in str(prod) and not any(step.cached for step in prod.steps)
    assert "enableCache" not in json.dumps([t for t in tasks(prod) if t["taskInfo"]["name"] != "mdk-bundle"])
    assert any("persistent resource warm" in cost for cost in prod.costs)
    kfp = plan(tmp_path, target="kfp")
    assert kfp.service.model_dump()["host"] == "https://kubeflow.example.org"
    assert len({prod.job, kfp.job, plan(tmp_path).job}) == 3


def tasks(found: Plan) -> list[dict[str, Any]]:
    return list(json.loads(found.document.spec)["root"]["dag"]["tasks"].values())


def test_the_same_plan_is_the_same_job_and_any_change_another(tmp_path: Path) -> None:
    first = plan(tmp_path)
    assert plan(tmp_path).job == first.job and plan(tmp_path, given={"rate": 0.5}).job == first.job
    (tmp_path / "extra.txt").write_text("1")
    others = [
        plan(tmp_path, given={"rate": 1}),
        plan(tmp_path, small(retries=1)),
        plan(tmp_path, small(files=["extra.txt"])),
        plan(tmp_path, environment="prod"),
        plan(tmp_path, settings=SETTINGS.replace("growth}", "sales}")),
        plan(tmp_path, settings=SETTINGS.replace("churn-dev/runs", "churn-dev/other")),
        plan(tmp_path, again="1"),
        plan(tmp_path, again="2"),
    ]
    assert len({first.job, *(other.job for other in others)}) == len(others) + 1


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    local = Finding("MDK151", "component 'load' reads the file 'a.csv' of this machine", severity="warning")
    error = refused(
        tmp_path,
        small(image="gpuu", files=["missing.csv"]),
        settings="name: churn\nlabels: {1st: x, 2nd: y}",
        target="vertex",
        given={"rat": 1, "rate": "x"},
        findings=[local],
    )
    assert isinstance(error, SubmitError)
    codes = [finding.code for finding in error.findings]
    assert codes.count("MDK461") == 3 and codes.count("MDK465") == 2
    assert {"MDK306", "MDK307", "MDK151", "MDK464", "MDK420"} <= {*codes}
    assert all(finding.fix for finding in error.findings), "each says what to do"
    root = next(f for f in error.findings if "pipeline_root" in f.message)
    assert "pipeline_root: gs://" in root.fix, "the line to add"
    assert all(f.severity == "error" for f in error.findings if f.code == "MDK151")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ({"settings": "name: x"}, "MDK460", "no target is set"),
        ({"settings": SETTINGS.replace("target: vertex", "")}, "MDK460", "settings for both"),
        ({"given": {"rates": [1.0, 2]}}, "MDK467", "items are of the type float"),
        ({"given": {"rates": [float("nan")]}}, "MDK467", "no number to JSON"),
        ({"given": {"options": {"b": 1, "a": 2}}}, "MDK467", "alphabetical order"),
        ({"given": {"options": {"a": {"c": [1.0]}}}}, "MDK467", "1.0 becomes 1"),
        ({"given": {"rates": [0.5] * 3000}}, "MDK468", "'rates'"),
        ({"schedule": "daily"}, "MDK470", "no schedule"),
        ({"schedule": "0 6 * *"}, "MDK470", "it has 4 fields, not 5"),
        ({"schedule": "0 25 * * *"}, "MDK470", "its hour is 25, which is not from 0 to 23"),
        ({"schedule": "0 6 * * fry"}, "MDK470", "its weekday is fry"),
        ({"schedule": "*/0 6 * * *"}, "MDK470", "its minute is */0"),
        ({"schedule": "0 6 9-1 * *"}, "MDK470", "9-1, which ends before it begins"),
        ({"schedule": "TZ=Europe/Berln 0 6 * * *"}, "MDK470", "no time zone Europe/Berln"),
        (
            {"target": "kfp", "settings": SETTINGS.replace("kfp: {", "kfp: {token_variable: NO_SUCH, ")},
            "MDK463",
            "NO_SUCH",
        ),
        ({"target": "kfp", "settings": SETTINGS.replace("kfp: {", "kfp: {token_file: /none, ")}, "MDK463", "/none"),
    ],
)
def test_what_is_refused(options: dict[str, Any], code: str, said: str, tmp_path: Path) -> None:
    error = refused(tmp_path, **options)
    (finding,) = [finding for finding in error.findings if finding.severity == "error"]
    assert finding.code == code and said in finding.message and finding.fix


@pytest.mark.parametrize(
    ("schedule", "sixfold"),
    [
        ("0 6 * * 1", "0 0 6 * * 1"),
        ("*/5 0-6/2,22 1,15 jan-Mar mon", "0 */5 0-6/2,22 1,15 jan-Mar mon"),
        ("TZ=Europe/Berlin 0 6 * * 1", "TZ=Europe/Berlin 0 0 6 * * 1"),
        ("CRON_TZ=UTC 0 6 ? * 7", "TZ=UTC 0 0 6 ? * 7"),
    ],
)
def test_schedules_that_can_be_read(schedule: str, sixfold: str) -> None:
    assert schedule_problem(schedule) is None and with_seconds(schedule) == sixfold


def test_usage_and_the_pipeline_are_told_apart(tmp_path: Path) -> None:
    assert isinstance(refused(tmp_path, given={"rat": 1}), UsageError)
    assert isinstance(refused(tmp_path, small(image="gpuu")), SubmitError)


def test_warnings_stop_nothing(tmp_path: Path) -> None:
    found = prepared(tmp_path, settings=SETTINGS.replace("europe-west3", "europe-west33"))
    assert {finding.code for finding in found.warnings} >= {"MDK462", "MDK466"}


@pytest.mark.parametrize("text", ["0 6 * * 1", "*/5 0-3 1,15 JAN MON", "TZ=Europe/Berlin 0 6 * * *", "off"])
def test_schedules(text: str, tmp_path: Path) -> None:
    assert plan(tmp_path, schedule=text).schedule == text


@given(st.text(max_size=80))
def test_labels_are_what_google_takes(text: str) -> None:
    found = labels.normalised(text)
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", found) and labels.normalised(found) == found
    if re.fullmatch(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?", text):
        assert found == text


@pytest.mark.parametrize(
    ("image", "name", "reference"),
    [
        ("training", True, True),
        ("python:3.12-slim", False, True),
        ("europe-docker.pkg.dev/p/r/i@sha256:" + "a" * 64, False, True),
        ("registry:5000/a/b:tag", False, True),
        ("UPPER/x", False, False),
        ("a/b@sha256:12", False, False),
        ("https://registry/x", False, False),
    ],
)
def test_references_of_images(image: str, name: bool, reference: bool) -> None:
    assert (is_name(image), is_reference(image)) == (name, reference)


class Answered(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"{code} Permission 'aiplatform.pipelineJobs.create' denied" if code == 403 else str(code))
        self.code = code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Answered(401), "MDK472"),
        (Answered(403), "MDK473"),
        (Answered(404), "MDK477"),
        (Answered(429), "MDK474"),
        (Answered(400), "MDK476"),
        (Answered(503), "MDK475"),
        (ConnectionError("refused"), "MDK475"),
        (TimeoutError(), "MDK475"),
    ],
)
def test_what_services_say_is_explained(error: Exception, code: str) -> None:
    with pytest.raises(MDKError) as caught, trouble.explained("Vertex AI", "submit"):
        raise error
    (finding,) = caught.value.findings
    assert finding.code == code and finding.fix
    assert code != "MDK473" or "aiplatform.pipelineJobs.create" in finding.fix, "which permission"


@pytest.mark.parametrize(
    ("said", "permission"),
    [
        ("Permission 'aiplatform.pipelineJobs.create' denied on resource 'x'", "aiplatform.pipelineJobs.create"),
        ("ana@example.org does not have storage.objects.create access to the bucket", "storage.objects.create"),
        ("missing permission iam.serviceAccounts.actAs on the account", "iam.serviceAccounts.actAs"),
        ("this is not allowed", ""),
    ],
)
def test_the_missing_permission_is_named(said: str, permission: str) -> None:
    error = Answered(403)
    error.args = (said,)
    with pytest.raises(MDKError) as caught, trouble.explained("Cloud Storage", "write"):
        raise error
    assert caught.value.findings[0].names == ((permission,) if permission else ())


def test_a_fault_of_our_own_stays_one() -> None:
    with pytest.raises(KeyError), trouble.explained("Vertex AI", "submit"):
        raise KeyError("x")


def test_patience_repeats_what_passes_and_nothing_else() -> None:
    tries: list[int] = []

    def call() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise Answered(429)
        return "done"

    assert trouble.patiently(call, (0, 0)) == "done" and len(tries) == 3
    tries.clear()
    with pytest.raises(Answered):
        trouble.patiently(call, (0,))
    tries.clear()

    def broken() -> None:
        tries.append(1)
        raise ValueError("a mistake")

    with pytest.raises(ValueError):
        trouble.patiently(broken, (0, 0))
    assert len(tries) == 1


def test_a_failure_is_read_back_from_a_log() -> None:
    log = (
        "hello\nThe replica exited with 1. error MDK300: step 'train' failed: IndexError: out of range\n"
        "  in churn.ipynb, cell c3, line 4\n  4 | rows[9]\n  fix: mend the cell\n\nTraceback (most recent call last):\n  x\n"
    )
    (finding,), trace = read_failure(log, "train", {"c3": 7})
    assert (finding.code, finding.message, finding.fix) == (
        "MDK300",
        "step 'train' failed: IndexError: out of range",
        "mend the cell",
    )
    place = finding.place
    assert (place.notebook, place.cell_number, place.cell_id, place.line, place.text) == (
        "churn.ipynb",
        7,
        "c3",
        4,
        "rows[9]",
    )
    assert trace == "Traceback (most recent call last):\n  x"
    (other,), trace = read_failure("Killed\n", "train", {})
    assert other.code == "MDK480" and trace == "Killed"


def test_volumes_are_for_clusters(tmp_path: Path) -> None:
    made = small(volumes={"/data": "claim"})
    [finding] = [f for f in refused(tmp_path, made).findings if f.severity == "error"]
    assert finding.code == "MDK485" and "claim" in finding.message
    assert "pvcMount" in plan(tmp_path, made, target="kfp").document.package


def test_packages_that_are_not_here_are_not_installed_there(tmp_path: Path) -> None:
    made = small(requirements=["no_such_package_here", "PyYAML", "no-such-package-either==1.0"])
    found = prepared(tmp_path, made)
    step = next(step for step in found.plan.steps if step.name == "train")
    assert [line.split("==")[0] for line in step.installs] == ["PyYAML", "no-such-package-either"]
    [warning] = [finding for finding in found.warnings if finding.code == "MDK484"]
    assert warning.names == ("train", "no_such_package_here")


def test_steps_that_use_the_registry_are_told_of_it_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import mdk_jupyter as mdk\ndef keep(m): return mdk.log_model('m', m)\n")
    made = pipeline(
        None,
        load=component("rows = [1]", name="load"),
        log=component("import own\nown.keep({})", name="log", env={"MDK_REGISTRY_ARTIFACTS": "gs://mine"}),
        exact=component("m = mdk.load_model('flights/1.2.3')", name="exact"),
        moving=component("a = mdk.load_model('flights/1.2.3')\nb = mdk.load_model('flights@champion', environment='prod')", name="moving"),
    )  # fmt: skip
    settings = SETTINGS + 'registry: {url: "https://registry.example.org", token_secret: "registry:token"}\n'
    found = prepared(tmp_path, made, settings)
    parts = found.pipeline.components
    assert not parts["load"].env and not parts["load"].secrets
    assert {name: part.cache for name, part in parts.items()} == {"load": True, "log": True, "exact": True, "moving": False}  # fmt: skip
    for name in ("log", "exact", "moving"):
        assert parts[name].secrets == {"MDK_REGISTRY_TOKEN": "registry:token"}
        assert parts[name].env["MDK_REGISTRY"] == "https://registry.example.org"
        origin = json.loads(parts[name].env["MDK_REGISTRY_ORIGIN"])
        assert (origin["project"], origin["target"]) == ("churn", "vertex")
    assert parts["exact"].env["MDK_REGISTRY_ARTIFACTS"] == "gs://churn-dev/runs/mdk/models"
    assert parts["log"].env["MDK_REGISTRY_ARTIFACTS"] == "gs://mine", "what the component says itself counts"
    assert [step.secrets for step in found.plan.steps if step.name == "log"] == [("MDK_REGISTRY_TOKEN",)]

    without = prepared(tmp_path, made, settings.replace(', token_secret: "registry:token"', ""))
    assert [finding.code for finding in without.warnings].count("MDK486") == 3
    alone = prepared(tmp_path, made).pipeline.components["log"]
    assert "MDK_REGISTRY" not in alone.env and not alone.secrets, "a file on this machine is nothing for a container"


def test_an_image_of_one_run_goes_before_that_of_the_project(tmp_path: Path) -> None:
    made = small(image="base")
    built = f"registry.example.org/base@sha256:{'1' * 64}"
    before, other = plan(tmp_path, made), plan(tmp_path, made, images={"base": built})
    assert built in other.document.spec and "base:1" not in other.document.spec
    assert before.job != other.job, "another image is another run"
    # A name that the project does not know is known for this run.
    assert built in plan(tmp_path, small(image="new"), images={"new": built}).document.spec
    error = refused(tmp_path, made, images={"base": "not a reference"})
    assert "MDK464" in {finding.code for finding in error.findings}
