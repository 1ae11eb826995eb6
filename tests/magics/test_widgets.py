"""What a notebook shows of a run."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mdk_converters.findings import Finding, Place
from mdk_jupyter.local.events import Event, State
from mdk_jupyter.local.record import Run, Step, finding_to_json
from mdk_jupyter.widgets import live
from mdk_jupyter.widgets.groups import groups
from mdk_jupyter.widgets.html import run_body, run_html
from mdk_jupyter.widgets.layout import HEIGHT, WIDTH, layout
from mdk_jupyter.widgets.text import run_text
from mdk_jupyter.widgets.tree import hung
from mdk_jupyter.widgets.view import RunView, StepView, clock, follow, view_of

GRAPH = {"load": [], "clean": ["load"], "train": ["clean"], "evaluate": ["train", "load"]}
EVIL = '<script>alert("1")</script> & \'"><img src=x onerror=alert(1)>'


def event(kind: Any, time: float, **fields: Any) -> Event:
    return Event(time, "run-1", kind, **fields)


def begun(graph: dict[str, list[str]] | None = None, pipeline: str = "flights") -> Event:
    return event("run", 100, state="running", data={"pipeline": pipeline, "graph": graph or GRAPH})


def failing_run() -> Iterator[Event]:
    finding = Finding("MDK300", "step 'clean' failed: ValueError: no", Place("f.ipynb", 3, "c3", 2, text="boom()"))
    yield begun()
    yield event("step", 100, step="load", state="running")
    yield event("cell", 100.5, step="load", cell=2, data={"cells": 3})
    yield event("step", 102, step="load", state="done", seconds=2.0)
    yield event("step", 102, step="clean", state="running")
    yield event("output", 102.5, step="clean", message="chatter", data={"stream": "stdout"})
    yield event(
        "step",
        103,
        step="clean",
        state="failed",
        data={"findings": [finding_to_json(finding)], "traceback": "Tb\n"},
    )
    yield event("step", 103, step="train", state="skipped")
    yield event("step", 103, step="evaluate", state="skipped")
    yield event("run", 103, state="failed", data={"metrics": {"rows": 7}})


def view_after(events: Iterator[Event] | list[Event]) -> RunView:
    view = RunView(title="")
    for happened in events:
        view = follow(view, happened)
    return view


def test_events_add_up_to_the_final_view() -> None:
    view = view_after(failing_run())
    assert [step.state for step in view.steps] == ["done", "failed", "skipped", "skipped"]
    assert view.steps[0].seconds(0) == 2.0 and view.steps[2].seconds(0) is None
    assert (view.state, view.seconds(0), view.metrics) == ("failed", 3.0, {"rows": 7})
    assert "MDK300" in view.trouble and "f.ipynb, cell 3 (c3), line 2" in view.trouble and "Tb" in view.trouble


def test_a_running_step_tells_its_cell() -> None:
    view = view_after(list(failing_run())[:3])
    assert view.steps[0].detail == "cell 2 of 3"


def test_the_record_gives_the_same_view_as_the_events() -> None:
    finding = Finding("MDK300", "step 'clean' failed: ValueError: no", Place("f.ipynb", 3, "c3", 2, text="boom()"))
    steps = {name: Step(name, after=list(needs), state="skipped") for name, needs in GRAPH.items()}
    steps["load"] = Step("load", state="done", started=100, seconds=2, metrics={"rows": 7})
    steps["clean"] = Step("clean", ["load"], "failed", started=102, seconds=1, findings=[finding], traceback="Tb\n")
    run = Run("run-1", "flights", Path(), state="failed", started=100, seconds=3, steps=steps)
    assert view_of(run, Path()) == view_after(failing_run())


def test_links_lead_from_the_notebook_to_the_executed_one(tmp_path: Path) -> None:
    step = Step("load", state="done", notebook=tmp_path / "a b" / "runs" / "load.ipynb")
    run = Run("r", "p", tmp_path, steps={"load": step})
    assert view_of(run, tmp_path / "c").steps[0].notebook == "../a%20b/runs/load.ipynb"
    assert 'href="../a%20b/runs/load.ipynb"' in run_body(view_of(run, tmp_path / "c"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.256, "0.26 s"), (12.44, "12.4 s"), (187, "3:07"), (3765, "1:02:45")]
)
def test_durations(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_everything_is_escaped_and_every_element_closed() -> None:
    view = view_after(
        [
            begun({EVIL: [], "b": [EVIL]}, pipeline=EVIL),
            event("step", 101, step=EVIL, state="running"),
            event("cell", 101, step=EVIL, cell=1, data={"cells": EVIL}),
            event("warning", 101, message=EVIL),
            event("step", 102, step=EVIL, state="failed", data={"findings": [], "traceback": EVIL}),
            event("run", 103, state="failed", data={"metrics": {EVIL: EVIL}}),
        ]
    )
    page = Page(run_html(view))
    assert not {"script", "img"} & set(page.elements)
    assert page.open == [] and page.text.count(EVIL) >= 6


def test_the_page_tells_states_in_words_and_needs_nothing_from_elsewhere() -> None:
    html = run_html(view_after(failing_run()))
    page = Page(html)
    assert {"done", "failed", "skipped"} <= set(page.text.split())
    assert "http" not in html and "src=" not in html and "url(" not in html
    assert "1 of 4 steps" in page.text and "3.00 s" in page.text


def test_what_runs_says_since_when_or_counts_on() -> None:
    running = view_after([begun(), event("step", 101, step="load", state="running")])
    assert "data-since" not in run_html(running) and "since " in run_html(running)
    assert 'data-since="101.000"' in run_body(running, now=103.5) and "2.50 s" in run_body(running, now=103.5)


def test_plain_text() -> None:
    assert run_text(view_after(failing_run())).splitlines()[:3] == [
        "✕ flights: failed, 3.00 s (run run-1)",
        "  ✓ load            done, 2.00 s",
        "  └ ✕ clean         failed, 1.00 s (cell 3, line 2)",
    ]


GRAPHS: dict[str, dict[str, list[str]]] = {
    "one": {"a": []},
    "chain": {"a": [], "b": ["a"], "c": ["b"]},
    "diamond": {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
    "edge over three layers": {**GRAPH, "report": ["load", "evaluate"]},
    "apart": {"a": [], "b": [], "c": ["a"]},
    "wide": {"a": [], **{f"s{n}": ["a"] for n in range(20)}, "z": [f"s{n}" for n in range(20)]},
    "declared backwards": {"c": ["b"], "b": ["a"], "a": []},
}
CACHED = "20250102-030405-678-9abc"


def cached_run() -> list[Event]:
    graph = {"load": [], "train[0]": ["load"], "train[1]": ["load"], "plot": ["load"], "best": ["train[0]", "train[1]"]}
    return [
        begun(graph),
        event("step", 101, step="load", state="done", data={"cached_from": CACHED, "why": EVIL}),
        event("step", 101, step="train[0]", state="running", data={"why": "its code changed"}),
        event("step", 102, step="train[0]", state="done"),
        event("step", 102, step="train[1]", state="running", data={"why": "its code changed"}),
        event("cell", 102, step="train[1]", cell=2, data={"cells": 3}),
        event("step", 103, step="plot", state="skipped", data={"why": "`wanted` is false"}),
    ]


def test_a_cached_step_says_so_in_words_and_where_it_is_from() -> None:
    view = view_after(cached_run())
    page = Page(run_html(view))
    assert page.open == [] and "script" not in page.elements and page.text.split().count("cached") >= 3
    assert f"from run {CACHED}" in page.text and "2 of 5 steps, 1 cached" in page.text
    assert 'data-state="cached"' in run_html(view) and '.mdk-node[data-state="cached"]' in run_html(view)


def test_why_steps_ran_or_did_not() -> None:
    page = Page(run_html(view_after(cached_run())))
    assert "cell 2 of 3 · its code changed" in page.text and "`wanted` is false" in page.text
    lines = [line.strip() for line in run_text(view_after(cached_run())).splitlines()]
    assert any(line.endswith("– plot      skipped (`wanted` is false)") for line in lines), lines
    assert any("load" in line and f"cached (from run {CACHED}" in line for line in lines)


def test_a_record_tells_of_the_cache_too() -> None:
    steps = {
        "a": Step("a", state="done", cached_from=CACHED, why="nothing changed"),
        "b": Step("b", ["a"], state="skipped", why="`x` is false"),
    }
    view = view_of(Run("r", "p", Path(), state="done", steps=steps), Path())
    assert [(step.word, step.remark) for step in view.steps] == [
        ("cached", f"from run {CACHED} · nothing changed"),
        ("skipped", "`x` is false"),
    ]
    assert view.count == "1 of 2 steps, 1 cached"


def test_repeated_steps_are_one_node_and_one_group_of_rows() -> None:
    page = Page(run_html(view_after(cached_run())))
    assert page.text.count("train ×2") == 2 and page.text.count("1 of 2 done") == 3
    assert page.elements.count("rect") == 4, "load, train, plot and best"
    assert page.elements.count("tr") == 7, "a head, five steps and a group"
    assert page.text.index("train ×2") < page.text.index("train[0]") < page.text.index("train[1]")


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["waiting", "waiting"], "waiting"),
        (["done", "waiting"], "running"),
        (["done", "done"], "done"),
        (["running", "failed"], "failed"),
        (["skipped", "skipped"], "skipped"),
        (["done", "skipped"], "skipped"),
    ],
)
def test_the_state_of_a_group(states: list[State], state: State) -> None:
    steps = [StepView(f"a[{number}]", state=given) for number, given in enumerate(states)]
    [group] = groups([*steps])
    assert (group.name, group.state, group.is_repeated) == ("a", state, True)


def test_the_tree_of_the_steps() -> None:
    graph = {**GRAPH, "plot": ["clean"], "alone": []}
    rows = hung(view_after([begun(graph)]).steps, 20)
    assert [guide + step.name for guide, step in rows] == [
        "load",
        "└ clean",
        "  ├ train",
        "  │ └ evaluate",
        "  └ plot",
        "alone",
    ]


@pytest.mark.parametrize("name", GRAPHS)
def test_every_step_hangs_below_one_that_it_waits_for(name: str) -> None:
    steps = view_after([begun(GRAPHS[name])]).steps
    rows = hung(steps, 1000)
    assert sorted(step.name for _, step in rows) == sorted(GRAPHS[name])
    above: list[str] = []
    for guide, step in rows:
        del above[len(guide) // 2 :]
        assert above[-1:] == [] or above[-1] in step.needs
        assert bool(above) is bool(step.needs)
        above.append(step.name)
    assert hung(steps, -1) == [("", step) for step in steps], "where there is no room"


@pytest.mark.parametrize("name", GRAPHS)
def test_layout(name: str) -> None:
    graph = GRAPHS[name]
    plan = layout(graph)
    for one, other in combinations(plan.nodes.values(), 2):
        assert abs(one[0] - other[0]) >= WIDTH or abs(one[1] - other[1]) >= HEIGHT, "nodes overlap"
    for step, needs in graph.items():
        for other_name in needs:
            assert plan.nodes[other_name][0] < plan.nodes[step][0], "an edge leads back"
            assert (other_name, step) in plan.edges
    for x, y in plan.nodes.values():
        assert 0 <= x <= plan.width - WIDTH and 0 <= y <= plan.height - HEIGHT


def test_layout_keeps_parallel_chains_apart() -> None:
    chains = {"a1": [], "b1": [], "b2": ["b1"], "a2": ["a1"], "a3": ["a2"], "b3": ["b2"]}
    plan = layout(chains)
    assert plan.nodes["a1"][1] == plan.nodes["a2"][1] == plan.nodes["a3"][1]
    assert plan.nodes["b1"][1] == plan.nodes["b2"][1] == plan.nodes["b3"][1]


def test_layout_of_nothing_and_of_a_ring() -> None:
    assert layout({}).nodes == {}
    with pytest.raises(ValueError, match="a, b"):
        layout({"a": ["b"], "b": ["a"]})


class Handle:
    """Stands for an output of a notebook: remembers what was shown in it."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def display(self, what: Any, **_: Any) -> Handle:
        self.shown.append(what)
        return self

    update = display


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    output = Handle()
    monkeypatch.setattr("IPython.display.display", output.display)
    return output


