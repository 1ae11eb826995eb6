"""Taking over the models of MLflow, from its server or from its SQLite file. MLflow itself is not needed.

Versions keep their order: MLflow's version 3 becomes 1.0.2 when 1 and 2 come with it, and has the label `mlflow.version`.
Aliases become labels as well: who is champion here is decided here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from mdk_jupyter.registry.access import Verb, require
from mdk_jupyter.registry.conditions import as_number
from mdk_jupyter.registry.domain import Actor, ArtifactRef, Imported, NewVersion, Provenance, RunRef
from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.service.base import valid
from mdk_jupyter.registry.service.registering import Registering
from mdk_jupyter.registry.tables import labels, models, versions


@dataclass
class Found:
    """A version of a registered model of MLflow."""

    name: str
    version: int
    source: str
    run: str | None = None
    user: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


class Mlflow(Registering):
    """import_mlflow."""

    def import_mlflow(self, actor: Actor, where: str, *, project: str | None = None) -> Imported:
        """Register all versions of an MLflow server (`http://…`) or of its SQLite file. A second import adds what is new.

        Raises:
            InvalidError: MLflow cannot be read there (MDK548).
        """
        require(actor, Verb.IMPORT, project="*")
        names: dict[str, int] = {}
        taken = skipped = 0
        for found in sorted(_read(where), key=lambda each: (each.name, each.version)):
            name = re.sub(r"[^A-Za-z0-9_.-]+", "-", found.name).strip("-._") or "model"
            if name not in names:
                names[name] = self._taken(name)
            if found.version <= names[name]:
                skipped += 1
                continue
            self.add(actor, name, _new(found, project))
            taken += 1
        return Imported(models=len(names), versions=taken, skipped=skipped)

    def _taken(self, name: str) -> int:
        """The newest version of MLflow that was taken over before."""
        query = select(labels.c.value).join(versions, versions.c.id == labels.c.version_id).join(models)
        query = query.where(models.c.name == name, labels.c.key == "mlflow.version")
        with self.database.read() as connection:
            return max((int(value) for value in connection.execute(query).scalars()), default=0)


def _new(found: Found, project: str | None) -> NewVersion:
    kept = {key: value[:300] for key, value in found.tags.items() if not key.startswith("mlflow.") and len(key) <= 100}
    kept["mlflow.version"] = str(found.version)
    kept |= {f"mlflow.alias.{alias}": "true" for alias in found.aliases}
    return valid(
        NewVersion,
        {
            "version": "1.0",
            "artifact": ArtifactRef(uri=found.source or f"models:/{found.name}/{found.version}", format="mlflow"),
            "metrics": {key: value for key, value in found.metrics.items() if as_number(value) is not None},
            "parameters": found.parameters,
            "provenance": Provenance(trained_by=found.user or None, run=RunRef(id=found.run) if found.run else None),
            "description": found.description or None,
            "labels": kept,
            "project": project,
        },
    )


def _read(where: str) -> list[Found]:
    try:
        if where.startswith(("http://", "https://")):
            return list(_from_server(where.rstrip("/")))
        return list(_from_file(Path(where.removeprefix("sqlite:///"))))
    except (OSError, sqlite3.Error, KeyError, ValueError) as error:
        raise InvalidError(
            "MDK548", f"MLflow cannot be read at {where}: {error}", "Give the URL of its server, or its SQLite file."
        ) from error


def _from_server(url: str) -> Iterator[Found]:
    import httpx

    runs: dict[str, dict[str, Any]] = {}
    with httpx.Client(base_url=f"{url}/api/2.0/mlflow/", timeout=30) as client:

        def ask(path: str, **values: Any) -> Any:
            try:
                answer = client.get(path, params=values)
            except httpx.HTTPError as error:
                raise OSError(str(error)) from error
            if answer.status_code != 200:
                raise OSError(f"{path} answered {answer.status_code}")
            return answer.json()

        for model in _pages(ask, "registered-models/search", "registered_models"):
            aliases = model.get("aliases", [])
            quoted = model["name"].replace("'", "\\'")
            for row in _pages(ask, "model-versions/search", "model_versions", filter=f"name='{quoted}'"):
                run = row.get("run_id") or None
                if run and run not in runs:
                    runs[run] = ask("runs/get", run_id=run)["run"]
                data = runs.get(run or "", {}).get("data", {})
                info = runs.get(run or "", {}).get("info", {})
                yield Found(
                    row["name"],
                    int(row["version"]),
                    row.get("source", ""),
                    run,
                    row.get("user_id") or info.get("user_id"),
                    row.get("description"),
                    _pairs(row.get("tags", [])),
                    [alias["alias"] for alias in aliases if int(alias["version"]) == int(row["version"])],
                    _pairs(data.get("metrics", [])),
                    _pairs(data.get("params", [])),
                )


def _pages(ask: Any, path: str, key: str, **values: Any) -> Iterator[dict[str, Any]]:
    token: str | None = None
    while True:
        page = ask(path, max_results=200, **values, **({"page_token": token} if token else {}))
        yield from page.get(key, [])
        token = page.get("next_page_token")
        if not token:
            return


def _pairs(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {item["key"]: item["value"] for item in items}


def _from_file(path: Path) -> Iterator[Found]:
    if not path.is_file():
        raise OSError("there is no such file")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row

        def ask(query: str, *values: object) -> list[sqlite3.Row]:
            return connection.execute(query, values).fetchall()

        for row in ask("SELECT v.*, r.user_id AS by FROM model_versions v LEFT JOIN runs r ON r.run_uuid = v.run_id"):
            me, run = (row["name"], row["version"]), row["run_id"]
            yield Found(
                row["name"],
                int(row["version"]),
                row["source"] or "",
                run or None,
                row["user_id"] or row["by"],
                row["description"],
                _columns(ask("SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", *me)),
                [each["alias"] for each in ask(_ALIASES, *me)],
                _columns(ask("SELECT key, value FROM latest_metrics WHERE run_uuid = ?", run)),
                _columns(ask("SELECT key, value FROM params WHERE run_uuid = ?", run)),
            )


_ALIASES = "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ?"


def _columns(rows: list[sqlite3.Row]) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in rows}
