"""The editor reads cells as the compiler does: both are held to the same cases."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mdk_converters.grammar import COMPONENT_OPTIONS, Options, merge_options, roles
from mdk_converters.notebook import parse_notebook

CELLS = Path(__file__).parents[2] / "labextension" / "src" / "cells"
CASES: list[dict[str, Any]] = json.loads((CELLS / "__tests__" / "roles.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_the_compiler_reads_the_same(case: dict[str, Any]) -> None:
    cell, expected = case["cell"], case["role"]
    metadata = {"tags": cell["tags"]} | ({"mdk": cell["mdk"]} if "mdk" in cell else {})
    # A second cell, for `after`, and because a notebook without code is none.
    others = [{"cell_type": "code", "source": "", "metadata": {"tags": [f"component:{n}"]}} for n in ("load", "clean")]
    cells = [{"cell_type": "code", "source": cell["source"], "metadata": metadata}, *others]
    notebook = parse_notebook(
        json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}), path="a.ipynb"
    )
    found, findings = roles(notebook)
    assert (found[0].kind, found[0].component) == (expected["kind"], expected["component"])
    assert sorted({f.code for f in findings if f.code < "MDK130"}) == case.get("notes", [])
    readable = {word: values for word, values in expected["options"].items() if word != "image" or " " not in values[0]}
    assert found[0].options == _options(readable)


def _options(said: dict[str, list[str]]) -> Options:
    options = Options()
    for word, values in said.items():
        for value in values:
            option = COMPONENT_OPTIONS[word]
            options, differing = merge_options(options, Options(**{option.field: option.read(value)}))
            assert not differing
    return options


def test_the_editor_knows_every_option() -> None:
    text = re.sub(r"\s+", " ", (CELLS / "options.ts").read_text(encoding="utf-8"))
    table = text[text.index("OPTIONS: readonly IOption[]") :].partition("];")[0]
    known = re.findall(r"option\(\s*'(\w+)', '([^']*)'(.*?)\)(?=,? ?(?:option|$))", table)
    assert [word for word, *_ in known] == list(COMPONENT_OPTIONS)
    for word, example, more in known:
        option = COMPONENT_OPTIONS[word]
        assert example == option.example
        assert ("MAP" in more, "LIST" in more or "NAMES" in more) == (option.many == "map", option.many == "list")
        assert ("NAMES" in more) == option.commas
        assert (f"field: '{option.field}'" in more) == (option.field != word)
