"""Parameters: what the user gives, as the types that the pipeline declares."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_converters.spec import Parameter, ParameterType, Pipeline
from mdk_jupyter.errors import UsageError

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def complete(pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every parameter: the given one, as its declared type, or the default.

    Strings are read as the type: `"0.5"` is a float where a float is declared. Other values must have it.

    Raises:
        UsageError: an unknown name (MDK306), a value that does not fit its type (MDK307), a value that the
            pipeline asks for and nobody gave (MDK311); all at once.
    """
    findings: list[Finding] = []
    values = {name: parameter.default for name, parameter in pipeline.parameters.items()}
    for name, value in given.items():
        parameter = pipeline.parameters.get(name)
        if parameter is None:
            findings.append(_unknown(name, pipeline))
            continue
        try:
            values[name] = coerce(parameter, value)
        except ValueError as error:
            findings.append(
                Finding(
                    "MDK307",
                    f"parameter {name!r} is declared {parameter.type}: {error}",
                    fix=f"give a value such as {name}={_EXAMPLES[parameter.type]}",
                    names=(name,),
                )
            )
    findings += [
        Finding(
            "MDK311",
            f"the pipeline asks for the parameter {name!r}, and it was not given",
            fix=f"give it: -p {name}={_EXAMPLES[parameter.type]}",
            names=(name,),
        )
        for name, parameter in pipeline.parameters.items()
        if parameter.required and name not in given
    ]
    if findings:
        raise UsageError(findings)
    return values


def coerce(parameter: Parameter, value: Any) -> Any:
    """Return `value` as the parameter's type.

    Raises:
        ValueError: it does not fit; nothing is rounded, cut or guessed.

    Example:
        >>> coerce(Parameter(type="bool", default=True), "no")
        False
    """
    if not isinstance(value, str) and hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # a numpy scalar
    if value is None and parameter.default is None:
        return None
    return _COERCIONS[parameter.type](value)


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Read `name=value` as it comes from the command line. The value is everything after the first `=`.

    Raises:
        UsageError: MDK308 when there is no `=` or no name.
    """
    values = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name.strip():
            raise UsageError([Finding("MDK308", f"{assignment!r} is not NAME=VALUE", fix="write -p learning_rate=0.5")])
        values[name.strip()] = value
    return values


def read_parameters(path: Path) -> dict[str, Any]:
    """Read parameters from a YAML or JSON file: one mapping of names to values.

    Raises:
        UsageError: MDK308 when the file cannot be read or holds something else.
    """
    import yaml

    fix = "the file holds one mapping, such as `learning_rate: 0.5`"
    try:
        text = path.read_text(encoding="utf-8-sig")
        # YAML reads some of JSON's numbers as texts: 1e+22.
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise UsageError(
            [Finding("MDK308", f"{path} cannot be read: {error.strerror}", fix="check the name and the folder")]
        ) from error
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError([Finding("MDK308", f"{path} is neither YAML nor JSON: {error}", fix=fix)]) from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise UsageError([Finding("MDK308", f"{path} holds no mapping of names to values", fix=fix)])
    return content


def _unknown(name: str, pipeline: Pipeline) -> Finding:
    close = difflib.get_close_matches(name, pipeline.parameters, n=1)
    known = ", ".join(pipeline.parameters)
    return Finding(
        "MDK306",
        f"the pipeline has no parameter {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""),
        fix=f"its parameters are: {known}" if known else "tag a cell of assignments `parameters` to have some",
        names=(name, *close),
    )


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is not a whole number")


def _float(value: Any) -> float:
    if isinstance(value, str):
        return float(value.strip())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"{value!r} is not a number")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{value!r} is neither true nor false")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is not a text")


def _list(value: Any) -> list[Any]:
    parsed = _literal(value)
    if isinstance(parsed, (list, tuple)):
        return list(_json(list(parsed)))
    raise ValueError(f"{value!r} is not a list")


def _dict(value: Any) -> dict[str, Any]:
    parsed = _literal(value)
    if isinstance(parsed, dict):
        return dict(_json(parsed))
    raise ValueError(f"{value!r} is not a mapping")


def _anything(value: Any) -> Any:
    """Where nothing but the default `None` is declared: what the text means, or the text itself."""
    if not isinstance(value, str):
        return _json(value)
    try:
        return _literal(value)
    except ValueError:
        return value


def _literal(value: Any) -> Any:
    """Read JSON, or a Python literal as one writes it in a notebook."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        return _json(ast.literal_eval(value.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"{value!r} is neither JSON nor a Python literal") from None


def _json(value: Any) -> Any:
    """Return what is left of `value` after a journey through JSON, which is how a step receives it."""
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value!r} cannot be written as JSON ({error})") from None


_COERCIONS: dict[ParameterType, Callable[[Any], Any]] = {
    "int": _integer,
    "float": _float,
    "bool": _boolean,
    "str": _text,
    "list": _list,
    "dict": _dict,
    "none": _anything,
}

_EXAMPLES: dict[ParameterType, str] = {
    "int": "3",
    "float": "0.5",
    "bool": "true",
    "str": "text",
    "list": "'[1, 2]'",
    "dict": "'{\"a\": 1}'",
    "none": "3",
}
