"""Looking at runs, comparing them, ending them: what `mdk runs` does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_jupyter.errors import NotFoundError
from mdk_jupyter.local.cancelling import cancel
from mdk_jupyter.local.compare import compare_runs
from mdk_jupyter.local.journal import log_of, notebook_of
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import find_step, find_steps
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.run_models import LogText, NotebookPath, RunComparison, RunList, RunView
from mdk_jupyter.server.stores import Stores
from mdk_jupyter.server.views import run_view

MOST = 500  # runs in one answer
_RECENT = 100
_LONGEST_LOG = 1_000_000  # bytes that the browser gets of a step's, the last ones


class Runs:
    """The runs below the server's root. Everything here takes its time: it is called in threads."""

    def __init__(self, places: Places, stores: Stores) -> None:
        self._places = places
        self._stores = stores

    def recent(self) -> Sequence[Run]:
        """Return some of the newest runs of all stores that are known."""
        return list(islice(self._stores.newest(self._stores.known()), _RECENT))

    def list(
        self, stores: Sequence[str] | None, path: str | None, limit: int, before: str | None
    ) -> tuple[RunList, Sequence[Run]]:
        """Return the newest runs: of some stores, of one notebook, or of all stores that are known."""
        source = self._places.path(self._places.file(path)) if path is not None else None
        if source is not None:
            stores = [source.rpartition("/")[0]]
        for store in stores or ():
            self._stores.note(store)
        chosen = self._stores.known() if stores is None else stores
        newest = self._stores.newest(chosen, before)
        wanted = newest if source is None else (run for run in newest if self._source(run) == source)
        found = list(islice(wanted, max(1, min(limit, MOST))))
        return RunList(runs=[self.view(run) for run in found], stores=list(chosen)), found

    def show(self, store: str | None, wanted: str) -> RunView:
        """Return one run as it was last seen."""
        return self.view(self.find(store, wanted))

    def find(self, store: str | None, wanted: str) -> Run:
        """Return the record of a run."""
        return self._stores.find(store, wanted)

    def log(self, run: Run, step: str) -> LogText:
        """Return the end of what a step printed; of a step on a service, what the service tells."""
        steps = find_steps(run, step)
        if run.target != "local":
            from mdk_jupyter.remote import runs as remote

            remote.fetch_logs(run, steps, remote.service_of(run))
        files = [file for one in steps if (file := log_of(run, one)) is not None]
        return LogText(text="".join(map(_end_of, files)))

    def notebook(self, run: Run, step: str) -> NotebookPath:
        """Return where the executed notebook of a step is; one on a service is fetched.

        Raises:
            NotFoundError: the step was not executed (MDK371).
        """
        found = find_step(run, step)
        if run.target == "local":
            file = notebook_of(run, found)
        else:
            from mdk_jupyter.remote import runs as remote

            file = remote.fetch_notebook(run, found, remote.service_of(run))
        if file is None:
            message = f"step {step!r} of run {run.id} has no executed notebook: it is {found.state}"
            raise NotFoundError([Finding("MDK371", message, fix="name a step that was started", names=(step,))])
        return NotebookPath(path=self._places.path(file) or "")

    def compare(self, store: str | None, a: str, b: str) -> RunComparison:
        """Return run `b` seen from run `a`."""
        comparison = compare_runs(self.find(store, a), self.find(store, b))
        return RunComparison.model_validate(comparison.to_json())

    def cancel(self, run: Run) -> RunView:
        """Let a run end; it may take the run a moment."""
        return self.view(cancel(run))

    def view(self, run: Run) -> RunView:
        """Return what the browser sees of a run."""
        return run_view(run, self._places)

    def _source(self, run: Run) -> str | None:
        return self._places.path(run.source) if run.source is not None else None


def _end_of(file: Path) -> str:
    with file.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _LONGEST_LOG))
        return log.read().decode("utf-8", "replace")
