"""The parameters cell: typed parameters from literals, and a finding for everything else."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk_converters.codes import CODES
from mdk_converters.findings import Finding
from mdk_converters.grammar import Role
from mdk_converters.notebook import Cell, Notebook
from mdk_converters.parameters import ParameterCell, read_parameters


def read(source: str, above: str = "") -> ParameterCell:
    cell = Cell(number=3, id="c3", kind="code", source=above + source, tags=("parameters",), file_line=40)
    role = Role("parameters", cell, source, line_offset=above.count("\n"))
    return read_parameters(role, Notebook("churn", "churn.ipynb", (cell,)))


def only(source: str) -> tuple[str, Any]:
    """Return type and default of the one parameter that a source declares without fault."""
    found = read(source)
    assert found.findings == []
    (parameter,) = found.parameters
    return parameter.type, parameter.default


def refusal(source: str) -> Finding:
    found = read(source)
    assert found.parameters == []
    (finding,) = found.findings
    assert finding.severity == "error"
    assert finding.code in CODES
    return finding


@pytest.mark.parametrize(
    ("value", "kind", "default"),
    [
        ("1", "int", 1),
        ("-1", "int", -1),
        ("1_000", "int", 1000),
        ("0x1f", "int", 31),
        ("True", "bool", True),
        ("not True", "bool", False),
        ("0.1", "float", 0.1),
        ("1e-3", "float", 0.001),
        ("1e999", "float", float("inf")),
        ("24 * 60", "int", 1440),
        ("7 / 2", "float", 3.5),
        ("-7 // 2 % 3 + 2 ** 10", "int", -7 // 2 % 3 + 2**10),
        ("1 << 4", "int", 16),
        ("~5", "int", -6),
        ("2 ** -1", "float", 0.5),
        ("'a'", "str", "a"),
        ('"a" "b"', "str", "ab"),
        ('"a" + "b" * 3', "str", "abbb"),
        ('r"\\d{2}" f"x{{y}}"', "str", "\\d{2}x{y}"),
        ('"{{ jinja }} %s {0}"', "str", "{{ jinja }} %s {0}"),
        ("None", "none", None),
        ("[]", "list", []),
        ("[1, 'a', [2.0, None], {'b': True}]", "list", [1, "a", [2.0, None], {"b": True}]),
        ("[0] * 3 + [1]", "list", [0, 0, 0, 1]),
        ("{'a': {'b': [1]}}", "dict", {"a": {"b": [1]}}),
    ],
)
def test_the_type_is_that_of_the_literal(value: str, kind: str, default: Any) -> None:
    assert json.dumps(only(f"x = {value}")) == json.dumps((kind, default))  # 1, 1.0 and True differ here
    assert eval(value) == default


@pytest.mark.parametrize(
    ("declared", "kind", "default"),
    [
        ("int = 1", "int", 1),
        ("bool = False", "bool", False),
        ("Optional[int] = None", "int", None),
        ("Optional[int] = 3", "int", 3),
        ("int | None = None", "int", None),
        ("typing.Union[int, str] = 'a'", "str", "a"),
        ("Union[int, str, None] = None", "none", None),
        ("float = 1.0", "float", 1.0),
        ("int | float = 1", "int", 1),
        ("list[str] = ['a']", "list", ["a"]),
        ("List[float] = [1, 2.0]", "list", [1, 2.0]),
        ("list[list[int] | None] = [[1], None]", "list", [[1], None]),
        ("Sequence[str] = []", "list", []),
        ("dict[str, int] = {'a': 1}", "dict", {"a": 1}),
        ("Mapping[str, list[int]] | None = None", "dict", None),
        ("Literal['adam', 'sgd'] = 'sgd'", "str", "sgd"),
        ("Literal[1, 'a', None] = 1", "int", 1),
        ("'list[\"str\"]' = []", "list", []),
        ("Annotated[int, 'positive'] = 1", "int", 1),
        ("Final = 1", "int", 1),
        ("Any = [1]", "list", [1]),
        ("None = None", "none", None),
    ],
)
def test_the_annotation_decides(declared: str, kind: str, default: Any) -> None:
    assert json.dumps(only(f"x: {declared}")) == json.dumps((kind, default))


@pytest.mark.parametrize("declared", ["float", "None | float", "'float'", "Final[float]"])
def test_an_int_that_is_declared_float_is_told(declared: str) -> None:
    found = read(f"x: {declared} = 1")
    assert json.dumps([(p.type, p.default) for p in found.parameters]) == '[["float", 1.0]]'
    assert [(f.code, f.severity, f.fix) for f in found.findings] == [("MDK159", "warning", "write 1.0")]


@pytest.mark.parametrize(("declared", "kind"), [("int", "int"), ("str | None", "str"), ("Literal['a']", "str")])
def test_a_declaration_without_value_is_a_required_parameter(declared: str, kind: str) -> None:
    (parameter,) = read(f"x: {declared}  # help").parameters
    assert (parameter.type, parameter.default, parameter.required) == (kind, None, True)
    assert not read("x: int = 1").parameters[0].required


def test_several_targets() -> None:
    found = read("a = b = 1\nc, d = 1, 'x'\n[e, (f, g)] = [1, (2.0, None)]\nh = 1; i = 2")
    assert found.findings == []
    assert [(p.name, p.type, p.default) for p in found.parameters] == [
        ("a", "int", 1),
        ("b", "int", 1),
        ("c", "int", 1),
        ("d", "str", "x"),
        ("e", "int", 1),
        ("f", "float", 2.0),
        ("g", "none", None),
        ("h", "int", 1),
        ("i", "int", 2),
    ]


def test_trailing_comments_are_help_texts() -> None:
    found = read(
        """\
