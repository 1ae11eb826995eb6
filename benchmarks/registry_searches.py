"""What searches cost in a large registry, beside a small one: `python benchmarks/registry_searches.py [--sizes 50000 1000000]`

The same questions in the same registry as `registry.py`, asked of the service itself: what is told is the time of the
processor for the first page of 50, of this process and of PostgreSQL together. One of 50 models holds half of all
versions, and they are the oldest ones.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psutil
from registry import DATABASES, prepare
from registry_data import Bare
from report import Row, Section
from timing import tell

from mdk_jupyter.registry.database import moment
from mdk_jupyter.registry.domain import Actor, Grant, Role, Search, Status
from mdk_jupyter.registry.service import Registry

ROUNDS = 5
SEARCHES = 10  # of each kind in a round
_SEER = Actor(name="vic", grants=(Grant(subject="vic", role=Role.VIEWER),))
_MORE = (
    "insert into version_labels(key, value, version_id) "
    "select 'half', case mod(n, 2) when 0 then 'even' else 'odd' end, id from versions where n > 1",
    "insert into version_metrics(key, version_id, value) select 'loss', id, 1 - mod(n, 1000) / 1000.0 from versions where n > 1",
    "update versions set status = 'quarantined' where n between 2 and 4",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs=2, default=[50_000, 1_000_000], help="how many versions")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    small, large = options.sizes
    for database, new in DATABASES.items():
        if options.only not in {None, database}:
            continue
        taken = {}
        for versions in (small, large):
            with new() as url:
                taken[versions] = _measured(url, versions)
        how = f"The processor's time for a page of 50, means of {ROUNDS * SEARCHES}."
        rows = [Row(name, taken[large][name], f"{small:,}", taken[small][name]) for name in taken[small]]
        print(Section(f"Searches, {database}, {large:,} versions", how, rows).text(), end="\n\n", flush=True)


def _measured(url: str, versions: int) -> dict[str, float]:
    """Return the seconds of the processor that each search takes."""
    prepare(url)
    tell(f"making {versions} versions")
    with contextlib.closing(Bare(url)) as bare:
        bare.grow(versions)
        for statement in _MORE:
            bare.run(statement)
        bare.run("analyze" if url.startswith("sqlite") else "vacuum analyze")
        ((middle,),) = bare.run(f"select created from versions where id = {versions // 2}")
    with contextlib.closing(Registry.open(url)) as registry:
        cpu = _processor(registry)
        taken: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, query in _searches(moment(middle)).items():
                tell(name)
                registry.search(_SEER, query)
                before = cpu()
                for _ in range(SEARCHES):
                    registry.search(_SEER, query)
                taken.setdefault(name, []).append((cpu() - before) / SEARCHES)
    return {name: statistics.mean(seconds) for name, seconds in taken.items()}


def _processor(registry: Registry) -> Callable[[], float]:
    """Return what tells how much of the processor this process and its connection to PostgreSQL have used."""
    processes = [psutil.Process(os.getpid())]
    if not registry.database.sqlite:
        with registry.database.read() as connection:  # the one that the pool has
            driver: Any = connection.connection.dbapi_connection
            driver.execute("set max_parallel_workers_per_gather = 0")  # others' time would not be seen
            processes.append(psutil.Process(driver.info.backend_pid))
    return lambda: sum(sum(process.cpu_times()[:2]) for process in processes)


def _searches(middle: datetime) -> dict[str, Search]:
    return {
        "the newest": Search(),
        "text of one model": Search(text="m37"),
        "text of the model with half of all, the oldest": Search(text="m0"),
        "text of no model": Search(text="nothing"),
        "text and label": Search(text="m0", labels={"team": "t7"}),
        "quarantined": Search(status=Status.QUARANTINED),
        "quarantined, and label": Search(status=Status.QUARANTINED, labels={"half": "odd"}),
        "label": Search(labels={"team": "t7"}),
        "two labels": Search(labels={"team": "t7", "season": "s3"}),
        "two labels, never together (25 % and 50 % of all)": Search(labels={"season": "s1", "half": "even"}),
        "two labels, never together (5 % and 20 %)": Search(labels={"team": "t7", "kind": "k1"}),
        "since the middle": Search(since=middle),
        "since the future": Search(since=middle + timedelta(days=1)),
        "until the middle": Search(until=middle),
        "until the middle, and label": Search(until=middle, labels={"team": "t7"}),
        "a wide range of a metric": Search(metrics=("auc > 0.1",)),
        "a narrow range of a metric": Search(metrics=("auc > 0.5", "auc < 0.503")),
        "two wide ranges": Search(metrics=("auc > 0.1", "loss > 0.1")),
        "two wide ranges, never together (40 % and 40 %)": Search(metrics=("auc > 0.6", "loss > 0.6")),
        "metric and label": Search(metrics=("auc > 0.5",), labels={"team": "t7"}),
        "trained by, and text": Search(trained_by="root", text="m0"),
    }


if __name__ == "__main__":
    main()
