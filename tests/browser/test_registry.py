"""The model registry in JupyterLab: found, looked at, promoted and rolled back, embedded and behind a server."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab_pages import keeps
from playwright.sync_api import Browser, Locator, Page, Response, expect
from registry_seed import register_flights, seed
from registry_server import Callers, Server, role

from mdk_jupyter.registry.connecting import registry as registry_at
from mdk_jupyter.registry.face import RegistryFace
from tests.browser.conftest import Lab, open_lab, serving, shoot

THEMES = ("JupyterLab Dark High Contrast", "JupyterLab Dark", "JupyterLab Light")
TABS = ("Version", "Compare", "Lineage", "Model card", "Metrics", "History", "Rules")
MANY = 5000
OPERATIONS = """\
# What serves, and why.
apiVersion: mdk/v1
kind: Operations
environments:
  prod:
    models:
      flights:
        champion: 1.3.1  # knows the weather
        serial: 1
        reason: knows the weather of the airport
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Lab]:
    """A server on a repository whose registry is a file, with a champion in the protected environment prod."""
    who = {f"GIT_{kind}_{what}": f"ada{at}" for kind in ("AUTHOR", "COMMITTER") for what, at in WHO.items()}
    with serving(tmp_path_factory.mktemp("registry"), **who) as server:
        (server.root / "mdk.yaml").write_text("name: delays\nenvironments: {prod: {protected: true}}\n", "utf-8")
        (server.root / "operations.yaml").write_text(OPERATIONS, "utf-8")
        (server.root / ".gitignore").write_text(".mdk\n", "utf-8")
        for words in (("init", "-b", "main"), ("add", "."), (*NAMED, "commit", "-m", "Begin")):
            git(server.root, *words)
        (server.root / ".mdk").mkdir()
        seed(beside(server))
        yield server


WHO = {"NAME": "", "EMAIL": "@example.org"}
NAMED = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def beside(lab: Lab) -> RegistryFace:
    """The registry of the server's root, as another client has it."""
    return registry_at(f"sqlite:///{lab.root}/.mdk/registry.db")


def execute(page: Page, command: str, **arguments: str) -> None:
    """Carry out a command, and do not wait for the dialog that it shows."""
    page.evaluate("([id, args]) => { void jupyterapp.commands.execute(id, args); }", [command, arguments])


def section(page: Page) -> Locator:
    """The section Registry, with the cursor in its search box."""
    page.wait_for_function("() => document.activeElement !== document.body")  # the launcher takes it when it is ready
    execute(page, "mdk:search-registry")
    found = page.get_by_role("region", name="Registry Section")
    expect(found.get_by_role("searchbox")).to_be_focused()
    return found


def model_page(page: Page, model: str) -> Locator:
    return page.get_by_role("region", name=f"Model {model}")


def in_themes(page: Page, names: tuple[str, ...] = THEMES) -> Iterator[str]:
    """Show each theme in turn; the light one is the last."""
    for name in names:
        page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        yield name.removeprefix("JupyterLab ").lower().replace(" ", "-")


def accessible(page: Page, context: str) -> None:
    violations = Axe().run(page, context=context).response["violations"]
    told = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in violations]
    assert not told, told


