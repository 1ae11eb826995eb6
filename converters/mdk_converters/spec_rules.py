"""What must hold in a pipeline beyond the types of its fields: names exist, amounts parse, no circles."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from mdk_converters.conditions import Condition, parse_condition
from mdk_converters.containers import PLACEHOLDERS, placeholders, ports
from mdk_converters.graph import cycle_finding, dependencies, find_cycle
from mdk_converters.loops import Loop, parse_loop
from mdk_converters.quantities import gpu_type_and_count, memory_bytes, seconds
from mdk_converters.spec import STATE, Component, Parameter, Pipeline, Resources
from mdk_converters.yaml_reader import Problem, SpecPath, close_match

COMPONENT_NAME = re.compile(r"\w[\w-]{0,63}")
_STATE_NAME = re.compile(r"state\.(?:[a-z][a-z0-9_]*|module:[\w.]+:[\w.]+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*")

_NO_SCALARS = frozenset({"list", "dict", "model", "figure", "state"})  # a part of a table or array may be a number
_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict}


def problems(pipeline: Pipeline) -> list[Problem]:
    """Return everything that is wrong with a pipeline whose fields have the right types."""
    found = list(_metadata_problems(pipeline))
    for name, parameter in pipeline.parameters.items():
        found += _parameter_problems(name, parameter)
    for name, component in pipeline.components.items():
        found += _name_problems(name, component)
        found += _reference_problems(pipeline, name, component)
        found += _amount_problems(name, component)
        found += _steering_problems(pipeline, name, component)
        found += _code_problems(pipeline, name, component)
    found += _cell_problems(pipeline)
    if cycle := find_cycle(dependencies(pipeline)):
        finding = cycle_finding(cycle)
        found.append(
            Problem(
                finding.code,
                ("components", cycle[0]),
                finding.message,
                finding.fix,
                finding.names,
                at_key=True,
            )
        )
    return found


def fits(parameter: Parameter, value: Any) -> bool:
    """Return whether `value` has the declared type. None fits all types, an int fits float, a bool only bool.

    Example:
        >>> fits(Parameter(type="int"), True)
        False
    """
    if value is None:
        return True
    if parameter.type == "none":
        return False
    if isinstance(value, bool):
        return parameter.type == "bool"
    return isinstance(value, _TYPES[parameter.type]) or (parameter.type == "float" and isinstance(value, int))


def _metadata_problems(pipeline: Pipeline) -> Iterator[Problem]:
    metadata = pipeline.metadata
    if not _FILE_NAME.fullmatch(metadata.name):
        yield Problem(
            "MDK216",
            ("metadata", "name"),
            f'"{metadata.name}" cannot be the name of a pipeline, because files are named after it',
            "leave out slashes and a leading dot",
            (metadata.name,),
        )
    if metadata.digest is not None and not _DIGEST.fullmatch(metadata.digest):
        yield Problem("MDK203", ("metadata", "digest"), "a digest is sha256: and 64 hexadecimal digits", "leave it out")
    if not pipeline.components:
        yield Problem("MDK202", ("components",), "the pipeline has no component", "add at least one component")


def _parameter_problems(name: str, parameter: Parameter) -> Iterator[Problem]:
    path: SpecPath = ("parameters", name)
    if not _is_variable(name):
        yield _bad_variable(name, path)
    if not parameter.required and not fits(parameter, parameter.default):
        given = type(parameter.default).__name__
        yield Problem(
            "MDK213",
            (*path, "default"),
            f'the default of "{name}" is of type {given}, but the parameter is declared as {parameter.type}',
            f"declare type: {given}, or change the default",
            (name,),
        )


def _name_problems(name: str, component: Component) -> Iterator[Problem]:
    path: SpecPath = ("components", name)
    if not COMPONENT_NAME.fullmatch(name):
        yield Problem(
            "MDK216",
            path,
            f'"{name}" cannot be the name of a component',
            "use at most 64 letters, digits, _ and -, and do not begin with -",
            (name,),
            at_key=True,
        )
    for variable in component.inputs:
        if not _is_variable(variable) and not _STATE_NAME.fullmatch(variable):
            yield _bad_variable(variable, (*path, "inputs", variable))
    for variable, kind in component.outputs.items():
        if not _is_variable(variable) and not _STATE_NAME.fullmatch(variable):
            yield _bad_variable(variable, (*path, "outputs", variable))
        elif (kind == "state") != variable.startswith(STATE):
            yield Problem(
                "MDK216",
                (*path, "outputs", variable),
                f'the kind "state" and names that begin with "{STATE}" belong together',
                "mend the name or the kind",
                (variable,),
            )
    for folder in component.volumes:
        if not folder.startswith("/") or folder == "/":
            message = f'"{folder}" cannot be the folder of a volume'
            yield Problem(
                "MDK216", (*path, "volumes", folder), message, "write it from the root: /data", (folder,), True
            )
    for field in ("env", "secrets"):
        for variable in getattr(component, field):
            if not variable or "=" in variable or "\0" in variable:
                yield Problem(
                    "MDK216",
                    (*path, field, variable),
                    f'"{variable}" cannot be the name of an environment variable',
                    "leave out =",
                    (variable,),
                    at_key=True,
                )


def _reference_problems(pipeline: Pipeline, name: str, component: Component) -> Iterator[Problem]:
    path: SpecPath = ("components", name)
    for variable, source in component.inputs.items():
        yield from _source_problems(pipeline, (*path, "inputs", variable), variable, source)
    for variable, source in component.control.items():
        yield from _source_problems(pipeline, (*path, "control", variable), variable, source)
    references: list[tuple[str, str, str, Collection[str]]] = [
        ("MDK211", "definitions", "a definition", pipeline.definitions),
        ("MDK212", "parameters", "a parameter of the pipeline", pipeline.parameters),
        ("MDK214", "after", "a component", pipeline.components),
        ("MDK219", "optional", "an input of this component", component.inputs),
        ("MDK219", "metrics", "an output of this component", component.outputs),
    ]
    for code, field, what, known in references:
        for number, item in enumerate(getattr(component, field)):
            if item not in known:
                yield Problem(
                    code, (*path, field, number), f'"{item}" is not {what}', close_match(item, known), (item,)
                )


def _source_problems(pipeline: Pipeline, path: SpecPath, variable: str, source: str) -> Iterator[Problem]:
    producer, _, output = source.partition(".")
    if not output:
        message, fix = (
            f'"{source}" is not component.name',
            f"write the component first, such as load.{source}",
        )
    elif producer not in pipeline.components:
        message, fix = f'there is no component "{producer}"', close_match(producer, pipeline.components)
    elif output not in pipeline.components[producer].outputs:
        outputs = pipeline.components[producer].outputs
        message = f'"{output}" is not an output of {producer}'
        fix = close_match(output, outputs) or f"add it to the outputs of {producer}"
    elif variable != output and STATE in (variable[: len(STATE)], output[: len(STATE)]):
        message, fix = "interpreter state keeps its name", f"write {output}: {source}"
    else:
        return
    yield Problem("MDK210", path, message, fix, (variable,))


def _steering_problems(pipeline: Pipeline, name: str, component: Component) -> Iterator[Problem]:
    """Yield what is wrong with a component's condition and loop."""
    path: SpecPath = ("components", name)
    read: set[str] = set()
    for field, parse in (("when", parse_condition), ("foreach", parse_loop)):
        text = getattr(component, field)
        if text is None:
            continue
        try:
            parsed = parse(text)
        except ValueError as error:
            yield Problem("MDK221", (*path, field), f'"{text}" is no usable {field}', str(error), (text,))
            continue
        names = parsed.names if isinstance(parsed, Condition) else (parsed.items,)
        read |= set(names)
        for variable in names:
            if problem := _steering_value_problem(pipeline, component, field, variable):
                yield Problem("MDK221", (*path, field), *problem, (variable,))
        if isinstance(parsed, Loop):
            yield from _loop_problems(path, component, parsed)
    for variable in component.control.keys() - read:
        message = f'neither when nor foreach reads "{variable}"'
        yield Problem("MDK221", (*path, "control", variable), message, "take it out", (variable,), at_key=True)


