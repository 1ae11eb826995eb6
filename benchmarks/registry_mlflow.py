"""An MLflow server with as many versions, and the same questions asked of it."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from registry_data import HOT, MODELS, PAGE

_API = "/api/2.0/mlflow"
_GROW = """
insert into registered_models(name, creation_time, last_updated_time) values (%(name)s, 1, 1);
insert into model_versions(name, version, creation_time, last_updated_time, current_stage, source, storage_location, status)
    select %(name)s, n, n, n, 'None', 'gs://demo/model.joblib', 'gs://demo/model.joblib', 'READY'
    from generate_series(1, %(most)s) n;
insert into model_version_tags(name, version, key, value)
    select %(name)s, n, key, value from generate_series(1, %(most)s) n, lateral (values ('build', 'b' || n),
    ('country', 'c' || n % 200), ('kind', 'k' || n % 5), ('season', 's' || n % 4), ('team', 't' || n % 20)) tags(key, value);
"""


@contextlib.contextmanager
def serving(mlflow: Path, url: str, versions: int) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a database, with one worker; `mlflow` is the program of an environment of its own."""
    subprocess.run([mlflow, "db", "upgrade", url], check=True, capture_output=True)
    _grow(url, versions)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--workers", "1", "--port", str(port), "--artifacts-destination", tempfile.gettempdir()]
    with (
        subprocess.Popen(
            [mlflow, "server", "--backend-store-uri", url, *options],
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            while not _answers(f"{address}/health"):
                time.sleep(0.2)
            yield address, psutil.Process(process.pid)
        finally:
            for each in [*psutil.Process(process.pid).children(recursive=True), process]:
                each.terminate()


def questions(call: Callable[[str, str, Any], object], versions: int) -> dict[str, Callable[[], object]]:
    """Return what is asked of MLflow; `call` takes a method, a path and a body."""
    turn = itertools.count()
    tags = [{"key": key, "value": "x"} for key in ("build", "country", "kind", "season", "team")]
    deep = base64.b64encode(json.dumps({"offset": versions // 2 - versions // 10}).encode()).decode()

    def search(text: str, token: str | None = None) -> object:
        more = {"page_token": token} if token else {}
        query = urllib.parse.urlencode({"filter": text, "max_results": PAGE, **more})
        return call("GET", f"{_API}/model-versions/search?{query}", None)

    def set_alias() -> object:
        body = {"name": HOT, "alias": "champion", "version": str(1 + next(turn) % 2)}
        return call("POST", f"{_API}/registered-models/alias", body)

    created = {"name": HOT, "source": "gs://demo/model.joblib", "tags": tags}
    set_alias()
    return {
        "get champion": lambda: call("GET", f"{_API}/registered-models/alias?name={HOT}&alias=champion", None),
        "promote": set_alias,
        "create": lambda: call("POST", f"{_API}/model-versions/create", created),
        "first page": lambda: search(f"name='{HOT}'"),
        "filtered search": lambda: search("tags.team='t7'"),
        "deep page": lambda: search(f"name='{HOT}'", deep),
        "model page": lambda: call("GET", f"{_API}/registered-models/get?name={HOT}", None),
    }


def _grow(url: str, versions: int) -> None:
    import psycopg

    with psycopg.ClientCursor(psycopg.connect(url, autocommit=True)) as cursor:
        for number in range(MODELS):
            most = versions // 2 if number == 0 else versions // 2 // (MODELS - 1)
            cursor.execute(_GROW.replace(" % ", " %% "), {"name": f"m{number}", "most": most})
        cursor.execute("analyze")
        cursor.connection.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
