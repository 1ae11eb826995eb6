"""Many runs in a row on one kernel server: does it grow? `python benchmarks/soak.py --runs 200`

Runs alternate: all steps from the cache, one cell edited, a step that fails, a run that is interrupted (Ctrl-C).
After each, when the server is at rest: how many processes there are, the memory, open files and threads of those that
stay, and the files in the server's folder. Exits with 1 when one of them has grown at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from kernel_servers import Server, status
from notebooks import code, notebook
from timing import BIN, tell

WARM_UP = 4  # runs in which everything is used for the first time
TOLERANCE = {"memory": 1.0}  # MB; nothing else may grow at all


class Runs:
    """A notebook of three steps, and the four ways in which its runs go."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server
        self._number = 0
        self.ways: tuple[Callable[[], None], ...] = (self.edited, self.cached, self.failing, self.interrupted)
        self._write()

    def cached(self) -> None:
        """Nothing has changed since the last run."""
        self._write()
        self._run(0)

    def edited(self) -> None:
        """The second step is new, and with it the third."""
        self._number += 1
        self._write()
        self._run(0)

    def failing(self) -> None:
        """The last step raises an error."""
        self._write("raise ValueError(y)")
        self._run(1)

    def interrupted(self) -> None:
        """Ctrl-C, as soon as the last step sleeps."""
        begun = self._folder / "begun"
        begun.unlink(missing_ok=True)
        self._write("import time\nopen('begun', 'w').close()\ntime.sleep(60 + y)")
        with subprocess.Popen(**self._process()) as process:  # type: ignore[call-overload]
            while not begun.exists() and process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.01)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
        self._expect(130, process.returncode, said)

    def _write(self, last: str = "z = y + 1") -> None:
        sources = {"a": "x = 1", "b": f"y = x + {self._number}", "c": last}
        cells = [code(name, source, f"component:{name}") for name, source in sources.items()]
        (self._folder / "soak.ipynb").write_text(json.dumps(notebook(cells)), encoding="utf-8")

    def _process(self) -> dict[str, object]:
        return {
            "args": [str(BIN / "mdk"), "run", "local", "soak.ipynb"],
            **{"cwd": self._folder, "env": self._server.environ},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True},
        }

    def _run(self, code: int) -> None:
        with subprocess.Popen(**self._process()) as process:  # type: ignore[call-overload]
            said, _ = process.communicate(timeout=120)
        self._expect(code, process.returncode, said)

    def _expect(self, code: int, found: int, said: str) -> None:
        if code != found:
            sys.exit(f"a run ended with {found} instead of {code}:\n{said}")


def look(server: Server) -> Iterator[tuple[str, float]]:
    """Yield everything that must not grow, by name."""
    yield "processes", len(server.processes())
    # Not those by which runs make themselves known: they stay for a minute.
    own = (path for path in server.folder.rglob("*") if path.relative_to(server.folder).parts[0] != "runs")
    yield "files in the server's folder", sum(1 for _ in own)
    for name, process in residents(server).items():
        about = status(process)
        yield f"memory of {name} (MB)", int(about["VmRSS"].split()[0]) * 1024 / 1e6
        yield f"open files of {name}", len(list(Path(f"/proc/{process}/fd").iterdir()))
        yield f"threads of {name}", int(about["Threads"])


def residents(server: Server) -> dict[str, int]:
    """Return the processes that stay, by what they are; kernels come and go."""
    (told,) = server.told()
    children = [process for process in server.processes() if int(status(process)["PPid"]) == told["pid"]]
    # The server starts two processes, in this order; templates are nobody's children.
    commands, base = sorted(children, key=started)
    templates = {f"template {number}": about["pid"] for number, about in enumerate(told["templates"], 1)}
    return {"server": told["pid"], "commands": commands, "base": base, **templates}


def started(process: int) -> int:
    """Return when a process was started, in ticks since the machine was."""
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])


def growth(name: str, values: list[float]) -> float:
    """Return by how much the last quarter is above the first, beyond what is tolerated; 0 when it is not.

    A quarter has every way of running at least once.
    """
    quarter = max(len(values) // 4, 4)
    grown = median(values[-quarter:]) - median(values[:quarter])
    return grown if grown > TOLERANCE.get(name.partition(" ")[0], 0) else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="how many runs, 12 or more (default: %(default)s)")
    count = parser.parse_args().runs
    if count < WARM_UP + 8:
        parser.error(f"{WARM_UP + 8} runs or more tell something")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server is stopped on the way out
    seen: dict[str, list[float]] = {}
    with Server() as server, tempfile.TemporaryDirectory(prefix="mdk-soak-") as folder:
        runs = Runs(Path(folder), server)
        for number in range(count):
            way = runs.ways[number % len(runs.ways)]
            tell(f"{number + 1}/{count} {way.__name__}")
            way()
            server.settle()
            if number >= WARM_UP:
                for name, value in look(server):
                    seen.setdefault(name, []).append(value)
    tell("")
    sys.exit(1 if report(seen, count - WARM_UP) else 0)


def report(seen: dict[str, list[float]], count: int) -> int:
    """Print how everything developed; return how much of it has grown."""
    print(f"{count + WARM_UP} runs, {WARM_UP} of them to warm up\n{'':32} {'first':>8} {'last':>8} {'most':>8}")
    failures = 0
    for name, values in seen.items():
        grown = growth(name, values) if len(values) == count else 0
        verdict = f"grows by {grown:g}" if grown else "" if len(values) == count else "was not there all the time"
        failures += bool(verdict)
        print(f"{name:32} {values[0]:8.4g} {values[-1]:8.4g} {max(values):8.4g}  {verdict}".rstrip())
    return failures


if __name__ == "__main__":
    main()