def _loop_problems(path: SpecPath, component: Component, loop: Loop) -> Iterator[Problem]:
    for field in ("inputs", "parameters", "outputs", "control"):
        if loop.item in getattr(component, field):
            message = f'the item "{loop.item}" is also in {field}'
            yield Problem("MDK221", (*path, "foreach"), message, "call the item by another name", (loop.item,))
    for variable in component.outputs:
        if variable.startswith(STATE):
            message = "interpreter state of several runs cannot be one list"
            yield Problem("MDK221", (*path, "outputs", variable), message, "take it out", (variable,), at_key=True)


def _steering_value_problem(
    pipeline: Pipeline, component: Component, field: str, variable: str
) -> tuple[str, str] | None:
    """Return what is wrong with a value that decides, and the fix."""
    wanted = "a list" if field == "foreach" else "a number, text or flag"
    if variable in component.control:
        source, _, output = component.control[variable].partition(".")
        made = pipeline.components.get(source)
        kind: str = made.outputs.get(output, "value") if made else "value"
        kind = "list" if made and made.foreach is not None else kind
    elif variable in pipeline.parameters:
        kind = pipeline.parameters[variable].type
    else:
        message = f'"{variable}" is neither in control nor a parameter of the pipeline'
        return message, f"add control: {{{variable}: component.{variable}}}"
    unfit = kind not in ("list", "value") if field == "foreach" else kind in _NO_SCALARS
    return (f'"{variable}" is of kind {kind}, not {wanted}', f"name {wanted}") if unfit else None


