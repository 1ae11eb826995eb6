"""A container's command as a process of this machine, with all its children, its log and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

from mdk_jupyter.standin.settings import Settings

# All that a step sees of the server's own environment; the rest is for the server alone.
_SHARED = ("HOME", "LANG", "LC_ALL", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USERPROFILE")
_PYTHON = {
    "python",
    "python3",
    "/usr/bin/python",
    "/usr/bin/python3",
    "/usr/local/bin/python",
    "/usr/local/bin/python3",
}
_MARK = "MDK_STANDIN"  # in the environment of a step: whose it is
_LONGEST_LINE = 100_000
_TERMINATION_SIZE = 4096  # bytes of a step's last words, as in Kubernetes


class Containers:
    """Starts processes that look to a step like its container."""

    def __init__(self, settings: Settings, now: Callable[[], str]) -> None:
        self._settings = settings
        self._now = now
        self._slots = asyncio.Semaphore(settings.parallel)
        self._shims = settings.state / "bin"
        self._folders = settings.state / "work"
        self._clear_up()

    def _clear_up(self) -> None:
        """End the steps that a server left behind which was killed, and remove their folders."""
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get(_MARK) == str(self._settings.state):
                with contextlib.suppress(psutil.Error):
                    process.kill()
        shutil.rmtree(self._folders, ignore_errors=True)
        self._folders.mkdir(parents=True)

    async def run(self, words: list[str], env: Mapping[str, str], log: Path, started: Callable[[], None]) -> Ended:
        """Run a command to its end. When this is cancelled, the process and all its children are killed.

        `started` is called when there is a free slot and the process begins.
        """
        async with self._slots:
            started()
            log.parent.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=self._folders))
            try:
                with log.open("a", encoding="utf-8") as lines:
                    return await self._run(self._with_interpreter(words), env, folder, lines)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    async def _run(self, words: list[str], env: Mapping[str, str], folder: Path, lines: IO[str]) -> Ended:
        work, last_words = folder / "work", folder / "termination-log"
        work.mkdir()
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=work,
                env={**self._environment(), "MDK_TERMINATION_LOG": str(last_words), **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            message = f"failed to start {words[0]!r}: {error.strerror}"
            self._write(lines, "ERROR", message)
            return Ended(127, message)
        assert process.stdout is not None and process.stderr is not None
        errors: list[str] = []
        readers = [
            asyncio.create_task(self._copy(process.stdout, lines, "INFO", [])),
            asyncio.create_task(self._copy(process.stderr, lines, "ERROR", errors)),
        ]
        try:
            code = await process.wait()
        finally:
            _kill(process.pid)  # a container ends with its first process
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await asyncio.wait(readers, timeout=5)
        text = last_words.read_text("utf-8", "replace")[:_TERMINATION_SIZE] if last_words.exists() else ""
        return Ended(code, text.strip() or "\n".join(errors)[-800:])

    async def _copy(self, stream: asyncio.StreamReader, lines: IO[str], severity: str, kept: list[str]) -> None:
        rest = b""
        while chunk := await stream.read(65536):
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                whole, rest = [*whole, rest], b""
            for line in whole:
                text = line.decode("utf-8", "replace").rstrip("\r")[:_LONGEST_LINE]
                kept.append(text)
                self._write(lines, severity, text)
            lines.flush()
            del kept[:-100]
        if rest:
            kept.append(rest.decode("utf-8", "replace"))
            self._write(lines, severity, kept[-1])

    def _write(self, lines: IO[str], severity: str, text: str) -> None:
        lines.write(json.dumps({"timestamp": self._now(), "severity": severity, "textPayload": text}) + "\n")

    def _environment(self) -> dict[str, str]:
        shared = {name: os.environ[name] for name in _SHARED if name in os.environ}
        return {
            **shared,
            "PATH": f"{self._shims}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PIP_DRY_RUN": "1",  # what a step installs would stay in the interpreter's environment
            "PYTHONUNBUFFERED": "1",
            _MARK: str(self._settings.state),
            "MDK_MOUNTS": str(self._settings.root),
            "STORAGE_EMULATOR_HOST": self._settings.url,
            "MDK_SECRET_MANAGER": self._settings.url,
            "GCE_METADATA_HOST": f"{self._settings.url.removeprefix('http://')}/standin/{self._settings.key}",
        }

    def _with_interpreter(self, words: list[str]) -> list[str]:
        if sys.platform != "win32" and not self._shims.exists():
            self._shims.mkdir(parents=True)
            for name in ("python", "python3"):
                # No link: an interpreter of a virtual environment finds it by the folder that it is started from.
                shim = self._shims / name
                shim.write_text(f'#!/bin/sh\nexec "{self._settings.interpreter}" "$@"\n')
                shim.chmod(0o755)
        # Components of the KFP SDK would look for their files in /gcs.
        words = [word.replace("-m kfp.dsl.executor_main", "-m mdk_jupyter.standin.kfp_executor") for word in words]
        return [self._settings.interpreter, *words[1:]] if words[0] in _PYTHON else words


class Ended:
    """How a process ended: its exit code and its last words."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text


def _kill(process: int) -> None:
    """Kill a process and all that it started."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)
        return
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process).children(recursive=True):
            child.kill()
