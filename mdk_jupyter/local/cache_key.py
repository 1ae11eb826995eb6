"""The cache's key: all of a step that is known before it runs. And what changed, told from two of them."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
import sysconfig
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from mdk_converters.spec import Pipeline
from mdk_jupyter import __version__

FORMAT = 1
_OF_THE_INTERPRETER = frozenset(["PYTHONPATH", "PYTHONHASHSEED", "TZ"])  # variables that count for all code
_OF_RECORDS = ("status", "digest", "format", "key", "type", "reason", "shares", "item")

Ingredients = dict[str, Any]
"""JSON values, by what they are; those under `labels` are for people and no part of the key."""


def ingredients(
    pipeline: Pipeline,
    name: str,
    job: Mapping[str, Any],
    *,
    numbers: Mapping[str, int],
    files: Iterable[str],
    isolated: bool,
    environ: Mapping[str, str],
) -> Ingredients:
    """Return what the result of a step follows from, as far as it is known before it runs.

    `job` is what the step will be told, `numbers` are the notebook's cell numbers, `environ` is the environment
    that its kernel inherits, `files` are the names of those that it declares. Not part of it: the step's name and folder, its time limit, retries and resources.
    """
    component = pipeline.components[name]
    sources = step_sources(pipeline, name)
    return {
        "format": FORMAT,
        "mdk": __version__,
        "python": python(pipeline.metadata.kernel),
        "cells": [normal(cell.source) for cell in component.cells],
        "definitions": [normal(pipeline.definitions[other].source) for other in component.definitions],
        "parameters": dict(job["parameters"]),
        "inputs": {variable: _of_record(record) for variable, record in job["inputs"].items()},
        "names": {key: sorted(job[key]) for key in ("outputs", "metrics", "optional", "guard")},
        "env": dict(component.env),
        "secrets": sorted(component.secrets),
        "variables": {
            variable: digest_of(environ[variable]) if variable in environ else None
            for variable in sorted((variables(sources) | _OF_THE_INTERPRETER) - component.secrets.keys())
        },
        "requirements": sorted(component.requirements),
        "files": sorted(files),
        "isolated": isolated,
        "labels": {
            "cells": [str(numbers.get(cell.id, cell.id)) for cell in component.cells],
            "ids": [cell.id for cell in component.cells],
            "definitions": list(component.definitions),
            "inputs": dict(component.inputs),
        },
    }


def _of_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a value is; of a list that the runs of a repeated step made, what each of its items is."""
    own = {key: record[key] for key in _OF_RECORDS if key in record}
    return {**own, "items": list(map(_of_record, record["items"]))} if "items" in record else own


def key(of: Ingredients) -> str:
    """Return the sha256 that stands for the ingredients."""
    return digest_of({name: value for name, value in of.items() if name != "labels"})


