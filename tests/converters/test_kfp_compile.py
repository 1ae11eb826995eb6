"""What the compiler for Kubeflow Pipelines gives, and what it refuses."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from kfp_compiler import BUNDLE, compiled, spec, step
from specs import NASTY, one_cell, pipelines, texts

from mdk_converters.codes import CODES
from mdk_converters.findings import Finding
from mdk_converters.spec import Component, Metadata, Parameter, Pipeline
from mdk_converters.targets import kfp
from mdk_converters.targets.kfp import protos
from mdk_converters.targets.kfp.keys import key, pipeline_name, task_name
from mdk_converters.targets.kfp.step import pinned


def sent(document: dict[str, Any], task: str) -> dict[str, Any]:
    """Return what the step of a task is told."""
    arguments = document["deploymentSpec"]["executors"][f"exec-{task}"]["container"]["args"]
    step: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(arguments[arguments.index("--step") + 1])))
    return step


def refused(pipeline: Pipeline) -> list[Finding]:
    with pytest.raises(kfp.TargetError) as caught:
        kfp.compile(pipeline)
    assert all(f.code in CODES and f.message and f.fix for f in caught.value.findings)
    return list(caught.value.findings)


@settings(max_examples=150)
@given(pipelines())
def test_every_pipeline_compiles_to_the_same_text_or_is_refused_with_reasons(pipeline: Pipeline) -> None:
    try:
        first = kfp.compile(pipeline, bundle=BUNDLE)
    except kfp.TargetError as error:
        assert all(finding.code in CODES and finding.fix for finding in error.findings)
        return
    text = kfp.to_yaml(first)
    assert text == kfp.to_yaml(kfp.compile(pipeline, bundle=BUNDLE))
    spec_document, *platform = yaml.safe_load_all(text)
    assert protos.parsed(spec_document, protos.pipeline_spec()) == first.spec
    for executor in spec_document["deploymentSpec"]["executors"].values():
        protos.parsed(executor, protos.executor_spec())
    assert [protos.parsed(part, protos.platform_spec()) for part in platform] == [first.platform] * len(platform)
    for name, component in pipeline.components.items():
        container = spec_document["deploymentSpec"]["executors"][f"exec-{task_name(name)}"]["container"]
        if component.is_container:
            assert container.get("command", []) == component.command and container.get("args", []) == component.args
        else:
            told = sent(spec_document, task_name(name))["cells"]
            assert [cell["source"] for cell in told] == [cell.source for cell in component.cells]


@settings(max_examples=200)
@given(texts)
def test_sources_arrive_byte_for_byte(source: str) -> None:
    assert sent(compiled(one_cell(source)), "c")["cells"] == [{"id": "c1", "line_offset": 0, "source": source}]


@pytest.mark.parametrize("source", NASTY)
def test_hard_texts_arrive_byte_for_byte(source: str) -> None:
    assert sent(compiled(one_cell(source)), "c")["cells"][0]["source"] == source


def test_a_changed_cell_changes_the_arguments_and_nothing_else_does() -> None:
    def arguments(source: str, **options: Any) -> Any:
        return compiled(one_cell(source), **options)["deploymentSpec"]["executors"]["exec-c"]["container"]["args"]

    assert arguments("x = 1") == arguments("x = 1") != arguments("x = 2")
    assert arguments("x = 1") != arguments("x = 1", bundle="f" * 64)


def test_without_a_bundle_nothing_is_imported() -> None:
    document = compiled(one_cell("x"), bundle=None)
    assert list(document["root"]["dag"]["tasks"]) == ["c"]
    assert "inputDefinitions" not in document["root"]
    assert "--bundle-sha256" not in document["deploymentSpec"]["executors"]["exec-c"]["container"]["args"]


def test_images_and_pinned_requirements() -> None:
    components = {
        "a": step("a", image="training", requirements=["pandas"]),
        "b": step("b", requirements=["pandas", "scikit_learn", "numpy>=2", "unknown"]),
    }
    images = {"training": "registry/training@sha256:" + "1" * 64}
    document = compiled(
        spec(components),
        images=lambda _, c: images[c.image] if c.image else None,
        versions={"pandas": "2.2.3", "scikit-learn": "1.5.2", "numpy": "2.1"},
        python="3.12",
    )
    executors = document["deploymentSpec"]["executors"]
    assert executors["exec-a"]["container"]["image"] == images["training"]
    assert executors["exec-b"]["container"]["image"] == "python:3.12-slim"
    assert sent(document, "a")["requirements"] == []
    assert sent(document, "b")["requirements"] == ["pandas==2.2.3", "scikit_learn==1.5.2", "numpy>=2", "unknown"]
    assert pinned("pandas[excel]", {"pandas": "2.2.3"}) == "pandas[excel]==2.2.3"


def test_the_step_knows_where_values_come_from_and_go_to() -> None:
    components = {
        "load": step("load", outputs={"größe": "float", "state.numpy_random": "state", "files": "list"}),
        "fit": step(
            "fit",
            parameters=["n", "xs"],
            inputs={"größe": "load.größe", "state.numpy_random": "load.state.numpy_random"},
            optional=["größe"],
            outputs={"auc": "float"},
            foreach="file in files",
            when="größe > 1",
            control={"files": "load.files", "größe": "load.größe"},
            timeout="1h30m",
            secrets={"TOKEN": "api"},
        ),
        "best": step("best", inputs={"aucs": "fit.auc"}),
    }
    document = compiled(spec(components, n=Parameter(type="int"), xs=Parameter(type="list", default=[1.0])))
    size = key("größe")
    assert sent(document, "load")["values"] == {
        "files": {"parameter": "value_of_files", "type": "json_items"},
        "größe": {"parameter": f"value_of_{size}", "type": "float"},
    }
    fit = sent(document, "fit")
    assert fit["item"] == {"name": "file", "key": "file", "type": "json"}
    assert fit["inputs"] == {
        "größe": {"artifact": size, "source": "load.größe", "list": False, "path": False},
        "state.numpy_random": {
            "artifact": "state__numpy_random",
            "source": "load.state.numpy_random",
            "list": False,
            "path": False,
        },
    }
    assert fit["parameters"] == {
        "n": {"key": "n", "type": "int", "items": None},
        "xs": {"key": "xs", "type": "list", "items": "float"},
    }
    assert (fit["optional"], fit["timeout"], fit["secrets"]) == (["größe"], 5400, {"TOKEN": "api"})
    assert sent(document, "best")["inputs"] == {
        "aucs": {"artifact": "aucs", "source": "fit.auc", "list": True, "path": False}
    }
    tasks = document["components"]["comp-condition-1"]["dag"]["tasks"]
    assert tasks["best"]["dependentTasks"] == ["for-loop-2"]


def test_the_step_knows_which_inputs_others_read_later() -> None:
    components = {
        "load": step("load", outputs={"df": "dataset", "ids": "list", "alone": "int"}),
        "show": step("show", inputs={"df": "load.df"}),
        "clean": step("clean", inputs={"df": "load.df", "alone": "load.alone"}),
        "last": step("last", inputs={"df": "load.df", "ids": "load.ids"}, after=["clean"], outputs={"df": "dataset"}),
    }

    def told(**options: Any) -> dict[str, tuple[list[str], list[str]]]:
        document = compiled(spec(components), **options)
        return {name: (sent(document, name)["guard"], sent(document, name)["later"]) for name in components}

    assert told() == {
        "load": ([], []),
        "show": (["df"], ["load.df", "load.ids", "load.alone"]),
        "clean": (["df"], ["load.df", "load.ids"]),
        "last": ([], ["load.df"]),
    }
    assert told(numbers={"load": 1, "show": 2, "clean": 3, "last": 4}) == {
        "load": ([], []),
        "show": (["df"], ["load.df", "load.ids", "load.alone"]),
        "clean": (["df"], ["load.df", "load.ids"]),
        "last": ([], []),
    }


def test_secrets_and_labels_are_a_document_for_kubernetes() -> None:
    from kfp import dsl, kubernetes

    with_secret = step(
        "use", secrets={"TOKEN": "api:token", "KEY": "other"}, labels={"team": "risk"}, volumes={"/data": "claim"}
    )
    result = kfp.compile(spec({"use": with_secret}))
    _, platform = yaml.safe_load_all(kfp.to_yaml(result))
    ours = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-use"]
    found: dict[str, Any] = {}

    @dsl.container_component
    def use():  # type: ignore[no-untyped-def]
        return dsl.ContainerSpec(image="x")

    @dsl.pipeline(name="p")
    def p():  # type: ignore[no-untyped-def]
        task = use()
        kubernetes.use_secret_as_env(task, "api", {"token": "TOKEN"})
        kubernetes.use_secret_as_env(task, "other", {"KEY": "KEY"})
        kubernetes.mount_pvc(task, pvc_name="claim", mount_path="/data")
        kubernetes.add_pod_label(task, "team", "risk")
        found.update(task.platform_config["kubernetes"])

    assert [{"optional": False, **secret} for secret in found["secretAsEnv"]] == ours["secretAsEnv"]
    assert found["pvcMount"] == ours["pvcMount"]
    assert found["podMetadata"] == ours["podMetadata"]
    assert kfp.to_json(result).count("\n") == 1


def test_a_loop_over_what_a_loop_gives() -> None:
    components = {
        "one": step("one", foreach="x in xs", outputs={"y": "value"}),
        "two": step("two", foreach="y in ys", control={"ys": "one.y"}),
    }
    document = compiled(spec(components, xs=Parameter(type="list", default=["a"])))
    assert sent(document, "one")["values"] == {"y": {"parameter": "value_of_y", "type": "json"}}
    first, second = document["components"]["comp-for-loop-1"], document["root"]["dag"]["tasks"]["for-loop-2"]
    channel = "pipelinechannel--one-value_of_y"
    assert first["outputDefinitions"]["parameters"] == {channel: {"parameterType": "LIST"}}
    selector = {"producerSubtask": "one", "outputParameterKey": "value_of_y"}
    assert first["dag"]["outputs"]["parameters"] == {channel: {"valueFromParameter": selector}}
    source = {"producerTask": "for-loop-1", "outputParameterKey": channel}
    assert second["inputs"]["parameters"] == {channel: {"taskOutputParameter": source}}
    assert second["dependentTasks"] == ["for-loop-1", "mdk-bundle"]
    assert second["parameterIterator"] == {"items": {"inputParameter": channel}, "itemInput": f"{channel}-loop-item"}


def test_components_with_one_condition_share_a_block() -> None:
    components = {
        "a": step("a", when="go", outputs={"x": "int"}),
        "b": step("b", when="go", outputs={"y": "int"}),
        "c": step("c", inputs={"x": "a.x", "y": "b.y"}, when="go"),
    }
    document = compiled(spec(components, go=Parameter(type="bool", default=True)))
    assert list(document["components"]["comp-condition-1"]["dag"]["tasks"]) == ["a", "b", "c"]
    assert "comp-condition-2" not in document["components"]


def test_a_component_called_as_a_block_keeps_its_name() -> None:
    document = compiled(spec({"condition-1": step("condition-1", when="go")}, go=Parameter(type="bool", default=True)))
    assert list(document["root"]["dag"]["tasks"]) == ["condition-2", "mdk-bundle"]


GO = {"go": Parameter(type="bool", default=True), "stage": Parameter(type="str", default="dev")}
REFUSED = {
    "tasks": (spec({"a_b": step("1"), "A-B": step("2")}), "MDK400", "a-b"),
    "bundle": (spec({"mdk-bundle": step("1")}), "MDK400", "mdk-bundle"),
    "keys": (spec({"a": step("1", outputs={"ü": "int", "x_c3bc": "int"})}), "MDK400", "x_c3bc"),
    "own output": (spec({"a": step("1", outputs={"mdk_html": "int"})}), "MDK400", "mdk_html"),
    "large default": (spec({"a": step("1")}, n=Parameter(type="int", default=2**60)), "MDK402", "n"),
    "infinite default": (spec({"a": step("1")}, d=Parameter(type="dict", default={"x": [float("inf")]})), "MDK402", "d"),
    "unknown kind": (
        spec({"a": step("1", outputs={"x": "value"}), "b": step("2", when="x > 1", control={"x": "a.x"})}),
        "MDK403", "x of a",
    ),
    "two conditions": (
        spec({"a": step("1", when="go"), "b": step("2", when="stage == 'dev'"), "c": step("3", after=["a", "b"])}, **GO),
        "MDK404", "c waits for a and b",
    ),
    "order of text and number": (spec({"a": step("1", when="stage < 3")}, **GO), "MDK405", "str with int"),
    "no flag": (spec({"a": step("1", when="stage")}, **GO), "MDK405", "neither True nor False"),
    "mixed items": (
        spec({"a": step("1", foreach="x in xs")}, xs=Parameter(type="list", default=[1, 0.5])), "MDK406", "xs",
    ),
    "no items": (spec({"a": step("1", foreach="x in xs")}, xs=Parameter(type="list")), "MDK406", "xs"),
    "loop over a container's list": (
        spec({"a": Component(image="i", command=["c"], outputs={"xs": "list"}),
              "b": step("2", foreach="x in xs", control={"xs": "a.xs"})}),
        "MDK406", "a.xs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    pipeline, code, text = REFUSED[name]
    assert any(finding.code == code and text in finding.message for finding in refused(pipeline))


def test_all_that_is_wrong_is_said_at_once() -> None:
    pipeline = spec(
        {"a_b": step("1", when="stage < 3"), "a-b": step("2")}, **GO, n=Parameter(type="int", default=2**60)
    )
    assert {finding.code for finding in refused(pipeline)} == {"MDK400", "MDK402", "MDK405"}


@pytest.mark.parametrize(
    ("name", "there", "warned"),
    [("churn", "churn", False), ("My_Churn 2", "my-churn-2", False), ("größe: é", "groe-e", True), ("日本", "x-c5ee71ed", True)],
)  # fmt: skip
def test_the_name_of_the_pipeline(name: str, there: str, warned: bool) -> None:
    result = kfp.compile(Pipeline(metadata=Metadata(name=name), components={"a": step("1")}))
    if name != "日本":
        assert pipeline_name(name) == there == result.spec.pipeline_info.name
    assert [finding.code for finding in result.findings] == ["MDK401"] * warned


def test_a_large_pipeline_is_told() -> None:
    import random

    noise = random.Random(1).randbytes(700_000).hex()
    assert [finding.code for finding in kfp.compile(one_cell(f"x = '{noise}'")).findings] == ["MDK407"]


def test_a_broken_character_is_refused() -> None:
    from mdk_converters.findings import SpecError

    with pytest.raises(SpecError) as caught:
        kfp.compile(one_cell("x = '\ud83d'"))
    assert caught.value.code == "MDK220"


def test_kfp_is_not_needed() -> None:
    code = """
import sys
sys.modules["kfp"] = None  # an import of it fails
from mdk_converters.spec import *
from mdk_converters.targets import kfp
step = Component(cells=[CellSource(id="a", source="x")])
print(kfp.to_json(kfp.compile(Pipeline(metadata=Metadata(name="p"), components={"a": step}))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{")
