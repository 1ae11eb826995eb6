"""Many at once: what each was answered must fit one history, and the history must fit what is there."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest
from registries import ADA, BOB, VIC, artifact, replay, whole_history
from sqlalchemy import select

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.database import microseconds, moment
from mdk_jupyter.registry.domain import Policy
from mdk_jupyter.registry.errors import RegistryError, StaleError
from mdk_jupyter.registry.service import Registry
from mdk_jupyter.registry.tables import assignments, models, versions

CLIENTS, SECONDS = 10, 3
FREE: dict[str, Policy] = {}  # no gates: what is looked at here is order


@dataclass
class Operation:
    """One request with its answer."""

    began: float
    ended: float
    model: str
    kind: str
    answer: Any
    refused: str | None = None


@dataclass
class Client:
    """One of those who work at the same time."""

    registry: Registry
    number: int
    names: list[str]
    known: dict[str, list[str]]
    done: list[Operation] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def run(self, until: float) -> None:
        choose = random.Random(self.number)
        try:
            while time.monotonic() < until:
                self.step(choose)
        except BaseException as error:
            self.failures.append(error)

    def step(self, choose: random.Random) -> None:
        model = choose.choice(self.names)
        kind = choose.choices(["register", "publish", "compare_and_set", "twice", "read"], [30, 20, 25, 10, 15])[0]
        began = time.monotonic()
        try:
            answer, refused = getattr(self, kind)(model, choose), None
        except RegistryError as error:
            answer, refused = None, error.code
        self.done.append(Operation(began, time.monotonic(), model, kind, answer, refused))

    def register(self, model: str, choose: random.Random) -> str:
        line = f"1.{choose.randint(0, 1)}"
        made = self.registry.register(
            ADA, model, version=line, artifact=artifact(), labels={"client": str(self.number)}
        )
        self.known[model].append(made.version)
        return made.version

    def publish(self, model: str, choose: random.Random) -> int:
        return self.registry.publish(BOB, self.some(model, choose), environment="prod").revision

    def compare_and_set(self, model: str, choose: random.Random) -> tuple[int, int, bool]:
        seen = self.registry.champion(VIC, model, environment="prod").revision
        made = self.registry.publish(BOB, self.some(model, choose), environment="prod", expected_revision=seen)
        return seen, made.revision, made.changed

    def twice(self, model: str, choose: random.Random) -> int:
        key, version = f"{self.number}-{choose.random()}", self.some(model, choose)
        first = self.registry.publish(BOB, version, environment="stage", idempotency_key=key)
        second = self.registry.publish(BOB, version, environment="stage", idempotency_key=key)
        assert first == second
        return first.revision

    def read(self, model: str, choose: random.Random) -> int:
        return self.registry.champion(VIC, model, environment="prod").revision

    def some(self, model: str, choose: random.Random) -> str:
        return f"{model}/{choose.choice(self.known[model])}"


@pytest.fixture
def registry(registry_url: str) -> Any:
    opened = Registry.open(registry_url, policies=FREE)
    yield opened
    opened.close()


def test_what_many_do_at_once_is_one_history(registry: Registry) -> None:
    names = ["left", "right"]
    known: dict[str, list[str]] = defaultdict(list)
    for name in names:
        known[name].append(registry.register(ADA, name, version="1.0", artifact=artifact()).version)
        registry.publish(BOB, f"{name}/1.0.0", environment="prod")
    clients = [Client(registry, number, names, known) for number in range(CLIENTS)]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=client.run, args=(until,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [client.failures for client in clients if client.failures]
    operations = [operation for client in clients for operation in client.done]
    counts = Counter((operation.kind, operation.refused) for operation in operations)
    assert {operation.refused for operation in operations} <= {None, "MDK510"}, counts
    assert {kind for kind, refused in counts if refused is None} >= {
        "register",
        "publish",
        "compare_and_set",
        "twice",
        "read",
    }
    for name in names:
        check_numbers(registry, name, known[name])
        check_intervals(registry, name)
        check_register(name, operations)
        records = whole_history(registry, name)
        for environment, head in replay(records).items():
            champion = registry.champion(VIC, name, environment=environment)
            assert head == (champion.revision, champion.version.version)
        assert len([record for record in records if record.action == "register"]) == len(known[name])
    assert registry.verify(VIC).whole
    check_events(registry)


def check_numbers(registry: Registry, name: str, answered: list[str]) -> None:
    """No number twice, and none left out."""
    with registry.database.read() as connection:
        query = select(versions).join(models).where(models.c.name == name).order_by(versions.c.n)
        rows = connection.execute(query).all()
    assert [row.n for row in rows] == list(range(1, len(rows) + 1))
    assert sorted(f"{row.major}.{row.minor}.{row.patch}" for row in rows) == sorted(answered)
    for minor in {row.minor for row in rows}:
        assert sorted(row.patch for row in rows if row.minor == minor) == list(
            range(sum(r.minor == minor for r in rows))
        )


def check_intervals(registry: Registry, name: str) -> None:
    """From the first champion on there is one at every moment, and never two."""
    with registry.database.read() as connection:
        query = select(assignments).join(models).where(models.c.name == name)
        rows = connection.execute(query.order_by(assignments.c.revision)).all()
    for environment in {row.environment for row in rows}:
        here = [row for row in rows if row.environment == environment]
        assert [row.revision for row in here] == list(range(1, len(here) + 1))
        assert [row.until for row in here][:-1] == [row.since for row in here][1:]
        assert here[-1].until is None
        middle = here[len(here) // 2]
        as_of = registry.champion(VIC, name, environment=environment, as_of=moment(middle.since))
        assert microseconds(as_of.since) == middle.since


def check_register(name: str, operations: list[Operation]) -> None:
    """Each revision was replaced by one; and who began after another had ended did not act on what was before it."""
    won = [o for o in operations if o.model == name and o.kind == "compare_and_set" and not o.refused and o.answer[2]]
    assert all(made == seen + 1 for seen, made, _ in (o.answer for o in won))
    assert max(Counter(o.answer[0] for o in won).values(), default=1) == 1
    written = [
        (o.began, o.ended, o.answer if isinstance(o.answer, int) else o.answer[1])
        for o in operations
        if o.model == name and o.kind in {"publish", "compare_and_set", "read"} and not o.refused
    ]
    ended = sorted((end, revision) for _, end, revision in written)
    highest, at = 0, 0
    for began, _, revision in sorted(written):
        while at < len(ended) and ended[at][0] < began:
            highest = max(highest, ended[at][1])
            at += 1
        assert revision >= highest, f"revision {revision} was answered after {highest} had been"


def check_events(registry: Registry) -> None:
    """Every event is there once, in the order of its model's history."""
    seen: dict[str, list[int]] = defaultdict(list)
    cursor = None
    while True:
        page = registry.events(VIC, after=cursor, limit=500)
        for event in page.items:
            model, _, seq = event.id.rpartition(":")
            seen[model].append(int(seq))
        if not page.items:
            break
        cursor = page.next
    for numbers in seen.values():
        assert numbers == list(range(1, len(numbers) + 1))