def test_models_are_found_and_looked_at(page: Page) -> None:
    part = section(page)
    rows = part.get_by_role("option")
    expect(rows).to_have_count(6)
    expect(rows.filter(has_text="flights").locator("[data-environment=prod]")).to_have_text(re.compile("1.3.1"))
    page.keyboard.type("champion:prod uplif")
    expect(rows).to_have_count(1)
    page.keyboard.press("Control+A")
    page.keyboard.type("nothing is called so")
    expect(part.get_by_text("No model is like that.")).to_be_visible()
    page.keyboard.press("Control+A")
    page.keyboard.type("flights")
    expect(rows).to_have_count(1)
    accessible(page, ".jp-mdk-RegistrySection")

    page.keyboard.press("ArrowDown")  # by keys alone
    page.keyboard.press("Enter")
    view = model_page(page, "flights")
    expect(view.get_by_role("heading", name="1.3.6")).to_be_visible()
    expect(view.get_by_text("with changes that no commit has")).to_be_visible()
    versions = view.get_by_role("listbox", name="Versions of flights")
    versions.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(view.get_by_role("heading", name="1.3.3")).to_be_visible()
    expect(versions.get_by_role("option", name="1.2.2").get_by_text("quarantined")).to_be_attached()
    view.get_by_role("tab", name="Version").focus()
    expected = {
        "Compare": "learning_rate",
        "Lineage": "version",
        "Model card": "Says how many minutes late",
        "Metrics": "trend",
        "History": "knows the weather of the airport",
        "Rules": "champion in stage before",
    }
    for tab, text in expected.items():
        page.keyboard.press("ArrowRight")
        expect(view.get_by_role("tab", name=tab)).to_be_focused()
        expect(view.get_by_role("tabpanel", name=tab).get_by_text(text).first).to_be_attached()
    view.get_by_role("tab", name="Compare").click()
    view.get_by_role("combobox", name="The other version").select_option("1.3.2")
    expect(view.get_by_role("row", name=re.compile(r"auc 0.846 0.902 \+0.056"))).to_be_visible()
    expect(view.get_by_role("row", name=re.compile("^git.commit"))).to_be_visible()
    view.get_by_role("tab", name="Metrics").click()
    view.get_by_role("button", name="rmse").click()
    expect(view.locator("figure svg")).to_contain_text("dev, stage")
    view.get_by_role("tab", name="History").click()
    view.get_by_role("combobox", name="Environment").select_option("prod")
    expect(view.get_by_role("row")).to_have_count(5)
    view.get_by_role("tab", name="Model card").click()
    view.get_by_role("button", name="Edit").click()
    view.get_by_role("textbox", name="Model card").fill("# Arrival delays\n\nNot for **snow**.")
    view.get_by_role("button", name="Save").click()
    expect(view.get_by_role("group", name="Model card").locator("strong")).to_have_text("snow")
    expect(view.get_by_text("the three snow days are left out")).to_be_visible()

    for theme in in_themes(page):
        for tab in TABS if theme == "light" else TABS[:3]:
            view.get_by_role("tab", name=tab).click()
            expect(view.get_by_text("Loading…")).to_have_count(0)
            accessible(page, ".jp-mdk-ModelPage")
            shoot(page, f"registry-{tab.lower().replace(' ', '-')}-{theme}")
    with page.expect_response(keeps('"view":"history"')):
        view.get_by_role("tab", name="History").click()
    page.reload()
    expect(model_page(page, "flights").get_by_role("tab", name="History")).to_have_attribute("aria-selected", "true")
    expect(model_page(page, "flights").get_by_role("option", name="1.3.3")).to_have_attribute("aria-selected", "true")


def test_versions_of_all_models_are_searched(page: Page, lab: Lab) -> None:
    part = section(page)
    rows = part.get_by_role("listbox", name="Versions").get_by_role("option")
    page.keyboard.type("auc > 0.9")
    expect(part.get_by_role("radio", name="Versions")).to_be_checked()
    expect(rows.filter(has_text="fraud-cards 1.0.0")).to_contain_text("auc 0.93")
    expect(rows.filter(has_text="flights 1.3.6")).to_have_count(1)
    expect(rows.filter(has_text="churn")).to_have_count(0)
    page.keyboard.type(" rmse<12 champion:stage by:ada sta")
    expect(part.get_by_text("No version is like that.")).to_be_visible()
    for _ in " by:ada sta":
        page.keyboard.press("Backspace")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("auc 0.902 · rmse 11.8")
    expect(rows.first.locator("[data-place=champion]")).to_have_text(["dev", "stage"])
    page.keyboard.press("Control+A")
    page.keyboard.type("label:team=delays since:2020-01-01 status:")
    expect(part.get_by_text("Not understood yet: status:")).to_be_visible()
    expect(rows).to_have_count(1)
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    hints = part.get_by_role("region", name="What can be looked for")
    expect(hints).to_contain_text("mdk registry search")
    for theme in in_themes(page):
        accessible(page, ".jp-mdk-RegistrySection")
        shoot(page, f"registry-search-{theme}")
    page.keyboard.press("Enter")
    expect(hints).to_have_count(0)
    part.get_by_role("searchbox").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    view = model_page(page, "flights")
    expect(view.get_by_role("heading", name="1.3.3")).to_be_visible()

    part.get_by_role("searchbox").fill("")
    expect(part.get_by_role("option")).to_have_count(6)  # models again
    part.get_by_role("radio", name="Versions").check()
    expect(part.get_by_text(re.compile(r"^\d+ versions$"))).to_be_visible()
    expect(part.get_by_role("searchbox", name="Search versions")).to_have_attribute(
        "placeholder", "rmse<0.3 label:team=x"
    )
    rows.filter(has_text="uplift 1.0.0").click(button="right")
    page.get_by_role("menuitem", name="Open Model").click()
    expect(model_page(page, "uplift").get_by_role("heading", name="1.0.0")).to_be_visible()
    shoot(page, "registry-versions")
    register_flights(beside(lab), 14)
    expect(rows.filter(has_text="flights 1.4.0")).to_be_visible(timeout=10_000)


