"""Whether a component runs, how often, and what its runs hand on together: the same in a notebook and in a run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdk_converters.conditions import Condition, Scalar, Undecidable, holds
from mdk_converters.findings import Finding
from mdk_jupyter.errors import StepError

_LONGEST = 60  # characters of a value in a reason


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a component runs; if not, `reason` says why."""

    runs: bool
    reason: str = ""


def decide(component: str, condition: Condition, values: Mapping[str, object]) -> Decision:
    """Decide a component's condition. `values` are those of its names; a missing one is not bound.

    Raises:
        StepError: a value is missing, is none that a condition compares, or does not suit the condition (MDK318).

    Example:
        >>> decide("deploy", parse_condition("auc > 0.8"), {"auc": 0.71}).reason
        'auc > 0.8 is not true: auc = 0.71'
    """
    plain = {name: _scalar(component, condition, name, values) for name in condition.names}
    try:
        runs = holds(condition, plain)
    except Undecidable as error:
        raise _undecided(component, condition, str(error), condition.names) from None
    if runs:
        return Decision(True)
    told = ", ".join(f"{name} = {_shown(value)}" for name, value in plain.items())
    return Decision(False, f"{condition.text} is not true: {told}")


def after_skipped(names: Iterable[str]) -> Decision:
    """Return the decision for a component that depends on skipped ones.

    Example:
        >>> after_skipped(["deploy"]).reason
        'deploy was skipped'
    """
    listed = list(names)
    return Decision(False, f"{' and '.join(listed)} {'were' if len(listed) > 1 else 'was'} skipped")


def items_of(component: str, name: str, values: Mapping[str, object]) -> list[Any]:
    """Return the items over which a component is repeated: those of the list or tuple `name`.

    Raises:
        StepError: there is no such list (MDK319).
    """
    value = values.get(name)
    if isinstance(value, list | tuple):
        return list(value)
    raise no_list(component, name, f"is a {type(value).__name__}" if name in values else "has no value")


def no_list(component: str, name: str, fault: str) -> StepError:
    """Say that a component cannot be repeated over a name."""
    message = f"component {component!r} is repeated for each item of a list, but {name!r} {fault}"
    fix = f"Make {name} a list in the component that hands it on: {name} = list(…)."
    return StepError([Finding("MDK319", message, fix=fix, names=(name,))])


def instance(component: str, number: int) -> str:
    """Return the name of one run of a repeated component, such as `train[0]`."""
    return f"{component}[{number}]"


def collect(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the record of a list of values that the runs of a component handed on, each as its own record.

    A name that one of them does not bind is bound by none: a list with holes would hide which run it was.
    """
    for status in ("untravelable", "unbound"):
        for record in records:
            if record["status"] == status:
                return dict(record)
    preview = f"{len(records)} item" + ("s" if len(records) != 1 else "")
    return {
        "status": "value",
        "type": "list",
        "preview": preview,
        "length": len(records),
        "items": [dict(record) for record in records],
    }


def collect_metrics(metrics: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metrics of all runs under one roof: `auc` of the first run is `auc[0]`."""
    return {f"{name}[{number}]": value for number, own in enumerate(metrics) for name, value in own.items()}


def _scalar(component: str, condition: Condition, name: str, values: Mapping[str, object]) -> Scalar:
    """Return a value as conditions compare it: numpy's numbers, texts and flags as Python's."""
    if name not in values:
        raise _undecided(component, condition, f"{name} has no value", (name,))
    value = values[name]
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, numpy.bool_ | numpy.integer | numpy.floating | numpy.str_):
            value = value.item()
    if value is None:
        return None
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise no_scalar(component, condition, name, type(value).__name__)


def no_scalar(component: str, condition: Condition, name: str, kind: str) -> StepError:
    """Say that a value of the type `kind` cannot be compared."""
    return _undecided(component, condition, f"{name} is a {kind}, not a number, text or flag", (name,))


def _undecided(component: str, condition: Condition, reason: str, names: tuple[str, ...]) -> StepError:
    message = f"whether component {component!r} runs cannot be decided by {condition.text}: {reason}"
    fix = "Compare numbers with numbers and texts with texts, which earlier components hand on under plain names."
    return StepError([Finding("MDK318", message, fix=fix, names=names)])


def _shown(value: Scalar) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
