"""`mdk dev vertex` as a process: what it prints, how it stops, and what it still knows afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import MDK
from standin_pipelines import Ir
from standin_server import lives, until

from mdk_jupyter.project.reader import load_project

pytest.importorskip("starlette")
LOCATION = "/v1/projects/demo/locations/europe-west3"


class Process:
    """A stand-in in a process of its own."""

    def __init__(self, root: Path, *words: str) -> None:
        self.headers: dict[str, str] = {}
        self.process = subprocess.Popen(
            [*MDK, "dev", "vertex", "--port", "0", "--root", str(root), *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.printed = ""
        while "kfp:" not in self.printed or self.printed.count("pipeline_root:") < 2:
            line = self.process.stdout.readline()
            assert line, self.printed
            self.printed += line
        found = re.search(r"api_endpoint: (http://127\.0\.0\.1:\d+)", self.printed)
        assert found is not None, self.printed
        self.url = found[1]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, self.headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "root")
    yield process
    process.process.kill()
    process.process.wait()


def submit(server: Process, ir: Ir, job_id: str) -> None:
    config = {"gcsOutputDirectory": "gs://demo/pipelines"}
    body = {"displayName": job_id, "pipelineSpec": ir.spec, "runtimeConfig": config}
    server.call("POST", f"{LOCATION}/pipelineJobs?pipelineJobId={job_id}", body)


def state(server: Process, job_id: str) -> str:
    return str(server.call("GET", f"{LOCATION}/pipelineJobs/{job_id}")["state"]).removeprefix("PIPELINE_STATE_")


def test_what_it_prints_for_the_project_file_can_be_used(server: Process, tmp_path: Path) -> None:
    (tmp_path / "mdk.yaml").write_text("name: churn\n" + server.printed[server.printed.index("environments:") :])
    settings = load_project(tmp_path).environment("standin").settings
    assert settings.vertex is not None and settings.vertex.api_endpoint == server.url
    assert settings.models_folder("vertex") and settings.models_folder("kfp")


def test_it_stops_with_all_its_steps_and_remembers(server: Process, tmp_path: Path) -> None:
    assert "target: vertex" in server.printed and "pipeline_root: gs://demo/pipelines" in server.printed
    short, long, pid = Ir("short"), Ir("long"), tmp_path / "pid"
    short.step("one", "open(path('gs://demo/made'), 'w').write('x')")
    long.step("one", f"import time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    submit(server, short, "short")
    until(lambda: state(server, "short") == "SUCCEEDED")
    schedule: dict[str, Any] = {"displayName": "nightly", "cron": "0 3 * * *"}
    schedule["createPipelineJobRequest"] = {"pipelineJob": {"pipelineSpec": short.spec}}
    server.call("POST", f"{LOCATION}/schedules", schedule)
    submit(server, long, "long")
    number = int(until(lambda: pid.exists() and pid.read_text()))

    taken = subprocess.run(
        [*MDK, "dev", "vertex", "--root", str(tmp_path / "root")], capture_output=True, text=True, check=False
    )
    assert (taken.returncode, "MDK492" in taken.stderr, "another stand-in" in taken.stderr) == (3, True, True)

    assert server.stop(signal.SIGINT) == 0
    assert not lives(number)
    again = Process(tmp_path / "root")
    try:
        assert (state(again, "short"), state(again, "long")) == ("SUCCEEDED", "FAILED")
        error = again.call("GET", f"{LOCATION}/pipelineJobs/long")["error"]["message"]
        (kept,) = again.call("GET", f"{LOCATION}/schedules")["schedules"]
        assert (kept["displayName"], kept["state"]) == ("nightly", "ACTIVE")
        assert error == "The stand-in was stopped while the job ran."
        assert (tmp_path / "root/demo/made").read_text() == "x"
    finally:
        assert again.stop(signal.SIGTERM) in {0, 130}


def test_a_crash_leaves_no_job_running(server: Process, tmp_path: Path) -> None:
    ir, pid = Ir("crashed"), tmp_path / "pid"
    ir.step("one", f"import time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    submit(server, ir, "crashed")
    number = int(until(lambda: pid.exists() and pid.read_text()))
    server.stop(signal.SIGKILL)
    os.kill(number, 0)  # the step goes on, until the next server finds it
    token = tmp_path / "token"
    again = Process(tmp_path / "root", "--token-file", str(token))
    try:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            state(again, "crashed")
        assert token.stat().st_mode & 0o777 == 0o600
        again.headers = {"Authorization": f"Bearer {token.read_text()}"}
        assert state(again, "crashed") == "FAILED"
        until(lambda: not lives(number))
    finally:
        again.stop(signal.SIGINT)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--python", "/no/such/python"], "MDK491"),
        (["--secrets", "/no/such/folder"], "MDK491"),
        (["--root", "/dev/null/x"], "MDK491"),
    ],
)
def test_wrong_words(words: list[str], code: str, tmp_path: Path) -> None:
    done = subprocess.run([*MDK, "dev", "vertex", *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, code in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("faults", ["no json", "{}", '[{"path": "("}]', '[{"status": 503}]'])
def test_faults_that_cannot_be_read(faults: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mdk_jupyter.errors import UsageError

    monkeypatch.setenv("MDK_STANDIN_FAULTS", faults)
    with pytest.raises(UsageError, match="MDK491"):
        start(tmp_path)


def test_faults_wait_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from mdk_jupyter.standin.faults import Faults

    monkeypatch.setenv("MDK_STANDIN_FAULTS", '[{"path": "/a/.*", "status": 429, "times": 2, "method": "POST"}]')
    faults = Faults()
    calls = [("GET", "/a/b"), ("POST", "/b"), ("POST", "/a/b"), ("POST", "/a/c"), ("POST", "/a/d")]
    assert [fault and fault.status for fault in (faults.next(*one) for one in calls)] == [None, None, 429, 429, None]


def start(folder: Path, port: int = 0) -> None:
    from mdk_jupyter.standin.start import serve

    serve(port, folder, print, interpreter=sys.executable, secret_files=None, token_file=None, parallel=1)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from mdk_jupyter.errors import UsageError

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"MDK490.*starlette, uvicorn"):
        start(tmp_path)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    from mdk_jupyter.errors import ServiceError
    from mdk_jupyter.standin.server import listen

    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"MDK492.*{port}"):
            start(tmp_path, port)
