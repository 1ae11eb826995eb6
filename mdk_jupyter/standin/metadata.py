"""The metadata store of Vertex: what Experiments keep, and what pipeline jobs leave there."""

from __future__ import annotations

from typing import Any

from mdk_jupyter.standin.answers import Document, Refused
from mdk_jupyter.standin.clock import Clock
from mdk_jupyter.standin.documents import Documents
from mdk_jupyter.standin.jobs import Job, Jobs
from mdk_jupyter.standin.tasks import Task

_KIND = "metadata"
_STATES = {"SUCCEEDED": "COMPLETE", "CACHED": "CACHED", "FAILED": "FAILED", "CANCELLED": "CANCELLED"}


class Metadata:
    """Contexts, executions and artifacts by full name, and how they belong together."""

    def __init__(self, documents: Documents, clock: Clock, jobs: Jobs) -> None:
        self._documents = documents
        self._clock = clock
        jobs.on_task_end.append(self._record)

    def create(self, name: str, content: Document) -> Document:
        """Keep something new.

        Raises:
            Refused: the name is taken.
        """
        if self._documents.get(_KIND, name) is not None:
            raise Refused(409, f"{name} already exists.")
        time = self._clock.text()
        return self._put({**content, "name": name, "createTime": time, "updateTime": time, "etag": "1"})

    def get(self, name: str) -> Document:
        """Return what has a name.

        Raises:
            Refused: nothing has it.
        """
        found = self._documents.get(_KIND, name)
        if found is None:
            raise Refused(404, f"{name} is not found.")
        return found

    def update(self, name: str, content: Document, *, allow_missing: bool = False) -> Document:
        """Change the fields that `content` has.

        Raises:
            Refused: there is nothing of that name.
        """
        if allow_missing and self._documents.get(_KIND, name) is None:
            return self.create(name, content)
        kept = self.get(name)
        changed = {**kept, **content, "name": name, "updateTime": self._clock.text()}
        if "metadata" in content:
            changed["metadata"] = {**kept.get("metadata", {}), **content["metadata"]}
        return self._put(changed)

    def delete(self, name: str) -> None:
        """Forget something, and that others belong to it.

        Raises:
            Refused: there is nothing of that name.
        """
        self.get(name)
        self._documents.delete(_KIND, name)
        self._documents.delete("links", name)

    def listed(self, parent: str) -> list[Document]:
        """Return all that is directly below a collection, such as `…/metadataStores/default/contexts`."""
        found = self._documents.all(_KIND, f"{parent}/")
        return [document for name, document in found if "/" not in name.removeprefix(f"{parent}/")]

    def link(self, name: str, kind: str, others: list[str]) -> None:
        """Note that others belong to a context, or are events of an execution.

        Raises:
            Refused: there is nothing of that name.
        """
        self.get(name)
        links = self._documents.get("links", name) or {}
        links[kind] = list(dict.fromkeys([*links.get(kind, []), *others]))
        self._documents.put("links", name, links)

    def unlink(self, name: str, kind: str, others: list[str]) -> None:
        """Take back what `link` noted."""
        links = self._documents.get("links", name) or {}
        links[kind] = [other for other in links.get(kind, []) if other not in others]
        self._documents.put("links", name, links)

    def linked(self, name: str, kind: str) -> list[str]:
        """Return the names of what belongs to a context."""
        found: list[str] = (self._documents.get("links", name) or {}).get(kind, [])
        return found

    def add_events(self, execution: str, events: list[Document]) -> None:
        """Note which artifacts went into an execution and came out of it."""
        self.get(execution)
        links = self._documents.get("links", execution) or {}
        time = self._clock.text()
        new = [{"execution": execution, "eventTime": time, **event} for event in events]
        self._documents.put("links", execution, {**links, "events": [*links.get("events", []), *new]})

    def subgraph(self, executions: list[str], artifacts: list[str]) -> Document:
        """Return executions and artifacts with the events between them."""
        events = [
            event for name in executions for event in (self._documents.get("links", name) or {}).get("events", [])
        ]
        names = dict.fromkeys([*artifacts, *(event["artifact"] for event in events)])
        return {
            "executions": [self.get(name) for name in executions],
            "artifacts": [document for name in names if (document := self._documents.get(_KIND, name))],
            "events": events,
        }

    def contexts_of(self, job: Job) -> tuple[Document, Document]:
        """Return the contexts of a job's pipeline and of the job itself, made when they are not there yet."""
        store = f"{job.parent}/metadataStores/default"
        pipeline = job.spec["pipelineInfo"]["name"]
        whole = self._context(f"{store}/contexts/{pipeline}", "system.Pipeline", {"pipeline_name": pipeline})
        run = self._context(f"{store}/contexts/{job.id}", "system.PipelineRun", {})
        if run["name"] not in self.linked(whole["name"], "children"):
            self.link(whole["name"], "children", [run["name"]])
            self._put({**run, "parentContexts": [whole["name"]]})
        return whole, self.get(run["name"])

    def _context(self, name: str, schema: str, metadata: Document) -> Document:
        found = self._documents.get(_KIND, name)
        if found is not None:
            return found
        title = {"displayName": name.rsplit("/", 1)[1], "schemaTitle": schema, "schemaVersion": "0.0.1"}
        return self.create(name, {**title, "metadata": metadata})

    def _put(self, document: Document) -> Document:
        return self._documents.put(_KIND, document["name"], document)

    def _record(self, job: Job, task: Task) -> None:
        """Leave what a task of a job took and made."""
        if job.service != "vertex" or task.state == "NOT_TRIGGERED":
            return
        execution = execution_of(job, task)
        self._put({**execution, "createTime": task.created, "updateTime": self._clock.text(), "etag": "1"})
        context = self.contexts_of(job)[1]["name"]
        made = [artifact for some in task.outputs.artifacts.values() for artifact in some]
        for artifact in made:
            if self._documents.get(_KIND, artifact["name"]) is None:
                self.create(artifact["name"], artifact_of(artifact))
        taken = [artifact for some in task.inputs.artifacts.values() for artifact in some]
        if task.kind != "dag":
            self.add_events(
                execution["name"],
                [{"artifact": artifact["name"], "type": "INPUT"} for artifact in taken]
                + [{"artifact": artifact["name"], "type": "OUTPUT"} for artifact in made],
            )
        self.link(context, "executions", [execution["name"]])
        self.link(context, "artifacts", [artifact["name"] for artifact in made])


