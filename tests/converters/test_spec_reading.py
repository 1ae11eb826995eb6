"""Pipeline specs are read strictly: what is meant arrives, what is wrong is named with its line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from mdk_converters import yaml_nodes
from mdk_converters.codes import CODES
from mdk_converters.findings import Finding, SpecError
from mdk_converters.spec import Component, Pipeline
from mdk_converters.spec_reader import load_spec, parse_spec
from mdk_converters.spec_rules import problems

HEAD = "apiVersion: mdk/v1\nkind: Pipeline\nmetadata: {name: churn}\n"


def read(body: str) -> Pipeline:
    return parse_spec(HEAD + dedent(body), "churn.pipeline.yaml")


def component(body: str) -> Component:
    return read(f"components:\n  c:\n    source: x = 1\n    {body}\n").components["c"]


def refused(text: str) -> tuple[Finding, ...]:
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "churn.pipeline.yaml")
    for finding in caught.value.findings:
        assert finding.code in CODES
        assert finding.place.notebook == "churn.pipeline.yaml"
    return caught.value.findings


def refusal(body: str) -> Finding:
    """Return the one finding of a spec."""
    (finding,) = refused(HEAD + dedent(body).lstrip("\n"))
    return finding


def test_a_hand_written_spec() -> None:
    pipeline = read("""
        parameters:
          learning_rate: {type: float, default: 0.1, description: step size}
        components:
          load:
            outputs: {flights: dataset}
            source: |
              flights = pd.read_parquet(path)
          train:
            inputs: {flights: load.flights}
            parameters: [learning_rate]
            outputs: {model: model, auc: float, state.numpy_random: state}
            resources: {cpu: 4, memory: 16Gi}
            requirements: [scikit-learn]
            cells:
              - {id: fit, source: model = fit(flights)}
              - {id: score, source: auc = score(model)}
        """)
    load, train = pipeline.components["load"], pipeline.components["train"]
    assert [(cell.id, cell.source) for cell in load.cells] == [("load", "flights = pd.read_parquet(path)\n")]
    assert [cell.id for cell in train.cells] == ["fit", "score"]
    assert train.resources is not None
    assert (train.resources.cpu, train.resources.memory) == (4.0, "16Gi")
    assert pipeline.parameters["learning_rate"].default == 0.1


@pytest.mark.parametrize("text", ["on", "off", "yes", "NO", "1.10", "017", "08", "0x1F", "1_000", "2024-01-31", "1:30"])
def test_text_is_what_is_written(text: str) -> None:
    assert component(f"env: {{on: {text}}}").env == {"on": text}
    assert component(f"image: {text}").image == text
    assert component(f"labels: {{{text}: a}}").labels == {text: "a"}
    pipeline = read(f"parameters: {{p: {{type: str, default: {text}}}}}\ncomponents: {{c: {{source: x}}}}\n")
    assert pipeline.parameters["p"].default == text


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("int", "12", 12),
        ("int", "-3", -3),
        ("int", "0o17", 15),
        ("int", "0x1f", 31),
        ("int", "null", None),
        ("float", "1e-3", 0.001),
        ("float", "2", 2.0),
        ("float", "-.inf", float("-inf")),
        ("bool", "true", True),
        ("str", "null", None),
        ("str", '"null"', "null"),
        ("str", "true", "true"),
        ("list", "[1, on, 1.5, null, 2024-01-31, '1']", [1, "on", 1.5, None, "2024-01-31", "1"]),
        ("dict", "{1: 2, yes: {a: [true]}}", {"1": 2, "yes": {"a": [True]}}),
        ("none", "~", None),
    ],
)
def test_defaults_have_the_declared_type(kind: str, written: str, value: Any) -> None:
    spec = f"parameters: {{p: {{type: {kind}, default: {written}}}}}\ncomponents: {{c: {{source: x}}}}\n"
    parameter = read(spec).parameters["p"]
    assert json.dumps(parameter.default) == json.dumps(value)  # 2 is not 2.0 here
    assert not parameter.required


def test_a_parameter_without_default_is_required() -> None:
    pipeline = read("parameters: {p: {type: int}}\ncomponents: {c: {source: x}}\n")
    assert pipeline.parameters["p"].required


def test_anchors_and_merge_keys() -> None:
    pipeline = read("""
        components:
          a: &base
            source: &code x = 1
            resources: &big {cpu: 4, memory: 16Gi}
            retries: 2
          b: {<<: *base, retries: 1}
          c: {<<: [{image: python}, *base], source: *code}
        """)
    a, b, c = pipeline.components.values()
    assert (b.resources, b.retries, a.retries) == (a.resources, 1, 2)
    assert (c.image, c.retries, c.cells[0].source) == ("python", 2, "x = 1")


@pytest.mark.parametrize(
    ("body", "code", "position", "message", "fix"),
    [
        ("ressources: {cpu: 4}", "MDK205", (7, 5), 'components.c: unknown key "ressources"', '"resources"?'),
        ("sources: x", "MDK205", (7, 5), 'unknown key "sources"', '"source"?'),
        ("cells: []", "MDK205", (6, 5), 'both "cells" and "source"', "keep one"),
        ("cache: off", "MDK203", (7, 12), 'cache: expected true or false, found "off"', "write true or false"),
        ("cache:", "MDK203", (7, 11), "found nothing", ""),
        ("retries: 1.5", "MDK203", (7, 14), 'expected a whole number, found "1.5"', ""),
        ("retries: 03", "MDK203", (7, 14), "03 is a different number", "leading zero"),
        ("retries: -1", "MDK217", (7, 14), "retries", ""),
        ("outputs: {a: datset}", "MDK203", (7, 18), '"datset" is not one of dataset, model', '"dataset"?'),
        ("outputs: [a]", "MDK203", (7, 14), "expected a mapping of names to values, found a list", ""),
        ("after: b", "MDK203", (7, 12), 'expected a list, found "b"', ""),
        ("after: [b]", "MDK214", (7, 13), '"b" is not a component', ""),
        ("env: {A: null}", "MDK203", (7, 14), "components.c.env.A: expected text, found nothing", "quotes"),
        ("env: {A: [1]}", "MDK203", (7, 14), "found a list", ""),
        ("env: {A=B: x}", "MDK216", (7, 11), '"A=B" cannot be the name of an environment variable', ""),
        ("resources: {cpu: 0}", "MDK217", (7, 22), "cpu must be above zero", ""),
        ("resources: {cpu: 500m}", "MDK203", (7, 22), 'expected a number, found "500m"', ""),
        ("resources: {memory: 16}", "MDK217", (7, 25), '"16" is no valid memory', "unit"),
        ("resources: {memory: 16GB}", "MDK217", (7, 25), '"16GB"', "16Gi"),
        ("resources: {gpu: 't4:0'}", "MDK217", (7, 22), '"t4:0"', "TYPE:COUNT"),
        ("timeout: 90", "MDK217", (7, 14), '"90" is no valid timeout', "90s"),
        ("timeout: 0s", "MDK217", (7, 14), '"0s"', "longer than zero"),
        ("inputs: {x: load.x}", "MDK210", (7, 17), 'there is no component "load"', "there are: c"),
        ("inputs: {x: load}", "MDK210", (7, 17), '"load" is not component.name', ""),
        ("inputs: {class: c.class}\n    outputs: {model: model}", "MDK210", (7, 21), "not an output of c", ""),
        ("outputs: {1a: int}", "MDK216", (7, 15), '"1a" is not a Python variable name', ""),
        ("outputs: {class: int}", "MDK216", (7, 15), '"class" is not a Python variable name', "keyword"),
        ("outputs: {state.random: int}", "MDK216", (7, 29), '"state"', ""),
        ("outputs: {random: state}", "MDK216", (7, 23), '"state"', ""),
        ("optional: [x]", "MDK219", (7, 16), '"x" is not an input', ""),
        ("outputs: {auc: float}\n    metrics: [acu]", "MDK219", (8, 15), '"acu" is not an output', '"auc"?'),
        ("definitions: [imports]", "MDK211", (7, 19), '"imports" is not a definition', ""),
        ("parameters: [rate]", "MDK212", (7, 18), '"rate" is not a parameter', ""),
        ("image: !!binary aGk=", "MDK201", (7, 12), "tag !!binary is not allowed", "leave it out"),
        ("image: !ENV x", "MDK201", (7, 12), "tag !ENV", ""),
        ("image: *missing", "MDK201", (7, 12), "*missing has no anchor", "&missing"),
        ("retries: 1\n    retries: 2", "MDK204", (8, 5), 'key "retries" is there twice, first in line 7', ""),
        ("env: {A: 1, A: 2}", "MDK204", (7, 17), 'key "A"', ""),
        ("env: {[a]: 1}", "MDK201", (7, 11), "a key must be text", ""),
        ("env: {a: 1", "MDK201", (8, 1), "not YAML", ""),
    ],
)
def test_what_is_wrong_with_a_component(
    body: str, code: str, position: tuple[int, int], message: str, fix: str
) -> None:
    text = f"{HEAD}components:\n  c:\n    source: x = 1\n    {body}\n"
    found = [f for f in refused(text) if message in f.message]
    assert [f.code for f in found] == [code]
    place = found[0].place
    assert (place.line, place.column) == position
    assert place.file_line == place.line
    assert place.text == text.split("\n")[position[0] - 1]
    assert fix in found[0].fix


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "MDK202", "empty"),
        ("# nothing\n---\n", "MDK202", "empty"),
        ("just text", "MDK203", "expected a mapping of keys to values"),
        ("- a\n- b\n", "MDK203", "found a list"),
        ("\tx: 1", "MDK201", "not YAML"),
        ("x: \x07", "MDK201", "not YAML"),
        ("a: 1\n---\nb: 2\n", "MDK201", "a second document"),
        ("a: &x [*x]", "MDK201", "*x is used inside of what it stands for"),
        ("[" * 200_000, "MDK201", "nest"),
        ("a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
            f"{n}: &{n} [{','.join([f'*{p}'] * 8)}]\n" for p, n in zip("abcdefghi", "bcdefghij", strict=True)
        ), "MDK201", "too large"),
        ("apiVersion: mdk/v2\nkind: Pipeline\nmetadata: {name: a}\ncomponents: {c: {source: x}}\n", "MDK203", "mdk/v2"),
        ("metadata: {name: a}\ncomponents: {c: {source: x}}\nkind: Pipeline\n", "MDK202", '"apiVersion" is missing'),
        (HEAD, "MDK202", '"components" is missing'),
        (HEAD + "components: {}\n", "MDK202", "no component"),
        (HEAD + "components: {c: {outputs: {}}}\n", "MDK202", 'components.c: "cells" is missing'),
        (HEAD + "components: {c: }\n", "MDK203", "components.c: expected a mapping of keys to values"),
        (HEAD + "components: {c.d: {source: x}}\n", "MDK216", '"c.d" cannot be the name of a component'),
        (HEAD + "components: {../c: {source: x}}\n", "MDK216", "cannot be the name of a component"),
        (HEAD.replace("churn", "a/b") + "components: {c: {source: x}}\n", "MDK216", '"a/b"'),
        (HEAD.replace("churn", "''") + "components: {c: {source: x}}\n", "MDK203", "text that is not empty"),
        (HEAD.replace("}", ", digest: abc}") + "components: {c: {source: x}}\n", "MDK203", "digest"),
        (HEAD + "parameters: {p: {type: int, default: a}}\ncomponents: {c: {source: x}}\n", "MDK213", "as int"),
        (HEAD + "parameters: {p: {type: int, default: true}}\ncomponents: {c: {source: x}}\n", "MDK213", "type bool"),
        (HEAD + "parameters: {p: {type: none, default: 1}}\ncomponents: {c: {source: x}}\n", "MDK213", "as none"),
        (HEAD + "parameters: {p: {type: text}}\ncomponents: {c: {source: x}}\n", "MDK203", "not one of int, float"),
        (HEAD + "parameters: {p-q: {type: int}}\ncomponents: {c: {source: x}}\n", "MDK216", '"p-q"'),
        (HEAD + "components: {c: {cells: [{id: a, source: x}, {id: a, source: y}]}}\n", "MDK218", '"a"'),
        (HEAD + "components: {a: {source: x}, c: {cells: [{id: a, source: y}]}}\n", "MDK218", "component a"),
        (HEAD + "components: {c: {cells: [{id: 1}]}}\n", "MDK202", 'components.c.cells[0]: "source" is missing'),
        (HEAD + "components: {c: {source: [x]}}\n", "MDK203", "components.c.cells[0].source: expected text"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_spec(text: str, code: str, message: str) -> None:
    findings = refused(text)
    assert code in {finding.code for finding in findings if message in finding.message}


def test_numbers_beyond_all_bounds() -> None:
    (cpu,) = refused(HEAD + "components: {c: {source: x, resources: {cpu: N}}}\n".replace("N", "9" * 400))
    assert (cpu.code, len(cpu.message) < 200) == ("MDK203", True)
    body = "parameters: {p: {type: int, default: N}}\ncomponents: {c: {source: x}}\n"
    (default,) = refused(HEAD + body.replace("N", "9" * 5000))
    assert default.code == "MDK213"


def test_a_cycle_is_named_whole() -> None:
    finding = refusal(
        """
        components:
          load: {source: x}
          a: {source: x, outputs: {x: int}, after: [load, c]}
          b: {source: x, inputs: {x: a.x}}
          c: {source: x, after: [b]}
        """
    )
    assert (finding.code, finding.place.line) == ("MDK215", 6)
    assert "a -> c -> b -> a" in finding.message
    assert finding.names == ("a", "c", "b")


def test_a_component_that_waits_for_itself() -> None:
    assert "c -> c" in refusal("components: {c: {source: x, after: [c]}}\n").message


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    findings = refused(
        HEAD
        + dedent("""\
        parameters:
          rate: {typ: float}
        components:
          c:
            cache: yes
            retires: 2
            outputs: {a: number}
            source: x
        """)
    )
    assert [(f.place.line, f.code) for f in findings] == [
        (5, "MDK202"),
        (5, "MDK205"),
        (8, "MDK203"),
        (9, "MDK205"),
        (10, "MDK203"),
    ]


def test_all_broken_rules_are_told_at_once() -> None:
    findings = refused(
        HEAD + "components:\n  c:\n    source: x\n    after: [d]\n    timeout: 90\n    inputs: {x: e.x, y: c.y}\n"
    )
    assert [f.code for f in findings] == ["MDK215", "MDK214", "MDK217", "MDK210", "MDK210"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="MDK200") as missing:
        load_spec(tmp_path / "missing.yaml")
    assert str(tmp_path / "missing.yaml") in str(missing.value.findings[0].place)
    with pytest.raises(SpecError, match="MDK200"):
        load_spec(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(HEAD.encode() + b"# caf\xe9\n")
    with pytest.raises(SpecError, match="UTF-8") as latin:
        load_spec(tmp_path / "latin.yaml")
    assert latin.value.findings[0].place.line == 4


def test_a_file_from_windows(tmp_path: Path) -> None:
    path = tmp_path / "churn.pipeline.yaml"
    text = HEAD + "components:\n  c:\n    source: |\n      x = 1\n      y = 2\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_spec(path) == parse_spec(text)
    path.write_bytes(text.replace("\n", "\r\n").encode() + b"    chache: false\r\n")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert caught.value.findings[0].place.text == "    chache: false"


def test_without_libyaml_it_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "_LOADER", yaml.SafeLoader)
    assert component("env: {a: on, b: &x '1', c: *x}").env == {"a": "on", "b": "1", "c": "1"}
    assert refused("a: \x07")[0].code == "MDK201"
    assert refused("é: é\na: \x07")[0].place.line == 2
    assert refused("[" * 1000)[0].code == "MDK201"


def test_the_line_of_a_character_that_yaml_forbids() -> None:
    assert refused(f"# {'é' * 50}\na: \x07\n" + "b: 1\n" * 30)[0].place.line == 2


def test_rules_hold_for_pipelines_made_in_python() -> None:
    pipeline = read("components: {c: {source: x}}\n")
    assert problems(pipeline) == []
    bad = pipeline.model_copy(
        update={"components": {"c": pipeline.components["c"].model_copy(update={"after": ["d"]})}}
    )
    assert [problem.code for problem in problems(bad)] == ["MDK214"]


def test_reading_does_not_import_jupyter_or_pandas() -> None:
    code = "import sys, mdk_converters.spec_reader, mdk_converters.spec_writer; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"IPython", "nbformat", "pandas", "papermill", "jsonschema"} & set(modules.split())


STEERED = """\
parameters: {stage: {type: str}, rates: {type: list}, settings: {type: dict}}
components:
  load: {source: x, outputs: {auc: float, rows: list, model: model, state.random: state}}
  each: {source: x, foreach: r in rates, outputs: {score: float}}
  c: {source: x, SAID}
