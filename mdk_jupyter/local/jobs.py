"""The job of a step: what the runtime inside its kernel needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdk_converters.graph import producer
from mdk_converters.guards import Guards, candidates
from mdk_converters.loops import parse_loop
from mdk_converters.spec import Pipeline

Record = dict[str, Any]
Produced = Mapping[str, Mapping[str, Record]]
"""Artifact records, by step and name."""


def job(
    pipeline: Pipeline,
    name: str,
    *,
    run: str,
    store: Path,
    result: Path,
    parameters: Mapping[str, Any],
    produced: Produced,
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    """Return the job file's content for one step. `numbers` are the notebook's cell numbers by cell id."""
    component = pipeline.components[name]
    loop = parse_loop(component.foreach) if component.foreach is not None else None
    return {
        "run": run,
        "pipeline": pipeline.metadata.name,
        "step": name,
        "store": str(store),
        "parameters": {parameter: parameters[parameter] for parameter in component.parameters},
        "inputs": {
            variable: {"producer": producer(source), **_record(source, produced)}
            for variable, source in component.inputs.items()
        },
        "optional": component.optional,
        "outputs": list(component.outputs),
        "guard": guarded(pipeline, name, produced, numbers),
        "metrics": component.metrics,
        "result": str(result),
        **({"item": loop.item} if loop else {}),
    }


def guarded(pipeline: Pipeline, name: str, produced: Produced, numbers: Mapping[str, int]) -> list[str]:
    """Return the inputs that the step must leave as they are.

    They are those that it does not hand on, and that a step which may come later reads as they were: the same
    version, or another name of the same object.
    """
    later = Guards(pipeline, numbers).later(name)
    artifacts = {_shared_artifact(source, produced) for source in later} - {None}
    return [
        variable
        for variable, source in candidates(pipeline.components[name]).items()
        if source in later or _shared_artifact(source, produced) in artifacts
    ]


def _record(source: str, produced: Produced) -> Record:
    step, _, name = source.partition(".")
    return produced[step][name]


def _shared_artifact(source: str, produced: Produced) -> str | None:
    """Return the digest of the artifact when it holds several names that share objects."""
    step, _, name = source.partition(".")
    record = produced.get(step, {}).get(name, {})
    return record["digest"] if record.get("key") is not None else None
