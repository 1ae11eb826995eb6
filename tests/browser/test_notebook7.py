"""The same in Notebook 7."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from registry_seed import seed

from mdk_jupyter.registry.connecting import registry as registry_at
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


def test_registry_in_notebook_7(browser: Browser, lab: Lab) -> None:
    home = lab.root / "delays"
    (home / ".mdk").mkdir(parents=True)
    (home / "mdk.yaml").write_text("name: delays\n", "utf-8")
    registry = registry_at(f"sqlite:///{home}/.mdk/registry.db")
    seed(registry)
    write(home, "late.ipynb", code("a = 1", "component:load"))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    part = page.get_by_role("region", name="Registry Section")
    view = page.get_by_role("region", name="Model flights")
    open_lab(page, lab.page("tree/delays"))
    start(page, "mdk:search-registry")
    expect(part.get_by_role("searchbox")).to_be_focused()
    expect(part.get_by_role("option")).to_have_count(6)
    page.keyboard.type("rmse<11")
    expect(part.get_by_role("option").first).to_contain_text("flights 1.3.6")
    for key in ("ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(view.get_by_role("heading", name="1.3.6")).to_be_visible()  # at the right side
    shoot(page, "notebook7-model")

    open_lab(page, lab.page("notebooks/delays/late.ipynb"))
    dialog = page.get_by_role("dialog")
    start(page, "mdk:search-registry")
    expect(part.get_by_role("option")).to_have_count(6)
    part.get_by_role("option").filter(has_text="flights").click()
    view.get_by_role("option", name=re.compile("^1.3.5")).click()
    expect(view.get_by_role("heading", name="1.3.5")).to_be_visible()
    view.get_by_role("button", name="Promote…").click()
    dialog.get_by_label("Environment").select_option("dev")
    dialog.get_by_label("Reason").fill("better on December")
    shoot(page, "notebook7-promote")
    dialog.get_by_role("button", name="Promote").click()
    expect(dialog).to_have_count(0)
    dev = view.get_by_role("listitem").filter(has_text="dev")
    expect(dev.get_by_role("button", name="1.3.5")).to_be_visible()
    expect(part.locator("[data-mdk-model=flights] [data-environment=dev]")).to_contain_text("1.3.5")
    assert registry.champion("flights", environment="dev").version.version == "1.3.5"
    dev.get_by_role("button", name="Challengers…").click()
    dialog.get_by_role("button", name="Add a challenger").click()
    dialog.get_by_role("combobox", name="Challenger 1").select_option("1.3.3")
    dialog.get_by_label("Reason").fill("look at both")
    dialog.get_by_role("button", name="Set challengers").click()
    expect(dev.get_by_text("1.3.3: 10 %")).to_be_visible()
    shoot(page, "notebook7-registry")
    for context in (".jp-mdk-RegistrySection", ".jp-mdk-ModelPage"):
        violations = Axe().run(page, context=context).response["violations"]
        assert not violations, [(one["id"], one["nodes"][0]["html"][:200]) for one in violations]
    page.close()
