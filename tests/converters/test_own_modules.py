"""The user's own modules are read, not run: what their code may do to state that outlives a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdk_converters.analysis.own_modules import OwnModules

TALLY = """
import functools, json, os, random
import numpy as np
from shelf import ITEMS, Settings
import shelf

count = 0
seen, rows = {}, []
LIMITS = [1, 2]
log = functools.partial(print)

def nothing(x):
    return [v for v in x if v in LIMITS]

def bump():
    global count
    count += 1

def through():
    return inner()

def inner():
    bump()

def alias():
    own = seen
    own["a"] = 1

def gives():
    return rows

def local(rows):
    rows.append(1)

def defaults(x, known=[]):
    known.append(x)

def elsewhere(x):
    ITEMS.append(x)
    shelf.extra = x

def draws():
    return random.random() + np.random.rand()

def seeds(n=0):
    np.random.seed(n)

def environment():
    os.environ["A"] = "1"

def writes(x):
    with open("x.json", "w") as file:
        json.dump(x, file)

@functools.lru_cache(maxsize=3)
def cached(x):
    return x

def ring():
    return ring2()

def ring2():
    bump()
    return ring()

class Shape:
    made = 0
    tags = []
    def __init__(self):
        type(self).made += 1
        self.own = []
    def tag(self, word):
        self.tags.append(word)
    def keep(self, word):
        self.own.append(word)
"""
SHELF = "ITEMS = []\nclass Settings:\n    depth = 1\n"


@pytest.fixture(scope="module")
def own() -> OwnModules:
    return OwnModules({"tally": TALLY, "shelf": SHELF})


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("nothing", []),
        ("bump", ["tally:count"]),
        ("through", ["tally:count"]),
        ("alias", ["tally:seen"]),
        ("gives", ["tally:rows"]),
        ("local", []),
        ("defaults", ["tally:defaults.__defaults__"]),
        ("elsewhere", ["shelf:ITEMS", "shelf:extra"]),
        ("cached", ["tally:cached"]),
        ("ring", ["tally:count"]),
        ("Shape.tag", ["tally:Shape.tags"]),
        ("Shape.keep", []),
        ("Shape", ["tally:Shape.made", "tally:Shape.tags"]),
        ("seen.update", ["tally:seen"]),
        ("seen.get", []),
        ("Settings.depth", []),
        ("nowhere", []),
    ],
)
def test_what_changes(own: OwnModules, path: str, changes: list[str]) -> None:
    assert sorted(own.deeds(f"tally.{path}").changes) == changes


@pytest.mark.parametrize(
    ("path", "states", "files"),
    [
        ("draws", {("random", "draw"), ("numpy_random", "draw")}, set()),
        ("seeds", {("numpy_random", "seed")}, set()),
        ("environment", {("environ", "set")}, set()),
        ("writes", set(), {"w"}),
        ("nothing", set(), set()),
    ],
)
def test_states_and_files(own: OwnModules, path: str, states: set[tuple[str, str]], files: set[str]) -> None:
    found = own.deeds(f"tally.{path}")
    assert (set(found.states), set(found.files)) == (states, files)


def test_parts_are_called_by_the_module_that_has_them(own: OwnModules) -> None:
    assert own.part("tally.ITEMS") == "shelf:ITEMS"
    assert own.part("tally.Settings.depth") == "shelf:Settings.depth"
    assert own.part("tally.seen.a.b") == "tally:seen"
    assert own.part("tally") is None
    assert own.part("json.dumps") is None


def test_methods_are_found_by_name(own: OwnModules) -> None:
    own.deeds("tally.Shape")
    assert own.deeds_of_methods("tag").changes == {"tally:Shape.tags"}
    assert not own.deeds_of_methods("keep").changes


def test_packages_and_relative_imports(tmp_path: Path) -> None:
    package = tmp_path / "pk"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "store.py").write_text("S = []\n")
    (package / "api.py").write_text("from .store import S\ndef add(x):\n    S.append(x)\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    own = OwnModules(folder=tmp_path)
    assert own.names == {"pk", "broken"}
    assert own.deeds("pk.api.add").changes == {"pk.store:S"}
    assert not own.deeds("broken.anything").changes
