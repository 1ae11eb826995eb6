"""What a model takes and gives, as far as the model and an example tell. For containers too."""

from __future__ import annotations

from typing import Any

_KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "M": "datetime", "m": "timedelta", "U": "str", "S": "str"}


def signature(model: Any, example: Any = None) -> dict[str, Any] | None:
    """Return the signature of a model as `domain.Signature` has it; None where neither the model nor `example` (a table of inputs) tells.

    The model is not called: what it gives is known of classifiers, by their classes, and of regressors.
    """
    columns = _columns(example)
    names = _names(model)
    if names is not None:
        columns = {name: columns.get(name, "unknown") for name in names}
    outputs = _outputs(model)
    if not columns and not outputs:
        return None
    return {"inputs": [*map(_column, columns.items())], "outputs": [*map(_column, outputs.items())]}


def _column(about: tuple[str, str]) -> dict[str, str]:
    return {"name": about[0], "type": about[1]}


def _names(model: Any) -> list[str] | None:
    """Return the names of a model's features: scikit-learn's word for them, then those of boosting libraries."""
    for attribute in ("feature_names_in_", "feature_names", "feature_name_", "feature_names_"):
        found = _attribute(model, attribute)
        if found is not None and not callable(found):
            names = [str(name) for name in found]
            if names:
                return names
    return None


def _columns(example: Any) -> dict[str, str]:
    if example is None:
        return {}
    if isinstance(example, dict):
        return {str(name): _kind_of_value(value) for name, value in example.items()}
    if hasattr(example, "dtypes") and hasattr(example, "columns"):
        return {str(name): _kind(dtype) for name, dtype in zip(example.columns, example.dtypes)}
    if getattr(example, "ndim", 0) == 2:
        return {f"x{number}": _kind(example.dtype) for number in range(example.shape[1])}
    if getattr(example, "name", None) is not None and hasattr(example, "dtype"):
        return {str(example.name): _kind(example.dtype)}
    return {}


def _kind(dtype: Any) -> str:
    name = str(dtype).lower()
    if name.startswith("category") or name.startswith("enum"):
        return "category"
    kind = getattr(dtype, "kind", None)
    if kind == "O" or name.startswith(("str", "object", "utf8")):
        return "str"
    return _KINDS.get(kind or "", name)


def _kind_of_value(value: Any) -> str:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind.__name__
    dtype = getattr(value, "dtype", None)
    return _kind(dtype) if dtype is not None else type(value).__name__


def _outputs(model: Any) -> dict[str, str]:
    classes = _attribute(model, "classes_")
    if classes is not None and hasattr(classes, "dtype"):
        columns = {"class": _kind(classes.dtype)}
        if _attribute(model, "predict_proba") is not None:
            columns["probability"] = f"tensor(float, {len(classes)})"
        return columns
    return {"value": "float"} if _attribute(model, "_estimator_type") == "regressor" else {}


def _attribute(model: Any, name: str) -> Any:
    try:
        return getattr(model, name, None)
    except Exception:  # a property of a model that is not fitted
        return None
