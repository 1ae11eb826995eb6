"""Random programs, cut at random into components: the pipeline prints what the program prints, or is refused."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from forked import Crashed, compare, notebook, run_notebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ["a", "b", "c", "d", "e"]


class Program:
    """Writes statements that run, because it remembers what each name holds."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.kinds: dict[str, str] = {}  # int, list, dict, object, function, changer
        self.functions = 0

    def names(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind in kinds]

    def one(self, *kinds: str) -> str | None:
        found = self.names(*kinds)
        return self.chance.choice(found) if found else None

    def number(self) -> str:
        name = self.one("int")
        literal = str(self.chance.randint(0, 9))
        return self.chance.choice([literal, name or literal, f"{name or literal} + {literal}"])

    def statement(self) -> str:
        makers = [
            self.bind, self.bind, self.alias, self.change, self.change, self.function, self.call, self.comprehension,
            self.loop, self.branch, self.delete, self.instance, self.method, self.augment, self.nest, self.closure,
            self.walrus, self.attempt, self.default,
        ]  # fmt: skip
        while True:
            made = self.chance.choice(makers)()
            if made is not None:
                return made

    def bind(self) -> str:
        name = self.chance.choice(NAMES)
        kind = self.chance.choice(["int", "list", "dict"])
        value = {
            "int": self.number(),
            "list": f"[{self.number()}, {self.number()}]",
            "dict": f"{{'k': {self.number()}}}",
        }[kind]
        self.kinds[name] = kind
        return f"{name} = {value}"

    def alias(self) -> str | None:
        other = self.one("list", "dict", "object", "int")
        if other is None:
            return None
        name = self.chance.choice(NAMES)
        self.kinds[name] = self.kinds[other]
        return f"{name} = {other}"

    def change(self) -> str | None:
        name = self.one("list", "dict", "object")
        if name is None:
            return None
        match self.kinds[name]:
            case "list":
                return self.chance.choice(
                    [f"{name}.append({self.number()})", f"{name}[0] = {self.number()}", f"{name} += [{self.number()}]",
                     f"{name}[:] = [{self.number()}]", f"{name}.sort(key=str)", f"{name}.insert(0, {self.number()})"]
                )  # fmt: skip
            case "dict":
                return self.chance.choice([f"{name}['k'] = {self.number()}", f"{name}.update(z={self.number()})"])
        return self.chance.choice(
            [f"{name}.rows.append({self.number()})", f"{name}.n = {self.number()}", f"{name}.n += 1"]
        )

    def nest(self) -> str | None:
        inner = self.one("list", "dict", "object")
        if inner is None:
            return None
        name = self.chance.choice([n for n in NAMES if n != inner])
        self.kinds[name] = "dict"
        return self.chance.choice([f"{name} = {{'k': 1, 'inner': {inner}}}", f"{name} = dict(k=1, inner={inner})"])

    def function(self) -> str:
        self.functions += 1
        name = f"f{self.functions}"
        readable = self.one("int", "list", "dict")
        body = self.chance.choice(
            [f"return x if {readable or 0} else 1", f"return [{readable or 0}, x]", "return x",
             "global g\n    g = 1 if x else 2\n    return g"]
        )  # fmt: skip
        self.kinds[name] = "function"
        if "global g" in body:
            self.kinds.setdefault("g", "none")
            return f"g = 0\ndef {name}(x=1):\n    {body}"
        changed = self.one("list")
        if changed and self.chance.random() < 0.4:
            self.kinds[name] = "changer"
            body = self.chance.choice(
                [f"{changed}.append(x)\n    return len({changed})", "x.append(len(x))\n    return x"]
            )
            if body.startswith("x."):
                self.kinds[name] = "taker"
        return f"def {name}(x=1):\n    {body}"

    def default(self) -> str:
        self.functions += 1
        name = f"f{self.functions}"
        self.kinds[name] = "function"
        return f"def {name}(x=0, seen=[]):\n    seen.append(x)\n    return list(seen)"

    def closure(self) -> str:
        self.functions += 1
        name = f"f{self.functions}"
        self.kinds[name] = "function"
        return f"def make_{name}():\n    kept = []\n    def inner(x=0):\n        kept.append(x)\n        return list(kept)\n    return inner\n{name} = make_{name}()"

    def call(self) -> str | None:
        function = self.one("function", "changer", "taker")
        if function is None:
            return None
        name = self.chance.choice(NAMES)
        if self.kinds[function] == "taker":
            target = self.one("list")
            if target is None:
                return None
            self.kinds[name] = "list"
            return f"{name} = {function}({target})"
        self.kinds[name] = "other"
        argument = self.one("list", "int", "dict") or "2"
        if self.kinds[function] == "changer":
            argument = self.number()
        return self.chance.choice([f"{name} = {function}({argument})", f"{name} = list(map({function}, [1, 2]))"])

    def comprehension(self) -> str | None:
        source = self.one("list")
        if source is None:
            return None
        name = self.chance.choice(NAMES)
        threshold = self.number()
        self.kinds[name] = "list"
        return f"{name} = [i for i in [*{source}, 3] if str(i) >= str({threshold})] + [0]"

    def loop(self) -> str | None:
        target = self.one("list")
        if target is None:
            return None
        return f"for i in range({self.chance.randint(0, 2)}):\n    {target}.append(i)\n    last = i"

    def branch(self) -> str:
        name = self.chance.choice(self.names("int") or ["a"])
        if self.kinds.get(name) != "int":
            return self.bind()
        return f"if {self.number()} > 4:\n    {name} = {self.number()}"

    def delete(self) -> str | None:
        names = self.names("int", "list", "other")
        if len(names) < 3:
            return None
        name = self.chance.choice(names)
        del self.kinds[name]
        return f"del {name}"

    def instance(self) -> str:
        name = self.chance.choice(NAMES)
        self.kinds[name] = "object"
        held = self.one("list")
        self.functions += 1
        cls = f"K{self.functions}"
        reads = self.one("int")
        return (
            f"class {cls}:\n    made = 0\n    def __init__(self, rows):\n        self.rows = rows\n        self.n = 0\n"
            f"        {cls}.made += 1\n    def add(self, x):\n        self.rows.append(x)\n        self.n += {reads or 1}\n"
            f"        return {cls}.made\n    def __repr__(self):\n        return f'{cls}({{self.rows}}, {{self.n}}, {{self.made}})'\n"
            f"{name} = {cls}({held or '[]'})"
        )

    def method(self) -> str | None:
        name = self.one("object")
        return (
            None if name is None else self.chance.choice([f"{name}.add({self.number()})", f"type({name})([]).add(1)"])
        )

    def augment(self) -> str | None:
        name = self.one("int", "list")
        if name is None:
            return None
        return f"{name} += 1" if self.kinds[name] == "int" else f"{name} += ({self.number()},)"

    def walrus(self) -> str:
        name = self.chance.choice(NAMES)
        self.kinds[name] = "int"
        return f"print(({name} := {self.number()}) + 1)"

    def attempt(self) -> str | None:
        target = self.one("list")
        if target is None:
            return None
        return f"try:\n    {target}.append({{}}['missing'])\nexcept KeyError as problem:\n    {target}.append(str(problem))"

    def look(self) -> str:
        name = self.one("int", "list", "dict", "object", "other")
        pair = self.names("list", "dict", "object")
        if len(pair) > 1 and self.chance.random() < 0.2:
            one, other = self.chance.sample(pair, 2)
            return f"print({one} is {other})"
        return f"print({name!r}, {name})" if name else "print('nothing')"


def program(chance: random.Random) -> list[tuple[str | None, str]]:
    made = Program(chance)
    cells: list[tuple[str | None, str]] = []
    components = chance.choice([["one", "two", "three", "four"], ["one", "two"], [f"s{i}" for i in range(12)]])
    contiguous = chance.random() < 0.8
    count = chance.randint(2, 9)
    for number in range(count):
        lines = []
        for _ in range(chance.randint(1, 4)):
            lines.append(made.statement())
            if chance.random() < 0.5:
                lines.append(made.look())
        name = components[number * len(components) // count] if contiguous else chance.choice(components)
        cells.append((name, "\n".join(lines)))
    everything = sorted(made.names("int", "list", "dict", "object", "other"))
    cells.append(("final", "\n".join(f"print({n!r}, {n})" for n in everything) or "print()"))
    return cells


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_pipeline_gives_what_the_program_gives(seed: int) -> None:
    cells = program(random.Random(seed))
    try:
        run_notebook(notebook(cells))
    except Crashed as error:  # the generator wrote a program that fails: nothing to compare
        pytest.skip(str(error)[-200:]) if "NameError" not in str(error) else None
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(cells, Path(folder))
