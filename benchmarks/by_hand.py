"""The same steps without mdk, as one would write them: a notebook per step, values handed on in files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from notebooks import code, notebook
from timing import BIN, command

from mdk_converters.spec import Component, Pipeline

# Frames as parquet, everything else as a pickle. Kubeflow's components use the same two.
HAND_ON = """\
def hand_on(path, value):
    if hasattr(value, "to_parquet"):
        value.to_parquet(path)
        return
    import pickle
    with open(path, "wb") as file:
        pickle.dump(value, file)


def receive(path):
    with open(path, "rb") as file:
        if file.read(4) != b"PAR1":
            import pickle
            file.seek(0)
            return pickle.load(file)
    import pandas
    return pandas.read_parquet(path)
"""


def papermill_whole(source: Path, environ: Mapping[str, str]) -> None:
    """Execute a notebook as it is."""
    command(BIN / "papermill", source.name, "executed.ipynb", cwd=source.parent, environ=environ)


class StepNotebooks:
    """A folder with one notebook per step."""

    def __init__(self, pipeline: Pipeline, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        folder.mkdir(parents=True)
        self._names = list(pipeline.components)  # an order in which they can run: that of the notebook
        for name, component in pipeline.components.items():
            cells = [code(f"cell-{number}", source) for number, source in enumerate(_cells(pipeline, name, component))]
            (folder / f"{name}.ipynb").write_text(json.dumps(notebook(cells)), encoding="utf-8")

    def prepare(self) -> None:
        """Take away what an earlier run left."""
        shutil.rmtree(self._folder / "values", ignore_errors=True)
        (self._folder / "values").mkdir()

    def run(self) -> None:
        """Execute them one after the other, each with a papermill process of its own."""
        for name in self._names:
            command(BIN / "papermill", f"{name}.ipynb", "executed.ipynb", cwd=self._folder, environ=self._environ)


def _cells(pipeline: Pipeline, name: str, component: Component) -> Iterator[str]:
    values = [f"{name} = {pipeline.parameters[name].default!r}" for name in component.parameters]
    received = [f'{own} = receive("values/{source}")' for own, source in component.inputs.items()]
    yield "\n".join([HAND_ON, *values, *received])
    yield from (pipeline.definitions[definition].source for definition in component.definitions)
    yield from (cell.source for cell in component.cells)
    yield "\n".join(f'hand_on("values/{name}.{output}", {output})' for output in component.outputs)
