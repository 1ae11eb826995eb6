"""Conditions decided by a server mean what they mean in Python."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mdk_converters.conditions import Scalar, Undecidable, holds, parse_condition
from mdk_converters.targets.kfp.cel import Inexpressible, Operand, expression, text_literal

OPERANDS = {
    "i": Operand("i", "int"), "j": Operand("j", "int", nullable=True), "f": Operand("f", "float"),
    "g": Operand("g", "float", nullable=True), "b": Operand("b", "bool"), "c": Operand("c", "bool", nullable=True),
    "s": Operand("s", "str"), "t": Operand("t", "str", nullable=True), "none": Operand("none", "none", nullable=True),
}  # fmt: skip
SMALL: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-2, 3), "float": st.sampled_from([-1.5, 0.0, 0.5, 1.0, 2.0]), "bool": st.booleans(),
    "str": st.sampled_from(["", "a", "b", "it's", "\\", "1"]), "none": st.none(),
}  # fmt: skip
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|&&|\|\||!=|!|\btrue\b|\bfalse\b|\bdouble\b|inputs\.parameter_values", re.DOTALL)
_PYTHON = {
    "&&": " and ", "||": " or ", "!": " not ", "!=": "!=", "true": "True", "false": "False", "double": "float",
    "inputs.parameter_values": "values",
}  # fmt: skip


def decide(text: str, values: dict[str, Scalar]) -> bool:
    """Decide an expression as a server does: numbers are doubles, and what is None is not there."""
    python = _TOKEN.sub(lambda match: _PYTHON.get(match[0], match[0]), text)
    given = {k: float(v) if type(v) is int else v for k, v in values.items() if v is not None}
    return bool(eval(python, {"values": given, "int": int, "float": float}))


constants = st.sampled_from([-1, 0, 1, 2, 0.5, 1.0, True, False, None, "a", "it's", "\\", "1", ""])
sides = st.sampled_from(list(OPERANDS)) | constants.map(repr)
comparisons = st.builds(
    "{} {} {}".format, sides, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), sides
) | st.builds("{} {} {!r}".format, sides, st.sampled_from(["in", "not in"]), st.lists(constants, max_size=3))
conditions = st.recursive(
    comparisons | st.sampled_from(["b", "not b", "True and b"]),
    lambda inner: (
        st.builds("({}) and ({})".format, inner, inner)
        | st.builds("({}) or ({})".format, inner, inner)
        | inner.map("not ({})".format)
    ),
    max_leaves=4,
)


@settings(max_examples=600)
@given(conditions, st.fixed_dictionaries({name: SMALL[operand.type] for name, operand in OPERANDS.items()}), st.data())
def test_a_server_decides_as_python_does(text: str, values: dict[str, Scalar], data: st.DataObject) -> None:
    for name, operand in OPERANDS.items():
        if operand.nullable and data.draw(st.booleans()):
            values[name] = None
    try:
        condition = parse_condition(text)
    except ValueError:
        assume(False)
    try:
        cel = expression(condition, OPERANDS)
        wanted = holds(condition, values)
    except (Inexpressible, Undecidable):
        return
    assert decide(cel, values) == wanted, cel


V = "inputs.parameter_values['{}']".format


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('s == "it\'s"', f"{V('s')} == 'it\\'s'"),
        ("s == 'a\\nb\\\\'", f"{V('s')} == 'a\\nb\\\\'"),
        ("i == 3", f"int({V('i')}) == 3"),
        ("f > 1", f"{V('f')} > double(1)"),
        ("0 < f < 1", f"double(0) < {V('f')} && {V('f')} < double(1)"),
        ("b", f"{V('b')} == true"),
        ("not b", f"!({V('b')} == true)"),
        ("s in ['dev', 'test']", f"({V('s')} == 'dev' || {V('s')} == 'test')"),
        ("s not in ['dev']", f"!({V('s')} == 'dev')"),
        ("s == 1", "false"),
        ("i != 'a'", "true"),
        ("i == True", f"int({V('i')}) == 1"),
        ("b == 1", f"{V('b')} == true"),
        ("j == None", "!('j' in inputs.parameter_values)"),
        ("i == None", "false"),
        ("j == 2", f"('j' in inputs.parameter_values && int({V('j')}) == 2)"),
        ("b and (i == 1 or i == 2)", f"{V('b')} == true && (int({V('i')}) == 1 || int({V('i')}) == 2)"),
    ],
)
def test_how_a_condition_is_written(text: str, wanted: str) -> None:
    assert expression(parse_condition(text), OPERANDS) == wanted


@pytest.mark.parametrize("text", ["s < 3", "b > False", "b == i", "none < 1", "s", "i > 1e999", f"i == {2**60}"])
def test_what_a_server_cannot_decide(text: str) -> None:
    with pytest.raises(Inexpressible):
        expression(parse_condition(text), OPERANDS)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_the_same_text_there(text: str) -> None:
    literal = text_literal(text)
    assert eval(literal) == text  # the escapes that are used mean the same in Python
    assert literal.isprintable() or not re.search(r"[\x00-\x1f\x7f]", literal)


@pytest.mark.filterwarnings("ignore")
def test_where_kfp_goes_wrong() -> None:
    from kfp import dsl
    from kfp_compiler import by_kfp

    @dsl.container_component
    def nothing():  # type: ignore[no-untyped-def]
        return dsl.ContainerSpec(image="x")

    def p(s: str, i: int, b: bool) -> None:
        with dsl.If(s == "it's"):
            nothing()
        with dsl.If(i == "abc"):  # type: ignore[comparison-overlap]
            nothing()
        with dsl.If(b == 1):
            nothing()

    p.__annotations__ = {"s": str, "i": int, "b": bool}
    tasks = by_kfp(p)["root"]["dag"]["tasks"].values()
    quote, number, flag = (task["triggerPolicy"]["condition"] for task in tasks)
    assert quote.endswith("== 'it's'")  # no expression at all
    assert number.startswith("'int(")  # the text of an expression instead of its value
    assert flag != f"{V('pipelinechannel--b')} == true"