def test_the_widget_follows_the_run_and_leaves_a_page(handle: Handle) -> None:
    watcher = live.Live(live.WidgetScreen())
    events = list(failing_run())
    for happened in events[:3]:
        watcher(happened)
    (widget,) = handle.shown
    assert 'data-since="100.000"' in widget.html and "cell 2 of 3" in widget.html
    for happened in events[3:]:
        watcher(happened)
    assert "data-since" not in widget.html and "Tb" in widget.html
    watcher.close()
    assert len(handle.shown) == 2 and handle.shown[1]["text/html"] == run_html(watcher.view)
    assert widget.comm is None, "closed"


def test_html_replaces_itself_where_there_are_no_widgets(handle: Handle) -> None:
    watcher = live.Live(live.HtmlScreen())
    for happened in failing_run():
        watcher(happened)
    watcher.close()
    assert len(handle.shown) == 10  # nine events change the picture, and the last word
    assert handle.shown[-1]["text/plain"] == run_text(watcher.view)


def test_a_terminal_gets_a_line_for_each_beginning_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    watcher = live.Live(live.LinesScreen())
    for happened in failing_run():
        watcher(happened)
    watcher.close()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["◐ load: running", "✓ load: done, 2.00 s", "◐ clean: running"]
    assert lines[-1] == "Tb"


def test_a_large_graph_is_not_drawn_for_every_cell(handle: Handle) -> None:
    watcher = live.Live(live.HtmlScreen())
    watcher(begun({f"s{n}": [] for n in range(live.LARGE + 1)}))
    for number in range(100):
        watcher(event("cell", 101, step="s1", cell=number))
    assert len(handle.shown) < 10
    watcher(event("step", 102, step="s1", state="done"))
    assert watcher.view.steps[1].state == "done" and "1 of 51 steps" in handle.shown[-1]["text/html"]


def test_the_step_that_gathers_repetitions_is_one_with_them() -> None:
    run = Run("r", "p", Path("/nowhere"), state="done")
    run.steps = {
        "train": Step("train", ["train[0]", "train[1]"], "done"),
        "train[0]": Step("train[0]", [], "done", part_of="train"),
        "train[1]": Step("train[1]", [], "done", part_of="train"),
        "pick": Step("pick", ["train"], "done"),
    }
    page = run_html(view_of(run, Path("/nowhere")))
    assert "train ×2" in page and "2 of 2 done" in page and page.count('class="mdk-node"') == 2
