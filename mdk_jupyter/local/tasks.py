"""What a step needs to run on this machine: files, an environment, its job, its notebook."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdk_converters.spec import Pipeline
from mdk_converters.targets.notebooks import step_notebook
from mdk_jupyter.local import jobs
from mdk_jupyter.local.failures import Origins
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.kernels import Launch, is_installed
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.scheduling import Amount, need
from mdk_jupyter.local.steering import Steering
from mdk_jupyter.local.steps import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Makes the tasks of one run. Its pipeline is that of `steering`, which loops make longer."""

    record: Run
    steering: Steering
    folder: Path  # the notebook's
    origins: Origins
    isolated: bool
    timeout: str | None  # of steps that have none of their own

    def paths(self, name: str) -> tuple[Path, Path]:
        """Return where the executed notebook and the log of a step go."""
        return self.record.folder / f"{name}.ipynb", self.record.folder / f"{name}.log"

    def produced(self) -> jobs.Produced:
        """Return what has been handed on so far."""
        return self.steering.produced({name: step.outputs for name, step in self.record.steps.items()})

    def job(self, name: str) -> dict[str, Any]:
        """Return what the runtime inside a step's kernel needs to know."""
        record = self.record
        return jobs.job(
            self.steering.pipeline,
            name,
            run=record.id,
            store=record.store,
            result=record.folder / "steps" / f"{name}.result.json",
            parameters=self.steering.given(name),
            produced=self.produced(),
            numbers=self.origins.numbers,
        )

    def task(self, name: str, job: Mapping[str, Any]) -> Task:
        """Return a step's task, with its files in place.

        Raises:
            OSError: they cannot be written.
        """
        component = self.steering.pipeline.components[name]
        launch = self.launch(name)
        write_atomically(Path(launch.env["MDK_STEP"]), json.dumps(job, ensure_ascii=False))
        if self.isolated:
            _copy_files(component.files, self.folder, launch.cwd)
        output, log = self.paths(name)
        return Task(
            step=name,
            notebook=step_notebook(self.steering.pipeline, name),
            parameters=job["parameters"],
            launch=launch,
            output=output,
            log=log,
            result=Path(job["result"]),
            origins=self.origins,
            timeout=component.timeout or self.timeout,
            retries=component.retries,
        )

    def launch(self, name: str) -> Launch:
        """Return how to start the kernel of a step.

        Raises:
            OSError: its folder cannot be made.
        """
        steps = (self.record.folder / "steps").absolute()
        steps.mkdir(exist_ok=True)
        env = {**self.steering.pipeline.components[name].env, "MDK_STEP": str(steps / f"{name}.job.json")}
        cwd = self.folder
        if self.isolated:
            cwd = steps / f"{name}.folder"
            cwd.mkdir(exist_ok=True)
            # The user's own modules travel to remote targets too.
            path = [str(self.folder.absolute()), *filter(None, [os.environ.get("PYTHONPATH")])]
            env["PYTHONPATH"] = os.pathsep.join(path)
        return Launch(name, cwd, env, steps / f"{name}.kernel.log")


def lacking(pipeline: Pipeline, machine: Amount) -> Iterator[str]:
    """Yield what the steps want and this machine has not."""
    kernel = pipeline.metadata.kernel
    if not is_installed(kernel):
        yield f"the notebook's kernel {kernel!r} is not installed here; its steps run on this Python"
    for name, component in pipeline.components.items():
        for folder, claim in component.volumes.items():
            yield f"step {name!r} wants the volume {claim} at {folder}; here it finds what this machine has there"
        for variable in component.secrets:
            if variable not in os.environ:
                yield f"step {name!r} wants the secret {variable}, which the environment does not have"
        if component.resources is not None and need(component).gpu > machine.gpu:
            has = f"has {machine.gpu}" if machine.gpu else "has none"
            yield f"step {name!r} wants the accelerators {component.resources.gpu}; this machine {has}"


def _copy_files(patterns: Iterable[str], folder: Path, target: Path) -> None:
    """Copy the files that a component declares into its own folder."""
    for path in (path for pattern in patterns for path in folder.glob(pattern)):
        destination = target / path.relative_to(folder)
        destination.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, destination, dirs_exist_ok=True)
        else:
            shutil.copy2(path, destination)
