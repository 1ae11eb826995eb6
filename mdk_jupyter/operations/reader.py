"""A file of operations -> what it asks for, strictly: every problem at once, with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mdk_converters.findings import Place
from mdk_converters.yaml_nodes import Mapping, Node, compose
from mdk_converters.yaml_reader import FileKind, Problem, Reader, SpecPath, close_match
from mdk_jupyter.operations.desired import LATEST, Entry, Operations
from mdk_jupyter.operations.errors import OperationsError, refusal
from mdk_jupyter.registry.domain import ENVIRONMENTS

NAMES = ("operations.yaml", "operations.yml")
NUMBER = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,8})")
ENDPOINT = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/endpoints/[^/\s]+")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_LABEL, _LABEL_VALUE, _NOTES, _REASON = 100, 300, 10_000, 2000  # most characters
_SHORTEST = 3  # characters of the reason of a waiver

KIND = FileKind(
    "the file of operations",
    "begin with apiVersion: mdk/v1",
    OperationsError,
    unreadable="MDK600",
    syntax="MDK601",
    missing="MDK602",
    wrong="MDK603",
    twice="MDK604",
    unknown="MDK605",
)


@dataclass(frozen=True)
class Desired:
    """A file of operations: what it asks for, and where it says so."""

    operations: Operations
    text: str
    path: str

    def entries(self) -> Iterator[tuple[str, str, Entry]]:
        """Yield environment, model and entry, in the order of the environments."""
        for environment in sorted(self.operations.environments, key=ENVIRONMENTS.index):
            for model, entry in self.operations.environments[environment].models.items():
                yield environment, model, entry

    def entry(self, environment: str, model: str) -> Entry | None:
        here = self.operations.environments.get(environment)
        return here.models.get(model) if here else None

    def place(self, environment: str, model: str, *path: str) -> Place:
        """Return where the file speaks of a model, or of something in its entry."""
        node: Node | None = self._root
        for step in ("environments", environment, "models", model, *path):
            if not isinstance(node, Mapping) or step not in node.pairs:
                break
            key, value = node.pairs[step]
            last, node = key, value
        line, column = last.line, last.column
        lines = self.text.split("\n", line)
        return Place(self.path, line=line, column=column, text=lines[line - 1].rstrip("\r"), file_line=line)

    @cached_property
    def _root(self) -> Node | None:
        return compose(self.text)[0]


def load(path: Path, shown: str | None = None) -> Desired:
    """Read a file of operations.

    Raises:
        OperationsError: it cannot be read (MDK600), or something in it is wrong (MDK601-606); all at once.
    """
    return parse(KIND.load(path), shown or str(path))


def parse(text: str, path: str = NAMES[0]) -> Desired:
    """Read a file of operations from its text; `path` is what messages call it."""
    return Desired(_OperationsReader(text, path, Operations, KIND).read(), text, path)


def find(root: Path) -> Path | None:
    """Return the project's file of operations, None where it has none."""
    return next((root / name for name in NAMES if (root / name).is_file()), None)


def required(root: Path) -> Path:
    """Return the project's file of operations.

    Raises:
        OperationsError: it has none (MDK600).
    """
    found = find(root)
    if found is None:
        fix = "write one (docs/operations.md), or `mdk ops init`"
        raise refusal("MDK600", f"there is no {NAMES[0]} in {root}", fix)
    return found


class _OperationsReader(Reader[Operations]):
    def problems(self, model: Operations) -> Iterable[Problem]:
        for environment, entries in model.environments.items():
            here: SpecPath = ("environments", environment)
            if environment not in ENVIRONMENTS:
                fix = close_match(environment, ENVIRONMENTS)
                yield Problem("MDK605", here, "there is no such environment", fix, (environment,), at_key=True)
            for name, entry in entries.models.items():
                path: SpecPath = (*here, "models", name)
                if not _MODEL.fullmatch(name):
                    fix = "take letters, digits, `-`, `_` and `.`"
                    yield Problem("MDK606", path, "this cannot be a model's name", fix, (name,), at_key=True)
                yield from _problems(entry, path)


def _problems(entry: Entry, path: SpecPath) -> Iterator[Problem]:
    if entry.champion != LATEST:
        yield from _number(entry.champion, (*path, "champion"))
    for version, share in entry.challengers.items():
        at: SpecPath = (*path, "challengers", version)
        yield from _number(version, at, at_key=True)
        if not 0 <= share <= 100:
            yield _impossible(at, f"{share} is not a share of the traffic", "write whole percents, from 0 to 100")
        if version == entry.champion:
            yield _impossible(at, f"{version} is the champion", "it has what the challengers leave; take it out here")
        if version in entry.quarantined:
            yield _impossible(at, f"{version} is quarantined below", "keep it in one of the two places")
    whole = sum(entry.challengers.values())
    if whole > 100 and all(0 <= share <= 100 for share in entry.challengers.values()):
        yield _impossible((*path, "challengers"), f"the shares sum to {whole} percent", "let them be 100 at most")
    for version, why in entry.quarantined.items():
        at = (*path, "quarantined", version)
        yield from _number(version, at, at_key=True)
        if version == entry.champion:
            yield _impossible(at, f"{version} is the champion", "name another champion, or take it out here")
        if not 0 < len(why) <= _REASON:
            yield _impossible(at, "it does not say why", "write the reason after the version")
    for gate, why in entry.waivers.items():
        if not _SHORTEST <= len(why) <= _REASON:
            yield _impossible((*path, "waivers", gate), "it does not say why", "write the reason after the gate")
    for key, value in entry.labels.items():
        if not (0 < len(key) <= _LABEL and len(value) <= _LABEL_VALUE):
            message = f"a label has up to {_LABEL} characters, and its value up to {_LABEL_VALUE}"
            yield _impossible((*path, "labels", key), message, "make it shorter")
    if entry.serial < 1:
        yield _impossible((*path, "serial"), f"{entry.serial} is not a serial", "begin with 1")
    for name, text, most in (("notes", entry.notes, _NOTES), ("reason", entry.reason, _REASON)):
        if text is not None and not 0 < len(text) <= most:
            yield _impossible((*path, name), f"it has {len(text)} characters", f"write 1 to {most}")
    if entry.endpoint is not None and not ENDPOINT.fullmatch(entry.endpoint):
        fix = "write projects/PROJECT/locations/REGION/endpoints/ID"
        yield _impossible((*path, "endpoint"), f"{entry.endpoint!r} is not an endpoint", fix)


def _number(version: str, path: SpecPath, *, at_key: bool = False) -> Iterator[Problem]:
    if not NUMBER.fullmatch(version):
        fix = "write major.minor.patch, such as 1.4.2"
        yield Problem("MDK606", path, f"{version!r} is not a version", fix, (version,), at_key)


def _impossible(path: SpecPath, message: str, fix: str) -> Problem:
    return Problem("MDK606", path, message, fix, (str(path[-1]),))
