"""A value of 160 MB that crosses from one step to the next, and what guarding it costs.

Each probe is a process of its own, `python crossing.py PROBE FOLDER`, which says how long it took and its peak memory.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kernel_servers import status
from report import Row, Section
from timing import command, tell

ROWS = 2_500_000  # of eight columns of eight bytes
NAMES = ("write with pandas", "write", "read with pandas", "read", "hash", "guard", "guard texts")
TIMES = 3


def section(folder: Path) -> Section:
    """Measure the way of a frame through the store against pandas' own parquet."""
    place = folder / "crossing"
    place.mkdir()
    probed: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMES}
    for number in range(1, TIMES + 1):
        for name, found in probed.items():
            tell(f"{number}/{TIMES} {name}")
            told = json.loads(command(sys.executable, __file__, name, place))
            found.append((told["seconds"], told["megabytes"]))
    tell("")
    seconds = {name: statistics.median(s for s, _ in found) for name, found in probed.items()}
    memory = {name: statistics.median(m for _, m in found) for name, found in probed.items()}

    def rows(what: str, name: str, against: str, other: str) -> list[Row]:
        return [
            Row(what, seconds[name], against, seconds[other]),
            Row(f"{what}, peak memory", memory[name], against, memory[other], unit="MB"),
        ]

    return Section(
        "160 MB from one step to the next",
        "A frame of 2,500,000 rows and eight columns of floats. The store hashes what it writes, and checks the hash "
        "before it reads. The guard takes a fingerprint of each input that must not change, before and after the step; "
        "one fingerprint is measured here, and one of a frame of 300,000 texts. Each measurement is a process of its "
        f"own, and peak memory is all of that process, the frame and pandas included. Medians of {TIMES}.",
        [
            *rows("writer hands it on", "write", "`DataFrame.to_parquet`", "write with pandas"),
            *rows("reader receives it", "read", "`pandas.read_parquet`", "read with pandas"),
            *rows("guard, one look", "guard", "sha256 of the same bytes", "hash"),
            Row("guard, one look at 300,000 texts", seconds["guard texts"], "sha256 of 160 MB", seconds["hash"]),
        ],
    )


def probe(name: str, folder: Path) -> None:
    """Do one thing and say what it took."""
    action = _PROBES[name](folder)
    started = time.perf_counter()
    kept = action()
    seconds = time.perf_counter() - started
    del kept
    megabytes = float(status("self")["VmHWM"].split()[0]) * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


def _frame() -> Any:
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(0)
    return pd.DataFrame({f"c{number}": random.random(ROWS) for number in range(8)})


def _pandas_write(folder: Path) -> Callable[[], object]:
    import pyarrow.parquet  # noqa: F401 - a step of a warm run has it

    frame = _frame()
    return lambda: frame.to_parquet(folder / "pandas.parquet")


def _pandas_read(folder: Path) -> Callable[[], object]:
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    return lambda: pd.read_parquet(folder / "pandas.parquet")


def _write(folder: Path) -> Callable[[], object]:
    import pyarrow.parquet  # noqa: F401

    from mdk_jupyter.artifacts import handover
    from mdk_jupyter.artifacts.store import Store

    frame = _frame()

    def write() -> None:
        (record,) = handover.save({"frame": frame}, Store(folder / "store")).values()
        (folder / "record.json").write_text(json.dumps(record.to_json()), encoding="utf-8")

    return write


def _read(folder: Path) -> Callable[[], object]:
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from mdk_jupyter.artifacts import handover
    from mdk_jupyter.artifacts.records import Record
    from mdk_jupyter.artifacts.store import Store

    record = Record.from_json(json.loads((folder / "record.json").read_text(encoding="utf-8")))
    return lambda: list(handover.load({"frame": record}, Store(folder / "store")))


def _hash(folder: Path) -> Callable[[], object]:
    import hashlib

    columns = [column.to_numpy() for _, column in _frame().items()]
    return lambda: [hashlib.sha256(column).hexdigest() for column in columns]


def _guard(folder: Path) -> Callable[[], object]:
    from mdk_jupyter.artifacts.fingerprints import fingerprint

    frame = _frame()
    return lambda: fingerprint(frame)


def _guard_texts(folder: Path) -> Callable[[], object]:
    import pandas as pd

    from mdk_jupyter.artifacts.fingerprints import fingerprint

    frame = pd.DataFrame({"text": [f"text {number}" for number in range(300_000)]})
    return lambda: fingerprint(frame)


_PROBES: dict[str, Callable[[Path], Callable[[], object]]] = {
    **{"write with pandas": _pandas_write, "write": _write, "read with pandas": _pandas_read, "read": _read},
    **{"hash": _hash, "guard": _guard, "guard texts": _guard_texts},
}


if __name__ == "__main__":
    probe(sys.argv[1], Path(sys.argv[2]))
