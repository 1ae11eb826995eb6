"""A registry with many versions, made by SQL, and the same questions asked in bare SQL."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable
from typing import Any

MODELS = 50
HOT = "m0"  # the model that holds half of all versions
PAGE = 100
_COLUMNS = "model_id, n, major, minor, patch, project, created, registered_by, trained_by, body, labels, status, places"
_GROW = f"""
with recursive numbers(n) as (select 2 union all select n + 1 from numbers where n < %(most)s)
insert into versions({_COLUMNS})
select v.model_id, numbers.n, v.major, v.minor, numbers.n - 1, v.project, (select max(created) from versions) + numbers.n, v.registered_by,
    v.trained_by, v.body,
    '{{"build":"b' || numbers.n || '","country":"c' || (numbers.n %% 200) || '","kind":"k' || (numbers.n %% 5)
        || '","season":"s' || (numbers.n %% 4) || '","team":"t' || (numbers.n %% 20) || '"}}',
    v.status, '{{}}'
from numbers join versions v on v.model_id = %(model)s and v.n = 1
"""
_LABELS = {
    "build": "'b' || n",
    "country": "'c' || (n %% 200)",
    "kind": "'k' || (n %% 5)",
    "season": "'s' || (n %% 4)",
    "team": "'t' || (n %% 20)",
}
_ROW = "v.id, v.n, v.major, v.minor, v.patch, v.created, v.registered_by, v.body, v.labels, v.status, v.places"
_CHAMPION = f"""select {_ROW}, h.revision from models m join heads h on h.model_id = m.id
join versions v on v.id = h.version_id where m.name = %(name)s and h.environment = 'dev'"""
_PAGE = f"""select {_ROW} from versions v where v.model_id = (select id from models where name = %(name)s)
and v.n < %(before)s order by v.n desc limit {PAGE}"""
_BY_LABEL = f"""select {_ROW} from version_labels l join versions v on v.id = l.version_id
where l.key = 'team' and l.value = 't7' order by l.version_id desc limit {PAGE}"""
_MODEL = """select m.name, m.description, m.versions, m.newest, m.champions, v.labels
from models m join versions v on v.id = m.newest_id where m.name = %(name)s"""


class Bare:
    """One connection, without anything between it and the driver."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        if self._sqlite:
            path = url.removeprefix("sqlite:///")
            self._connection: Any = sqlite3.connect(path, isolation_level=None, timeout=60)
            self._connection.execute("pragma synchronous = full")
        else:
            import psycopg

            self._connection = psycopg.connect(url, autocommit=True)
        self._counter = itertools.count(1)

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str, **values: Any) -> list[Any]:
        """Carry out a statement with %(name)s in it."""
        if self._sqlite:
            for name in values:
                statement = statement.replace(f"%({name})s", f":{name}")
            statement = statement.replace("%%", "%")
        elif not values:
            statement = statement.replace("%%", "%")
        cursor = self._connection.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []

    def grow(self, versions: int) -> None:
        """Make of the first version of each model as many as there should be."""
        models = dict(self.run("select name, id from models"))
        for name, id in models.items():
            most = versions // 2 if name == HOT else versions // 2 // (MODELS - 1)
            self.run("begin")
            self.run(_GROW, most=most, model=id)
            for key, value in _LABELS.items():
                copy = f"insert into version_labels(key, value, version_id) select '{key}', {value}, id from versions"
                self.run(f"{copy} where model_id = %(model)s and n > 1", model=id)
            self.run(
                "insert into version_metrics(key, version_id, value) select 'auc', id, (n %% 1000) / 1000.0 "
                "from versions where model_id = %(model)s and n > 1",
                model=id,
            )
            self.run(
                "insert into version_details(version_id, requirements) select id, '[]' from versions "
                "where model_id = %(model)s and n > 1",
                model=id,
            )
            self.run(
                "update models set versions = %(most)s, newest = %(newest)s, newest_id = "
                "(select id from versions where model_id = %(model)s and n = %(most)s) where id = %(model)s",
                most=most,
                newest=f"1.0.{most - 1}",
                model=id,
            )
            self.run("update version_lines set next_patch = %(most)s where model_id = %(model)s", most=most, model=id)
            self.run("commit")
        self.run("analyze")
        for table in ("versions", "version_labels", "version_metrics", "assignments", "audit"):
            self.run(f"create table floor_{table} as select * from {table} where 1 = 0")

    def questions(self, versions: int) -> dict[str, Callable[[], object]]:
        """Return what is asked of the registry, in bare SQL; writes go to tables without indexes or rules."""
        deep = versions // 10
        return {
            "get champion": lambda: self.run(_CHAMPION, name=HOT),
            "promote": self._promote,
            "create": self._create,
            "first page": lambda: self.run(_PAGE, name=HOT, before=1 << 30),
            "filtered search": lambda: self.run(_BY_LABEL),
            "deep page": lambda: self.run(_PAGE, name=HOT, before=deep),
            "model page": lambda: self.run(_MODEL, name=HOT),
        }

    def _promote(self) -> None:
        number = next(self._counter)
        self.run("begin")
        self.run("update heads set revision = revision where environment = 'none'")
        self.run(
            "insert into floor_assignments(id, model_id, environment, version_id, since, actor, revision) "
            "values (%(n)s, 1, 'dev', 1, %(n)s, 'ada', %(n)s)",
            n=number,
        )
        self._record(number)
        self.run("commit")

    def _create(self) -> None:
        number = next(self._counter)
        self.run("begin")
        self.run(
            f"insert into floor_versions(id, {_COLUMNS}) "
            "values (%(n)s, 1, %(n)s, 1, 0, %(n)s, 'default', 1, 'ada', 'ada', '{}', '{}', 'active', '{}')",
            n=number,
        )
        for key in _LABELS:
            self.run(
                "insert into floor_version_labels(key, value, version_id) values (%(key)s, 'x', %(n)s)",
                key=key,
                n=number,
            )
        self.run("insert into floor_version_metrics(key, version_id, value) values ('auc', %(n)s, 0.5)", n=number)
        self._record(number)
        self.run("commit")

    def _record(self, number: int) -> None:
        self.run(
            "insert into floor_audit(chain, seq, at, actor, method, action, data, previous, hash) "
            "values ('m0', %(n)s, 1, 'ada', 'token', 'x', %(data)s, %(hash)s, %(hash)s)",
            n=number,
            data=json.dumps({"reason": "benchmark"}),
            hash="0" * 64,
        )
