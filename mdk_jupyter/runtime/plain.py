"""Cells without IPython: plain Python, the last expression shown, `await` and matplotlib's figures included."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import pprint
import re
import sys
import traceback
import types
from collections.abc import Mapping
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.runtime import figures
from mdk_jupyter.runtime.loop import Loop
from mdk_jupyter.runtime.outputs import Outputs

_MAGIC = re.compile(r"\s*(%|!|\?|[\w.]+\?{1,2}\s*$|\w[\w, ]*=\s*[%!])")
_TYPES = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "application/json": "_repr_json_",
}


sources: list[str] = []  # of the cells that ran so far


class MagicError(SyntaxError):
    """A cell has IPython syntax."""

    def __init__(self, error: SyntaxError, line: str) -> None:
        super().__init__(*error.args)
        message = f"the line {line[:80]!r} is IPython syntax, and the container has no IPython"
        fix = "Add `ipython` to the requirements of the component, or use an image that has it."
        self.findings = (Finding("MDK430", message, fix=fix),)


class Cells:
    """Runs cells one after the other in a module `__main__` of their own."""

    asked_to_exit = False

    def __init__(self, outputs: Outputs) -> None:
        self.count = 1  # number of the next cell
        self._outputs = outputs
        self._names: dict[str, int] = {}
        self._sources = sources
        self._loop = Loop()
        module = types.ModuleType("__main__")
        self._namespace = module.__dict__
        self._namespace["__builtins__"] = builtins
        self._earlier = sys.modules["__main__"]  # its globals are cleared when nobody has it
        sys.modules["__main__"] = module
        builtins.display = self._display  # type: ignore[attr-defined]
        figures.outputs = outputs

    def run(self, source: str) -> BaseException | None:
        """Run a cell; return the exception that ended it. It is shown by the caller, who knows the cell's name."""
        error = self._loop.run(self._run(source, self.count))
        self.count += 1
        figures.show()
        return error

    async def _run(self, source: str, count: int) -> BaseException | None:
        name = f"<mdk-cell-{count}>"
        self._names[name] = count
        source = source if source.endswith("\n") else f"{source}\n"  # as IPython has it
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        self._sources.append(source)
        try:
            body, last = _parse(source, name)
            await self._execute(compile(body, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
            if last is not None:
                code = compile(last, name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
                value = await self._execute(code)
                if value is not None:
                    builtins._ = value  # type: ignore[attr-defined]
                    self._outputs.result(*mime_bundle(value), count)
        except BaseException as error:  # SystemExit too: the caller explains it
            return error.with_traceback(_of_cells(error.__traceback__))
        return None

    async def _execute(self, code: types.CodeType) -> Any:
        value = eval(code, self._namespace)  # noqa: S307 - to run the user's code is what a step is for
        return await value if code.co_flags & inspect.CO_COROUTINE else value

    def _display(self, *values: Any, **options: Any) -> None:
        for value in values:
            self._outputs.display(*mime_bundle(value), options.get("display_id"))

    def file_names(self, counts: dict[int, Any]) -> dict[str, int]:
        """Return the names under which cells were compiled, with their execution counts."""
        return {name: count for name, count in self._names.items() if count in counts}


def _parse(source: str, name: str) -> tuple[ast.Module, ast.Expression | None]:
    """Return a cell's statements, and its last expression when it is to be shown."""
    try:
        tree = compile(source, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        lines = source.splitlines()
        line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
        if _MAGIC.match(line) or source.lstrip().startswith("%%"):
            raise MagicError(error, line.strip()) from None
        raise
    assert isinstance(tree, ast.Module)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or source.rstrip().endswith(";"):
        return tree, None
    tree.body.pop()
    return tree, ast.Expression(last.value)


def _of_cells(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Leave out the frames that only lead to the cell."""
    first = trace
    while first is not None and not first.tb_frame.f_code.co_filename.startswith("<mdk-cell-"):
        first = first.tb_next
    return first


def mime_bundle(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what an object is to look like, by MIME type, and metadata about it."""
    data: dict[str, Any] = {"text/plain": _text(value)}
    metadata: dict[str, Any] = {}
    if isinstance(value, type):
        return data, metadata
    if figures.is_figure(value):
        return {**data, "image/png": figures.png(value)}, metadata
    bundle = _ask(value, "_repr_mimebundle_")
    if bundle is not None:
        found, about = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, **found}, {**metadata, **about}
    for kind, method in _TYPES.items():
        found = _ask(value, method)
        if isinstance(found, tuple):
            found, metadata[kind] = found
        if found is not None:
            data[kind] = found
    return data, metadata


def _ask(value: Any, method: str) -> Any:
    function = getattr(type(value), method, None)
    if not callable(function):
        return None
    try:
        return function(value)
    except NotImplementedError:
        return None
    except Exception:  # as in notebooks: what cannot be drawn is written
        traceback.print_exc()
        return None


def _text(value: Any) -> str:
    if type(value) in (dict, list, tuple, set):
        return pprint.pformat(value, width=79, compact=True, sort_dicts=False)
    return repr(value)


def error_lines(error: BaseException, report: Mapping[str, Any]) -> list[str]:
    """Return what the executed notebook shows of an exception."""
    render = getattr(error, "_render_traceback_", None)
    return list(render()) if render is not None else str(report["traceback"]).splitlines()
