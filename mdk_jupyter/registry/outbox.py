"""Events: written with the change, in the same transaction, and delivered at least once.

A consumer tells repeats by the event's id. Events that cannot be delivered are tried again, later each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Row, select, update

from mdk_jupyter.registry.database import Database, canonical, moment, now
from mdk_jupyter.registry.domain import CloudEvent
from mdk_jupyter.registry.prepared import Prepared
from mdk_jupyter.registry.tables import chains, outbox

PREFIX = "dev.mdk.registry"
SOURCE = "/mdk/registry"
_REGISTRY = "_registry"  # the subject of what concerns no single model; no model can have it as its name
_NUMBERING = ":outbox"  # a row of `chains` that no model can have as its name: who holds it numbers the events
_FIRST_WAIT = 1_000_000  # microseconds; doubled at each attempt
_LONGEST_WAIT = 3600 * 1_000_000

Sink = Callable[[CloudEvent], None]
"""Takes one event, or raises."""


note = Prepared(outbox.insert())


def noted(type: str, chain: str, seq: int, at: int, data: dict[str, Any]) -> dict[str, Any]:
    """Return what to `note` of an event. `type` is such as `champion.changed`; an empty `chain` is the registry itself."""
    subject = chain or _REGISTRY
    return {
        "event": f"{subject}:{seq}",
        "type": f"{PREFIX}.{type}.v1",
        "subject": subject,
        "at": at,
        "data": canonical(data),
        "attempts": 0,
        "due": at,
    }


def events(database: Database, after: int, limit: int) -> list[tuple[int, CloudEvent]]:
    """Return events with their positions, in the order in which they became visible: none ever appears before `after`."""
    _number(database)
    query = select(outbox).where(outbox.c.position > after).order_by(outbox.c.position).limit(limit)
    with database.read() as connection:
        return [(row.position, _event(row)) for row in connection.execute(query)]


def relay(database: Database, sink: Sink, *, limit: int = 100) -> int:
    """Deliver the events that are due, oldest first, and return how many were delivered.

    An event is marked when the sink has taken it: if the process ends between the two it is delivered again.
    """
    _number(database)
    query = select(outbox).where(outbox.c.due <= now(), outbox.c.position.is_not(None))
    with database.read() as connection:
        rows = connection.execute(query.order_by(outbox.c.position).limit(limit)).all()
    delivered = 0
    for row in rows:
        try:
            sink(_event(row))
        except Exception:  # whatever a sink raises, the event stays
            wait = min(_FIRST_WAIT << min(row.attempts, 20), _LONGEST_WAIT)
            _mark(database, row.id, {"attempts": row.attempts + 1, "due": now() + wait})
        else:
            delivered += 1
            _mark(database, row.id, {"attempts": row.attempts + 1, "due": None})
    return delivered


def http_sink(url: str, headers: dict[str, str] | None = None, timeout: float = 10) -> Sink:
    """Return a sink that posts events in the structured mode of CloudEvents; any status below 300 takes an event."""
    import httpx

    client = httpx.Client(timeout=timeout, headers={**(headers or {}), "Content-Type": "application/cloudevents+json"})

    def post(event: CloudEvent) -> None:
        answer = client.post(url, content=event.model_dump_json())
        if answer.status_code >= 300:
            raise ConnectionError(f"{url} answered {answer.status_code}")

    return post


def _number(database: Database) -> None:
    """Give positions to events that have none. One at a time, so that a position is never given below a visible one."""
    new = select(outbox.c.id).where(outbox.c.position.is_(None)).order_by(outbox.c.id)
    with database.read() as connection:
        if connection.execute(new.limit(1)).first() is None:
            return
    with database.write() as connection:
        lock = select(chains.c.seq).where(chains.c.name == _NUMBERING).with_for_update()
        last = connection.execute(lock).scalar_one()
        ids = connection.execute(new).scalars().all()
        for position, id in enumerate(ids, last + 1):
            connection.execute(update(outbox).where(outbox.c.id == id).values(position=position))
        connection.execute(update(chains).where(chains.c.name == _NUMBERING).values(seq=last + len(ids)))


def _mark(database: Database, id: int, values: dict[str, Any]) -> None:
    with database.write() as connection:
        connection.execute(update(outbox).where(outbox.c.id == id).values(values))


def _event(row: Row[Any]) -> CloudEvent:
    return CloudEvent(
        id=row.event,
        source=SOURCE,
        type=row.type,
        subject=row.subject,
        time=moment(row.at),
        data=json.loads(row.data),
    )