def test_one_of_many_wins_a_revision(registry: Registry) -> None:
    for number in range(8):
        registry.register(ADA, "flights", artifact=artifact(number))
    start = registry.publish(BOB, "flights/1.0.0", environment="prod").revision
    together = threading.Barrier(7)
    won: list[str] = []
    stale: list[int] = []

    def claim(number: int) -> None:
        together.wait()
        try:
            made = registry.publish(BOB, f"flights/1.0.{number}", environment="prod", expected_revision=start)
            won.append(made.version.version)
        except StaleError as error:
            stale.append(error.revision)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(1, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and stale == [start + 1] * 6
    assert registry.champion(VIC, "flights", environment="prod").version.version == won[0]


def test_the_first_version_of_a_model_may_come_from_many(registry: Registry) -> None:
    together = threading.Barrier(6)
    made: list[str] = []

    def first() -> None:
        together.wait()
        made.append(registry.register(ADA, "new", artifact=artifact()).version)

    threads = [threading.Thread(target=first) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [f"1.0.{patch}" for patch in range(6)]


def test_one_key_has_one_effect_however_many_send_it(registry: Registry) -> None:
    together = threading.Barrier(6)
    answers: list[str] = []

    def send() -> None:
        together.wait()
        answers.append(registry.register(ADA, "flights", artifact=artifact(), idempotency_key="k").version)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["1.0.0"] * 6
    assert registry.model(VIC, "flights").versions == 1


def test_two_open_an_empty_database_at_once(registry_url: str, tmp_path: Any) -> None:
    url = registry_url if registry_url.startswith("postgresql") else f"sqlite:///{tmp_path}/another.db"
    together = threading.Barrier(4)
    opened: list[Registry] = []

    def start() -> None:
        together.wait()
        opened.append(Registry.open(url, policies=gates.SHARED))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    opened[0].register(ADA, "flights", artifact=artifact())
    assert opened[3].model(VIC, "flights").newest == "1.0.0"
    for registry in opened:
        registry.close()
