"""How long things take, as ratios measured in one run: `make bench`."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FLIGHTS = Path(__file__).parents[1] / "examples/flights/flights.ipynb"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, and what it is measured against."""

    what: str
    seconds: float
    against: str
    other_seconds: float

    def __str__(self) -> str:
        ratio = f"{self.seconds / self.other_seconds:8.2f} x"
        other = f"{self.against} ({_time(self.other_seconds).strip()})"
        return f"{self.what:40} {_time(self.seconds)}  {ratio}  {other}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the flights example")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="mdk-bench-") as folder:
        rows = [*starting(Path(folder)), *([] if quick else flights(Path(folder)))]
    for row in rows:
        print(row)


def starting(folder: Path) -> list[Row]:
    """What has to be quick because somebody waits for it: the compiler and the command itself."""
    notebook = folder / "forty_cells.ipynb"
    notebook.write_text(json.dumps(forty_cells()))
    bare, convert, help_page = medians(
        [
            lambda: command(sys.executable, "-c", "pass"),
            lambda: command(BIN / "mdk-nbconvert", notebook, "-o", "-"),
            lambda: command(BIN / "mdk", "--help"),
        ],
        times=7,
    )
    (inside,) = medians([lambda: convert_in_process(notebook)], times=15)
    return [
        Row("convert 40 cells, in process", inside, "python -c pass", bare),
        Row("convert 40 cells, mdk-nbconvert", convert, "python -c pass", bare),
        Row("mdk --help", help_page, "python -c pass", bare),
    ]


def flights(folder: Path) -> list[Row]:
    """The flights example as a pipeline of separate processes, and as one notebook under papermill."""
    pipeline, whole = folder / "pipeline", folder / "whole"
    for place in (pipeline, whole):
        place.mkdir()
        shutil.copy(FLIGHTS, place)
    papermill, first, again = medians(
        [
            lambda: command(BIN / "papermill", FLIGHTS.name, "executed.ipynb", cwd=whole),
            lambda: command(BIN / "mdk", "run", "local", FLIGHTS.name, cwd=pipeline),
            lambda: command(BIN / "mdk", "run", "local", FLIGHTS.name, cwd=pipeline),
        ],
        times=1,
    )
    return [
        Row("flights, mdk run local", first, "papermill on the whole notebook", papermill),
        Row("flights, mdk run local again", again, "papermill on the whole notebook", papermill),
    ]


def medians(actions: list[Callable[[], None]], times: int) -> list[float]:
    """The median of each action's time; actions take turns, so that a busy moment hits all of them."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(times):
        for action, seconds in zip(actions, taken, strict=True):
            started = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - started)
    return [statistics.median(seconds) for seconds in taken]


def command(*words: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stdout}{done.stderr}")


def convert_in_process(path: Path) -> None:
    from mdk_converters.convert import convert
    from mdk_converters.notebook import read_notebook

    if convert(read_notebook(path)).pipeline is None:
        sys.exit("the notebook of the benchmark does not convert")


def forty_cells() -> dict[str, object]:
    """A notebook of 40 cells in 10 components, as long as such cells usually are; it is never run."""
    cells: list[dict[str, object]] = [code("imports", IMPORTS), code("helpers", HELPERS)]
    cells.append(code("settings", SETTINGS, "parameters"))
    cells.append(code("load", "frame_0 = pd.read_parquet(path)\nrows = []", "component:load"))
    for number in range(1, 10):
        name = f"component:stage_{number}"
        cells += [
            code(
                f"{template_id}-{number}",
                source.replace("PREVIOUS", str(number - 1)).replace("THIS", str(number)),
                name,
            )
            for template_id, source in STAGE.items()
        ]
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def code(cell_id: str, source: str, *tags: str) -> dict[str, object]:
    metadata = {"tags": list(tags)}
    return {
        "cell_type": "code",
        "id": cell_id,
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


IMPORTS = """\
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
"""
HELPERS = '''\
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
SETTINGS = """\
path: str = "events.parquet"  # where the events are
share: float = 0.3  # held back for the test
"""
STAGE = {
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


def _time(seconds: float) -> str:
    return (
        f"{seconds:7.1f} s " if seconds >= 10 else f"{seconds:7.2f} s " if seconds >= 1 else f"{seconds * 1000:7.1f} ms"
    )


if __name__ == "__main__":
    main()