def test_promotion_and_rollback(page: Page, lab: Lab) -> None:
    dialog = page.get_by_role("dialog")
    accept = dialog.get_by_role("button", name="Promote")
    reason = dialog.get_by_label("Reason")
    part = section(page)
    execute(page, "mdk:open-model", model="flights", version="1.3.2")
    view = model_page(page, "flights")
    view.get_by_role("button", name="Promote…").click()
    dialog.get_by_label("Environment").select_option("stage")
    gates = dialog.get_by_role("list", name="Gates").get_by_role("listitem")
    expect(gates).to_have_count(3)
    expect(gates.filter(has_text="failed:")).to_have_count(2)
    expect(gates.filter(has_text="no-worse")).to_contain_text("rmse is 14.11, not <= 12.3")
    expect(dialog.get_by_role("row", name=re.compile("auc 0.902 0.846 −0.056"))).to_be_visible()
    expect(dialog.get_by_text("1.3.1: 20 %")).to_be_visible()
    reason.fill("because")
    expect(accept).to_be_disabled()
    dialog.get_by_label("Break the glass").check()
    expect(dialog.get_by_text("For emergencies.")).to_be_visible()
    expect(accept).to_be_disabled()  # without saying what the emergency is
    for theme in in_themes(page):
        accessible(page, ".jp-mdk-Dialog")
        shoot(page, f"promote-{theme}")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    execute(page, "mdk:promote-version", model="flights", version="1.3.5", environment="stage")
    expect(gates.filter(has_text="passed:")).to_have_count(3)
    expect(dialog.get_by_text("grace")).to_have_count(0)
    expect(dialog.get_by_text("ada")).to_be_visible()  # who trained it
    expect(accept).to_be_disabled()
    reason.fill("better on December")
    accept.click()
    expect(dialog).to_have_count(0)
    stage = view.get_by_role("listitem").filter(has_text="stage")
    expect(stage.get_by_role("button", name="1.3.5")).to_be_visible()
    expect(part.locator("[data-mdk-model=flights] [data-environment=stage]")).to_contain_text("1.3.5")

    # Somebody else is faster.
    other = beside(lab)
    execute(page, "mdk:promote-version", model="flights", version="1.3.4", environment="stage")
    reason.fill("even better")
    other.rollback("flights", environment="stage", reason="the new one crashes", quarantine=False)
    accept.click()
    expect(dialog.get_by_text("Somebody changed this environment")).to_be_visible()
    expect(dialog.get_by_role("columnheader", name="1.3.3")).to_be_visible()
    expect(reason).to_have_value("even better")
    accept.click()
    expect(dialog).to_have_count(0)
    assert other.champion("flights", environment="stage").version.version == "1.3.4"

    # Back again.
    stage.get_by_role("button", name="Roll back…").click()
    back = dialog.get_by_role("button", name="Roll back")
    expect(dialog.get_by_label("Version to go back to")).to_have_value("1.3.3")
    expect(dialog.get_by_text("Put 1.3.4 into quarantine")).to_be_visible()
    expect(back).to_be_disabled()
    accessible(page, ".jp-mdk-Dialog")
    shoot(page, "rollback")
    reason.fill("false alarms")
    back.click()
    expect(dialog).to_have_count(0)
    expect(stage.get_by_role("button", name="1.3.3")).to_be_visible()
    expect(view.get_by_role("option", name="1.3.4").get_by_text("quarantined")).to_be_visible()
    said = other.history("flights", environment="stage", limit=1).items[0]
    assert (said.action, said.data["reason"]) == ("rollback", "false alarms")

    # What others do shows by itself.
    other.publish("flights/1.3.5", environment="dev", reason="from the terminal")
    dev = view.get_by_role("listitem").filter(has_text="dev")
    expect(dev.get_by_role("button", name="1.3.5")).to_be_visible()
    expect(part.locator("[data-mdk-model=flights] [data-environment=dev]")).to_contain_text("1.3.5")
    register_flights(other, 20)
    expect(view.get_by_role("option").first).to_contain_text("1.4.0")


