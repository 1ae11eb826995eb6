"""Promotion and rollback through the server: at once, or by a branch where the environment is protected."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import CONFIG, Client, Heard
from registry_server import ARTIFACT

from mdk_jupyter.server.events.bus import REGISTRY

pytest_plugins = ("pytest_jupyter.jupyter_server",)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return CONFIG


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


async def registered(client: Client, *scores: float) -> None:
    for score in scores:
        await client.post("registry/models/flights/versions", {"artifact": ARTIFACT, "metrics": {"auc": score}})


async def test_a_version_is_promoted_and_the_one_before_comes_back(jp_serverapp: Any, client: Client) -> None:
    await registered(client, 0.7, 0.8)
    heard = Heard(jp_serverapp, REGISTRY)
    asked = {"model": "flights", "environment": "dev", "version": "1.0.0", "reason": "first"}
    plan = await client.post("operations/promote", asked)
    assert not plan["applied"] and not plan["protected"] and plan["edit"] is None and plan["revision"] == 0
    assert "1.0.0" in plan["text"] and plan["plan"]["hash"]
    await client.refused(404, client.get("registry/models/flights/champions/dev"))  # nothing has changed
    done = await client.post("operations/promote", {**asked, "apply": True, "revision": 0})
    assert done["applied"] and done["revision"] > 0
    assert (await client.get("registry/models/flights/champions/dev"))["version"]["version"] == "1.0.0"
    events = await heard.until(lambda found: len(found) > 0)
    assert events[0] == {"model": "flights", "environment": "dev", "action": "champion.changed"}
    newer = {**asked, "version": "latest", "apply": True}
    assert (await client.refused(412, client.post("operations/promote", {**newer, "revision": 0})))["revision"] > 0
    assert (await client.post("operations/promote", newer))["version"] == "1.0.1"
    refused = await client.refused(422, client.post("operations/promote", newer))
    assert refused["findings"][0]["code"] == "MDK624"  # it is the champion already
    back = {"model": "flights", "environment": "dev", "apply": True}
    unreasoned = await client.refused(400, client.post("operations/rollback", back))
    assert unreasoned["findings"][0]["names"] == ["reason"]
    rolled = await client.post("operations/rollback", {**back, "reason": "false alarms"})
    assert rolled["version"] == "1.0.0"
    assert (await client.get("registry/models/flights/versions/1.0.1"))["status"] == "quarantined"
    await client.refused(404, client.post("operations/promote", {**asked, "model": "none"}))


async def test_it_is_said_who_alone_may_change_an_environment(client: Client) -> None:
    await registered(client, 0.7)
    asked = {"model": "flights", "environment": "dev", "version": "1.0.0", "reason": "first"}
    assert (await client.post("operations/promote", asked))["changed_by"] == []
    policy = await client.get("registry/policies/dev")
    await client.put("registry/policies/dev", {**policy, "changed_by": ["ci"]})
    assert (await client.post("operations/promote", asked))["changed_by"] == ["ci"]
    refused = await client.refused(403, client.post("operations/promote", {**asked, "apply": True}))
    assert refused["findings"][0]["code"] == "MDK531"


async def test_versions_challenge_the_champion(jp_serverapp: Any, client: Client) -> None:
    await registered(client, 0.7, 0.8)
    heard = Heard(jp_serverapp, REGISTRY)
    asked = {"model": "flights", "environment": "dev", "reason": "try it", "challengers": {"1.0.1": 10}}
    await client.refused(404, client.post("operations/challengers", asked))
    await client.post("operations/promote", {**asked, "version": "1.0.0", "apply": True, "challengers": None})
    plan = await client.post("operations/challengers", asked)
    assert (plan["applied"], plan["protected"], plan["version"], plan["roles"]) == (False, False, "1.0.0", [])
    assert "1.0.1 10 %" in plan["text"]
    done = await client.post("operations/challengers", {**asked, "apply": True, "revision": plan["revision"]})
    assert done["applied"] and done["revision"] == plan["revision"] + 1
    events = await heard.until(lambda found: len(found) > 1)
    assert {"model": "flights", "environment": "dev", "action": "challengers.changed"} in events
    (dev,) = (await client.get("registry/models/flights/deployments"))[:1]
    assert [one["percent"] for one in dev["placements"] if one["place"] == "challenger"] == [10]
    stale = {**asked, "challengers": {}, "apply": True, "revision": plan["revision"]}
    await client.refused(412, client.post("operations/challengers", stale))
    wrong = await client.refused(422, client.post("operations/challengers", {**asked, "challengers": {"1.0.1": 101}}))
    assert wrong["findings"][0]["code"] == "MDK544"
    missing = await client.refused(400, client.post("operations/challengers", {**asked, "challengers": None}))
    assert missing["findings"][0]["names"] == ["challengers"]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


async def test_a_protected_environment_changes_by_a_branch(
    client: Client, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ann@example.org")
    (jp_root_dir / "mdk.yaml").write_text("name: flights\nenvironments: {stage: {protected: true}}\n")
    (jp_root_dir / ".gitignore").write_text(".mdk\n")
    git(jp_root_dir, "init", "-b", "main")
    git(jp_root_dir, "add", ".")
    git(jp_root_dir, "commit", "-m", "Begin")
    await registered(client, 0.7)
    assert (await client.get("about"))["environments"] == [{"name": "stage", "protected": True, "target": None}]
    await client.post("registry/models/flights/versions/1.0.0/promote", {"to": "stage"})
    asked = {"model": "flights", "environment": "stage", "version": "1.0.0", "reason": "better"}
    plan = await client.post("operations/promote", asked)
    assert plan["protected"] and not plan["applied"] and plan["branch"] and plan["pull_request"]["title"]
    assert (
        plan["edit"]["file"] == "operations.yaml" and "+" in plan["edit"]["diff"] and "1.0.0" in plan["edit"]["after"]
    )
    assert git(jp_root_dir, "branch").split() == ["*", "main"]
    done = await client.post("operations/promote", {**asked, "apply": True})
    assert done["applied"] and done["commit"] and done["next_steps"]
    assert "1.0.0" in git(jp_root_dir, "show", f"{done['branch']}:operations.yaml")
    await client.refused(404, client.get("registry/models/flights/champions/stage"))  # that is for the merge
