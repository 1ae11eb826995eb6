"""Run and its steps: what `mdk.run` returns, and what `run.json` keeps."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.local.events import State
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.runtime.failures import finding_from_json

FORMAT = 1  # of run.json


@dataclass(slots=True)
class Step:
    """One component in one run."""

    name: str
    after: list[str] = field(default_factory=list)  # the steps it waits for, by data or by declared order
    state: State = "waiting"
    started: float | None = None  # seconds since the epoch
    seconds: float | None = None
    attempts: int = 0
    notebook: Path | None = None  # the executed notebook
    log: Path | None = None  # what the step printed, and what its process wrote outside of Python
    findings: list[Finding] = field(default_factory=list)  # why it failed
    traceback: str | None = None  # the user's own, as plain text
    metrics: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)  # name -> artifact record
    cached_from: str | None = None  # the run that made the result, when it was taken from the cache
    why: str = ""  # why it ran although there is a cache, or why it was skipped
    size: int = 0  # bytes of its values
    written: int = 0  # bytes of them that were not in the store before
    remarks: list[str] = field(default_factory=list)  # what is worth knowing about its place in the cache
    part_of: str | None = None  # the repeated component of which it is one run

    @property
    def error(self) -> Finding | None:
        """The first of `findings`."""
        return self.findings[0] if self.findings else None

    def __repr__(self) -> str:
        return f"<Step {self.name}: {self.state}{_seconds(self.seconds)}>"


@dataclass(slots=True)
class Run:
    """A run of a pipeline: its steps, metrics, values and executed notebooks.

    Example:
        >>> run = mdk.run("churn.ipynb")            # doctest: +SKIP
        >>> run.state, run.metrics["auc"]           # doctest: +SKIP
        ('done', 0.91)
        >>> run["train"].notebook                   # doctest: +SKIP
        PosixPath('.mdk/runs/20250102-030405-678-9abc/train.ipynb')
        >>> model = run.load("model")               # doctest: +SKIP
    """

    id: str
    pipeline: str
    folder: Path  # .mdk/runs/ID; absolute, as all paths of a run
    source: Path | None = None  # the notebook or spec that was run
    state: State = "waiting"
    started: float | None = None
    seconds: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    home: Path | None = None  # the `.mdk` with its artifacts, when that is not the one with the run
    target: str = "local"
    remote: dict[str, Any] = field(default_factory=dict)  # of a run elsewhere: its job, and how to ask for it

    def __post_init__(self) -> None:
        if self.home == self.folder.parent.parent:
            self.home = None

    def __getitem__(self, step: str) -> Step:
        return self.steps[step]

    @property
    def spec(self) -> Path:
        """The pipeline spec as it was run."""
        return self.folder / "pipeline.yaml"

    @property
    def events(self) -> Path:
        """The journal: one `Event` a line."""
        return self.folder / "events.jsonl"

    @property
    def store(self) -> Path:
        """Where the artifacts are, by digest."""
        return (self.home or self.folder.parent.parent) / "artifacts"

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics of all steps, as `name`; a later step's value wins."""
        whole = (step for step in self.steps.values() if step.part_of is None)
        return {name: value for step in whole for name, value in step.metrics.items()}

    @property
    def size(self) -> int:
        """The bytes of all values; those that are equal count once."""
        records = (record for step in self.steps.values() for record in step.outputs.values())
        return sum({record["digest"]: record["size"] for record in records if record.get("digest")}.values())

    @property
    def written(self) -> int:
        """The bytes of values that were not in the store before."""
        return sum(step.written for step in self.steps.values())

    def add_parts(self, whole: Step, names: Sequence[str]) -> list[Step]:
        """Add the runs of a repeated step below it, and let it wait for them; return them."""
        parts = [Step(name, after=list(whole.after), part_of=whole.name) for name in names]
        whole.after = [*whole.after, *names]
        steps: dict[str, Step] = {}
        for name, step in self.steps.items():
            steps[name] = step
            steps |= {part.name: part for part in parts if step is whole}
        self.steps = steps
        return parts

    @property
    def failures(self) -> list[Step]:
        """The steps that failed."""
        return [step for step in self.steps.values() if step.state == "failed"]

    @property
    def outputs(self) -> Outputs:
        """The values that the run produced, loaded when asked for."""
        return Outputs(self)

    def load(self, name: str) -> Any:
        """Return a value of the run: `"model"` as it was at the end, or `"train.model"` as that step left it.

        Raises:
            KeyError: no step produced that name.
            MDKError: the artifact is missing, damaged or cannot be loaded here.
        """
        return self.outputs[name]

    def save(self) -> None:
        """Write `run.json`, in one go."""
        content = {"format": FORMAT, **_to_json(self)}
        # Without `indent`, with which it takes ten times as long.
        write_atomically(self.folder / "run.json", json.dumps(content, ensure_ascii=False) + "\n")

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Read a run back from its folder.

        Raises:
            OSError, ValueError, KeyError, TypeError: there is no run there, or it is not readable.
        """
        content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError("written by another version")
        steps = {name: _step(step, folder) for name, step in content.pop("steps").items()}
        source = content.pop("source")
        home = content.pop("home", None)
        return cls(
            **content,
            folder=folder,
            source=Path(source) if source else None,
            steps=steps,
            home=Path(os.path.normpath(folder / home)) if home else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON values, with absolute paths and the merged metrics."""
        content = _to_json(self)
        for name, step in self.steps.items():
            for key in ("notebook", "log"):
                path = getattr(step, key)
                content["steps"][name][key] = str(path) if path else None
        return {
            **content,
            "folder": str(self.folder),
            "home": str(self.home or self.folder.parent.parent),
            "spec": str(self.spec),
            "metrics": self.metrics,
            "size": self.size,
            "written": self.written,
        }

    def __repr__(self) -> str:
        lines = [f"Run {self.id} of {self.pipeline}: {self.state}" + _seconds(self.seconds)]
        width = max(map(len, self.steps), default=0)
        lines += [f"  {s.name:<{width}}  {s.state}{_seconds(s.seconds)}" for s in self.steps.values()]
        lines += [f"  {name} = {value!r}" for name, value in self.metrics.items()]
        lines += [f"  {s.name} failed: {s.error.message}" for s in self.failures if s.error]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from mdk_jupyter.widgets import run_html, view_of

        return {"text/plain": repr(self), "text/html": run_html(view_of(self, Path.cwd()))}