def test_challengers(page: Page, lab: Lab) -> None:
    other = beside(lab)
    standing = other.observe("stage", names=["flights"])[0]
    dialog = page.get_by_role("dialog")
    rows = dialog.get_by_role("list", name="Challengers").get_by_role("listitem")
    accept = dialog.get_by_role("button", name="Set challengers")
    execute(page, "mdk:open-model", model="flights", version="1.3.0")
    view = model_page(page, "flights")
    stage = view.get_by_role("listitem").filter(has_text="stage")
    stage.get_by_role("button", name="Challengers…").click()
    expect(dialog.get_by_role("combobox", name="Environment")).to_be_focused()
    expect(dialog.get_by_label("Percent of the traffic for")).to_have_count(len(standing.challengers))
    for _ in standing.challengers:
        rows.first.get_by_role("button", name="Remove").click()
    expect(dialog.get_by_role("button", name="Add a challenger")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    dialog.get_by_role("combobox", name="Challenger 1").select_option("1.3.0")
    dialog.get_by_role("combobox", name="Challenger 2").select_option("1.2.4")
    dialog.get_by_label("Reason").fill("look at both")
    dialog.get_by_label("Percent of the traffic for 1.3.0").fill("95")
    expect(dialog.get_by_text("The challengers have 105 % together")).to_be_visible()
    expect(accept).to_be_disabled()
    for theme in in_themes(page):
        accessible(page, ".jp-mdk-Dialog")
        shoot(page, f"challengers-{theme}")
    dialog.get_by_label("Percent of the traffic for 1.3.0").fill("25")
    expect(dialog.get_by_text("65 % of the traffic")).to_be_visible()
    expect(dialog.get_by_text("whoever can write into the registry, which is a file")).to_be_visible()
    shoot(page, "challengers")
    expect(accept).to_be_enabled()
    accept.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(stage.get_by_text("1.3.0: 25 %")).to_be_visible()
    now = other.observe("stage", names=["flights"])[0]
    assert now.challengers == {"1.3.0": 25, "1.2.4": 10} and now.champion == standing.champion

    view.get_by_role("button", name="Challenge…").click()  # of the version that is looked at
    expect(dialog.get_by_text("protected: it changes through git")).to_be_visible()
    expect(dialog.get_by_role("combobox", name="Challenger 1")).to_have_value("1.3.0")
    dialog.get_by_label("Reason").fill("a few at first")
    added = dialog.get_by_label("Change to the file").locator("[data-kind=added]")
    expect(added.filter(has_text="a few at first")).to_be_visible()
    expect(added.filter(has_text="challengers: {1.3.0: 10}")).to_be_visible()
    expect(dialog.get_by_text("whoever can merge it")).to_be_visible()
    for theme in in_themes(page, THEMES[1:]):
        accessible(page, ".jp-mdk-Dialog")
        shoot(page, f"challengers-protected-{theme}")
    dialog.get_by_role("button", name="Make the branch").click()
    expect(dialog).to_have_count(0)
    branch = "mdk/challenge-flights-prod"
    assert "challengers: {1.3.0: 10}" in git(lab.root, "show", f"{branch}:operations.yaml")
    assert not other.observe("prod", names=["flights"])[0].challengers
    git(lab.root, "branch", "-D", branch)


def test_smaller_changes(page: Page, lab: Lab) -> None:
    dialog = page.get_by_role("dialog")
    other = beside(lab)
    version = other.version("invoice-classifier@latest").reference
    about = {"model": "invoice-classifier", "version": version.split("/")[1]}
    said = {
        "mdk:quarantine-version": ("Quarantine", "Reason", "too few rows"),
        "mdk:release-version": ("Release", "Reason", "they are enough"),
        "mdk:approve-version": ("Approve", "Comment", "looked at December"),
        "mdk:annotate-version": ("Annotate", "Note", "asks for the new schema"),
        "mdk:archive-version": ("Archive", "Reason", "nobody asks for it"),
    }
    for command, (verb, field, text) in said.items():
        execute(page, command, **about)
        button = dialog.get_by_role("button", name=verb)
        expect(button).to_be_disabled()
        dialog.get_by_label(field).fill(text)
        if verb == "Annotate":
            dialog.get_by_label("Labels").fill("team=customers")
        accessible(page, ".jp-mdk-Dialog")
        button.click()
        expect(dialog).to_have_count(0)
    found = other.version(version)
    assert (found.status, found.status_reason, found.labels) == (
        "archived",
        "nobody asks for it",
        {"team": "customers"},
    )
    history = other.history("invoice-classifier").items
    assert {
        record.data.get("note") or record.data.get("comment") or record.data.get("reason") for record in history
    } >= {text for _, _, text in said.values()}


def test_protected_environment_changes_through_git(page: Page, lab: Lab) -> None:
    other = beside(lab)
    before = other.champion("flights", environment="prod")
    execute(page, "mdk:promote-version", model="flights", version="1.3.3", environment="prod")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("protected: it changes through git")).to_be_visible()
    expect(dialog.get_by_label("Break the glass")).to_have_count(0)
    dialog.get_by_label("Reason").fill("better on December")
    diff = dialog.get_by_label("Change to the file")
    expect(diff.locator("[data-kind=added]").filter(has_text="better on December")).to_be_visible()
    expect(diff.locator("[data-kind=removed]").filter(has_text="champion: 1.3.1")).to_be_visible()
    for theme in in_themes(page, THEMES[1:]):
        accessible(page, ".jp-mdk-Dialog")
        shoot(page, f"protected-{theme}")
    dialog.get_by_role("button", name="Make the branch").click()
    expect(dialog).to_have_count(0)
    branch = git(lab.root, "branch", "--format=%(refname:short)", "--no-merged", "main").strip()
    edited = git(lab.root, "show", f"{branch}:operations.yaml")
    assert "champion: 1.3.3" in edited and "better on December" in edited and "# What serves, and why." in edited
    assert (lab.root / "operations.yaml").read_text("utf-8") == OPERATIONS
    assert other.champion("flights", environment="prod") == before
    expect(page.get_by_text(f"The branch {branch} has the change")).to_be_attached()


