"""Runs steps as a platform does: in processes that have the bundle and an image's packages, and nothing of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.graph import order, producer
from mdk_converters.guards import Guards
from mdk_converters.spec import Pipeline
from mdk_converters.targets.kfp.step import BOOTSTRAP, code, encoded
from mdk_jupyter.remote.bundle import Bundle, build

_OURS = ("mdk", "_mdk", "__editable__", "cloudpickle", "google")


def image(folder: Path, *without: str) -> Path:
    """Return a folder that, on `sys.path`, is an image with the packages of this environment, but for some."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        name = entry.name.lower()
        if not name.startswith((*_OURS, *without)) and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


@dataclass
class Done:
    """What became of one step."""

    code: int
    out: str
    err: str
    message: str  # the termination message
    answer: dict[str, Any]  # the executor output
    folder: Path  # where its outputs are

    def record(self, name: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.answer["artifacts"][name]["artifacts"][0]["metadata"]["mdk"])
        return record

    def artifact(self, name: str) -> dict[str, Any]:
        artifact: dict[str, Any] = self.answer["artifacts"][name]["artifacts"][0]
        return artifact

    @property
    def metrics(self) -> dict[str, Any]:
        metrics: dict[str, Any] = self.artifact("mdk_metrics")["metadata"]
        return metrics

    @property
    def notebook(self) -> dict[str, Any]:
        notebook: dict[str, Any] = json.loads((self.folder / "mdk_notebook").read_text("utf-8"))
        return notebook

    @property
    def html(self) -> str:
        return (self.folder / "mdk_html").read_text("utf-8")

    def printed(self) -> str:
        """Return what the cells printed, as the notebook has it."""
        outputs = [output for cell in self.notebook["cells"] for output in cell["outputs"]]
        return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


@dataclass
class Platform:
    """One run of one pipeline. `packages` is the image."""

    root: Path  # of all buckets
    pipeline: Pipeline
    packages: Path | None
    folder: Path  # of the notebook
    python: str = sys.executable
    extra: dict[str, Any] = field(default_factory=dict)  # of the step's arguments
    environ: dict[str, str] = field(default_factory=dict)
    made: dict[str, Done] = field(default_factory=dict)
    bundle: Bundle = field(init=False)

    def __post_init__(self) -> None:
        self.bundle = build(self.pipeline, self.folder)
        path = self.root / "bucket/bundles" / f"{self.bundle.sha256}.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.bundle.data)

    def run_all(self, **parameters: Any) -> dict[str, Done]:
        """Run all steps, one after the other; each must come to its end."""
        for name in order(self.pipeline):
            done = self.run(name, **parameters)
            assert done.code == 0, done.err
        return self.made

    def run(
        self,
        name: str,
        *,
        change: Callable[[dict[str, Any], dict[str, Any]], None] = lambda step, given: None,
        attempt: str = "",
        **parameters: Any,
    ) -> Done:
        """Run one step; `change` may edit its arguments and its executor input."""
        folder = self.root / "bucket/run" / f"{name}{attempt}"
        step, given = self.step(name), self.executor_input(name, f"{name}{attempt}", parameters)
        change(step, given)
        message = self.root / "termination-log"
        message.write_text("")
        start = "import sys\n" + (f"sys.path.append({str(self.packages)!r})\n" if self.packages else "")
        done = subprocess.run(
            [
                *(self.python, *(["-I", "-S"] if self.packages else ["-I"]), "-u", "-c", start + BOOTSTRAP),
                *(
                    "--step",
                    encoded(step),
                    "--bundle-sha256",
                    self.bundle.sha256,
                    "--executor_input",
                    json.dumps(given),
                ),
            ],
            env={
                **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")},
                "MDK_MOUNTS": str(self.root),
                "MDK_TERMINATION_LOG": str(message),
                **self.pipeline.components[name].env,
                **self.environ,
            },
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        output = folder / "executor_output.json"
        answer = json.loads(output.read_text()) if output.exists() else {}
        result = Done(done.returncode, done.stdout, done.stderr, message.read_text(), answer, folder)
        self.made[name] = result
        return result

    def step(self, name: str) -> dict[str, Any]:
        """Return the arguments of a step, as the compiler writes them."""
        pipeline, component = self.pipeline, self.pipeline.components[name]
        numbers = {cell.id: n for n, cell in enumerate((c for k in pipeline.components.values() for c in k.cells), 1)}
        guards = Guards(pipeline, numbers)
        return {
            **code(pipeline, name),
            "numbers": numbers,
            "parameters": {p: {"key": p, "type": pipeline.parameters[p].type} for p in component.parameters},
            "item": None,
            "inputs": {v: {"artifact": _key(v), "source": s} for v, s in component.inputs.items()},
            "outputs": {output: {"artifact": _key(output), "kind": kind} for output, kind in component.outputs.items()},
            "values": {},
            "guard": guards.guarded(name),
            "later": guards.later(name),
            "requirements": component.requirements,
            **self.extra,
        }

    def executor_input(self, name: str, folder: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the platform tells a step."""
        component = self.pipeline.components[name]
        values = {p: parameters.get(p, self.pipeline.parameters[p].default) for p in component.parameters}
        sources = {
            _key(variable): self.made[producer(source)].artifact(_key(source.partition(".")[2]))
            for variable, source in component.inputs.items()
        }
        sources["mdk_bundle"] = {"name": "b", "uri": f"gs://bucket/bundles/{self.bundle.sha256}.zip"}
        keys = [*map(_key, component.outputs), "mdk_metrics", "mdk_notebook", "mdk_html"]
        place = f"gs://bucket/run/{folder}"
        outputs = {
            key: {"artifacts": [{"name": f"artifacts/{key}", "uri": f"{place}/{key}", "metadata": {}}]} for key in keys
        }
        numbers = {key: float(v) if type(v) is int else v for key, v in values.items()}  # as protobuf has them
        return {
            "inputs": {
                "parameterValues": numbers,
                "artifacts": {key: {"artifacts": [artifact]} for key, artifact in sources.items()},
            },
            "outputs": {
                "artifacts": outputs,
                "parameters": {},
                "outputFile": str(self.root / "bucket/run" / folder / "executor_output.json"),
            },
        }

    def load(self, name: str, source: str) -> Any:
        """Return a value that a step handed on, read with the means of local runs."""
        from mdk_jupyter.artifacts import Record, handover
        from mdk_jupyter.runtime.places import Places

        record = Record.from_json(self.made[source].record(_key(name)))
        places = Places({})
        uri = self.made[source].artifact(_key(name))["uri"]
        places.add(record, self.root / uri.removeprefix("gs://"))
        [(_, value)] = handover.load({name: record}, places)
        return value


def _key(name: str) -> str:
    if name.startswith("state."):
        return name.replace(".", "__")
    return name if name.isascii() else f"x_{name.encode().hex()}"
