"""How long things take, as ratios measured in one run: `make bench`, or `make bench BENCH='registry lab'`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import compiling
import crossing
import kubeflow
import local_runs
import starting
from page import PAGE, rewrite
from report import Section

Measure = Callable[[Path, argparse.Namespace], Iterator[Section]]


def _start(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """the compiler and the command"""
    yield starting.section(folder)


def _compile(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """to Kubeflow Pipelines, against kfp"""
    yield compiling.section()


def _chain(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """three steps with nothing to do"""
    yield local_runs.section_chain(folder, with_kfp=options.with_kfp)


def _crossing(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """160 MB from one step to the next"""
    yield crossing.section(folder)


def _flights(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """the flights example; minutes a round"""
    yield local_runs.section_flights(folder, with_kfp=options.with_kfp, rounds=options.rounds)


def _registry(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """its server against bare SQL; minutes (registry.py by itself has more to ask)"""
    import registry

    for versions in (1000, 50_000):
        for database in registry.DATABASES:
            yield from registry.sections(database, versions, None)


def _lab(folder: Path, options: argparse.Namespace) -> Iterator[Section]:
    """the JupyterLab extension; needs Chromium and a production build"""
    import lab

    yield lab.section()


QUICK: dict[str, Measure] = {"start": _start, "compile": _compile, "chain": _chain, "crossing": _crossing}
SLOW: dict[str, Measure] = {"flights": _flights, "registry": _registry, "lab": _lab}
SECTIONS = QUICK | SLOW


def main() -> None:
    sections = "\n".join(f"  {name:10}{measure.__doc__}" for name, measure in SECTIONS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"sections:\n{sections}\n\nwithout any: {' '.join(QUICK)}, which take about three minutes",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="what to measure, or `all`")
    parser.add_argument("--with-kfp", action="store_true", help=f"kfp.local too, installed into {kubeflow.ENVIRONMENT}")
    parser.add_argument("--rounds", type=int, default=3, help="of the flights example")
    parser.add_argument("--write", action="store_true", help=f"put what was measured into {PAGE.name}")
    options = parser.parse_args()
    wanted = list(SECTIONS) if "all" in options.sections else options.sections or list(QUICK)
    if unknown := [name for name in wanted if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are stopped on the way out
    if options.with_kfp:
        kubeflow.install()
    with tempfile.TemporaryDirectory(prefix="mdk-bench-") as folder:
        measured = []
        for name in wanted:
            for section in SECTIONS[name](Path(folder), options):
                print(section.text(), end="\n\n", flush=True)
                measured.append(section)
    if options.write:
        rewrite(measured)
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
