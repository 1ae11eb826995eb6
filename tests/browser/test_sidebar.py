"""The panel on the left."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_sidebar_opens(page: Page) -> None:
    page.evaluate("() => jupyterapp.commands.execute('mdk:show-sidebar')")
    expect(page.get_by_role("region", name="MDK", exact=True)).to_be_visible()
