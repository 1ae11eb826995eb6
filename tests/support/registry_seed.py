"""A registry as a team would have it after some weeks."""

from __future__ import annotations

import hashlib

from mdk_jupyter.registry.domain import (
    ArtifactRef,
    Column,
    Cost,
    Dataset,
    Gate,
    GitState,
    NotebookState,
    Policy,
    Provenance,
    RunRef,
    Signature,
)
from mdk_jupyter.registry.face import RegistryFace

CARD = """# Arrival delays

Says how many minutes late a flight arrives, an hour before it leaves.

## Data

Flights of **2024**, weather of the airport. No flights that were cancelled.

## Limits

- Not for snow days: there were three of them.
- Worse for airports with fewer than 20 flights a day.
"""
PEOPLE = ("ada", "grace", "linus")


def seed(registry: RegistryFace) -> None:
    """Register models with their history; `flights` has all that a page shows."""
    for n in range(14):
        register_flights(registry, n)
    for reference, environment in (("1.2.4", "dev"), ("1.2.4", "stage"), ("1.2.4", "prod"), ("1.3.1", "dev")):
        reach(registry, f"flights/{reference}", environment, "better on November")
    for reference, environment in (("1.3.1", "stage"), ("1.3.1", "prod"), ("1.3.3", "dev"), ("1.3.3", "stage")):
        reach(registry, f"flights/{reference}", environment, "knows the weather of the airport")
    registry.set_challengers("flights", environment="stage", challengers={"1.3.1": 20}, reason="look at both")
    registry.annotate("flights/1.3.3", card=CARD, note="the three snow days are left out", labels={"team": "delays"})
    registry.quarantine("flights/1.2.2", reason="trained on rows of the test set")
    others = (
        ("churn", "customers", 0.81, ("dev", "stage", "prod")),
        ("demand-forecast", "stores", 0.74, ("dev",)),
        ("fraud-cards", "payments", 0.93, ("dev", "stage")),
        ("invoice-classifier", "payments", 0.88, ()),
        ("uplift", "customers", 0.67, ("dev", "stage", "prod")),
    )
    for name, project, auc, environments in others:
        found = registry.register(
            name,
            artifact=artifact(name, 0),
            metrics={"auc": auc},
            project=project,
            owner=PEOPLE[len(name) % 3],
            description=f"The model {name} of the project {project}.",
        )
        for environment in environments:
            reach(registry, found.reference, environment, "the first one")
    registry.set_policy(
        Policy(
            environment="stage",
            gates=(
                Gate(name="accuracy", kind="metric", expression="auc >= 0.8"),
                Gate(name="no-worse", kind="metric", expression="rmse <= champion + 0.5", waivable=True),
                Gate(name="clean", kind="clean_git", waivable=True),
            ),
        ),
        reason="what the team agreed on",
    )


def register_flights(registry: RegistryFace, n: int, **changed: object) -> str:
    """Register one version of `flights` and return its reference; each is a little better, but for two."""
    worse = 0.05 if n in (5, 9) else 0.0
    arguments: dict[str, object] = {
        "artifact": artifact("flights", n),
        "version": f"1.{2 + n // 7}",
        "metrics": {
            "auc": round(0.842 + 0.006 * n - worse, 4),
            "rmse": round(14.9 - 0.31 * n + 40 * worse, 3),
            "mae": round(9.1 - 0.2 * n + 22 * worse, 3),
            "rows_per_second": 41200 + 350 * ((n * 7) % 5),
        },
        "parameters": {"depth": 4 + n // 4, "learning_rate": 0.1 if n < 9 else 0.05, "features": ["hour", "carrier"]},
        "provenance": Provenance(
            trained_by=PEOPLE[n % 3],
            git=GitState(
                url="https://git.example.org/delays/flights",
                commit=digest(f"commit {n}")[:40],
                branch="main" if n % 3 else "weather",
                dirty=n in (9, 13),
            ),
            notebook=NotebookState(path="flights/flights.ipynb", sha256=digest(f"notebook {n}")),
            run=RunRef(id=f"flights-{20261101 + n}", pipeline="flights", target="local"),
            python="3.11.7",
        ),
        "datasets": (
            Dataset(
                uri=f"gs://delays/flights-2024-{1 + n // 3:02}.parquet", sha256=digest(f"data {n // 3}"), rows=336_776
            ),
            Dataset(uri="gs://delays/weather.parquet", sha256=digest("weather"), rows=26_115, name="weather"),
            Dataset(uri="gs://delays/december.parquet", role="test", sha256=digest("december"), rows=28_135),
        ),
        "signature": Signature(
            inputs=(
                Column(name="hour", type="int"),
                Column(name="carrier", type="str"),
                Column(name="wind", type="float"),
            ),
            outputs=(Column(name="minutes", type="float"),),
        ),
        "requirements": (f"scikit-learn==1.{4 + n // 7}.0", "pandas==2.2.3", "numpy==2.1.1"),
        "cost": Cost(amount=0.42 + 0.01 * n, wall_seconds=312.0 + n),
        "description": "How many minutes late a flight arrives.",
        "project": "delays",
        "owner": "ada",
        "use_case": "gate planning",
        "sensitivity": "none",
    }
    return registry.register("flights", **{**arguments, **changed}).reference  # type: ignore[arg-type]


def reach(registry: RegistryFace, reference: str, environment: str, reason: str) -> None:
    """Make a version the champion of an environment."""
    registry.promote(reference, to=environment, reason=reason)
    registry.publish(reference, environment=environment, reason=reason)


def artifact(name: str, n: int) -> ArtifactRef:
    uri = f"gs://models/{name}/{n}.skops"
    return ArtifactRef(uri=uri, sha256=digest(uri), size=1_482_113 + 977 * n, format="skops")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
