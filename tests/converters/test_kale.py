"""Kale's dialect: read as Kale reads it, and what has no meaning here is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mdk_converters.convert import convert
from mdk_converters.findings import Finding
from mdk_converters.grammar import Options, Role, roles
from mdk_converters.kale import kale_settings
from mdk_converters.notebook import Notebook, parse_notebook


def cell(source: str, *tags: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"tags": list(tags), **metadata}, "source": source}


def notebook(*cells: dict[str, Any], **settings: Any) -> Notebook:
    metadata = {"kubeflow_notebook": settings} if settings else {}
    text = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)})
    return parse_notebook(text, path="hp.ipynb")


def read(*cells: dict[str, Any], **settings: Any) -> tuple[list[Role], list[Finding]]:
    return roles(notebook(*cells, **settings))


def of_severity(findings: list[Finding], *severities: str) -> list[str]:
    return [finding.code for finding in findings if finding.severity in severities]


def test_the_roles_of_kales_tags() -> None:
    found, findings = read(
        cell("print('before any tag')"),
        cell("import numpy as np", "imports"),
        cell("import os"),
        cell("def half(x): return x / 2", "functions"),
        cell("rows = 5", "pipeline-parameters"),
        cell("columns = 6"),
        cell("m = np.ones((rows, columns))", "step:create"),
        cell("m.shape", "skip"),
        cell("m = m * 2"),
        cell("total = half(m.sum())", "block:sum_up", "prev:create"),
        cell("m = m + 1", "step:create"),
        cell("print(total)", "pipeline-metrics"),
    )
    assert findings == []
    assert [(role.kind, role.component, role.carry) for role in found] == [
        ("exploration", None, False),
        ("exploration", None, True),
        ("exploration", None, True),
        ("exploration", None, True),
        ("parameters", None, False),
        ("parameters", None, False),
        ("component", "create", False),
        ("skip", None, False),
        ("component", "create", False),
        ("component", "sum_up", False),
        ("component", "create", False),
        ("skip", None, False),
    ]
    assert found[9].options == Options(after=("create",), metrics=("total",))


def test_an_empty_block_is_no_tag() -> None:
    found, findings = read(cell("a = 1", "block:load"), cell("b = 2", "block:"), cell("c = 3", "step:"))
    assert [role.component for role in found] == ["load"] * 3
    assert findings == []


@pytest.mark.parametrize(
    "tag, expected",
    [
        ("limit:cpu:2", Options(cpu=2.0)),
        ("limit:memory:4Gi", Options(memory="4Gi")),
        ("limit:nvidia.com/gpu:2", Options(gpu="nvidia.com/gpu:2")),
        ("limit:gpu:1", Options(gpu="nvidia.com/gpu:1")),
        ("image:ghcr.io/team/train:1.2", Options(image="ghcr.io/team/train:1.2")),
        ("cache:enabled", Options(cache=True)),
        ("cache:disabled", Options(cache=False)),
        ("label:team:risk", Options(labels={"team": "risk"})),
        ("annotation:a.io/url:https://x/y", Options(annotations={"a.io/url": "https://x/y"})),
        ("secret:db:password:DB_PASSWORD", Options(secrets={"DB_PASSWORD": "db:password"})),
    ],
)
def test_options(tag: str, expected: Options) -> None:
    found, findings = read(cell("x = 1", "step:train", tag))
    assert findings == []
    assert found[0].options == expected


def test_settings_of_the_notebook() -> None:
    cells = (cell("x = 1", "step:load", "limit:cpu:1", "label:team:risk"), cell("y = x", "step:train", "prev:load"))
    settings: dict[str, Any] = {
        "pipeline_name": "hp-test",
        "pipeline_description": "tunes it",
        "docker_image": "python:3.11",
        "experiment_name": "hp",
        "experiment": {"id": "new"},
        "katib_run": True,
        "enable_caching": False,
        "autosnapshot": False,
        "volumes": [{"name": "data", "mount_point": "/data"}],
        "steps_defaults": ["limit:cpu:4", "limit:memory:1Gi", "label:stage:dev"],
    }
    found, findings = read(*cells, **settings)
    shared = {"image": "python:3.11", "memory": "1Gi", "cache": False}
    assert found[0].options == Options(cpu=1.0, labels={"stage": "dev", "team": "risk"}, **shared)  # type: ignore[arg-type]
    assert found[1].options == Options(after=("load",), cpu=4.0, labels={"stage": "dev"}, **shared)  # type: ignore[arg-type]
    told = kale_settings(notebook(*cells, **settings))
    assert told is not None
    assert (told.name, told.description) == ("hp-test", "tunes it")
    assert [(f.code, f.severity, f.names) for f in findings] == [
        ("MDK131", "warning", ("volumes",)),
        ("MDK131", "note", ("experiment", "experiment_name", "katib_run")),
    ]


def test_defaults_may_be_what_kale_makes_of_them() -> None:
    defaults = {"labels": {"a": "b"}, "limits": {"cpu": "2"}, "annotations": {}, "base_image": "img:1"}
    found, findings = read(cell("x = 1", "step:load"), steps_defaults=defaults)
    assert found[0].options == Options(labels={"a": "b"}, cpu=2.0, image="img:1")
    assert findings == []


def test_metrics_belong_to_the_last_step_that_makes_them() -> None:
    found, findings = read(
        cell("rate = 0.1", "pipeline-parameters"),
        cell("loss = 1; auc = 0", "step:train"),
        cell("auc = auc + 1\ndef f():\n    other = 1", "step:test", "prev:train"),
        cell("print(auc)\nloss\nprint(rate)", "pipeline-metrics"),
        cell("print(other)\nprint(f'{auc}')"),
    )
    assert [role.options.metrics for role in found] == [(), ("loss",), ("auc",), (), ()]
    assert [(f.code, f.severity, f.place.cell_number, f.place.line) for f in findings] == [
        ("MDK131", "note", 4, 3),
        ("MDK133", "warning", 5, 1),
        ("MDK133", "warning", 5, 2),
    ]


def test_the_value_that_a_step_shows_last_is_kept() -> None:
    found, _ = read(cell("index = 1", "step:build"), cell("index"), cell("x = 2\nindex", "step:use", "prev:build"))
    assert [role.options.outputs for role in found] == [("index",), ("index",), ()]


@pytest.mark.parametrize("tag", ["report:enabled", "limit:ephemeral-storage:3Gi"])
def test_what_has_no_meaning_here_is_named(tag: str) -> None:
    found, findings = read(cell("x = 1", "step:load", tag))
    assert found[0].options == Options()
    assert [(f.code, f.severity, f.names) for f in findings] == [("MDK131", "note", (tag,))]


@pytest.mark.parametrize(
    "tags, code",
    [
        (["step:load", "limit:gpu"], "MDK132"),
        (["step:load", "limit:cpu:many"], "MDK132"),
        (["step:load", "limit:memory:4"], "MDK132"),
        (["step:load", "prev:"], "MDK132"),
        (["step:load", "cache:maybe"], "MDK132"),
        (["step:load", "secret:name:key"], "MDK132"),
        (["step:load", "label:x"], "MDK132"),
        (["step:load data"], "MDK132"),
        (["step:load", "step:train"], "MDK118"),
        (["step:load", "image:a", "image:b"], "MDK112"),
        (["step:load", "prev:nobody"], "MDK116"),
        (["step:load", "lable:a:b"], "MDK110"),
        (["prev:first"], "MDK119"),
        (["limit:cpu:1"], "MDK119"),
        (["notebook:other"], "MDK134"),
    ],
)
def test_faults_are_named(tags: list[str], code: str) -> None:
    found, findings = read(cell("x = 1", "step:first"), cell("y = 2", *tags))
    errors = [finding for finding in findings if finding.severity == "error"]
    assert [(f.code, f.place.cell_number) for f in errors] == [(code, 2)]
    assert errors[0].fix
    assert len(found) == 2


def test_foreign_tags_are_left_alone() -> None:
    _, findings = read(cell("x = 1", "step:first", "hide-input", "a:b"), cell("y = 2", "remove-cell"))
    assert findings == []


@pytest.mark.parametrize(
    "own",
    [cell("y = 2", "component:train"), cell("%%component train\ny = 2"), cell("y = 2", mdk={"component": "train"})],
)
def test_mixed_dialects_are_refused(own: dict[str, Any]) -> None:
    _, findings = read(cell("x = 1", "step:load"), own)
    assert of_severity(findings, "error") == ["MDK130"]
    assert findings[0].place.cell_number == 2


def test_a_notebook_that_has_moved_to_the_own_tags_keeps_its_kale_settings_in_vain() -> None:
    own = notebook(cell("x = 1", "component:load"), cell("import os", "imports"), pipeline_name="old")
    found, findings = roles(own)
    assert [(role.kind, role.component) for role in found] == [("component", "load"), ("exploration", None)]
    assert findings == []
    assert kale_settings(own) is None


def test_settings_without_steps() -> None:
    _, findings = read(cell("x = 1"), pipeline_name="hp")
    assert of_severity(findings, "error") == ["MDK121"]


def test_a_kale_notebook_becomes_a_pipeline() -> None:
    conversion = convert(
        notebook(
            cell("import math", "imports"),
            cell("def area(r):\n    return math.pi * r ** 2", "functions"),
            cell("radius = 2", "pipeline-parameters"),
            cell("name = 'disc'"),
            cell("size = area(radius)", "step:measure", "limit:nvidia.com/gpu:1"),
            cell("size = round(size, 2)"),
            cell("text = f'{name}: {size}'", "step:tell", "prev:measure"),
            cell("print(size)", "pipeline-metrics"),
            pipeline_name="discs",
        )
    )
    pipeline = conversion.pipeline
    assert pipeline is not None, conversion.findings
    assert pipeline.metadata.name == "discs"
    assert {name: p.default for name, p in pipeline.parameters.items()} == {"radius": 2, "name": "disc"}
    measure, tell = pipeline.components["measure"], pipeline.components["tell"]
    assert len(measure.cells) == 2
    assert measure.metrics == ["size"]
    assert measure.resources is not None
    assert measure.resources.gpu == "nvidia.com/gpu:1"
    assert tell.inputs == {"size": "measure.size"}
