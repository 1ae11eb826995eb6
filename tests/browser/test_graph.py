"""The graph of a pipeline and of its runs."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree

from lab_pages import SOON, accessible, execute, expect_no_kernel, keeps, themed, write_python
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Lab, shoot

FLOW = (
    ("parameters", "rounds = 2"),
    ("component:load", "rows = list(range(4))"),
    ("component:count", "size = len(rows)"),
    ("", "%%component train --when 'size > 3'\nprint(sum(rows) * rounds)"),
    ("component:plot", "print(rows)"),
    ("component:report after:plot", "print(size)"),
)


def graph(page: Page) -> Locator:
    return page.get_by_role("region", name="Graph of the pipeline")


def box(page: Page, name: str) -> Locator:
    return graph(page).locator(f'[data-component="{name}"]')


def saved(page: Page, tip: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=tip).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_a_graph_is_live_and_leads_to_cells_and_notebooks(page: Page, lab: Lab, tmp_path: Path) -> None:
    write_python(lab.root / "graph/flow.ipynb", *FLOW)
    execute(page, "docmanager:open", path="graph/flow.ipynb")
    execute(page, "mdk:show-sidebar")
    expect(page.locator(".jp-mdk-Head-name")).to_have_text("flow.ipynb")
    execute(page, "mdk:open-graph")
    expect(graph(page).locator(".jp-mdk-Box")).to_have_count(5)
    expect(graph(page).locator(".react-flow__edge")).to_have_count(6)
    expect(box(page, "train")).to_contain_text("if size > 3")
    expect(box(page, "load")).to_contain_text("not run yet")
    execute(page, "mdk:run-pipeline", path="graph/flow.ipynb")
    for name in ("load", "count", "train", "plot", "report"):
        expect(box(page, name)).to_have_attribute("data-state", "done", timeout=SOON)
    expect(graph(page).locator(".react-flow__edge-path")).to_have_count(6)
    for theme in ("JupyterLab Dark High Contrast", "JupyterLab Dark", "JupyterLab Light"):
        themed(page, theme)
        page.locator('li[data-component="train"] .jp-mdk-Row').hover()
        shoot(page, f"graph-{theme}")
        accessible(page, ".jp-mdk-Graph", ".jp-mdk-Section")

    # By keys alone: one stop for Tab, arrows from one component to the next, Enter.
    box(page, "load").get_by_role("button").first.focus()
    page.keyboard.press("ArrowDown")
    focused = page.locator(".jp-mdk-Box:focus-within")
    expect(focused).not_to_have_attribute("data-component", "load")
    page.keyboard.press("ArrowUp")
    expect(focused).to_have_attribute("data-component", "load")
    page.keyboard.press("Enter")
    expect(page.locator(".jp-NotebookPanel:visible .jp-Cell.jp-mod-active")).to_contain_text("list(range(4))")

    svg = ElementTree.parse(saved(page, "SVG", tmp_path)).getroot()
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"load", "count", "train", "plot", "report", "if size > 3"} <= set(texts)
    png = saved(page, "PNG", tmp_path).read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (2 * int(svg.attrib["width"]), 2 * int(svg.attrib["height"]))

    # The graph of the run leads to the executed notebooks; it is there again after a reload.
    page.locator(".jp-mdk-Run [data-row]").first.click()
    page.get_by_role("button", name="Open the graph of this run").click()
    run = graph(page).last
    run.locator('[data-component="train"]').get_by_role("button").first.click()
    expect(page.locator(".jp-NotebookPanel:visible").last).to_contain_text("sum(rows) * rounds")
    expect_no_kernel(page)


def test_sixty_components(page: Page, lab: Lab) -> None:
    cells = []
    for index in range(60):
        above = [index - 6, index - (5 if index % 6 < 5 else 6)] if index >= 6 else []
        read = " + ".join(f"v{at}" for at in above) or "0"
        cells.append((f"component:step_{index}", f"v{index} = {read}"))
    write_python(lab.root / "graph/sixty.ipynb", *cells)
    execute(page, "docmanager:open", path="graph/sixty.ipynb")
    execute(page, "mdk:show-sidebar")
    expect(page.locator("li[data-component]")).to_have_count(60)
    with page.expect_response(keeps('"mdk-graph:')):
        execute(page, "mdk:open-graph")
    expect(graph(page).locator(".jp-mdk-Box")).to_have_count(60)
    expect(graph(page).locator(".react-flow__edge-path")).to_have_count(99)
    shoot(page, "graph-60")
    # One stop for Tab; the last component can be reached, and comes into view.
    expect(graph(page).locator('[data-node][tabindex="0"]')).to_have_count(1)
    graph(page).locator('[data-node][tabindex="0"]').focus()
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    focused = page.locator(".jp-mdk-Box:focus-within")
    expect(focused).to_contain_text("step_5")
    for _ in range(8):
        page.keyboard.press("+")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("0")
    shoot(page, "graph-60-focus")
    accessible(page, ".jp-mdk-Graph")
    page.reload()
    page.wait_for_function("() => window.jupyterapp", timeout=60_000)
    expect(graph(page).locator(".jp-mdk-Box")).to_have_count(60)
