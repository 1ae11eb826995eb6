"""Blocks as the graphs of the pipeline spec: tasks, and how values reach them from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mdk_converters.targets.kfp.blocks import Block

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A value between tasks: how it is defined, the block that it is found in, and there the task that makes it."""

    channel: str  # what it is called where it enters or leaves a block
    definition: Mapping[str, Any]
    seen_in: Block
    key: str
    task: str | None = None  # None: it is a parameter of the pipeline

    @property
    def is_artifact(self) -> bool:
        return "artifactType" in self.definition


@dataclass(slots=True)
class Ports:
    """Values that enter or leave something, apart by what they are."""

    parameters: Json = field(default_factory=dict)
    artifacts: Json = field(default_factory=dict)

    def put(self, key: str, value: Any, *, artifact: bool) -> None:
        (self.artifacts if artifact else self.parameters)[key] = value

    def __contains__(self, key: str) -> bool:
        return key in self.parameters or key in self.artifacts

    def written(self, field_name: str) -> Json:
        """Return them as a field, which is not there if there are none."""
        parts = {"parameters": self.parameters, "artifacts": self.artifacts}
        full = {name: part for name, part in parts.items() if part}
        return {field_name: full} if full else {}


@dataclass(slots=True)
class Graph:
    """What a block consists of so far."""

    tasks: dict[str, Json] = field(default_factory=dict)
    inputs: Ports = field(default_factory=Ports)  # definitions
    given: Ports = field(default_factory=Ports)  # what the block's own task gives for them
    outputs: Ports = field(default_factory=Ports)  # definitions
    selectors: Ports = field(default_factory=Ports)  # where they come from
    waits: set[str] = field(default_factory=set)  # tasks beside the block that it waits for

    def component(self) -> Json:
        dag = {"tasks": self.tasks, **self.selectors.written("outputs")}
        return {"dag": dag, **self.inputs.written("inputDefinitions"), **self.outputs.written("outputDefinitions")}


class Graphs:
    """The graphs of all blocks."""

    def __init__(self, root: Block) -> None:
        self._graphs: dict[Block, Graph] = {root: Graph()}

    def of(self, block: Block) -> Graph:
        return self._graphs.setdefault(block, Graph())

    def blocks(self) -> list[Block]:
        return list(self._graphs)

    def give(self, block: Block, value: Value) -> Json:
        """Return how a task in `block` gets a value; blocks on the way to it get it as an input."""
        kind = "Artifact" if value.is_artifact else "Parameter"
        if block is value.seen_in:
            if value.task is None:
                return {"componentInputParameter": value.key}
            return {f"taskOutput{kind}": {"producerTask": value.task, f"output{kind}Key": value.key}}
        graph = self.of(block)
        if value.channel not in graph.inputs:
            assert block.parent is not None  # a value is seen in a block around its reader
            graph.inputs.put(value.channel, dict(value.definition), artifact=value.is_artifact)
            graph.given.put(value.channel, self.give(block.parent, value), artifact=value.is_artifact)
            if value.task is not None and block.parent is value.seen_in:
                graph.waits.add(value.task)
        return {f"componentInput{kind}": value.channel}

    def wait(self, block: Block, waits: set[str], seen_in: Block, task: str) -> None:
        """Let a task of `block`, whose own `waits` are given, wait for a task of a block around it, or of its own."""
        if block is seen_in:
            waits.add(task)
            return
        path = block.path()
        self.of(path[path.index(seen_in) + 1]).waits.add(task)
