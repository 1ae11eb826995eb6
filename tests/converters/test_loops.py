"""What a loop says, and which names of its cell become lists."""

from __future__ import annotations

import ast
import types

import pytest

from mdk_converters.loops import Loop, collected, defined, definitions, parse_loop


def test_a_loop_is_two_names() -> None:
    assert parse_loop(" lr  in rates ") == Loop("lr", "rates")
    assert parse_loop("größe in x").text == "größe in x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lr",
        "lr in",
        "lr in [1, 2]",
        "a, b in pairs",
        "x not in y",
        "x in y in z",
        "x in x",
        "x in f()",
        "for x in y",
    ],
)
def test_what_is_no_loop(text: str) -> None:
    with pytest.raises(ValueError, match="two names"):
        parse_loop(text)


CELL = """
import os.path as path, sys
from math import *
a = b, *c = 1, 2
d: int = 3
d += 1
for e, (f, g) in []: h = 1
with open(x) as i: pass
if (j := 2): k = [l for l in range(3) if (m := l)]
while False: n = 1
try: o = 1
except ValueError as error: p = 1
match q:
    case {"a": r, **s} | [t, *u]: pass
    case v: pass
def function(z=(w := 1)): inside = 1
class Klass: attribute = 1
lambda y: (inner := y)
item = item + 1
os.attribute = sys.argv[0] = 1
"""


def test_names_that_the_cell_binds_itself_become_lists() -> None:
    nodes = ast.parse(CELL).body
    assert set(collected(nodes, "item")) == set("abcdefghijkmnoprstuv")
    assert defined(nodes) == {"path", "sys", "*", "function", "Klass"}


def test_a_name_that_is_also_defined_is_none_of_them() -> None:
    assert collected(ast.parse("def f(): ...\nf = cache(f)\n_ = 1").body, "i") == ()


def test_what_a_loop_over_nothing_still_runs() -> None:
    code = (
        "import math\nx = item\ndef f(): return x\ndef g(a=item): ...\n@x\ndef h(): ...\nclass A: y = x\nclass B: y = math.pi\n"
        "def k(a: item): ...\nif x:\n    import os"
    )
    kept = definitions(ast.parse(code).body, "item")
    assert [getattr(node, "name", "import") for node in kept] == ["import", "f", "B"]
    namespace: dict[str, object] = {}
    exec(compile(ast.Module(kept, []), "<cell>", "exec"), namespace)
    assert isinstance(namespace["math"], types.ModuleType)
