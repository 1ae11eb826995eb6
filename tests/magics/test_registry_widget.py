"""The registry in a notebook: `mdk.registry()`, `%mdk registry`, and the buttons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from gitops import Team
from hypothesis import given
from hypothesis import strategies as st
from real_kernel import Kernel

from mdk_jupyter.registry.domain import ArtifactRef, Gate, Policy, Status, Version
from mdk_jupyter.registry.embedded import embedded, local_actor
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.registry.service import Registry
from mdk_jupyter.widgets.chart import chart_metrics, metric_chart
from mdk_jupyter.widgets.registry import Browser

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistryFace]:
    service = Registry.open(f"sqlite:///{tmp_path / 'r.db'}")
    found = embedded(service, local_actor())
    for number, auc in enumerate((0.7, 0.8, 0.75)):
        artifact = ArtifactRef(uri=f"file:///{number}", sha256=f"{number:064x}")
        found.register("flights", artifact=artifact, metrics={"auc": auc}, description=EVIL)
    found.register("delays", artifact=ArtifactRef(uri="file:///d"))
    found.publish("flights/1.0.0", environment="dev", reason=EVIL)
    yield found
    service.close()


def html(browser: Browser) -> str:
    return str(browser.table.value + browser.chart.value + browser.said.value)


def test_it_shows_models_versions_champions_and_a_chart(registry: RegistryFace) -> None:
    browser = Browser(registry)
    assert list(browser.model.options) == ["delays", "flights"]
    browser.model.value = "flights"
    assert list(browser.version.options) == ["1.0.2", "1.0.1", "1.0.0"]
    assert browser.metric.value == "auc" and "<svg" in browser.chart.value
    assert '<span class="mdk-champion">★ dev</span>' in browser.table.value
    assert EVIL not in html(browser) and "onerror" in html(browser)
    browser.text.value = "del"
    assert list(browser.model.options) == ["delays"] and not browser.chart.value
    browser.text.value = "nothing like it"
    assert not browser.model.options and "no models" in browser.table.value
    browser.promote.click()
    assert not browser.said.value


def test_a_promotion_is_shown_asked_and_done(registry: RegistryFace) -> None:
    browser = Browser(registry)
    browser.model.value = "flights"
    browser.version.value = "1.0.1"
    browser.publish.click()
    assert "Publish flights/1.0.1 in dev?" in browser.said.value and "+0.1" in browser.said.value
    assert browser.question.layout.display == "flex"
    assert registry.champion("flights", environment="dev").version.version == "1.0.0", "nothing has happened yet"
    browser.confirm.click()
    assert "say why" in browser.said.value
    assert registry.champion("flights", environment="dev").version.version == "1.0.0"
    browser.reason.value = "better"
    browser.confirm.click()
    champion = registry.champion("flights", environment="dev")
    assert (champion.version.version, champion.reason) == ("1.0.1", "better")
    assert browser.question.layout.display == "none" and "★ dev 1.0.1" in browser.said.value
    browser.confirm.click()
    assert registry.champion("flights", environment="dev").revision == champion.revision, "one click, one change"

    browser.rollback.click()
    assert "Roll back from 1.0.1 in dev?" in browser.said.value
    browser.reason.value = "worse"
    browser.confirm.click()
    assert registry.champion("flights", environment="dev").version.version == "1.0.0"
    assert registry.version("flights/1.0.1").status is Status.QUARANTINED

    browser.version.value = "1.0.2"
    browser.promote.click()
    browser.environment.value = "stage"
    assert browser.question.layout.display == "none", "what was shown no longer fits"


def test_a_protected_environment_is_changed_by_a_pull_request(
    registry: RegistryFace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    team = Team(home, f"sqlite:///{tmp_path / 'unused.db'}", "apiVersion: mdk/v1\nkind: Operations\nenvironments: {}\n")
    for environment in ("dev", "stage"):
        registry.publish("flights/1.0.1", environment=environment)
    monkeypatch.chdir(team.ada.folder)
    for name, value in team.ada.environ.items():
        monkeypatch.setenv(name, value)
    browser = Browser(registry)
    browser.model.value = "flights"
    browser.version.value = "1.0.1"
    browser.environment.value = "prod"
    browser.publish.click()
    shown = browser.said.value
    assert "mdk/promote-flights-1.0.1-prod" in shown and "+0.1" not in shown
    assert "+        champion: 1.0.1" in shown and "pull request" in shown
    browser.reason.value = "better"
    browser.confirm.click()
    assert "git push -u origin mdk/promote-flights-1.0.1-prod" in browser.said.value, browser.said.value
    text = team.ada.git("show", "mdk/promote-flights-1.0.1-prod:operations.yaml")
    assert "champion: 1.0.1" in text and "reason: better" in text
    assert registry.observe("prod", names=["flights"])[0].champion is None


def test_what_the_registry_refuses_is_said(registry: RegistryFace) -> None:
    registry.set_policy(Policy(environment="dev", gates=(Gate(name="best", kind="metric", expression="auc > 0.9"),)))
    browser = Browser(registry)
    browser.model.value = "flights"
    browser.promote.click()
    assert "✕ failed" in browser.said.value and browser.question.layout.display == "none"
    browser.environment.value = "prod"
    browser.rollback.click()
    assert "MDK502" in browser.said.value
    browser.environment.value = "dev"
    registry.set_policy(Policy(environment="dev"))
    browser.publish.click()
    registry.publish("flights/1.0.1", environment="dev", reason="somebody else")
    browser.reason.value = "mine"
    browser.confirm.click()
    assert "MDK510" in browser.said.value
    assert registry.champion("flights", environment="dev").version.version == "1.0.1"


@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**60), 2**60), st.booleans(), st.just("x")
        ),
        max_size=8,
    )
)
def test_a_chart_is_well_formed_whatever_the_metrics(values: list[Any]) -> None:
    versions = [_version(number, {"<m>": value}) for number, value in enumerate(values)]
    drawn = metric_chart(versions, "<m>")
    if drawn:
        ElementTree.fromstring(drawn)
        assert "nan" not in drawn and "inf" not in drawn.replace("infinity", "")
    assert set(chart_metrics(versions)) <= {"<m>"}


def _version(number: int, metrics: dict[str, Any]) -> Version:
    about: dict[str, Any] = {
        "model": "m", "project": "p", "version": f"1.0.{number}", "n": number + 1,
        "artifact": {"uri": "file:///x"}, "metrics": metrics, "parameters": {}, "signature": None, "provenance": {},
        "datasets": [], "cost": None, "description": None, "vertex_model": None, "extra": {},
        "created": "2026-01-01T00:00:00Z", "registered_by": "a", "labels": {}, "status": "active", "places": {},
    }  # fmt: skip
    return Version.model_validate(about)


# In real kernels


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    setup = (
        "%load_ext mdk_jupyter\nimport mdk_jupyter as mdk\n"
        "mdk.log_model('flights', {'w': 1}, metrics={'auc': 0.7}); mdk.log_model('flights', {'w': 2})"
    )
    running = Kernel(setup, tmp_path_factory.mktemp("work"))
    yield running
    running.close()


def pictures(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [output["data"] for output in outputs if "data" in output]


@pytest.mark.parametrize("cell", ["mdk.registry()", "%mdk registry"])
def test_a_cell_shows_the_browser(kernel: Kernel, cell: str) -> None:
    (shown,) = pictures(kernel.run(cell))
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "flights" in shown["text/html"] and "flights" in shown["text/plain"], "and a table for the saved notebook"


def test_commands_return_sheets_with_their_values(kernel: Kernel) -> None:
    outputs = kernel.run("%mdk promote flights 1.0.0 --to dev --yes -m first")
    plan, result = pictures(outputs)
    assert "none" in plan["text/plain"] and "★ dev 1.0.0" in result["text/html"]
    kernel.run("found = %mdk registry show flights/1.0.0")
    assert kernel.value("found.value.places['dev'].value, found.value.metrics") == "('champion', {'auc': 0.7})"
    (shown,) = pictures(kernel.run("mdk.registry().version('flights/1.0.0')"))
    assert '<span class="mdk-champion">★ dev</span>' in shown["text/html"]


def test_nobody_to_ask_is_said(tmp_path: Path) -> None:
    unattended = Kernel(
        "%load_ext mdk_jupyter\nimport mdk_jupyter as mdk\nmdk.log_model('m', {})", tmp_path, attended=False
    )
    try:
        outputs = unattended.run("%mdk promote m/1.0.0 dev")
        assert outputs[-1]["status"] == "error" and "MDK559" in str(outputs)
        assert outputs[-1]["status"] == "error"
    finally:
        unattended.close()
