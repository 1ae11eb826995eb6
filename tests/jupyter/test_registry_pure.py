"""References, numbers, conditions, gates and rights: what needs no database."""

from __future__ import annotations

import itertools
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.access import TABLE, Verb, allowed, local, require, visible_projects
from mdk_jupyter.registry.conditions import Condition, condition
from mdk_jupyter.registry.domain import (
    Actor,
    Approval,
    ArtifactRef,
    Gate,
    GitState,
    Grant,
    Policy,
    Provenance,
    Role,
    Signature,
    Status,
    Version,
    Waiver,
)
from mdk_jupyter.registry.errors import ForbiddenError, InvalidError, RefusedError
from mdk_jupyter.registry.references import Reference, parse
from mdk_jupyter.registry.semver import Line, Number, line, next_line, number

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
NUMBERS = st.integers(0, 999_999)


@given(NAMES, NUMBERS, NUMBERS, NUMBERS)
def test_a_reference_reads_back_as_it_is_written(name: str, major: int, minor: int, patch: int) -> None:
    version = str(Number(major, minor, patch))
    for reference in (
        Reference(name, version=version),
        Reference(name, alias="champion"),
        Reference(name, alias="latest"),
    ):
        assert parse(str(reference)) == reference == parse(f"models:/{reference}")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("flights", Reference("flights", alias="latest")),
        ("flights@primary", Reference("flights", alias="champion")),
        ("flights/v1.4.2", Reference("flights", version="1.4.2")),
        ("flights@1.04.2", Reference("flights", version="1.4.2")),
        (" flights@champion\n", Reference("flights", alias="champion")),
        ("projects/p/locations/l/models/7@3", Reference("", vertex="projects/p/locations/l/models/7@3")),
        ("projects/p/locations/l/models/7", Reference("", vertex="projects/p/locations/l/models/7")),
    ],
)
def test_references(text: str, reference: Reference) -> None:
    assert parse(text) == reference


