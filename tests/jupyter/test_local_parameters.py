"""Parameters as users give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipelines import pipeline

from mdk_converters.spec import Parameter, ParameterType
from mdk_jupyter.errors import UsageError
from mdk_jupyter.local.parameters import coerce, complete, parse_assignments, read_parameters


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("int", "3", 3),
        ("int", " -3 ", -3),
        ("int", 3, 3),
        ("int", np.int64(3), 3),
        ("float", "0.5", 0.5),
        ("float", "1e-3", 1e-3),
        ("float", 2, 2.0),
        ("float", np.float32(0.5), 0.5),
        ("bool", "true", True),
        ("bool", "YES", True),
        ("bool", "1", True),
        ("bool", "no", False),
        ("bool", "0", False),
        ("bool", False, False),
        ("str", "007", "007"),
        ("str", "", ""),
        ("list", "[1, 2]", [1, 2]),
        ("list", "['a', 'b']", ["a", "b"]),
        ("list", (1, 2), [1, 2]),
        ("list", "1, 2", [1, 2]),
        ("dict", '{"a": [1, null]}', {"a": [1, None]}),
        ("dict", "{'a': None}", {"a": None}),
        ("none", "3", 3),
        ("none", "text", "text"),
        ("none", "None", None),
        ("none", [1], [1]),
    ],
)
def test_values_become_the_declared_type(kind: ParameterType, given: Any, value: Any) -> None:
    made = coerce(Parameter(type=kind, default=0), given)
    assert made == value and type(made) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", "1.5"),
        ("int", 1.5),
        ("int", True),
        ("int", "three"),
        ("int", None),
        ("float", "x"),
        ("float", False),
        ("bool", "maybe"),
        ("bool", 1),
        ("str", 5),
        ("list", "{}"),
        ("list", "[1"),
        ("dict", "[1]"),
        ("dict", {"when": object()}),
        ("list", "__import__('os').getcwd()"),
    ],
)
def test_what_does_not_fit_is_refused(kind: ParameterType, given: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        coerce(Parameter(type=kind, default=0), given)


def test_none_is_a_value_where_it_is_the_default() -> None:
    assert coerce(Parameter(type="int", default=None), None) is None


def test_all_mistakes_at_once_with_the_close_match() -> None:
    made = pipeline(
        parameters={
            "learning_rate": Parameter(type="float", default=0.1),
            "epochs": Parameter(type="int", default=3),
            "region": Parameter(type="str"),
        }
    )
    with pytest.raises(UsageError) as refusal:
        complete(made, {"learning_rat": "1", "epochs": "1.5"})
    findings = {finding.code: finding for finding in refusal.value.findings}
    assert set(findings) == {"MDK306", "MDK307", "MDK311"}
    assert "did you mean 'learning_rate'" in findings["MDK306"].message and "epochs" in findings["MDK306"].fix
    assert "epochs" in findings["MDK307"].message and findings["MDK311"].names == ("region",)
    assert complete(made, {"region": "north"}) == {"learning_rate": 0.1, "epochs": 3, "region": "north"}


def test_assignments() -> None:
    assert parse_assignments(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for wrong in ("a", "=1"):
        with pytest.raises(UsageError, match="MDK308"):
            parse_assignments([wrong])


@pytest.mark.parametrize(
    ("text", "values"),
    [("a: 1\nb: [x]\n", {"a": 1, "b": ["x"]}), ('{"a": 1.5}', {"a": 1.5}), ("", {}), ("\ufeffa: 1", {"a": 1})],
)
def test_files_of_parameters(tmp_path: Path, text: str, values: dict[str, Any]) -> None:
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    assert read_parameters(tmp_path / "p.yaml") == values


@pytest.mark.parametrize("content", [b"[1]", b"a: [", b"1: 2", b"\xff\xfe\x00", b"!!python/object/apply:os.getcwd []"])
def test_files_that_hold_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.yaml").write_bytes(content)
    with pytest.raises(UsageError, match="MDK308"):
        read_parameters(tmp_path / "p.yaml")
    with pytest.raises(UsageError, match="MDK308"):
        read_parameters(tmp_path / "missing.yaml")
