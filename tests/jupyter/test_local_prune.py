"""Clearing up in the store: what goes, what stays, and when."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from pipelines import execute, pipeline

from mdk_jupyter.amounts import read_size, size
from mdk_jupyter.artifacts import Store
from mdk_jupyter.errors import ArtifactError, StoreError, UsageError
from mdk_jupyter.local import prune as pruning
from mdk_jupyter.local.cache import Cache, all_entries
from mdk_jupyter.local.locks import holding
from mdk_jupyter.local.prune import keep_within, prune, usage
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import list_runs


def made(text: str, folder: Path) -> Run:
    run, _ = execute(pipeline(one=(f"x = {text!r} * 5000", {"gives": "x"})), folder)
    assert run.state == "done"
    return run


def age(folder: Path, run: Run, seconds: float) -> None:
    """Let the entry of a run's step have been used so long ago."""
    for path in all_entries(folder / ".mdk"):
        if run.id in path.read_text():
            os.utime(path, (time.time() - seconds,) * 2)


def test_the_results_used_longest_ago_go_first_and_runs_keep_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".mdk"
    old, young = made("old", tmp_path), made("young", tmp_path)
    age(tmp_path, old, 50)
    age(tmp_path, young, 100)
    assert made("young", tmp_path)["one"].cached_from, "a hit counts as use"
    before = usage(home)
    assert before.entries == 2 and before.size > 40_000
    for name in ("artifacts/new-1234", "cache/entries/.x.json.0123abcd", f"runs/{old.id}/.run.json.0123abcd"):
        (home / name).write_text("left by a killed process")
    cleared = prune(home, max_size=before.size - 1)
    assert cleared.entries == 1 and cleared.size == before.size - usage(home).size > 0
    assert not any(re.search(r"new-|\.[0-9a-f]{8}$", path.name) for path in home.rglob("*"))
    assert old.load("x") == "old" * 5000, "a recent run keeps its values"
    assert made("young", tmp_path)["one"].cached_from
    assert made("old", tmp_path)["one"].why == "cell one-1 changed"
    monkeypatch.setattr(pruning, "KEPT_RUNS", 1)
    prune(home, max_size=10**9)
    assert old.load("x") == "old" * 5000, "its result was made again and is in the cache"
    assert prune(home, older_than=0.0).entries == 2
    with pytest.raises(ArtifactError) as missing:
        young.load("x")
    assert missing.value.code == "MDK320" and "Run the pipeline again" in missing.value.findings[0].fix
    assert [run.state for run in list_runs(tmp_path)] == ["done"] * 5
    latest = list_runs(tmp_path)[0]
    assert latest.load("x") == "old" * 5000
    prune(home, everything=True)
    assert usage(home) == pruning.Usage()
    assert made("old", tmp_path)["one"].why == "its result is no longer in the cache"


def test_a_store_in_use_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made("x", tmp_path)
    home = tmp_path / ".mdk"
    monkeypatch.setattr(pruning, "PATIENCE", 0.05)
    with holding(Cache(home).lock, shared=True), holding(Cache(home).lock, shared=True) as held:
        assert held
        with pytest.raises(StoreError) as busy:
            prune(home, everything=True)
        assert busy.value.code == "MDK358" and keep_within(home, 0) is None
    assert usage(home).entries == 1
    assert prune(home, everything=True).entries == 1


def test_a_run_keeps_the_store_within_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "KEPT_RUNS", 1)
    first = made("a", tmp_path)
    monkeypatch.setenv("MDK_CACHE_SIZE", "14kB")
    second = made("b", tmp_path)
    assert second.load("x") == "b" * 5000
    with pytest.raises(ArtifactError):
        first.load("x")
    monkeypatch.setenv("MDK_CACHE_SIZE", "much")
    with pytest.raises(UsageError, match="MDK313"):
        made("c", tmp_path)


def test_the_artifacts_of_other_folders_of_the_project_stay(tmp_path: Path) -> None:
    (tmp_path / "mdk.yaml").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    runs = [made("a", tmp_path / "a"), made("b", tmp_path / "b")]
    prune(tmp_path / ".mdk", max_size=0)
    assert [run.load("x")[0] for run in runs] == ["a", "b"]
    assert not list(all_entries(tmp_path / ".mdk"))


def test_equal_values_are_stored_once(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"x" * 1000)

    store = Store(tmp_path)
    for _ in range(2):
        store.put(write)
    assert store.written == 1000 and len(list(tmp_path.glob("??/*"))) == 1


def test_sizes() -> None:
    assert [size(n) for n in (0, 999, 1000, 12_100_000, 999_900_000, 3 * 10**12)] == [
        "0 B", "999 B", "1 kB", "12.1 MB", "1 GB", "3 TB",
    ]  # fmt: skip
    assert [read_size(text) for text in ("5GB", "500 MB", "1k", "2GiB", "7", "1.5M")] == [
        5 * 10**9, 5 * 10**8, 1000, 2 * 2**30, 7, 1_500_000,
    ]  # fmt: skip
    for text in ("", "GB", "-1", "5 apples", "1iB"):
        with pytest.raises(ValueError, match="no size"):
            read_size(text)
