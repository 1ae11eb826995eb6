"""Arrays of subclasses: what they hold beside their numbers."""

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


def test_looking_at_a_masked_array_leaves_its_fingerprint() -> None:
    from mdk_jupyter.artifacts.fingerprints import fingerprint

    array = np.ma.MaskedArray([1.0, 2.0, 3.0], mask=np.array([False, True, False]))
    before = fingerprint(array)
    array[1:].sum()
    np.ma.asarray(array).min()
    assert fingerprint(array) == before
    array[0] = 9.0
    changed = fingerprint(array)
    assert changed != before
    array[2] = np.ma.masked
    assert fingerprint(array) != changed
