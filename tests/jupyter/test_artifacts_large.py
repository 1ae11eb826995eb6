"""Large values cross without being held twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PEAK = """
import json, sys
import numpy, pandas, pyarrow.parquet
from mdk_jupyter.artifacts import Record, Store, handover
from mdk_jupyter.artifacts.fingerprints import fingerprint

what, kind, folder = sys.argv[1:4]
SIZE = 64_000_000  # bytes

def status(field):
    [line] = [line for line in open("/proc/self/status") if line.startswith(field)]
    return int(line.split()[1]) * 1024

def value():
    rows = SIZE // 8 // 10
    if kind == "rows":
        return pandas.DataFrame(numpy.arange(rows * 10.0).reshape(rows, 10))
    if kind == "columns":
        return pandas.DataFrame({str(i): numpy.arange(rows * 1.0) for i in range(10)})
    if kind == "array":
        return numpy.arange(rows * 10.0)
    texts = numpy.char.add("text-", numpy.arange(SIZE // 16 // 8).astype(str))
    return pandas.DataFrame({"text": texts.astype(object), "n": 0.5})

store = Store(folder)
record = folder + "/record.json"
given = value() if what != "read" else None
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
if what == "write":
    json.dump(handover.save({"v": given}, store)["v"].to_json(), open(record, "w"))
elif what == "read":
    [(_, given)] = handover.load({"v": Record.from_json(json.load(open(record)))}, store)
else:
    fingerprint(given)
print((status("VmHWM") - before) / SIZE)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured as Linux does")
@pytest.mark.parametrize(
    ("kind", "write", "read"), [("rows", 0.6, 2.2), ("columns", 0.6, 2.2), ("array", 0.6, 1.5), ("text", 1.5, 4)]
)
def test_the_memory_that_a_large_value_takes(tmp_path: Path, kind: str, write: float, read: float) -> None:
    """Beyond the value itself, which the reader has to have, in sizes of the value."""

    def peak(what: str) -> float:
        command = [sys.executable, "-c", PEAK, what, kind, str(tmp_path)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert peak("write") < write
    assert peak("read") < read
    assert peak("guard") < write
    assert len(list(tmp_path.glob("??/*"))) == 1 and not list(tmp_path.glob("new-*"))
