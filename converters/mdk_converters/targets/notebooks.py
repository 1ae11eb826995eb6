"""One notebook per component: the user's cells between the calls that receive and hand on values."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdk_converters.spec import Pipeline

BEGIN = "from mdk_jupyter import runtime as _mdk\n_mdk.begin()"
RECEIVE = "_mdk.receive()"
HAND_ON = "_mdk.hand_on()"

_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what nbformat allows


def step_notebook(pipeline: Pipeline, component: str) -> dict[str, Any]:
    """Return the notebook (nbformat 4.5) that runs one component.

    Its values come from the runner, which `mdk_jupyter.runtime` finds by the environment variable `MDK_STEP`.

    Example:
        >>> [cell["metadata"]["tags"] for cell in step_notebook(pipeline, "load")["cells"]]
        [['mdk-begin'], ['mdk-definition'], ['mdk-receive'], [], ['mdk-hand-on']]
    """
    step = pipeline.components[component]
    return build(
        pipeline.metadata.name,
        component,
        pipeline.metadata.kernel,
        [{"name": name, **pipeline.definitions[name].model_dump()} for name in step.definitions],
        [cell.model_dump() for cell in step.cells],
    )


def build(
    pipeline: str,
    component: str,
    kernel: str,
    definitions: Iterable[Mapping[str, Any]],
    users_cells: Collection[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the notebook of a step from plain values: those of `Definition`, with `name`, and of `CellSource`."""
    ids = _Ids([cell["id"] for cell in users_cells])
    cells = [_cell(ids.fresh("mdk-begin"), BEGIN, "mdk-begin")]
    for definition in definitions:
        origin = {"definition": definition["name"], "cell": definition["cell"], "line": definition["line"]}
        cells.append(_cell(ids.fresh("mdk-definition"), definition["source"], "mdk-definition", origin))
    cells.append(_cell(ids.fresh("mdk-receive"), RECEIVE, "mdk-receive"))
    for user_cell in users_cells:
        origin = {"cell": user_cell["id"], "line_offset": user_cell["line_offset"]}
        cells.append(_cell(ids.of(user_cell["id"]), user_cell["source"], None, origin))
    cells.append(_cell(ids.fresh("mdk-hand-on"), HAND_ON, "mdk-hand-on"))
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)" if kernel == "python3" else kernel,
                "language": "python",
                "name": kernel,
            },
            "language_info": {"name": "python"},
            "mdk": {"pipeline": pipeline, "component": component},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def step_notebooks(pipeline: Pipeline) -> dict[str, str]:
    """Return the name and text of every component's notebook, in the form in which Jupyter saves them."""
    return {
        f"{pipeline.metadata.name}.{name}.ipynb": _text(step_notebook(pipeline, name)) for name in pipeline.components
    }


def _cell(cell_id: str, source: str, tag: str | None, origin: dict[str, Any] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": [tag] if tag else []}
    if origin is not None:
        metadata["mdk"] = origin
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


class _Ids:
    """Cell ids of one notebook: the user's as they are where nbformat allows, all different."""

    def __init__(self, users: Collection[str]) -> None:
        self._taken = {cell_id for cell_id in users if _CELL_ID.fullmatch(cell_id)}
        self._kept = set(self._taken)

    def of(self, cell_id: str) -> str:
        if cell_id in self._kept:
            self._kept.remove(cell_id)
            return cell_id
        return self.fresh(re.sub(r"[^A-Za-z0-9_-]+", "-", cell_id)[:48] or "cell")

    def fresh(self, wanted: str) -> str:
        number, cell_id = 1, wanted
        while cell_id in self._taken:
            number += 1
            cell_id = f"{wanted}-{number}"
        self._taken.add(cell_id)
        return cell_id


def _text(notebook: dict[str, Any]) -> str:
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