def _amount_problems(name: str, component: Component) -> Iterator[Problem]:
    path: SpecPath = ("components", name)
    resources = component.resources or Resources()
    amounts: list[tuple[SpecPath, str | None, Callable[[str], object]]] = [
        ((*path, "timeout"), component.timeout, seconds),
        ((*path, "resources", "memory"), resources.memory, memory_bytes),
        ((*path, "resources", "gpu"), resources.gpu, gpu_type_and_count),
    ]
    for where, text, parse in amounts:
        if text is not None:
            try:
                parse(text)
            except ValueError as error:
                yield Problem("MDK217", where, f'"{text}" is no valid {where[-1]}', str(error), (text,))
    if resources.cpu is not None and not 0 < resources.cpu < float("inf"):
        yield Problem("MDK217", (*path, "resources", "cpu"), "cpu must be above zero", "write 0.5, 1 or 4")
    if component.retries < 0:
        yield Problem("MDK217", (*path, "retries"), "retries cannot be below zero", "write 0, 1 or 2")


def _code_problems(pipeline: Pipeline, name: str, component: Component) -> Iterator[Problem]:
    """Yield what is wrong with a component that has no cells, or has cells and a container of its own."""
    path: SpecPath = ("components", name)
    if not component.is_container:
        if "cells" not in component.model_fields_set:
            yield Problem(
                "MDK202", path, '"cells" is missing', 'add "source: |" with the code', ("cells",), at_key=True
            )
        return
    if component.image is None:
        message = "a component with a command of its own needs an image"
        yield Problem("MDK222", path, message, "add image:", (name,), at_key=True)
    for field in ("cells", "definitions", "metrics", "requirements", "files"):
        if getattr(component, field):
            message = f"a component with a command of its own has no {field}"
            yield Problem("MDK222", (*path, field), message, f"take {field} or the command out", (field,))
    known = ports(pipeline, name)
    for field in ("command", "args"):
        for number, text in enumerate(getattr(component, field)):
            try:
                unknown = [port for port in placeholders(text) if port not in known]
            except ValueError as error:
                yield Problem("MDK222", (*path, field, number), str(error), PLACEHOLDERS, (text,))
                continue
            for port in unknown:
                message = f"the component has no such value: {port.text}"
                fix = close_match(port.text, [other.text for other in known])
                yield Problem("MDK222", (*path, field, number), message, fix, (port.name,))


def _cell_problems(pipeline: Pipeline) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, component in pipeline.components.items():
        for number, cell in enumerate(component.cells):
            if cell.id in owners:
                yield Problem(
                    "MDK218",
                    ("components", name, "cells", number, "id"),
                    f'the cell id "{cell.id}" is there twice, first in component {owners[cell.id]}',
                    "give every cell its own id",
                    (cell.id,),
                )
            owners.setdefault(cell.id, name)


def _is_variable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _bad_variable(name: str, path: SpecPath) -> Problem:
    return Problem(
        "MDK216",
        path,
        f'"{name}" is not a Python variable name',
        "use letters, digits and _, not a digit first, and no Python keyword",
        (name,),
        at_key=True,
    )