def test_thousands_of_models(page: Page, lab: Lab) -> None:
    for name in ("many", "none"):
        (lab.root / name).mkdir()
        (lab.root / name / "mdk.yaml").write_text(f"name: {name}\n", "utf-8")
    many = lab.root / "many" / ".mdk" / "registry.db"
    many.parent.mkdir()
    registry_at(f"sqlite:///{many}").models()
    columns = "name, project, created, created_by, versions, champions"
    with sqlite3.connect(many) as database:
        row = "printf('model-%05d', n), 'p' || (n % 7), 0, 'ada', 0, '{}'"
        numbers = f"with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < {MANY})"
        database.execute(f"{numbers} insert into models({columns}) select {row} from numbers")
    database.close()

    part = section(page)
    go_to = "path => jupyterapp.commands.execute('filebrowser:go-to-path', { path }).then(() => null)"
    page.evaluate(go_to, "none")
    execute(page, "mdk:search-registry")
    expect(part.get_by_text("There are no models yet.")).to_be_visible()
    expect(part.get_by_text("mdk.log_model(")).to_be_visible()
    page.evaluate(go_to, "many")
    execute(page, "mdk:search-registry")
    expect(part.get_by_role("option").first).to_contain_text("model-00001")
    rows = part.get_by_role("listbox", name="Models")
    rows.focus()
    for _ in range(20 * MANY // 100):  # a busy server takes its time for each hundred
        if rows.get_by_text(f"model-{MANY:05}").count():
            break
        page.keyboard.press("End")
        page.wait_for_timeout(60)
    expect(rows.get_by_text(f"model-{MANY:05}")).to_be_visible()
    assert rows.get_by_role("option").count() < 100  # what is drawn
    shown = page.evaluate(SCROLLED)
    assert shown == 40, "a screen without rows"
    page.keyboard.press("Home")
    expect(rows.get_by_text("model-00001")).to_be_visible()
    page.evaluate(go_to, "")


SCROLLED = """async () => {
  const list = document.querySelector('.jp-mdk-RegistrySection .jp-mdk-WindowedRows');
  const frame = () => new Promise(requestAnimationFrame);
  let filled = 0;
  for (let n = 0; n < 40; n++) {
    list.scrollTop = (n * 4931) % list.scrollHeight;
    await frame(); await frame(); await frame();
    const box = list.getBoundingClientRect();
    const row = document.elementFromPoint(box.left + 20, box.top + box.height / 2)?.closest('.jp-mdk-ListRow');
    filled += row ? 1 : 0;
  }
  return filled;
}"""


class Watched:
    """Looks for a text in all that a page receives."""

    def __init__(self, page: Page, text: str) -> None:
        self.text = text
        self.found: list[str] = []
        self.seen = 0
        page.on("response", self._response)
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self._look(socket.url, frame)))
        page.on("request", lambda request: self._look(request.url, f"{request.headers} {request.post_data}"))

    def _response(self, response: Response) -> None:
        if "/static/" in response.url or response.status in {204, 301, 302, 304}:
            return
        try:
            self._look(response.url, response.text())
        except Exception:  # the page went on before its answer was read
            return

    def _look(self, url: str, content: str | bytes) -> None:
        self.seen += 1
        if self.text in str(content):
            self.found.append(url)


