"""A small model of the registry in memory, and the requests that are made of both."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from registries import ADA, BOB, EVE, VIC, artifact, replay, whole_history

from mdk_jupyter.registry.domain import Actor, Search, Status
from mdk_jupyter.registry.errors import NotFoundError, RegistryError
from mdk_jupyter.registry.service import Registry

ENVIRONMENTS = ["dev", "stage", "prod"]
_names = itertools.count()
# Mostly those who may, and what can be done: refusals are many anyway.
SOMEBODY = st.sampled_from([BOB, EVE, BOB, EVE, BOB, EVE, ADA, VIC])
SOMEWHERE = st.sampled_from(["stage", "prod", "stage", "prod", "dev"])
DECIDER = st.sampled_from([BOB, EVE])
LINES = st.sampled_from(["1.0", "1.1", "2.0"])
SELDOM = st.sampled_from([0] * 8 + [1, -1])  # how far the revision is from the one that holds


@dataclass
class Known:
    """A version, as the model knows it."""

    number: str
    line: str
    status: str = "active"
    places: dict[str, str] = field(default_factory=dict)
    been: set[str] = field(default_factory=set)  # environments in which it was champion
    promoted_by: dict[str, str] = field(default_factory=dict)
    approved_by: dict[str, set[str]] = field(default_factory=dict)


@dataclass
class Here:
    """An environment, as the model knows it."""

    revision: int = 0
    past: list[Known] = field(default_factory=list)  # champions, the present one last
    shares: dict[str, int] = field(default_factory=dict)

    @property
    def champion(self) -> Known | None:
        return self.past[-1] if self.past else None


class Machine(RuleBasedStateMachine):
    registry: Registry

    def __init__(self) -> None:
        super().__init__()
        self.name = f"m{next(_names)}"
        self.versions: list[Known] = []
        self.here = {environment: Here() for environment in ENVIRONMENTS}

    @initialize(count=st.integers(2, 3), line=LINES)
    def begin(self, count: int, line: str) -> None:
        for _ in range(count):
            self.do_register("1.0", ADA)
        for version in self.versions:
            self.registry.publish(BOB, f"{self.name}/{version.number}", environment="stage")
            self.crown(version, "stage")
        self.do_register(line, ADA)  # one that has been nowhere

    # What the model expects

    def crown(self, version: Known, environment: str) -> None:
        here = self.here[environment]
        if here.champion:
            here.champion.places.pop(environment, None)
        here.past.append(version)
        here.shares.pop(version.number, None)
        here.revision += 1
        version.places[environment] = "champion"
        version.been.add(environment)

    def gates_let_pass(self, version: Known, environment: str, actor: Actor, verb: str) -> bool:
        if environment != "prod":
            return True
        if "stage" not in version.been:
            return False
        if verb == "promote":
            return True
        promoter = version.promoted_by.get("prod")
        agreed = version.approved_by.get("prod", set()) | {actor.name}
        return promoter is not None and bool(agreed - {"ada", promoter})

    def expect(self, code: str | None, call: Callable[[], object]) -> bool:
        """Do it, and compare the refusal with the expected one. Returns whether it was done."""
        try:
            call()
        except RegistryError as error:
            assert error.code == code, f"{error.code} instead of {code}: {error}"
            return False
        assert code is None, f"it was done, and should have been refused with {code}"
        return True

    def refusal(self, actor: Actor, environment: str, stale: int, *versions: Known) -> str | None:
        if actor is VIC or (actor is ADA and environment != "dev"):
            return "MDK530"
        if stale:
            return "MDK510"
        return "MDK512" if any(version.status != "active" for version in versions) else None

    # What is asked for, and what the model makes of it

    def do_register(self, line: str, actor: Actor) -> None:
        patch = sum(version.line == line for version in self.versions)
        number = f"{line}.{patch}"
        call = lambda: self.registry.register(actor, self.name, version=line, artifact=artifact(len(self.versions)))  # noqa: E731
        if self.expect("MDK530" if actor is VIC else None, call):
            self.versions.append(Known(number, line))
            assert self.registry.version(VIC, f"{self.name}@latest").version == number

    def do_promote(self, version: Known, environment: str, actor: Actor, stale: int = 0) -> None:
        here = self.here[environment]
        code = self.refusal(actor, environment, stale, version)
        new = environment not in version.places
        if code is None and new and not self.gates_let_pass(version, environment, actor, "promote"):
            code = "MDK520"
        revision = here.revision + stale

        def call() -> object:
            reference = f"{self.name}/{version.number}"
            return self.registry.promote(actor, reference, to=environment, expected_revision=revision)

        if self.expect(code, call) and new:
            here.revision += 1
            version.places[environment] = "staged"
            version.promoted_by[environment] = actor.name

    def do_publish(
        self, version: Known, environment: str, actor: Actor, stale: int = 0, *, twice: bool = False
    ) -> None:
        here = self.here[environment]
        code = self.refusal(actor, environment, stale, version)
        new = here.champion is not version
        if code is None and new and not self.gates_let_pass(version, environment, actor, "publish"):
            code = "MDK520"
        revision = here.revision + stale
        key = f"{self.name}-{next(_names)}" if twice else None

        def call() -> object:
            reference = f"{self.name}/{version.number}"
            return self.registry.publish(
                actor, reference, environment=environment, expected_revision=revision, idempotency_key=key
            )

        answers: list[object] = []
        if self.expect(code, lambda: answers.append(call())):
            if new:
                self.crown(version, environment)
            if twice:
                assert answers[0] == call(), "the second request got another answer"

    def do_approve(self, version: Known, environment: str, actor: Actor) -> None:
        code = "MDK530" if actor in (ADA, VIC) else "MDK512" if version.status != "active" else None
        reference = f"{self.name}/{version.number}"
        if self.expect(code, lambda: self.registry.approve(actor, reference, environment=environment)):
            version.approved_by.setdefault(environment, set()).add(actor.name)

    def do_challenge(self, version: Known | None, environment: str, percent: int, actor: Actor) -> None:
        here = self.here[environment]
        code = self.refusal(actor, environment, 0)
        if version and code is None:
            code = "MDK502" if here.champion is None else "MDK544" if here.champion is version else None
            code = code or ("MDK512" if version.status != "active" else None)
        shares = {version.number: percent} if version else {}

        def call() -> object:
            return self.registry.set_challengers(actor, self.name, environment=environment, challengers=shares)

        if self.expect(code, call) and shares != here.shares:
            for other in self.versions:
                if other.number in here.shares:
                    other.places.pop(environment, None)
            if version:
                version.places[environment] = "challenger"
            here.revision += 1
            here.shares = shares

    def do_roll_back(self, environment: str, actor: Actor, *, quarantine: bool) -> None:
        here = self.here[environment]
        left = here.champion
        code = self.refusal(actor, environment, 0)
        target = next((v for v in reversed(here.past) if v is not left and v.status == "active"), None)
        if code is None:
            code = "MDK502" if left is None else "MDK514" if target is None else None

        def call() -> object:
            return self.registry.rollback(
                actor, self.name, environment=environment, reason="bad", quarantine=quarantine
            )

        if self.expect(code, call):
            assert target and left
            self.crown(target, environment)
            if quarantine and left.status == "active":
                left.status = "quarantined"

    # Single requests, sensible or not

    @rule(line=LINES, actor=st.sampled_from([ADA, ADA, VIC]))
    def register(self, line: str, actor: Actor) -> None:
        self.do_register(line, actor)

    @rule(data=st.data(), environment=SOMEWHERE, actor=SOMEBODY, stale=SELDOM)
    def promote(self, data: st.DataObject, environment: str, actor: Actor, stale: int) -> None:
        self.do_promote(data.draw(st.sampled_from(self.versions)), environment, actor, stale)

    @rule(data=st.data(), environment=SOMEWHERE, actor=SOMEBODY, stale=SELDOM, twice=st.booleans())
    def publish(self, data: st.DataObject, environment: str, actor: Actor, stale: int, twice: bool) -> None:
        staged = [version for version in self.versions if version.places.get(environment) == "staged"]
        version = data.draw(st.sampled_from(staged * 3 + self.versions))
        self.do_publish(version, environment, actor, stale, twice=twice)

    @rule(environment=SOMEWHERE, actor=SOMEBODY, quarantine=st.booleans())
    def roll_back(self, environment: str, actor: Actor, quarantine: bool) -> None:
        self.do_roll_back(environment, actor, quarantine=quarantine)

    @rule(data=st.data(), environment=SOMEWHERE, actor=SOMEBODY)
    def roll_back_to(self, data: st.DataObject, environment: str, actor: Actor) -> None:
        version = data.draw(st.sampled_from(self.versions))
        here = self.here[environment]
        code = self.refusal(actor, environment, 0)
        if code is None:
            code = "MDK502" if here.champion is None else None if environment in version.been else "MDK516"
        if code is None and version.status != "active":
            code = "MDK512"
        new = here.champion is not version

        def call() -> object:
            return self.registry.rollback(
                actor, self.name, environment=environment, to=version.number, reason="bad", quarantine=False
            )

        if self.expect(code, call) and new:
            self.crown(version, environment)

    @rule(data=st.data(), environment=SOMEWHERE, percent=st.integers(0, 100), actor=SOMEBODY)
    def challenge(self, data: st.DataObject, environment: str, percent: int, actor: Actor) -> None:
        self.do_challenge(data.draw(st.none() | st.sampled_from(self.versions)), environment, percent, actor)

    @rule(data=st.data(), environment=SOMEWHERE, actor=SOMEBODY)
    def approve(self, data: st.DataObject, environment: str, actor: Actor) -> None:
        self.do_approve(data.draw(st.sampled_from(self.versions)), environment, actor)

    @rule(
        data=st.data(),
        status=st.sampled_from(["quarantined", "active", "archived"]),
        actor=st.sampled_from([BOB, BOB, ADA]),
    )
    def set_status(self, data: st.DataObject, status: str, actor: Actor) -> None:
        version = data.draw(st.sampled_from(self.versions))
        verb = {
            "quarantined": self.registry.quarantine,
            "active": self.registry.unquarantine,
            "archived": self.registry.archive,
        }[status]
        code = None
        if actor is ADA:
            code = "MDK530"
        elif version.status == "archived" != status:
            code = "MDK512"
        elif version.status != status == "archived" and version.places:
            code = "MDK511"
        if self.expect(code, lambda: verb(actor, f"{self.name}/{version.number}", reason="because")):
            version.status = status

    # What people do in a row: single requests alone seldom get far

    @rule(data=st.data(), environment=st.sampled_from(["prod", "prod", "stage"]), promoter=DECIDER, publisher=DECIDER)
    def bring(self, data: st.DataObject, environment: str, promoter: Actor, publisher: Actor) -> None:
        """A version moves on, with or without somebody who agrees."""
        untried = [version for version in self.usable() if not version.been]
        version = data.draw(st.sampled_from(2 * untried + (self.usable() or self.versions)))
        self.do_promote(version, environment, promoter)
        self.all_that_is_read_is_what_was_done()
        if data.draw(st.booleans()):
            self.do_approve(version, environment, data.draw(DECIDER))
        self.do_publish(version, environment, publisher, twice=data.draw(st.booleans()))

    @rule(data=st.data(), actor=DECIDER, times=st.integers(1, 3))
    def fall_back(self, data: st.DataObject, actor: Actor, times: int) -> None:
        """One champion after the other is bad."""
        environment = data.draw(st.sampled_from([name for name, here in self.here.items() if here.champion]))
        for _ in range(times):
            self.do_roll_back(environment, actor, quarantine=True)
            self.all_that_is_read_is_what_was_done()

    @rule(data=st.data(), actor=DECIDER, wins=st.booleans())
    def try_out(self, data: st.DataObject, actor: Actor, wins: bool) -> None:
        """A challenger becomes the champion, or goes."""
        environment = data.draw(st.sampled_from([name for name, here in self.here.items() if here.champion]))
        version = data.draw(st.sampled_from(self.usable() or self.versions))
        self.do_challenge(version, environment, 10, actor)
        self.all_that_is_read_is_what_was_done()
        if wins:
            self.do_publish(version, environment, actor)
        else:
            self.do_challenge(None, environment, 0, actor)

    def usable(self) -> list[Known]:
        return [version for version in self.versions if version.status == "active"]

    # What must be so after each of them

    @invariant()
    def all_that_is_read_is_what_was_done(self) -> None:
        model = self.registry.model(VIC, self.name)
        assert model.versions == len(self.versions) and model.newest == self.versions[-1].number
        champions = {name: here.champion.number for name, here in self.here.items() if here.champion}
        assert model.champions == champions
        listed = self.registry.versions(VIC, self.name, limit=100).items
        assert [(v.version, v.status.value, dict(v.places)) for v in reversed(listed)] == [
            (known.number, known.status, known.places) for known in self.versions
        ]
        for environment, here in self.here.items():
            if here.champion is None:
                try:
                    self.registry.champion(VIC, self.name, environment=environment)
                except NotFoundError as error:
                    assert error.code == "MDK502"
                else:
                    raise AssertionError("a champion came from nowhere")
                continue
            champion = self.registry.champion(VIC, self.name, environment=environment)
            assert (champion.version.version, champion.revision) == (here.champion.number, here.revision)
            assert champion.previous == (here.past[-2].number if len(here.past) > 1 else None)

    def teardown(self) -> None:
        verification = self.registry.verify(VIC, self.name)
        assert verification.whole, verification.breaks
        records = whole_history(self.registry, self.name)
        moments = [record.at for record in records]
        assert moments == sorted(moments)
        heads = {
            name: (here.revision, here.champion.number if here.champion else None)
            for name, here in self.here.items()
            if here.revision
        }
        assert replay(records) == heads
        for deployment in self.registry.deployments(VIC, self.name):
            here = self.here[deployment.environment]
            assert deployment.revision == here.revision
            found = {place.version: place.percent for place in deployment.placements if place.place == "challenger"}
            assert found == here.shares
        for status in Status:
            listed = self.registry.search(VIC, Search(text=self.name, status=status), limit=1000).items
            found_numbers = {version.version for version in listed if version.model == self.name}
            assert found_numbers == {known.number for known in self.versions if known.status == status}
