"""Components that are containers, in runs on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipelines import component, pipeline

from mdk_converters.spec import Component
from mdk_jupyter.errors import UsageError
from mdk_jupyter.local.runner import run

PIPELINE = pipeline(
    load=component("rows = 1", name="load", gives="rows"),
    score=Component(image="spark", command=["spark-submit"], inputs={"rows": "load.rows"}),
)


def test_a_run_on_this_machine_refuses_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(PIPELINE, folder=tmp_path, source=None, parameters={}, observe=lambda event: None)
    assert caught.value.code == "MDK419"
    assert caught.value.findings[0].names == ("score",)
    assert not list(tmp_path.rglob("run.json"))


def test_a_run_that_leaves_it_out_does_not(tmp_path: Path) -> None:
    done = run(PIPELINE, folder=tmp_path, source=None, parameters={}, observe=lambda event: None, until=["load"])
    assert done.steps["load"].state == "done"
