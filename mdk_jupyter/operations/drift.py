"""What the registry has that the file does not say: who changed it, and the patch that brings the file up to date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mdk_jupyter.operations.desired import LATEST, Entry
from mdk_jupyter.operations.diffs import unified_diff
from mdk_jupyter.operations.edit import Value, with_entry
from mdk_jupyter.operations.observed import Observed, changed_outside
from mdk_jupyter.operations.reader import Desired
from mdk_jupyter.registry.changes import Standing
from mdk_jupyter.registry.domain import AuditRecord, Difference, Status
from mdk_jupyter.registry.face import RegistryFace

_LONGEST = 2000  # characters of a reason


class Drifted(BaseModel):
    """One model that is not as the file says.

    `changed`: since the file was applied. `unknown`: it has a champion in a protected environment, and the file does
    not name it. `pending`: the file has a change that was not applied yet, and in the meantime somebody changed it too.
    """

    model_config = ConfigDict(frozen=True)

    environment: str
    model: str
    kind: Literal["changed", "unknown", "pending"]
    differences: tuple[Difference, ...] = Field(description="From what the file says to what there is.")
    records: tuple[AuditRecord, ...] = Field(description="Who did what, the newest first.")


class Drift(BaseModel):
    """All that is not as the file says."""

    model_config = ConfigDict(frozen=True)

    file: str
    models: tuple[Drifted, ...]
    waiting: tuple[str, ...] = Field(description="Entries that wait to be applied: `prod/flights`.")
    patch: str = Field(
        description="For `git apply`, from the root of the repository. Empty where nothing is to be changed."
    )


def find_drift(
    registry: RegistryFace,
    desired: Desired,
    observed: Observed,
    protected: Mapping[str, bool],
    environments: Sequence[str] | None = None,
    *,
    path: str,
) -> Drift:
    """Compare what there is with what the file says, where the file was applied.

    Args:
        registry: is asked for what the file does not name.
        desired: the file.
        observed: what `observe` returned for it.
        protected: environments that change by the file alone.
        environments: only these; None for all.
        path: the file within its repository.
    """
    found: list[Drifted] = []
    waiting: list[str] = []
    patched = desired
    for environment, model, entry in desired.entries():
        standing = observed.standings.get((environment, model))
        if standing is None or (environments is not None and environment not in environments):
            continue
        records = tuple(observed.outside.get((environment, model), ()))
        if standing.applied is None or entry.serial > (standing.applied.serial or 0):
            waiting.append(f"{environment}/{model}")
            if records:
                one = Drifted(environment=environment, model=model, kind="pending", differences=(), records=records)
                found.append(one)
            continue
        differences = tuple(_differences(observed, standing, entry))
        if differences:
            one = Drifted(
                environment=environment, model=model, kind="changed", differences=differences, records=records
            )
            found.append(one)
            patched = with_entry(patched, environment, model, _values(observed, standing, entry, records))
    for standing in _unknown(registry, desired, protected, environments):
        records = tuple(changed_outside(registry, standing, whole=True))
        champion = Difference(name="champion", before=None, after=standing.champion)
        one = Drifted(
            environment=standing.environment,
            model=standing.model,
            kind="unknown",
            differences=(champion,),
            records=records[:10],
        )
        found.append(one)
        values: dict[str, Value] = {
            "champion": standing.champion,
            **_shares(standing),
            **_bookkeeping(standing, records),
        }
        patched = with_entry(patched, standing.environment, standing.model, values)
    patch = unified_diff(path, desired.text, patched.text)
    return Drift(file=desired.path, models=tuple(found), waiting=tuple(waiting), patch=patch)


def _unknown(
    registry: RegistryFace, desired: Desired, protected: Mapping[str, bool], environments: Sequence[str] | None
) -> Iterator[Standing]:
    for environment, is_protected in sorted(protected.items()):
        if is_protected and (environments is None or environment in environments):
            for standing in registry.observe(environment):
                if standing.champion is not None and desired.entry(environment, standing.model) is None:
                    yield standing


def _differences(observed: Observed, standing: Standing, entry: Entry) -> Iterator[Difference]:
    applied = standing.applied
    follows = entry.champion == LATEST and applied is not None and applied.revision == standing.revision
    if standing.champion != entry.champion and not follows:
        yield Difference(name="champion", before=entry.champion, after=standing.champion)
    if standing.challengers != entry.challengers:
        yield Difference(name="challengers", before=dict(entry.challengers), after=dict(standing.challengers))
    for version, why in entry.quarantined.items():
        if _is_active(observed, standing.model, version):
            yield Difference(name=f"quarantined.{version}", before=why, after=None)
    for key, value in entry.labels.items():
        if standing.labels.get(key) != value:
            yield Difference(name=f"labels.{key}", before=value, after=standing.labels.get(key))
    if entry.endpoint is not None and standing.endpoint != entry.endpoint:
        yield Difference(name="endpoint", before=entry.endpoint, after=standing.endpoint)


def _is_active(observed: Observed, model: str, version: str) -> bool:
    found = observed.versions.get((model, version))
    return found is not None and found.status is Status.ACTIVE


def _values(observed: Observed, standing: Standing, entry: Entry, records: Sequence[AuditRecord]) -> dict[str, Value]:
    """Return what the entry has to say to be true."""
    names = {difference.name.partition(".")[0] for difference in _differences(observed, standing, entry)}
    values: dict[str, Value] = {}
    if "champion" in names:
        values["champion"] = standing.champion
    if "challengers" in names:
        values |= {"challengers": dict(standing.challengers) or None}
    held = {
        version: why
        for version, why in entry.quarantined.items()
        if not _is_active(observed, standing.model, version) and version != standing.champion
    }
    if held != entry.quarantined:
        values["quarantined"] = held or None
    if "labels" in names:
        labels = {key: standing.labels[key] for key in entry.labels if key in standing.labels}
        values["labels"] = labels or None
    if "endpoint" in names:
        values["endpoint"] = standing.endpoint
    return {**values, **_bookkeeping(standing, records)}


def _shares(standing: Standing) -> dict[str, Value]:
    return {"challengers": dict(standing.challengers)} if standing.challengers else {}


def _bookkeeping(standing: Standing, records: Sequence[AuditRecord]) -> dict[str, Value]:
    """Return the serial and the reason of an entry that only tells what has happened."""
    serial = (standing.applied.serial or 0) + 1 if standing.applied else 1
    last = next((record for record in records if record.action in {"publish", "rollback"}), None) or next(
        iter(records), None
    )
    if last is None:
        return {"serial": serial, "reason": "as it is in the registry"}
    why = last.data.get("reason") or last.data.get("note") or last.action
    return {"serial": serial, "reason": f"{why} ({last.actor}, {last.at:%Y-%m-%d %H:%M} UTC)"[:_LONGEST]}