"""


def test_a_condition_and_a_loop() -> None:
    said = "when: auc > 0.8 and stage == 'dev', foreach: row in rows, control: {auc: load.auc, rows: load.rows}"
    made = read(STEERED.replace("SAID", said)).components["c"]
    assert (made.when, made.foreach) == ("auc > 0.8 and stage == 'dev'", "row in rows")
    assert made.control == {"auc": "load.auc", "rows": "load.rows"}
    of_lists = "foreach: s in score, control: {score: each.score}"
    assert read(STEERED.replace("SAID", of_lists)).components["c"].foreach == "s in score"


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ("when: auc >", "MDK221", "no usable when"),
        ("when: f(stage)", "MDK221", "no usable when"),
        ("foreach: rates", "MDK221", "no usable foreach"),
        ("when: auc > 1", "MDK221", '"auc" is neither in control nor a parameter'),
        ("when: settings == 1", "MDK221", "of kind dict, not a number"),
        ("foreach: s in stage", "MDK221", "of kind str, not a list"),
        ("when: rows == 1, control: {rows: load.rows}", "MDK221", "of kind list, not a number"),
        ("when: score > 1, control: {score: each.score}", "MDK221", "of kind list, not a number"),
        ("foreach: r in auc, control: {auc: load.auc}", "MDK221", "of kind float, not a list"),
        ("when: stage == 'a', control: {auc: load.auc}", "MDK221", 'neither when nor foreach reads "auc"'),
        ("when: auc > 1, control: {auc: load.acc}", "MDK210", '"acc" is not an output of load'),
        ("when: auc > 1, control: {auc: laod.auc}", "MDK210", 'there is no component "laod"'),
        ("foreach: r in rates, outputs: {r: int}", "MDK221", 'the item "r" is also in outputs'),
        ("foreach: r in rates, outputs: {state.random: state}", "MDK221", "cannot be one list"),
    ],
)
def test_conditions_and_loops_that_cannot_be_used(said: str, code: str, message: str) -> None:
    findings = refused(HEAD + STEERED.replace("SAID", said))
    assert (code, True) in {(f.code, message in f.message) for f in findings}, findings
    assert all(f.place.line == 8 and f.fix for f in findings)
