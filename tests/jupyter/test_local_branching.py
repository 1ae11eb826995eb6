"""Decisions, and what the runs of a repeated component hand on together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mdk_converters.conditions import parse_condition
from mdk_jupyter.errors import StepError
from mdk_jupyter.local.branching import Decision, after_skipped, collect, collect_metrics, decide, instance, items_of


def decided(text: str, **values: object) -> Decision:
    return decide("deploy", parse_condition(text), values)


def test_a_decision_says_why_not() -> None:
    assert decided("auc > 0.8", auc=0.9) == Decision(True)
    assert decided("auc > 0.8", auc=0.71) == Decision(False, "auc > 0.8 is not true: auc = 0.71")
    said = decided("stage == 'prod' and ready", stage="d" * 100, ready=None, other=1).reason
    assert said.startswith("stage == 'prod' and ready is not true: stage = 'dddd") and said.endswith("…, ready = None")
    assert after_skipped(["a"]).reason == "a was skipped" and after_skipped(["a", "b"]).reason == "a and b were skipped"


@pytest.mark.parametrize(
    "value",
    [
        0.9,
        np.float32(0.9),
        np.float64(0.9),
        np.array(0.9),
        np.int64(1),
        True,
        np.bool_(True),
        type("F", (float,), {})(2),
    ],
)
def test_numbers_of_every_kind_are_compared(value: object) -> None:
    assert decided("x > 0.5", x=value).runs


@pytest.mark.parametrize("value", [[1], np.array([1]), {}, object(), b"x", complex(1)])
def test_what_is_no_plain_value_is_refused(value: object) -> None:
    with pytest.raises(StepError, match=f"x is a {type(value).__name__}, not a number") as caught:
        decided("x == 1", x=value)
    assert caught.value.code == "MDK318" and caught.value.findings[0].names == ("x",)


def test_missing_and_unlike_values_are_refused() -> None:
    with pytest.raises(StepError, match="x has no value"):
        decided("x == 1", y=1)
    with pytest.raises(StepError, match="compares str with int"):
        decided("x > 1", x="a")


def test_items() -> None:
    assert items_of("train", "rates", {"rates": (1, 2)}) == [1, 2]
    for values in ({"rates": "ab"}, {"rates": range(2)}, {"rates": np.arange(2)}, {}):
        with pytest.raises(StepError) as caught:
            items_of("train", "rates", values)
        assert caught.value.code == "MDK319"


def test_collected_records() -> None:
    records: list[dict[str, Any]] = [{"status": "value", "digest": "a"}, {"status": "value", "digest": "b"}]
    collected = collect(records)
    assert collected["items"] == records and (collected["status"], collected["length"]) == ("value", 2)
    assert collect([])["items"] == []
    assert collect([*records, {"status": "unbound"}])["status"] == "unbound"
    lost = {"status": "untravelable", "reason": "a lock"}
    assert collect([{"status": "unbound"}, lost, *records]) == lost
    assert collect_metrics([{"auc": 1}, {"auc": 2, "n": 3}]) == {"auc[0]": 1, "auc[1]": 2, "n[1]": 3}
    assert instance("train", 3) == "train[3]"
