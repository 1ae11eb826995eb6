"""Conditions and loops in runs of this machine, in real kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines import execute, pipeline, processes_naming

from mdk_converters.spec import Parameter, Pipeline
from mdk_jupyter.local.events import Event
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import read_run
from mdk_jupyter.widgets.view import RunView, follow, view_of

LOAD = (
    "rates = [1, 2]\nboxes = [{'n': 1}, (2, 3)]\nauc = 0.71\nx = [5]",
    {"gives": "rates boxes auc x"},
)


def each(items: str, **fields: Any) -> dict[str, Any]:
    return {"foreach": f"item in {items}", "control": {items: f"load.{items}"}, **fields}


def made(**parts: Any) -> Pipeline:
    return pipeline(parameters={"limit": Parameter(type="float", default=0.8)}, load=LOAD, **parts)


def states(run: Run) -> dict[str, str]:
    return {name: step.state for name, step in run.steps.items()}


def test_loops_conditions_and_the_cache(tmp_path: Path) -> None:
    source = made(
        train=("import mdk_jupyter as mdk\ny = [item * 10, *x]\nalias = y\nmdk.log_metrics(score=item)",
               each("rates", reads="load.x", gives="y alias")),
        open=("n = item['n'] if isinstance(item, dict) else item[0]", each("boxes", gives="n")),
        again=("z = sum(item)", {"foreach": "item in y", "control": {"y": "train.y"}, "gives": "z"}),
        total=("t = (y, n, z, [a is b for a, b in zip(y, alias)], y[0] is y[1])",
               {"reads": "train.y train.alias open.n again.z", "gives": "t"}),
        deploy=("print('deployed')", {"when": "auc > limit", "control": {"auc": "load.auc"}, "reads": "total.t"}),
        tell=("print('told')", {"after": ["deploy"]}),
        once=("print(1)", {"when": "limit > 0.5", "foreach": "item in rates", "control": {"rates": "load.rates"}}),
    )  # fmt: skip
    run, events = execute(source, tmp_path, workers=2)

    assert run.state == "done", repr(run)
    assert list(run.steps) == [
        "load", "train", "train[0]", "train[1]", "open", "open[0]", "open[1]", "again", "again[0]", "again[1]",
        "total", "deploy", "tell", "once", "once[0]", "once[1]",
    ]  # fmt: skip
    assert {name for name, state in states(run).items() if state != "done"} == {"deploy", "tell"}
    assert run["deploy"].why == "auc > limit is not true: auc = 0.71, limit = 0.8"
    assert run["tell"].why == "deploy was skipped" and run["train"].why == "once for each of 2 items"
    assert run.load("t") == ([[10, 5], [20, 5]], [1, 2], [15, 25], [True, True], False)
    assert run.load("y") == [[10, 5], [20, 5]] and run.load("train[1].y") == [20, 5]
    assert run.metrics == {"score[0]": 1, "score[1]": 2}
    assert run["train[0]"].part_of == "train" and run["train[0]"].notebook is not None
    assert read_run(run.folder) == run
    assert shape(follow_all(events)) == shape(view_of(run, tmp_path))
    assert not processes_naming(run.id), "kernels are left"

    known, _ = execute(source, tmp_path, workers=2)
    assert states(known) == states(run)
    assert {step.name for step in known.steps.values() if step.attempts} == set(), "all from the cache"
    assert known.load("t") == run.load("t")

    lower, _ = execute(source, tmp_path, parameters={"limit": 0.7}, workers=2)
    assert {step.name for step in lower.steps.values() if step.attempts} == {"deploy", "tell"}
    assert lower["deploy"].log is not None and lower["deploy"].log.read_text() == "deployed\n"

    only, _ = execute(source, tmp_path, only=["again"])
    assert {step.name for step in only.steps.values() if step.attempts} == {"again[0]", "again[1]"}
    assert only.load("z") == [15, 25]


def test_only_the_items_that_changed_run_again(tmp_path: Path) -> None:
    parameters = {"rates": Parameter(type="list", default=[1, 2, 3])}
    source = pipeline(parameters=parameters, train=("y = item", {"foreach": "item in rates", "gives": "y"}))
    execute(source, tmp_path, workers=2)
    run, _ = execute(source, tmp_path, workers=2, parameters={"rates": [1, 9, 3]})
    assert {step.name for step in run.steps.values() if step.attempts} == {"train[1]"}
    assert run.load("y") == [1, 9, 3]
    nothing, _ = execute(source, tmp_path, parameters={"rates": []})
    assert nothing.state == "done" and nothing.load("y") == [] and list(nothing.steps) == ["train"]


def test_what_fails_says_so(tmp_path: Path) -> None:
    source = made(
        train=("y = 1 / (item - 2)", each("rates", gives="y")),
        use=("y", {"reads": "train.y"}),
        some=("if item > 1:\n    z = item", each("rates", gives="z")),
        sees=("try:\n    z\nexcept NameError:\n    print('unbound')", {"reads": "some.z", "optional": ["z"]}),
        listed=("1", {"when": "x == 1", "control": {"x": "load.x"}}),
        unlike=("1", {"when": "auc == 1 or limit > 'a'", "control": {"auc": "load.auc"}}),
        number=("1", {"foreach": "item in auc", "control": {"auc": "load.auc"}}),
        after=("1", {"after": ["listed"]}),
        grows=("x.append(item)", each("rates", reads="load.x")),
        changes=("item.clear() if isinstance(item, dict) else 0", each("boxes")),
    )
    run, _ = execute(source, tmp_path, workers=2, keep_going=True)

    assert run.state == "failed"
    errors = {step.name: (step.error.code, step.error.names) for step in run.failures if step.error}
    assert errors.pop("train[1]")[0] == "MDK300"
    assert errors == {
        "listed": ("MDK318", ("x",)),
        "unlike": ("MDK318", ("auc", "limit")),
        "number": ("MDK319", ("auc",)),
        "changes[0]": ("MDK323", ("item",)),
        "grows[0]": ("MDK323", ("x",)),
        "grows[1]": ("MDK323", ("x",)),
    }
    assert run["listed"].error is not None and run["listed"].error.place.cell_id == "listed-1"
    assert run["train[0]"].state == "done" and run["train"].state == run["use"].state == "skipped"
    assert run["use"].why == "train[1] failed" and run["after"].why == "listed failed"
    assert run["sees"].log is not None and run["sees"].log.read_text() == "unbound\n"


def follow_all(events: list[Event]) -> RunView:
    view = RunView(title="")
    for event in events:
        view = follow(view, event)
    return view


def shape(view: RunView) -> list[tuple[Any, ...]]:
    return [(step.name, set(step.needs), step.state) for step in view.steps]
