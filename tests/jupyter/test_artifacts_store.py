"""The store keeps bytes once, completely, and notices damage."""

from __future__ import annotations

import hashlib
import os
import threading
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from mdk_jupyter.artifacts import Record, Store, formats
from mdk_jupyter.artifacts.handover import load, save
from mdk_jupyter.errors import ArtifactError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files(store: Store) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file())


def test_content_is_found_by_its_digest(store: Store) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"abc")

    blob = store.put(write)
    name = hashlib.sha256(b"abc").hexdigest()
    assert blob.digest == f"sha256:{name}"
    assert blob.size == 3
    assert store.verify(blob.digest) == store.root / name[:2] / name[2:]
    assert store.verify(blob.digest).read_bytes() == b"abc"


def test_equal_content_is_stored_once(store: Store) -> None:
    records = save({"a": np.arange(5), "b": np.arange(5), "c": [0]}, store)
    assert records["a"].digest == records["b"].digest
    assert len(files(store)) == 2


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(write)
    assert files(store) == []


@pytest.mark.parametrize("damage", ["changed", "cut", "longer", "empty"])
def test_damage_is_refused_on_load(store: Store, damage: str) -> None:
    record = save({"a": {"x": 1}}, store)["a"]
    assert record.digest is not None
    path = store.path(record.digest)
    content = path.read_bytes()
    path.write_bytes(
        {"changed": content.replace(b"1", b"2"), "cut": content[:-1], "longer": content + b" ", "empty": b""}[damage]
    )
    with pytest.raises(ArtifactError) as caught:
        list(load({"a": record}, store))
    assert caught.value.code == "MDK321"
    save({"a": {"x": 1}}, store)
    assert dict(load({"a": record}, store)) == {"a": {"x": 1}}


def test_missing_content_is_refused(store: Store) -> None:
    record = save({"a": {"x": 1}}, store)["a"]
    files(store)[0].unlink()
    with pytest.raises(ArtifactError) as caught:
        list(load({"a": record}, store))
    assert caught.value.code == "MDK320"


def test_writers_do_not_disturb_each_other(store: Store) -> None:
    values = [np.full(1000, i % 3) for i in range(12)]
    threads = [threading.Thread(target=save, args=({"v": value}, store)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files(store)) == 3
    for value in values:
        record = save({"v": value}, store)["v"]
        assert dict(load({"v": record}, store))["v"].tolist() == value.tolist()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights_is_reported(store: Store) -> None:
    store.root.mkdir()
    store.root.chmod(0o500)
    with pytest.raises(ArtifactError) as caught:
        save({"a": 1}, store)
    assert caught.value.code == "MDK326"


def test_a_full_disk_is_reported() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    from mdk_jupyter.artifacts.store import HashingFile

    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(ArtifactError) as caught:
        formats.write_pickle({1: "x"}, HashingFile(full))  # type: ignore[arg-type]
    assert caught.value.code == "MDK326"
    assert "No space left" in str(caught.value)


def test_records_survive_json(store: Store) -> None:
    record = save({"a": np.zeros((2, 3))}, store)["a"]
    assert Record.from_json(record.to_json() | {"producer": "load"}) == record
    assert record.type == "numpy.ndarray"
    assert record.preview == "float64 2 × 3"


# Serializers of others


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __reduce__(self) -> Any:
        if self.cents > 0:
            raise TypeError("money is not to be pickled")
        return Money, (self.cents,)


class MoneyFormat:
    """A serializer as another package would write it."""

    name = "money"

    @staticmethod
    def accepts(value: object) -> bool:
        return type(value) is Money

    @staticmethod
    def write(value: Any, file: BinaryIO) -> None:
        if value.cents < 0:
            raise formats.NotExact
        file.write(str(value.cents).encode())

    @staticmethod
    def read(file: BinaryIO) -> Any:
        return Money(int(file.read()))


@pytest.fixture
def money(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("money", "money:MoneyFormat", formats.ENTRY_POINTS)])
    monkeypatch.setattr(EntryPoint, "load", lambda self: MoneyFormat)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    monkeypatch.setattr(formats, "_third_party", None)


@pytest.mark.usefixtures("money")
def test_others_add_formats(store: Store) -> None:
    record = save({"m": Money(5)}, store)["m"]
    assert record.format == "money"
    assert files(store)[0].read_bytes() == b"5"
    assert dict(load({"m": record}, store))["m"].cents == 5
    assert save({"m": Money(-5)}, store)["m"].format == "pickle"


def test_a_format_that_is_not_installed_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record = save({"m": 5}, store)["m"]
    monkeypatch.setattr(formats, "_third_party", {})
    with pytest.raises(ArtifactError) as caught:
        list(load({"m": Record(**{**record.to_json(), "format": "money"})}, store))
    assert caught.value.code == "MDK325"
    assert caught.value.findings[0].names == ("money",)
