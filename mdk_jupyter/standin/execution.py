"""Carries out one job: its tasks in the order that they need, as many at once as can be."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mdk_jupyter.standin import conditions
from mdk_jupyter.standin.answers import Refused
from mdk_jupyter.standin.containers import Containers, Ended
from mdk_jupyter.standin.ir import followed
from mdk_jupyter.standin.placeholders import Facts, PlaceholderError, arguments, filled
from mdk_jupyter.standin.storage import Storage
from mdk_jupyter.standin.tasks import ENDED, Attempt, Task
from mdk_jupyter.standin.values import (
    Artifact,
    TaskError,
    Upstream,
    Values,
    as_doubles,
    fitted,
    for_item,
    gathered,
    inputs_of,
    items_of,
    outputs_of,
    text_of,
)


class Results(Protocol):
    """What earlier tasks made."""

    def cached(self, key: str) -> tuple[str, Values] | None:
        """Return the id and the outputs of a task with the same key."""

    def keep(self, key: str, task: str, outputs: Values) -> None:
        """Keep the outputs of a task."""

    def imported(self, uri: str, metadata: Mapping[str, Any]) -> Artifact | None:
        """Return the artifact that was imported from a URI before, with the same metadata."""

    def keep_import(self, artifact: Artifact) -> None:
        """Keep an artifact that was imported."""


@dataclass
class Execution:
    """One run through a pipeline."""

    spec: Mapping[str, Any]
    output: str  # the URI under which this job writes
    facts: Mapping[str, str]  # of the job, for placeholders
    job: str  # full name
    artifact_name: Callable[[], str]
    new_id: Callable[[], str]
    log_of: Callable[[str], Path]  # by the task's id
    now: Callable[[], str]
    changed: Callable[[Task], None]
    storage: Storage
    containers: Containers
    results: Results
    variables: Callable[[str], dict[str, str]]  # what an executor's environment has besides its own
    kept: Mapping[str, Task] = field(default_factory=dict)  # by path: what need not run again
    fail_fast: bool = False
    tasks: list[Task] = field(default_factory=list)
    failed: bool = False

    async def run(self, name: str, parameters: dict[str, Any], artifacts: dict[str, list[Artifact]]) -> Task:
        """Run the pipeline to its end; return the task that stands for all of it."""
        root = self._new(name, "", None)
        try:
            await self._begin(root, Values(parameters, artifacts), self.spec["root"], {})
        except asyncio.CancelledError:
            for task in self.tasks:
                if task.state not in ENDED:
                    self._end(task, "CANCELLED")
            raise
        return root

    def _new(self, name: str, path: str, parent: Task | None) -> Task:
        task = Task(self.new_id(), name, path, parent.id if parent else None, created=self.now())
        self.tasks.append(task)
        self.changed(task)
        return task

    def _end(self, task: Task, state: Any, error: str | None = None) -> None:
        task.state, task.error, task.ended = state, error, self.now()
        if state == "FAILED":
            self.failed = True
        self.changed(task)

    async def _begin(
        self, task: Task, inputs: Values, component: Mapping[str, Any], definition: Mapping[str, Any]
    ) -> None:
        """Carry a task out and note how it ended."""
        task.inputs = inputs
        try:
            items = items_of(definition, inputs)
            if items is None:
                task.outputs = await self._work(task, inputs, component, definition)
            else:
                self._start(task)
                task.outputs = await self._repeat(task, items, inputs, component, definition)
        except (TaskError, PlaceholderError, Refused) as error:
            self._end(task, "FAILED", str(error))
        except OSError as error:
            self._end(task, "FAILED", f"The files of the task cannot be written: {error}")
        else:
            self._end(task, "CACHED" if task.cached_from else "SUCCEEDED")

    def _start(self, task: Task) -> None:
        if task.started is None:
            task.state, task.started = "RUNNING", self.now()
            self.changed(task)

    async def _repeat(
        self,
        loop: Task,
        items: list[tuple[str, Any]],
        inputs: Values,
        component: Mapping[str, Any],
        definition: Mapping[str, Any],
    ) -> Values:
        limit = definition.get("iteratorPolicy", {}).get("parallelismLimit") or len(items) or 1
        slots = asyncio.Semaphore(limit)
        once = {key: value for key, value in definition.items() if not key.endswith("Iterator")}
        tasks = [self._new(f"{loop.name}-{i}", f"{loop.path}/{i}", loop) for i in range(len(items))]

        async def one(task: Task, name: str, item: Any) -> None:
            async with slots:
                await self._begin(task, for_item(definition, inputs, name, item), component, once)

        async with asyncio.TaskGroup() as group:
            for task, (name, item) in zip(tasks, items, strict=True):
                group.create_task(one(task, name, item))
        _demand_success(tasks)
        made = gathered([task.outputs for task in tasks])
        declared = component.get("outputDefinitions", {})
        return Values(  # a loop without repetitions hands on empty lists
            {name: made.parameters.get(name, []) for name in declared.get("parameters", {})},
            {name: made.artifacts.get(name, []) for name in declared.get("artifacts", {})},
        )

    async def _work(
        self, task: Task, inputs: Values, component: Mapping[str, Any], definition: Mapping[str, Any]
    ) -> Values:
        if "dag" in component:
            self._start(task)
            return await self._dag(task, inputs, component["dag"])
        executor = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]
        task.kind = "importer" if "importer" in executor else "container"
        kept = self.kept.get(task.path)
        if kept is not None and kept.inputs == inputs:
            task.started, task.cached_from = kept.started, kept.cached_from
            return kept.outputs
        if task.kind == "importer":
            self._start(task)
            return self._import(executor["importer"], inputs, component)
        return await self._contain(task, inputs, component, definition, executor["container"])

    async def _dag(self, parent: Task, inputs: Values, dag: Mapping[str, Any]) -> Values:
        definitions = dag.get("tasks", {})
        tasks = {name: self._new(name, f"{parent.path}/{name}".lstrip("/"), parent) for name in definitions}
        done = {name: asyncio.Event() for name in tasks}

        async def one(name: str) -> None:
            for before in followed(definitions[name]):
                await done[before].wait()
            await self._task(tasks[name], definitions[name], inputs, tasks)
            done[name].set()

        async with asyncio.TaskGroup() as group:
            for name in tasks:
                group.create_task(one(name))
        _demand_success(list(tasks.values()))
        return outputs_of(dag, {name: task.as_upstream() for name, task in tasks.items()})

    async def _task(self, task: Task, definition: Mapping[str, Any], scope: Values, beside: Mapping[str, Task]) -> None:
        component = self.spec["components"][definition["componentRef"]["name"]]
        policy = definition.get("triggerPolicy", {})
        always = policy.get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"
        before = {name: beside[name].as_upstream() for name in followed(definition)}
        if not always and (
            (self.fail_fast and self.failed) or any(ended.state != "SUCCEEDED" for ended in before.values())
        ):
            self._end(task, "NOT_TRIGGERED")
            return
        try:
            inputs = self._inputs(definition, component, scope, before)
            if policy.get("condition") and not conditions.holds(policy["condition"], inputs.parameters):
                task.inputs = inputs
                self._end(task, "NOT_TRIGGERED")
                return
        except (TaskError, PlaceholderError, conditions.ConditionError) as error:
            self._end(task, "FAILED", str(error))
            return
        await self._begin(task, inputs, component, definition)

    def _inputs(
        self,
        definition: Mapping[str, Any],
        component: Mapping[str, Any],
        scope: Values,
        before: Mapping[str, Upstream],
    ) -> Values:
        def fill(text: str, parameters: Mapping[str, Any]) -> str:
            if "{{$" not in text:
                return text
            facts = {**self.facts, "pipeline_task_name": definition.get("taskInfo", {}).get("name", "")}
            return filled(text, Facts(facts, None, parameters, self._local))

        return inputs_of(definition, component, scope, before, fill, self.job)

    def _local(self, uri: str) -> str:
        return str(self.storage.path_of(uri))

    def _import(self, importer: Mapping[str, Any], inputs: Values, component: Mapping[str, Any]) -> Values:
        (output,) = component["outputDefinitions"]["artifacts"]
        where = importer["artifactUri"]
        uri = where["constant"] if "constant" in where else inputs.parameters.get(where.get("runtimeParameter"))
        given = inputs.parameters.get("uri", uri)
        facts = Facts(self.facts, None, inputs.parameters, self._local)
        metadata = _filled_inside(importer.get("metadata", {}), facts)
        if not isinstance(given, str) or not given:
            raise TaskError("The importer has no URI.", 3)
        artifact = None if importer.get("reimport") else self.results.imported(given, metadata)
        if artifact is None:
            kind = dict(importer.get("typeSchema", {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}))
            artifact = {"name": self.artifact_name(), "uri": given, "type": kind, "metadata": metadata}
            self.results.keep_import(artifact)
        return Values({}, {output: [artifact]})

    async def _contain(
        self,
        task: Task,
        inputs: Values,
        component: Mapping[str, Any],
        definition: Mapping[str, Any],
        container: Mapping[str, Any],
    ) -> Values:
        declared = component.get("inputDefinitions", {}).get("parameters", {})
        parameters = {
            name: fitted(inputs.parameters[name], wanted.get("parameterType"), name)
            for name, wanted in declared.items()
            if name in inputs.parameters
        }
        inputs = task.inputs = Values(parameters, inputs.artifacts)
        caching = bool(definition.get("cachingOptions", {}).get("enableCache"))
        key = self._key(container, component, inputs, definition.get("cachingOptions", {}).get("cacheKey", ""))
        found = self.results.cached(key) if caching else None
        if found is not None:
            self._start(task)
            task.cached_from, outputs = found
            return outputs
        uri = f"{self.output}/{task.name}_{task.id}"
        given = self._executor_input(uri, inputs, component)
        facts = {**self.facts, "pipeline_task_name": task.name, "pipeline_task_uuid": task.id}
        known = Facts(facts, given, parameters, self._local)
        words = arguments([*container.get("command", []), *container.get("args", [])], known)
        if not words:
            raise TaskError("The container has no command, and the stand-in does not know that of its image.", 12)
        env = self.variables(component["executorLabel"])
        env |= {entry["name"]: filled(entry.get("value", ""), known) for entry in container.get("env", [])}
        await self._with_retries(task, definition.get("retryPolicy", {}), words, env, given)
        outputs = self._collect(given, component)
        if caching:
            self.results.keep(key, task.id, outputs)
        return outputs

    def _key(self, container: Mapping[str, Any], component: Mapping[str, Any], inputs: Values, own: str) -> str:
        artifacts = {name: [artifact["name"] for artifact in some] for name, some in inputs.artifacts.items()}
        parts = {name: container.get(name) for name in ("image", "command", "args", "env")}
        parts |= {"pipeline": self.spec["pipelineInfo"]["name"], "outputs": component.get("outputDefinitions")}
        parts |= {"parameters": inputs.parameters, "artifacts": artifacts, "own": own}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _executor_input(self, uri: str, inputs: Values, component: Mapping[str, Any]) -> dict[str, Any]:
        folder = self.storage.path_of(uri)
        folder.mkdir(parents=True, exist_ok=True)
        declared = component.get("outputDefinitions", {})
        artifacts = {
            name: {"artifacts": [self._artifact(f"{uri}/{name}", definition["artifactType"])]}
            for name, definition in declared.get("artifacts", {}).items()
        }
        return {
            "inputs": {
                "parameterValues": inputs.parameters,
                "artifacts": {name: {"artifacts": some} for name, some in inputs.artifacts.items()},
            },
            "outputs": {
                "parameters": {name: {"outputFile": str(folder / name)} for name in declared.get("parameters", {})},
                "artifacts": artifacts,
                "outputFile": str(folder / "executor_output.json"),
            },
        }

    def _artifact(self, uri: str, kind: Mapping[str, Any]) -> Artifact:
        return {"name": self.artifact_name(), "uri": uri, "type": dict(kind), "metadata": {}}

    async def _with_retries(
        self,
        task: Task,
        policy: Mapping[str, Any],
        words: list[str],
        env: Mapping[str, str],
        given: Mapping[str, Any],
    ) -> None:
        retries = int(policy.get("maxRetryCount", 0))
        pause = _seconds(policy.get("backoffDuration", "0s"))
        while True:
            Path(given["outputs"]["outputFile"]).unlink(missing_ok=True)
            log = self.log_of(task.id)
            ended: Ended = await self.containers.run(words, env, log, lambda: self._start(task))
            if ended.code == 0:
                return
            message = f"The replica workerpool0-0 exited with a non-zero status of {ended.code}. {ended.text}".strip()
            task.attempts.append(Attempt(self.now(), ended.code, message))
            self.changed(task)
            if len(task.attempts) > retries:
                raise TaskError(message)
            await asyncio.sleep(pause)
            pause = min(
                pause * float(policy.get("backoffFactor", 2)), _seconds(policy.get("backoffMaxDuration", "3600s"))
            )

    def _collect(self, given: Mapping[str, Any], component: Mapping[str, Any]) -> Values:
        """Read what a container has left behind."""
        outputs = given["outputs"]
        told = _read_json(Path(outputs["outputFile"]), "executor output")
        declared = component.get("outputDefinitions", {})
        parameters: dict[str, Any] = {}
        for name, definition in declared.get("parameters", {}).items():
            file = Path(outputs["parameters"][name]["outputFile"])
            if name in told.get("parameterValues", {}):
                value = told["parameterValues"][name]
            elif file.is_file():
                value = file.read_text(encoding="utf-8")
            elif definition.get("isOptional"):
                continue
            else:
                raise TaskError(f"The output parameter {name} was not written.")
            parameters[name] = as_doubles(fitted(value, definition.get("parameterType"), name))
        artifacts: dict[str, list[Artifact]] = {}
        for name, definition in declared.get("artifacts", {}).items():
            planned = outputs["artifacts"][name]["artifacts"]
            said = told.get("artifacts", {}).get(name, {}).get("artifacts", planned)
            artifacts[name] = [
                self._as_told(planned[i] if i < len(planned) else None, artifact, definition["artifactType"])
                for i, artifact in enumerate(said)
            ]
        return Values(parameters, artifacts)

    def _as_told(self, planned: Artifact | None, said: Artifact, kind: Mapping[str, Any]) -> Artifact:
        planned = planned or self._artifact(str(said.get("uri", "")), kind)
        metadata = {**planned["metadata"], **said.get("metadata", {})}
        return {**planned, "uri": said.get("uri") or planned["uri"], "metadata": as_doubles(metadata)}


def _demand_success(tasks: list[Task]) -> None:
    failed = sorted(task.name for task in tasks if task.state == "FAILED")
    if failed:
        raise TaskError(f"The DAG failed because some tasks failed. The failed tasks are: [{', '.join(failed)}].")


def _filled_inside(value: Any, facts: Facts) -> Any:
    if isinstance(value, str):
        return filled(value, facts)
    if isinstance(value, list):
        return [_filled_inside(item, facts) for item in value]
    return {key: _filled_inside(item, facts) for key, item in value.items()} if isinstance(value, dict) else value


def _seconds(duration: str) -> float:
    return float(duration.removesuffix("s") or 0)


def _read_json(file: Path, what: str) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TaskError(f"The {what} is no JSON: {error}.") from None
    if not isinstance(content, dict):
        raise TaskError(f"The {what} is {text_of(content)[:50]}, no object.")
    return content
