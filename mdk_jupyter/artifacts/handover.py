"""Saving the values that a step hands on, and loading those that it receives."""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts import formats
from mdk_jupyter.artifacts.records import Record
from mdk_jupyter.artifacts.store import Storage
from mdk_jupyter.artifacts.travel import Untravelable, type_name
from mdk_jupyter.errors import ArtifactError

if TYPE_CHECKING:
    from mdk_jupyter.artifacts.sharing import Contents

_ALONE = frozenset([str, int, float, bool, complex, bytes, type(None)])  # nothing can be shared through them


@dataclass(frozen=True)
class Kept:
    """A value that a step received and does not hand on again, with its record's `holdings`."""

    value: object
    holdings: tuple[str, ...]


def save(values: Mapping[str, object], store: Storage, kept: Iterable[Kept] = ()) -> dict[str, Record]:
    """Store values; those that share mutable objects are stored as one artifact.

    A value that cannot travel gets a record that says so; one that holds objects of `kept` values too.

    Raises:
        ArtifactError: the store cannot be written (MDK326).
    """
    with _without_collections():
        return _save(values, store, kept)


def _save(values: Mapping[str, object], store: Storage, kept: Iterable[Kept]) -> dict[str, Record]:
    records: dict[str, Record] = {}
    scanned = {}
    for name, value in values.items():
        if _is_alone(value):
            records[name] = _save_alone(name, value, store)
            continue
        from mdk_jupyter.artifacts import sharing

        try:
            scanned[name] = sharing.Contents(value)
        except Exception:  # it cannot be pickled; another format may still take it
            records[name] = _save_alone(name, value, store)
    if scanned:
        for group in sharing.group(scanned):
            if len(group.names) > 1:
                records |= _save_together({name: values[name] for name in group.names}, store, group.bases)
            else:
                (name,) = group.names
                records[name] = _save_alone(name, values[name], store, group.bases)
        for other in kept:
            _note_sharing(records, scanned, other)
    return {name: records[name] for name in values}


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Pause the garbage collector: walking through many objects makes it start again and again, in vain."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _note_sharing(records: dict[str, Record], scanned: Mapping[str, Contents], kept: Kept) -> None:
    from mdk_jupyter.artifacts import sharing

    if _is_alone(kept.value):
        return
    try:
        contents = sharing.Contents(kept.value)
    except Exception:  # changed since into something that cannot travel
        return
    for name, found in scanned.items():
        if len(sharing.group({"output": found, "kept": contents})) == 1:
            shares = sorted({*records[name].shares, *kept.holdings})
            records[name] = replace(records[name], shares=tuple(shares))


def _save_alone(name: str, value: object, store: Storage, bases: frozenset[int] = frozenset()) -> Record:
    try:
        if bases:
            blob = store.put(lambda file: formats.write_pickle(value, file, bases), (name,))
            return Record(
                "value",
                "pickle",
                blob.digest,
                blob.size,
                type_name(value),
                preview=preview(value),
                length=length(value),
            )
        for serializer in formats.candidates(value):
            try:
                blob = store.put(functools.partial(serializer.write, value), (name,))
            except formats.NotExact:
                continue
            return Record(
                "value",
                serializer.name,
                blob.digest,
                blob.size,
                type_name(value),
                preview=preview(value),
                length=length(value),
            )
    except Untravelable as refusal:
        return _untravelable(name, value, refusal)
    raise AssertionError("the pickle takes everything or refuses it")


def _save_together(values: Mapping[str, object], store: Storage, bases: frozenset[int]) -> dict[str, Record]:
    try:
        blob = store.put(lambda file: formats.write_pickle(dict(values), file, bases), tuple(values))
    except Untravelable as refusal:
        return {name: _untravelable(name, value, refusal) for name, value in values.items()}
    return {
        name: Record(
            "value",
            "pickle",
            blob.digest,
            blob.size,
            type_name(value),
            key=name,
            preview=preview(value),
            length=length(value),
        )
        for name, value in values.items()
    }


