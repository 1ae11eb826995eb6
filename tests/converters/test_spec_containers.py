"""Components that are containers of their own."""

from __future__ import annotations

import pytest

from mdk_converters.findings import Finding, SpecError
from mdk_converters.spec_reader import parse_spec
from mdk_converters.spec_writer import dump_spec
from mdk_converters.targets import TARGETS

HEAD = "apiVersion: mdk/v1\nkind: Pipeline\nmetadata: {name: p}\nparameters: {n: {type: int, default: 1}}\n"
SPEC = (
    HEAD
    + """\
components:
  load: {outputs: {rows: dataset}, source: rows = 1}
  score:
    image: spark
    command: [spark-submit]
    args: ["{{inputs.artifacts.rows.uri}}", "{{ inputs.parameters.n }}", "{{outputs.parameters.k.path}}", "{{other}}"]
    parameters: [n]
    inputs: {rows: load.rows}
    outputs: {k: int}
"""
)


def refused(component: str) -> list[Finding]:
    with pytest.raises(SpecError) as caught:
        parse_spec(f"{HEAD}components: {{c: {component}}}\n")
    return list(caught.value.findings)


def test_it_is_read_and_written() -> None:
    pipeline = parse_spec(SPEC)
    assert pipeline.components["score"].is_container and not pipeline.components["score"].cells
    text = dump_spec(pipeline)
    assert parse_spec(text) == pipeline
    assert "cells" not in text.partition("score:")[2]


@pytest.mark.parametrize(
    ("component", "code", "message"),
    [
        ("{command: [x]}", "MDK222", "needs an image"),
        ("{image: i, command: [x], source: y}", "MDK222", "has no cells"),
        ("{image: i, command: [x], requirements: [pandas]}", "MDK222", "has no requirements"),
        ("{image: i, args: ['{{inputs.parameters.m}}']}", "MDK222", "no such value: inputs.parameters.m"),
        ("{image: i, args: ['{{inputs.parameters.n}}']}", "MDK222", "no such value: inputs.parameters.n"),
        (
            "{image: i, args: ['{{outputs.artifacts.a}}'], outputs: {a: model}}",
            "MDK222",
            "has to end with .uri or .path",
        ),
        ("{image: i, args: ['{{inputs.things.a}}']}", "MDK222", "names no value"),
        ("{image: i}", "MDK202", '"cells" is missing'),
        ("{outputs: {a: int}}", "MDK202", '"cells" is missing'),
    ],
)
def test_what_is_wrong_with_one(component: str, code: str, message: str) -> None:
    findings = refused(component)
    assert any(f.code == code and message in f.message and f.place.line == 5 for f in findings), findings


@pytest.mark.parametrize("target", ["script", "notebooks"])
def test_it_has_no_code(target: str) -> None:
    with pytest.raises(SpecError) as caught:
        TARGETS[target](parse_spec(SPEC))
    assert caught.value.code == "MDK408"
