"""Plans and their application: what a hash covers, what moves, endpoints that fail, and texts of others."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from registries import ADA, BOB, ROOT, VIC, artifact

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.operations.apply import Report, apply
from mdk_jupyter.operations.edit import EMPTY
from mdk_jupyter.operations.endpoints import Traffic
from mdk_jupyter.operations.errors import MovedError, OperationsError
from mdk_jupyter.operations.legacy import parse_legacy
from mdk_jupyter.operations.plan import Plan
from mdk_jupyter.operations.plan_markdown import drift_markdown, plan_markdown, report_markdown
from mdk_jupyter.operations.plan_text import plan_sheet, report_sheet
from mdk_jupyter.operations.reader import Desired, parse
from mdk_jupyter.operations.workspace import Workspace
from mdk_jupyter.registry.changes import Change, Crowning, Entry, Origin, Promoting, RollingBack
from mdk_jupyter.registry.domain import Actor, Gate, Policy, Role
from mdk_jupyter.registry.embedded import embedded, unreachable
from mdk_jupyter.registry.errors import ConflictError, ForbiddenError, StaleError
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.registry.policy import LONE
from mdk_jupyter.registry.service import Registry

ENDPOINT = "projects/p/locations/europe-west3/endpoints/12"
ORIGIN = Origin(plan="0" * 16, part="1" * 16)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Registry]:
    made = Registry.open(f"sqlite:///{tmp_path / 'registry.db'}", policies=LONE)
    for who in (ADA, BOB, ROOT):
        for grant in who.grants:
            made.grant(ROOT, who.name, grant.role)
    for name in ("flights", "taxis"):
        for number in range(3):
            vertex = f"projects/p/locations/l/models/{name}@{number + 1}"
            made.register(
                ADA,
                name,
                artifact=artifact(number),
                version="1.0",
                metrics={"auc": 0.7 + number / 10},
                vertex_model=vertex,
            )
            for environment in ("dev", "stage"):
                made.publish(BOB, f"{name}/1.0.{number}", environment=environment)
    yield made
    made.close()


@pytest.fixture(params=["embedded", "http"])
def face(request: pytest.FixtureRequest, service: Registry) -> Iterator[Callable[[Actor], RegistryFace]]:
    """Either face of the registry, for somebody."""
    if request.param == "embedded":
        yield lambda who: embedded(service, who)
        return
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from mdk_jupyter.registry.api.app import create_app
    from mdk_jupyter.registry.api.auth.base import Identified
    from mdk_jupyter.registry.client import Client

    class Trusting:
        name = "trusting"

        async def caller(self, headers: Any) -> Identified:
            return Identified(headers["authorization"].removeprefix("Bearer "), "token")

    with TestClient(create_app(service, Trusting())) as server:
        yield lambda who: Client("http://testserver", who.name, transport=server._transport)


def asks(prod: str, stage: str = "") -> Desired:
    """A file with these entries, one a line."""
    parts = [f"  {name}:\n    models:\n{entries}" for name, entries in (("stage", stage), ("prod", prod)) if entries]
    return parse("apiVersion: mdk/v1\nkind: Operations\nenvironments:\n" + "\n".join(parts))


FIRST = asks("      flights: {champion: 1.0.0, serial: 1, reason: first}")


class Bench:
    """A workspace whose file is given, and endpoints that do as they are told, or fail."""

    def __init__(self, registry: RegistryFace, folder: Path, endpoints: Any = None) -> None:
        self.workspace = Workspace.open(folder, registry=registry)
        self.endpoints = {"prod": endpoints} if endpoints is not None else {}

    def plan(self, desired: Desired) -> Plan:
        return self.workspace.look(desired, self.endpoints).plan

    def apply(self, desired: Desired, wanted: str) -> Report:
        look = lambda: self.workspace.look(desired, self.endpoints)  # noqa: E731
        return apply(self.workspace.registry, look, wanted, endpoints=self.endpoints)

    def carry_out(self, desired: Desired) -> Report:
        return self.apply(desired, self.plan(desired).hash)


@pytest.fixture
def bench(service: Registry, tmp_path: Path) -> Bench:
    return Bench(embedded(service, BOB), tmp_path)


def states(report: Report) -> list[str]:
    return [one.state for one in report.environments]


# The registry's part


def test_changes_of_an_environment_happen_together_or_not_at_all(face: Callable[[Actor], RegistryFace]) -> None:
    bob = face(BOB)
    bob.publish("flights/1.0.0", environment="dev")
    revisions = {one.model: one.revision for one in bob.observe("dev", names=["flights", "taxis", "nothing"])}
    assert set(revisions) == {"flights", "taxis"}
    good = Change(model="flights", steps=(Crowning(version="1.0.1"),), reason="better")
    stale = {**revisions, "taxis": revisions["taxis"] + 1}
    bad = Change(model="taxis", steps=(Promoting(version="1.0.0"), Crowning(version="1.0.0")))
    with pytest.raises(StaleError) as caught:
        bob.apply([good, bad], environment="dev", expected_revisions=stale, origin=ORIGIN)
    assert caught.value.revision == revisions["taxis"]
    bob.quarantine("taxis/1.0.0", reason="odd")
    with pytest.raises(ConflictError, match="quarantined"):
        bob.apply([good, bad], environment="dev", expected_revisions=revisions, origin=ORIGIN)
    assert bob.champion("flights", environment="dev").version.version == "1.0.0", "all or nothing"
    bob.unquarantine("taxis/1.0.0", reason="not odd")
    key = "apply-1"
    for _ in range(2):
        done = bob.apply(
            [bad, good], environment="dev", expected_revisions=revisions, origin=ORIGIN, idempotency_key=key
        )
    assert [(one.model, one.champion, one.changed) for one in done.changes] == [
        ("taxis", "1.0.0", True),
        ("flights", "1.0.1", True),
    ]
    assert bob.verify().whole
    assert bob.apply([], environment="dev", expected_revisions={}, origin=ORIGIN).changes == ()


def test_serials_rise_and_operations_act_once(face: Callable[[Actor], RegistryFace]) -> None:
    bob = face(BOB)

    def change(serial: int, digest: str) -> None:
        (now,) = bob.observe("dev", names=["flights"])
        entry = Entry(serial=serial, digest=digest * 16, notes="why")
        changes = [Change(model="flights", entry=entry)]
        bob.apply(changes, environment="dev", expected_revisions={"flights": now.revision}, origin=ORIGIN)

    change(3, "a")
    change(3, "a")
    for serial, digest in ((2, "a"), (2, "b"), (3, "b")):
        with pytest.raises(ConflictError) as caught:
            change(serial, digest)
        assert caught.value.code == "MDK610" and "serial: 4" in caught.value.findings[0].fix
    change(4, "b")
    (now,) = bob.observe("dev", names=["flights"])
    assert now.applied is not None
    assert (now.applied.serial, now.applied.notes, now.applied.actor) == (4, "why", "bob")
    assert now.parts == {ORIGIN.plan: ORIGIN.part}

    back = Change(model="flights", steps=(RollingBack(),), operation="f" * 32, reason="worse")
    for expected in (True, False, False):
        (now,) = bob.observe("dev", names=["flights"])
        done = bob.apply([back], environment="dev", expected_revisions={"flights": now.revision}, origin=ORIGIN)
        assert (done.changes[0].champion, done.changes[0].changed) == ("1.0.1", expected)
    (now,) = bob.observe("dev", names=["flights"])
    assert now.operations == ("f" * 32,)


def test_who_may_apply(face: Callable[[Actor], RegistryFace]) -> None:
    ada = face(ADA)  # a contributor: dev, and nothing after it
    for environment, may in (("dev", True), ("stage", False), ("prod", False)):
        (now,) = ada.observe(environment, names=["flights"])
        change = [Change(model="flights", entry=Entry(serial=1, digest="a" * 16))]
        revisions = {"flights": now.revision}
        if may:
            ada.apply(change, environment=environment, expected_revisions=revisions, origin=ORIGIN)
        else:
            with pytest.raises(ForbiddenError):
                ada.apply(change, environment=environment, expected_revisions=revisions, origin=ORIGIN)
    names = {one.model for one in ada.observe("stage")}
    assert names == {"flights", "taxis"} and ada.observe("prod") == []
    assert ada.version("projects/p/locations/l/models/taxis@2").reference == "taxis/1.0.1"


def test_whoever_may_read_may_plan_and_nobody_else_applies(
    face: Callable[[Actor], RegistryFace], service: Registry, tmp_path: Path
) -> None:
    service.grant(ROOT, VIC.name, Role.VIEWER)
    viewer, approver = Bench(face(VIC), tmp_path), Bench(face(BOB), tmp_path)
    wanted = viewer.plan(FIRST).hash
    assert wanted == approver.plan(FIRST).hash
    assert viewer.workspace.drift(FIRST).waiting == ("prod/flights",)
    refused = viewer.apply(FIRST, wanted)
    assert states(refused) == ["refused"] and "MDK530" in refused.environments[0].findings[0]
    assert states(approver.apply(FIRST, wanted)) == ["applied"]
    assert states(viewer.apply(FIRST, wanted)) == ["already"]


# Plans


def test_a_hash_covers_what_matters_and_nothing_else(bench: Bench, service: Registry) -> None:
    first = bench.plan(FIRST).hash
    assert bench.plan(parse(FIRST.text.replace("reason: first", "reason: other") + "  # remark")).hash == first
    assert bench.plan(parse(FIRST.text.replace("serial: 1", "serial: 2"))).hash != first
    assert bench.plan(parse(FIRST.text.replace("1.0.0", "1.0.1"))).hash != first
    assert bench.plan(asks("      flights: {champion: 1.0.0, serial: 1, labels: {a: b}}")).hash != first
    service.register(ADA, "flights", artifact=artifact(7))
    assert bench.plan(FIRST).hash == first
    service.set_policy(ROOT, Policy(environment="prod", after="stage", promoted=True, approvals=1))
    assert bench.plan(FIRST).hash != first, "an approval is needed now"
    service.approve(BOB, "flights/1.0.0", environment="prod")
    approved = bench.plan(FIRST).hash
    assert not bench.plan(FIRST).blocked
    by_ada = Bench(embedded(service, ADA), bench.workspace.project.root)
    assert by_ada.plan(FIRST).hash == approved, "whoever plans"
    service.promote(BOB, "flights/1.0.2", to="prod")
    moved = bench.plan(FIRST).hash
    assert moved != approved, "the revision has risen"
    with pytest.raises(MovedError):
        bench.apply(FIRST, approved)
    assert states(bench.apply(FIRST, moved)) == ["applied"]
    assert states(bench.apply(FIRST, moved)) == ["already"]
    with pytest.raises(MovedError):
        bench.apply(FIRST, approved)


def test_environments_are_applied_one_by_one_and_a_refusal_stops(bench: Bench, service: Registry) -> None:
    both = asks("      flights: {champion: 1.0.1, serial: 1}", "      taxis: {champion: 1.0.0, serial: 1}")
    plan = bench.plan(both)
    assert [one.environment for one in plan.environments] == ["stage", "prod"]

    class Meddling:
        """Lets somebody change prod between the plan and its application."""

        def __getattr__(self, name: str) -> Any:
            if name == "apply":
                service.annotate(BOB, "flights/1.0.0", note="x")
                service.promote(BOB, "flights/1.0.0", to="prod")
            return getattr(bench.workspace.registry, name)

    look = lambda: bench.workspace.look(both, {})  # noqa: E731
    report = apply(Meddling(), look, plan.hash)
    assert states(report) == ["applied", "refused"] and report.code == 1
    assert "MDK510" in report.environments[1].findings[0]
    assert "refused" in report_sheet(report).text() and "MDK510" in report_markdown(report)
    with pytest.raises(MovedError):
        bench.apply(both, plan.hash)
    assert states(bench.carry_out(both)) == ["applied"]


def test_one_file_brings_a_version_through_stage_to_prod(bench: Bench, service: Registry) -> None:
    """What a gate asks of prod, that the version was champion in stage, the same plan brings about before."""
    service.register(ADA, "flights", artifact=artifact(8), vertex_model="projects/p/locations/l/models/flights@9")
    alone = asks("      flights: {champion: 1.0.3, serial: 1}")
    assert bench.plan(alone).blocked
    both = asks("      flights: {champion: 1.0.3, serial: 1}", "      flights: {champion: 1.0.3, serial: 1}")
    plan = bench.plan(both)
    assert not plan.blocked and "it becomes champion in stage by this file" in plan_sheet(plan).text()
    # Applied by itself it is refused, and nothing happens; in turn, the part of prod is the one that was reviewed.
    prod = bench.workspace.look(both, {}, ["prod"]).plan
    look = lambda: bench.workspace.look(both, {}, ["prod"])  # noqa: E731
    assert states(apply(bench.workspace.registry, look, prod.hash)) == ["refused"]
    stage = bench.workspace.look(both, {}, ["stage"]).plan
    assert states(apply(bench.workspace.registry, lambda: bench.workspace.look(both, {}, ["stage"]), stage.hash)) == [
        "applied"
    ]
    assert states(apply(bench.workspace.registry, look, prod.hash)) == ["applied"]
    assert service.champion(BOB, "flights", environment="prod").version.version == "1.0.3"
    other = asks("      flights: {champion: 1.0.2, serial: 2}", "      flights: {champion: 1.0.2, serial: 2}")
    assert states(bench.carry_out(other)) == ["applied", "applied"]


def test_what_stands_in_the_way_changes_nothing_anywhere(bench: Bench, service: Registry) -> None:
    service.set_policy(ROOT, Policy(environment="prod", gates=(Gate(name="g", kind="metric", expression="auc > 2"),)))
    both = asks("      flights: {champion: 1.0.1, serial: 1}", "      taxis: {champion: 1.0.0, serial: 1}")
    with pytest.raises(OperationsError, match="MDK613"):
        bench.carry_out(both)
    assert service.champion(BOB, "taxis", environment="stage").version.version == "1.0.2"
    assert "cannot be applied yet" in plan_sheet(bench.plan(both)).text()


def test_an_entry_is_put_as_a_whole(bench: Bench, service: Registry) -> None:
    entry = "champion: 1.0.2, challengers: {1.0.1: 10}, labels: {tier: gold}, notes: seen, quarantined: {1.0.0: leak}"
    assert states(bench.carry_out(asks(f"      flights: {{{entry}, serial: 5}}"))) == ["applied"]
    (now,) = service.observe(BOB, "prod", names=["flights"])
    assert (now.champion, now.challengers, now.labels) == ("1.0.2", {"1.0.1": 10}, {"tier": "gold"})
    assert service.version(BOB, "flights/1.0.0").status == "quarantined"
    assert now.applied is not None and now.applied.notes == "seen"
    assert bench.plan(asks(f"      flights: {{{entry}, serial: 5}}")).environments == ()
    swapped = asks("      flights: {champion: 1.0.1, challengers: {1.0.2: 20}, serial: 6}")
    assert states(bench.carry_out(swapped)) == ["applied"]
    (now,) = service.observe(BOB, "prod", names=["flights"])
    assert (now.champion, now.challengers) == ("1.0.1", {"1.0.2": 20})
    back = asks("      flights: {champion: 1.0.2, serial: 7}")
    (planned,) = bench.plan(back).models
    assert planned.rollback and planned.gates == ()
    assert states(bench.carry_out(back)) == ["applied"]


def test_a_file_begins_with_what_there_is(bench: Bench, service: Registry, tmp_path: Path) -> None:
    (tmp_path / "operations.yaml").write_text(EMPTY)
    workspace = Workspace.open(tmp_path, registry=bench.workspace.registry)
    for name in ("flights", "taxis"):
        service.promote(BOB, f"{name}/1.0.0", to="prod")
        service.publish(BOB, f"{name}/1.0.0", environment="prod", reason="by hand")
    service.set_challengers(BOB, "taxis", environment="prod", challengers={"1.0.1": 5})
    drift = workspace.drift(parse(EMPTY))
    assert [(one.model, one.kind, one.records[0].actor) for one in drift.models] == [
        ("flights", "unknown", "bob"),
        ("taxis", "unknown", "bob"),
    ]
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=drift.patch, text=True, check=True)
    adopted = parse((tmp_path / "operations.yaml").read_text())
    assert [(m, e.champion, e.challengers, e.serial) for _, m, e in adopted.entries()] == [
        ("flights", "1.0.0", {}, 1),
        ("taxis", "1.0.0", {"1.0.1": 5}, 1),
    ]
    revisions = [one.revision for one in service.observe(BOB, "prod")]
    assert {d.name for model in bench.plan(adopted).models for d in model.differences} == {"serial"}
    assert states(bench.carry_out(adopted)) == ["applied"]
    assert [one.revision for one in service.observe(BOB, "prod")] == revisions, "only noted"
    assert workspace.drift(adopted).models == ()


def test_texts_of_others_do_no_harm_in_a_comment(bench: Bench, service: Registry) -> None:
    evil = "[x](http://evil) @team <img src=x> | `a` ![p](http://evil)\n\n# head"
    service.register(ADA, "evil", artifact=artifact(9), labels={"a": evil}, metrics={evil: evil})
    quoted = json.dumps(evil)
    stage = f"      evil: {{champion: 1.0.0, serial: 1, reason: {quoted}, notes: {quoted}, labels: {{a: b}}}}"
    desired = asks("", stage)
    text = plan_markdown(bench.plan(desired))
    assert not re.search(r"(?<!\\)[\[<]|(?<!\\)`a|@team|\n# head|(?<!\\)!\[", text.replace("<!-- mdk ops plan -->", ""))
    for line in text.splitlines():
        if line.startswith("|") and "notes" in line:
            assert len(re.findall(r"(?<!\\)\|", line)) == 4, "the columns of the table stay"
    bench.carry_out(desired)
    service.publish(BOB, "flights/1.0.0", environment="stage", reason=evil)
    bench.carry_out(asks("", stage + "\n      flights: {champion: 1.0.0, serial: 1}"))
    service.publish(BOB, "flights/1.0.1", environment="stage", reason=evil)
    drift = bench.workspace.drift(asks("", stage + "\n      flights: {champion: 1.0.0, serial: 1}"))
    assert "@team" not in drift_markdown(drift).partition("```diff")[0]


def test_gates_are_set_aside_where_the_policy_lets(bench: Bench, service: Registry) -> None:
    gates = (Gate(name="card", kind="card", waivable=True), Gate(name="data", kind="dataset"))
    service.set_policy(ROOT, Policy(environment="prod", gates=gates[:1]))
    waived = asks("      flights: {champion: 1.0.0, waivers: {card: next week}, serial: 1}")
    assert bench.plan(FIRST).blocked and not bench.plan(waived).blocked
    assert "waived: next week" in plan_sheet(bench.plan(waived)).text()
    assert states(bench.carry_out(waived)) == ["applied"]
    records = service.history(BOB, "flights", environment="prod").items
    assert {str(record.data.get("waived")) for record in records if record.action == "publish"} == {
        "{'card': 'next week'}"
    }
    service.set_policy(ROOT, Policy(environment="prod", gates=gates))
    wanted = asks("      flights: {champion: 1.0.1, waivers: {card: later, data: no one looks}, serial: 2}")
    with pytest.raises(OperationsError, match="nobody may set data aside"):
        bench.carry_out(wanted)
    with pytest.raises(OperationsError, match="does not say why"):
        parse(wanted.text.replace("card: later", "card: no"))


# Endpoints


class Fake:
    """Endpoints in memory. `fail` names the call that fails, once."""

    def __init__(self, traffic: Traffic) -> None:
        self.now = dict(traffic)
        self.calls: list[str] = []
        self.fail = ""

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.fail == name:
            self.fail = ""
            raise ServiceError([Finding("MDK470", f"{name} does not work")])

    def traffic(self, endpoint: str) -> Traffic:
        return dict(self.now)

    def deploy(self, endpoint: str, model: str) -> None:
        self._called("deploy")
        self.now[model] = 0 if self.now else 100

    def split(self, endpoint: str, shares: Mapping[str, int]) -> None:
        self._called("split")
        assert set(shares) <= set(self.now) and sum(shares.values()) == 100
        self.now = {model: shares.get(model, 0) for model in self.now}

    def undeploy(self, endpoint: str, model: str) -> None:
        self._called("undeploy")
        assert self.now[model] == 0
        del self.now[model]


def vertex(number: int) -> str:
    return f"projects/p/locations/l/models/flights@{number + 1}"


def serving(champion: str, serial: int, more: str = "") -> Desired:
    return asks(f"      flights: {{champion: {champion}, endpoint: {ENDPOINT}, serial: {serial}{more}}}")


def test_registry_and_endpoint_change_together(service: Registry, tmp_path: Path) -> None:
    fake = Fake({})
    bench = Bench(embedded(service, BOB), tmp_path, fake)
    assert states(bench.carry_out(serving("1.0.0", 1))) == ["applied"]
    assert fake.now == {vertex(0): 100}
    challenged = serving("1.0.0", 2, ", challengers: {1.0.1: 10}")
    plan = bench.plan(challenged)
    assert "traffic" in plan_sheet(plan).text()
    assert states(bench.apply(challenged, plan.hash)) == ["applied"]
    assert fake.now == {vertex(0): 90, vertex(1): 10}
    assert bench.plan(challenged).environments == ()
    assert service.champion(BOB, "flights", environment="prod").endpoint == ENDPOINT
    before = list(fake.calls)
    assert states(bench.apply(challenged, plan.hash)) == ["already"] and fake.calls == before

    fake.now = {vertex(0): 50, vertex(1): 50}
    (drifted,) = bench.plan(challenged).models
    assert [one.name for one in drifted.differences] == ["traffic"]
    assert states(bench.carry_out(challenged)) == ["applied"] and fake.now[vertex(0)] == 90


def test_an_endpoint_that_fails_sets_the_registry_back(service: Registry, tmp_path: Path) -> None:
    fake = Fake({})
    bench = Bench(embedded(service, BOB), tmp_path, fake)
    bench.carry_out(serving("1.0.0", 1))
    new = serving("1.0.1", 2)
    fake.fail = "deploy"
    report = bench.carry_out(new)
    assert states(report) == ["unreachable"] and report.code == 3
    assert service.champion(BOB, "flights", environment="prod").version.version == "1.0.0"
    fake.fail = "split"
    report = bench.carry_out(new)
    assert states(report) == ["compensated"] and report.code == 1
    assert fake.now == {vertex(0): 100}, "what was deployed is taken away again"
    champion = service.champion(BOB, "flights", environment="prod")
    assert champion.version.version == "1.0.0" and "split does not work" in (champion.reason or "")
    assert states(bench.carry_out(new)) == ["applied"], "the same file again"
    assert fake.now == {vertex(0): 0, vertex(1): 100}
    assert service.verify(BOB).whole


def test_where_it_cannot_be_set_back_the_same_plan_goes_on(service: Registry, tmp_path: Path) -> None:
    fake = Fake({})
    bench = Bench(embedded(service, BOB), tmp_path, fake)
    for serial, version in enumerate(("1.0.0", "1.0.1"), 1):
        bench.carry_out(serving(version, serial))
    back = serving("1.0.0", 3, ", quarantined: {1.0.1: leak}")
    wanted = bench.plan(back).hash
    fake.fail = "split"
    report = bench.apply(back, wanted)
    assert states(report) == ["half"] and report.code == 1
    assert service.champion(BOB, "flights", environment="prod").version.version == "1.0.0", "the bad one stays away"
    assert fake.now[vertex(1)] == 100
    fake.fail = "split"
    assert states(bench.apply(back, wanted)) == ["half"]
    assert states(bench.apply(back, wanted)) == ["applied"] and fake.now[vertex(0)] == 100
    assert states(bench.apply(back, wanted)) == ["already"]


def test_a_version_without_a_model_there_cannot_serve(service: Registry, tmp_path: Path) -> None:
    service.register(ADA, "flights", artifact=artifact(5))
    service.publish(BOB, "flights/1.0.3", environment="stage")
    bench = Bench(embedded(service, BOB), tmp_path, Fake({}))
    with pytest.raises(OperationsError, match="no model on Vertex AI"):
        bench.carry_out(serving("1.0.3", 1))


def test_vertex_endpoints_follow_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("google.cloud.aiplatform_v1")
    pytest.importorskip("starlette")
    from gitops import Person
    from standin_server import standin
    from standin_server import vertex as library

    ai = library()
    models = [ai.Model.upload(display_name="flights", serving_container_image_uri="eu/img:1")]
    models.append(
        ai.Model.upload(
            display_name="flights", serving_container_image_uri="eu/img:2", parent_model=models[0].resource_name
        )
    )
    endpoint = ai.Endpoint.create(display_name="flights")
    settings = {"project_id": "demo-project", "region": "europe-west3", "api_endpoint": standin().url}
    (tmp_path / "mdk.yaml").write_text(json.dumps({"name": "p", "vertex": settings}))
    monkeypatch.delenv("MDK_REGISTRY", raising=False)
    ci = Person("ci", tmp_path)
    registry = Registry.open(f"sqlite:///{tmp_path / '.mdk' / 'registry.db'}")
    for number, model in enumerate(models, 1):
        name = f"{model.resource_name.partition('@')[0]}@{number}"
        registry.register(ADA, "flights", artifact=artifact(number), vertex_model=name)
        registry.publish(BOB, f"flights/1.0.{number - 1}", environment="stage")
    registry.close()
    entry = "      flights: {{champion: 1.0.{}, challengers: {{{}}}, endpoint: {}, serial: {}}}"
    for serial, (champion, challengers) in enumerate(((0, ""), (0, "1.0.1: 10"), (1, "")), 1):
        text = asks(entry.format(champion, challengers, endpoint.resource_name, serial)).text
        (tmp_path / "operations.yaml").write_text(text)
        report = ci.mdk("ops", "apply", "--plan", ci.plan(), "--format", "json")
        assert report.code == 0, report.err
        assert ci.mdk("ops", "plan").code == 0
        split = ai.Endpoint(endpoint.resource_name).traffic_split
        assert sorted(split.values()) == {1: [100], 2: [10, 90], 3: [100]}[serial]
    deployed = {one.id: one.model_version_id for one in ai.Endpoint(endpoint.resource_name).list_models()}
    (serving_now,) = split
    assert deployed[serving_now] == "2" and len(deployed) == 2, "the one before stays warm"
    machines = {
        one.dedicated_resources.machine_spec.machine_type
        for one in ai.Endpoint(endpoint.resource_name).gca_resource.deployed_models
    }
    assert machines == {"n1-standard-2"}


def test_a_registry_that_is_away_is_told_by_the_exit_code(tmp_path: Path) -> None:
    from gitops import Person

    ci = Person("ci", tmp_path)
    (tmp_path / "operations.yaml").write_text(FIRST.text)
    for url in ("http://127.0.0.1:9", "postgresql://nobody@127.0.0.1:9/none"):
        (tmp_path / "mdk.yaml").write_text(json.dumps({"name": "p", "registry": {"url": url}}))
        for words in (("ops", "plan"), ("ops", "drift"), ("ops", "apply", "--plan", "0" * 16)):
            said = ci.mdk(*words)
            assert said.code == 3 and "MDK550" in said.err, said
    assert os.environ.get("MDK_REGISTRY") is None


def test_a_database_that_fails_in_the_middle_is_told_and_goes_on(bench: Bench, service: Registry) -> None:
    from sqlalchemy.exc import OperationalError

    class Failing:
        """Loses the connection in prod, after everything was sent."""

        def __getattr__(self, name: str) -> Any:
            if name == "apply":
                return self.apply
            return getattr(bench.workspace.registry, name)

        def apply(self, changes: Any, *, environment: str, **named: Any) -> Any:
            done = bench.workspace.registry.apply(changes, environment=environment, **named)
            if environment == "prod":
                raise unreachable(OperationalError("commit", {}, Exception("server closed the connection")))
            return done

    both = asks("      flights: {champion: 1.0.1, serial: 1}", "      taxis: {champion: 1.0.0, serial: 1}")
    wanted = bench.plan(both).hash
    report = apply(Failing(), lambda: bench.workspace.look(both, {}), wanted)
    assert states(report) == ["applied", "already"] and report.code == 0, "it looked, and saw that it had happened"
    before = len(service.history(BOB, "flights", limit=200).items)
    assert states(bench.apply(both, wanted)) == ["already", "already"]
    assert len(service.history(BOB, "flights", limit=200).items) == before


OLD = """\
environments:
  prod:
    api_settings: {expanded_model_registry_endpoint: x, project_id: p, region: europe-west3, deployment_environment: prod}
    operations:
      - type: publish_primary
        target: {model_name: flights, model_inference_reference: 1.0.1}
        champion_status: {publish_status: champion, deployment_status: {inference_type: online-inference}}
