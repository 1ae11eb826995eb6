"""How long things take, as ratios measured in one run: `make bench`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import crossing
import kubeflow
import local_runs
import starting
from page import PAGE, page
from report import Section


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the flights example and kfp")
    parser.add_argument("--with-kfp", action="store_true", help=f"install kfp into {kubeflow.ENVIRONMENT} if need be")
    parser.add_argument("--rounds", type=int, default=3, help="of the flights example; each takes minutes")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} from what was measured")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are stopped on the way out
    if options.with_kfp:
        kubeflow.install()
    with tempfile.TemporaryDirectory(prefix="mdk-bench-") as folder:
        sections = []
        for section in measured(Path(folder), quick=options.quick, rounds=options.rounds):
            print(section.text(), end="\n\n", flush=True)
            sections.append(section)
    if options.write:
        PAGE.write_text(page(sections), encoding="utf-8")
        print(f"wrote {PAGE}")


def measured(folder: Path, *, quick: bool, rounds: int) -> Iterator[Section]:
    """Yield each subject when it is measured."""
    yield starting.section(folder)
    yield local_runs.section_chain(folder, with_kfp=not quick)
    if not quick:
        yield local_runs.section_flights(folder, with_kfp=True, rounds=rounds)
    yield crossing.section(folder)


if __name__ == "__main__":
    main()
