"""The routes for notebooks and runs. Each reads the request, calls, and sends what comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.server import checking, operations, project, starting
from mdk_jupyter.server.base import MDKHandler, reading
from mdk_jupyter.server.models import CheckRequest, OperationRequest, OperationView, RegistryEvent, SpecRequest
from mdk_jupyter.server.registry import reaching
from mdk_jupyter.server.run_models import PlanRequest, RunRequest, Scheduled

Operation = Callable[[Path, RegistryFace, OperationRequest], OperationView]


class AboutHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        """Tell which registry and environments the project around `path` has."""
        folder = self.parts.places.folder(self.argument("path") or "")
        self.answer(await self.parts.files.do(project.about, self.parts.places, folder))


class CheckHandler(MDKHandler):
    @authenticated
    @reading
    async def post(self) -> None:
        """Tell what a notebook is as a pipeline, and what is wrong with it."""
        asked = self.body(CheckRequest)
        file = self.parts.places.file(asked.path)
        compiler = self.parts.compiler
        checked = self.parts.newest.do(
            (asked.path, asked.client), lambda: compiler.do(checking.check, file, asked.content)
        )
        self.answer(await checked)


class SpecHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        """Give the spec of a notebook on disk."""
        await self._answer(SpecRequest(path=self.needed("path")))

    @authenticated
    @reading
    async def post(self) -> None:
        """Give the spec of a notebook in an editor."""
        await self._answer(self.body(SpecRequest))

    async def _answer(self, asked: SpecRequest) -> None:
        file = self.parts.places.file(asked.path)
        self.answer(await self.parts.compiler.do(checking.spec, file, asked.content))


class RunsHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        """List runs."""
        stores = self.get_query_arguments("store") or None
        if stores is None and self.argument("path") is None:
            await self._note_open_notebooks()
        limit, before = self.number("limit", 50), self.argument("before")
        files, runs = self.parts.files, self.parts.runs
        listed, found = await files.do(runs.list, stores, self.argument("path"), limit, before)
        self.parts.remote.follow(found)
        self.answer(listed)

    async def _note_open_notebooks(self) -> None:
        sessions: list[dict[str, Any]] = await ensure_async(self.session_manager.list_sessions())  # type: ignore[no-untyped-call]
        for session in sessions:
            self.parts.stores.note(str(session["path"]).rpartition("/")[0])

    @authenticated
    @authorized
    async def post(self) -> None:
        """Start a run, or set a schedule."""
        asked = self.body(RunRequest)
        file = self.parts.places.file(asked.path)
        started = await self.parts.starting.do(starting.start, file, asked)
        if isinstance(started, Scheduled):
            self.answer(started)
            return
        self.parts.remote.follow([started])
        self.answer(await self.parts.files.do(self.parts.runs.view, started), 201)


class PlansHandler(MDKHandler):
    @authenticated
    @reading
    async def post(self) -> None:
        """Tell what a submission would send."""
        asked = self.body(PlanRequest)
        file = self.parts.places.file(asked.path)
        self.answer(await self.parts.starting.do(starting.plan, file, asked))


class ComparisonHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        """Compare two runs."""
        a, b = self.needed("a"), self.needed("b")
        self.answer(await self.parts.files.do(self.parts.runs.compare, self.argument("store"), a, b))


class RunHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self, wanted: str) -> None:
        """Show a run as it was last seen."""
        self.answer(await self.parts.files.do(self.parts.runs.show, self.argument("store"), wanted))

    @authenticated
    @authorized
    async def delete(self, wanted: str) -> None:
        """Let a run end."""
        run = await self.parts.files.do(self.parts.runs.find, self.argument("store"), wanted)
        workers, service = self.parts.workers_for(run.target)
        self.answer(await workers.do(self.parts.runs.cancel, run, service=service))


class LogHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self, wanted: str) -> None:
        """Give what a step printed."""
        run = await self.parts.files.do(self.parts.runs.find, self.argument("store"), wanted)
        workers, service = self.parts.workers_for(run.target)
        self.answer(await workers.do(self.parts.runs.log, run, self.needed("step"), service=service))


class NotebookHandler(MDKHandler):
    @authenticated
    @authorized
    async def get(self, wanted: str) -> None:
        """Tell where the executed notebook of a step is; one on a service is fetched."""
        run = await self.parts.files.do(self.parts.runs.find, self.argument("store"), wanted)
        workers, service = self.parts.workers_for(run.target)
        self.answer(await workers.do(self.parts.runs.notebook, run, self.needed("step"), service=service))


class OperationHandler(MDKHandler):
    """Promote, roll back, or let versions challenge the champion."""

    def initialize(self, operation: Operation, news: str) -> None:
        """Take what to do, and what the registry's own events call it."""
        self._operation, self._news = operation, news

    @authenticated
    @authorized
    async def post(self) -> None:
        """Show what would change; with `apply`, change it."""
        asked = self.body(OperationRequest)
        parts, folder = self.parts, self.parts.places.folder(asked.path or "")

        def carry_out() -> OperationView:
            with reaching():
                return self._operation(folder, parts.registries.of(folder), asked)

        found = await parts.operations.do(carry_out, service="registry")
        if found.applied and not found.protected:
            changed = RegistryEvent(model=asked.model, environment=asked.environment, action=self._news)
            parts.bus.registry(changed)
        self.answer(found)


_CROWNED = "champion.changed"
_RUN = r"/mdk/runs/(?P<wanted>[^/]+)"

HANDLERS: list[tuple[Any, ...]] = [
    (r"/mdk/about", AboutHandler),
    (r"/mdk/check", CheckHandler),
    (r"/mdk/spec", SpecHandler),
    (r"/mdk/runs", RunsHandler),
    (r"/mdk/plans", PlansHandler),
    (r"/mdk/runs/compare", ComparisonHandler),
    (_RUN, RunHandler),
    (rf"{_RUN}/log", LogHandler),
    (rf"{_RUN}/notebook", NotebookHandler),
    (r"/mdk/operations/promote", OperationHandler, {"operation": operations.promote, "news": _CROWNED}),
    (r"/mdk/operations/rollback", OperationHandler, {"operation": operations.rollback, "news": _CROWNED}),
    (
        r"/mdk/operations/challengers",
        OperationHandler,
        {"operation": operations.challengers, "news": "challengers.changed"},
    ),
]
