"""What a pipeline cannot say on a server, as far as its text alone shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mdk_converters.containers import as_parameter
from mdk_converters.findings import Finding, Place
from mdk_converters.graph import producer
from mdk_converters.loops import parse_loop
from mdk_converters.spec import Component, Pipeline
from mdk_converters.targets.kfp import keys, types


def findings(pipeline: Pipeline) -> Iterator[Finding]:
    """Yield everything that is wrong with names, defaults and loops."""
    yield from _pipeline_name(pipeline)
    yield from _tasks(pipeline)
    yield from _parameters(pipeline)
    for name, component in pipeline.components.items():
        yield from _values(pipeline, name, component)
        yield from _loop(pipeline, name, component)


def place_of(pipeline: Pipeline, component: str) -> Place:
    """Return where a component begins in its notebook."""
    cells = pipeline.components[component].cells
    return Place(pipeline.metadata.notebook or f"component {component}", cell_id=cells[0].id if cells else None)


def _pipeline_name(pipeline: Pipeline) -> Iterator[Finding]:
    own = pipeline.metadata.name
    name = keys.pipeline_name(own)
    if name != own and name != "-".join(own.lower().replace("_", " ").split()):
        place = Place(pipeline.metadata.notebook)
        message = f'the pipeline "{own}" is called "{name}" on the server'
        yield Finding("MDK401", message, place, "give it a plain name if that matters", "warning", (own, name))


def _tasks(pipeline: Pipeline) -> Iterator[Finding]:
    seen = {keys.BUNDLE_TASK: "the kit's own task"}
    for name in pipeline.components:
        other = seen.setdefault(keys.task_name(name), name)
        if other != name:
            message = f"{name} and {other} have one name on the server: {keys.task_name(name)}"
            yield Finding("MDK400", message, place_of(pipeline, name), "call one of them otherwise", names=(name,))


def _parameters(pipeline: Pipeline) -> Iterator[Finding]:
    place = Place(pipeline.metadata.notebook)
    for name, parameter in pipeline.parameters.items():
        if reason := types.lost(parameter.default):
            message = f"the default of {name} does not arrive as it is: {reason}"
            fix = "give it as text, and convert it in a component"
            yield Finding("MDK402", message, place, fix, names=(name,))
    yield from _collisions(pipeline.parameters, place, {keys.BUNDLE: "the kit's own parameter"})


def _values(pipeline: Pipeline, name: str, component: Component) -> Iterator[Finding]:
    place = place_of(pipeline, name)
    loop = [parse_loop(component.foreach).item] if component.foreach is not None else []
    yield from _collisions(component.inputs, place, {keys.BUNDLE: "the kit's own input"})
    yield from _collisions([*component.parameters, *loop], place, {})
    own = dict.fromkeys([keys.METRICS, keys.NOTEBOOK, keys.HTML], "the kit's own output")
    yield from _collisions(component.outputs, place, {} if component.is_container else own)


def _collisions(names: Iterable[str], place: Place, reserved: dict[str, str]) -> Iterator[Finding]:
    seen = dict(reserved)
    for name in names:
        other = seen.setdefault(keys.key(name), name)
        if other != name:
            message = f"{name} and {other} have one name on the server: {keys.key(name)}"
            yield Finding("MDK400", message, place, "call one of them otherwise", names=(name,))


def _loop(pipeline: Pipeline, name: str, component: Component) -> Iterator[Finding]:
    if component.foreach is None:
        return
    items = parse_loop(component.foreach).items
    place = place_of(pipeline, name)
    if items in component.control:
        source = component.control[items]
        if component.is_container or as_parameter(pipeline, source):
            message = f"{name} runs for each item of {source}, and one of the two is a container of its own"
            fix = "let the items be a parameter of the pipeline, or put a component of cells between"
            yield Finding("MDK406", message, place, fix, names=(name, producer(source)))
    elif types.item_type(pipeline.parameters[items]) is None:
        message = f"{name} runs for each item of {items}, and its default does not show one type of items"
        fix = f"give {items} a default with items of one type, such as [1.0, 0.1]"
        yield Finding("MDK406", message, place, fix, names=(name, items))
