"""What a service shows of a job, as the steps of a run: moment by moment, without a service."""

from __future__ import annotations

from pipelines import component, pipeline

from mdk_converters.graph import dependencies
from mdk_converters.spec import Parameter
from mdk_jupyter.remote.progress import blocks_of, steps_of
from mdk_jupyter.remote.service import JobState, JobView, Task, TaskState

MADE = pipeline(
    {"rates": Parameter(type="list", default=[1.0])},
    load=component("rows = [1]", name="load", outputs={"rows": "list"}),
    train=component(
        "x = rows", name="train", inputs={"rows": "load.rows"}, foreach="rate in rates", outputs={"x": "list"}
    ),
    deploy=component("1", name="deploy", when="len(rates) > 0", after=["train"]),
    report=component("2", name="report", after=["deploy"]),
)
BLOCKS = {"train": "for-loop-1", "deploy": "condition-1", "report": "condition-1"}


def task(name: str, state: TaskState, number: str = "", parent: str = "") -> Task:
    return Task(number or name, name, state, parent)


def seen(state: JobState, *tasks: Task) -> dict[str, tuple[str, str]]:
    view = JobView(state, 1.0, None, "", tasks)
    return {step.name: (step.state, step.why) for step in steps_of(MADE, dependencies(MADE), BLOCKS, view)}


def test_before_anything_is_known_all_waits() -> None:
    assert {state for state, _ in seen("waiting").values()} == {"waiting"}


def test_runs_of_a_loop_come_before_it_in_the_order_of_items() -> None:
    loop = task("for-loop-1", "running", parent="root")
    once, twice = (
        task("for-loop-1-0", "done", parent="for-loop-1"),
        task("for-loop-1-1", "running", parent="for-loop-1"),
    )
    parts = (task("train", "running", "b", "for-loop-1-1"), task("train", "done", "a", "for-loop-1-0"))
    found = seen("running", task("load", "done"), loop, twice, once, *parts)
    assert list(found) == ["load", "train[0]", "train[1]", "train", "deploy", "report"]
    assert [state for state, _ in found.values()] == ["done", "done", "running", "running", "waiting", "waiting"]
    # All runs so far are done, and more may come: the loop says when it is over.
    assert seen("running", loop, once, parts[1])["train"][0] == "running"
    ended = seen("running", task("for-loop-1", "done"), once, parts[1])["train"]
    assert ended == ("done", "once for each of 1 items")


def test_runs_without_numbers_are_in_the_order_of_their_start() -> None:
    late, early = Task("1", "train", "done", "", started=9.0), Task("2", "train", "failed", "", started=3.0)
    found = seen("running", task("for-loop-1", "failed"), late, early)
    assert (found["train[0]"][0], found["train[1]"][0], found["train"][0]) == ("failed", "done", "failed")


def test_a_condition_that_does_not_hold_skips_what_is_behind_it_at_once() -> None:
    found = seen("running", task("load", "done"), task("for-loop-1", "done"), task("condition-1", "skipped"))
    assert found["deploy"] == ("skipped", "len(rates) > 0 does not hold")
    assert found["report"] == ("skipped", "len(rates) > 0 does not hold, so deploy was skipped")


def test_the_end_leaves_nothing_waiting() -> None:
    found = seen("failed", task("load", "failed"))
    assert found["load"][0] == "failed"
    assert {found[name] for name in ("train", "deploy", "report")} == {("skipped", "load failed")}
    cancelled = seen("cancelled", task("load", "running"))
    assert cancelled["load"][0] == "cancelled" and cancelled["train"] == ("skipped", "the run was cancelled")


def test_blocks_are_read_from_the_compiled_pipeline() -> None:
    document = {
        "components": {
            "comp-load": {"executorLabel": "exec-load"},
            "comp-condition-1": {"dag": {"tasks": {"for-loop-1": {}}}},
            "comp-for-loop-1": {"dag": {"tasks": {"train": {}}}},
        }
    }
    assert blocks_of(document) == {"for-loop-1": "condition-1", "train": "for-loop-1"}
