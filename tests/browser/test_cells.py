"""What cells are for: bars, menus, keys, forms, and the three ways to write it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbclient import NotebookClient
from playwright.sync_api import Error, Page, expect

from mdk_converters.convert import convert
from mdk_converters.notebook import parse_notebook
from tests.browser.conftest import Lab, open_lab, shoot
from tests.browser.notebooks import CHIPS, code, content, execute, said, select, show, start, write

TAGGED = [
    code("rate = 0.1", "parameters"),
    code("data = [1, 2, 3]", "component:load", "cpu:2"),
    code("total = sum(data) * rate", "component:train", "keep-me"),
    code("print(total)"),
    code("print(total + 1)"),
]


def test_cells_are_assigned_by_mouse_and_by_keys(page: Page, lab: Lab) -> None:
    show(page, write(lab.root, "assign.ipynb", *TAGGED))
    # JupyterLab forgets what can be undone while it opens a notebook.
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    chips = page.locator(CHIPS)
    expect(chips).to_have_text(["parameters", "load", "train"])
    expect(page.locator(".jp-mdk-CellBar-options:visible")).to_have_text(["2 CPU"])
    shoot(page, "cells")

    # By mouse: the menu of a chip.
    chips.nth(2).click()
    menu = page.locator("#jp-mdk-component-menu")
    shoot(page, "cells-menu")
    expect(menu.locator(".lm-mod-toggled")).to_have_text("train")
    menu.get_by_text("load", exact=True).click()
    expect(chips).to_have_text(["parameters", "load", "load"])
    assert said(page)[2] == ["keep-me", "component:load"]
    # The cells of a component have one colour, in bars and menus alike.
    colours = [
        chip.locator(".jp-mdk-Dot").evaluate("n => getComputedStyle(n).backgroundColor") for chip in chips.all()[1:]
    ]
    assert colours[0] == colours[1]

    # By keys: a menu, a choice; then two cells at once, a new component.
    select(page, 4)
    page.keyboard.press("p")
    expect(menu).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(chips).to_have_text(["parameters", "load", "load", "load"])
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+P")
    page.get_by_role("dialog").get_by_role("textbox").fill("report")
    page.keyboard.press("Enter")
    expect(chips).to_have_text(["parameters", "load", "load", "report", "report"])
    before = said(page)

    # One change, undone and done again at once.
    page.keyboard.press("z")
    expect(chips).to_have_text(["parameters", "load", "load", "load"])
    page.keyboard.press("z")
    expect(chips).to_have_text(["parameters", "load", "load"])
    page.keyboard.press("Shift+Z")
    page.keyboard.press("Shift+Z")
    assert said(page) == before

    # The options stay with the other cells of a component.
    execute(page, "mdk:mark-skip", cells=[TAGGED[1]["id"]])
    assert said(page)[1:3] == [["skip"], ["keep-me", "component:load", "cpu:2"]]
    execute(page, "mdk:rename-component", component="load", name="fetch")
    expect(chips).to_have_text(["parameters", "skipped", "fetch", "report", "report"])
    execute(page, "mdk:clear-component", cells=[TAGGED[2]["id"]])
    assert said(page)[2] == ["keep-me"]

    # What cannot be a name is refused in words.
    with pytest.raises(Error, match="“no good” cannot be the name of a component"):
        execute(page, "mdk:new-component", component="no good", cells=[TAGGED[2]["id"]])
    assert said(page)[2] == ["keep-me"]


def test_each_style_is_read_and_written(page: Page, lab: Lab) -> None:
    metadata = write(
        lab.root,
        "metadata.ipynb",
        code("a = 1", mdk={"component": "one", "resources": {"cpu": 2}}),
        code("b = a", mdk={"component": "two"}),
        code("print(b)"),
    )
    lines = write(
        lab.root,
        "lines.ipynb",
        code("%%component one --cpu 2\na = 1"),
        code("%%component two\nb = a"),
        code("print(b)"),
    )
    for path, wanted in (
        (
            metadata,
            [
                "%load_ext mdk_jupyter",
                {"component": "one", "resources": {"cpu": 4}},
                {"component": "two", "after": ["one"]},
                {"component": "three", "retries": 1},
            ],
        ),
        (
            lines,
            ["%%component one --cpu 4", "%%component two --after one", '%%component three --when "a < 2" --retries 1'],
        ),
    ):
        show(page, path)
        chips = page.locator(CHIPS)
        expect(chips).to_have_text(["one", "two"])
        select(page, 3)
        execute(page, "mdk:assign-component", component="three")
        execute(page, "mdk:edit-options", component="one", options={"cpu": ["4"]})
        execute(page, "mdk:edit-options", component="two", options={"after": ["one"]})
        execute(page, "mdk:edit-options", component="three", options={"when": ["a < 2"], "retries": ["1"]})
        expect(chips).to_have_text(["one", "two", "three"])
        assert said(page) == wanted
        conversion = convert(parse_notebook(json.dumps(content(page)), path=path))
        assert conversion.pipeline is not None and not conversion.findings, conversion.findings
        assert list(conversion.pipeline.components) == ["one", "two", "three"]
        assert conversion.pipeline.components["three"].when == "a < 2"
        execute(page, "docmanager:save")
        execute(page, "application:close")

    # Another style than the notebook has, where that is wished for.
    settings = "raw => jupyterapp.serviceManager.settings.save('mdk-jupyter:cells', raw)"
    page.evaluate(settings, '{"style": "tags"}')
    open_lab(page, lab.page())
    page.evaluate(settings, "{}")
    show(page, lines)
    select(page, 3)
    execute(page, "mdk:assign-component", component="last")
    assert said(page)[1:] == ["%%component two --after one", ["component:last", "retries:1"]]


def test_a_form_for_the_component(page: Page, lab: Lab) -> None:
    show(page, write(lab.root, "form.ipynb", *TAGGED))
    select(page, 2)
    page.evaluate("() => jupyterapp.shell.activateById('jp-property-inspector')")
    page.locator(".jp-Collapser-title", has_text="Pipeline Component").click()
    form = page.locator(".jp-mdk-CellForm")
    expect(form.get_by_label("CPU")).to_have_value("2")
    # What is being typed stays when the kernel tells its language, or somebody else changes the cell.
    memory = form.get_by_label("Memory")
    memory.press_sequentially("lts")
    memory.press("ArrowLeft")
    memory.press("ArrowLeft")
    page.evaluate(
        """() => {
            const { activeCell, model } = jupyterapp.shell.currentWidget.content;
            model.setMetadata("language_info", { name: "python", version: "0" });
            activeCell.model.setMetadata("execution", { "iopub.status.busy": "now" });
        }"""
    )
    page.keyboard.type("o")
    expect(memory).to_be_focused()
    expect(memory).to_have_value("lots")
    memory.press("Enter")
    expect(form.locator(".jp-mod-error")).to_contain_text("memory")
    shoot(page, "cell-form")
    memory.fill("16Gi")
    memory.press("Tab")
    expect(form.get_by_label("GPU")).to_be_focused()
    expect(form.locator(".jp-mod-error")).to_have_count(0)
    form.get_by_label("Cache").select_option("off")
    form.get_by_text("More options").click()
    form.get_by_label("Packages").fill("rich\npandas>=2")
    select(page, 3)  # which ends the field as Tab does
    expect(form.get_by_label("CPU")).to_have_value("")
    select(page, 2)
    form.get_by_label("Retries").fill("2")
    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2; }")  # as commands do
    expect(form.get_by_label("CPU")).to_have_value("")
    assert said(page)[1] == [
        *("component:load", "cpu:2", "memory:16Gi", "retries:2", "cache:off"),
        *("requirement:rich", "requirement:pandas>=2"),
    ]
    select(page, 2)
    expect(form.get_by_label("CPU")).to_have_value("2")
    assert not Axe().run(page, context=".jp-mdk-CellForm").response["violations"]
    form.get_by_label("Component", exact=True).select_option(label="train")
    expect(page.locator(CHIPS)).to_have_text(["parameters", "train", "train"])
    page.get_by_label("Component", exact=True).select_option(label="Skip")
    assert said(page)[1] == ["skip"]

    # The same form as a dialog.
    select(page, 3)
    start(page, "mdk:edit-options")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Only when").fill("rate > 0")
    shoot(page, "options")
    assert not Axe().run(page, context=".jp-mdk-OptionsDialog").response["violations"]
    page.keyboard.press("Enter")
    expect(page.locator(".jp-mdk-CellBar-options:visible")).to_have_text(["when rate > 0"])


def test_a_condition_is_obeyed_however_the_notebook_is_marked(page: Page, lab: Lab) -> None:
    notebook = [
        code("limit = 2", "parameters"),
        code("rows = [1, 2, 3]", "component:load"),
        code("%%time\nsize = len(rows)", "component:deploy", "cpu:2"),
        code("print('deployed', size)", "component:deploy"),
        code("print('told', size)", "component:tell", "after:load"),
    ]
    show(page, path := write(lab.root, "when.ipynb", *notebook))
    expect(page.locator(CHIPS)).to_have_text(["parameters", "load", "deploy", "deploy", "tell"])
    before = content(page)["cells"]
    select(page, 3)
    page.evaluate("() => jupyterapp.shell.activateById('jp-property-inspector')")
    page.locator(".jp-Collapser-title", has_text="Pipeline Component").click()
    form = page.locator(".jp-mdk-CellForm")
    form.get_by_label("Only when").fill("limit > 1")
    page.keyboard.press("Tab")
    expect(form.get_by_label("For each")).to_be_focused()

    # Each cell of the component says it where the notebook itself obeys, which it is made to do.
    load, *cells = content(page)["cells"]
    assert load["source"] == "%load_ext mdk_jupyter"
    line = '%%component deploy --when "limit > 1"\n'
    for cell, was, head in zip(cells, before, ("", "", line, line, ""), strict=True):
        assert cell["source"] == head + was["source"]
        assert cell["metadata"].get("tags") == was["metadata"].get("tags")
    expect(page.locator(".jp-toast-message")).to_have_text(
        "Lines with %%component work in this notebook once its new cell %load_ext mdk_jupyter has run."
    )
    expect(form.get_by_label("Only when")).to_have_value("limit > 1")
    shoot(page, "when")

    # What depends on it must say so; the form does.
    select(page, 6)
    expect(form).to_contain_text("which may be skipped")
    after = form.get_by_label("Run after")
    after.fill("load, deploy")
    after.press("Enter")
    expect(page.locator(".jp-mdk-FindingsStatus")).to_have_text("No problems")
    assert content(page)["cells"][5]["source"].startswith("%%component tell --after load,deploy\n")
    execute(page, "docmanager:save")
    assert not convert(parse_notebook((lab.root / path).read_text(), path=path)).findings
    for limit, states in (("2", ["done"] * 3), ("1", ["done", "skipped", "skipped"])):
        mdk = [str(Path(sys.executable).with_name("mdk")), "run", "local", path, "--json", "-p", f"limit={limit}"]
        ran = subprocess.run(mdk, cwd=lab.root, capture_output=True, text=True, check=False)
        run = json.loads(ran.stdout)
        assert [step["state"] for step in run["steps"].values()] == states, ran

    # The notebook does the same, from top to bottom.
    saved: Any = nbformat.read(lab.root / path, as_version=4)  # type: ignore[no-untyped-call]
    saved.cells[1].source = "limit = 1"
    NotebookClient(saved).execute()
    printed = [output.text.split(":")[0] for cell in saved.cells[3:] for output in cell.outputs]
    assert printed == ["deploy is skipped", "deploy is skipped", "tell is skipped"]

    # One change each, undone; and taken away again.
    select(page, 1)
    page.keyboard.press("z")
    page.keyboard.press("z")
    assert content(page)["cells"] == before
    page.keyboard.press("Shift+Z")
    select(page, 5)
    form.get_by_label("Only when").fill("")
    page.keyboard.press("Tab")
    assert content(page)["cells"][1:] == before
    # The dialog writes the same.
    execute(page, "mdk:edit-options", component="deploy", options={"when": ["limit > 1"]})
    assert content(page)["cells"] == [load, *cells]


def test_a_notebook_of_kale_is_shown_and_left_alone(page: Page, lab: Lab) -> None:
    show(page, write(lab.root, "kale.ipynb", code("a = 1", "block:load"), code("print(a)", "block:show", "prev:load")))
    expect(page.locator(CHIPS)).to_have_text(["load", "show"])
    select(page, 1)
    assert not page.evaluate("() => jupyterapp.commands.isEnabled('mdk:assign-component', {component: 'x'})")


def test_the_bars_are_quiet_and_accessible(page: Page, lab: Lab) -> None:
    plain = write(lab.root, "plain.ipynb", code("a = 1"), code("print(b"))
    with page.expect_response("**/mdk/check*"):
        show(page, plain)
    page.wait_for_timeout(500)  # ms; what was found would be on the screen by now
    expect(page.locator(".jp-mdk-CellBar")).to_have_count(0)
    expect(page.locator(".jp-mdk-Mark")).to_have_count(0)
    expect(page.locator(".jp-mdk-FindingsStatus:visible")).to_have_count(0)
    show(page, write(lab.root, "assign2.ipynb", *TAGGED))
    expect(page.locator(CHIPS)).to_have_count(3)
    select(page, 2)
    assert not Axe().run(page, context=".jp-mdk-CellBar").response["violations"]
    # The Tab key stops at the bar of the active cell alone.
    tabs = page.locator(CHIPS).evaluate_all("nodes => nodes.map(node => node.tabIndex)")
    assert tabs == [-1, 0, -1]
    for theme in ("JupyterLab Dark", "JupyterLab Dark High Contrast", "JupyterLab Light"):
        execute(page, "apputils:change-theme", theme=theme)
        page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        shoot(page, f"cells-{theme.split()[-1].lower()}")
        assert not Axe().run(page, context=".jp-mdk-CellBar").response["violations"]
