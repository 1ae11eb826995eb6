"""The sections Pipeline and Runs: from a notebook to its runs and back, on a real server."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_pages import SOON, accessible, execute, expect_no_kernel, themed, write_python
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Lab, serving, shoot

HAS_STANDIN = all(map(importlib.util.find_spec, ("starlette", "kfp", "google.cloud.aiplatform_v1")))
FLOW = (
    ("parameters", "rate = 0.5  # share of the rows\nrounds = 2"),
    ("component:load", "rows = list(range(10))\nprint('loaded', len(rows))"),
    ("component:train metric:score", "score = sum(rows) * rate\nscore / 0"),
    ("component:report", "print('report', score, rounds)"),
)
MENDED = (*FLOW[:2], ("component:train metric:score", "score = sum(rows) * rate"), FLOW[3])
GATED = (
    ("component:first", "x = 1"),
    (
        "component:wait",
        "import time\nfrom pathlib import Path\nwhile not Path('gate').exists():\n    time.sleep(0.05)\ny = x",
    ),
    ("component:last", "print(y)"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[serving]:
    if HAS_STANDIN:
        from standin_server import standin

        standin()  # the clients of the server read from its environment where storage is
    with (server := serving(tmp_path_factory.mktemp("runs"))):
        yield server


@pytest.fixture(scope="module")
def lab(server: serving) -> Lab:
    return server.lab


def mdk(server: serving, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start `mdk` as in a terminal of that user."""
    command = [sys.executable, "-m", "mdk_jupyter.cli", *words]
    return subprocess.Popen(
        command, cwd=folder, env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def run_here(server: serving, folder: Path, *words: str) -> None:
    process = mdk(server, folder, "run", "local", *words)
    assert process.wait(60) == 0, process.stderr and process.stderr.read().decode()


class Panel:
    """The sidebar of a page."""

    def __init__(self, page: Page, path: str | None = None) -> None:
        if path is not None:
            execute(page, "docmanager:open", path=path)
        execute(page, "mdk:show-sidebar")
        self.page = page
        self.pipeline = page.locator(".jp-mdk-Section").first
        self.runs = page.locator(".jp-mdk-Section").nth(1)
        if path is not None:
            expect(self.pipeline.locator(".jp-mdk-Head-name")).to_have_text(path.split("/")[-1])

    def press(self, command: str) -> None:
        """Press a button in the title of a section."""
        self.page.locator(f"jp-button[data-command='{command}'][aria-disabled=false]").click()

    def component(self, name: str) -> Locator:
        return self.pipeline.locator(f'[data-component="{name}"]')

    def expect(self, **states: str) -> None:
        for name, state in states.items():
            expect(self.component(name)).to_have_attribute("data-state", state, timeout=SOON)

    def run(self, index: int = 0) -> Locator:
        return self.runs.locator("[data-run]").nth(index)

    def expect_run(self, pipeline: str, state: str) -> None:
        expect(self.run()).to_contain_text(pipeline, timeout=SOON)
        expect(self.run()).to_have_attribute("data-state", state, timeout=SOON)

    def unfold(self, index: int = 0) -> Locator:
        self.run(index).locator("[data-row]").first.click()
        return self.run(index)


def test_a_run_fails_is_mended_and_goes_on_from_the_cache(page: Page, lab: Lab) -> None:
    write_python(lab.root / "mend/flow.ipynb", *FLOW)
    panel = Panel(page, "mend/flow.ipynb")
    expect(panel.pipeline.locator("[data-component]")).to_have_count(3)
    panel.expect(load="none", train="none", report="none")
    panel.pipeline.get_by_role("textbox", name="rate").fill("many")
    expect(panel.pipeline.get_by_text("This is no number.")).to_be_visible()
    panel.pipeline.get_by_role("textbox", name="rate").fill("2")
    panel.press("mdk:run-pipeline")
    panel.expect(load="done", train="failed", report="skipped")
    expect(panel.pipeline.locator(".jp-mdk-Failure")).to_contain_text("ZeroDivisionError")
    expect(panel.pipeline.get_by_role("status")).to_contain_text("flow, step")
    panel.pipeline.get_by_text("Traceback", exact=True).click()
    expect(panel.pipeline.locator("pre")).to_contain_text("score / 0")
    expect(page.get_by_role("alert").filter(has_text="step train failed")).to_be_visible()
    shoot(page, "pipeline-failed")
    accessible(page, ".jp-mdk-Section")
    panel.pipeline.get_by_role("button", name="Go to cell 3, line 2").click()
    expect(page.get_by_text("Ln 2, Col 1")).to_be_visible()

    page.keyboard.press("Shift+End")
    page.keyboard.type("score")
    execute(page, "mdk:run-pipeline")  # which saves the notebook
    panel.expect(load="done", train="done", report="done")
    expect(panel.component("load").get_by_text("cached")).to_be_visible()
    expect(panel.component("train").get_by_text("cached")).to_have_count(0)
    expect(panel.runs.locator("[data-run]")).to_have_count(2)
    newest = panel.runs.locator(f'[data-run="{panel.run().get_attribute("data-run")}"]')
    panel.unfold()
    expect(newest.locator(".jp-mdk-Pairs").nth(1)).to_have_text("score90")
    shoot(page, "pipeline-done")

    panel.component("train").hover()
    panel.pipeline.get_by_role("button", name="Run from train").click()
    expect(panel.runs.locator("[data-run]")).to_have_count(3, timeout=SOON)
    panel.expect(load="done", train="done", report="done")
    expect(panel.component("load").get_by_text("cached")).to_be_visible()
    panel.component("train").hover()
    panel.pipeline.get_by_role("button", name="Run only train").click()
    expect(panel.runs.locator("[data-run]")).to_have_count(4, timeout=SOON)
    panel.expect(train="done", report="skipped")

    newest.locator('[data-step="train"]').hover()
    newest.get_by_role("button", name="Open the executed notebook of train").click()
    executed = page.locator(".jp-NotebookPanel:visible")
    expect(executed).to_contain_text("score = sum(rows) * rate")
    expect_no_kernel(page)
    newest.locator('[data-step="load"]').hover()
    newest.get_by_role("button", name="Open the log of load").click()
    expect(page.locator(".jp-FileEditor:visible")).to_contain_text("loaded 10")


def test_runs_of_the_terminal_and_of_cells_are_compared(page: Page, lab: Lab, server: serving) -> None:
    file = write_python(lab.root / "compare/churn.ipynb", *MENDED)
    panel = Panel(page, "compare/churn.ipynb")
    panel.expect(load="none")
    run_here(server, file.parent, file.name)
    panel.expect(report="done")
    panel.expect_run("churn", "done")
    first = panel.run().get_attribute("data-run")

    write_python(lab.root / "compare/magic.ipynb", ("", "%load_ext mdk_jupyter\n%mdk run local churn.ipynb -p rate=2"))
    file.write_text(file.read_text().replace("len(rows)", "sum(rows)"))
    execute(page, "docmanager:open", path="compare/magic.ipynb")
    expect(page.locator(".jp-NotebookPanel:visible")).to_contain_text("%mdk run local")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=SOON)
    execute(page, "notebook:run-cell")
    expect(panel.run()).not_to_have_attribute("data-run", str(first), timeout=SOON)
    panel.expect_run("churn", "done")
    # The picture in the output leads to executed notebooks, which are in a hidden folder.
    page.locator(".jp-OutputArea a", has_text="train").first.click()
    expect(page.locator(".lm-TabBar-tab.lm-mod-current", has_text="train.ipynb")).to_be_visible()
    expect(page.locator(".jp-NotebookPanel:visible .jp-Cell").first).to_be_visible()
    # Where JupyterLab is not done with opening it, it asks what to do with changes.
    asked = page.locator("dialog[aria-label^='Save your work']")
    page.add_locator_handler(asked, lambda dialog: dialog.get_by_role("button", name="Discard").click())
    execute(page, "application:close")

    panel.runs.get_by_label("Filter runs").fill("churn rate=2")
    expect(panel.runs.locator("[data-run]")).to_have_count(1)
    panel.runs.get_by_label("Filter runs").fill("compare/")
    expect(panel.runs.locator("[data-run]")).to_have_count(2)
    for index in (0, 1):
        panel.run(index).get_by_role("checkbox").check()
    panel.press("mdk:compare-runs")
    page_of = page.get_by_role("region", name="Comparison of two runs")
    expect(page_of.get_by_role("row", name="rate")).to_have_text("rate0.52")
    expect(page_of.get_by_role("row", name="score 22.5")).to_have_text("score22.590+67.5")
    expect(page_of.locator("[data-line='+']")).to_contain_text("sum(rows)")
    shoot(page, "comparison")
    accessible(page, ".jp-mdk-Comparison", ".jp-mdk-Section")
    themed(page, "JupyterLab Dark")
    shoot(page, "comparison-dark")
    accessible(page, ".jp-mdk-Comparison", ".jp-mdk-Section")
    themed(page, "JupyterLab Light")


