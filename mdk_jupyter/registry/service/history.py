"""What happened, and whether it is still what was written; events for those who listen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from mdk_jupyter.registry import audit, outbox
from mdk_jupyter.registry.access import Verb, require
from mdk_jupyter.registry.domain import Actor, Anchor, AuditRecord, Break, ChainEnd, CloudEvent, Page, Verification
from mdk_jupyter.registry.service import paging
from mdk_jupyter.registry.service.base import Service, may
from mdk_jupyter.registry.service.rows import find_model, number_of
from mdk_jupyter.registry.tables import audit as records
from mdk_jupyter.registry.tables import chains, models, versions


class History(Service):
    """history, verify, anchor, events, relay."""

    def history(
        self,
        actor: Actor,
        name: str,
        *,
        environment: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditRecord]:
        """Return what happened to a model, newest first. An empty name stands for the registry itself."""
        paging.check(limit)
        query = select(records).where(records.c.chain == name).order_by(records.c.seq.desc()).limit(limit + 1)
        if environment is not None:
            query = query.where(records.c.environment == environment)
        if cursor is not None:
            query = query.where(records.c.seq < paging.decode(cursor, int))
        with self.database.read() as connection:
            if name:
                may(actor, Verb.READ, find_model(connection, name))
            else:
                require(actor, Verb.READ, project="*")
            rows = connection.execute(query).all()
        return paging.page(rows, limit, audit.as_record, lambda row: int(row.seq))

    def verify(self, actor: Actor, name: str | None = None, *, anchors: Sequence[Anchor] = ()) -> Verification:
        """Follow the history of a model, or of all, and return where it is not what was written.

        With anchors that were kept outside, a history whose end was cut off or that was written anew is found too:
        hold it against all there are, since one that is taken after the deed agrees with it.
        """
        require(actor, Verb.READ, project="*")
        breaks: list[Break] = []
        known: dict[str, set[ChainEnd]] = {}
        for anchor in anchors:
            for chain, end in anchor.heads.items():
                known.setdefault(chain, set()).add(end)
        count = anchored = 0
        with self.database.snapshot() as connection:
            if name is not None:
                find_model(connection, name)
            heads = {row.name: (row.seq, row.hash) for row in connection.execute(select(chains))}
            names = [name] if name is not None else sorted(heads.keys() | known.keys())
            names = [chain for chain in names if not chain.startswith(":")]
            for chain in names:
                kept = known.get(chain, set())
                anchored += len(kept)
                rows = audit.records(connection, chain)
                head = heads.get(chain, (0, audit.START))
                breaks += audit.check_chain(chain, rows, head, kept)
                count += head[0]
                breaks += _changed_versions(connection, chain)
        return Verification(chains=len(names), records=count, breaks=tuple(breaks), anchored=anchored)

    def anchor(self, actor: Actor) -> Anchor:
        """Return the heads of all chains, to be kept where the owner of the database cannot write."""
        require(actor, Verb.READ, project="*")
        with self.database.snapshot() as connection:
            return audit.anchor(connection)

    def events(self, actor: Actor, *, after: str | None = None, limit: int = 100) -> Page[CloudEvent]:
        """List changes, oldest first. `next` is never None: ask again with it for what comes later."""
        paging.check(limit)
        require(actor, Verb.READ, project="*")
        start = paging.decode(after, int) if after is not None else 0
        found = outbox.events(self.database, start, limit)
        return Page(items=tuple(event for _, event in found), next=paging.encode(found[-1][0] if found else start))

    def relay(self, sink: outbox.Sink, *, limit: int = 100) -> outbox.Relayed:
        """Deliver events that are due. See `outbox.relay`."""
        return outbox.relay(self.database, sink, limit=limit)


def _changed_versions(connection: Connection, chain: str) -> list[Break]:
    """Compare the versions with what the history says was registered."""
    said = select(records.c.seq, records.c.version, records.c.data).where(
        records.c.chain == chain, records.c.action == "register"
    )
    registered = {row.version: (row.seq, json.loads(row.data).get("body")) for row in connection.execute(said)}
    query = select(versions).join(models).where(models.c.name == chain)
    found = {number_of(row): hashlib.sha256(row.body.encode()).hexdigest() for row in connection.execute(query)}
    breaks = [
        Break(chain=chain, seq=seq, what=f"the version {number} was {'changed' if number in found else 'taken away'}")
        for number, (seq, body) in registered.items()
        if found.get(number) != body
    ]
    return breaks + [
        Break(chain=chain, seq=0, what=f"the version {number} was never registered")
        for number in sorted(found.keys() - registered.keys())
    ]
