"""What training data looks like, in a few kilobytes: what later data is held against. For containers too."""

from __future__ import annotations

from math import isfinite
from typing import Any

BINS = 20  # equal shares of the training data; fewer where values repeat
TOP = 100  # categories that are counted by name


def profile(data: Any) -> dict[str, Any]:
    """Return the profile of a table: rows, and for each column its kind, missing values and distribution.

    A numeric column has the edges of up to 20 bins (quantiles of the data) and the rows in each, and the extremes;
    any other the counts of its 100 most frequent values and of the others. Values are JSON values.

    Raises:
        TypeError: `data` is not a table with named columns.

    Example:
        >>> import pandas as pd
        >>> profile(pd.DataFrame({"city": ["Oslo", "Oslo", None]}))["columns"]["city"]["values"]
        {'Oslo': 2}
    """
    import pandas as pd

    frame = data if isinstance(data, pd.DataFrame) else _as_frame(data)
    columns = {str(name): _column(frame.iloc[:, at]) for at, name in enumerate(frame.columns)}
    return {"format": 1, "rows": len(frame), "columns": columns}


def _as_frame(data: Any) -> Any:
    import pandas as pd

    if isinstance(data, pd.Series):
        return data.to_frame()
    for method in ("to_pandas", "to_frame"):  # polars and Arrow tables have the first
        if hasattr(data, method):
            return getattr(data, method)()
    if getattr(data, "ndim", 0) == 2:
        return pd.DataFrame(data, columns=[f"x{number}" for number in range(data.shape[1])])
    raise TypeError(f"a {type(data).__name__} has no columns to describe")


def _column(values: Any) -> dict[str, Any]:
    from pandas.api import types

    present = values.dropna()
    about: dict[str, Any] = {"type": str(values.dtype), "missing": len(values) - len(present)}
    if types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype):
        return about | _numbers(present.to_numpy(dtype=float))
    if types.is_datetime64_any_dtype(values.dtype):
        ends = {"first": present.min().isoformat(), "last": present.max().isoformat()} if len(present) else {}
        return about | {"kind": "time"} | ends
    counts = present.astype(str).value_counts()
    top = {str(name): int(count) for name, count in counts.head(TOP).items()}
    return about | {"kind": "category", "values": top, "others": int(counts.iloc[TOP:].sum()), "distinct": len(counts)}


def _numbers(values: Any) -> dict[str, Any]:
    import numpy as np

    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"kind": "number", "edges": [], "counts": [], "infinite": len(values)}
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1), method="inverted_cdf"))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    counts, _ = np.histogram(finite, edges) if edges[0] < edges[-1] else (np.array([len(finite)]), edges)
    with np.errstate(over="ignore", invalid="ignore"):
        moments = {"mean": float(finite.mean()), "deviation": float(finite.std())}
    return {
        "kind": "number",
        "edges": [float(edge) for edge in edges],
        "counts": [int(count) for count in counts],
        "infinite": int(len(values) - len(finite)),
        **{name: value for name, value in moments.items() if isfinite(value)},
    }
