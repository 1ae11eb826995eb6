"""From a file of operations and what was observed to a plan: a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mdk_converters.findings import Finding
from mdk_converters.yaml_reader import close_match
from mdk_jupyter.operations.desired import LATEST, Entry
from mdk_jupyter.operations.errors import OperationsError
from mdk_jupyter.operations.model_plan import model_plan
from mdk_jupyter.operations.observed import Observed
from mdk_jupyter.operations.plan import ModelPlan, Plan, assemble
from mdk_jupyter.operations.reader import Desired
from mdk_jupyter.registry.changes import Standing

HASH = 16  # characters of a plan's hash


def make_plan(
    desired: Desired, observed: Observed, protected: Mapping[str, bool], environments: Sequence[str] | None = None
) -> Plan:
    """Return what applying the file would change.

    Args:
        desired: the file.
        observed: what `observe` returned for it.
        protected: environments that change by pull requests alone.
        environments: only these; None for all.

    Raises:
        OperationsError: a model or version is not there (MDK614, MDK615), a serial does not rise (MDK610), or
            `latest` stands in a protected environment (MDK611); all at once.
    """
    findings: list[Finding] = []
    parts: dict[str, list[ModelPlan]] = {}
    for environment, model, entry in desired.entries():
        if environments is not None and environment not in environments:
            continue
        found = list(_wrong(desired, observed, environment, model, entry, protected.get(environment, False)))
        findings += found
        if not found and (planned := model_plan(desired, observed, environment, model, entry)) is not None:
            parts.setdefault(environment, []).append(planned)
    if findings:
        raise OperationsError(findings)
    return assemble(desired.path, parts, protected)


# What cannot be


def _wrong(
    desired: Desired, observed: Observed, environment: str, model: str, entry: Entry, protected: bool
) -> Iterator[Finding]:
    standing = observed.standings.get((environment, model))
    if standing is None:
        place = desired.place(environment, model)
        fix = close_match(model, observed.names) or "register a version of it first"
        yield Finding("MDK614", f"{environment}: there is no model {model!r}", place, fix, names=(model,))
        return
    if entry.champion == LATEST and protected:
        message = f"{environment} is protected, and `latest` of {model} would be resolved after the review"
        yield Finding("MDK611", message, desired.place(environment, model, "champion"), "run `mdk ops pin`")
    numbers = [observed.champion(model, entry) or LATEST, *entry.challengers, *entry.quarantined]
    for number in numbers:
        if (model, number) not in observed.versions:
            path = ("champion",) if number == numbers[0] else _where(entry, number)
            fix = f"list them with `mdk registry versions {model}`"
            message = f"{environment}: there is no version {model}/{number}"
            yield Finding("MDK615", message, desired.place(environment, model, *path), fix, names=(number,))
    yield from _serial(desired, standing, entry)


def _where(entry: Entry, number: str) -> tuple[str, str]:
    return ("challengers" if number in entry.challengers else "quarantined"), number


def _serial(desired: Desired, standing: Standing, entry: Entry) -> Iterator[Finding]:
    applied = standing.applied
    if applied is None or applied.serial is None or entry.serial > applied.serial:
        return
    place = desired.place(standing.environment, standing.model, "serial")
    where = f"{standing.environment}: {standing.model}"
    fix = f"look at what was applied since, and write serial: {applied.serial + 1}"
    if entry.serial < applied.serial:
        when = f"{applied.at:%Y-%m-%d %H:%M} UTC by {applied.actor}"
        message = f"{where} has the serial {entry.serial}, and {applied.serial} was applied already ({when})"
        yield Finding("MDK610", message, place, fix, names=("serial",))
    elif entry.digest() != applied.digest:
        message = f"{where} was changed, and its serial is still {entry.serial}, which was applied already"
        yield Finding("MDK610", message, place, fix, names=("serial",))
