"""Kernel servers of the benchmarks' own: they disturb no others, and end with the benchmark."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdk_jupyter.kernels import client, place

STEADY = 0.4  # seconds without a change after which a server is at rest


class Server:
    """Where `mdk` finds its kernel server when it is started with `environ`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mdk-b-"))
        self.environ = {**os.environ, place.FOLDER: str(self.folder)}

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """End the server, and wait until its processes are gone."""
        with self._chosen():
            client.stop()
        deadline = time.monotonic() + 20
        while left := self.processes():
            if time.monotonic() > deadline:
                sys.exit(f"the kernel server left processes behind: {left}")
            time.sleep(0.02)

    def told(self) -> list[dict[str, Any]]:
        """Return what the server says about itself; empty when there is none."""
        with self._chosen():
            return list(client.servers())

    def settle(self) -> None:
        """Wait until the kernels of the last run are gone and those for the next are ready."""
        deadline, seen, since = time.monotonic() + 60, None, time.monotonic()
        while time.monotonic() < deadline:
            templates = [template for server in self.told() for template in server["templates"]]
            at_rest = all(t["importing"] is None and not t.get("used") for t in templates)
            now = [t.get("spares") for t in templates], len(self.processes()), at_rest
            if now != seen:
                seen, since = now, time.monotonic()
            elif at_rest and time.monotonic() - since > STEADY:
                return
            time.sleep(0.05)
        sys.exit(f"the kernel server does not come to rest: {self.told()}")

    def processes(self) -> list[int]:
        """Return the processes of the server: all have the variable that names its folder."""
        mark = f"{place.FOLDER}={self.folder}\0".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes() and status(int(entry.name))["State"][0] != "Z":
                    found.append(int(entry.name))
        return sorted(found)

    @contextlib.contextmanager
    def _chosen(self) -> Iterator[None]:
        before = os.environ.get(place.FOLDER)
        os.environ[place.FOLDER] = str(self.folder)
        try:
            yield
        finally:
            if before is None:
                del os.environ[place.FOLDER]
            else:
                os.environ[place.FOLDER] = before


def status(process: int | str) -> dict[str, str]:
    """Return what the kernel says of a process in `/proc/PID/status`.

    Raises:
        OSError: it is gone.
    """
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
