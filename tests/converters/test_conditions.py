"""The language of conditions: what it means, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_converters.conditions import Undecidable, holds, parse_condition

NAMES = ("auc", "stage", "ready", "count", "nothing")
VALUES: dict[str, Any] = {"auc": 0.75, "stage": "dev", "ready": True, "count": 3, "nothing": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auc > 0.8", False),
        ("0.5 < auc <= 0.75", True),
        ("0.5 < auc < 0.75", False),
        ("stage == 'dev' and not count < 3", True),
        ('stage in ["dev", "test"] or auc > 1', True),
        ("stage not in ('dev',)", False),
        ("count in {1, 2, -3}", False),
        ("ready", True),
        ("not ready or nothing == None", True),
        ("ready == True and nothing != 0", True),
        ("(auc > 1 or ready) and (count == 3.0)", True),
        ("-1 < +count", None),
    ],
)
def test_what_conditions_mean(text: str, expected: bool | None) -> None:
    if expected is None:  # a sign goes with numbers alone
        with pytest.raises(ValueError, match="and, or, not"):
            parse_condition(text)
    else:
        assert holds(parse_condition(text), VALUES) is expected


def test_the_text_is_written_in_one_way_and_names_come_in_order() -> None:
    condition = parse_condition("  stage=='x'  and(auc>0.80 or not ready)")
    assert condition.text == "stage == 'x' and (auc > 0.8 or not ready)"
    assert condition.names == ("stage", "auc", "ready") and condition.flags == {"ready"}
    assert parse_condition(condition.text) == condition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one comparison"),
        ("auc >", "one comparison"),
        ("auc = 1", "one comparison"),
        ("auc > 1; ready", "one comparison"),
        ("f(auc) > 1", "calls nothing"),
        ("model.auc > 1", "plain names"),
        ("scores[0] > 1", "plain names"),
        ("auc + 1 > 2", "does not compute"),
        ("auc is None", "== or !="),
        ("stage in stages", "a list of values"),
        ("stage in 'dev'", "a list of values"),
        ("stage in [other]", "no names"),
        ("1 < 2", "always the same"),
        ("True", "always the same"),
        ("auc and 1", "compare it with a name"),
        ("auc == b'x'", "compare it with a name"),
        ("auc == f'{x}'", "and, or, not"),
        ("(lambda: auc) == 1", "and, or, not"),
        ("[auc] == 1", "and, or, not"),
        ("(auc := 1) > 0", "and, or, not"),
        ("await auc", "one comparison|and, or, not"),
        ("auc > 1 if ready else 2", "and, or, not"),
        ("not " * 60 + "ready", "fewer brackets"),
        ("auc > 1\0", "one comparison"),
        ("(" * 500 + "auc" + ")" * 500, "one comparison"),
    ],
)
def test_what_is_no_condition(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_condition(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auc > 'x'", "0.75 > 'x' compares float with str"),
        ("nothing < 1", "None < 1 compares None with int"),
        ("count and ready", "count is 3, which is neither True nor False"),
    ],
)
def test_values_that_do_not_suit(text: str, said: str) -> None:
    with pytest.raises(Undecidable, match=said.replace("(", r"\(")):
        holds(parse_condition(text), VALUES)


SCALARS = st.one_of(
    st.integers(-3, 3), st.floats(allow_nan=True), st.booleans(), st.none(), st.sampled_from(["a", "b"])
)


def literals() -> st.SearchStrategy[str]:
    return SCALARS.filter(lambda v: not isinstance(v, float) or math.isfinite(v)).map(repr)


def comparisons() -> st.SearchStrategy[str]:
    sides = st.one_of(st.sampled_from(NAMES), literals())
    plain = st.builds(
        lambda a, op, b: f"{a} {op} {b}", sides, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), sides
    )
    chained = st.builds(lambda a, b, c: f"{a} < {b} <= {c}", sides, sides, sides)
    listed = st.builds(
        lambda a, op, items: f"{a} {op} [{', '.join(items)}]",
        sides,
        st.sampled_from(["in", "not in"]),
        st.lists(literals(), max_size=3),
    )
    return st.one_of(plain, chained, listed, st.just("ready"))


def expressions() -> st.SearchStrategy[str]:
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.builds(lambda a, b: f"({a}) and ({b})", inner, inner),
            st.builds(lambda a, b: f"({a}) or ({b})", inner, inner),
            inner.map(lambda a: f"not ({a})"),
        ),
        max_leaves=6,
    )


@given(expressions(), st.fixed_dictionaries(dict.fromkeys(NAMES, SCALARS) | {"ready": st.booleans()}))
def test_they_mean_what_python_means(text: str, values: dict[str, Any]) -> None:
    try:
        condition = parse_condition(text)
    except ValueError as error:
        assert "always the same" in str(error)
        return
    try:
        expected = eval(text, {}, dict(values))
    except TypeError:
        with pytest.raises(Undecidable):
            holds(condition, values)
        return
    assert holds(condition, values) == expected
    assert holds(parse_condition(condition.text), values) == expected


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_condition(text).names
    except ValueError as error:
        assert str(error)
