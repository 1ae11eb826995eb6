"""The notebooks that are measured, and what is edited in them."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLIGHTS = Path(__file__).parents[1] / "examples/flights/flights.ipynb"


@dataclass(frozen=True, slots=True)
class Edit:
    """A change in one cell. `text`, which the cell has once, becomes `new` with a number in it that was never there."""

    cell: str
    text: str
    new: str  # with NUMBER

    def apply(self, notebook: Mapping[str, Any], number: int) -> dict[str, Any]:
        """Return the notebook with this edit."""
        edited = copy.deepcopy(dict(notebook))
        (cell,) = (cell for cell in edited["cells"] if cell.get("id") == self.cell)
        before = "".join(cell["source"])
        if before.count(self.text) != 1:
            raise ValueError(f"the cell {self.cell} does not have {self.text!r} once")
        cell["source"] = before.replace(self.text, self.new.replace("NUMBER", str(number)))
        return edited


@dataclass(frozen=True, slots=True)
class Subject:
    """A notebook, and edits by what they are called."""

    name: str
    notebook: Mapping[str, Any]
    edits: Mapping[str, Edit] = field(default_factory=dict)

    def write(self, folder: Path, edit: Edit | None = None, number: int = 0) -> Path:
        """Save the notebook, edited or as it is."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.ipynb"
        path.write_text(json.dumps(edit.apply(self.notebook, number) if edit else self.notebook), encoding="utf-8")
        return path


def chain() -> Subject:
    """Three steps with nothing to do: what is left is the way of running them."""
    cells = [
        code("a", "x = 1", "component:a"),
        code("b", "y = x + 1", "component:b"),
        code("c", "z = y + 1", "component:c"),
    ]
    return Subject("chain", notebook(cells), {"one cell edited": Edit("b", "+ 1", "+ NUMBER")})


def flights() -> Subject:
    """The flights example: six steps on 336,776 flights."""
    edits = {
        "a cell near the end edited": Edit("calibration", "n_bins=10", "n_bins=10 + NUMBER"),
        "a cell in the middle edited": Edit(
            "features", 'table["plane_age"] = table["year"] - table["built"]',
            'table["plane_age"] = table["year"] - table["built"] + NUMBER / 1000',
        ),
    }  # fmt: skip
    content = json.loads(FLIGHTS.read_text(encoding="utf-8"))
    # What registers needs the kit, which the others do without.
    content["cells"] = [c for c in content["cells"] if "component:register" not in c["metadata"].get("tags", [])]
    return Subject("flights", content, edits)


def notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a Python notebook of these cells."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def code(cell_id: str, source: str, *tags: str) -> dict[str, Any]:
    """Return a code cell."""
    metadata = {"tags": list(tags)}
    content = {"source": source, "metadata": metadata, "outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": cell_id, **content}


def counter() -> Callable[[], int]:
    """Return a function that gives a new number at every call, from 2."""
    numbers = itertools.count(2)  # an edit with 1 may change nothing
    return lambda: next(numbers)


def forty_cells() -> dict[str, Any]:
    """A notebook of 40 cells in 10 components, as long as such cells usually are; it is never run."""
    cells = [code("imports", _IMPORTS), code("functions", _FUNCTIONS), code("settings", _SETTINGS, "parameters")]
    cells.append(code("load", "frame_0 = pd.read_parquet(path)\nrows = []", "component:load"))
    for number in range(1, 10):
        for name, source in _STAGE.items():
            numbered = source.replace("PREVIOUS", str(number - 1)).replace("THIS", str(number))
            cells.append(code(f"{name}-{number}", numbered, f"component:stage_{number}"))
    return notebook(cells)


_IMPORTS = """\
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
"""
_FUNCTIONS = '''\
def scaled(table, columns):
    """The table with some columns at mean 0 and deviation 1."""
    table = table.copy()
    for column in columns:
        values = table[column].astype(float)
        table[column] = (values - values.mean()) / (values.std() or 1.0)
    return table


def known(table):
    return [column for column in table.columns if table[column].notna().all() and column not in SKIPPED]


SKIPPED = {"id", "day"}
'''
_SETTINGS = """\
path: str = "events.parquet"  # where the events are
share: float = 0.3  # held back for the test
"""
_STAGE = {
    "clean": """\
frame_THIS = frame_PREVIOUS.dropna(subset=["label"]).copy()
frame_THIS["weight_THIS"] = np.where(frame_THIS["amount"] > 0, frame_THIS["amount"], 0.0)
frame_THIS.loc[frame_THIS["weight_THIS"] > 1e6, "weight_THIS"] = np.nan
print(f"{len(frame_PREVIOUS) - len(frame_THIS):,} rows left out")
""",
    "features": """\
columns_THIS = known(frame_THIS)
table_THIS = scaled(frame_THIS[columns_THIS], [c for c in columns_THIS if c.startswith("weight")])
cut_THIS = int(len(table_THIS) * (1 - share))
train_THIS, test_THIS = table_THIS.iloc[:cut_THIS], table_THIS.iloc[cut_THIS:]
""",
    "train": """\
model_THIS = LogisticRegression(max_iter=200)
try:
    model_THIS.fit(train_THIS.drop(columns="label"), train_THIS["label"])
except ValueError as error:
    print("cannot learn:", error)
    raise
""",
    "evaluate": """\
guessed_THIS = model_THIS.predict_proba(test_THIS.drop(columns="label"))[:, 1]
auc_THIS = roc_auc_score(test_THIS["label"], guessed_THIS)
rows.append({"stage": THIS, "auc": auc_THIS, "columns": len(columns_THIS)})
pd.DataFrame(rows).sort_values("auc")
""",
}
