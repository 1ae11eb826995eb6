"""Arrays of subclasses keep the attributes that numpy's own pickling drops."""

from __future__ import annotations

from pathlib import Path

import numpy as np


class Labelled(np.ndarray):
    labels: list[str]


def test_attributes_of_array_subclasses_travel(tmp_path: Path) -> None:
    from mdk_jupyter.artifacts import Store, handover

    array = np.arange(3.0).view(Labelled)
    array.labels = ["a", "b", "c"]
    store = Store(tmp_path)
    records = handover.save({"array": array}, store)
    ((_, loaded),) = handover.load(records, store)
    assert type(loaded) is Labelled
    assert loaded.labels == ["a", "b", "c"]
    assert loaded.tolist() == [0.0, 1.0, 2.0]
