"""How heavy the JupyterLab extension is, and how soon it shows what happens.

Needs Chromium and a production build (`jlpm build:prod` in labextension/).
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from jupyter_servers import write  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from report import Row, Section  # noqa: E402
from servers import end_servers  # noqa: E402

from mdk_jupyter.kernels import place  # noqa: E402
from tests.browser.conftest import BROWSERS, BUILT, Lab, open_lab, serving  # noqa: E402

STEPS = 6
_WATCH = """
() => {
  window.seen = [];
  const stamp = (kind, step, state) => window.seen.push([kind, step, state, Date.now()]);
  jupyterapp.serviceManager.events.stream.connect((_, told) => {
    if (told.event?.kind === 'step') { stamp('heard', told.event.step, told.event.state); }
  });
  new MutationObserver(changes => requestAnimationFrame(() => changes.forEach(({target}) => {
    if (target.dataset.component) { stamp('shown', target.dataset.component, target.dataset.state); }
  }))).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['data-state']});
}
"""
_OPEN = """
() => new Promise(resolve => {
  const began = performance.now();
  const look = () => document.querySelector('li[data-component]')
    ? requestAnimationFrame(() => resolve(performance.now() - began)) : requestAnimationFrame(look);
  jupyterapp.commands.execute('mdk:show-sidebar');
  look();
})
"""


def section(rounds: int = 5) -> Section:
    """Measure the extension in a JupyterLab of its own."""
    return Section(
        "The JupyterLab extension",
        f"A page with a notebook of {STEPS} components. An event is a line in the journal of a run that a terminal "
        f"started; its pixel is the component's new colour. Medians of {rounds} rounds, and the slowest of all.",
        _rows(rounds),
    )


def _rows(rounds: int) -> list[Row]:
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        return [Row("all of it", None, "there is no Chromium")]
    loaded: set[str] = set()
    kernels = tempfile.mkdtemp(prefix="mdk-b-")
    os.environ[place.FOLDER] = kernels  # servers of its own, which end with it
    try:
        with tempfile.TemporaryDirectory() as home, serving(Path(home)) as lab, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.on("response", lambda answer: loaded.add(answer.url.split("?")[0].rsplit("/", 1)[-1]))
            opened = [first_paint(page, lab) for _ in range(rounds)]
            rows = sizes(loaded)
            rows.append(_median("sidebar: from the click to its first paint", opened))
            rows += delays(page, lab, rounds)
            browser.close()
        return rows
    finally:
        del os.environ[place.FOLDER]
        end_servers(Path(kernels))
        shutil.rmtree(kernels, ignore_errors=True)


def sizes(loaded: set[str]) -> list[Row]:
    """What a page with the sidebar has loaded, and what is loaded only when it is needed."""
    initial, lazy = [0, 0], [0, 0]
    for file in (BUILT / "static").glob("*.js"):
        content = file.read_bytes()
        kind = initial if file.name in loaded else lazy
        kind[0] += len(content)
        kind[1] += len(gzip.compress(content))
    return [
        Row(f"{name}, compressed", small / 1000, "as it is", raw / 1000, unit="kB")
        for name, (raw, small) in (("loaded at once", initial), ("loaded when needed", lazy))
    ]


def _median(what: str, milliseconds: list[float]) -> Row:
    return Row(what, statistics.median(milliseconds) / 1000, "the slowest", max(milliseconds) / 1000)


def first_paint(page: Page, lab: Lab) -> float:
    """Milliseconds until the open notebook's components are shown, on a fresh page."""
    write(
        lab.root / "flow.ipynb",
        ("parameters", "seed = 0"),
        *((f"component:step_{n}", f"v{n} = seed" if n == 0 else f"v{n} = v{n - 1} + 1") for n in range(STEPS)),
    )
    open_lab(page, lab.page())
    page.evaluate(
        "() => jupyterapp.commands.execute('docmanager:open', {path: 'flow.ipynb', kernel: {name: 'python3'}})"
    )
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    page.wait_for_timeout(2000)  # the notebook is checked whether or not the sidebar is open
    return float(page.evaluate(_OPEN))


def delays(page: Page, lab: Lab, rounds: int) -> list[Row]:
    """From an event in the journal of a run of the terminal to the pixel, and the part of it that is the page's."""
    page.evaluate(_WATCH)
    whole: list[float] = []
    own: list[float] = []
    for number in range(rounds):
        command = [sys.executable, "-m", "mdk_jupyter.cli", "run", "local", "flow.ipynb", "-p", f"seed={number}"]
        subprocess.run(command, cwd=lab.root, check=True, capture_output=True, env=environment(lab))
        page.wait_for_timeout(1500)
        seen: list[list[Any]] = page.evaluate("() => window.seen.splice(0)")
        newest = max((lab.root / ".mdk/runs").iterdir(), key=lambda folder: folder.name)
        happened = {(e["step"], e["state"]): e["time"] * 1000 for e in events(newest) if e["kind"] == "step"}
        heard = {(step, state): at for kind, step, state, at in seen if kind == "heard"}
        shown = {(step, state): at for kind, step, state, at in seen if kind == "shown"}
        whole += [at - happened[key] for key, at in shown.items() if key in happened]
        own += [at - heard[key] for key, at in shown.items() if key in heard]
    return [_median("from an event to its pixel", whole), _median("of it, in the page", own)]


def events(run: Path) -> list[dict[str, Any]]:
    file = next(run.glob("events.jsonl"))
    return [json.loads(line) for line in file.read_text().splitlines()]


def environment(lab: Lab) -> dict[str, str]:
    return os.environ | {"JUPYTER_RUNTIME_DIR": str(lab.home / "runtime")}
