"""Runs notebooks in real kernels, and compares what their cells show."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_TIMES = re.compile(r"(CPU times|Wall time|CPU|Wall)[^\n]*")


def write_notebook(path: Path, cells: Sequence[tuple[str | None, str]]) -> Path:
    """Write (tags, source) pairs; `tags` are joined by `;`, and a plain word is a component's name."""
    made: list[dict[str, Any]] = []
    for number, (tags, source) in enumerate(cells, start=1):
        words = tags.split(";") if tags else []
        listed = [w if w in {"skip", "parameters"} or ":" in w else f"component:{w}" for w in words]
        made.append(
            {
                "cell_type": "code", "id": f"c{number}", "metadata": {"tags": listed}, "source": source, "outputs": [],
                "execution_count": None,
            }
        )  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


def shown(cell: dict[str, Any]) -> str:
    """Return what a cell shows as text, without what differs from run to run."""
    text = ""
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            text += "".join(output["text"]) if output["name"] == "stdout" else ""
        elif output["output_type"] in {"execute_result", "display_data"}:
            text += "".join(output["data"].get("text/plain", "")) + "\n"
        else:
            text += f"{output['ename']}: {output['evalue']}\n"
    return _TIMES.sub("", _ADDRESS.sub("0x", text))


def run_top_to_bottom(path: Path, skip: bool = True, extension: bool = False) -> dict[str, str]:
    """Run a notebook in one kernel, as `Run All` does, maybe with our extension; return what each cell shows."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    if skip:
        notebook.cells = [c for c in notebook.cells if "skip" not in c.metadata.get("tags", [])]
    if extension:
        notebook.cells.insert(0, nbformat.v4.new_code_cell("%load_ext mdk_jupyter", id="load"))  # type: ignore[no-untyped-call]
    for cell in notebook.cells if not extension else ():  # without the extension, IPython does not know the line
        if cell.cell_type == "code" and cell.source.startswith("%%component"):
            cell.source = "#" + cell.source
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}, allow_errors=False
    )
    client.execute()
    return {cell["id"]: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def step_outputs(notebook: Path) -> dict[str, str]:
    """Return what the user's cells of an executed step show, by cell id."""
    found = {}
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        origin = cell["metadata"].get("mdk", {})
        if cell["cell_type"] == "code" and "cell" in origin and "definition" not in origin:
            found[origin["cell"]] = shown(cell)
    return found
