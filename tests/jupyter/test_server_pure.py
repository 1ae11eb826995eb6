"""The parts of the server that need no server: paths, turns, announcements."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_jupyter.errors import UsageError
from mdk_jupyter.kernels import place
from mdk_jupyter.local import announcing
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import create_run_folder, driving
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.schema import schema
from mdk_jupyter.server.workers import AwayError, Newest, Workers

ROOT = Path("/srv/home/ann")
PART = st.text(st.characters(blacklist_characters="/\0\\:", codec="utf-8"), min_size=1).filter(
    lambda t: t not in (".", "..")
)


@given(st.lists(PART, max_size=5))
def test_a_path_names_one_file_and_comes_back(parts: list[str]) -> None:
    path = "/".join(parts)
    file = Places(ROOT).file(path)
    assert file.is_relative_to(ROOT) and Places(ROOT).path(file) == path


@given(st.lists(PART, max_size=3), st.lists(PART, max_size=3))
def test_no_path_leads_out(before: list[str], after: list[str]) -> None:
    with pytest.raises(UsageError):
        Places(ROOT).file("/".join([*before, "..", *after]))


def test_what_is_elsewhere_has_no_path() -> None:
    assert Places(ROOT).path(Path("/srv/home/anna/a.ipynb")) is None
    assert Places(ROOT).path(ROOT) == ""
    assert Places(ROOT).store(ROOT / "a/.mdk/runs/1") == "a"


def test_those_that_wait_get_the_newest_answer() -> None:
    async def story() -> None:
        newest, go, done = Newest(), asyncio.Event(), []

        def work(number: int) -> asyncio.Task[int]:
            async def carry_out() -> int:
                await go.wait()
                done.append(number)
                if number == 7:
                    raise ValueError("seven")
                return number

            return asyncio.create_task(newest.do("a", carry_out))

        first = work(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # it has begun
        waiting = [work(number) for number in range(2, 6)]
        await asyncio.sleep(0)
        go.set()
        assert await first == 1 and await asyncio.gather(*waiting) == [5] * 4 and done == [1, 5]
        with pytest.raises(ValueError, match="seven"):
            await work(7)
        assert await work(8) == 8  # a failure is nobody else's

    asyncio.run(story())


def test_work_that_takes_too_long_is_given_up_and_starves_no_other() -> None:
    stuck, over = threading.Event(), Workers("registry", 1, 0.2)
    other = Workers("files", 1, 30.0)

    async def story() -> None:
        with pytest.raises(AwayError) as away:
            await over.do(stuck.wait, service="registry")
        assert away.value.service == "registry" and away.value.code == "MDK381"
        assert await other.do(lambda: 7) == 7

    try:
        asyncio.run(story())
    finally:
        stuck.set()
        over.close()
        other.close()


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's own folder, whose path must be short."""
    with tempfile.TemporaryDirectory(prefix="mdk-n-") as name:
        monkeypatch.setenv(place.FOLDER, name)
        yield Path(name)


def new_run(folder: Path) -> Path:
    run = create_run_folder(folder)
    Run(run.name, "p", run, state="running").save()
    return run


def test_runs_make_themselves_known_until_they_are_long_over(
    tmp_path: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = user / "runs"
    monkeypatch.setenv(announcing.STARTER, "me")
    over, going_on = new_run(tmp_path / "a"), new_run(tmp_path / "b")
    announcing.announce(over)
    assert announcing.STARTER not in os.environ
    with driving(going_on):
        announcing.announce(going_on)
        found = {one.run: one for one in announcing.announced()}
        assert found.keys() == {over, going_on} and announcing.names() == {over.name, going_on.name}
        assert found[over].starter == "me" and found[going_on].starter is None
        assert found[over].process == os.getpid()
        assert {*announcing.stores()} == {tmp_path / "a", tmp_path / "b"}
        long_ago = time.time() - announcing.KEPT - 1
        for note in notes.glob("*.json"):
            os.utime(note, (long_ago, long_ago))
        (notes / "broken.json").write_text("{")
        announcing.announce(new_run(tmp_path / "c"))
        assert over not in {one.run for one in announcing.announced()}
        assert going_on in {one.run for one in announcing.announced()}
    (tmp_path / "a").rename(tmp_path / "moved")
    assert {*announcing.stores()} == {tmp_path / "b", tmp_path / "c"}


def test_a_run_goes_on_where_nothing_can_be_announced(tmp_path: Path, user: Path) -> None:
    user.chmod(0o777)  # not the user's alone
    announcing.announce(new_run(tmp_path))
    assert not list(announcing.announced()) and announcing.names() == set() and announcing.stores() == []


def test_the_schema_has_all_that_travels() -> None:
    content = json.dumps(schema())
    for name in ("Checked", "RunView", "RunRequest", "OperationView", "PromotionPlan", "Champion", "Problem"):
        assert f'"{name}"' in content
