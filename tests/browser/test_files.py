"""Begin, open, check and export pipelines."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from mdk_converters.convert import convert
from mdk_converters.notebook import read_notebook
from mdk_converters.spec_reader import load_spec
from tests.browser.conftest import Lab, shoot
from tests.browser.notebooks import CHIPS, cells, code, execute, show, write


def open_export_menu(page: Page) -> None:
    """A notebook that is just opened takes the focus when it is ready, which closes menus."""
    for _ in range(5):
        page.locator(".lm-MenuBar-item", has_text="File").click()
        try:
            page.locator(".lm-Menu-itemLabel", has_text="Save and Export Notebook As").hover(timeout=2000)
            page.locator(".lm-Menu-itemLabel", has_text="Markdown").wait_for(timeout=2000)
            return
        except PlaywrightError:
            page.keyboard.press("Escape")


def test_a_new_pipeline_is_sound_and_is_exported(page: Page, lab: Lab, tmp_path: Path) -> None:
    execute(page, "launcher:create")
    page.locator(".jp-LauncherCard", has_text="MDK Pipeline").wait_for()
    shoot(page, "launcher")
    page.locator(".jp-LauncherCard", has_text="MDK Pipeline").click()
    expect(page.locator(CHIPS)).to_have_text(["parameters", "load", "train", "evaluate"])
    expect(page.locator(".jp-mdk-FindingsStatus")).to_have_text("No problems")
    shoot(page, "new-pipeline")
    made = lab.root / "pipeline.ipynb"
    conversion = convert(read_notebook(made))
    assert conversion.pipeline is not None
    assert not conversion.findings

    open_export_menu(page)
    expect(page.get_by_text("Mdk", exact=True)).to_have_count(0)
    shoot(page, "export")
    with page.expect_download() as download:
        page.locator(".lm-Menu-itemLabel", has_text="MDK Pipeline").click()
    assert download.value.suggested_filename == "pipeline.pipeline.yaml"
    spec = tmp_path / "pipeline.pipeline.yaml"
    download.value.save_as(spec)
    assert list(load_spec(spec).components) == ["load", "train", "evaluate"]

    # A notebook that is no pipeline is not exported, and it is said why.
    cells(page).nth(3).locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("nothing_here\n")
    execute(page, "mdk:export-pipeline")
    toast = page.get_by_role("alert")
    toast.get_by_role("button", name="Show Findings").click()
    expect(page.locator(".jp-mdk-Findings")).to_contain_text("nothing_here")


def test_the_file_browser_opens_and_checks(page: Page, lab: Lab) -> None:
    path = write(lab.root, "browsed.ipynb", code("a = 1", "component:load"), code("x = 1\nb = c", "component:use"))
    (lab.root / "notes.txt").write_text("x", encoding="utf-8")
    execute(page, "filebrowser:refresh")
    item = page.locator(".jp-DirListing-item", has_text=path)
    item.click(button="right")
    page.get_by_text("Check Pipeline").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("browsed.ipynb: 1 error")
    shoot(page, "check")
    dialog.locator(".jp-mdk-Findings").get_by_role("button").click()
    expect(page.locator(CHIPS)).to_have_text(["load", "use"])
    expect(page.get_by_text("Ln 2, Col 1")).to_be_visible()
    execute(page, "filebrowser:activate")
    item.click(button="right")
    page.get_by_text("Open as Pipeline").click()
    expect(page.locator(CHIPS)).to_have_text(["load", "use"])
    expect(page.get_by_role("region", name="MDK", exact=True)).to_be_visible()

    execute(page, "filebrowser:activate")
    page.locator(".jp-DirListing-item", has_text="notes.txt").click(button="right")
    expect(page.get_by_text("Rename", exact=True).last).to_be_visible()
    expect(page.get_by_text("Check Pipeline")).to_have_count(0)
    page.keyboard.press("Escape")


def test_the_context_menu_of_a_cell(page: Page, lab: Lab) -> None:
    show(page, write(lab.root, "context.ipynb", code("a = 1", "component:load"), code("print(a)")))
    # What is clicked is meant, not what was active before.
    cells(page).nth(1).locator(".cm-content").click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Pipeline Component").hover()
    page.locator("#jp-mdk-component-menu").get_by_text("load", exact=True).click()
    expect(page.locator(CHIPS)).to_have_text(["load", "load"])
    # The button of the cell's toolbar, and the menu bar.
    page.locator(".jp-cell-toolbar [data-command='mdk:choose-component']").click()
    page.locator("#jp-mdk-component-menu").get_by_text("Skip", exact=True).click()
    expect(page.locator(CHIPS)).to_have_text(["load", "skipped"])
    page.locator(".lm-MenuBar-item", has_text="MDK").click()
    page.locator(".lm-Menu-itemLabel", has_text="No Component").click()
    expect(page.locator(CHIPS)).to_have_text(["load"])
