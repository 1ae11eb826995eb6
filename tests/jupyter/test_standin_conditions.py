"""Conditions of tasks, and when schedules fire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_jupyter.standin.answers import Refused
from mdk_jupyter.standin.conditions import ConditionError, holds
from mdk_jupyter.standin.filters import chosen

X = "inputs.parameter_values['x']"


@pytest.mark.parametrize(
    ("condition", "x", "expected"),
    [
        (f"int({X}) > 3", 4.0, True),
        (f"int({X}) > 3", 3.0, False),
        (f"{X} == 'heads'", "heads", True),
        (f"!({X} == 'heads') && {X} == 'maybe'", "maybe", True),
        (f"!({X} == 'heads') && !({X} == 'maybe')", "x", True),
        (f"{X} == 'it\\'s'", "it's", True),
        (f'{X} == "a\\"b\\n\\u00e9"', 'a"b\né', True),
        (f"{X} == r'\\n'", "\\n", True),
        (f"{X} == true", True, True),
        (f"{X} == 1", True, False),
        (f"{X} == 1", 1.0, True),
        (f"{X} == '1'", 1.0, False),
        (f"{X} in ['a', 'b']", "b", True),
        (f"!({X} in [1, 2])", 3.0, True),
        (f"{X} == null", None, True),
        (f"double({X}) <= 0.5", "0.5", True),
        (f"-1 < int({X}) && int({X}) < 1 || false", 0.0, True),
        (f"int({X}) + 2 * 3 == 10", 4.0, True),
        (f"int({X}) % 3 == -1", -7.0, True),
        (f"{X}.startsWith('ab') ? {X}.size() == 3 : false", "abc", True),
        (f"{X}.matches('^a.c$')", "abc", True),
        (f"string({X}) == '4'", 4.0, True),
        (f"{X}.a.b[0] == 'z'", {"a": {"b": ["z"]}}, True),
        # A side that decides makes up for the other's error, on either side.
        (f"{X} < 3 || true", "text", True),
        (f"false && {X} < 3", "text", False),
    ],
)
def test_conditions(condition: str, x: Any, expected: bool) -> None:
    assert holds(condition, {"x": x}) is expected


@pytest.mark.parametrize(
    ("condition", "x"),
    [
        (f"{X} > 3", "4"),
        (f"{X} > null", None),
        (f"{X}", 1.0),
        ("inputs.parameter_values['y'] == 1", 1.0),
        (f"int({X}) == 1", "1.5"),
        (f"{X} == 'it's'", "it's"),
        (f"{X} = 1", 1.0),
        (f"{X} == 1 and true", 1.0),
        ("'int(inputs.parameter_values['x'])' == 'abc'", 1.0),
        ("__import__('os')", 1.0),
        (f"{X} == 1)", 1.0),
        ("1 / 0 == 1", 1.0),
        ("", 1.0),
    ],
)
def test_conditions_that_cannot_be_decided(condition: str, x: Any) -> None:
    with pytest.raises(ConditionError):
        holds(condition, {"x": x})


LEAVES = st.sampled_from(["a", "b", "c"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("!"), inner),
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS, st.fixed_dictionaries({name: st.booleans() for name in "abc"}))
def test_logic_is_that_of_python(expression: Any, values: dict[str, bool]) -> None:
    def cel(node: Any) -> str:
        if isinstance(node, str):
            return f"inputs.parameter_values['{node}']"
        return f"!({cel(node[1])})" if node[0] == "!" else f"({cel(node[0])} {node[1]} {cel(node[2])})"

    def decide(node: Any) -> bool:
        if isinstance(node, str):
            return values[node]
        if node[0] == "!":
            return not decide(node[1])
        left, right = decide(node[0]), decide(node[2])
        return {"&&": left and right, "||": left or right, "==": left == right, "!=": left != right}[node[1]]

    assert holds(cel(expression), values) is decide(expression)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        holds(text, {"x": 1.0})
    except ConditionError:
        return


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
def test_every_text_can_be_quoted(text: str) -> None:
    quoted = "".join(f"\\U{ord(letter):08x}" for letter in text)
    assert holds(f"{X} == '{quoted}'", {"x": text})


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("*/5 * * * *", "2026-01-01T00:01:00", "2026-01-01T00:05:00"),
        ("0 9 * * 1", "2026-01-01T00:00:00", "2026-01-05T09:00:00"),
        ("TZ=Europe/Oslo 0 9 * * *", "2026-07-01T00:00:00", "2026-07-01T07:00:00"),
        ("CRON_TZ=America/New_York 30 2 * * *", "2026-01-01T00:00:00", "2026-01-01T07:30:00"),
    ],
)
def test_cron(cron: str, after: str, expected: str) -> None:
    pytest.importorskip("croniter")
    from mdk_jupyter.standin.cron import following

    assert following(cron, datetime.fromisoformat(after).replace(tzinfo=UTC)).isoformat() == f"{expected}+00:00"


@pytest.mark.parametrize("cron", ["* * * *", "61 * * * *", "TZ=Nowhere/City 0 * * * *", "x y z a b", "0 0 30 2 *"])
def test_cron_that_is_none(cron: str) -> None:
    pytest.importorskip("croniter")
    from mdk_jupyter.standin.cron import following

    with pytest.raises(Refused):
        following(cron, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", [0, 1, 2]),
        ('display_name="a*"', [0, 1]),
        ('displayName="ab" AND labels.team="ml"', [1]),
        ('labels.team="ml" OR display_name="c"', [1, 2]),
        ('NOT labels.team="ml"', [0, 2]),
        ('create_time>"2026-01-01T12:00:00Z"', [1, 2]),
        ('(display_name="a" OR display_name="c") AND create_time<="2026-01-03T00:00:00Z"', [0, 2]),
        ("labels:team", [1]),
        ("metadata.n.number_value>=2", [2]),
        ('state!="X"', [1, 2]),
    ],
)
def test_filters(expression: str, expected: list[int]) -> None:
    documents: list[dict[str, Any]] = [
        {"displayName": "a", "createTime": "2026-01-01T00:00:00Z", "state": "X"},
        {"displayName": "ab", "createTime": "2026-01-02T00:00:00Z", "labels": {"team": "ml"}, "metadata": {"n": 1.0}},
        {"displayName": "c", "createTime": "2026-01-03T00:00:00Z", "metadata": {"n": 2}},
    ]
    assert chosen(documents, expression) == [documents[i] for i in expected]


@pytest.mark.parametrize("expression", ["display_name=", "a b", '(a="1"', "f(1)", "= 1", 'a="1" OR'])
def test_filters_that_are_none(expression: str) -> None:
    with pytest.raises(Refused):
        chosen([{}], expression)
