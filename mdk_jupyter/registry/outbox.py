"""Events: written with the change, in the same transaction, and delivered at least once.

A consumer tells repeats by the event's id, which numbers the events of a subject. What cannot be delivered is tried
again, later each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, select, update

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

_PATIENCE = 10  # attempts at one event while those behind it wait
_LEASE = 60 * 1_000_000  # microseconds; longer than any sink may take

Sink = Callable[[CloudEvent], None]
"""Takes one event, or raises."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the sink did not take; it will be tried again."""

    event: CloudEvent
    error: Exception
    attempts: int


@dataclass(frozen=True, slots=True)
class Relayed:
    """What was made of the events that were due."""

    delivered: int
    refused: tuple[Refused, ...]


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


def relay(database: Database, sink: Sink, *, limit: int = 100) -> Relayed:
    """Deliver the events that are due; several processes may do so at once.

    An event is marked when the sink has taken it: if the process ends between the two it is delivered again. Those of
    one subject come in their order, so one that is refused holds up those behind it, up to its tenth attempt.
    """
    _number(database)
    delivered, refused = 0, list[Refused]()
    while delivered + len(refused) < limit and (row := _claim(database)) is not None:
        event = _event(row)
        try:
            sink(event)
        except Exception as error:  # whatever a sink raises, the event stays
            refused.append(Refused(event, error, row.attempts))
            _put_off(database, row)
        else:
            delivered += 1
            with database.write() as connection:
                connection.execute(update(outbox).where(outbox.c.id == row.id).values(due=None))
    return Relayed(delivered, tuple(refused))


def _claim(database: Database) -> Row[Any] | None:
    """Return the next event for this process to deliver, counted as an attempt. Others leave it alone for a while."""
    earlier = outbox.alias()
    first = (
        select(outbox.c.id)
        .where(
            outbox.c.due <= now(),
            outbox.c.position.is_not(None),
            ~exists().where(
                earlier.c.subject == outbox.c.subject,
                earlier.c.due.is_not(None),
                earlier.c.position < outbox.c.position,
                earlier.c.attempts < _PATIENCE,
            ),
        )
        .order_by(outbox.c.due, outbox.c.position)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    mine = {"due": now() + _LEASE, "attempts": outbox.c.attempts + 1}
    with database.write() as connection:
        if (id := connection.execute(first).scalar()) is None:
            return None
        return connection.execute(update(outbox).where(outbox.c.id == id).values(mine).returning(outbox)).one()


def _put_off(database: Database, row: Row[Any]) -> None:
    """Try an event again later, each time twice as late; those behind it wait as long while it holds them up."""
    due = now() + min(_FIRST_WAIT << (row.attempts - 1), _LONGEST_WAIT)
    behind = (outbox.c.subject == row.subject) & (outbox.c.position > row.position) & (outbox.c.due < due)
    these = outbox.c.id == row.id if row.attempts >= _PATIENCE else (outbox.c.id == row.id) | behind
    with database.write() as connection:
        connection.execute(update(outbox).where(these).values(due=due))


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


def _event(row: Row[Any]) -> CloudEvent:
    return CloudEvent(
        id=row.event,
        source=SOURCE,
        type=row.type,
        subject=row.subject,
        time=moment(row.at),
        data=json.loads(row.data),
    )
