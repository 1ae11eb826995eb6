"""Local runs: cold, warm, with an edit and with nothing to do, against the ways there are without mdk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import NoReturn

import kubeflow
from by_hand import StepNotebooks, papermill_whole
from kernel_servers import Server
from live import Floor, Magic
from notebooks import Edit, Subject, chain, counter, flights
from report import Row, Section
from timing import BIN, Case, command, medians

from mdk_jupyter import convert
from mdk_jupyter.kernels.client import SWITCH
from mdk_jupyter.local.record import Run

WHOLE = "papermill on the whole notebook"
PER_STEP = "papermill, a process per step"
KFP = "kfp.local, subprocesses without venv"
FLOOR = "the cells themselves, in one warm kernel"
COLD, OFF, WARM, CACHED = (
    "cold: no server, no cache",
    "MDK_KERNELS=off, no cache",
    "warm: `--no-cache`",
    "nothing edited",
)

HOW = """\
*Cold* starts the kernel server and has no cache, *warm* has the server and runs all steps, an *edit* changes one cell
to what it never was, *nothing edited* takes all steps from the cache. Before each measurement the server is at rest
and has been used just before. Runs are checked: exactly the steps ran that had to. `kfp.local` runs the same cells as
components with `SubprocessRunner(use_venv=False)`, in an environment without Jupyter, which Python starts in sooner; the
notebooks and components for papermill and kfp hand values on as parquet and pickles. A papermill process spends most of
its time importing, more so where JupyterLab is installed: what the `jsonschema` of nbformat then finds is slow to load."""


def section_chain(folder: Path, *, with_kfp: bool, rounds: int = 7) -> Section:
    """Measure three steps with nothing to do."""
    with ExitStack() as stack:
        bench = _Bench(chain(), folder / "chain", stack)
        cases = bench.others(with_kfp) | bench.processes()
        taken = medians(cases, rounds)
        taken |= medians(bench.magics(stack), rounds)
    budgets = {COLD: 2.0, WARM: 0.35, CACHED: 0.2, MAGIC: 0.15}
    rows = bench.rows_of_others(taken, with_kfp)
    rows += [
        Row(_of_mdk(name), seconds, WHOLE, taken[WHOLE], budgets.get(name))
        for name, seconds in taken.items()
        if name not in (WHOLE, PER_STEP, KFP, FLOOR)
    ]
    return Section("Three steps with nothing to do", f"{HOW} Medians of {rounds} rounds.", rows)


def section_flights(folder: Path, *, with_kfp: bool, rounds: int) -> Section:
    """Measure the flights example."""
    with ExitStack() as stack:
        bench = _Bench(flights(), folder / "flights", stack)
        taken = medians(bench.others(with_kfp) | bench.processes(), rounds)
    rows = bench.rows_of_others(taken, with_kfp)
    rows += [Row(_of_mdk(name), taken[name], WHOLE, taken[WHOLE]) for name in (COLD, OFF, WARM, CACHED)]
    for name in bench.subject.edits:
        steps = bench.reran[name]
        own = bench.own_time(steps)
        rows.append(Row(_of_mdk(name), taken[name], f"the cells of {', '.join(steps)}", own, own + 0.5))
    how = f"{HOW} The two models train side by side in a pipeline, one after the other in a kernel."
    return Section("The flights example", f"{how} Medians of {rounds} rounds.", rows)


def _of_mdk(name: str) -> str:
    return name if name.startswith(("`%mdk", "`mdk")) else f"`mdk run local`, {name}"


class _Folder:
    """A copy of the notebook with runs of its own."""

    def __init__(self, subject: Subject, folder: Path, environ: Mapping[str, str]) -> None:
        self.subject = subject
        self.folder = folder
        self.environ = environ
        self.notebook = subject.write(folder)
        self._number = counter()

    def edit(self, edit: Edit) -> None:
        """Make the cell what it never was."""
        self.subject.write(self.folder, edit, self._number())

    def run(self, *options: str) -> None:
        """Run the notebook by an `mdk` process."""
        command(BIN / "mdk", "run", "local", self.notebook.name, *options, cwd=self.folder, environ=self.environ)

    def newest(self) -> Run:
        """Return the run that was started last."""
        return Run.open(max((self.folder / ".mdk" / "runs").iterdir()))

    def ran(self) -> list[str]:
        """Return the steps that the newest run did not take from the cache."""
        return [step.name for step in self.newest().steps.values() if step.cached_from is None]

    def forget(self) -> None:
        """Take away all runs and the cache."""
        shutil.rmtree(self.folder / ".mdk", ignore_errors=True)


class _Bench:
    """The cases of one notebook. What has to be ended is ended by `stack`."""

    def __init__(self, subject: Subject, folder: Path, stack: ExitStack) -> None:
        self.subject = subject
        self.folder = folder
        self.server = stack.enter_context(Server())
        self._cold_server = stack.enter_context(Server())
        self.source = subject.write(folder / "whole")
        self.pipeline = convert(self.source)
        self.steps = list(self.pipeline.components)
        self._floor = stack.enter_context(closing(Floor(self.pipeline, self.source.parent, self.server.environ)))
        self._waker = self._fresh("waker")
        self.reran: dict[str, list[str]] = {}  # the steps that ran after each edit

    def own_time(self, steps: list[str]) -> float:
        """Return the seconds that the cells of these steps take in a warm kernel."""
        return sum(median(self._floor.seconds[step]) for step in steps)

    def others(self, with_kfp: bool) -> dict[str, Case]:
        """Return the ways without mdk."""
        environ = self.server.environ
        by_hand = StepNotebooks(self.pipeline, self.folder / "by_hand", environ)
        cases = {
            FLOOR: Case(self._floor.run),
            WHOLE: Case(lambda: papermill_whole(self.source, environ)),
            PER_STEP: Case(by_hand.run, by_hand.prepare),
        }
        if with_kfp and kubeflow.why_not() is None:
            components = kubeflow.Components(self.pipeline, self.folder / "kfp")
            cases[KFP] = Case(components.run, components.prepare)
        return cases

    def rows_of_others(self, taken: Mapping[str, float], with_kfp: bool) -> list[Row]:
        """Return what the ways without mdk took."""
        rows = [Row(WHOLE, taken[WHOLE], FLOOR, taken[FLOOR]), Row(PER_STEP, taken[PER_STEP], WHOLE, taken[WHOLE])]
        if KFP in taken:
            return [*rows, Row(KFP, taken[KFP], WHOLE, taken[WHOLE])]
        return [*rows, Row(KFP, None, (kubeflow.why_not() if with_kfp else None) or "left out")]

    def processes(self) -> dict[str, Case]:
        """Return the ways of `mdk run local`."""
        cold = self._fresh("cold", self._cold_server.environ)
        off = self._fresh("off", {**os.environ, SWITCH: "off"})
        warm, cached = self._fresh("warm"), self._fresh("cached")
        cached.run()
        self._edited_run()

        def make_cold() -> None:
            self._cold_server.stop()
            cold.forget()

        def end_cold() -> None:
            self._check(cold, self.steps)
            self._cold_server.stop()

        return {
            COLD: Case(cold.run, make_cold, end_cold),
            OFF: Case(lambda: off.run("--no-cache"), after=lambda: self._check(off, self.steps)),
            WARM: Case(lambda: warm.run("--no-cache"), self._wake, lambda: self._check(warm, self.steps)),
            **{name: self._edited(name, edit) for name, edit in self.subject.edits.items()},
            CACHED: Case(cached.run, self._wake, lambda: self._check(cached, [])),
        }

    def magics(self, stack: ExitStack) -> dict[str, Case]:
        """Return the ways of `%mdk run local` and `mdk.run` in a live kernel. Their first use comes before."""
        folder = self._fresh("magic")
        magic = stack.enter_context(closing(Magic(folder.notebook, self.server.environ)))
        (edit,) = self.subject.edits.values()
        run_all, run = magic.magic("--no-cache"), magic.magic()

        def used(*others: Callable[[], object]) -> Callable[[], None]:
            def prepare() -> None:
                run()
                run_all()  # so that the server has been used by this kernel
                for other in others:
                    other()
                self.server.settle()

            return prepare

        def all_ran() -> None:
            self._check(folder, self.steps)

        def none_ran() -> None:
            self._check(folder, [])

        return {
            MAGIC: Case(run_all, used(), all_ran),
            f"{_MAGIC}, one cell edited": Case(run, used(lambda: folder.edit(edit)), lambda: self._note("", folder)),
            f"{_MAGIC}, nothing edited": Case(run, used(), none_ran),
            "`mdk.run`, warm: `cache=False`": Case(magic.function(cache=False), used(), all_ran),
            "`mdk.run`, nothing edited": Case(magic.function(), used(), none_ran),
        }

    def _fresh(self, name: str, environ: Mapping[str, str] | None = None) -> _Folder:
        return _Folder(self.subject, self.folder / name, environ or self.server.environ)

    def _edited(self, name: str, edit: Edit) -> Case:
        folder = self._fresh(name.replace(" ", "_"))
        folder.run()

        def prepare() -> None:
            folder.edit(edit)
            self._wake()

        return Case(folder.run, prepare, lambda: self._note(name, folder))

    def _edited_run(self) -> None:
        """Run the notebook after an edit near its end: it takes a kernel, and little time."""
        self._waker.edit(next(iter(self.subject.edits.values())))
        self._waker.run()

    def _wake(self) -> None:
        """Let the server be as it is between two runs of somebody at work."""
        self._edited_run()
        self.server.settle()

    def _note(self, name: str, folder: _Folder) -> None:
        self.reran[name] = ran = folder.ran()
        if not 0 < len(ran) < len(self.steps):
            self._refuse(folder, f"{len(ran)} steps ran after an edit")

    def _check(self, folder: _Folder, steps: list[str]) -> None:
        if sorted(folder.ran()) != sorted(steps):
            self._refuse(folder, f"{steps} were to run")

    def _refuse(self, folder: _Folder, what: str) -> NoReturn:
        reasons = [f"  {step.name}: {step.why or step.cached_from}" for step in folder.newest().steps.values()]
        sys.exit("\n".join([f"{folder.folder.name}: {what}", *reasons]))


_MAGIC = "`%mdk run local`"
MAGIC = f"{_MAGIC}, {WARM}"