def digest_of(value: Any) -> str:
    """Return the sha256 of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def step_sources(pipeline: Pipeline, name: str) -> list[str]:
    """Return the code of a step: its definitions and cells."""
    component = pipeline.components[name]
    return [
        *(pipeline.definitions[other].source for other in component.definitions),
        *(c.source for c in component.cells),
    ]


@lru_cache(maxsize=4096)
def normal(source: str) -> str:
    """Return a digest of what the code does: comments and formatting do not count."""
    tree = parsed(source)
    if tree is None:
        return digest_of(source)
    quiet = source.rstrip().endswith(";")  # its last value is not shown
    return digest_of([ast.dump(tree), quiet])


@lru_cache(maxsize=1024)
def parsed(source: str) -> ast.Module | None:
    """Return the code as Python sees it, magics as the calls that IPython makes of them; None when it is neither."""
    for text in _readings(source):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None


def _readings(source: str) -> Iterator[str]:
    yield source
    from IPython.core.inputtransformer2 import TransformerManager  # only for what is not plain Python

    try:
        yield TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
    except SyntaxError:
        return


def constants(sources: Iterable[str]) -> set[str]:
    """Return the texts that stand in the code, without those that are documentation."""
    found: set[str] = set()
    for source in sources:
        tree = parsed(source)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def variables(sources: Iterable[str]) -> set[str]:
    """Return the names of environment variables that the code may read."""
    found: set[str] = set()
    for source in sources:
        if any(word in source for word in ("environ", "getenv", "expandvars", "%env")):
            found |= {text for text in constants([source]) if text.isidentifier()}
    return found


@cache
def python(kernel: str) -> list[str]:
    """Return what the interpreter of a kernel is."""
    here = [sys.implementation.name, ".".join(map(str, sys.version_info[:3])), sysconfig.get_platform(), kernel]
    if kernel == "python3":
        return here
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        argv = KernelSpecManager().get_kernel_spec(kernel).argv
    except NoSuchKernel:
        return here
    return [kernel, os.path.realpath(argv[0]), *argv]


# What changed


def differences(before: Ingredients, now: Ingredients) -> list[str]:
    """Say in what two runs of a step differ, most telling first. Empty when their keys are equal.

    Example:
        >>> differences(first, second)                  # doctest: +SKIP
        ['cell 4 changed', 'parameter C: 1.0 -> 0.5']
    """
    found = [
        *_code(before, now, "cells", "ids", "cell {}"),
        *_code(before, now, "definitions", "definitions", "definition `{}`"),
        *_values(before["parameters"], now["parameters"], "parameter"),
        *_inputs(before, now),
        *_values(before["env"], now["env"], "environment variable"),
        *(
            f"environment variable {name} changed"
            for name in sorted({*before["variables"], *now["variables"]})
            if before["variables"].get(name) != now["variables"].get(name)
        ),
    ]
    words = {
        "requirements": "its requirements changed",
        "files": "there are other files of those it declares",
        "secrets": "its secrets changed",
        "names": "what it hands on or must leave alone changed",
    }
    found += [said for name, said in words.items() if before[name] != now[name]]
    if before["isolated"] != now["isolated"]:
        found.append("--isolated" if now["isolated"] else "no longer --isolated")
    if before["python"] != now["python"]:
        old, new = (" ".join(side["python"][:2]) for side in (before, now))
        found.append(f"Python {old} -> {new}" if old != new else "another Python")
    if before["mdk"] != now["mdk"]:
        found.append(f"mdk-jupyter {before['mdk']} -> {now['mdk']}")
    return found or ([] if key(before) == key(now) else ["the order of its code changed"])


def _code(before: Ingredients, now: Ingredients, part: str, names: str, what: str) -> Iterator[str]:
    old = dict(zip(before["labels"][names], before[part], strict=True))
    new = dict(zip(now["labels"][names], now[part], strict=True))
    shown = dict(zip(now["labels"][names], now["labels"][part], strict=True))
    for name, digest in new.items():
        if name not in old:
            yield f"{what.format(shown[name])} is new"
        elif old[name] != digest:
            yield f"{what.format(shown[name])} changed"
    gone = [
        label for name, label in zip(before["labels"][names], before["labels"][part], strict=True) if name not in new
    ]
    yield from (f"{what.format(label)} is gone" for label in gone)


def _values(before: Mapping[str, Any], now: Mapping[str, Any], what: str) -> Iterator[str]:
    for name in {**before, **now}:
        old, new = (json.dumps(side[name]) if name in side else "not set" for side in (before, now))
        if old != new:
            yield f"{what} {name}: {_short(old)} -> {_short(new)}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _inputs(before: Ingredients, now: Ingredients) -> Iterator[str]:
    sources = {**before["labels"]["inputs"], **now["labels"]["inputs"]}
    for name in {**before["inputs"], **now["inputs"]}:
        if before["inputs"].get(name) != now["inputs"].get(name):
            what = "changed" if name in before["inputs"] and name in now["inputs"] else "is new"
            if name not in now["inputs"]:
                what = "is gone"
            yield f"input `{name}` {what} ({sources[name]})"
