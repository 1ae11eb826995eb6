"""What is wrong with a pipeline, as one edits."""

from __future__ import annotations

import json

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Lab, shoot
from tests.browser.notebooks import cells, code, content, execute, select, show, write


def test_findings_appear_while_one_edits(page: Page, lab: Lab) -> None:
    path = write(
        lab.root,
        "findings.ipynb",
        code("data = [1, 2, 3]", "component:load"),
        code("total = sum(data)\nprint(total)", "component:train"),
        code("print(total)", "component:show", "after:lod"),
    )
    on_disk = (lab.root / path).read_text(encoding="utf-8")
    show(page, path)
    status = page.locator(".jp-mdk-FindingsStatus")
    expect(status).to_have_text("1 error")
    cells(page).nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nx = totl + 1")
    expect(status).to_have_text("2 errors")
    assert (lab.root / path).read_text(encoding="utf-8") == on_disk
    mark = cells(page).nth(1).locator(".jp-mdk-Mark")
    expect(mark).to_have_text("totl")
    expect(cells(page).nth(1).locator(".jp-mdk-CellBar-findings")).to_have_text("1")
    mark.hover()
    tip = page.locator(".cm-tooltip-lint")
    expect(tip.locator(".jp-mdk-Finding-message")).to_contain_text("totl")
    expect(tip.locator(".jp-mdk-Finding-fix")).not_to_be_empty()
    shoot(page, "finding")
    page.mouse.move(0, 0)

    # The list leads to the cell and the line.
    select(page, 1)
    status.click()
    listed = page.locator(".jp-mdk-Findings")
    expect(listed.get_by_role("button")).to_have_count(2)
    expect(listed.get_by_role("button").nth(0)).to_be_focused()
    shoot(page, "findings")
    assert not Axe().run(page, context=".jp-mdk-Findings").response["violations"]
    assert not Axe().run(page, context=".jp-mdk-FindingsStatus").response["violations"]
    page.keyboard.press("Enter")
    expect(listed).to_have_count(0)
    expect(page.get_by_text("Ln 3, Col 1")).to_be_visible()
    assert page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCellIndex") == 1

    # So do keys, round and round.
    page.keyboard.press("F8")
    page.wait_for_function("() => jupyterapp.shell.currentWidget.content.activeCellIndex === 2")
    page.keyboard.press("Escape")
    execute(page, "mdk:previous-finding")
    page.wait_for_function("() => jupyterapp.shell.currentWidget.content.activeCellIndex === 1")

    # Mended, it is gone.
    execute(page, "mdk:edit-options", component="show", options={"after": []})
    expect(status).to_have_text("1 error")
    cells(page).nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    for _ in range(len("totl + 1")):
        page.keyboard.press("Backspace")
    page.keyboard.type("total")
    expect(status).to_have_text("No problems")
    expect(page.locator(".jp-mdk-Mark")).to_have_count(0)
    expect(page.locator(".jp-mdk-CellBar-findings:visible")).to_have_count(0)
    assert "x = total" in json.dumps(content(page))


def test_the_server_is_away_and_comes_back(page: Page, lab: Lab) -> None:
    path = write(lab.root, "away.ipynb", code("a = 1", "component:load"), code("b = c", "component:use"))
    show(page, path)
    status = page.locator(".jp-mdk-FindingsStatus")
    expect(status).to_have_text("1 error")
    page.route("**/mdk/check*", lambda route: route.abort())
    execute(page, "mdk:clear-component")
    expect(status).to_have_text("Not checked")
    assert "cannot be reached" in (status.get_attribute("title") or "")
    page.unroute("**/mdk/check*")
    expect(status).to_have_text("1 error", timeout=15_000)
