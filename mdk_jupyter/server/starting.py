"""Starting runs: as the commands of the terminal, in processes that outlive the server."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter import errors
from mdk_jupyter.local.announcing import STARTER, announced
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import read_run
from mdk_jupyter.project.reader import load_project
from mdk_jupyter.runtime.failures import finding_from_json
from mdk_jupyter.server.findings import shown
from mdk_jupyter.server.project import is_guarded
from mdk_jupyter.server.run_models import Planned, PlanRequest, RunRequest, Scheduled, SubmitPlan
from mdk_jupyter.server.workers import AwayError
from mdk_jupyter.sources import read_source

PATIENCE = 120.0  # seconds until a run has begun, or a pipeline is submitted
_PAUSE = 0.02
_USAGE, _UNREACHABLE = 2, 3  # exit codes of `mdk`


def start(file: Path, asked: RunRequest) -> Run | Scheduled:
    """Start a run and return it when it has begun; for a target elsewhere, when the service has it.

    Raises:
        UsageError, SubmitError: why there is no run.
        AwayError: the service cannot be reached.
    """
    return _run_here(file, asked) if asked.target == "local" else _submit(file, asked)


def plan(file: Path, asked: PlanRequest) -> Planned:
    """Return what submitting a notebook would send. Nothing is sent.

    Raises:
        MDKError: why it cannot be submitted.
    """
    from mdk_jupyter.remote.plan_text import plan_text
    from mdk_jupyter.remote.prepare import prepare

    project = load_project(file.parent)
    prepared = prepare(
        read_source(file),
        project,
        environment=asked.environment,
        target=asked.target,
        given=asked.parameters,
        schedule=asked.schedule,
    )
    return Planned(
        plan=SubmitPlan.model_validate(prepared.plan.to_json()),
        text=plan_text(prepared.plan),
        warnings=shown(prepared.warnings),
        protected=is_guarded(project, prepared.plan.environment),
    )


def _run_here(file: Path, asked: RunRequest) -> Run:
    words = ["run", "local", str(file), "--json"]
    for flag, steps in (("--from", asked.start), ("--only", asked.only), ("--until", asked.until)):
        words += [word for step in steps for word in (flag, step)]
    words += [] if asked.cache else ["--no-cache"]
    words += ["--keep-going"] if asked.keep_going else []
    words += ["--workers", str(asked.workers)] if asked.workers else []
    starter = secrets.token_hex(8)
    with _workplace(asked.parameters) as (folder, given):
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = _mdk([*words, *given], out, err, {STARTER: starter})
        # Nobody else asks how the process ended.
        threading.Thread(target=process.wait, daemon=True).start()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            code = process.poll()  # asked first: a run that is over has announced itself before
            begun = next((one.run for one in announced() if one.starter == starter), None)
            if begun is not None:
                return read_run(begun)
            if code is not None:
                return _ended(code, (folder / "out").read_bytes(), (folder / "err").read_bytes(), asked.target)
            time.sleep(_PAUSE)
    process.terminate()
    raise errors.ServiceError([Finding("MDK381", f"the run did not begin within {PATIENCE:g} s", fix="try again")])


def _submit(file: Path, asked: RunRequest) -> Run | Scheduled:
    words = ["submit", str(file), "--target", asked.target, "--yes", "--json"]
    words += ["--env", asked.environment] if asked.environment else []
    words += ["--schedule", asked.schedule] if asked.schedule else []
    words += ["--again"] if asked.again else []
    with _workplace(asked.parameters) as (_, given):
        process = _mdk([*words, *given], subprocess.PIPE, subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.terminate()
            finding = Finding(
                "MDK381", f"{asked.target}: no answer within {PATIENCE:g} s", fix="look at the runs there"
            )
            raise AwayError(asked.target, (finding,)) from None
    if asked.schedule and not process.returncode:
        return Scheduled(text=_last_line(err))
    return _ended(process.returncode, out, err, asked.target)


def _ended(code: int, out: bytes, err: bytes, target: str) -> Run:
    """Return the run that a command printed.

    Raises:
        MDKError: it printed why there is none, or nothing.
    """
    try:
        told = json.loads(out)
    except ValueError:
        said = _last_line(err) or f"code {code}"
        finding = Finding("MDK340", f"the command ended without a run: {said}", fix="try again")
        raise errors.ServiceError([finding]) from None
    if "findings" not in told:
        return read_run(Path(told.get("run", told)["folder"]))
    findings = tuple(map(finding_from_json, told["findings"]))
    if code == _UNREACHABLE:
        raise AwayError(target, findings)
    raise errors.UsageError(findings) if code == _USAGE else errors.SubmitError(findings)


def _last_line(text: bytes) -> str:
    return (text.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


@contextmanager
def _workplace(parameters: dict[str, Any]) -> Iterator[tuple[Path, Sequence[str]]]:
    """Make a folder for what a command is given and says at first, and return it with the words for the parameters."""
    with tempfile.TemporaryDirectory(prefix="mdk-start-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given: list[str] = []
        if parameters:
            file = folder / "parameters.json"
            file.write_text(json.dumps(parameters), encoding="utf-8")
            given = ["--params", str(file)]
        yield folder, given


def _mdk(words: Sequence[str], out: Any, err: Any, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a command. Like every `mdk` it is carried out by the kernel server where there is one."""
    return subprocess.Popen(
        [sys.executable, "-m", "mdk_jupyter.cli", *words],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        env={**os.environ, **(environ or {})},
        start_new_session=True,  # the server's Ctrl-C is not the run's
        cwd=Path(sys.executable).anchor,  # not the notebook's folder, whose modules would come before all others
    )
