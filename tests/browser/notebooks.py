"""Notebooks for the browser tests, and what is done with them there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

CHIPS = ".jp-mdk-Chip:visible"


def code(source: str, *tags: str, **metadata: Any) -> dict[str, Any]:
    said = {"tags": list(tags)} if tags else {}
    return {
        "cell_type": "code",
        "id": f"cell{abs(hash(source))}",
        "metadata": said | metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def write(folder: Path, name: str, *cells: dict[str, Any], **metadata: Any) -> str:
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": python} | metadata, "cells": cells}
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")
    return name


def execute(page: Page, command: str, **arguments: Any) -> None:
    page.evaluate("([id, args]) => jupyterapp.commands.execute(id, args).then(() => null)", [command, arguments])


def start(page: Page, command: str, **arguments: Any) -> None:
    """Execute a command that waits for the user."""
    page.evaluate("([id, args]) => { void jupyterapp.commands.execute(id, args); }", [command, arguments])


def show(page: Page, path: str) -> None:
    execute(page, "docmanager:open", path=path)
    page.locator(".jp-Notebook:visible .jp-CodeCell").first.wait_for()


def content(page: Page) -> dict[str, Any]:
    """The notebook in front, as it is on the screen."""
    found: dict[str, Any] = page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON()")
    return found


def said(page: Page) -> list[Any]:
    """What the cells say: tags, `metadata.mdk`, or their first line."""
    return [
        cell["metadata"].get("tags") or cell["metadata"].get("mdk") or cell["source"].split("\n")[0]
        for cell in content(page)["cells"]
    ]


def cells(page: Page) -> Locator:
    return page.locator(".jp-Notebook:visible .jp-Cell")


def select(page: Page, number: int) -> None:
    """Make a cell the active one, in command mode."""
    cells(page).nth(number - 1).locator(".jp-InputPrompt").click()
