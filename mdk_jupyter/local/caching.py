"""The cache at work in one run: what a step's result may be taken from, why not, and what is kept of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.guards import ancestors
from mdk_converters.spec import Pipeline
from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.local.cache import Cache, Entry, Last
from mdk_jupyter.local.cache_key import Ingredients, constants, differences, ingredients, key, step_sources
from mdk_jupyter.local.dependencies import Named, Unfollowed, observe
from mdk_jupyter.local.kernels import Launch
from mdk_jupyter.local.selection import Selection
from mdk_jupyter.local.steps import Outcome, Task

_LONGEST_NAME = 4096  # bytes of a stored value that may name files
_TOLD = 3  # reasons that are worth telling


@dataclass(frozen=True, slots=True)
class Miss:
    """A step that has to run."""

    why: str
    ingredients: Ingredients


@dataclass(kw_only=True)
class Caching:
    """What one run takes from the cache and adds to it."""

    cache: Cache
    pipeline: Pipeline
    folder: Path
    scope: str  # tells the pipelines of one store apart
    selection: Selection
    reads: bool  # whether anything may be taken
    isolated: bool
    numbers: Mapping[str, int]
    environ: Mapping[str, str]  # what kernels inherit
    _ran: dict[str, bool] = field(default_factory=dict)  # steps that ran: whether what they do is seen in files
    _taken: set[tuple[str, ...]] = field(default_factory=set)  # results that steps of this run have

    def must_run(self, name: str) -> str | None:
        """Return why a step runs whatever the cache knows, or None."""
        if name in self.selection.again:
            return self.selection.option
        if not self.pipeline.components[name].cache:
            return "cache:off"
        return None if self.reads else "--no-cache"

    def will_run(self, name: str) -> bool:
        """Whether it is certain, before the step's inputs are known, that it runs."""
        return self.must_run(name) is not None or self.cache.last(self.scope, name) is None

    def seek(self, name: str, job: Mapping[str, Any]) -> Entry | Miss:
        """Return the step's result if it is known, or why it is not."""
        component = self.pipeline.components[name]
        matches = (path for pattern in component.files for path in self.folder.glob(pattern))
        now = ingredients(
            self.pipeline,
            name,
            job,
            numbers=self.numbers,
            files=[path.relative_to(self.folder).as_posix() for path in matches],
            isolated=self.isolated,
            environ={**self.environ, **component.env},
        )
        why = self.must_run(name)
        if why is not None:
            return Miss(why, now)
        entry, problem = self.cache.find(
            key(now), self.folder, self._environ(name), lambda entry: self._is_of(name, entry)
        )
        if entry is None:
            return Miss(problem or self._why_unknown(name, now), now)
        unseen = self._unseen_changes(name, entry)
        if unseen is not None:
            return Miss(unseen, now)
        last = self.cache.last(self.scope, name)
        if last is None or key(last.ingredients) != entry.key:
            with contextlib.suppress(OSError):  # it only serves to tell what changed
                self.cache.remember(self.scope, name, Last(now))
        self._taken.add(id_of(entry))
        return entry

    def _unseen_changes(self, name: str, entry: Entry) -> str | None:
        """Return why the world may have changed for a step in a way that its entry cannot tell, or None.

        Who comes after a step without taking a value from it relies on something that it does. Files are seen.
        """
        for other in self.pipeline.components[name].after:
            if self._ran.get(other) is False:
                return f"it comes after {other}, which ran"
        before = sorted(self._ran.keys() & ancestors(self.pipeline, name))
        if entry.dependencies.hosts and before:
            return f"it uses the network, and {before[0]} before it ran"
        return None

    def _is_of(self, name: str, entry: Entry) -> bool:
        """Whether a step may take the result. Two steps with the same code draw different random numbers."""
        is_anothers = entry.step != name and entry.step in self.pipeline.components
        return not is_anothers and id_of(entry) not in self._taken

    def _why_unknown(self, name: str, now: Ingredients) -> str:
        last = self.cache.last(self.scope, name)
        if last is None:
            return "never run before"
        if last.ingredients.get("format") != now["format"]:
            return "kept by another version"
        changes = differences(last.ingredients, now)
        if changes:
            return "; ".join(changes[:_TOLD]) + (f"; and {len(changes) - _TOLD} more" if len(changes) > _TOLD else "")
        return last.not_kept or "its result is no longer in the cache"

    def take(self, entry: Entry, notebook: Path, log: Path) -> None:
        """Put the executed notebook and the log of a known result into the run.

        Raises:
            OSError: they cannot be written.
        """
        # Copies, not links: who edits an executed notebook must not change what is stored.
        shutil.copyfile(self.cache.store.path(entry.notebook), notebook)
        shutil.copyfile(self.cache.store.path(entry.log), log)

    def look(self, name: str, job: Mapping[str, Any], launch: Launch) -> Named:
        """Note the files that the step's code and values name, before it runs."""
        texts = constants(step_sources(self.pipeline, name))
        texts |= set(_texts_in(list(job["parameters"].values())))
        texts |= set(_texts_in(list(self._small_values(job["inputs"].values()))))
        return Named.look(texts, self.pipeline.components[name].files, launch.cwd.absolute())

    def _small_values(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
        for record in records:
            if record.get("format") == "json" and record["size"] <= _LONGEST_NAME:
                try:
                    yield json.loads(self.cache.store.path(record["digest"]).read_bytes())
                except (OSError, ValueError):
                    continue

    def keep(self, miss: Miss, task: Task, outcome: Outcome, named: Named, run: str) -> list[str]:
        """Keep the result of a step that ran; return what is worth knowing about it.

        Raises:
            OSError: the cache cannot be written.
            ArtifactError: the store cannot be written (MDK326).
        """
        name = outcome.step
        seen = outcome.notes
        self._ran[name] = bool(seen and seen["written"] and not seen["hosts"] and not seen["blind"])
        notes: list[str] = []
        if not self.pipeline.components[name].cache:
            return notes
        not_kept: str | None = None
        if outcome.failure is not None:
            not_kept = "it did not come to its end"
        else:
            try:
                entry = self._entry(miss, task, outcome, named, run)
                self.cache.keep(entry)
                notes += remarks(entry)
            except Unfollowed as reason:
                not_kept = str(reason)
                notes.append(f"not kept in the cache: {reason}")
        self.cache.remember(self.scope, name, Last(miss.ingredients, not_kept))
        return notes

    def _entry(self, miss: Miss, task: Task, outcome: Outcome, named: Named, run: str) -> Entry:
        dependencies = observe(
            outcome.notes,
            named,
            folder=self.folder,
            cwd=task.launch.cwd,
            environ=self._environ(outcome.step),
            memo=self.cache.packages,
            started=time.time() - outcome.seconds,
        )
        return Entry(
            key=key(miss.ingredients),
            dependencies=dependencies,
            outputs=outcome.outputs,
            metrics=outcome.metrics,
            notebook=_put(self.cache.store, task.output),
            log=_put(self.cache.store, task.log),
            seconds=outcome.seconds,
            run=run,
            pipeline=self.pipeline.metadata.name,
            step=outcome.step,
        )

    def _environ(self, name: str) -> Mapping[str, str]:
        return {**self.environ, **self.pipeline.components[name].env}


def remarks(entry: Entry) -> list[str]:
    """Return what is worth knowing about a result in the cache."""
    hosts = entry.dependencies.hosts
    return [f"reads from the network: {host}; tag it cache:off to run it every time" for host in hosts]


def id_of(entry: Entry) -> tuple[str, ...]:
    return (entry.key, entry.run, entry.pipeline, entry.step)


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in JSON values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)


def _put(store: Store, path: Path) -> str:
    """Store a file; return its digest."""
    with path.open("rb") as file:
        return store.put(lambda sink: shutil.copyfileobj(file, sink)).digest


def scope_of(folder: Path, root: Path, pipeline: str) -> str:
    """Return what tells a pipeline apart from the others of its project, wherever the project is."""
    return f"{os.path.relpath(folder.absolute(), root)}:{pipeline}"