def _untravelable(name: str, value: object, refusal: Untravelable) -> Record:
    where = f"{refusal.kind} inside `{name}{refusal.path}`: " if refusal.path else ""
    return Record("untravelable", type=type_name(value), reason=where + refusal.reason)


def load(records: Mapping[str, Record], store: Storage) -> Iterator[tuple[str, Any]]:
    """Load the values of records with status "value", in the order in which the caller must bind them.

    Classes come first and functions next, so that the values after them are made of those very ones.

    Raises:
        ArtifactError: an artifact is missing (MDK320), damaged (MDK321), of an unknown format (MDK325) or cannot be
            read back (MDK327).
    """
    for names in _by_artifact(records):
        first = records[names[0]]
        assert first.digest is not None and first.format is not None
        serializer = formats.by_name(first.format)
        path = store.verify(first.digest)
        value = _read(serializer, path, names)
        for name in names:
            key = records[name].key
            yield name, value if key is None else value[key]


def _by_artifact(records: Mapping[str, Record]) -> Iterable[list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(records, key=lambda name: _turn(records[name])):
        record = records[name]
        # Equal bytes of separate values are separate values; only the parts of a joint artifact are loaded as one.
        found.setdefault((record.digest or "",) if record.key is not None else (name, ""), []).append(name)
    return found.values()


def _turn(record: Record) -> int:
    return 0 if record.format == "class" else 1 if record.type == "function" else 2


def _read(serializer: formats.Serializer, path: Path, names: list[str]) -> Any:
    try:
        with path.open("rb") as file, _without_collections():
            return serializer.read(file)
    except Exception as error:
        listed = ", ".join(f"`{name}`" for name in names)
        detail = str(error) if isinstance(error, Untravelable) else f"{type(error).__name__}: {error}"
        message = f"{listed} cannot be read back: {detail}"
        fix = "Check that the components run with the same packages, and run the pipeline again without the cache."
        raise ArtifactError([Finding("MDK327", message, fix=fix, names=tuple(names))]) from error


def load_lists(lists: Mapping[str, Sequence[Record]], store: Storage) -> dict[str, list[Any]]:
    """Load values that the runs of a repeated component handed on, as lists by name.

    What one run handed on may share objects; what different runs handed on never does.

    Raises:
        ArtifactError: as `load`.
    """
    values: dict[str, list[Any]] = {name: [None] * len(records) for name, records in lists.items()}
    for number in range(max(map(len, lists.values()), default=0)):
        own = {name: records[number] for name, records in lists.items() if number < len(records)}
        for name, value in load(own, store):
            values[name][number] = value
    return values


def length(value: object) -> int | None:
    """Return the number of items of a list or tuple, None for anything else."""
    return len(value) if isinstance(value, (list, tuple)) else None


def preview(value: object) -> str | None:
    """Return a short text about a value of a well-known type; never runs code of the user."""
    kind = type(value)
    if kind in (str, bytes):
        return repr(value[:80]) + ("…" if len(value) > 80 else "")  # type: ignore[index,arg-type]
    if kind in (int, float, bool, complex, type(None)):
        text = repr(value) if kind is not int or abs(value) < 10**80 else "a large integer"  # type: ignore[arg-type]
        return text
    if kind in (list, dict, tuple, set, frozenset):
        size = len(value)  # type: ignore[arg-type]
        return f"{size} item" + ("s" if size != 1 else "")
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        if isinstance(value, pandas.DataFrame):
            return f"{value.shape[0]} rows × {value.shape[1]} columns"
        if isinstance(value, (pandas.Series, pandas.Index)):
            return f"{len(value)} values, {value.dtype}"
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            return f"{value.dtype} {' × '.join(map(str, value.shape)) or 'scalar'}"
        if isinstance(value, numpy.generic):
            return str(value)[:80]
    return None


def _is_alone(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return type(value) in _ALONE or (numpy is not None and isinstance(value, numpy.generic))