def test_registry_behind_a_server(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> None:
    database = f"sqlite:///{tmp_path}/registry.db"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    callers = Callers(database, ann=(role("approver"), role("admin")))
    token = callers.tokens["ann"]
    words = ("--db", database, "--auth", "dev", "--port", port)
    server = Server(*words)
    with serving(tmp_path_factory.mktemp("remote"), MDK_REGISTRY_TOKEN=token) as front:
        (front.root / "mdk.yaml").write_text(f"name: delays\nregistry: {{url: {server.url}}}\n", "utf-8")
        try:
            seed(registry_at(f"sqlite:///{tmp_path}/registry.db"))
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            watched = Watched(page, token)
            open_lab(page, front.page())
            part = section(page)
            expect(part.get_by_role("option")).to_have_count(6)
            execute(page, "mdk:open-model", model="flights")
            view = model_page(page, "flights")
            expect(view.get_by_role("heading", name="1.3.6")).to_be_visible()
            execute(page, "mdk:promote-version", model="flights", version="1.3.5", environment="dev")
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Reason").fill("better on December")
            dialog.get_by_role("button", name="Promote").click()
            expect(dialog).to_have_count(0)
            expect(part.locator("[data-mdk-model=flights] [data-environment=dev]")).to_contain_text("1.3.5")

            server.stop()
            execute(page, "mdk:refresh-registry")
            trouble = part.get_by_role("alert")
            expect(trouble).to_contain_text("The registry does not answer.")
            expect(part.get_by_role("option")).to_have_count(6)  # what was known stays
            shoot(page, "registry-away")
            accessible(page, ".jp-mdk-RegistrySection")
            view.get_by_role("tab", name="Lineage").click()
            expect(view.get_by_role("tabpanel").get_by_role("button", name="Try again")).to_be_visible()
            page.evaluate("() => jupyterapp.commands.execute('mdk:show-sidebar')")  # the rest goes on

            part.get_by_role("button", name="Try again").click()
            expect(trouble).to_contain_text("The registry does not answer.")
            server = Server(*words)
            execute(page, "mdk:refresh-registry")  # by itself it would ask again as well, and take the buttons away
            expect(trouble).to_have_count(0)
            expect(view.get_by_role("img", name=re.compile("Lineage: .*version flights 1.3.6"))).to_be_visible()
            page.close()
            assert watched.seen > 50 and not watched.found
        finally:
            server.stop()
