"""Interpreter state that flows between steps as the notebook's own process would keep it.

Each channel has a `capture` and a `restore`. Capturing never imports a library: state of one
that is not loaded is absent.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.errors import StepError
from mdk_jupyter.runtime import own_state

BEFORE_IMPORTS = ("state.sys_path", "state.cwd", "state.environ")


@dataclass(frozen=True)
class Start:
    """The kernel as it was before the step began. Places and variables travel as differences from it."""

    environ: dict[str, str]
    cwd: str
    sys_path: list[str]
    handlers: tuple[int, ...]  # ids of the root logger's handlers

    @classmethod
    def now(cls) -> Start:
        logging = sys.modules.get("logging")
        handlers = tuple(map(id, logging.getLogger().handlers)) if logging is not None else ()
        return cls(dict(os.environ), str(Path.cwd()), list(sys.path), handlers)


@dataclass(frozen=True)
class Channel:
    """One kind of state. `module` is the library that it belongs to."""

    module: str
    capture: Callable[[Start], Any]
    restore: Callable[[Any, Start], None]


def is_present(name: str) -> bool:
    """Tell whether the library of a state is loaded."""
    if name.startswith(own_state.PREFIX):
        return own_state.is_present(name)
    return CHANNELS[name].module in sys.modules


def capture(name: str, start: Start) -> Any:
    """Return the present state of a channel, as a value that can be stored."""
    if name.startswith(own_state.PREFIX):
        return own_state.capture(name)
    return CHANNELS[name].capture(start)


def restore(name: str, value: Any, start: Start) -> None:
    """Put a state in place.

    Raises:
        StepError: it cannot be had in this process (MDK329).
    """
    try:
        if name.startswith(own_state.PREFIX):
            own_state.restore(name, value)
        else:
            CHANNELS[name].restore(value, start)
    except Exception as error:
        message = f"the {name.removeprefix('state.').replace('_', ' ')} cannot be set as it was: {error}"
        fix = "Check that folders, locales and packages are the same for all components."
        raise StepError([Finding("MDK329", message, fix=fix, names=(name,))]) from error


# Random numbers


def _capture_numpy_random(_: Start) -> Any:
    import numpy

    return numpy.random.get_state()


def _restore_numpy_random(value: Any, _: Start) -> None:
    import numpy

    numpy.random.set_state(value)


def _capture_random(_: Start) -> Any:
    import random

    return random.getstate()


def _restore_random(value: Any, _: Start) -> None:
    import random

    random.setstate(value)


def _capture_torch_random(_: Start) -> Any:
    torch = sys.modules["torch"]
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": torch.get_rng_state(), "cuda": devices}


def _restore_torch_random(value: Any, _: Start) -> None:
    torch = importlib.import_module("torch")

    torch.set_rng_state(value["cpu"])
    if value["cuda"]:
        torch.cuda.set_rng_state_all(value["cuda"])


# The process


def _capture_environ(start: Start) -> Any:
    now = dict(os.environ)
    changed = {name: value for name, value in now.items() if start.environ.get(name) != value}
    return {"set": changed, "deleted": sorted(start.environ.keys() - now.keys())}


def _restore_environ(value: Any, _: Start) -> None:
    os.environ.update(value["set"])
    for name in value["deleted"]:
        os.environ.pop(name, None)


def _capture_cwd(start: Start) -> Any:
    cwd = Path.cwd()
    return str(cwd.relative_to(start.cwd)) if cwd.is_relative_to(start.cwd) else str(cwd)


def _restore_cwd(value: Any, start: Start) -> None:
    os.chdir(Path(start.cwd) / value)


def _capture_sys_path(start: Start) -> Any:
    """The path with each entry that the kernel started with replaced by its number."""
    return [start.sys_path.index(entry) if entry in start.sys_path else str(entry) for entry in sys.path]


def _restore_sys_path(value: Any, start: Start) -> None:
    old = start.sys_path
    sys.path[:] = [entry if isinstance(entry, str) else old[entry] for entry in value if not _is_beyond(entry, old)]


def _is_beyond(entry: str | int, old: list[str]) -> bool:
    return isinstance(entry, int) and entry >= len(old)


def _capture_recursion_limit(_: Start) -> Any:
    return sys.getrecursionlimit()


def _restore_recursion_limit(value: Any, _: Start) -> None:
    sys.setrecursionlimit(value)


def _capture_timezone(_: Start) -> Any:
    import time

    return list(time.tzname)


def _restore_timezone(value: Any, _: Start) -> None:
    """Take over `TZ`, which is restored before."""
    import time

    time.tzset()


def _capture_locale(_: Start) -> Any:
    import locale

    return locale.setlocale(locale.LC_ALL)


def _restore_locale(value: Any, _: Start) -> None:
    import locale

    locale.setlocale(locale.LC_ALL, value)


# Warnings and logging


def _capture_warnings(_: Start) -> Any:
    import warnings

    return list(warnings.filters)


def _restore_warnings(value: Any, _: Start) -> None:
    import warnings

    warnings.resetwarnings()  # also tells the interpreter that the filters changed
    warnings.filters[:] = value  # type: ignore[index]


def _capture_logging(start: Start) -> Any:
    import logging

    loggers = {
        name: (logger.level, logger.propagate, logger.disabled)
        for name, logger in sorted(logging.root.manager.loggerDict.items())
        if isinstance(logger, logging.Logger) and (logger.level or not logger.propagate or logger.disabled)
    }
    handlers = {"": _describe_handlers(logging.root, start)}
    for name, logger in sorted(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name != "" and (described := _describe_handlers(logger, start)):
            handlers[name] = described
    return {
        "root": logging.root.level,
        "disable": logging.root.manager.disable,
        "loggers": loggers,
        "handlers": handlers,
    }


def _describe_handlers(logger: Any, start: Start) -> list[dict[str, Any]]:
    return [
        description
        for handler in logger.handlers
        if id(handler) not in start.handlers and (description := _describe_handler(handler)) is not None
    ]


def _describe_handler(handler: Any) -> dict[str, Any] | None:
    """Describe a plain handler for the standard streams; others belong to their process."""
    import logging

    if type(handler) is not logging.StreamHandler or handler.stream not in (sys.stdout, sys.stderr) or handler.filters:
        return None
    formatter = handler.formatter
    if formatter is not None and type(formatter) is not logging.Formatter:
        return None
    style = None
    if formatter is not None:
        styles = {logging.PercentStyle: "%", logging.StrFormatStyle: "{", logging.StringTemplateStyle: "$"}
        style = [formatter._fmt, formatter.datefmt, styles.get(type(formatter._style), "%")]
    return {"stream": "stdout" if handler.stream is sys.stdout else "stderr", "level": handler.level, "format": style}


def _restore_logging(value: Any, _: Start) -> None:
    import logging

    logging.root.setLevel(value["root"])
    logging.disable(value["disable"])
    for name, (level, propagate, disabled) in value["loggers"].items():
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled
    for name, descriptions in value["handlers"].items():
        logger = logging.getLogger(name) if name else logging.root
        present = [_describe_handler(handler) for handler in logger.handlers]
        for description in descriptions:
            if description in present:
                present.remove(description)
                continue
            handler = logging.StreamHandler(getattr(sys, description["stream"]))
            handler.setLevel(description["level"])
            if description["format"] is not None:
                fmt, datefmt, style = description["format"]
                handler.setFormatter(logging.Formatter(fmt, datefmt, style))
            logger.addHandler(handler)


# Libraries


def _capture_pandas_options(_: Start) -> Any:
    import pandas

    config: Any = importlib.import_module("pandas._config.config")

    now = {key: pandas.get_option(key) for key in config._registered_options if key not in config._deprecated_options}
    return {key: value for key, value in now.items() if value != config._registered_options[key].defval}


def _restore_pandas_options(value: Any, start: Start) -> None:
    import pandas

    for key in _capture_pandas_options(start).keys() - value.keys():
        pandas.reset_option(key)
    for key, option in value.items():
        pandas.set_option(key, option)


def _capture_matplotlib(_: Start) -> Any:
    import matplotlib

    return {key: value for key, value in dict.items(matplotlib.rcParams) if not key.startswith("backend")}


def _restore_matplotlib(value: Any, _: Start) -> None:
    import matplotlib

    for key, setting in value.items():
        dict.__setitem__(matplotlib.rcParams, key, setting)


def _capture_numpy_print(_: Start) -> Any:
    import numpy

    return numpy.get_printoptions()


def _restore_numpy_print(value: Any, _: Start) -> None:
    import numpy

    numpy.set_printoptions(**value)


def _capture_numpy_errors(_: Start) -> Any:
    import numpy

    return numpy.geterr()


def _restore_numpy_errors(value: Any, _: Start) -> None:
    import numpy

    numpy.seterr(**value)


def _capture_decimal(_: Start) -> Any:
    import decimal

    return decimal.getcontext().copy()


def _restore_decimal(value: Any, _: Start) -> None:
    import decimal

    decimal.setcontext(value)


CHANNELS = {
    "state.numpy_random": Channel("numpy", _capture_numpy_random, _restore_numpy_random),
    "state.random": Channel("random", _capture_random, _restore_random),
    "state.torch_random": Channel("torch", _capture_torch_random, _restore_torch_random),
    "state.environ": Channel("os", _capture_environ, _restore_environ),
    "state.cwd": Channel("os", _capture_cwd, _restore_cwd),
    "state.sys_path": Channel("sys", _capture_sys_path, _restore_sys_path),
    "state.recursion_limit": Channel("sys", _capture_recursion_limit, _restore_recursion_limit),
    "state.timezone": Channel("time", _capture_timezone, _restore_timezone),
    "state.locale": Channel("locale", _capture_locale, _restore_locale),
    "state.warnings": Channel("warnings", _capture_warnings, _restore_warnings),
    "state.logging": Channel("logging", _capture_logging, _restore_logging),
    "state.pandas_options": Channel("pandas", _capture_pandas_options, _restore_pandas_options),
    "state.matplotlib": Channel("matplotlib", _capture_matplotlib, _restore_matplotlib),
    "state.numpy_print": Channel("numpy", _capture_numpy_print, _restore_numpy_print),
    "state.numpy_errors": Channel("numpy", _capture_numpy_errors, _restore_numpy_errors),
    "state.decimal": Channel("decimal", _capture_decimal, _restore_decimal),
}
