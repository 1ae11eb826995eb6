"""Metrics: numbers, texts and flags that a run remembers by name."""

from __future__ import annotations

import sys
from typing import Union

from mdk_converters.findings import Finding
from mdk_jupyter.errors import StepError

Metric = Union[int, float, str, bool]

logged: dict[str, Metric] = {}  # by this process


def log_metrics(**values: object) -> dict[str, Metric]:
    """Log metrics and return them. Outside a run nothing else happens, so a notebook stays a plain notebook.

    Raises:
        StepError: a value is not a number, text or flag (MDK324); then none is logged.

    Example:
        >>> log_metrics(auc=0.9, rows=1000)
        {'auc': 0.9, 'rows': 1000}
    """
    plain = {name: as_metric(name, value) for name, value in values.items()}
    logged.update(plain)
    return plain


def log_metric(name: str, value: object) -> dict[str, Metric]:
    """Log one metric, whose name need not be an identifier.

    Raises:
        StepError: as `log_metrics`.
    """
    return log_metrics(**{name: value})


def as_metric(name: str, value: object) -> Metric:
    """Return a metric's value as a plain Python value.

    Raises:
        StepError: it is not a number, text or flag (MDK324).
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, (numpy.bool_, numpy.integer, numpy.floating, numpy.str_)):
            value = value.item()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    message = f"the metric {name!r} is a {type(value).__name__}; a metric is a number, a text or a flag"
    raise StepError([Finding("MDK324", message, fix=f"Log a single number, such as float({name}).", names=(name,))])


def is_number(value: object) -> bool:
    """Tell whether a value can be logged as a number."""
    try:
        return isinstance(as_metric("", value), (int, float))
    except StepError:
        return False
