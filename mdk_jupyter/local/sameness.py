"""Comparing stored values, in a process of its own: loading them runs code and takes memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdk_jupyter.artifacts.store import Store

Records = Mapping[str, Mapping[str, Any]]  # by name


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether two values are the same: yes, no with the first difference, or unknown (None) for a reason."""

    same: bool | None
    path: str = ""
    a: str = ""
    b: str = ""
    reason: str = ""


def compare_stored(
    pairs: Mapping[str, tuple[Records, Records]], store: Path, *, python: str, folder: Path
) -> dict[str, dict[str, Verdict]]:
    """Compare two versions of the values of each component, all of them stored, by content and without tolerance.

    Args:
        pairs: for each component the records of both versions, under the same names.
        python: the interpreter of an environment that can load the values.
        folder: where the user's own modules are.
    """
    if not pairs:
        return {}
    with tempfile.TemporaryDirectory(prefix="mdk-") as place:
        job, result = Path(place) / "job.json", Path(place) / "result.json"
        job.write_text(json.dumps({"store": str(store), "pairs": pairs}), encoding="utf-8")
        command = [python, "-m", __name__, str(job), str(result)]
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode == 0:
            told = json.loads(result.read_text(encoding="utf-8"))
            return {name: {key: Verdict(**said) for key, said in verdicts.items()} for name, verdicts in told.items()}
    words = done.stderr.decode(errors="replace").strip().splitlines()
    unknown = Verdict(None, reason=": ".join([f"the comparison ended with code {done.returncode}", *words[-1:]]))
    return {name: dict.fromkeys(one, unknown) for name, (one, _) in pairs.items()}


def main(job: str, result: str) -> None:
    """The process: `python -m mdk_jupyter.local.sameness JOB RESULT`."""
    from mdk_jupyter.artifacts import Store

    content = json.loads(Path(job).read_text(encoding="utf-8"))
    store = Store(content["store"])
    told = {
        name: {key: asdict(verdict) for key, verdict in _compare(a, b, store).items()}
        for name, (a, b) in content["pairs"].items()
    }
    Path(result).write_text(json.dumps(told), encoding="utf-8")


def _compare(a: Records, b: Records, store: Store) -> dict[str, Verdict]:
    """Load both versions of a component's values, and compare them by name."""
    one, other = _load(a, store), _load(b, store)
    return {name: _verdict(one[name], other[name], name) for name in a}


def _verdict(a: object, b: object, name: str) -> Verdict:
    from mdk_jupyter.artifacts.differences import Incomparable, first_difference

    for value in (a, b):
        if isinstance(value, _Lost):
            return Verdict(None, reason=value.reason)
    try:
        difference = first_difference(a, b, name)
    except Incomparable as error:
        return Verdict(None, reason=str(error))
    except Exception as error:  # of the user's own classes
        return Verdict(None, reason=f"{type(error).__name__}: {error}")
    return Verdict(True) if difference is None else Verdict(False, difference.path, difference.a, difference.b)


@dataclass(frozen=True, slots=True)
class _Lost:
    """Stands for a value that cannot be loaded."""

    reason: str


def _load(records: Records, store: Store) -> dict[str, object]:
    """Load values together, so that they share what they shared, or one by one where one of them cannot be loaded."""
    from mdk_jupyter.artifacts import Record, handover
    from mdk_jupyter.errors import ArtifactError

    stored = {name: Record.from_json(record) for name, record in records.items() if "items" not in record}
    lists = {name: [*map(Record.from_json, record["items"])] for name, record in records.items() if "items" in record}
    try:
        found: dict[str, object] = {**dict(handover.load(stored, store)), **handover.load_lists(lists, store)}
    except ArtifactError:
        found = {}
        for name, record in stored.items():
            try:
                found |= handover.load({name: record}, store)
            except ArtifactError as error:
                found[name] = _Lost(error.findings[0].message)
        for name, items in lists.items():
            try:
                found |= handover.load_lists({name: items}, store)
            except ArtifactError as error:
                found[name] = _Lost(error.findings[0].message)
    return {name: _frozen(value) for name, value in found.items()}


def _frozen(value: object) -> object:
    """Return a class of the notebook as what it is now: loading its other version changes it in place."""
    from mdk_jupyter.artifacts import classes

    if isinstance(value, type) and classes.is_notebook_class(value):
        return types.SimpleNamespace(**classes.state_of(value))
    return value


if __name__ == "__main__":
    # Loaded under its own name too: classes made by this module must not seem to be the notebook's.
    from mdk_jupyter.local.sameness import main as _main

    _main(*sys.argv[1:])
