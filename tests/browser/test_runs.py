"""The sections Pipeline and Runs: from a notebook to its runs and back, on a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_servers import notebook
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Lab, shoot

SOON = 30_000  # ms; for what starts processes
FLOW = (
    ("parameters", "rate = 0.5  # share of the rows\nrounds = 2"),
    ("component:load", "rows = list(range(10))\nprint('loaded', len(rows))"),
    ("component:train metric:score", "score = sum(rows) * rate\nscore / 0"),
    ("component:report", "print('report', score, rounds)"),
)


def write(lab: Lab, name: str, *cells: tuple[str, str]) -> Path:
    file = lab.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    content = notebook(*cells)
    content["metadata"] = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.write_text(json.dumps(content))
    return file


def execute(page: Page, command: str, **args: object) -> None:
    page.evaluate("([id, args]) => void jupyterapp.commands.execute(id, args)", [command, args])


def show(page: Page, path: str) -> Locator:
    """Open a notebook and the sidebar; return the section of its pipeline."""
    execute(page, "docmanager:open", path=path)
    execute(page, "mdk:show-sidebar")
    section = page.locator(".jp-mdk-Section").first
    expect(section.locator(".jp-mdk-Head-name")).to_have_text(path.split("/")[-1])
    return section


def state(section: Locator, component: str) -> Locator:
    return section.locator(f'[data-component="{component}"]')


def test_a_run_fails_is_mended_and_goes_on_from_the_cache(page: Page, lab: Lab) -> None:
    write(lab, "mend/flow.ipynb", *FLOW)
    section = show(page, "mend/flow.ipynb")
    runs = page.locator(".jp-mdk-Section").nth(1)
    expect(section.locator("[data-component]")).to_have_count(3)
    expect(state(section, "load")).to_have_attribute("data-state", "none")
    section.get_by_label("rate").fill("2")
    shoot(page, "pipeline-before")
    page.locator("jp-button[data-command='mdk:run-pipeline']").click()
    expect(state(section, "train")).to_have_attribute("data-state", "failed", timeout=SOON)
    expect(state(section, "load")).to_have_attribute("data-state", "done")
    expect(state(section, "report")).to_have_attribute("data-state", "skipped")
    expect(section.locator(".jp-mdk-Failure")).to_contain_text("ZeroDivisionError")
    section.get_by_text("Traceback", exact=True).click()
    expect(section.locator("pre")).to_contain_text("score / 0")
    shoot(page, "pipeline-failed")
    section.get_by_role("button", name="Go to cell 3, line 2").click()
    expect(page.get_by_text("Ln 2, Col 1")).to_be_visible()

    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.type("score")
    execute(page, "mdk:run-pipeline")
    expect(state(section, "report")).to_have_attribute("data-state", "done", timeout=SOON)
    expect(state(section, "load").get_by_text("cached")).to_be_visible()
    shoot(page, "pipeline-done")
    expect(runs.locator("[data-run]")).to_have_count(2)
    runs.locator("[data-run] [data-row]").first.click()
    shoot(page, "runs")