def test_what_goes_on_outlives_the_page_and_the_server(page: Page, lab: Lab, server: serving) -> None:
    file = write_python(lab.root / "long/wait.ipynb", *GATED)
    panel = Panel(page, "long/wait.ipynb")
    execute(page, "mdk:run-pipeline")
    panel.expect(first="done", wait="running", last="waiting")
    page.reload()
    page.wait_for_function("() => window.jupyterapp", timeout=60_000)
    panel = Panel(page, "long/wait.ipynb")
    panel.expect(first="done", wait="running", last="waiting")
    shoot(page, "running")
    panel.press("mdk:stop-pipeline")
    panel.expect(wait="cancelled")
    panel.expect_run("wait", "cancelled")

    panel.unfold().get_by_role("button", name="Run again with the same parameters").click()
    panel.expect(first="done", wait="running")
    panel.expect_run("wait", "running")
    server.stop()
    execute(page, "mdk:refresh-runs")  # JupyterLab may say in a dialog that the server is away, before any button
    expect(panel.runs.get_by_text("This list may be old.")).to_be_visible(timeout=SOON)
    (file.parent / "gate").touch()
    server.start()
    panel.expect(first="done", wait="done", last="done")
    panel.expect_run("wait", "done")
    expect(panel.runs.get_by_text("This list may be old.")).to_have_count(0)


