"""Runs of some steps: which, in what order, and how many at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import component, execute, pipeline

from mdk_converters.quantities import memory_bytes
from mdk_converters.spec import Component, Resources
from mdk_jupyter.errors import UsageError
from mdk_jupyter.local import scheduling
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.scheduling import Amount, gpus, machine, need, startable
from mdk_jupyter.local.selection import select


def fates(run: Run) -> dict[str, str | None]:
    return {step.name: "cached" if step.cached_from else step.why for step in run.steps.values()}


DIAMOND = pipeline(
    load=("x = 1", {"gives": "x"}),
    left=("l = x", {"reads": "load.x", "gives": "l"}),
    right=("r = x", {"reads": "load.x", "gives": "r"}),
    join=("j = l + r", {"reads": "left.l right.r", "gives": "j"}),
    alone=("a = 1", {"after": ["left"]}),
)


def test_what_the_options_choose() -> None:
    everything = set(DIAMOND.components)
    assert select(DIAMOND) == select(DIAMOND, until=["join", "alone"])
    chosen = select(DIAMOND, start=["left"])
    assert [set(chosen.run), set(chosen.again), set(chosen.read)] == [everything, {"left", "join", "alone"}, set()]
    chosen = select(DIAMOND, until=["right"], start=["load"])
    assert [set(chosen.run), set(chosen.again)] == [{"load", "right"}] * 2
    chosen = select(DIAMOND, only=["alone", "join"])
    assert [set(chosen.run), set(chosen.read)] == [{"alone", "join"}, {"load", "left", "right"}]
    assert chosen.again == chosen.run
    with pytest.raises(UsageError) as refusal:
        select(DIAMOND, only=["jion"], until=["lft"])
    assert [f.code for f in refusal.value.findings] == ["MDK312", "MDK312", "MDK313"]
    assert "did you mean 'join'?" in refusal.value.findings[0].message and "--until lft" in str(refusal.value)


def test_selected_steps_run_and_the_others_are_told(tmp_path: Path) -> None:
    run, _ = execute(DIAMOND, tmp_path, until=["left"])
    assert run.state == "done"
    assert fates(run) == {**dict.fromkeys(("load", "left"), "never run before"),
                          **dict.fromkeys(("right", "join", "alone"), "not selected")}  # fmt: skip
    run, _ = execute(DIAMOND, tmp_path, only=["join"])
    [finding] = [finding for step in run.failures for finding in step.findings]
    assert finding.code == "MDK314" and finding.names == ("right",) and "--until right" in finding.fix
    assert run["join"].state == "skipped" and run["join"].why == "right failed" and run["load"].cached_from
    run, _ = execute(DIAMOND, tmp_path, only=["alone", "right"])
    assert fates(run) == {"load": "cached", "left": "not selected", "right": "--only", "join": "not selected",
                          "alone": "--only"}  # fmt: skip
    run, _ = execute(DIAMOND, tmp_path, only=["join"])
    assert run.state == "done" and run.load("j") == 2 and fates(run)["alone"] == "not selected"
    run, _ = execute(DIAMOND, tmp_path, start=["left"])
    assert fates(run) == {"load": "cached", "left": "--from", "right": "cached", "join": "--from", "alone": "--from"}
    with pytest.raises(UsageError, match="MDK313"):
        execute(DIAMOND, tmp_path, only=["join"], cache=False)
    with pytest.raises(UsageError, match="MDK313"):
        execute(DIAMOND, tmp_path, timeout="soon")


def test_keep_going_skips_only_what_depends_on_the_failure(tmp_path: Path) -> None:
    made = pipeline(
        bad=("1/0", {"gives": "x"}),
        good=("y = 1", {"gives": "y"}),
        next=("z = y", {"reads": "good.y", "gives": "z"}),
        never=("x", {"reads": "bad.x"}),
        last=("1", {"after": ["never"]}),
    )
    run, events = execute(made, tmp_path, keep_going=True, workers=1)
    assert run.state == "failed" and run.load("z") == 1
    assert {s.name: s.why for s in run.steps.values() if s.state == "skipped"} == dict.fromkeys(
        ("never", "last"), "bad failed"
    )
    assert [e.data["why"] for e in events if e.state == "skipped"] == ["bad failed"] * 2
    run, _ = execute(made, tmp_path, workers=1, cache=False)
    assert {s.name: s.state for s in run.steps.values()}["next"] == "skipped" and run["next"].why == "bad failed"


def test_a_time_limit_for_steps_without_one(tmp_path: Path) -> None:
    made = pipeline(slow=("import time\ntime.sleep(60)",), own=("import time\ntime.sleep(3)", {"timeout": "1h"}))
    run, _ = execute(made, tmp_path, timeout="2s", keep_going=True)
    assert run["slow"].findings[0].code == "MDK303" and run["own"].state == "done"


# Scheduling


amounts = st.builds(
    Amount, cpu=st.sampled_from([0.25, 0.5, 1, 2, 3, 8]), memory=st.integers(0, 50), gpu=st.integers(0, 3)
)


@given(st.lists(amounts, max_size=8), st.lists(amounts, max_size=3), amounts, st.integers(1, 8))
def test_what_starts_fits(waiting: list[Amount], running: list[Amount], has: Amount, slots: int) -> None:
    named = {str(number): amount for number, amount in enumerate(waiting)}
    chosen = startable(named, running, has, slots)
    assert len(chosen) <= slots and chosen == sorted(chosen, key=int)
    used = [amount.capped(has) for amount in [*running, *(named[name] for name in chosen)]]
    total = Amount(sum(a.cpu for a in used), sum(a.memory for a in used), sum(a.gpu for a in used))
    if chosen:
        assert total.fits(has)
    if len(chosen) < slots:
        left_out = [amount.capped(has) for name, amount in named.items() if name not in chosen]
        assert not any((total + amount).fits(has) for amount in left_out), "nothing waits that would fit"
    if waiting and not running:
        assert chosen, "something always starts"


def test_needs_and_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(**hints: object) -> Amount:
        return need(Component(cells=[], resources=Resources(**hints)))  # type: ignore[arg-type]

    assert need(Component(cells=[])) == of() == Amount(1, 0, 0)
    assert of(cpu=0.5, memory="2Gi", gpu="t4:2") == Amount(0.5, memory_bytes("2Gi"), 2)
    for visible, count in (("0,1", 2), ("", 0), ("-1", 0), ("3,-1,4", 1), ("GPU-5ebe", 1)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert gpus() == count
    monkeypatch.setattr(scheduling, "processors", lambda: 2)
    assert machine(None)[1] == 2 and machine(8)[0].cpu == 8, "who asks for more lets them share"
    assert machine(1)[0].cpu == 2 and machine(1)[1] == 1


def test_hints_hold_steps_back_and_missing_accelerators_are_warned_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "processors", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    wide = Resources(cpu=2)
    made = pipeline(
        one=component("import time\ntime.sleep(0.2)", resources=wide),
        two=component("1", resources=wide),
        three=component("1", resources=Resources(gpu="nvidia-tesla-t4:1")),
    )
    run, events = execute(made, tmp_path)
    steps = [(e.step, e.state) for e in events if e.kind == "step"]
    assert steps.index(("one", "done")) < steps.index(("two", "running"))
    assert run.state == "done" and run.warnings == ["step 'three' wants the accelerators nvidia-tesla-t4:1; this machine has none"]  # fmt: skip


def test_results_do_not_wait_for_a_free_processor(tmp_path: Path) -> None:
    made = pipeline(slow=("import time\ntime.sleep(DELAY)".replace("DELAY", "0.3"),), quick=("x = 1",), after=("2",))
    execute(made, tmp_path)
    run, events = execute(made, tmp_path, start=["slow"], workers=1)
    assert [(e.step, e.state) for e in events if e.kind == "step"][:2] == [("quick", "done"), ("after", "done")]
    assert run["slow"].started is not None and time.time() > run["slow"].started
