"""The same in Notebook 7."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Lab, open_lab, shoot
from tests.browser.notebooks import CHIPS, cells, code, start, write


def test_pipelines_in_notebook_7(browser: Browser, lab: Lab) -> None:
    write(lab.root, "seven.ipynb", code("a = 1", "component:load"), code("print(a)"), code("b = c", "component:use"))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    open_lab(page, lab.page("tree"))
    page.locator(".jp-DirListing-item", has_text="seven.ipynb").click(button="right")
    page.get_by_text("Check Pipeline").click()
    expect(page.get_by_role("dialog")).to_contain_text("seven.ipynb: 1 error")
    shoot(page, "notebook7-tree")
    page.close()

    page = browser.new_page(viewport={"width": 1280, "height": 800})
    open_lab(page, lab.page("notebooks/seven.ipynb"))
    expect(page.locator(CHIPS)).to_have_text(["load", "use"])
    expect(page.locator(".jp-mdk-Mark")).to_have_text("c")
    cells(page).nth(1).locator(".jp-InputPrompt").click()
    page.keyboard.press("p")
    shoot(page, "notebook7")
    page.locator("#jp-mdk-component-menu").get_by_text("use", exact=True).click()
    expect(page.locator(CHIPS)).to_have_text(["load", "use", "use"])
    page.keyboard.press("z")
    expect(page.locator(CHIPS)).to_have_text(["load", "use"])
    page.evaluate("() => jupyterapp.shell.expandRight('notebook-tools')")
    page.locator(".jp-Collapser-title", has_text="Pipeline Component").click()
    cells(page).nth(0).locator(".jp-InputPrompt").click()
    expect(page.locator(".jp-mdk-CellForm").get_by_label("Component", exact=True)).to_have_value(":load")
    start(page, "mdk:show-findings")
    expect(page.locator(".jp-mdk-Findings")).to_contain_text("cell 3, line 1")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        cells(page).nth(2).locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.type("b = a")
        expect(page.locator(".jp-mdk-Mark")).to_have_count(0)
        start(page, "mdk:export-pipeline")
    assert download.value.suggested_filename == "seven.pipeline.yaml"
    page.close()
