"""The values of a pipeline as its tasks, conditions and loops get them."""

from __future__ import annotations

from collections.abc import Mapping

from mdk_converters.containers import as_parameter
from mdk_converters.loops import parse_loop
from mdk_converters.spec import Pipeline
from mdk_converters.targets.kfp import keys, types
from mdk_converters.targets.kfp.blocks import Block, Layout
from mdk_converters.targets.kfp.dag import Graphs, Json, Value


class Values:
    """What parameters and outputs are on the server, and which outputs it reads itself.

    `deciding` are those for each component, with the encoding in which the step writes them.
    """

    def __init__(self, pipeline: Pipeline, layout: Layout, graphs: Graphs, tasks: Mapping[str, str]) -> None:
        self._pipeline, self._layout, self._graphs, self._tasks = pipeline, layout, graphs, tasks
        self.deciding = self._read_by_servers()

    def parameter(self, name: str) -> Value:
        parameter = self._pipeline.parameters[name]
        definition = types.parameter_type(parameter.type)
        if types.nullable(parameter):
            definition["isOptional"] = True
        key = keys.key(name)
        return Value(keys.channel(key), definition, self._layout.root, key)

    def output(self, source: str) -> Value:
        """Return an output ("component.name") as other components receive it."""
        name, _, variable = source.partition(".")
        kind, key = self._pipeline.components[name].outputs[variable], keys.key(variable)
        if as_parameter(self._pipeline, source):
            return self._made(name, key, types.parameter_type(kind), types.parameter_type("list"))
        return self._made(name, key, types.artifact_type(kind), types.artifact_type(kind, listed=True))

    def control(self, source: str) -> Value:
        """Return an output ("component.name") as conditions and loops read it."""
        name, _, variable = source.partition(".")
        if as_parameter(self._pipeline, source):
            return self.output(source)
        kind = types.parameter_type(carrier(self.deciding[name][variable]))
        return self._made(name, keys.value_key(variable), kind, types.parameter_type("list"))

    def _made(self, name: str, key: str, definition: Json, collected: Json) -> Value:
        """Return a value that a component makes; what comes out of a loop is a list, by the task of the loop."""
        place, task = self._layout.places[name], self._tasks[name]
        channel = keys.channel(task, key)
        if place.loop is None:
            return Value(channel, definition, place, key, task)
        graph = self._graphs.of(place)
        artifact = "artifactType" in definition
        if channel not in graph.outputs:
            selector: Json = {"valueFromParameter": {"producerSubtask": task, "outputParameterKey": key}}
            if artifact:
                selector = {"artifactSelectors": [{"producerSubtask": task, "outputArtifactKey": key}]}
            graph.outputs.put(channel, collected, artifact=artifact)
            graph.selectors.put(channel, selector, artifact=artifact)
        return Value(channel, collected, self._layout.seen_in(name), channel, place.name)

    def seen_as(self, name: str) -> str:
        """Return the task that others wait for when they wait for a component."""
        place = self._layout.places[name]
        return place.name if place.loop is not None else self._tasks[name]

    def named(self, variable: str, control: Mapping[str, str]) -> Value:
        """Return the value that a condition or loop reads under a name."""
        return self.control(control[variable]) if variable in control else self.parameter(variable)

    def item_type(self, name: str) -> str:
        """Return what the items of a component's loop are: the type of a parameter's items, or `json`."""
        loop, component = self._layout.places[name].loop, self._pipeline.components[name]
        assert loop is not None
        if loop.items not in component.control:
            return types.item_type(self._pipeline.parameters[loop.items]) or "str"
        return "json"

    def item_channel(self, block: Block) -> str:
        assert block.loop is not None
        return f"{self.named(block.loop.items, block.control).channel}-loop-item"

    def _read_by_servers(self) -> dict[str, dict[str, str]]:
        """Return, for each component, the outputs that conditions and loops read, and how the step writes them.

        Items of lists are written as JSON texts: they come through as they are, whatever their types.
        """
        found: dict[str, dict[str, str]] = {}
        for component in self._pipeline.components.values():
            items = parse_loop(component.foreach).items if component.foreach is not None else None
            for variable, source in component.control.items():
                name, _, output = source.partition(".")
                made = self._pipeline.components[name]
                encoding: str = made.outputs[output]
                if variable == items:
                    encoding = "json" if made.foreach is not None else "json_items"
                found.setdefault(name, {})[output] = encoding
        return found


def carrier(encoding: str) -> str:
    """Return the type of parameter that carries an encoding."""
    return {"json": "str", "json_items": "list"}.get(encoding, encoding if encoding in types.PARAMETER_TYPES else "str")
