"""One grammar in three spellings: what each says, what they say together, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_converters.codes import CODES
from mdk_converters.findings import Finding, NotebookError
from mdk_converters.grammar import (
    COMPONENT_OPTIONS,
    Options,
    Role,
    component_line,
    merge_options,
    parse_component_line,
    roles,
)
from mdk_converters.notebook import parse_notebook


def cell(source: str = "x = 1", *tags: str, mdk: Any = None, kind: str = "code", **metadata: Any) -> dict[str, Any]:
    said = {"tags": list(tags), **metadata, **({} if mdk is None else {"mdk": mdk})}
    return {"cell_type": kind, "metadata": said, "source": source}


def read(*cells: dict[str, Any]) -> tuple[list[Role], list[Finding]]:
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)})
    return roles(parse_notebook(text, path="churn.ipynb"))


def kinds(found: Iterable[Role]) -> list[tuple[str, str | None]]:
    return [(role.kind, role.component) for role in found]


def codes(findings: Iterable[Finding]) -> list[str]:
    return [finding.code for finding in findings]


# --- roles


def test_every_code_cell_has_a_role() -> None:
    found, findings = read(
        cell("import os"),
        cell("# A", kind="markdown"),
        cell("rate = 0.1", "parameters"),
        cell("x = 1", "component:load", "hide-input"),
        cell("x.head()", "skip"),
        cell("%%component train\ny = x"),
        cell("z = y", mdk={"component": "load"}),
    )
    assert kinds(found) == [
        ("exploration", None),
        ("parameters", None),
        ("component", "load"),
        ("skip", None),
        ("component", "train"),
        ("component", "load"),
    ]
    assert findings == []


def test_the_component_line_is_taken_out_and_counted() -> None:
    found, _ = read(cell("\n  \n%%component load --cpu 2\n%%time\nx = 1\n"))
    assert (found[0].source, found[0].line_offset) == ("%%time\nx = 1\n", 3)


def test_a_cell_that_is_only_the_line() -> None:
    found, findings = read(cell("%%component load"))
    assert (found[0].component, found[0].source, found[0].line_offset) == ("load", "", 1)
    assert findings == []


@pytest.mark.parametrize(
    "source", ["%%components load", "# %%component load", "x = '''\n%%component load'''", "%%time"]
)
def test_what_only_looks_like_the_line(source: str) -> None:
    assert component_line(source) == (None, 0, source)


# --- the spellings mean the same

OPTIONS: list[tuple[str, str, Any, Options]] = [
    ("after", "load", "load", Options(after=("load",))),
    ("after", "load,clean", ["load", "clean"], Options(after=("load", "clean"))),
    ("cpu", "4", 4, Options(cpu=4.0)),
    ("cpu", "500m", 0.5, Options(cpu=0.5)),
    ("memory", "16Gi", "16Gi", Options(memory="16Gi")),
    ("gpu", "nvidia-tesla-t4:2", "nvidia-tesla-t4:2", Options(gpu="nvidia-tesla-t4:2")),
    ("gpu", "nvidia-tesla-t4", "nvidia-tesla-t4", Options(gpu="nvidia-tesla-t4:1")),
    ("gpu", "2", 2, Options(gpu="nvidia.com/gpu:2")),
    ("image", "python:3.12", "python:3.12", Options(image="python:3.12")),
    ("retries", "2", 2, Options(retries=2)),
    ("timeout", "30m", "30m", Options(timeout="30m")),
    ("cache", "off", False, Options(cache=False)),
    ("cache", "on", True, Options(cache=True)),
    ("description", "cleans: all of it", "cleans: all of it", Options(description="cleans: all of it")),
    ("requirement", "pandas>=2,<3", "pandas>=2,<3", Options(requirements=("pandas>=2,<3",))),
    ("requirements", "a", ["a"], Options(requirements=("a",))),
    ("file", "data/*.csv", "data/*.csv", Options(files=("data/*.csv",))),
    ("changes", "model", "model", Options(changes=("model",))),
    ("output", "auc,modèle", ["auc", "modèle"], Options(outputs=("auc", "modèle"))),
    ("metric", "auc", "auc", Options(metrics=("auc",))),
    ("env", "STAGE=a=b c", {"STAGE": "a=b c"}, Options(env={"STAGE": "a=b c"})),
    ("secret", "TOKEN=api:key", {"TOKEN": "api:key"}, Options(secrets={"TOKEN": "api:key"})),
    ("volume", "/data=claim", {"/data": "claim"}, Options(volumes={"/data": "claim"})),
    ("label", "team=risk", {"team": "risk"}, Options(labels={"team": "risk"})),
    ("annotation", "a.b/c=d", ["a.b/c=d"], Options(annotations={"a.b/c": "d"})),
]


@pytest.mark.parametrize("word, text, value, expected", OPTIONS, ids=[f"{o[0]}-{o[1]}" for o in OPTIONS])
def test_three_spellings_mean_the_same(word: str, text: str, value: Any, expected: Options) -> None:
    others = [cell("x", "component:load"), cell("x", "component:clean")]
    spellings = [
        cell("x = 1", "component:train", f"{word}:{text}"),
        cell(f'%%component train --{word} "{text}"\nx = 1'),
        cell(f'%%component "--{word}={text}" train\nx = 1'),
        cell("x = 1", mdk={"component": "train", word: value}),
        cell("x = 1", mdk={"component": "train", word: text}),
        cell(f'%%component train --{word} "{text}"\nx = 1', "component:train", mdk={word: text}),
    ]
    for spelling in spellings:
        found, findings = read(*others, spelling)
        assert findings == []
        assert (found[2].component, found[2].source, found[2].options) == ("train", "x = 1", expected)


def test_resources_may_be_nested() -> None:
    mdk = {"component": "train", "resources": {"cpu": 4, "memory": "16Gi", "gpu": "t4"}, "after": [], "image": ""}
    found, findings = read(cell("x", mdk=mdk))
    assert findings == []
    assert found[0].options == Options(cpu=4.0, memory="16Gi", gpu="t4:1")


def test_roles_in_metadata() -> None:
    found, findings = read(
        cell("a = 1", mdk={"parameters": True}),
        cell("b", mdk={"skip": True}),
        cell("c", mdk={"skip": False, "component": "x"}),
        cell("d", mdk={"component": "", "resources": {}}),  # an emptied form
    )
    assert kinds(found) == [("parameters", None), ("skip", None), ("component", "x"), ("exploration", None)]
    assert findings == []


def test_options_of_all_cells_are_those_of_the_component() -> None:
    found, findings = read(
        cell("a", "component:load"),
        cell("b", "component:train", "cpu:4", "after:load", "label:a=1"),
        cell("c", "component:other"),
        cell("d", "component:train", "memory:2Gi", "cpu:4", "after:other", "label:b=2"),
    )
    assert findings == []
    expected = Options(after=("load", "other"), cpu=4.0, memory="2Gi", labels={"a": "1", "b": "2"})
    assert found[1].options == found[3].options == expected


# --- what is refused


def test_tags_of_other_tools_are_left_alone() -> None:
    foreign = [
        "hide-input", "remove-cell", "raises-exception", "nbval-skip", "skip-execution", "skip-doctest", "solution",
        "slide", "outputPrepend", "export", "exercise", "remove_output", "todo", "a:b", "name:x", "fig:1", "tags",
        "nbdev:export", "step", "file", "test", "thebe-init", "full-width", "scroll-output", "active-ipynb",
    ]  # fmt: skip
    found, findings = read(cell("x", "component:a"), cell("y", *foreign))
    assert findings == []
    assert found[1].kind == "exploration"


FAULTY: list[tuple[str, list[dict[str, Any]], str, str]] = [
    ("misspelt component", [cell("x", "componet:load")], "MDK110", "component:load"),
    ("capitals", [cell("x", "Component:load")], "MDK110", "component:load"),
    ("component without name", [cell("x", "component")], "MDK110", "component:NAME"),
    ("component with a dash", [cell("x", "component-load")], "MDK110", "component:NAME"),
    ("misspelt option", [cell("x", "component:load", "memroy:2Gi")], "MDK110", "memory:2Gi"),
    ("misspelt parameters", [cell("x", "parameter")], "MDK110", "parameters"),
    ("unknown flag", [cell("%%component load --cpus 4")], "MDK110", "--cpu"),
    ("one dash", [cell("%%component load -cpu 4")], "MDK110", "--cpu"),
    ("unknown key", [cell("x", mdk={"component": "load", "retry": 2})], "MDK110", "retries"),
    ("unknown resource", [cell("x", mdk={"component": "load", "resources": {"ram": 2}})], "MDK110", "resources.ram"),
    ("cpu of none", [cell("x", "component:load", "cpu:0")], "MDK111", "cpu:0"),
    ("cpu without number", [cell("x", "component:load", "cpu:")], "MDK111", "cpu"),
    ("cpu that is a switch", [cell("x", mdk={"component": "load", "cpu": True})], "MDK111", "cpu: true"),
    ("cpu without end", [cell("x", "component:load", "cpu:inf")], "MDK111", "cpu:inf"),
    ("memory without unit", [cell("x", "component:load", "memory:16")], "MDK111", "16Gi"),
    ("memory in GB", [cell("x", "component:load", "memory:16GB")], "MDK111", "16Gi"),
    ("half a gpu", [cell("x", "component:load", "gpu:t4:0.5")], "MDK111", "gpu:t4:0.5"),
    ("negative retries", [cell("%%component load --retries -1")], "MDK111", "-1"),
    ("timeout without unit", [cell("x", mdk={"component": "load", "timeout": 30})], "MDK111", "30m"),
    ("cache perhaps", [cell("x", "component:load", "cache:maybe")], "MDK111", "on or off"),
    ("output that is no name", [cell("x", "component:load", "output:df[0]")], "MDK111", "df[0]"),
    ("env without value", [cell("x", "component:load", "env:STAGE")], "MDK111", "NAME=VALUE"),
    ("env nested", [cell("x", mdk={"component": "load", "env": {"A": [1]}})], "MDK111", "text"),
    ("volume without claim", [cell("x", "component:load", "volume:/data=")], "MDK111", "/FOLDER=CLAIM"),
    ("secret without name", [cell("x", "component:load", "secret:TOKEN=")], "MDK111", "VARIABLE=SECRET"),
    ("image of two words", [cell("x", "component:load", "image:my image")], "MDK111", "without spaces"),
    ("role that is no switch", [cell("x", "component:a"), cell("x", mdk={"skip": 1})], "MDK111", "true or false"),
    ("two values of one option", [cell("x", "component:load", "cpu:2", "cpu:4")], "MDK112", "`cpu:2` and `cpu:4`"),
    ("line against tag", [cell("%%component load --cpu 4", "cpu:2")], "MDK112", "tags and the %%component line"),
    ("line against metadata", [cell("%%component load --cpu 4", mdk={"cpu": 2})], "MDK112", "metadata.mdk"),
    ("two names", [cell("%%component load", "component:lead")], "MDK112", "lead and load"),
    ("skip against line", [cell("%%component load", "skip")], "MDK112", "two roles"),
    ("lists that differ", [cell("%%component load --file b", "component:load", "file:a")], "MDK112", "file:a"),
    ("name with a space", [cell("x", "component:load data")], "MDK113", "load-data"),
    ("name in another script", [cell("x", "component:модель")], "MDK113", "модель"),
    ("name with a number first", [cell("x", "component:1. Préparer")], "MDK113", "step-1-Preparer"),
    ("name too long", [cell("x", f"component:{'a' * 64}")], "MDK113", "a" * 64),
    ("no name", [cell("x", "component:")], "MDK113", "no name"),
    ("name that is a number", [cell("x", mdk={"component": 7})], "MDK113", "name"),
    ("names nearly the same", [cell("x", "component:load_it"), cell("y", "component:Load-it")], "MDK114", "load_it"),
    ("cells that disagree", [cell("x", "component:a", "cpu:1"), cell("y", "component:a", "cpu:2")], "MDK115", "cpu"),
    ("labels that disagree", [cell("%%component a --label k=1"), cell("%%component a --label k=2")], "MDK115", "label"),
    ("after nobody", [cell("x", "component:load"), cell("y", "component:train", "after:laod")], "MDK116", "load"),
    ("after itself", [cell("x", "component:train", "after:train")], "MDK116", "itself"),
    ("two parameters cells", [cell("x", "component:a"), cell("a = 1", "parameters"), cell("b = 1", "parameters")],
     "MDK117", "cell 2"),
    ("two roles", [cell("x", "component:load", "parameters")], "MDK118", "two roles"),
    ("two components", [cell("x", "component:load", "component:train")], "MDK118", "load and train"),
    ("option of nobody", [cell("x", "component:a"), cell("y", "cpu:4")], "MDK119", "cpu:4"),
    ("option of parameters", [cell("x", "component:a"), cell("y = 1", "parameters", "cpu:4")], "MDK119", "cpu:4"),
    ("line without name", [cell("%%component")], "MDK120", "no component"),
    ("line with options only", [cell("%%component --cpu 4")], "MDK120", "no component"),
    ("line with two names", [cell("%%component load data")], "MDK120", "data"),
    ("flag without value", [cell("%%component load --cpu")], "MDK120", "no value"),
    ("flag before a flag", [cell("%%component load --cpu --memory 2Gi")], "MDK120", "--cpu"),
    ("open quotes", [cell("%%component load --description 'a")], "MDK120", "quot"),
    ("line below a comment", [cell("x", "component:a"), cell("# train\n%%component train")], "MDK120", "first line"),
    ("line below another magic", [cell("x", "component:a"), cell("%%time\n%%component train")], "MDK120", "first line"),
    ("no component", [cell("x")], "MDK121", "no cell"),
    ("metadata that is text", [cell("x", "component:a", mdk="train")], "MDK122", "str"),
    ("resources that are text", [cell("x", mdk={"component": "a", "resources": "4"})], "MDK122", "resources"),
    ("another language", [cell("select 1", "component:a", vscode={"languageId": "sql"})], "MDK108", "sql"),
]  # fmt: skip


@pytest.mark.parametrize("cells, code, words", [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_faults_are_named(cells: list[dict[str, Any]], code: str, words: str) -> None:
    found, findings = read(*cells)
    faults = [finding for finding in findings if finding.code == code]
    assert faults, findings
    assert words in faults[0].message + faults[0].fix
    assert faults[0].severity == "error"
    assert faults[0].fix
    assert faults[0].place.cell_number == (None if code == "MDK121" else len(cells))
    assert len(found) == len(cells)  # the rest of the notebook is still looked at
    assert {finding.code for finding in findings} == {code}


@pytest.mark.parametrize(
    "line, column, words",
    [
        ("%%component train --cpus 4", 19, "--cpus"),
        ("  %%component train --cpu 4 --memory 16", 29, "16"),
        ("%%component train extra", 19, "extra"),
        ("%%component tr@in", 13, "tr@in"),
    ],
)
def test_the_column_of_a_fault_in_the_line(line: str, column: int, words: str) -> None:
    _, findings = read(cell(f"\n{line}\nx = 1"))
    place = findings[0].place
    assert (place.line, place.column, place.text) == (2, column, line)
    assert words in findings[0].message


def test_all_faults_are_reported_at_once() -> None:
    _, findings = read(
        cell("x", "component:load", "cpu:x", "memroy:1Gi"),
        cell("%%component train --retry 2 --timeout x"),
        cell("y", "after:load"),
    )
    assert sorted(codes(findings)) == ["MDK110", "MDK110", "MDK111", "MDK111", "MDK119"]


def test_values_that_papermill_injected_are_left_out() -> None:
    found, findings = read(cell("a = 1", "parameters"), cell("a = 2", "injected-parameters"), cell("x", "component:c"))
    assert [role.kind for role in found] == ["parameters", "skip", "component"]
    assert [(f.code, f.severity) for f in findings] == [("MDK123", "note")]


def test_a_tag_on_a_markdown_cell_is_a_warning() -> None:
    _, findings = read(cell("x", "component:a"), cell("# A", "component:b", "skip", kind="markdown"))
    assert [(f.code, f.severity, f.place.cell_number) for f in findings] == [("MDK124", "warning", 2)]


@pytest.mark.parametrize(
    "language, source, kind",
    [
        ("sql", "select 1", "skip"),
        ("python", "x = 1", "exploration"),
        ("plaintext", "x = 1", "exploration"),  # what VS Code notes while no Python extension is loaded
        ("shellscript", "%%bash\nls", "exploration"),  # what it notes for the body of a cell magic
    ],
)
def test_languages_of_cells(language: str, source: str, kind: str) -> None:
    found, findings = read(cell("x", "component:a"), cell(source, vscode={"languageId": language}))
    assert found[1].kind == kind
    assert codes(findings) == (["MDK108"] if kind == "skip" else [])
    assert all(finding.severity == "note" for finding in findings)


# --- the parts that others use


def test_parse_component_line() -> None:
    name, options = parse_component_line("train --cpu 4 --after load --after clean,split --label a=1 --label b=2")
    assert name == "train"
    assert options == Options(after=("load", "clean", "split"), cpu=4.0, labels={"a": "1", "b": "2"})


def test_parse_component_line_reports_everything() -> None:
    with pytest.raises(NotebookError) as caught:
        parse_component_line("--cpus 4 --memory x")
    assert sorted(f.code for f in caught.value.findings) == ["MDK110", "MDK111", "MDK120"]
    assert all(f.place.text == "%%component --cpus 4 --memory x" for f in caught.value.findings)


def test_merge_options() -> None:
    one = Options(cpu=2.0, after=("a",), labels={"x": "1"}, retries=0)
    other = Options(cpu=4.0, after=("b", "a"), labels={"x": "2", "y": "3"}, memory="1Gi", retries=0)
    merged, differing = merge_options(one, other)
    assert merged == Options(cpu=2.0, after=("a", "b"), labels={"x": "1", "y": "3"}, memory="1Gi", retries=0)
    assert differing == ("cpu", "label")


def test_every_option_explains_itself() -> None:
    for word, option in COMPONENT_OPTIONS.items():
        assert option.word == word
        assert option.help
        line = f"%%component a {option.flag}\n" if word in ("when", "foreach") else ""  # which tags may only repeat
        tagged = cell(f"{line}y", "component:a", f"{word}:{option.example}")
        found, findings = read(cell("x", "component:load"), tagged)
        assert findings == []
        assert found[1].options != Options()


def test_every_field_of_options_can_be_written() -> None:
    assert {option.field for option in COMPONENT_OPTIONS.values()} == set(Options.__dataclass_fields__)


@given(st.text(max_size=40))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        name, _ = parse_component_line(line)
    except NotebookError as error:
        assert error.findings
        assert all(f.code in CODES for f in error.findings)
    else:
        assert name


WORDS = st.sampled_from([*COMPONENT_OPTIONS, "component", "parameters", "skip", "resources", "runs"])
VALUES = st.sampled_from(["4", "2Gi", "a", "b", "a=1", "x:y", "", "30m", "9" * 500 + "Gi", "on"])


@given(st.lists(st.tuples(WORDS, VALUES), max_size=5))
def test_any_combination_is_read_the_same_in_tags_and_metadata(said: list[tuple[str, str]]) -> None:
    """What one spelling accepts the other accepts, with the same meaning."""
    said = [(word, value) for word, value in dict(said).items() if value and word in COMPONENT_OPTIONS]
    tagged, tag_findings = read(cell("x", "component:c", *(f"{w}:{v}" for w, v in said)))
    formed, form_findings = read(cell("x", mdk={"component": "c", **dict(said)}))
    assert codes(tag_findings) == codes(form_findings)
    assert tagged[0].options == formed[0].options


# --- conditions and loops


def test_three_spellings_of_a_condition_and_a_loop_mean_the_same() -> None:
    line = '%%component deploy --when "auc>0.8" --foreach "r in  rates" --after load\n'
    load = cell("auc = 1", "component:load")
    alone, findings = read(load, cell(line + "x = 1"))
    assert findings == []
    tagged, tag_findings = read(load, cell(line + "x = 1", "component:deploy", "when:auc > 0.80", "foreach:r in rates"))
    formed, form_findings = read(load, cell(line + "x = 1", mdk={"component": "deploy", "when": "(auc > 0.8)"}))
    assert tag_findings == form_findings == []
    assert alone[1].options == tagged[1].options == formed[1].options
    assert (alone[1].options.when, alone[1].options.foreach) == ("auc > 0.8", "r in rates")


def test_tags_and_metadata_alone_are_not_obeyed_by_the_notebook() -> None:
    tagged = cell("x = 1", "component:deploy", "when:auc > 0.8", "after:load")
    formed = cell("%%component train --after load\nx = 1", mdk={"foreach": "r in rates"})
    _, findings = read(cell("auc = 1", "component:load"), tagged, formed)
    assert codes(findings) == ["MDK161", "MDK161"]
    assert findings[0].fix == 'begin the cell with %%component deploy --when "auc > 0.8"'
    assert findings[1].fix == 'begin the cell with %%component train --after load --foreach "r in rates"'
    assert [f.place.cell_number for f in findings] == [2, 3]


def test_spellings_that_disagree_about_a_condition() -> None:
    line = '%%component deploy --when "auc > 0.8"\n'
    _, findings = read(cell(line + "x", "component:deploy", "when:auc > 0.9"))
    assert "MDK112" in codes(findings)
    _, findings = read(cell(line + "x"), cell('%%component deploy --when "auc > 0.9"\ny'))
    assert "MDK115" in codes(findings)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('--when "f(auc)"', "MDK111"),
        ("--when", "MDK120"),
        ('--foreach "x of y"', "MDK111"),
        ("--when auc > 1", "MDK120"),
    ],
)
def test_conditions_and_loops_that_cannot_be_read(said: str, code: str) -> None:
    _, findings = read(cell(f"%%component deploy {said}\nx = 1"))
    assert code in codes(findings) and findings[0].fix