# All about training.
rate = 0.1  # step size: # of steps
names = [  # first line
    "a # no comment",
]  # last line
path = "#"  #: documented
quiet = 1  # noqa: E501
form = 2  #@param {type:"integer"}
typed = 3  # type: int
plain = 4
# trailing
"""
    )
    assert {p.name: p.description for p in found.parameters} == {
        "rate": "step size: # of steps",
        "names": "last line",
        "path": "documented",
        "quiet": None,
        "form": None,
        "typed": None,
        "plain": None,
    }


def test_lines_are_those_of_the_whole_cell() -> None:
    found = read("import os\nx = [\n  1,\n  f(),\n]\ny = 1\n", above="%%parameters\n\n")
    assert [(p.name, p.line) for p in found.parameters] == [("y", 8)]
    assert [(s.source, s.line) for s in found.imports] == [("import os", 3)]
    (finding,) = found.findings
    assert (finding.place.line, finding.place.text, finding.place.file_line) == (6, "  f(),", 45)
    assert str(finding.place) == "churn.ipynb, cell 3 (c3), line 6"


def test_what_may_stand_beside_parameters() -> None:
    found = read('"""About."""\n\nimport os\nfrom pathlib import Path as P\nx = 1\npass\n...\nx\n')
    assert found.findings == []
    assert [p.name for p in found.parameters] == ["x"]
    assert [type(s.node) for s in found.imports] == [ast.Import, ast.ImportFrom]


def test_an_empty_cell() -> None:
    assert read("") == read("# nothing\n") == ParameterCell([], [], [])


@pytest.mark.parametrize(
    ("source", "code", "message", "fix"),
    [
        ("print(1)", "MDK135", "`print(1)` does not assign a parameter", "move it to a component"),
        ("x += 1", "MDK135", "`x += 1`", "move it"),
        ("for x in []: pass", "MDK135", "`for x in []: pass`", "move it"),
        ("def f(): pass", "MDK135", "`def f(): pass`", "move it"),
        ("if True:\n    x = 1", "MDK135", "`if True: x = 1`", "move it"),
        ("%matplotlib inline", "MDK135", "`%matplotlib inline`", "move it"),
        ("!pip install x", "MDK135", "`!pip install x`", "move it"),
        ("x[0] = 1", "MDK135", "`x[0]` cannot be a parameter", "one assignment for each"),
        ("x.y = 1", "MDK135", "`x.y`", ""),
        ("x.y: int = 1", "MDK135", "`x.y: int = 1`", ""),
        ("a, b = 1", "MDK135", "`(a, b)`", "one assignment for each"),
        ("a, b = 1, 2, 3", "MDK135", "`(a, b)`", ""),
        ("a, *b = 1, 2", "MDK135", "`*b`", ""),
        ("a = b = []", "MDK135", "several names for one object", "an object of its own"),
        ("x = = 1", "MDK135", "not Python", "syntax"),
        ("x = float('inf')", "MDK136", "`float('inf')` is not a literal", "write the value itself"),
        ("x = y", "MDK136", "`y` is not a literal", ""),
        ("x = [1, y]", "MDK136", "`y` is not a literal", ""),
        ("x = f'{y}'", "MDK136", "is not a literal", ""),
        ("x = '%d' % 3", "MDK136", "is too much to compute", ""),
        ("x = 1 if True else 2", "MDK136", "is not a literal", ""),
        ("x = {**y}", "MDK137", "keys that are no text", ""),
        ("x = 1 / 0", "MDK136", "division by zero", ""),
        ("x = 'a' + 1", "MDK136", "cannot be computed", ""),
        ("x = 10 ** 100000", "MDK136", "too much to compute", ""),
        ("x = 1 << 10 ** 9", "MDK136", "too much to compute", ""),
        ("x = 'a' * 10 ** 9", "MDK136", "too much to compute", ""),
        ("x = [0] * 10 ** 9", "MDK136", "too much to compute", ""),
        ("x = 2.0 ** 100000", "MDK136", "cannot be computed", ""),
        ("x = " + "-" * 5000 + "1", "MDK135", "not Python", ""),
        ("x = " + "+".join("1" * 990), "MDK136", "nested too deeply", ""),
        ("x = (1, 2)", "MDK137", "`(1, 2)` is of type tuple", "write a list"),
        ("x = [(1, 2)]", "MDK137", "type tuple", "write a list"),
        ("x = {1, 2}", "MDK137", "type set", "write a list"),
        ("x = b'a'", "MDK137", "type bytes", "write text"),
        ("x = 1j", "MDK137", "type complex", "use int"),
        ("x = (-8) ** 0.5", "MDK137", "type complex", ""),
        ("x = ...", "MDK137", "type ellipsis", ""),
        ("x = {1: 2}", "MDK137", "keys that are no text", "text as keys"),
        ("x = '\\ud800'", "MDK137", "not valid text", ""),
        ("x: int = 1.5", "MDK138", '"x" is declared as int, but its value 1.5 is not', "change"),
        ("x: int = True", "MDK138", "value True is not", ""),
        ("x: bool = 1", "MDK138", "value 1 is not", ""),
        ("x: int = None", "MDK138", "value None is not", ""),
        ("x: float = '1'", "MDK138", "'1' is not", ""),
        ("x: float = 10 ** 400", "MDK138", "is not", ""),
        ("x: list[str] = [1]", "MDK138", "[1] is not", ""),
        ("x: dict[str, int] = {'a': 'b'}", "MDK138", "is not", ""),
        ("x: Literal['a'] = 'b'", "MDK138", "'b' is not", ""),
        ("x: Literal[1] = True", "MDK138", "True is not", ""),
        ("x: Path = 'a'", "MDK138", "`Path` cannot be the type of a parameter", "use int, float"),
        ("x: tuple[int] = [1]", "MDK138", "`tuple[int]` cannot be the type", ""),
        ("x: 'not a type' = 1", "MDK138", "`not a type` is no type", ""),
        ("x: int | str", "MDK138", "does not name one type", "give a value"),
        ("x: Any", "MDK138", "does not name one type", ""),
    ],
)
def test_what_is_no_parameter(source: str, code: str, message: str, fix: str) -> None:
    finding = refusal(source)
    assert finding.code == code
    assert message in finding.message
    assert fix in finding.fix
    assert finding.fix
    assert finding.place.line == 1
    assert finding.place.cell_id == "c3"


def test_all_faults_are_told_at_once() -> None:
    found = read("a = 1\nb = f()\nc = (1,)\nd = 2\nprint(a)\n")
    assert [(f.code, f.place.line) for f in found.findings] == [("MDK136", 2), ("MDK137", 3), ("MDK135", 5)]
    assert [p.name for p in found.parameters] == ["a", "d"]


def test_the_last_of_two_values_holds() -> None:
    found = read("a = 1\nb = 2\na = 'x'  # new")
    assert [(p.name, p.default, p.description, p.line) for p in found.parameters] == [
        ("a", "x", "new", 3),
        ("b", 2, None, 2),
    ]
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.place.line) == ("MDK129", "warning", 3)
    assert "line 1" in finding.message


def test_names_are_as_python_sees_them() -> None:
    assert [p.name for p in read("list = 1\nlength = 2\ngröße = 3\nﬁt = 4").parameters] == [
        "list",
        "length",
        "größe",
        "fit",
    ]


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=100)
@given(plain_values)
def test_every_literal_comes_out_as_python_reads_it(value: Any) -> None:
    source = f"x = {value!r}  # help"
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    (parameter,) = read(source).parameters
    assert json.dumps(parameter.default) == json.dumps(namespace["x"])
    assert parameter.description == "help"
