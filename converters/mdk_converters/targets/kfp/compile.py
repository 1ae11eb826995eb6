"""Pipeline spec -> the specification of a pipeline that Kubeflow Pipelines and Vertex AI Pipelines run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mdk_converters.containers import as_parameter, lowered
from mdk_converters.findings import Finding, MDKError, Place, SpecError
from mdk_converters.graph import dependencies, order, producer
from mdk_converters.guards import Guards
from mdk_converters.spec import Component, Pipeline
from mdk_converters.targets.kfp import cel, checks, keys, protos, step, types
from mdk_converters.targets.kfp.blocks import Block, layout
from mdk_converters.targets.kfp.dag import Graphs, Json, Ports, Value
from mdk_converters.targets.kfp.platform import platform_document
from mdk_converters.targets.kfp.resources import resource_limits
from mdk_converters.targets.kfp.values import Values, carrier

Images = Callable[[str, Component], str | None]
"""The image of a component by name; None: a plain Python image, in which the step installs its requirements."""

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_SCHEMA_VERSION, _SDK_VERSION = "2.1.0", "kfp-2.17.0"  # of the format, not of anything installed
_LARGE = 500 * 1024
_RETRY = {"backoffDuration": "0s", "backoffFactor": 2.0, "backoffMaxDuration": "3600s"}
_EXTRAS = {keys.METRICS: "system.Metrics", keys.NOTEBOOK: "system.Artifact", keys.HTML: "system.HTML"}


class TargetError(MDKError):
    """The pipeline cannot be expressed for Kubeflow Pipelines (MDK4xx)."""


@dataclass(frozen=True)
class Compiled:
    """A compiled pipeline as plain data, and what should be known about it.

    `platform_document` is what only Kubeflow knows: secrets, labels of pods; None if there is nothing.
    """

    document: Json
    platform_document: Json | None
    findings: tuple[Finding, ...]

    @cached_property
    def spec(self) -> Any:
        """The pipeline as a `PipelineSpec` message."""
        return protos.parsed(self.document, protos.pipeline_spec())

    @cached_property
    def platform(self) -> Any:
        """What only Kubeflow knows as a `PlatformSpec` message, or None."""
        if self.platform_document is None:
            return None
        return protos.parsed(self.platform_document, protos.platform_spec())


def declared_image(_: str, component: Component) -> str | None:
    """Return the image that the component names itself."""
    return component.image


def compile(
    pipeline: Pipeline,
    *,
    bundle: str | None = None,
    images: Images = declared_image,
    versions: Mapping[str, str] | None = None,
    python: str = PYTHON,
    numbers: Mapping[str, int] | None = None,
) -> Compiled:
    """Compile a pipeline.

    `bundle` is the sha256 of the bundle that brings the runtime to the steps, in hexadecimal digits; without one
    the runtime has to be in the images. `versions` are those of the packages (by their normalised names) that
    steps install which have no image: they run on `python:PYTHON-slim`. `numbers` are those of the notebook's cells
    by their ids: with them a step may change an input that only components above it read.

    Raises:
        TargetError: the pipeline cannot be expressed; one finding for each reason.
        SpecError: components wait for each other (MDK215), or a text cannot be written (MDK220).

    Example:
        >>> compile(pipeline).spec.pipeline_info.name
        'churn'
    """
    try:
        compiling = _Compiling(pipeline, bundle, images, versions or {}, python, Guards(pipeline, numbers or {}))
        document = compiling.document()
        findings = [*checks.findings(pipeline), *compiling.findings]
        size = len(json.dumps(document, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        fix = "take the broken character out"
        message = "a text holds half a surrogate pair, which no server can read"
        raise SpecError([Finding("MDK220", message, Place(pipeline.metadata.notebook), fix)]) from None
    if any(finding.severity == "error" for finding in findings):
        raise TargetError(findings)
    if size > _LARGE:
        findings.append(_size_finding(pipeline, size))
    return Compiled(document, platform_document(pipeline), tuple(findings))


def _size_finding(pipeline: Pipeline, size: int) -> Finding:
    message = f"the compiled pipeline has {size // 1024} KiB; servers can refuse more than 1024"
    fix = "split the pipeline, or move code from cells into a module beside the notebook"
    return Finding("MDK407", message, Place(pipeline.metadata.notebook), fix, "warning")


class _Compiling:
    """One pipeline on its way, and what was found that it cannot say there."""

    def __init__(
        self,
        pipeline: Pipeline,
        bundle: str | None,
        images: Images,
        versions: Mapping[str, str],
        python: str,
        guards: Guards,
    ) -> None:
        self.findings: list[Finding] = []
        self._pipeline, self._bundle, self._images = pipeline, bundle, images
        self._versions, self._python, self._guards = versions, python, guards
        self._tasks = {name: keys.task_name(name) for name in pipeline.components}
        self._layout = layout(pipeline, self._tasks.values())
        self._graphs = Graphs(self._layout.root)
        self._components: dict[str, Json] = {}
        self._executors: dict[str, Json] = {}
        self._waits = dependencies(pipeline)
        self._values = Values(pipeline, self._layout, self._graphs, self._tasks)

    def document(self) -> Json:
        """Return the pipeline spec as plain data."""
        pipeline = self._pipeline
        self._report_apart()
        if self._bundle is not None:
            self._import_bundle()
        for name in order(pipeline):
            self._add(name)
        for block in reversed(self._graphs.blocks()):
            if block.parent is not None:
                self._close(block)
        root = self._graphs.of(self._layout.root)
        info = {"name": keys.pipeline_name(pipeline.metadata.name)}
        if pipeline.metadata.description:
            info["description"] = pipeline.metadata.description
        return {
            "pipelineInfo": info,
            "schemaVersion": _SCHEMA_VERSION,
            "sdkVersion": _SDK_VERSION,
            "root": root.component() | self._parameters().written("inputDefinitions"),
            "components": self._components,
            "deploymentSpec": {"executors": self._executors},
        }

    def _parameters(self) -> Ports:
        """Return the definitions of the pipeline's parameters."""
        found = Ports()
        for name, parameter in self._pipeline.parameters.items():
            definition = types.parameter_type(parameter.type)
            if not parameter.required or types.nullable(parameter):
                definition["isOptional"] = True
            if not types.nullable(parameter) and not parameter.required:
                definition["defaultValue"] = parameter.default
            if parameter.description:
                definition["description"] = parameter.description
            found.parameters[keys.key(name)] = definition
        if self._bundle is not None:
            about = "URI of the files that the steps run from"
            found.parameters[keys.BUNDLE] = types.parameter_type("str") | {"description": about}
        return found

    def _import_bundle(self) -> None:
        name, schema = keys.BUNDLE_TASK, types.schema("system.Artifact")
        self._components[f"comp-{name}"] = {
            "executorLabel": f"exec-{name}",
            "inputDefinitions": {"parameters": {"uri": types.parameter_type("str")}},
            "outputDefinitions": {"artifacts": {"artifact": types.artifact_type()}},
        }
        importer = {"artifactUri": {"runtimeParameter": "uri"}, "typeSchema": schema}
        self._executors[f"exec-{name}"] = {"importer": importer}
        self._graphs.of(self._layout.root).tasks[name] = {
            "taskInfo": {"name": name},
            "componentRef": {"name": f"comp-{name}"},
            "cachingOptions": {"enableCache": True},
            "inputs": {"parameters": {"uri": {"componentInputParameter": keys.BUNDLE}}},
        }

    def _add(self, name: str) -> None:
        """Add a component: its task, its interface and its container."""
        component, task, place = self._pipeline.components[name], self._tasks[name], self._layout.places[name]
        self._open(place)
        inputs, given, outputs, waits = Ports(), Ports(), self._outputs(name), set[str]()
        about = step.code(self._pipeline, name) | {"parameters": {}, "inputs": {}, "item": None}

        def take(key: str, value: Value) -> None:
            inputs.put(key, dict(value.definition), artifact=value.is_artifact)
            given.put(key, self._graphs.give(place, value), artifact=value.is_artifact)

        if self._bundle is not None and not component.is_container:
            bundle = keys.channel(keys.BUNDLE_TASK, "artifact")
            take(keys.BUNDLE, Value(bundle, types.artifact_type(), self._layout.root, "artifact", keys.BUNDLE_TASK))
            self._graphs.wait(place, waits, self._layout.root, keys.BUNDLE_TASK)
        for parameter in component.parameters:
            take(keys.key(parameter), self._values.parameter(parameter))
            kind = self._pipeline.parameters[parameter]
            about["parameters"][parameter] = {
                "key": keys.key(parameter),
                "type": kind.type,
                "items": types.item_type(kind),
            }
        if place.loop is not None:
            item, kind_of_item = keys.key(place.loop.item), self._values.item_type(name)
            inputs.parameters[item] = types.parameter_type(carrier(kind_of_item))
            given.parameters[item] = {"componentInputParameter": self._values.item_channel(place)}
            about["item"] = {"name": place.loop.item, "key": item, "type": kind_of_item}
        for variable, source in component.inputs.items():
            value = self._values.output(source)
            take(keys.key(variable), value)
            about["inputs"][variable] = self._about_input(keys.key(variable), source, value)
        for other in sorted(self._waits[name]):
            if name not in self._layout.apart:
                self._graphs.wait(place, waits, self._layout.seen_in(other), self._values.seen_as(other))
        self._components[f"comp-{task}"] = {
            "executorLabel": f"exec-{task}",
            **inputs.written("inputDefinitions"),
            **outputs.written("outputDefinitions"),
        }
        self._executors[f"exec-{task}"] = {"container": self._container(name, about)}
        retries = {"retryPolicy": {"maxRetryCount": component.retries, **_RETRY}} if component.retries else {}
        self._graphs.of(place).tasks[task] = {
            "taskInfo": {"name": name},
            "componentRef": {"name": f"comp-{task}"},
            "cachingOptions": {"enableCache": True} if component.cache else {},
            **given.written("inputs"),
            **({"dependentTasks": sorted(waits)} if waits else {}),
            **retries,
        }

    def _container(self, name: str, about: Json) -> Json:
        component = self._pipeline.components[name]
        image = self._images(name, component)
        if component.is_container:
            command = [lowered(part, keys.key) for part in component.command]
            arguments = [lowered(part, keys.key) for part in component.args]
        else:
            wanted = component.requirements if image is None else []
            about["requirements"] = [step.pinned(requirement, self._versions) for requirement in wanted]
            about["outputs"] = {n: {"artifact": keys.key(n), "kind": kind} for n, kind in component.outputs.items()}
            about["values"] = {
                output: {"parameter": keys.value_key(output), "type": kind}
                for output, kind in self._values.deciding.get(name, {}).items()
            }
            about |= {"guard": self._guards.guarded(name), "later": self._guards.later(name)}
            command = step.command(self._bundle)
            arguments = step.arguments(about, self._bundle)
        return {
            "image": image if image is not None else f"python:{self._python}-slim",
            **({"command": command} if command else {}),
            **({"args": arguments} if arguments else {}),
            **({"env": [{"name": n, "value": v} for n, v in component.env.items()]} if component.env else {}),
            **(
                {"resources": limits}
                if component.resources and (limits := resource_limits(component.resources))
                else {}
            ),
        }

    def _outputs(self, name: str) -> Ports:
        component, outputs = self._pipeline.components[name], Ports()
        for variable, kind in component.outputs.items():
            if as_parameter(self._pipeline, f"{name}.{variable}"):
                outputs.parameters[keys.key(variable)] = types.parameter_type(kind)
            else:
                outputs.artifacts[keys.key(variable)] = types.artifact_type(kind)
        if not component.is_container:
            outputs.artifacts |= {key: {"artifactType": types.schema(title)} for key, title in _EXTRAS.items()}
            for output, encoding in self._values.deciding.get(name, {}).items():
                outputs.parameters[keys.value_key(output)] = types.parameter_type(carrier(encoding))
        return outputs

    def _about_input(self, key: str, source: str, value: Value) -> Json:
        if not value.is_artifact:
            made = self._pipeline.components[producer(source)]
            kind = made.outputs[source.partition(".")[2]]
            return {"parameter": key, "source": source, "type": "list" if made.foreach is not None else kind}
        listed = value.definition.get("isArtifactList", False)
        by_path = self._pipeline.components[producer(source)].is_container
        return {"artifact": key, "source": source, "list": listed, "path": by_path}

    # Conditions and loops

    def _open(self, block: Block) -> None:
        """Make sure that a block, and those around it, have their graphs, outer ones first."""
        for outer in block.path():
            self._graphs.of(outer)

    def _close(self, block: Block) -> None:
        """Add the task that runs a block to the block around it."""
        assert block.parent is not None
        graph, extra = self._graphs.of(block), self._steering(block)
        self._components[f"comp-{block.name}"] = graph.component()
        self._graphs.of(block.parent).tasks[block.name] = {
            "taskInfo": {"name": block.name},
            "componentRef": {"name": f"comp-{block.name}"},
            **graph.given.written("inputs"),
            **({"dependentTasks": sorted(graph.waits)} if graph.waits else {}),
            **extra,
        }

    def _steering(self, block: Block) -> Json:
        if block.loop is not None:
            values = self._values.named(block.loop.items, block.control)
            self._graphs.give(block, values)
            name = next(name for name, place in self._layout.places.items() if place is block)
            item = self._values.item_channel(block)
            self._graphs.of(block).inputs.parameters[item] = types.parameter_type(carrier(self._values.item_type(name)))
            return {"parameterIterator": {"items": {"inputParameter": values.channel}, "itemInput": item}}
        assert block.condition is not None
        operands = {}
        for variable in block.condition.names:
            value = self._values.named(variable, block.control)
            self._graphs.give(block, value)
            operands[variable] = self._operand(block, variable, value)
        try:
            return {"triggerPolicy": {"condition": cel.expression(block.condition, operands)}}
        except cel.Inexpressible as error:
            fix = "compare values of one type, or compute a flag in a component"
            self._report("MDK405", block, f"the condition {block.condition.text} cannot be decided: {error}", fix)
            return {}

    def _operand(self, block: Block, variable: str, value: Value) -> cel.Operand:
        if variable not in block.control:
            parameter = self._pipeline.parameters[variable]
            assert parameter.type != "list" and parameter.type != "dict"  # noqa: PLR1714, for mypy; the rules of the spec see to it
            return cel.Operand(value.channel, parameter.type, types.nullable(parameter))
        name, _, output = block.control[variable].partition(".")
        kind = self._pipeline.components[name].outputs[output]
        if kind in ("int", "float", "bool", "str"):
            return cel.Operand(value.channel, kind)
        message = f"a condition reads {output} of {name}, whose type is not known ({kind})"
        fix = f"annotate it where it is assigned, such as {output}: float = …, or write its kind under `outputs`"
        self._report("MDK403", block, message, fix, name)
        return cel.Operand(value.channel, "none")

    # Findings

    def _report_apart(self) -> None:
        for name, (one, other) in self._layout.apart.items():
            message = f"{name} waits for {one} and {other}, which are behind two conditions"
            fix = "give both the same condition, or let one of them wait for the other"
            place = checks.place_of(self._pipeline, name)
            self.findings.append(Finding("MDK404", message, place, fix, names=(name, one, other)))

    def _report(self, code: str, block: Block, message: str, fix: str, component: str | None = None) -> None:
        at = component or next(n for n, place in self._layout.places.items() if block in place.path())
        self.findings.append(Finding(code, message, checks.place_of(self._pipeline, at), fix, names=(at,)))
