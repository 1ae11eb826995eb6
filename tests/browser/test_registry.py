"""The model registry: found, looked at, compared, promoted and rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from mdk_jupyter.registry.connecting import registry as open_registry
from mdk_jupyter.registry.face import RegistryFace
from tests.browser.conftest import Lab, open_lab, serving, shoot
from tests.browser.registry_seed import seed


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry-lab")


@pytest.fixture(scope="module")
def lab(home: Path, chromium: str) -> Iterator[Lab]:
    with serving(home) as server:
        (server.root / "mdk.yaml").write_text("name: delays\n", encoding="utf-8")
        seed(face(server))
        yield server


def face(lab: Lab) -> RegistryFace:
    """The registry of the server's root, as another client has it."""
    (lab.root / ".mdk").mkdir(exist_ok=True)
    return open_registry(f"sqlite:///{lab.root}/.mdk/registry.db")


def run(page: Page, command: str, **arguments: str) -> None:
    """Carry out a command, and do not wait for what it shows."""
    page.evaluate("([id, args]) => { void jupyterapp.commands.execute(id, args); }", [command, arguments])


def section(page: Page) -> Locator:
    run(page, "mdk:search-registry")
    found = page.get_by_role("region", name="Model registry")
    expect(found).to_be_visible()
    return found


def model_page(page: Page, model: str) -> Locator:
    return page.get_by_role("region", name=f"Model {model}")


def theme(page: Page, name: str) -> None:
    page.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name)
    page.wait_for_timeout(500)


def test_look(page: Page) -> None:
    part = section(page)
    expect(part.get_by_role("option")).to_have_count(6)
    part.get_by_role("option", name="flights").click()
    view = model_page(page, "flights")
    expect(view.get_by_role("heading", name="1.3.6")).to_be_visible()
    for name in ("JupyterLab Light", "JupyterLab Dark"):
        theme(page, name)
        short = name.split()[1].lower()
        for tab in ("Version", "Compare", "Lineage", "Model card", "Metrics", "History", "Rules"):
            view.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(700)
            shoot(page, f"{tab.lower().replace(' ', '-')}-{short}")
        for title, command, args in (
            ("promote", "mdk:promote-version", {"model": "flights", "version": "1.3.2", "environment": "stage"}),
            ("rollback", "mdk:roll-back-model", {"model": "flights", "environment": "prod"}),
            ("annotate", "mdk:annotate-version", {"model": "flights", "version": "1.3.3"}),
            ("archive", "mdk:archive-version", {"model": "flights", "version": "1.3.3"}),
            ("approve", "mdk:approve-version", {"model": "flights", "version": "1.3.3"}),
        ):
            run(page, command, **args)
            page.wait_for_timeout(900)
            shoot(page, f"{title}-{short}")
            page.keyboard.press("Escape")
