"""A real JupyterLab with the extension, and a page of a real browser on it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import mdk_jupyter

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUILT = Path(mdk_jupyter.__file__).parent / "labextension"
expect.set_options(timeout=20_000)  # ms; machines that test are busy
SCREENSHOTS = os.environ.get("MDK_SCREENSHOTS")  # a folder: keep pictures there


@dataclass(frozen=True)
class Lab:
    """A server, and the folder that its pages see."""

    url: str
    token: str
    root: Path
    home: Path

    def page(self, path: str = "lab") -> str:
        return f"{self.url}/{path}?token={self.token}&reset"

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = os.environ.get("MDK_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium; install it, or name one in MDK_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Lab]:
    """JupyterLab with settings, runtime folder and files of its own."""
    if not (BUILT / "static" / "style.js").exists():
        pytest.skip("the extension is not built; `make test` does it")
    home = tmp_path_factory.mktemp("lab")
    with serving(home) as server:
        yield server


class serving:
    """A JupyterLab server, as a context; `stop` and `start` leave its folders as they are."""

    def __init__(self, home: Path, **environment: str) -> None:
        root = home / "root"
        root.mkdir(exist_ok=True)
        # Else a question about news covers the page.
        quiet = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        quiet.parent.mkdir(parents=True, exist_ok=True)
        quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
        # The extension as it is built in this checkout, whatever else is installed.
        (home / "share/labextensions").mkdir(parents=True, exist_ok=True)
        link = home / "share/labextensions/mdk-jupyter"
        if not link.exists():
            link.symlink_to(BUILT)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(8), root, home)
        self._port = port
        folders = {
            "JUPYTER_CONFIG_DIR": home / "config",
            "JUPYTER_DATA_DIR": home / "data",
            "JUPYTER_PATH": home / "share",
            "JUPYTER_RUNTIME_DIR": home / "runtime",
            "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
            "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        }
        paths = {name: str(path) for name, path in folders.items()}
        # So that its log says where, if it crashes.
        self.environment = os.environ | paths | {"PYTHONFAULTHANDLER": "1"} | environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lab:
        self.start()
        return self.lab

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            *(f"--port={self._port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.lab.token}"),
            *(f"--ServerApp.root_dir={self.lab.root}", "--LabApp.expose_app_in_browser=True"),
            *("--JupyterNotebookApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
            "--ServerApp.jpserver_extensions={'mdk_jupyter': True}",
        ]
        with (self.lab.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        for _ in range(600):
            assert self._process.poll() is None, self.lab.log
            try:
                httpx.get(f"{self.lab.url}/api", timeout=5)
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.lab.log)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.poll() is None, f"the server ended by itself: {process.returncode}\n{self.lab.log[-5000:]}"
        kernels = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "ipykernel_launcher" in child.cmdline()
        ]
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:  # it waits for pages that are still open
            process.kill()
            process.wait()
        for kernel in kernels:  # it had no time for them
            with contextlib.suppress(psutil.NoSuchProcess):
                kernel.kill()


# No longer than it must: while it is there, its event loop is taken for a running one by all others.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(lab: Lab, browser: Browser) -> Iterator[Page]:
    """JupyterLab's page, ready; English, 1280 by 800."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    open_lab(page, lab.page())
    yield page
    page.close()


def open_lab(page: Page, url: str) -> None:
    """Go to a page of JupyterLab or Notebook and wait until all its plugins are there."""
    page.goto(url)
    page.wait_for_function("() => window.jupyterapp", timeout=60_000)
    page.evaluate("() => jupyterapp.restored.then(() => jupyterapp.allPluginsActivated)")


def shoot(page: Page, name: str) -> None:
    """Keep a picture, where pictures are wanted."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")
