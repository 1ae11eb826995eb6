"""Where versions come from, where they serve, and what they took."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from mdk_jupyter.registry.access import Verb, visible_projects
from mdk_jupyter.registry.database import microseconds
from mdk_jupyter.registry.domain import Actor, CostRow, Edge, Graph, Node, Version
from mdk_jupyter.registry.errors import InvalidError, NotFoundError
from mdk_jupyter.registry.references import parse
from mdk_jupyter.registry.service.base import Service, may
from mdk_jupyter.registry.service.rows import VERSION, as_version, find_version
from mdk_jupyter.registry.tables import costs, datasets, labels, models, versions

_MOST = 1000  # versions in one graph


class Lineage(Service):
    """lineage, costs."""

    def lineage(self, actor: Actor, reference: str, *, environment: str | None = None) -> Graph:
        """Return what a version was made from and where it serves; for the URI of a dataset, what was made from it.

        The graph of a dataset has its newest 1000 versions.

        Raises:
            NotFoundError: nothing is known of it (MDK500, MDK501, MDK502, MDK504).
        """
        graph = _Drawing()
        with self.database.read() as connection:
            if "://" in reference:
                for version in _made_from(connection, reference, visible_projects(actor)):
                    graph.version(version)
            else:
                row = find_version(connection, parse(reference), environment)
                may(actor, Verb.READ, row)
                graph.version(as_version(row))
        if not graph.nodes:
            raise NotFoundError("MDK504", f"no version is known to be made from {reference}", "Check the URI.")
        return graph.done()

    def costs(
        self,
        actor: Actor,
        *,
        by: str,
        project: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[CostRow]:
        """Sum up what versions took, by the values of the label `by`; `project` and `model` are understood too.

        One row for each value and currency, the dearest first. Versions without costs are not counted.
        """
        if not by:
            raise InvalidError("MDK541", "costs are summed up by the values of a label", "Name one, such as `team`.")
        source: Any = costs.join(versions, versions.c.id == costs.c.version_id)
        value: Any = versions.c.project
        if by == "model":
            source, value = source.join(models, models.c.id == versions.c.model_id), models.c.name
        elif by != "project":
            on = (labels.c.version_id == versions.c.id) & (labels.c.key == by)
            source, value = source.outerjoin(labels, on), func.coalesce(labels.c.value, "")
        sums = [
            func.coalesce(func.sum(costs.c[name]), 0.0).label(name)
            for name in ("amount", "wall_seconds", "cpu_seconds", "gpu_seconds")
        ]
        query = select(value.label("value"), costs.c.currency, func.count().label("versions"), *sums).select_from(
            source
        )
        if (visible := visible_projects(actor)) is not None:
            query = query.where(versions.c.project.in_(visible))
        if project is not None:
            query = query.where(versions.c.project == project)
        if since is not None:
            query = query.where(versions.c.created >= microseconds(since))
        if until is not None:
            query = query.where(versions.c.created < microseconds(until))
        query = query.group_by(value, costs.c.currency).order_by(sums[0].desc(), value, costs.c.currency)
        with self.database.read() as connection:
            return [CostRow.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def _made_from(connection: Any, uri: str, visible: frozenset[str] | None) -> list[Version]:
    query = (
        select(*VERSION)
        .join_from(versions, models)
        .where(versions.c.id.in_(select(datasets.c.version_id).where(datasets.c.uri == uri)))
        .order_by(versions.c.id.desc())
        .limit(_MOST)
    )
    if visible is not None:
        query = query.where(versions.c.project.in_(visible))
    return [as_version(row) for row in connection.execute(query)]


class _Drawing:
    """A graph while it grows. Things that several versions share are one node."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str], Edge] = {}

    def done(self) -> Graph:
        return Graph(nodes=tuple(self.nodes.values()), edges=tuple(self.edges.values()))

    def version(self, version: Version) -> None:
        me = self._node("version", version.reference, f"{version.model} {version.version}", status=version.status.value)
        for dataset in version.datasets:
            facts = dataset.model_dump(mode="json", exclude={"uri", "role"}, exclude_none=True)
            node = self._node("dataset", dataset.uri, dataset.name or dataset.uri, **facts)
            self._edge(node, me, "trained" if dataset.role == "training" else "evaluated")
        made = version.provenance
        source = me
        if made.run:
            source = self._node(
                "run", made.run.id, made.run.pipeline or made.run.id, target=made.run.target, url=made.run.url
            )
            self._edge(source, me, "made")
        if made.notebook:
            notebook = self._node("notebook", made.notebook.path, made.notebook.path, sha256=made.notebook.sha256)
            self._edge(notebook, source, "made")
            source = notebook
        if made.git and made.git.commit:
            git = self._node("commit", made.git.commit, made.git.commit[:12], url=made.git.url, dirty=made.git.dirty)
            self._edge(git, source, "contains")
        for environment, place in version.places.items():
            node = self._node("environment", f"{version.model}@{environment}", environment)
            self._edge(me, node, "serves")
            self.nodes[node] = self.nodes[node].model_copy(
                update={"facts": {**self.nodes[node].facts, version.version: place.value}}
            )

    def _node(self, kind: Any, name: str, label: str, /, **facts: Any) -> str:
        id = f"{kind}:{name}"
        self.nodes.setdefault(id, Node(id=id, kind=kind, label=label, facts=facts))
        return id

    def _edge(self, source: str, target: str, relation: Any) -> None:
        self.edges.setdefault((source, target), Edge(source=source, target=target, relation=relation))
