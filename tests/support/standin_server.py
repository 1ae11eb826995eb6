"""One stand-in for all tests of a process, and the real clients of Google and Kubeflow pointed at it."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]

BUCKET = "demo"


class Standin(NamedTuple):
    url: str
    root: Path
    secrets: Path

    def path(self, uri: str) -> Path:
        return self.root / uri.removeprefix("gs://")


@functools.cache
def standin() -> Standin:
    """Start the server in a thread, once."""
    import asyncio

    from mdk_jupyter.standin.server import Server, listen
    from mdk_jupyter.standin.settings import Settings

    root = Path(tempfile.mkdtemp(prefix="standin-"))
    secrets = root / "secret-files"
    for folder in (root / BUCKET, root / "mlpipeline", secrets):
        folder.mkdir()
    listening = listen(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    started = threading.Event()
    server = Server(Settings(root, secret_files=secrets, url=url), started.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(20)
        shutil.rmtree(root, ignore_errors=True)

    atexit.register(stop)
    assert started.wait(30)
    os.environ["STORAGE_EMULATOR_HOST"] = url
    return Standin(url, root, secrets)


def call(method: str, path: str, body: Any = None) -> Any:
    """Call the server without a client library."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(standin().url + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
        return (
            json.loads(content) if answer.headers["Content-Type"].startswith("application/json") else content.decode()
        )


def lives(number: int) -> bool:
    """Whether a process runs."""
    return bool(psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE)


def until(condition: Any, patience: float = 60) -> Any:
    """Wait until a condition holds; return what it gives."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.03)
    return value


@functools.cache
def vertex() -> Any:
    """Return the `aiplatform` library, set up for the server."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import aiplatform
    from google.cloud.aiplatform import pipeline_jobs
    from google.cloud.aiplatform.utils import gcs_utils

    aiplatform.init(
        project="demo",
        location="europe-west3",
        credentials=AnonymousCredentials(),
        api_endpoint=standin().url,
        api_transport="rest",
        staging_bucket=f"gs://{BUCKET}",
    )
    # The library asks the Resource Manager who owns the bucket, over gRPC, at an address that cannot be set.
    gcs_utils._verify_bucket_ownership = lambda *_, **__: True
    pipeline_jobs._JOB_WAIT_TIME = 0.05  # seconds
    return aiplatform


@functools.cache
def kubeflow() -> Any:
    """Return a client of Kubeflow Pipelines for the server."""
    import kfp

    return kfp.Client(host=standin().url)
