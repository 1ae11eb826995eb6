"""What the tests of the JupyterLab extension do on its pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from jupyter_servers import notebook
from playwright.sync_api import Page, Response

SOON = 30_000  # ms; for what starts processes


def write_python(file: Path, *cells: tuple[str, str]) -> Path:
    """Write a notebook from (tags, source) for which no page asks which kernel it is for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = notebook(*cells)
    content["metadata"] = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.write_text(json.dumps(content))
    return file


def execute(page: Page, command: str, **args: object) -> None:
    """Execute a command, without waiting for its end."""
    page.evaluate("([id, args]) => void jupyterapp.commands.execute(id, args)", [command, args])


def keeps(text: str) -> Callable[[Response], bool]:
    """A test of answers: has the server kept this for the next time that the page opens? It is told of each step, late."""
    return lambda answer: "/api/workspaces/" in answer.url and text in (answer.request.post_data or "")


def accessible(page: Page, *places: str) -> None:
    """Hold parts of a page against the rules of axe."""
    for place in places:
        found = Axe().run(page, context=place)
        assert found.violations_count == 0, found.generate_report()


def themed(page: Page, name: str) -> None:
    """Set a theme, and wait until it is there."""
    execute(page, "apputils:change-theme", theme=name)
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)


def expect_no_kernel(page: Page) -> None:
    """Wait until the notebook in front is open to be read: no kernel was started for it."""
    # A narrow page has no room for the kernel's name.
    page.wait_for_function(
        """() => {
            const context = jupyterapp.shell.currentWidget?.context?.sessionContext;
            return context?.isReady && context.session === null && !context.kernelPreference.canStart;
        }"""
    )