def test_a_pipeline_is_submitted(page: Page, lab: Lab) -> None:
    if not HAS_STANDIN:
        pytest.skip("the clients of Vertex AI and Kubeflow Pipelines are not installed")
    file = write_python(lab.root / "submit/flow.ipynb", *MENDED)
    project(file.parent)
    panel = Panel(page, "submit/flow.ipynb")
    panel.press("mdk:submit-pipeline")
    dialog = page.get_by_role("dialog")
    submit = dialog.get_by_role("button", name="Submit")
    expect(dialog.get_by_label("Plan")).to_contain_text("environment dev", timeout=SOON)
    dialog.get_by_role("textbox", name="rate").fill("much")
    expect(submit).to_be_disabled()
    dialog.get_by_role("textbox", name="rate").fill("4")
    expect(dialog.get_by_label("Plan")).to_contain_text("rate", timeout=SOON)
    dialog.get_by_label("Environment").select_option("prod")
    expect(dialog.get_by_label("Plan")).to_contain_text("environment prod", timeout=SOON)
    shoot(page, "submit")
    accessible(page, ".jp-mdk-Submit")
    submit.click()
    expect(dialog).to_contain_text("Submit to prod?")
    shoot(page, "submit-prod")
    dialog.get_by_role("button", name="Submit to prod").click()
    panel.expect_run("flow", "done")
    expect(panel.run()).to_contain_text("prod")
    run = panel.unfold()
    expect(run.locator(".jp-mdk-Pairs").nth(1)).to_have_text("score180")
    run.locator('[data-step="load"]').hover()
    run.get_by_role("button", name="Open the log of load").click()
    expect(page.locator(".jp-MainAreaWidget:visible")).to_contain_text("loaded 10", timeout=SOON)
    run.locator('[data-step="load"]').hover()
    run.get_by_role("button", name="Open the executed notebook of load").click()
    expect(page.locator(".jp-NotebookPanel:visible")).to_contain_text("loaded 10", timeout=SOON)


