"""One step from inside its kernel: begin, receive the inputs, hand on the outputs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from mdk_converters.findings import Finding, MDKError
from mdk_jupyter.errors import StepError
from mdk_jupyter.runtime import metrics, states
from mdk_jupyter.runtime.watch import watch

if TYPE_CHECKING:
    from mdk_jupyter.artifacts.records import Record
    from mdk_jupyter.artifacts.store import Storage

_STATE = "state."
_UNCHANGING = (int, float, str, bytes, type(None))


@dataclass(frozen=True)
class Job:
    """What is asked of this step.

    `report` takes what becomes of it: {"error": …}, or {"outputs": records, "metrics": …, "notes": …}.
    """

    step: str
    store: Storage
    report: Callable[[dict[str, Any]], None]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)  # inputs that need not be loaded
    optional: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    guard: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    item: str | None = None  # name of the item, where the step is one run of a repeated component
    is_watched: bool = True  # whether the files that the step uses are to be noted


@dataclass
class _Step:
    job: Job
    start: states.Start
    namespace: dict[str, Any]
    received: dict[str, _Received] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)  # of the guarded inputs, as they were received
    split: dict[str, _Split] = field(default_factory=dict)
    item: _Item | None = None
    reasons: dict[str, str] = field(default_factory=dict)  # why inputs could not travel


@dataclass(frozen=True)
class _Received:
    """An input. Its value is known by its id alone, so that the step can free it."""

    identity: int
    record: Record


@dataclass(frozen=True)
class _Split:
    """An input that shares objects with the input `other` in the notebook, but not here."""

    other: str
    value: Any
    print: str


@dataclass(frozen=True)
class _Item:
    """What the step is repeated for, as it was at first: the list in the notebook holds it still."""

    value: Any
    print: str


_current: _Step | None = None
_prepared: Job | None = None


def prepare(job: Job) -> None:
    """Give this process its job; without that, `begin` looks for a job file."""
    global _prepared  # noqa: PLW0603 - a kernel runs one step
    _prepared = job


def current_name() -> str:
    """Return the name of the step that this process runs, empty outside a run."""
    return _current.job.step if _current is not None else ""


def _reporting(function: Callable[[], None]) -> Callable[[], None]:
    """Report the reason of a failure."""

    @wraps(function)
    def reporting() -> None:
        try:
            function()
        except MDKError as error:
            if _current is not None:
                first = error.findings[0]
                told = {"code": first.code, "message": first.message, "names": list(first.names), "fix": first.fix}
                _current.job.report({"error": told})
            raise StepError(error.findings) from None

    return reporting


@_reporting
def begin() -> None:
    """Read the job, set the parameters and the states that imports depend on.

    Raises:
        StepError: this is no step of a run (MDK328), or a state cannot be restored (MDK329).
    """
    global _current  # noqa: PLW0603 - a kernel runs one step
    job = _prepared or _read_job()
    _current = _Step(job, states.Start.now(), sys.modules["__main__"].__dict__)
    metrics.logged.clear()
    _current.namespace.update(job.parameters)
    _receive(lambda name: name in states.BEFORE_IMPORTS)
    if job.is_watched:
        watch.start()


@_reporting
def receive() -> None:
    """Load the inputs into the notebook's namespace.

    Raises:
        StepError: an input is missing, damaged or cannot travel (MDK320 to MDK329).
    """
    step = _step()
    _note_classes(step.namespace)
    _receive(lambda name: name not in states.BEFORE_IMPORTS)
    step.namespace.update(step.job.values)
    split = _find_split(step.received)
    item = step.namespace.get(step.job.item) if step.job.item is not None else None
    if not isinstance(item, _UNCHANGING):
        from mdk_jupyter.artifacts.fingerprints import fingerprint

        step.item = _Item(item, fingerprint(item))
    if step.job.guard or split:
        from mdk_jupyter.artifacts.fingerprints import fingerprint

        values = step.namespace
        step.prints = {name: fingerprint(values[name]) for name in step.job.guard if name in values}
        step.split = {name: _Split(other, values[name], fingerprint(values[name])) for name, other in split.items()}


@_reporting
def hand_on() -> None:
    """Check that no other input changed, store the outputs and report the result.

    Raises:
        StepError: an input changed that is not an output (MDK323), or that another input holds (MDK330), or the
            store cannot be written (MDK326).
    """
    from mdk_jupyter.artifacts import handover
    from mdk_jupyter.artifacts.records import UNBOUND

    watch.stop()
    step = _step()
    job, namespace = step.job, step.namespace
    _check_guarded(step)
    values = {name: namespace[name] for name in job.outputs if not name.startswith(_STATE) and name in namespace}
    for name in job.outputs:
        if name.startswith(_STATE) and states.is_present(name):
            values[name] = states.capture(name, step.start)
    kept = [
        handover.Kept(namespace[name], received.record.holdings(name))
        for name, received in step.received.items()
        if name not in job.outputs and id(namespace.get(name)) == received.identity
    ]
    records = handover.save(values, job.store, kept)
    for name in job.metrics:
        if name in namespace and metrics.is_number(namespace[name]):
            metrics.log_metric(name, namespace[name])
    outputs = {name: records.get(name, UNBOUND).to_json() for name in job.outputs}
    result: dict[str, Any] = {"outputs": outputs, "metrics": metrics.logged}
    job.report({**result, "notes": watch.notes()} if job.is_watched else result)


def _step() -> _Step:
    if _current is None:
        raise StepError([Finding("MDK328", "this kernel has not begun a step", fix="Run the pipeline with `mdk run`.")])
    return _current


def _read_job() -> Job:
    from mdk_jupyter.runtime.job_file import read_job

    return read_job()


def _receive(wanted: Callable[[str], bool]) -> None:
    from mdk_jupyter.artifacts.records import Record

    step = _step()
    inputs = {name: data for name, data in step.job.inputs.items() if wanted(name)}
    lists = {name: data["items"] for name, data in inputs.items() if "items" in data}
    records = {name: Record.from_json(data) for name, data in inputs.items() if name not in lists}
    _refuse_untravelable(step.job, records)
    if lists:
        from mdk_jupyter.artifacts import handover

        parts = {name: [Record.from_json(part) for part in items] for name, items in lists.items()}
        step.namespace.update(handover.load_lists(parts, step.job.store))
    present = {name: record for name, record in records.items() if record.status == "value"}
    if present:
        from mdk_jupyter.artifacts import handover

        for name, loaded in handover.load(present, step.job.store):
            number = inputs[name].get("item")
            value = loaded if number is None else loaded[number]
            if name.startswith(_STATE):
                states.restore(name, value, step.start)
            else:
                step.namespace[name] = value
                step.received[name] = _Received(id(value), present[name])
    absent = {name: record for name, record in records.items() if record.status != "value"}
    for name in absent:
        step.namespace.pop(name, None)
    missing = {name: record for name, record in absent.items() if record.status == "untravelable"}
    if missing:
        _explain_name_errors({name: _why_missing(step.job, name, record) for name, record in missing.items()})


def _note_classes(namespace: Mapping[str, Any]) -> None:
    if any(isinstance(value, type) and value.__module__ == "__main__" for value in namespace.values()):
        from mdk_jupyter.artifacts import classes

        classes.note(namespace)


def _why_missing(job: Job, name: str, record: Record) -> str:
    producer = job.inputs[name].get("producer", "an earlier component")
    kind = f" of type {record.type}" if record.type else ""
    return f"`{name}`{kind} cannot travel from {producer!r} to {job.step!r}: {record.reason}"


def _refuse_untravelable(job: Job, records: Mapping[str, Any]) -> None:
    findings = [
        Finding(
            "MDK322",
            _why_missing(job, name, record),
            fix=f"Make `{name}` in the component {job.step!r}, or put both cells into one component.",
            names=(name,),
        )
        for name, record in records.items()
        if record.status == "untravelable" and name not in job.optional
    ]
    if findings:
        raise StepError(findings)


def _explain_name_errors(reasons: Mapping[str, str]) -> None:
    """Let a NameError about an input that could not travel say so."""
    step = _step()
    step.reasons.update(reasons)
    shell = step.namespace.get("get_ipython")
    if shell is None:
        return

    def show(shell: Any, kind: type, error: NameError, trace: Any, tb_offset: int | None = None) -> None:
        explain(error)
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    shell().set_custom_exc((NameError,), show)


def explain(error: BaseException) -> None:
    """Add to a NameError why the input that it misses could not travel."""
    if _current is None or not isinstance(error, NameError):
        return
    text = str(error)
    name = getattr(error, "name", None) or text.partition("'")[2].partition("'")[0]  # it has a name since Python 3.10
    reason = _current.reasons.get(name)
    if reason is None or reason in text or reason in getattr(error, "__notes__", ()):
        return
    if sys.version_info >= (3, 11):
        error.add_note(reason)
    else:
        error.args = (f"{text}\n{reason}",)


def _check_guarded(step: _Step) -> None:
    from mdk_jupyter.artifacts.fingerprints import fingerprint

    namespace = step.namespace
    findings = [
        _changed_copy(name, split.other, step.job)
        for name, split in step.split.items()
        if fingerprint(split.value) != split.print
    ]
    findings += [
        _changed_input(name, step.job)
        for name, before in step.prints.items()
        if name not in namespace or fingerprint(namespace[name]) != before
    ]
    if step.item is not None and fingerprint(step.item.value) != step.item.print:
        findings.append(_changed_item(step.job))
    if findings:
        raise StepError(findings)


def _changed_item(job: Job) -> Finding:
    return Finding(
        "MDK323",
        f"the component {job.step!r} changes its item `{job.item}`, which the list in the notebook holds as well",
        fix=f"Work on a copy: import copy; {job.item} = copy.deepcopy({job.item}).",
        names=(job.item or "",),
    )


def _changed_input(name: str, job: Job) -> Finding:
    if job.item is not None:
        return Finding(
            "MDK323",
            f"the component {job.step!r} changes its input `{name}`, which the other runs and later components read",
            fix=f"Work on a copy: import copy; own = copy.deepcopy({name}).",
            names=(name,),
        )
    return Finding(
        "MDK323",
        f"the component {job.step!r} changes its input `{name}`, which a later component reads, "
        "but the pipeline does not know that it is an output",
        fix=f"Tag a cell of the component {job.step!r} with `changes:{name}`.",
        names=(name,),
    )


def _changed_copy(name: str, other: str, job: Job) -> Finding:
    makers = [job.inputs[part].get("producer", "an earlier component") for part in (name, other)]
    return Finding(
        "MDK330",
        f"the component {job.step!r} changes its input `{name}` (from {makers[0]!r}), which shares objects with its "
        f"input `{other}` (from {makers[1]!r}) in the notebook, but not in the pipeline",
        fix=f"Tag a cell of the component that makes the later of the two with `changes:{name}` or `changes:{other}`, "
        "so that it hands both on together.",
        names=(name, other),
    )


def _find_split(received: Mapping[str, _Received]) -> dict[str, str]:
    """Find the inputs that share objects in the notebook and come from different artifacts."""
    found: dict[str, str] = {}
    for name, one in received.items():
        own = one.record.holdings(name)[0]
        for other, two in received.items():
            together = one.record.key is not None and one.record.digest == two.record.digest
            if own in two.record.shares and not together:
                found[name], found[other] = other, name
    return found
