"""Whatever a pipeline holds, its text gives the same pipeline back."""

from __future__ import annotations

import keyword
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk_converters.findings import SpecError
from mdk_converters.spec import CellSource, Component, Definition, Metadata, Parameter, Pipeline, Resources, ValueType
from mdk_converters.spec_reader import parse_spec
from mdk_converters.spec_writer import dump_spec

NASTY = [
    *["", " ", "\n", "\n\n", "\t", "\n \n", "x", "x\n", "x\n\n\n", "  indented", "\tx", "\n  x", "\n\tx", " \nx"],
    *["x \ny\t\n", "x\n   ", "x\n   \n", "x\n\n   \n\n", "# not a comment", "x\n# comment\n", "---", "...", "--- x"],
    *["- a", "a: b", "a:\n  - b", "? x", "| x", "> x", "%mdk", "%YAML 1.1", "@x", "`x`", "!ls", "!!python/object"],
    *["&a", "*a", "<<", "=", "{{ x }}", "{% x %}", "{}", "[]", '"', "'", '"""', "yes", "no", "on", "off", "y", "n"],
    *["true", "null", "~", "1", "1.0", "1e3", "1e-05", "0x1f", "0o17", "017", "1_000", "1:30", "2024-01-31", "+1"],
    *["2024-01-31T10:00:00Z", ".inf", ".nan", "-.inf", "-", ":", "a #b", "a:", "x\r\ny", "\r", "\x07", "\x00"],
    *["\x1b[0m", "\x85", "\u2028", "\u2029\n", "\ufeff", "\ufffe", "\x7f", "\xa0", "é", "日本語", "🎉", "\U0010ffff"],
    *["\\", "\\n", "a\\", "a\\\nb", "x" * 3000, "a\n\x07 b\n  c\n\td\n", "a\n\x07\n\n", "\x07\n   ", "\\ x\n\\\x07\n"],
]
KINDS: list[ValueType] = ["dataset", "int"]
STATES: list[dict[str, ValueType]] = [{}, {"state.numpy_random": "state"}]

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text("ab \t\n\r#:-|'\"\\{}[],&*!%@`\x07\x85\u2028é", max_size=20),
    st.lists(st.sampled_from(NASTY), max_size=4).map("\n".join),
)
variables = st.sampled_from(["x", "df", "größe", "on", "yes", "null", "y", "true", "π", "x" * 1500]) | st.text(
    "abcxyz_0", min_size=1, max_size=6
).filter(lambda text: text.isidentifier() and not keyword.iskeyword(text))
component_names = st.sampled_from(["load", "train", "1", "on", "null", "2024-01-31", "größe", "a-b", "1e3", "0x1"])
text_maps = st.dictionaries(texts, texts, max_size=2)
maybe_texts = st.none() | texts
data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
defaults: dict[Any, st.SearchStrategy[Any]] = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "str": texts,
    "list": st.lists(data, max_size=3),
    "dict": st.dictionaries(texts, data, max_size=3),
    "none": st.none(),
}


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    kind = draw(st.sampled_from(sorted(defaults)))
    description = draw(maybe_texts)
    if draw(st.booleans()):
        return Parameter(type=kind, description=description)
    return Parameter(type=kind, description=description, default=draw(st.none() | defaults[kind]))


