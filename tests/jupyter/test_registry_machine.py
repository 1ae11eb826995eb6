"""The registry against a small model of it, over many sequences of requests; and that the model would notice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from registries import VIC
from registry_machine import Machine
from sqlalchemy import func, select

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.domain import Place, Status
from mdk_jupyter.registry.service import Registry, champions, registering, situation
from mdk_jupyter.registry.service.rows import VERSION
from mdk_jupyter.registry.tables import assignments, models, versions

Plant = Callable[[pytest.MonkeyPatch], None]


def run(registry: Registry, examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        type("OnThisDatabase", (Machine,), {"registry": registry}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_the_registry_does_what_the_model_does(registry_url: str) -> None:
    registry = Registry.open(registry_url, policies=gates.SHARED)
    try:
        run(registry, 30 if registry.database.sqlite else 12, 20)
        everything = registry.verify(VIC)
        assert everything.whole and everything.records > 25
    finally:
        registry.close()


# Bugs that somebody could make, one by one


def a_rollback_goes_to_the_row_before_whatever_its_status(patch: pytest.MonkeyPatch) -> None:
    honest = champions._past_champion

    def past(entry: Any, now: Any, to: str | None) -> Any:
        if to is not None:
            return honest(entry, now, to)
        been = (
            select(*VERSION)
            .join_from(versions, models)
            .join(assignments, assignments.c.version_id == versions.c.id)
            .where(assignments.c.model_id == now.model.id, assignments.c.environment == now.environment)
            .where(versions.c.id != now.champion.id)
            .order_by(assignments.c.revision.desc())
        )
        return entry.connection.execute(been.limit(1)).first() or honest(entry, now, to)

    patch.setattr(champions, "_past_champion", past)


def a_rollback_goes_to_the_oldest_champion(patch: pytest.MonkeyPatch) -> None:
    honest = champions._past_champion

    def past(entry: Any, now: Any, to: str | None) -> Any:
        found = honest(entry, now, to)
        if to is not None:
            return found
        been = (
            select(*VERSION)
            .join_from(versions, models)
            .join(assignments, assignments.c.version_id == versions.c.id)
            .where(assignments.c.model_id == now.model.id, assignments.c.environment == now.environment)
            .where(versions.c.id != now.champion.id, versions.c.status == Status.ACTIVE.value)
            .order_by(assignments.c.revision)
        )
        return entry.connection.execute(been.limit(1)).first()

    patch.setattr(champions, "_past_champion", past)


def publishing_forgets_the_revision(patch: pytest.MonkeyPatch) -> None:
    honest = Registry.publish

    def publish(self: Any, *args: Any, expected_revision: Any = None, **given: Any) -> Any:
        return honest(self, *args, **given)

    patch.setattr(Registry, "publish", publish)


def only_revisions_to_come_are_stale(patch: pytest.MonkeyPatch) -> None:
    honest = situation.Head.expect
    patch.setattr(
        situation.Head, "expect", lambda self, n: honest(self, None if n is not None and n < self.revision else n)
    )


def a_patch_is_the_highest_of_the_major_plus_one(patch: pytest.MonkeyPatch) -> None:
    honest = registering._allocated

    def allocated(connection: Any, model_id: int, line: Any) -> tuple[int, int]:
        highest = select(func.coalesce(func.max(versions.c.patch), -1)).where(
            versions.c.model_id == model_id, versions.c.major == line.major
        )
        return int(connection.execute(highest).scalar_one()) + 1, honest(connection, model_id, line)[1]

    patch.setattr(registering, "_allocated", allocated)


def a_refused_registration_takes_a_number(patch: pytest.MonkeyPatch) -> None:
    honest = registering._allocated
    patch.setattr(registering, "_allocated", lambda *given: (honest(*given), honest(*given))[1])


def quarantined_versions_may_be_published(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(champions, "usable", lambda version: None)


def a_version_that_leaves_stays_listed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(champions, "remove", lambda entry, head, version: None)


def a_champion_stays_a_challenger(patch: pytest.MonkeyPatch) -> None:
    honest = situation._placement

    def placement(entry: Any, head: Any, version: Any, place: Any, *rest: Any, **given: Any) -> Any:
        was = json.loads(version.places).get(head.environment)
        return honest(entry, head, version, Place(was) if was == "challenger" else place, *rest, **given)

    patch.setattr(situation, "_placement", placement)


def whoever_promoted_counts_as_a_second_person(patch: pytest.MonkeyPatch) -> None:
    def agreed(policy: Any, facts: Any) -> list[str]:
        names = {approval.actor for approval in facts.approvals} | {facts.actor}
        return sorted(names - {facts.version.provenance.trained_by})

    patch.setattr(gates, "agreed", agreed)


def approvals_are_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gates, "agreed", lambda policy, facts: ["somebody"])


def any_version_counts_as_tried_in_stage(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(situation, "_been", select(assignments.c.id).limit(1))


def a_rolled_back_version_is_not_quarantined(patch: pytest.MonkeyPatch) -> None:
    honest = Registry.rollback
    patch.setattr(
        Registry, "rollback", lambda self, *args, **given: honest(self, *args, **{**given, "quarantine": False})
    )


def challengers_do_not_raise_the_revision(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(champions, "set_revision", lambda entry, head, version_id: head.revision)


def a_repeated_request_is_carried_out_again(patch: pytest.MonkeyPatch) -> None:
    honest = Registry._once

    def once(self: Any, actor: Any, chain: Any, key: Any, *rest: Any) -> Any:
        return honest(self, actor, chain, None, *rest)

    patch.setattr(Registry, "_once", once)


def a_champion_can_be_archived(patch: pytest.MonkeyPatch) -> None:
    honest = registering.set_status

    def set_status(entry: Any, row: Any, status: Any, reason: Any) -> None:
        if status is Status.ARCHIVED and row.status != status:
            registering._change(entry, row, status=status.value, status_reason=reason)
        else:
            honest(entry, row, status, reason)

    patch.setattr(registering, "set_status", set_status)


def contributors_may_publish_in_stage(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(champions, "may", lambda *given: None)


BUGS: list[Plant] = [
    a_rollback_goes_to_the_row_before_whatever_its_status,
    a_rollback_goes_to_the_oldest_champion,
    publishing_forgets_the_revision,
    only_revisions_to_come_are_stale,
    a_patch_is_the_highest_of_the_major_plus_one,
    a_refused_registration_takes_a_number,
    quarantined_versions_may_be_published,
    a_version_that_leaves_stays_listed,
    a_champion_stays_a_challenger,
    whoever_promoted_counts_as_a_second_person,
    approvals_are_not_asked_for,
    any_version_counts_as_tried_in_stage,
    a_rolled_back_version_is_not_quarantined,
    challengers_do_not_raise_the_revision,
    a_repeated_request_is_carried_out_again,
    a_champion_can_be_archived,
    contributors_may_publish_in_stage,
]


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_bug_would_be_noticed(plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path}/registry.db", policies=gates.SHARED)
    plant(monkeypatch)
    try:
        with pytest.raises(Exception):  # noqa: B017 - the model's assertion, or whatever falls over
            run(registry, 60, 10, derandomize=True, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    finally:
        registry.close()
