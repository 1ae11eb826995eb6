"""Whatever a pipeline holds, its text gives the same pipeline back."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from specs import NASTY, one_cell, pipelines, texts

from mdk_converters.findings import SpecError
from mdk_converters.spec import CellSource, Component, Definition, Metadata, Parameter, Pipeline, Resources
from mdk_converters.spec_reader import parse_spec
from mdk_converters.spec_writer import dump_spec


@settings(max_examples=100)
@given(pipelines())
def test_a_pipeline_comes_back_from_its_text(pipeline: Pipeline) -> None:
    text = dump_spec(pipeline)
    again = parse_spec(text)
    assert again == pipeline
    assert [p.required for p in again.parameters.values()] == [p.required for p in pipeline.parameters.values()]
    assert dump_spec(again) == text


@settings(max_examples=200)
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