def test_a_pipeline_is_scheduled(page: Page, lab: Lab) -> None:
    if not HAS_STANDIN:
        pytest.skip("the clients of Vertex AI and Kubeflow Pipelines are not installed")
    file = write_python(lab.root / "schedule/flow.ipynb", *MENDED)
    project(file.parent)
    panel = Panel(page, "schedule/flow.ipynb")
    dialog = page.get_by_role("dialog")
    plan = dialog.get_by_label("Plan")
    times = dialog.get_by_role("textbox", name="Times")
    schedule = dialog.get_by_role("button", name="Schedule", exact=True)
    panel.press("mdk:submit-pipeline")
    expect(plan).to_contain_text("environment dev", timeout=SOON)
    assert "schedule" not in (plan.text_content() or "")
    dialog.get_by_role("radio", name="Once, now").focus()
    for key in ("ArrowDown", "Tab"):
        page.keyboard.press(key)
    expect(times).to_be_focused()
    expect(schedule).to_be_disabled()
    dialog.get_by_label("Time zone").fill("Europe/Berlin")
    times.fill("0 25 * * 1")
    expect(dialog.get_by_text("its hour is 25, which is not from 0 to 23")).to_be_visible(timeout=SOON)
    expect(schedule).to_be_disabled()
    for theme in ("Dark", "Light"):
        page.evaluate(f"() => jupyterapp.commands.execute('apputils:change-theme', {{ theme: 'JupyterLab {theme}' }})")
        shoot(page, f"schedule-{theme}")
        accessible(page, ".jp-mdk-Submit")
    times.fill("0 6 * * 1")
    expect(plan).to_contain_text("TZ=Europe/Berlin 0 6 * * 1", timeout=SOON)
    shoot(page, "schedule")
    times.press("Enter")
    said = page.locator(".Toastify")
    expect(said.get_by_text("is created: TZ=Europe/Berlin 0 6 * * 1")).to_be_visible(timeout=SOON)

    panel.press("mdk:submit-pipeline")
    dialog.get_by_role("radio", name="No more").check()
    expect(plan).to_contain_text("off", timeout=SOON)
    shoot(page, "schedule-off")
    dialog.get_by_role("button", name="End Schedule").click()
    expect(said.get_by_text("is ended")).to_be_visible(timeout=SOON)
    assert not (file.parent / ".mdk" / "runs").exists(), "a schedule is no run"


def project(folder: Path) -> None:
    from submitting import write_project

    environments: dict[str, Any] = {"dev": {}, "stage": {}, "prod": {"protected": True}}
    write_project(folder, environments=environments)


def test_errors_are_told_before_a_run(page: Page, lab: Lab) -> None:
    write_python(
        lab.root / "wrong/wrong.ipynb", ("component:a", "x = 1\nprint(nowhere)"), ("component:b cpu:many", "print(x)")
    )
    panel = Panel(page, "wrong/wrong.ipynb")
    errors = panel.pipeline.locator(".jp-mdk-Errors")
    expect(errors).to_contain_text("in the way of a run")
    panel.press("mdk:run-pipeline")
    expect(page.locator(".Toastify__toast--error").first).to_be_visible(timeout=SOON)
    shoot(page, "errors")
    accessible(page, ".jp-mdk-Section")
    errors.get_by_role("button", name="Go to cell").first.click()
    expect(page.locator(".jp-Cell.jp-mod-active")).to_have_count(1)
    expect(panel.runs.locator("[data-run]").filter(has_text="wrong")).to_have_count(0)
