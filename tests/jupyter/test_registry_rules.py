"""Rights and rules, moving house, and what cannot be opened."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from registries import ADA, BOB, ROOT, VIC, artifact, bring_to_prod, fill, person, whole_history
from sqlalchemy import text

from mdk_jupyter.codes import CODES
from mdk_jupyter.registry import audit
from mdk_jupyter.registry.access import local
from mdk_jupyter.registry.database import Database
from mdk_jupyter.registry.domain import (
    Cost,
    Gate,
    Grant,
    Policy,
    Role,
    Search,
    Status,
)
from mdk_jupyter.registry.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RegistryError,
    StaleError,
)
from mdk_jupyter.registry.service import Registry

# Rights and rules


def test_grants_tokens_and_policies(registry: Registry) -> None:
    registry.grant(ROOT, "grace", Role.CONTRIBUTOR, project="air")
    registry.grant(ROOT, "*", Role.VIEWER)
    registry.grant(ROOT, "*", Role.VIEWER)
    grace = registry.actor("grace", "oidc", {"ref": "main"})
    assert {grant.role for grant in grace.grants} == {Role.CONTRIBUTOR, Role.VIEWER}
    assert registry.grants(grace, "grace") == [Grant(subject="grace", role=Role.CONTRIBUTOR, project="air")]
    registry.register(grace, "m", artifact=artifact(), project="air")
    assert whole_history(registry, "m")[0].data["claims"] == {"ref": "main"}
    registry.revoke(ROOT, "grace", Role.CONTRIBUTOR, project="air")
    with pytest.raises(NotFoundError):
        registry.revoke(ROOT, "grace", Role.CONTRIBUTOR, project="air")
    for call in (
        lambda: registry.grant(BOB, "bob", Role.ADMIN),
        lambda: registry.grants(BOB),
        lambda: registry.create_token(BOB, "bob"),
        lambda: registry.set_policy(BOB, Policy(environment="prod")),
        lambda: registry.publish(ROOT, "m@latest", environment="dev"),
        lambda: registry.import_(BOB, []),
    ):
        with pytest.raises(ForbiddenError):
            call()
    token = registry.create_token(ROOT, "ci", days=1, note="build")
    assert token.secret and registry.holder(token.secret) == registry.actor("ci", "token")
    assert registry.holder("mdk_x") is None
    expired = registry.create_token(ROOT, "ci", days=-1)
    assert registry.holder(expired.secret or "") is None
    listed = registry.tokens(ROOT)
    assert {each.id for each in listed} == {token.id, expired.id} and all(each.secret is None for each in listed)
    registry.revoke_token(ROOT, token.id)
    assert registry.holder(token.secret) is None
    with registry.database.read() as connection:
        kept = str(connection.execute(text("SELECT * FROM tokens")).all()) + str(
            connection.execute(text("SELECT data FROM audit")).all()
        )
    assert token.secret not in kept
    everywhere = Policy(environment="prod", gates=(Gate(name="score", kind="metric", expression="auc > 0.5"),))
    registry.set_policy(ROOT, everywhere, reason="quality")
    mine = Policy(environment="prod", project="air", gates=(Gate(name="card", kind="card"),))
    registry.set_policy(ROOT, mine)
    assert registry.policy(VIC, "prod") == everywhere == registry.policy(VIC, "prod", project="rail")
    assert registry.policy(VIC, "prod", project="air") == mine
    assert registry.policy(VIC, "stage") == Policy(environment="stage")
    assert {gate.gate for gate in registry.plan_promotion(VIC, "m@latest", environment="prod").gates} == {"card"}
    with pytest.raises(InvalidError):
        registry.set_policy(ROOT, Policy(environment="prd"))
    assert [record.action for record in registry.history(VIC, "").items][:2] == ["set_policy", "set_policy"]


def test_unknown_environments_are_refused(small: Registry) -> None:
    fill(small, "m", 1)
    me = local("me")
    for call in (
        lambda: small.publish(me, "m@latest", environment="prd"),
        lambda: small.promote(me, "m@latest", to="prd"),
        lambda: small.champion(me, "m", environment="prd"),
        lambda: small.rollback(me, "m", environment="prd", reason="x"),
    ):
        with pytest.raises(InvalidError) as caught:
            call()
        assert caught.value.code == "MDK544"
    with pytest.raises(InvalidError) as caught:
        small.version(me, "m@champion")
    assert caught.value.code == "MDK545"


def test_a_file_is_a_registry_of_one(small: Registry) -> None:
    me = local("me")
    small.register(me, "m", artifact=artifact())
    small.publish(me, "m@latest", environment="stage")
    small.promote(me, "m@latest", to="prod")
    assert small.publish(me, "m@latest", environment="prod").changed


# Moving house, and the schema


def test_a_registry_moves_to_another(registry: Registry, small: Registry) -> None:
    fill(registry, "flights", 3, labels={"team": "air"}, metrics={"auc": 0.5}, profile={"a": 1}, cost=Cost(amount=1))
    bring_to_prod(registry, "1.0.0")
    registry.set_challengers(BOB, "flights", environment="prod", challengers={"1.0.2": 5})
    fill(registry, "trains", 1)
    lines = list(registry.export(VIC))
    fill(small, "trains", 2)
    done = small.import_(ROOT, lines)
    assert (done.models, done.versions, done.skipped) == (1, 3, 1)
    assert small.versions(VIC, "flights") == registry.versions(VIC, "flights")
    assert small.version(VIC, "flights/1.0.0") == registry.version(VIC, "flights/1.0.0")
    assert small.champion(VIC, "flights", environment="prod") == registry.champion(VIC, "flights", environment="prod")
    assert small.deployments(VIC, "flights") == registry.deployments(VIC, "flights")
    assert whole_history(small, "flights")[:-1] == whole_history(registry, "flights")
    assert small.model(VIC, "flights").newest == "1.0.2" and small.model(VIC, "trains").versions == 2
    assert small.search(VIC, Search(labels={"team": "air"}, metrics=("auc > 0",))).items
    verification = small.verify(VIC)
    assert verification.whole, verification.breaks
    assert small.register(ADA, "flights", artifact=artifact()).version == "1.0.3"
    assert small.import_(ROOT, registry.export(VIC, ["flights"])).skipped == 3
    with pytest.raises(NotFoundError):
        list(registry.export(VIC, ["nothing"]))
    for wrong in ("{", '{"table": "grants", "row": {}}', '{"table": "models", "row": {"name": "x"}}', "[]"):
        with pytest.raises(InvalidError) as caught:
            small.import_(ROOT, [wrong])
        assert caught.value.code == "MDK548"


def test_a_newer_schema_is_left_alone(small: Registry, tmp_path: Path) -> None:
    fill(small, "m", 1)
    with closing(sqlite3.connect(tmp_path / "small.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConflictError) as caught:
        Registry.open(f"sqlite:///{tmp_path}/small.db")
    assert caught.value.code == "MDK515"


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_what_cannot_be_opened(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Database.open(url)
    assert caught.value.code == "MDK546"


def test_every_refusal_is_explained() -> None:
    folder = Path(audit.__file__).parent
    raised = {
        code for path in folder.rglob("*.py") for code in re.findall(r'"(MDK5\d\d)"', path.read_text(encoding="utf-8"))
    }
    assert raised and raised <= CODES.keys()
    assert issubclass(StaleError, ConflictError) and issubclass(ConflictError, RegistryError)
    assert person("x", Role.VIEWER).grants


def test_what_is_read_most_is_one_statement_that_walks_an_index(small: Registry) -> None:
    fill(small, "flights", 3, labels={"team": "air"}, metrics={"auc": 0.5})
    small.publish(local("me"), "flights/1.0.0", environment="dev")
    statements: list[str] = []
    with small.database.read() as connection:  # the one that the pool has
        driver: Any = connection.connection.dbapi_connection
    driver.set_trace_callback(statements.append)
    for read in (
        lambda: small.champion(VIC, "flights", environment="dev"),
        lambda: small.versions(VIC, "flights"),
        lambda: small.model(VIC, "flights"),
        lambda: small.models(VIC),
        lambda: small.search(VIC, Search()),
        lambda: small.search(VIC, Search(labels={"team": "air"})),
        lambda: small.search(VIC, Search(metrics=("auc == 0.5",))),
        lambda: small.search(VIC, Search(champion_in="dev")),
        lambda: small.search(VIC, Search(trained_by="ada", status=Status.ACTIVE)),
    ):
        statements.clear()
        read()
        assert len(statements) == 1, statements
        plan = driver.execute(f"EXPLAIN QUERY PLAN {statements[0]}").fetchall()
        steps = [str(step[-1]) for step in plan]
        assert not any("TEMP B-TREE" in step for step in steps), steps
        assert all(
            step.startswith("SEARCH") or "INDEX" in step or step.startswith("SCAN versions")
            for step in steps
            if step.startswith(("SEARCH", "SCAN"))
        ), steps