definitions_of_pipelines = st.dictionaries(
    texts,
    st.builds(Definition, cell=maybe_texts, line=st.none() | st.integers(1, 99), source=texts),
    max_size=2,
)
resources = st.builds(
    Resources,
    cpu=st.none() | st.floats(0.1, 1e9) | st.sampled_from([1.0, 4.0]),
    memory=st.sampled_from([None, "16Gi", "512M", "4294967296"]),
    gpu=st.sampled_from([None, "nvidia-tesla-t4:1"]),
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    def some(known: list[str]) -> list[str]:
        return draw(st.lists(st.sampled_from(known), max_size=2)) if known else []

    names = draw(st.lists(component_names, unique=True, min_size=1, max_size=3))
    declared = draw(st.dictionaries(variables, parameters(), max_size=2))
    definitions = draw(definitions_of_pipelines)
    components: dict[str, Component] = {}
    sources: list[str] = []
    for number, name in enumerate(names):
        cell_ids = draw(st.sampled_from([[name], [f"{name} 1", f"{name} 2"], []]))
        inputs = draw(st.dictionaries(variables, st.sampled_from(sources), max_size=2)) if sources else {}
        outputs = draw(st.dictionaries(variables, st.sampled_from(KINDS), max_size=2))
        control = draw(st.sampled_from([{}, {"decides": sources[-1]}])) if sources else {}
        components[name] = Component(
            when=draw(st.sampled_from(["decides > 0.8", "decides == ': # yes'"])) if control else None,
            control=control,
            description=draw(maybe_texts),
            definitions=some(list(definitions)),
            parameters=some(list(declared)),
            inputs=inputs,
            optional=some(list(inputs)),
            outputs=outputs | draw(st.sampled_from(STATES)),
            after=some(names[:number]),
            resources=draw(st.none() | resources),
            image=draw(maybe_texts),
            retries=draw(st.integers(0, 3)),
            timeout=draw(st.sampled_from([None, "30m", "1h30m"])),
            cache=draw(st.booleans()),
            env=draw(st.dictionaries(variables, texts, max_size=2)),
            labels=draw(text_maps),
            requirements=draw(st.lists(texts, max_size=6)),
            cells=[
                CellSource(id=cell_id, line_offset=draw(st.integers(0, 1)), source=draw(texts)) for cell_id in cell_ids
            ],
        )
        sources += [f"{name}.{output}" for output in outputs]
    metadata = Metadata(
        name=draw(st.sampled_from(["churn", "on", "12", "my notebook (1)", "größe: é"])),
        notebook=draw(maybe_texts),
        kernel=draw(texts),
        labels=draw(text_maps),
    )
    return Pipeline(metadata=metadata, parameters=declared, definitions=definitions, components=components)


def one_cell(source: str, cell_id: str = "c1") -> Pipeline:
    component = Component(cells=[CellSource(id=cell_id, source=source)])
    return Pipeline(metadata=Metadata(name="p"), components={"c": component})


@settings(max_examples=100, deadline=None)
@given(pipelines())
def test_a_pipeline_comes_back_from_its_text(pipeline: Pipeline) -> None:
    text = dump_spec(pipeline)
    again = parse_spec(text)
    assert again == pipeline
    assert [p.required for p in again.parameters.values()] == [p.required for p in pipeline.parameters.values()]
    assert dump_spec(again) == text


@settings(max_examples=200, deadline=None)
@given(texts)
def test_source_comes_back_byte_for_byte(source: str) -> None:
    assert parse_spec(dump_spec(one_cell(source))).components["c"].cells[0].source == source


@pytest.mark.parametrize("source", NASTY)
def test_source_is_the_same_to_other_readers(source: str) -> None:
    read = yaml.safe_load(dump_spec(one_cell(source)))
    assert read["components"]["c"]["cells"] == [{"id": "c1", "source": source}]


@pytest.mark.parametrize("text", NASTY)
def test_text_is_the_same_to_readers_of_yaml_1_1(text: str) -> None:
    metadata = Metadata(name="p", description=text, labels={text: text, "a": "b"})
    read = yaml.safe_load(dump_spec(Pipeline(metadata=metadata, components=one_cell("").components)))
    assert read["metadata"]["description"] == text
    assert read["metadata"]["labels"] == {text: text, "a": "b"}


@pytest.mark.parametrize("text", ["y", "N", "yes", "on", "null", "~", "12", "1e3", "1.5", "0o17", "0x1f", "2024-01-31"])
def test_text_that_some_reader_takes_for_something_else_is_in_quotes(text: str) -> None:
    pipeline = Pipeline(metadata=Metadata(name=text), components=one_cell("").components)
    assert f'\n  name: "{text}"\n' in dump_spec(pipeline)


@pytest.mark.parametrize(
    "text", ["30m", "16Gi", "3f2a9c1e", "load.flights", "step size", "scikit-learn>=1.4", "größe", "C"]
)
def test_plain_words_have_no_quotes(text: str) -> None:
    pipeline = Pipeline(metadata=Metadata(name=text), components=one_cell("").components)
    assert f"\n  name: {text}\n" in dump_spec(pipeline)


def test_code_is_easy_to_review() -> None:
    source = "df = load()  \n\tif df.empty:   # a space at the end \n\n    raise\n"
    text = dump_spec(one_cell(source))
    assert text.splitlines()[-6:] == [
        "      - id: c1",
        "        source: |",
        "          df = load()  ",
        "          \tif df.empty:   # a space at the end ",
        "",
        "              raise",
    ]


def test_code_that_needs_escapes_still_has_a_line_for_each_line() -> None:
    lines = dump_spec(one_cell("ring = '\x07'\nif ring:\n    print(ring)\n")).splitlines()
    assert lines[-4:] == [
        "        source: \"ring = '\\x07'\\n\\",
        "          if ring:\\n\\",
        "          \\    print(ring)\\n\\",
        '          "',
    ]


def test_a_component_of_one_cell_of_its_own_name_is_short() -> None:
    text = dump_spec(one_cell("x = 1", cell_id="c"))
    assert text.endswith("components:\n  c:\n    source: |-\n      x = 1\n")


def test_the_whole_text_of_a_small_pipeline() -> None:
    pipeline = Pipeline(
        metadata=Metadata(name="churn", notebook="churn.ipynb", digest="sha256:" + "0" * 64),
        parameters={
            "learning_rate": Parameter(type="float", default=1e-05, description="step size"),
            "limit": Parameter(type="int", default=None),
            "region": Parameter(type="str"),
        },
        definitions={"imports": Definition(cell="a1", line=1, source="import pandas as pd")},
        components={
            "load": Component(
                definitions=["imports"],
                outputs={"flights": "dataset"},
                cells=[CellSource(id="b2", source="flights = pd.DataFrame()")],
            ),
            "train": Component(
                parameters=["learning_rate"],
                inputs={"flights": "load.flights"},
                outputs={"model": "model", "auc": "float"},
                after=["load"],
                resources=Resources(cpu=4, memory="16Gi"),
                timeout="30m",
                cache=False,
                requirements=[f"package-{number}>=1.{number}" for number in range(8)],
                cells=[CellSource(id="12", line_offset=1, source="auc = 0.9\n")],
            ),
        },
    )
    assert (
        dump_spec(pipeline)
        == f"""\
# yaml-language-server: $schema=urn:mdk-jupyter:pipeline:v1
apiVersion: mdk/v1
kind: Pipeline
metadata:
  name: churn
  notebook: churn.ipynb
  digest: "sha256:{"0" * 64}"
parameters:
  learning_rate: {{type: float, default: 1.0e-05, description: step size}}
  limit: {{type: int, default: null}}
  region: {{type: str}}
definitions:
  imports:
    cell: a1
    line: 1
    source: |-
      import pandas as pd
components:
  load:
    definitions: [imports]
    outputs: {{flights: dataset}}
    cells:
      - id: b2
        source: |-
          flights = pd.DataFrame()
  train:
    parameters: [learning_rate]
    inputs: {{flights: load.flights}}
    outputs: {{model: model, auc: float}}
    after: [load]
    resources: {{cpu: 4, memory: 16Gi}}
    timeout: 30m
    cache: false
    requirements:
      - package-0>=1.0
      - package-1>=1.1
      - package-2>=1.2
      - package-3>=1.3
      - package-4>=1.4
      - package-5>=1.5
      - package-6>=1.6
      - package-7>=1.7
    cells:
      - id: "12"
        line_offset: 1
        source: |
          auc = 0.9
"""
    )


def test_text_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        dump_spec(one_cell("x = '\ud83d'"))
    assert caught.value.code == "MDK220"
