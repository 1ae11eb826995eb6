"""The client of a registry's server: the same as the registry in this process, and patient where that is safe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from registries import ADA, BOB, ROOT, artifact

import mdk_jupyter as mdk
from mdk_jupyter.errors import ServiceError, UsageError
from mdk_jupyter.registry import connecting, http
from mdk_jupyter.registry.client import Client
from mdk_jupyter.registry.credentials import Credentials, from_settings
from mdk_jupyter.registry.domain import (
    Actor,
    Cost,
    Dataset,
    Gate,
    GateResult,
    Policy,
    Role,
    Search,
    Signature,
    Status,
    Waiver,
)
from mdk_jupyter.registry.embedded import embedded, local_actor
from mdk_jupyter.registry.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    RegistryError,
    StaleError,
)
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.registry.policy import LONE
from mdk_jupyter.registry.service import Registry

pytest.importorskip("fastapi")

SECRET = "hush-hush-hush"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry.open(f"sqlite:///{tmp_path / 'registry.db'}", policies=LONE)
    for who in (ADA, BOB, ROOT):
        for grant in who.grants:
            made.grant(ROOT, who.name, grant.role)
    yield made
    made.close()


class _Trusting:
    """Takes the bearer token for the name."""

    name = "trusting"

    async def caller(self, headers: Any) -> Any:
        from mdk_jupyter.registry.api.auth.base import Identified

        return Identified(headers["authorization"].removeprefix("Bearer "), "token")


@pytest.fixture
def connect(registry: Registry) -> Iterator[Callable[[Actor], RegistryFace]]:
    """Return a client of a server with this registry, for somebody."""
    from starlette.testclient import TestClient

    from mdk_jupyter.registry.api.app import create_app

    with TestClient(create_app(registry, _Trusting())) as server:
        made: list[Client] = []

        def client(who: Actor) -> RegistryFace:
            made.append(Client("http://testserver", who.name, transport=server._transport))
            return made[-1]  # the protocol is satisfied

        yield client


@pytest.fixture(params=["embedded", "client"])
def face(request: pytest.FixtureRequest, registry: Registry) -> Callable[[Actor], RegistryFace]:
    """Either face of the registry, for somebody."""
    if request.param == "embedded":
        return lambda who: embedded(registry, who)
    made: Callable[[Actor], RegistryFace] = request.getfixturevalue("connect")
    return made


def test_both_faces_tell_the_same_story(face: Callable[[Actor], RegistryFace]) -> None:
    ada, bob, root = face(ADA), face(BOB), face(ROOT)
    data = Dataset(uri="gs://b/train.parquet", rows=3)
    first = ada.register(
        "flights",
        artifact=artifact(1),
        version="1.4",
        metrics={"auc": 0.7, "note": "fine", "ok": True},
        parameters={"rate": 0.5, "layers": [1, 2]},
        signature=Signature(),
        datasets=[data],
        requirements=["numpy==2.0"],
        profile={"rows": 3},
        cost=Cost(amount=2.5, currency="EUR"),
        description="late flights",
        project="travel",
        labels={"team": "growth"},
        extra={"ä": "ö/%"},
    )
    second = ada.register("flights", artifact=artifact(2), metrics={"auc": 0.8})
    assert (first.reference, second.version) == ("flights/1.4.0", "1.4.1")
    assert first.requirements == ("numpy==2.0",) and first.extra == {"ä": "ö/%"}

    assert [model.name for model in ada.models(project="travel", text="flig").items] == ["flights"]
    assert ada.models(labels={"team": "nobody"}).items == ()
    assert [v.version for v in ada.search(Search(labels={"team": "growth"})).items] == ["1.4.0"]
    assert ada.model("flights").project == "travel"
    page = ada.versions("flights", limit=1)
    assert page.next is not None
    assert ada.versions("flights", cursor=page.next, limit=1).items[0].version == "1.4.0"
    assert [v.version for v in ada.search(Search(metrics=("auc > 0.75",))).items] == ["1.4.1"]
    assert ada.search(Search(labels={"team": "nobody"}, status=Status.ACTIVE)).items == ()
    comparison = ada.compare("flights/1.4.0", "flights/1.4.1")
    assert next(m for m in comparison.metrics if m.name == "auc").difference == pytest.approx(0.1)

    plan = bob.plan_promotion("flights/1.4.0", environment="dev")
    assert (plan.champion, plan.candidate, plan.revision) == (None, "1.4.0", 0)
    promotion = bob.promote("flights/1.4.0", to="dev", reason="try", expected_revision=plan.revision)
    champion = bob.publish(
        "flights/1.4.0", environment="dev", reason="go", endpoint="https://e", expected_revision=promotion.revision
    )
    assert (champion.version.version, champion.endpoint, champion.changed) == ("1.4.0", "https://e", True)
    assert not bob.publish("flights@champion", environment="dev").changed
    bob.publish("flights@latest", environment="dev", expected_revision=champion.revision)
    with pytest.raises(StaleError) as stale:
        bob.publish("flights/1.4.0", environment="dev", expected_revision=champion.revision)
    assert stale.value.revision == champion.revision + 1
    back = bob.rollback("flights", environment="dev", reason="worse", quarantine=False)
    assert back.version.version == "1.4.0" and back.previous == "1.4.1"
    assert ada.champion("flights", environment="dev").version.version == "1.4.0"
    assert ada.champion("flights", environment="dev", as_of=champion.since).version.version == "1.4.0"
    shared = bob.set_challengers("flights", environment="dev", challengers={"1.4.1": 10}, reason="compare")
    assert [(p.version, p.percent) for p in shared.placements if p.percent] == [("1.4.1", 10)]
    bob.report_deployment("flights/1.4.0", environment="dev", status={"ready": True})
    assert [one.champion for one in ada.deployments("flights")] == ["1.4.0", None, None]
    assert ada.version("flights@champion", environment="dev").version == "1.4.0"

    assert ada.annotate("flights/1.4.0", note="seen", labels={"team": None, "tier": "gold"}).labels == {"tier": "gold"}
    assert ada.annotate("flights/1.4.0", card="# Card").card == "# Card"
    assert bob.approve("flights/1.4.0", environment="stage", comment="ok").actor == "bob"
    assert [one.comment for one in ada.approvals("flights/1.4.0", environment="stage")] == ["ok"]
    bob.set_challengers("flights", environment="dev", challengers={})
    assert bob.quarantine("flights/1.4.1", reason="leak").status is Status.QUARANTINED
    assert bob.unquarantine("flights/1.4.1", reason="no leak").status is Status.ACTIVE
    assert bob.archive("flights/1.4.1", reason="old").status is Status.ARCHIVED

    assert {node.kind for node in ada.lineage("flights/1.4.0").nodes} >= {"version", "dataset"}
    assert any(node.kind == "version" for node in ada.lineage(data.uri).nodes)
    assert [(row.value, row.amount, row.currency) for row in ada.costs(by="project")] == [("travel", 2.5, "EUR")]
    actions = [record.action for record in ada.history("flights", limit=100).items]
    assert actions[-1] == "register" and {"promote", "publish", "rollback", "archive"} <= {*actions}
    assert ada.verify("flights").whole
    events = root.events(limit=2)
    assert events.items and events.next is not None

    gate = Gate(name="good", kind="metric", expression="auc >= 0.9", waivable=True)
    root.set_policy(Policy(environment="stage", gates=(gate,)), reason="stricter")
    assert ada.policy("stage").gates == (gate,)
    with pytest.raises(RefusedError) as refused:
        bob.promote("flights/1.4.0", to="stage")
    assert [(result.gate, result.passed) for result in refused.value.gates if not result.passed] == [("good", False)]
    moved = bob.promote("flights/1.4.0", to="stage", waivers=[Waiver(gate="good", reason="holiday")])
    assert moved.environment == "stage"

    root.grant("zoe", Role.VIEWER, project="travel", environment="dev")
    assert [(g.role, g.project) for g in root.grants("zoe")] == [(Role.VIEWER, "travel")]
    root.revoke("zoe", Role.VIEWER, project="travel", environment="dev")
    assert root.grants("zoe") == []
    token = root.create_token("zoe", days=None, note="forever")
    assert token.secret and token.expires is None
    root.revoke_token(token.id)
    assert [t.revoked for t in root.tokens() if t.id == token.id] == [True]

    lines = list(root.export(["flights"]))
    assert all(json.loads(line) for line in lines)
    assert root.import_(lines).skipped == 2


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda f: f(ADA).model("nothing"), NotFoundError),
        (lambda f: f(ADA).version("flights/9.9.9"), NotFoundError),
        (lambda f: f(ADA).champion("flights", environment="prod"), NotFoundError),
        (lambda f: f(ADA).promote("flights/1.0.0", to="prod", expected_revision=0), ForbiddenError),
        (lambda f: f(BOB).publish("flights/1.0.0", environment="prod", expected_revision=0), RefusedError),
        (lambda f: f(BOB).publish("flights/1.0.0", environment="dev", expected_revision=7), StaleError),
        (lambda f: f(ADA).version("not a reference!"), InvalidError),
        (lambda f: f(ADA).search(Search(metrics=("auc ~ 1",))), InvalidError),
    ],
)
def test_both_faces_refuse_alike(
    registry: Registry, connect: Callable[[Actor], RegistryFace], act: Callable[[Any], Any], kind: type[Exception]
) -> None:
    embedded(registry, ADA).register("flights", artifact=artifact(), metrics={"auc": 0.7})
    raised = []
    for face in (lambda who: embedded(registry, who), connect):
        with pytest.raises(kind) as caught:
            act(face)
        assert isinstance(caught.value, RegistryError)
        raised.append([(f.code, f.message) for f in caught.value.findings])
    assert raised[0][0][0] == raised[1][0][0]


def test_a_history_is_held_against_an_anchor(face: Callable[[Actor], RegistryFace], registry: Registry) -> None:
    ada = face(ADA)
    ada.register("flights", artifact=artifact(1))
    ada.register("taxis", artifact=artifact(2))
    anchor = ada.anchor()
    assert anchor.heads == registry.anchor(ADA).heads and set(anchor.heads) >= {"flights", "taxis"}
    ada.register("flights", artifact=artifact(3))
    assert ada.verify(anchors=[anchor]).whole and ada.verify("flights", anchors=[anchor]).anchored == 1
    with registry.database.write() as connection:  # the end is cut off, and the head moved back to fit
        for statement in (
            "DROP TRIGGER audit_delete",
            "DELETE FROM audit WHERE chain = 'taxis'",
            f"UPDATE chains SET seq = 0, hash = '{'0' * 64}' WHERE name = 'taxis'",
        ):
            connection.exec_driver_sql(statement)
    (found,) = [broken for broken in ada.verify(anchors=[anchor]).breaks if "anchor" in broken.what]
    assert found.chain == "taxis"
    with pytest.raises(ForbiddenError):
        face(Actor(name="nobody")).anchor()


def test_registering_by_content_is_repeatable_over_http(connect: Callable[[Actor], RegistryFace]) -> None:
    ada = connect(ADA)
    first = ada.register("flights", artifact=artifact(1), idempotency_key="content-1")
    again = ada.register("flights", artifact=artifact(1), requirements=["x==1"], idempotency_key="content-1")
    assert again.version == first.version == "1.0.0"
    ada.register("flights", artifact=artifact(1), idempotency_key="mine")
    with pytest.raises(InvalidError):
        ada.register("flights", artifact=artifact(2), idempotency_key="mine")
    with pytest.raises(InvalidError, match="version"):
        ada.register("flights", artifact=artifact(1), version="x")


# What happens on the way


class Server:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, monkeypatch: pytest.MonkeyPatch, token: Credentials | str | None = SECRET) -> Client:
        monkeypatch.setattr(http, "PAUSES", (0.0, 0.0, 0.0))
        return Client("https://registry.example.org/", token, transport=httpx.MockTransport(self))


def busy(code: int = 503, **headers: str) -> httpx.Response:
    return httpx.Response(code, json={"code": "MDK576", "detail": "busy"}, headers=headers)


PAGE: dict[str, Any] = {"items": [], "next": None}


def test_reading_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(httpx.ConnectError("no"), busy(), httpx.ReadTimeout("slow"), httpx.Response(200, json=PAGE))
    assert server.client(monkeypatch).models().items == ()
    assert len(server.asked) == 4
    server = Server(*(httpx.ConnectError("no route") for _ in range(4)))
    with pytest.raises(ServiceError, match=r"registry\.example\.org cannot be reached: ConnectError: no route"):
        server.client(monkeypatch).models()


def test_a_write_is_tried_again_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {"code": "MDK512", "detail": "archived", "status": 409}
    server = Server(httpx.ReadTimeout("slow"), busy(), httpx.Response(409, json=problem))
    with pytest.raises(ConflictError, match="archived"):
        server.client(monkeypatch).promote("flights/1.0.0", to="dev", expected_revision=3)
    keys = {request.headers["Idempotency-Key"] for request in server.asked}
    assert len(server.asked) == 3 and len(keys) == 1
    assert server.asked[0].headers["If-Match"] == '"3"'
    assert server.asked[0].url.raw_path == b"/api/v1/models/flights/versions/1.0.0/promote"


def test_a_write_that_may_have_had_its_effect_is_not_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(httpx.ReadTimeout("slow"))
    with pytest.raises(ServiceError, match="ReadTimeout"):
        server.client(monkeypatch).annotate("flights/1.0.0", note="once")
    server = Server(httpx.ConnectError("never sent"), busy())
    with pytest.raises(ServiceError, match="busy"):
        server.client(monkeypatch).annotate("flights/1.0.0", note="once")
    assert len(server.asked) == 2


def test_a_token_that_is_refused_is_fetched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["old", "new"])
    refused = httpx.Response(401, json={"code": "MDK570", "detail": "expired"})
    server = Server(refused, httpx.Response(200, json=PAGE))
    server.client(monkeypatch, Credentials(lambda: next(tokens))).models()
    assert [request.headers["Authorization"] for request in server.asked] == ["Bearer old", "Bearer new"]
    server = Server(refused)
    with pytest.raises(ForbiddenError, match="expired"):
        server.client(monkeypatch, SECRET).models()
    assert len(server.asked) == 1, "the same token again would not help"


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Server(*(httpx.ConnectError("no") for _ in range(4))).client(monkeypatch)
    with pytest.raises(ServiceError) as caught:
        client.models()
    told = repr(client) + repr(vars(client)) + repr(vars(client._connection)) + str(caught.value)
    assert SECRET not in told
    with pytest.raises(UsageError, match="unencrypted") as refused:
        Client("http://registry.example.org", SECRET).models()
    assert SECRET not in str(refused.value)


def test_tokens_are_where_the_project_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MDK_REGISTRY_TOKEN", raising=False)
    assert from_settings(None, None).current() is None
    monkeypatch.setenv("MDK_REGISTRY_TOKEN", SECRET)
    assert from_settings(None, None).current() == SECRET
    with pytest.raises(UsageError, match="MY_TOKEN is not set"):
        from_settings("MY_TOKEN", None).current()
    (tmp_path / "token").write_text("abc\n")
    found = from_settings(None, str(tmp_path / "token"))
    assert found.current() == "abc" and "abc" not in repr(found)
    (tmp_path / "token").write_text("def\n")
    assert found.renew() and found.current() == "def"
    with pytest.raises(UsageError, match="cannot be read"):
        from_settings(None, str(tmp_path / "nothing")).current()


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>proxy</html>"), httpx.Response(403, text="<html>")])
def test_what_is_no_registry_is_said(answer: httpx.Response, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServiceError):
        Server(answer).client(monkeypatch).models()


def test_names_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(httpx.Response(404, json={"code": "MDK500", "detail": "no"}))
    with pytest.raises(NotFoundError):
        server.client(monkeypatch).model("../tokens?x=#y")
    assert server.asked[0].url.raw_path == b"/api/v1/models/..%2Ftokens%3Fx%3D%23y"


def test_gates_and_revisions_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = {"gate": "auc", "passed": False, "detail": "0.6 < 0.7"}
    refusal = {"code": "MDK520", "detail": "no", "gates": [gate]}
    server = Server(httpx.Response(422, json=refusal), httpx.Response(412, json={"code": "MDK510", "revision": 9}))
    client = server.client(monkeypatch)
    with pytest.raises(RefusedError) as refused:
        client.publish("flights/1.0.0", environment="prod")
    assert refused.value.gates == (GateResult.model_validate(gate),)
    with pytest.raises(StaleError) as stale:
        client.publish("flights/1.0.0", environment="prod")
    assert stale.value.revision == 9


# Which registry


def test_the_project_names_its_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MDK_REGISTRY", raising=False)
    assert mdk.registry().models().items == ()
    assert (tmp_path / ".mdk/registry.db").exists() and (tmp_path / ".mdk/.gitignore").exists()
    (tmp_path / "mdk.yaml").write_text("name: p\nregistry: {url: https://registry.example.org, token_variable: T}\n")
    assert repr(mdk.registry()) == "<registry https://registry.example.org>"
    monkeypatch.setenv("MDK_REGISTRY", f"sqlite:///{tmp_path / 'other.db'}")
    mdk.registry().register("here", artifact=artifact())
    assert (tmp_path / "other.db").exists() and connecting.find_home().project == "p"
    assert mdk.registry(f"sqlite:///{tmp_path / '.mdk/registry.db'}").models().items == ()


def test_whoever_works_here_may_do_everything_but_pass_the_policy(tmp_path: Path) -> None:
    me = local_actor()
    mine = embedded(Registry.open(f"sqlite:///{tmp_path / 'r.db'}"), me)
    mine.register("flights", artifact=artifact())
    mine.publish("flights/1.0.0", environment="dev")
    mine.set_policy(Policy(environment="dev"))
    mine.grant("zoe", Role.VIEWER)
    with pytest.raises(RefusedError):
        mine.promote("flights/1.0.0", to="prod")
    with pytest.raises(AttributeError):
        mine.database  # type: ignore[attr-defined]  # noqa: B018


def test_calling_the_package_works_whatever_was_imported_before() -> None:
    import subprocess
    import sys

    code = (
        "import os, tempfile; os.chdir(tempfile.mkdtemp())\n"
        "import mdk_jupyter as mdk\n{}\nprint(mdk.registry().models().items)\n"
        "mdk.log_model('m', {{}})\nprint(len(mdk.registry().models().items))"
    )
    for first in ("", "import mdk_jupyter.registry.domain", "mdk.log_model", "from mdk_jupyter import registry"):
        done = subprocess.run([sys.executable, "-c", code.format(first)], capture_output=True, text=True, check=False)
        assert done.stdout == "()\n1\n", done.stderr
