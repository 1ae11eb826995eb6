"""Taking times so that they can be compared: every case has its turn in every round."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


def nothing() -> None:
    """What a case does before and after, where there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something to time. `before` sets it up and `after` checks what came of it; neither is timed."""

    act: Callable[[], object]
    before: Callable[[], object] = nothing
    after: Callable[[], object] = nothing


def medians(cases: Mapping[str, Case], rounds: int) -> dict[str, float]:
    """Return the median of each case's seconds; cases take turns, so that a busy moment hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(1, rounds + 1):
        for name, case in cases.items():
            tell(f"{number}/{rounds} {name}")
            case.before()
            started = time.perf_counter()
            case.act()
            taken[name].append(time.perf_counter() - started)
            case.after()
    tell("")
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def tell(text: str) -> None:
    """Say what is going on, on a line of the terminal that the next one takes."""
    if sys.stderr.isatty():
        print(f"\r{text:79.79}\r", end="", file=sys.stderr, flush=True)


def command(*words: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it prints; the benchmark ends when it fails."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
