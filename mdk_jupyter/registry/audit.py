"""The history: what happened to a model is one chain of records, each with the hash of the one before it.

A changed record shows in the chain itself. That the newest records were cut off, or that all was written anew, shows only
beside an anchor: the heads of all chains, kept where the owner of the database cannot write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from mdk_jupyter.registry import outbox
from mdk_jupyter.registry.database import canonical, moment, now, upsert
from mdk_jupyter.registry.domain import Actor, Anchor, AuditRecord, Break, ChainEnd
from mdk_jupyter.registry.prepared import Prepared, Together
from mdk_jupyter.registry.prepared import Row as Found
from mdk_jupyter.registry.tables import audit, chains, models

START = "0" * 64
_END = (chains.c.seq, chains.c.hash, chains.c.at)
_NAMED = chains.c.name == bindparam("chain")
_end = Prepared(select(*_END).where(_NAMED).with_for_update())
# Both rows are locked: of a row that is not, PostgreSQL would show what it was before we waited.
_end_of_model = Prepared(
    select(*_END, models.c.id, models.c.project, models.c.versions, models.c.newest)
    .join_from(chains, models, models.c.name == chains.c.name)
    .where(_NAMED)
    .with_for_update(key_share=True)
)
RECORD = {
    "record": Prepared(audit.insert()),
    "end": Prepared(
        chains.update()
        .where(_NAMED)
        .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"), at=bindparam("new_at"))
    ),
    "event": outbox.note,
}
"""The changes that a record is: they go together with each other, and may with those that it tells of."""
_record = Together(**RECORD)
REGISTRY = ""
"""The chain of what concerns no single model: policies, grants, imports."""


@dataclass(slots=True)
class Entry:
    """The right to write to one chain, until the transaction ends. `at` is the time of all that it writes.

    `model` is the row of the chain's model (id, project, versions, newest) when one's turn came; None where there was
    none yet.
    """

    connection: Connection
    actor: Actor
    chain: str
    at: int
    seq: int
    hash: str
    model: Found | None = None

    def record(self, action: str, version: str | None = None, environment: str | None = None, **said: Any) -> None:
        """Add a record, and the event of the type `event` for those who listen."""
        _record.run(self.connection, **self.next(action, version, environment, **said))

    def next(
        self, action: str, version: str | None = None, environment: str | None = None, event: str = "", **data: Any
    ) -> dict[str, dict[str, Any] | None]:
        """Return the values of the changes `RECORD` for the next record, which the caller carries out."""
        self.seq += 1
        row = {
            "chain": self.chain,
            "seq": self.seq,
            "at": self.at,
            "actor": self.actor.name,
            "method": self.actor.method,
            "action": action,
            "version": version,
            "environment": environment,
            "data": canonical({**data, **({"claims": self.actor.claims} if self.actor.claims else {})}),
            "previous": self.hash,
        }
        self.hash = digest(row)
        told = {
            "actor": self.actor.name,
            "model": self.chain or None,
            "version": version,
            "environment": environment,
            **data,
        }
        return {
            "record": {**row, "hash": self.hash},
            "end": {"chain": self.chain, "new_seq": self.seq, "new_hash": self.hash, "new_at": self.at},
            "event": outbox.noted(event, self.chain, self.seq, self.at, told) if event else None,
        }


def enter(connection: Connection, actor: Actor, chain: str) -> Entry:
    """Wait for one's turn to write to a chain. The lock is the first thing that a transaction takes.

    Time does not go back within a chain, whatever the clock does.
    """
    model = end = _end_of_model.first(connection, {"chain": chain})
    if end is None:
        upsert(connection, chains, {"name": chain, "seq": 0, "hash": START, "at": 0})
        end = _end.one(connection, {"chain": chain})
    return Entry(connection, actor, chain, max(now(), end.at), end.seq, end.hash, model)


def digest(row: dict[str, Any]) -> str:
    """Return the hash of a record: of the one before it and all of its own columns."""
    body = canonical({name: value for name, value in row.items() if name not in {"hash", "previous"}})
    return hashlib.sha256((row["previous"] + body).encode()).hexdigest()


def as_record(row: Row[Any]) -> AuditRecord:
    return AuditRecord.model_validate({**row._mapping, "at": moment(row.at), "data": json.loads(row.data)})


def check_chain(
    name: str, rows: Iterable[Row[Any]], head: tuple[int, str], anchored: Collection[ChainEnd] = ()
) -> list[Break]:
    """Follow one chain from its first record and return where it is broken, or not what it was when it was anchored."""
    breaks, previous, seq = [], START, 0
    unmet = {end for end in anchored if end.seq > 0}
    watched = {end.seq for end in unmet}
    for row in rows:
        seq += 1
        if row.seq != seq:
            breaks.append(Break(chain=name, seq=seq, what=f"the record is missing; the next is {row.seq}"))
            seq = row.seq
        elif row.previous != previous:
            breaks.append(Break(chain=name, seq=seq, what="the record does not follow the one before it"))
        if digest(dict(row._mapping)) != row.hash:
            breaks.append(Break(chain=name, seq=seq, what="the record was changed"))
        if row.seq in watched:
            unmet.discard(ChainEnd(seq=row.seq, hash=row.hash))
        previous = row.hash
    if (seq, previous) != head:
        breaks.append(Break(chain=name, seq=seq + 1, what=f"the chain ends at {seq}, and should at {head[0]}"))
    if unmet:
        first = min(end.seq for end in unmet)
        breaks.append(Break(chain=name, seq=first, what="the chain is not the one that the anchor was taken of"))
    return breaks


def records(connection: Connection, chain: str) -> Iterator[Row[Any]]:
    """Yield the records of a chain, oldest first."""
    query = select(audit).where(audit.c.chain == chain).order_by(audit.c.seq)
    yield from connection.execute(query.execution_options(yield_per=1000))


def anchor(connection: Connection) -> Anchor:
    """Return the heads of all chains as they are now."""
    rows = connection.execute(select(chains).order_by(chains.c.name)).all()
    return Anchor(at=moment(now()), heads={row.name: ChainEnd(seq=row.seq, hash=row.hash) for row in rows})