def execution_of(job: Job, task: Task) -> Document:
    """Return the execution that stands for a task in the metadata store."""
    schema = "system.Run" if task.parent is None else "system.DagExecution"
    schema = {"container": "system.ContainerExecution", "importer": "system.ImporterExecution"}.get(task.kind, schema)
    metadata: dict[str, Any] = {f"input:{name}": value for name, value in task.inputs.parameters.items()}
    metadata |= {f"output:{name}": value for name, value in task.outputs.parameters.items()}
    return {
        "name": f"{job.parent}/metadataStores/default/executions/{task.id}",
        "displayName": task.name,
        "state": _STATES.get(task.state, "RUNNING"),
        "schemaTitle": schema,
        "schemaVersion": "0.0.1",
        "metadata": metadata,
    }


def artifact_of(artifact: Document) -> Document:
    """Return an artifact as Vertex shows it."""
    kind = artifact["type"]
    title = kind.get("schemaTitle", "system.Artifact")
    return {
        "name": artifact["name"],
        "displayName": artifact["uri"].rsplit("/", 1)[-1],
        "uri": artifact["uri"],
        "schemaTitle": title,
        "schemaVersion": kind.get("schemaVersion", "0.0.1"),
        "metadata": artifact["metadata"],
        "state": "LIVE",
    }