"""


def test_an_online_operation_is_done_once_or_again_until_it_is_done(service: Registry, tmp_path: Path) -> None:
    service.promote(BOB, "flights/1.0.0", to="prod")
    service.publish(BOB, "flights/1.0.0", environment="prod", endpoint=ENDPOINT)
    fake = Fake({vertex(0): 100})
    bench = Bench(embedded(service, BOB), tmp_path, fake)
    old: Any = parse_legacy(OLD, "operations.yml")
    wanted = bench.plan(old).hash
    fake.fail = "split"
    assert states(bench.apply(old, wanted)) == ["unreachable"]
    assert fake.now == {vertex(0): 100}
    assert service.champion(BOB, "flights", environment="prod").version.version == "1.0.0"
    assert states(bench.apply(old, wanted)) == ["applied"]
    assert fake.now == {vertex(0): 0, vertex(1): 100}
    champion = service.champion(BOB, "flights", environment="prod")
    assert (champion.version.version, champion.endpoint) == ("1.0.1", ENDPOINT)
    fake.now = {vertex(0): 50, vertex(1): 50}  # somebody splits it: the file has nothing more to say
    assert bench.plan(old).environments == () and states(bench.apply(old, wanted)) == ["already"]
    assert fake.now[vertex(0)] == 50
