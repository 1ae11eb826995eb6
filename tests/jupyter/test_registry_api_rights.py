"""Who may do what over HTTP: every verb, as every role, in every environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from registry_server import ARTIFACT, Door, dev_door, role, sqlite_url

ROLES = ("viewer", "contributor", "approver", "admin")
ENVIRONMENTS = ("dev", "stage", "prod")
MAKERS, JUDGES, KEEPERS, ALL = {"contributor", "approver"}, {"approver"}, {"admin"}, set(ROLES)
MODEL = "/models/flights"
APPLY = {
    "changes": [{"model": "flights"}],
    "expected_revisions": {"flights": 0},
    "origin": {"plan": "0" * 16, "part": "0" * 16},
}

# By verb: method, path, body, and who may in dev and in what comes after it. E is the environment.
CHANGES: dict[str, tuple[str, str, Any, set[str], set[str]]] = {
    "promote": ("POST", f"{MODEL}/versions/1.0.0/promote", {"to": "E"}, MAKERS, JUDGES),
    "publish": ("PUT", f"{MODEL}/champions/E", {"version": "1.0.0"}, MAKERS, JUDGES),
    "rollback": ("POST", f"{MODEL}/champions/E/rollback", {"reason": "try"}, MAKERS, JUDGES),
    "challenge": ("PUT", f"{MODEL}/challengers/E", {"challengers": {}}, MAKERS, JUDGES),
    "report": ("PUT", f"{MODEL}/deployments/E", {"version": "1.0.0", "status": {}}, MAKERS, MAKERS),
    "apply": ("POST", "/environments/E/apply", APPLY, MAKERS, JUDGES),
    "approve": ("POST", f"{MODEL}/versions/1.0.0/approvals", {"environment": "E"}, JUDGES, JUDGES),
    "set_policy": ("PUT", "/policies/E", {"environment": "E"}, KEEPERS, KEEPERS),
    "grant": ("POST", "/grants", {"subject": "x", "role": "viewer", "environment": "E"}, KEEPERS, KEEPERS),
    "revoke": ("DELETE", "/grants?subject=x&role=viewer&environment=E", None, KEEPERS, KEEPERS),
}
# Verbs that concern a version or the registry as such: a role in any environment will do, but for the last five.
ANYWHERE: dict[str, tuple[str, str, Any, set[str]]] = {
    "register": ("POST", f"{MODEL}/versions", {"artifact": ARTIFACT}, MAKERS),
    "annotate": ("PATCH", f"{MODEL}/versions/1.0.0", {"note": "seen"}, MAKERS),
    "quarantine": ("POST", f"{MODEL}/versions/1.0.1/quarantine", {"reason": "odd"}, JUDGES),
    "unquarantine": ("POST", f"{MODEL}/versions/1.0.1/unquarantine", {"reason": "not odd"}, JUDGES),
    "archive": ("POST", f"{MODEL}/versions/1.0.2/archive", {"reason": "old"}, JUDGES),
    "model": ("GET", MODEL, None, ALL),
    "versions": ("GET", f"{MODEL}/versions", None, ALL),
    "version": ("GET", f"{MODEL}/versions/1.0.0", None, ALL),
    "plan": ("GET", f"{MODEL}/versions/1.0.0/plan?environment=prod", None, ALL),
    "deployments": ("GET", f"{MODEL}/deployments", None, ALL),
    "history": ("GET", f"{MODEL}/history", None, ALL),
    "approvals": ("GET", f"{MODEL}/versions/1.0.0/approvals", None, ALL),
    "compare": ("GET", "/compare?a=flights/1.0.0&b=flights/1.0.1", None, ALL),
    "lineage": ("GET", "/lineage?reference=flights/1.0.0", None, ALL),
    "verify": ("GET", "/verify", None, ALL),
    "anchor": ("GET", "/anchor", None, ALL),
    "verify_against": ("POST", "/verify", {"anchors": [{"at": "2026-11-24T00:00:00Z", "heads": {}}]}, ALL),
    "events": ("GET", "/events", None, ALL),
    "export": ("GET", "/export", None, ALL),
    "import": ("POST", "/import", None, KEEPERS),
    "tokens": ("GET", "/tokens", None, KEEPERS),
    "create_token": ("POST", "/tokens", {"subject": "x"}, KEEPERS),
    "revoke_token": ("DELETE", "/tokens/none", None, KEEPERS),
    "grants": ("GET", "/grants", None, KEEPERS),
}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A caller for each role in each environment, one for each role in another project, and strangers."""
    callers = {f"{name}-{where}": [role(name, where)] for name in ROLES for where in ENVIRONMENTS}
    callers |= {f"{name}-all": [role(name)] for name in ROLES}
    callers |= {f"{name}-elsewhere": [role(name, project="elsewhere")] for name in ROLES}
    with dev_door(sqlite_url(tmp_path_factory.mktemp("registry")), **callers, nobody=[]) as running:
        for _ in range(3):
            running.register("contributor-all", "flights")
        yield running


