"""Registries in tests: people, artifacts, and a history read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.domain import Actor, ArtifactRef, AuditRecord, Grant, Role, Version
from mdk_jupyter.registry.service import Registry


def person(name: str, *roles: Role) -> Actor:
    """Somebody with roles everywhere."""
    return Actor(name=name, grants=tuple(Grant(subject=name, role=role) for role in roles), method="token")


ADA = person("ada", Role.CONTRIBUTOR)
BOB = person("bob", Role.APPROVER)
EVE = person("eve", Role.APPROVER)
VIC = person("vic", Role.VIEWER)
ROOT = person("root", Role.ADMIN)


def artifact(number: int = 0) -> ArtifactRef:
    return ArtifactRef(uri=f"file:///models/{number}", sha256=f"{number:064x}", size=number)


def fill(registry: Registry, name: str, count: int, **given: Any) -> list[Version]:
    return [registry.register(ADA, name, artifact=artifact(number), **given) for number in range(count)]


def bring_to_prod(registry: Registry, number: str, name: str = "flights") -> None:
    registry.publish(BOB, f"{name}/{number}", environment="stage")
    registry.promote(BOB, f"{name}/{number}", to="prod")
    registry.publish(EVE, f"{name}/{number}", environment="prod", reason="better")


def whole_history(registry: Registry, name: str) -> list[AuditRecord]:
    """All records of a model, oldest first, page by page."""
    records: list[AuditRecord] = []
    cursor = None
    while True:
        page = registry.history(VIC, name, cursor=cursor, limit=100)
        records += page.items
        cursor = page.next
        if cursor is None:
            return records[::-1]


def replay(records: list[AuditRecord]) -> dict[str, tuple[int, str | None]]:
    """Rebuild from the history alone what each environment is at: its revision and its champion."""
    heads: dict[str, tuple[int, str | None]] = {}
    for record in records:
        revision = record.data.get("revision")
        if record.environment is None or not isinstance(revision, int):
            continue
        before, champion = heads.get(record.environment, (0, None))
        assert revision == before + 1, f"revision {revision} follows {before}"
        if record.action in {"publish", "rollback"}:
            assert record.data["champion_before"] == champion
            champion = record.version
        heads[record.environment] = (revision, champion)
    return heads


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    opened = Registry.open(registry_url, policies=gates.SHARED)
    yield opened
    opened.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Registry]:
    """A registry of one person, in a file."""
    opened = Registry.open(f"sqlite:///{tmp_path}/small.db")
    yield opened
    opened.close()