class Outputs(Mapping[str, Any]):
    """Values by name. Names that several steps produced stand for the last one; `"step.name"` names one."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._records: dict[str, dict[str, Any]] = {
            name: record
            for step in run.steps.values()
            for name, record in step.outputs.items()
            if step.part_of is None and record["status"] == "value" and not name.startswith("state.")
        }

    def __getitem__(self, name: str) -> Any:
        step, _, output = name.partition(".")
        record = self._run.steps[step].outputs[output] if output else self._records[name]
        from mdk_jupyter.artifacts import Record, Store, handover

        if "items" in record:
            parts = {name: [Record.from_json(part) for part in record["items"]]}
            return handover.load_lists(parts, Store(self._run.store))[name]
        [(_, value)] = handover.load({name: Record.from_json(record)}, Store(self._run.store))
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {record.get('type')}" for name, record in self._records.items())


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    return dataclasses.asdict(finding)


def _to_json(run: Run) -> dict[str, Any]:
    content = {f.name: getattr(run, f.name) for f in dataclasses.fields(run) if f.name != "folder"}
    content["source"] = str(run.source) if run.source else None
    content["home"] = os.path.relpath(run.home, run.folder) if run.home else None
    content["steps"] = {}
    for name, step in run.steps.items():
        entry = {f.name: getattr(step, f.name) for f in dataclasses.fields(step)}
        entry["notebook"] = step.notebook.name if step.notebook else None
        entry["log"] = step.log.name if step.log else None
        entry["findings"] = [finding_to_json(finding) for finding in step.findings]
        content["steps"][name] = entry
    return content


def _step(content: dict[str, Any], folder: Path) -> Step:
    for key in ("notebook", "log"):
        content[key] = folder / content[key] if content[key] else None
    content["findings"] = [finding_from_json(finding) for finding in content["findings"]]
    return Step(**content)


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f", {seconds:.2f} s"
