"""What passes between a step in a container and its platform: inputs as the platform has them, outputs as it wants."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts import formats
from mdk_jupyter.artifacts.records import Record
from mdk_jupyter.artifacts.store import not_writable
from mdk_jupyter.errors import StepError
from mdk_jupyter.runtime import metrics, registering
from mdk_jupyter.runtime.arguments import Given, unreadable
from mdk_jupyter.runtime.places import Places, metadata, path_of, read_metadata
from mdk_jupyter.runtime.step import Job

METRICS, NOTEBOOK, HTML = "mdk_metrics", "mdk_notebook", "mdk_html"  # outputs of every step
BUNDLE = "mdk_bundle"  # what brings the runtime, from ROOT/mdk/bundles/


class Exchange:
    """The inputs and outputs of one step."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.places = Places({name: self._output_path(about["artifact"]) for name, about in self._outputs().items()})

    def job(self, report: Callable[[dict[str, Any]], None]) -> Job:
        """Return the job of the step.

        Raises:
            StepError: the executor input is not what the step needs (MDK425), or a parameter has no value of its
                type (MDK426).
            ArtifactError: an input was made by somebody else (MDK427).
        """
        given = self.given
        inputs: dict[str, dict[str, Any]] = {}
        values: dict[str, Any] = {}
        for name, about in given.of("inputs").items():
            if "artifact" not in about:
                values[name] = given.value(name, about["parameter"], about)
            elif about.get("path"):
                values[name] = str(path_of(given.artifacts(about["artifact"])[0]["uri"]))
            else:
                inputs[name] = self._input(name, about)
        item = given.of("item")
        return Job(
            step=given.component,
            store=self.places,
            report=report,
            run=self._run(),
            pipeline=given.made["pipeline"],
            parameters=given.parameters(),
            inputs=inputs,
            values=values,
            optional=tuple(given.of("optional")),
            outputs=tuple(self._outputs()),
            guard=tuple(name for name in inputs if self._is_guarded(name, inputs[name])),
            metrics=tuple(given.of("metrics")),
            item=item["name"] if item else None,
            is_watched=False,
        )

    def answer(self, result: Mapping[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
        """Return the executor output of a step that came to its end, and write its output parameters.

        Raises:
            StepError: a value is none that conditions and loops can read (MDK431), or a file cannot be written.
        """
        records = {name: Record.from_json(record) for name, record in result["outputs"].items()}
        made = self.given.made
        answer: dict[str, Any] = {"parameterValues": {}, "artifacts": {}}
        for name, about in self._outputs().items():
            members = self.places.together(name)
            artifact = self._artifact(about["artifact"])
            artifact["uri"] = self._artifact(self._outputs()[members[0]]["artifact"])["uri"]
            artifact["metadata"] = metadata(records[name], members, made)
            answer["artifacts"][about["artifact"]] = {"artifacts": [artifact]}
        if self.given.output(METRICS) is not None:
            logged = self._artifact(METRICS)
            logged["metadata"] = {name: _json_number(value) for name, value in result["metrics"].items()}
            answer["artifacts"][METRICS] = {"artifacts": [logged]}
            # Also as a file: whoever only has the bucket, as clients of Kubeflow do, reads what became of the step.
            told = {"metrics": logged["metadata"], "outputs": {name: r.to_json() for name, r in records.items()}}
            if registering.unregistered:
                told["models"] = registering.unregistered
            write(path_of(logged["uri"]), json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
        for key in (NOTEBOOK, HTML):
            if self.given.output(key) is not None:
                answer["artifacts"][key] = {"artifacts": [self._artifact(key)]}
        for name, about in self.given.of("values").items():
            value = _parameter(name, about["type"], namespace.get(name), self.given.component)
            answer["parameterValues"][about["parameter"]] = value
            self._write_parameter(about["parameter"], value)
        return answer

    def finish(self, answer: Mapping[str, Any]) -> None:
        """Write the executor output.

        Raises:
            ArtifactError: it cannot be written (MDK326).
        """
        write(path_of(self.given.executor_input["outputs"]["outputFile"]), json.dumps(answer, allow_nan=False))

    def _run(self) -> str:
        """Return the platform's id of the run, which its folders are called by: ROOT/PROJECT/RUN/STEP/artifact."""
        brought = self.given.executor_input.get("inputs", {}).get("artifacts", {}).get(BUNDLE)
        made = self.given.output(METRICS)
        if not brought or made is None:
            return ""
        root = brought["artifacts"][0]["uri"].rpartition("/mdk/bundles/")[0]
        parts = made["uri"][len(root) + 1 :].split("/") if root and made["uri"].startswith(f"{root}/") else []
        return parts[1] if len(parts) > 2 else ""

    def _outputs(self) -> Mapping[str, Any]:
        outputs: Mapping[str, Any] = self.given.of("outputs")
        return outputs

    def _artifact(self, key: str) -> dict[str, Any]:
        artifact = self.given.output(key)
        if artifact is None:
            raise unreadable(f"the executor input has no {key!r} among its output artifacts")
        return {name: artifact[name] for name in ("name", "uri") if name in artifact}

    def _output_path(self, key: str) -> Path:
        return path_of(self._artifact(key)["uri"])

    def _input(self, name: str, about: Mapping[str, Any]) -> dict[str, Any]:
        producer = str(about.get("source", "")).partition(".")[0]
        made = {**self.given.made, "component": producer}
        records = []
        for artifact in self.given.artifacts(about["artifact"]):
            content = read_metadata(name, artifact, made)
            self.places.add(Record.from_json(content), path_of(artifact["uri"]))
            records.append({**content, "uri": artifact["uri"]})
        origin = {"producer": producer, "source": about.get("source")}
        if not about.get("list"):
            return {**origin, **records[0]}
        # A name that one run does not bind is bound by none, as on the user's machine: a list has no holes.
        absent = [r for status in ("untravelable", "unbound") for r in records if r["status"] == status]
        return {**origin, **absent[0]} if absent else {**origin, "items": records}

    def _is_guarded(self, name: str, record: Mapping[str, Any]) -> bool:
        """Whether an input must stay as it is: a later step reads it, or what shares its objects."""
        if name in self.given.of("guard"):
            return True
        if name in self._outputs() or record.get("key") is None or name.startswith("state."):
            return False
        together = {f"{record['producer']}.{member}" for member in record["members"]}
        return not together.isdisjoint(self.given.of("later"))

    def _write_parameter(self, key: str, value: Any) -> None:
        place = self.given.executor_input["outputs"].get("parameters", {}).get(key)
        if place is not None:
            write(path_of(place["outputFile"]), value if isinstance(value, str) else json.dumps(value))


def write(path: Path, text: str) -> None:
    """Write a file that the platform wants.

    Raises:
        ArtifactError: it cannot be written (MDK326).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise not_writable(error) from error


def _parameter(name: str, kind: str, value: Any, component: str) -> Any:
    """Return a value as an output parameter, for the conditions and loops of the platform."""
    if kind == "json_items":
        if not isinstance(value, (list, tuple)):
            raise _unfit(name, component, f"is a {type(value).__name__}, and a loop needs a list")
        return [_json_text(name, component, f"item {number}", item) for number, item in enumerate(value)]
    if kind == "json":
        return _json_text(name, component, "its value", value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    fits: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "str": (str,)}
    if not isinstance(value, fits[kind]) or isinstance(value, bool) != (kind == "bool"):
        raise _unfit(name, component, f"is a {type(value).__name__}, and was announced as {kind}")
    if kind == "float":
        value = float(cast(float, value))
        if not math.isfinite(value):
            raise _unfit(name, component, f"is {value}, which the platform cannot compare")
    return value


def _json_text(name: str, component: str, what: str, value: Any) -> str:
    try:
        formats.check_plain(value)
    except formats.NotExact:
        raise _unfit(name, component, f"has {what} of the type {type(value).__name__}, which is no JSON") from None
    return json.dumps(value)


def _unfit(name: str, component: str, why: str) -> StepError:
    message = f"`{name}` of the component {component!r} {why}"
    fix = "Hand on plain numbers, texts, flags, and lists of them, for what conditions and loops read."
    return StepError([Finding("MDK431", message, fix=fix, names=(name,))])


def _json_number(value: Any) -> Any:
    plain = metrics.as_metric("", value)
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain
