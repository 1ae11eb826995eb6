"""Pipelines for the stand-in: written by hand as IR, and compiled by the KFP SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# What every step by hand begins with: `p` its parameters, `a` its artifacts, `out` writes an output parameter.
PRELUDE = """
import json, os, sys
e = json.loads(sys.argv[1])
p = e["inputs"]["parameterValues"]
a = {k: v["artifacts"] for k, v in e["inputs"].get("artifacts", {}).items()}
o = {k: v["artifacts"][0] for k, v in e["outputs"].get("artifacts", {}).items()}
def path(uri): return os.path.join(os.environ["MDK_MOUNTS"], uri.split("://")[1])
def out(name, value):
    with open(e["outputs"]["parameters"][name]["outputFile"], "w") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))
"""
INT, FLOAT, STR, BOOL, LIST, STRUCT = "NUMBER_INTEGER", "NUMBER_DOUBLE", "STRING", "BOOLEAN", "LIST", "STRUCT"


class Ir:
    """Builds a pipeline spec, task by task."""

    def __init__(self, name: str, **parameters: str | tuple[str, Any]) -> None:
        self.tasks: dict[str, Any] = {}
        self.spec: dict[str, Any] = {
            "pipelineInfo": {"name": name},
            "schemaVersion": "2.1.0",
            "sdkVersion": "by-hand",
            "components": {},
            "deploymentSpec": {"executors": {}},
            "root": {
                "dag": {"tasks": self.tasks},
                "inputDefinitions": {"parameters": {key: self._parameter(kind) for key, kind in parameters.items()}},
            },
        }

    @staticmethod
    def _parameter(kind: str | tuple[str, Any]) -> dict[str, Any]:
        if isinstance(kind, str):
            return {"parameterType": kind}
        return {"parameterType": kind[0], "defaultValue": kind[1], "isOptional": True}

    def step(
        self,
        name: str,
        code: str,
        *,
        takes: dict[str, str] | None = None,
        artifacts: dict[str, str] | None = None,
        gives: dict[str, str] | None = None,
        makes: dict[str, str] | None = None,
        inside: dict[str, Any] | None = None,
        **task: Any,
    ) -> dict[str, Any]:
        """Add a task that runs Python. `takes` and `artifacts` name where inputs come from: see `source`."""
        takes, artifacts = takes or {}, artifacts or {}
        kinds = {key: _kind(where) for key, where in takes.items()}
        self.spec["components"][f"comp-{name}"] = {
            "executorLabel": f"exec-{name}",
            "inputDefinitions": {
                "parameters": {key: {"parameterType": kind} for key, kind in kinds.items()},
                "artifacts": {key: {"artifactType": _schema("system.Artifact")} for key in artifacts},
            },
            "outputDefinitions": {
                "parameters": {key: {"parameterType": kind} for key, kind in (gives or {}).items()},
                "artifacts": {key: {"artifactType": _schema(title)} for key, title in (makes or {}).items()},
            },
        }
        command = ["python3", "-c", PRELUDE + code]
        self.spec["deploymentSpec"]["executors"][f"exec-{name}"] = {
            "container": {"image": "python:3.11", "command": command, "args": ["{{$}}"]}
        }
        return self.task(name, inside=inside, takes=takes, artifacts=artifacts, **task)

    def task(
        self,
        name: str,
        *,
        inside: dict[str, Any] | None = None,
        takes: dict[str, str] | None = None,
        artifacts: dict[str, str] | None = None,
        **task: Any,
    ) -> dict[str, Any]:
        """Add a task of the component `comp-NAME`."""
        tasks = self.tasks if inside is None else inside
        tasks[name] = {
            "taskInfo": {"name": name},
            "componentRef": {"name": f"comp-{name}"},
            "inputs": {
                "parameters": {key: source(where, "Parameter") for key, where in (takes or {}).items()},
                "artifacts": {key: source(where, "Artifact") for key, where in (artifacts or {}).items()},
            },
            **task,
        }
        made: dict[str, Any] = tasks[name]
        return made

    def group(self, name: str, takes: dict[str, str], outputs: dict[str, Any] | None = None, **task: Any) -> Any:
        """Add a sub-DAG; return its tasks. Inputs of other kinds than text end in `!KIND`."""
        tasks: dict[str, Any] = {}
        kinds = {key: {"parameterType": _kind(where)} for key, where in takes.items()}
        definition: dict[str, Any] = {"dag": {"tasks": tasks}, "inputDefinitions": {"parameters": kinds}}
        if outputs:
            definition["dag"]["outputs"] = {"parameters": outputs}
            definition["outputDefinitions"] = {"parameters": {key: {"parameterType": LIST} for key in outputs}}
        self.spec["components"][f"comp-{name}"] = definition
        self.task(
            name, takes={key: where for key, where in takes.items() if where and not where.startswith("!")}, **task
        )
        return tasks

    def write(self, folder: Path) -> str:
        """Write it for a client that reads files."""
        file = folder / f"{self.spec['pipelineInfo']['name']}.yaml"  # JSON is YAML
        file.write_text(json.dumps(self.spec))
        return str(file)


def _schema(title: str) -> dict[str, str]:
    return {"schemaTitle": title, "schemaVersion": "0.0.1"}


def source(where: str, kind: str) -> dict[str, Any]:
    """Return an input: `task.output`, `=constant` or the name of an input of the DAG around."""
    where = where.rpartition("!")[0] if "!" in where else where
    if where.startswith("="):
        return {"runtimeValue": {"constant": json.loads(where[1:])}}
    task, found, output = where.partition(".")
    if found:
        return {f"taskOutput{kind}": {"producerTask": task, f"output{kind}Key": output}}
    return {f"componentInput{kind}": where}


def when(condition: str) -> dict[str, Any]:
    """Return the trigger of a conditional task."""
    return {"condition": condition}


def compiled_by_kfp(name: str, folder: Path) -> str:
    """Compile a pipeline of `kfp_components` by the KFP SDK."""
    import kfp_components
    from kfp import compiler

    file = folder / f"{name}.yaml"
    compiler.Compiler().compile(getattr(kfp_components, name), str(file))
    return str(file)


def _kind(where: str) -> str:
    return where.rpartition("!")[2] if "!" in where else STR
