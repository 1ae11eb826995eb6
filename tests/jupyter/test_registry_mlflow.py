"""Models of MLflow are taken over from its SQLite file and from its server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from loopback import Handler, serving
from registries import ADA, ROOT, VIC

from mdk_jupyter.registry.errors import ForbiddenError, InvalidError
from mdk_jupyter.registry.service import Registry

SCHEMA = """
CREATE TABLE model_versions (name TEXT, version INTEGER, source TEXT, run_id TEXT, user_id TEXT, description TEXT);
CREATE TABLE model_version_tags (name TEXT, version INTEGER, key TEXT, value TEXT);
CREATE TABLE registered_model_aliases (name TEXT, version INTEGER, alias TEXT);
CREATE TABLE runs (run_uuid TEXT, user_id TEXT);
CREATE TABLE latest_metrics (run_uuid TEXT, key TEXT, value REAL);
CREATE TABLE params (run_uuid TEXT, key TEXT, value TEXT);
INSERT INTO runs VALUES ('r1', 'grace'), ('r2', 'ada');
INSERT INTO latest_metrics VALUES ('r1', 'auc', 0.7), ('r2', 'auc', 0.8);
INSERT INTO params VALUES ('r1', 'depth', '3'), ('r2', 'depth', '4');
INSERT INTO model_versions VALUES ('late flights', 1, 's3://m/1', 'r1', NULL, NULL), ('late flights', 3, 's3://m/3', 'r2', NULL, 'deeper');
INSERT INTO model_version_tags VALUES ('late flights', 3, 'team', 'air'), ('late flights', 3, 'mlflow.internal', 'x');
INSERT INTO registered_model_aliases VALUES ('late flights', 3, 'champion');
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    return f"sqlite:///{path}"


@pytest.fixture
def server() -> Iterator[str]:
    """Answers as MLflow's REST API does, one model and one version a page."""
    runs = {
        number: {"info": {"run_id": f"r{number}", "user_id": user}, "data": {"metrics": [{"key": "auc", "value": auc}], "params": [{"key": "depth", "value": depth}]}}
        for number, user, auc, depth in ((1, "grace", 0.7, "3"), (2, "ada", 0.8, "4"))
    }  # fmt: skip
    model = {"name": "late flights", "aliases": [{"alias": "champion", "version": "3"}]}
    newest = {"name": "late flights", "version": "3", "source": "s3://m/3", "run_id": "r2", "description": "deeper", "tags": [{"key": "team", "value": "air"}, {"key": "mlflow.internal", "value": "x"}]}  # fmt: skip
    oldest = {"name": "late flights", "version": "1", "source": "s3://m/1", "run_id": "r1"}

    class Mlflow(Handler):
        def do_GET(self) -> None:
            url = urlparse(self.path)
            asked = {key: values[0] for key, values in parse_qs(url.query).items()}
            answers: dict[str, dict[str, Any]] = {
                "registered-models/search": {"registered_models": [model]},
                "model-versions/search": {"model_versions": [oldest]} if "page_token" in asked else {"model_versions": [newest], "next_page_token": "2"},
                "runs/get": {"run": runs[int(asked.get("run_id", "r1")[1:])]},
            }  # fmt: skip
            if url.path.endswith("model-versions/search"):
                assert asked["filter"] == "name='late flights'"
            body = json.dumps(answers[url.path.removeprefix("/api/2.0/mlflow/")]).encode()
            self.reply(200, body)

    with serving(Mlflow) as url:
        yield url


@pytest.mark.parametrize("source", ["file", "server"])
def test_models_are_taken_over(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where: str = request.getfixturevalue(source)
    registry = Registry.open(f"sqlite:///{tmp_path}/registry.db")
    done = registry.import_mlflow(ROOT_AND_MAKER, where, project="air")
    assert (done.models, done.versions, done.skipped) == (1, 2, 0)
    first, newest = reversed(registry.versions(VIC, "late-flights").items)
    assert (first.version, newest.version) == ("1.0.0", "1.0.1")
    assert first.provenance.trained_by == "grace" and first.registered_by == "both"
    assert newest.artifact.uri == "s3://m/3" and newest.metrics == {"auc": 0.8} and newest.parameters == {"depth": "4"}
    assert newest.labels == {"team": "air", "mlflow.version": "3", "mlflow.alias.champion": "true"}
    assert newest.description == "deeper" and newest.provenance.run and newest.provenance.run.id == "r2"
    again = registry.import_mlflow(ROOT_AND_MAKER, where, project="air")
    assert (again.versions, again.skipped) == (0, 2)
    assert registry.verify(VIC).whole
    registry.close()


ROOT_AND_MAKER = ROOT.model_copy(update={"name": "both", "grants": ROOT.grants + ADA.grants})


def test_what_is_not_mlflow_is_refused(tmp_path: Path) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path}/registry.db")
    (tmp_path / "notes.txt").write_text("hello " * 1000)
    for where in (f"{tmp_path}/nothing.db", f"{tmp_path}/notes.txt", f"{tmp_path}/registry.db", "http://127.0.0.1:1"):
        with pytest.raises(InvalidError) as caught:
            registry.import_mlflow(ROOT, where)
        assert caught.value.code == "MDK548"
    with pytest.raises(ForbiddenError):
        registry.import_mlflow(ADA, "http://127.0.0.1:1")
    registry.close()
