"""Conditions on metrics, as gates and searches write them: `auc >= 0.8`, `auc >= champion - 0.01`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from mdk_jupyter.registry.domain import Metrics
from mdk_jupyter.registry.errors import InvalidError

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_CONDITION = re.compile(
    rf"\s*(?P<metric>[A-Za-z_][\w./@-]*)\s*(?P<sign>>=|<=|==|!=|>|<)\s*"
    rf"(?:(?P<number>{_NUMBER})|champion(?:\s*(?P<way>[+-])\s*(?P<margin>{_NUMBER}))?)\s*"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """`metric` compared with `number`; with the champion's metric plus `number`, where `relative`."""

    metric: str
    sign: str
    number: float
    relative: bool = False

    def holds(self, metrics: Metrics, champion: Metrics | None) -> tuple[bool, str]:
        """Return whether it holds, and how that was found. Without a champion there is nothing to be worse than."""
        value = as_number(metrics.get(self.metric))
        if value is None:
            return False, f"there is no number {self.metric}"
        bound, against = self.number, ""
        if self.relative:
            if champion is None:
                return True, f"{self.metric} is {value:g}; there is no champion to compare with"
            theirs = as_number(champion.get(self.metric))
            if theirs is None:
                return False, f"the champion has no number {self.metric}"
            bound, against = theirs + self.number, f" (the champion has {theirs:g})"
        passed = COMPARISONS[self.sign](value, bound)
        return passed, f"{self.metric} is {value:g}, {'' if passed else 'not '}{self.sign} {bound:g}{against}"


def condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        InvalidError: it is none (MDK542).

    Example:
        >>> condition("auc >= champion - 0.01")
        Condition(metric='auc', sign='>=', number=-0.01, relative=True)
    """
    if not (match := _CONDITION.fullmatch(text)):
        raise InvalidError(
            "MDK542",
            f"{text!r} is not a condition on a metric",
            "Write it like `auc >= 0.8` or `auc >= champion - 0.01`.",
        )
    if match["number"]:
        return Condition(match["metric"], match["sign"], float(match["number"]))
    margin = float(match["margin"] or 0)
    return Condition(match["metric"], match["sign"], -margin if match["way"] == "-" else margin, relative=True)


def as_number(value: object) -> float | None:
    """Return a metric that can be compared as a number, else None: texts cannot, NaN cannot."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