@pytest.mark.parametrize(
    "text",
    ["", "@champion", "flights@best", "flights/1.4", "flights/1.4.2.1", "a b", "../x", "flights/1.4.2@champion", "é"],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse(text)
    assert caught.value.code == "MDK540"


def test_the_next_line_is_given_or_that_of_the_newest() -> None:
    assert next_line(None, None) == Line(1, 0)
    assert next_line(None, "2.1.7") == Line(2, 1)
    assert next_line("3.0", "2.1.7") == Line(3, 0)
    assert str(line("1.02")) == "1.2" and number("1.2.3") < number("1.10.0")
    for wrong in ("1", "1.2.3", "1.x", "-1.2", "v1.2", ""):
        with pytest.raises(InvalidError):
            line(wrong)


@given(st.sampled_from([">=", "<=", "==", "!=", ">", "<"]), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_condition_says_what_python_says(sign: str, bound: float, value: float) -> None:
    expected = {
        ">=": value >= bound, "<=": value <= bound, "==": value == bound,
        "!=": value != bound, ">": value > bound, "<": value < bound,
    }[sign]  # fmt: skip
    assert condition(f"auc{sign}{bound!r}").holds({"auc": value}, None)[0] is expected


def test_conditions_against_the_champion() -> None:
    close = condition("auc >= champion - 0.01")
    assert close == Condition("auc", ">=", -0.01, relative=True)
    assert close.holds({"auc": 0.8}, None)[0]
    assert close.holds({"auc": 0.795}, {"auc": 0.8})[0]
    assert not close.holds({"auc": 0.78}, {"auc": 0.8})[0]
    assert not close.holds({"auc": 0.8}, {})[0], "a champion without the metric proves nothing"
    for value in (None, "high", True, float("nan")):
        assert not condition("auc > 0").holds({} if value is None else {"auc": value}, None)[0]
    for wrong in ("auc", "auc => 1", "auc >= best", "0.8 < auc", "auc > 1; drop", ""):
        with pytest.raises(InvalidError):
            condition(wrong)


# Rights: the whole table, written out by hand once more.

EXPECTED = {
    Role.VIEWER: {"read"},
    Role.CONTRIBUTOR: {"read", "register", "annotate", "report", "promote:dev", "publish:dev", "challenge:dev", "rollback:dev", "apply:dev"},
    Role.APPROVER: {
        "read", "register", "annotate", "report", "promote:dev", "publish:dev", "challenge:dev", "rollback:dev", "apply:dev",
        "promote", "publish", "challenge", "rollback", "approve", "quarantine", "archive", "apply",
    },
    Role.ADMIN: {"read", "set_policy", "grant", "import"},
}  # fmt: skip


@pytest.mark.parametrize(("verb", "role", "environment"), list(itertools.product(Verb, Role, ["dev", "stage", "prod"])))
def test_the_table_of_rights(verb: Verb, role: Role, environment: str) -> None:
    may = verb.value in EXPECTED[role] or f"{verb.value}:{environment}" in EXPECTED[role]
    everywhere = Grant(subject="x", role=role)
    there = Grant(subject="x", role=role, project="p", environment=environment)
    assert allowed((everywhere,), verb, project="p", environment=environment) is may
    assert allowed((there,), verb, project="p", environment=environment) is may
    assert not allowed((there,), verb, project="q", environment=environment)
    assert not allowed((there,), verb, project="*", environment=environment)
    other = "prod" if environment != "prod" else "stage"
    assert not allowed((there,), verb, project="p", environment=other)
    assert not allowed((), verb, project="p", environment=environment)


def test_every_verb_is_in_the_table_and_can_be_done_by_somebody() -> None:
    assert set(TABLE) == set(Verb)
    assert all(first >= later and later for first, later in TABLE.values())
    for verb in Verb:
        require(local("me"), verb, project="p", environment="prod")


def test_a_right_that_is_missing_is_named() -> None:
    actor = Actor(name="ada", grants=(Grant(subject="ada", role=Role.VIEWER, project="p"),))
    with pytest.raises(ForbiddenError) as caught:
        require(actor, Verb.PUBLISH, project="p", environment="prod")
    assert caught.value.code == "MDK530" and "approver" in caught.value.findings[0].fix
    assert visible_projects(actor) == frozenset({"p"}) and visible_projects(local("me")) is None


# Gates


def version(**changes: object) -> Version:
    values: dict[str, object] = {
        "model": "flights", "project": "p", "version": "1.0.0", "n": 1, "artifact": ArtifactRef(uri="file:///m"),
        "metrics": {"auc": 0.8}, "parameters": {}, "signature": None, "provenance": Provenance(trained_by="ada"),
        "datasets": (), "cost": None, "description": None, "vertex_model": None, "extra": {},
        "created": datetime(2026, 1, 1, tzinfo=UTC), "registered_by": "ada", "labels": {}, "status": Status.ACTIVE,
        "places": {},
    }  # fmt: skip
    return Version.model_validate({**values, **changes})


def approvals(*names: str) -> list[Approval]:
    return [
        Approval(
            model="flights",
            version="1.0.0",
            environment="prod",
            actor=name,
            comment=None,
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for name in names
    ]


def facts(
    *,
    actor: str = "bob",
    promoted_by: str | None = None,
    approved: tuple[str, ...] = (),
    after: bool = True,
    **changes: object,
) -> gates.Facts:
    return gates.Facts(version(**changes), None, after, promoted_by, approvals(*approved), actor)


@pytest.mark.parametrize(
    ("gate", "bad", "good"),
    [
        (Gate(name="g", kind="metric", expression="auc >= 0.9"), {}, {"metrics": {"auc": 0.95}}),
        (Gate(name="g", kind="label", key="team"), {}, {"labels": {"team": "x"}}),
        (Gate(name="g", kind="label", key="team", value="y"), {"labels": {"team": "x"}}, {"labels": {"team": "y"}}),
        (Gate(name="g", kind="card"), {}, {"card": "# Card"}),
        (Gate(name="g", kind="signature"), {}, {"signature": Signature()}),
        (Gate(name="g", kind="dataset"), {}, {"datasets": ({"uri": "gs://d"},)}),
        (Gate(name="g", kind="digest"), {}, {"artifact": ArtifactRef(uri="f", sha256="0" * 64)}),
        (
            Gate(name="g", kind="clean_git"),
            {"provenance": Provenance(git=GitState(commit="c" * 40, dirty=True))},
            {"provenance": Provenance(git=GitState(commit="c" * 40))},
        ),
    ],
)
def test_each_gate_opens_and_closes(gate: Gate, bad: dict[str, object], good: dict[str, object]) -> None:
    policy = Policy(environment="prod", gates=(gate,))
    gates.check(policy)
    assert [result.passed for result in gates.evaluate(policy, facts(**bad))] == [False]  # type: ignore[arg-type]
    assert [result.passed for result in gates.evaluate(policy, facts(**good))] == [True]  # type: ignore[arg-type]


PEOPLE = ["ada", "bob", "eve", "max"]


@given(
    actor=st.sampled_from(PEOPLE),
    promoted_by=st.none() | st.sampled_from(PEOPLE),
    approved=st.sets(st.sampled_from(PEOPLE)),
    trained_by=st.sampled_from(PEOPLE),
    needed=st.integers(1, 3),
)
def test_nobody_with_a_stake_counts_among_those_who_agree(
    actor: str, promoted_by: str | None, approved: set[str], trained_by: str, needed: int
) -> None:
    policy = Policy(environment="prod", approvals=needed, separation=True)
    known = facts(
        actor=actor, promoted_by=promoted_by, approved=tuple(approved), provenance=Provenance(trained_by=trained_by)
    )
    names = set(gates.agreed(policy, known))
    assert not names & {trained_by, "ada", promoted_by or actor}
    assert names <= approved | {actor}
    assert gates.evaluate(policy, known)[-1].passed is (len(names) >= needed)
    lax = set(gates.agreed(policy.model_copy(update={"separation": False}), known))
    assert lax == approved


def test_waivers_are_for_gates_that_allow_them() -> None:
    policy = Policy(environment="prod", after="stage", promoted=True, gates=(Gate(name="card", kind="card"),))
    known = facts(after=False)
    results = gates.evaluate(policy, known, [Waiver(gate="after", reason="hotfix")])
    assert [result.gate for result in gates.failed(results, "publish")] == ["card", "promoted"]
    assert [result.gate for result in gates.failed(results, "promote")] == ["card"]
    assert results[0].waived == "hotfix"
    for gate in ("card", "promoted", "nonsense"):
        with pytest.raises(RefusedError) as caught:
            gates.evaluate(policy, known, [Waiver(gate=gate, reason="because")])
        assert caught.value.code == "MDK522" and caught.value.gates


@pytest.mark.parametrize(
    "policy",
    [
        Policy(environment="prod", after="prod"),
        Policy(environment="prod", gates=(Gate(name="a", kind="metric"),)),
        Policy(environment="prod", gates=(Gate(name="a", kind="label"),)),
        Policy(environment="prod", gates=(Gate(name="a", kind="card"), Gate(name="a", kind="card"))),
        Policy(environment="prod", gates=(Gate(name="approvals", kind="card"),)),
    ],
)
def test_a_policy_that_cannot_be_judged_is_refused_when_it_is_set(policy: Policy) -> None:
    with pytest.raises(InvalidError):
        gates.check(policy)


def test_names_of_models_are_plain() -> None:
    assert all(parse(f"a{letter}").name for letter in string.ascii_letters + string.digits + "._-")