def filled(value: Any, environment: str) -> Any:
    """Put the environment where E stands."""
    if isinstance(value, dict):
        return {name: filled(item, environment) for name, item in value.items()}
    return environment if value == "E" else value


@pytest.mark.parametrize("verb", CHANGES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_changes_of_an_environment_need_a_role_there(door: Door, verb: str, environment: str) -> None:
    method, path, body, first, later = CHANGES[verb]
    path = path.replace("/E", f"/{environment}").replace("=E", f"={environment}")
    may = first if environment == "dev" else later
    for caller in door.tokens:
        name, _, where = caller.partition("-")
        allowed = name in may and where in {environment, "all"}
        answer = door(caller, method, path, filled(body, environment), If_Match='"0"')
        assert (answer.status_code != 403) == allowed, (caller, verb, environment, answer.text)
        assert answer.status_code < 500
        if not allowed:
            assert answer.json()["code"] == "MDK530"


@pytest.mark.parametrize("verb", ANYWHERE)
def test_what_concerns_no_environment_needs_a_role_in_the_project(door: Door, verb: str) -> None:
    method, path, body, may = ANYWHERE[verb]
    for caller in door.tokens:
        name, _, where = caller.partition("-")
        allowed = name in may and where != "elsewhere"
        answer = door(caller, method, path, body)
        refused = answer.status_code in {403, 404} if method == "GET" else answer.status_code == 403
        assert refused != allowed, (caller, verb, answer.text)
        assert answer.status_code < 500


def test_lists_hold_what_the_caller_may_see(door: Door) -> None:
    door.register("contributor-elsewhere", "taxis", project="elsewhere")
    for caller in door.tokens:
        models = [model["name"] for model in door(caller, "GET", "/models").json()["items"]]
        found = {version["model"] for version in door(caller, "GET", "/versions").json()["items"]}
        where = caller.partition("-")[2]
        seen = {"all": {"flights", "taxis"}, "elsewhere": {"taxis"}, "": set()}.get(where)
        if seen is None:  # a role in one environment of all projects
            seen = {"flights", "taxis"}
        assert set(models) == found == seen, caller


def test_who_gives_rights_cannot_crown_by_that(door: Door) -> None:
    answer = door("admin-all", "PUT", f"{MODEL}/champions/dev", {"version": "1.0.0"})
    assert answer.status_code == 403


def test_the_actor_is_the_one_of_the_token_whatever_the_request_says(door: Door) -> None:
    given = {"trained_by": "somebody-else"}
    door.register("contributor-all", "mine", provenance=given)
    answer = door("contributor-all", "PUT", "/models/mine/champions/dev", {"version": "1.0.0", "actor": "root"})
    assert answer.status_code == 422
    answer = door(
        "contributor-all", "PUT", "/models/mine/champions/dev", {"version": "1.0.0"}, X_Actor="root", From="root"
    )
    assert answer.json()["actor"] == "contributor-all"
    version = door("viewer-all", "GET", "/models/mine/versions/1.0.0").json()
    assert (version["registered_by"], version["provenance"]["trained_by"]) == ("contributor-all", "somebody-else")
    records = door("viewer-all", "GET", "/models/mine/history").json()["items"]
    assert {(record["actor"], record["method"]) for record in records} == {("contributor-all", "token")}
