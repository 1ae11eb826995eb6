"""A Python script that runs the whole pipeline in one process, to read or to run where there is no kit."""

from __future__ import annotations

import ast
import io
import math
import symtable
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mdk_converters.analysis.syntax import parse_cell
from mdk_converters.conditions import parse_condition
from mdk_converters.graph import dependencies, order
from mdk_converters.loops import collected, parse_loop
from mdk_converters.spec import STATE, Parameter, ParameterType, Pipeline

_WIDTH = 100
_ARGUMENT_TYPES: dict[ParameterType, str] = {
    "int": "type=int",
    "float": "type=float",
    "bool": "action=_argparse.BooleanOptionalAction",
    "str": "type=str",
    "list": "type=_json.loads",
    "dict": "type=_json.loads",
    "none": "type=str",
}
_NEEDS_IPYTHON = """\
try:
    get_ipython
except NameError:
    raise SystemExit("some cells hold IPython syntax: run this script with ipython instead of python")
"""
_RUN = '''\
_mdk_loop = _asyncio.new_event_loop()


def _mdk_run(source):
    """Run a cell that awaits at its top level."""
    code = compile(source, "<cell>", "exec", flags=_ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    coroutine = eval(code, globals())
    if coroutine is not None:
        _mdk_loop.run_until_complete(coroutine)
'''

_LOOPS = '''\
def _mdk_take(lists):
    """Move what one run of a loop has bound into the lists."""
    for name, values in lists.items():
        if name in globals():
            values.append(globals().pop(name))


def _mdk_give(lists, runs):
    """Bind the lists. A name that some run did not bind is not bound."""
    globals().update({name: values for name, values in lists.items() if len(values) == runs})
'''

# Where the value of a name came from last: a definition, the command line, or (component, name).
_Origin: TypeAlias = str | tuple[str, str]
_COMMAND_LINE = "--"


def script_text(pipeline: Pipeline) -> str:
    """Return the script: parameters as command line options, then every component in turn.

    Definitions that several components carry are there once. Where two components use one name for different
    values, the script keeps a copy for the component that needs it.
    """
    writing = _Writing(pipeline)
    components = writing.components()
    return "\n\n".join(["\n\n".join(_header(pipeline, writing)), *components]) + "\n"


@dataclass(frozen=True, slots=True)
class _Code:
    """A source as the script has it, and what the script must know of it."""

    text: str
    binds: frozenset[str]
    future: tuple[str, ...]  # what it imports from __future__, which only works at the top of a script
    ipython: bool  # whether it only runs under IPython
    awaits: bool
    displays: bool


class _Writing:
    """The components as script, and what the header must provide for them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._order = order(pipeline)
        self.definitions = {name: _code(d.source) for name, d in pipeline.definitions.items()}
        self.cells = {
            name: [_code(cell.source) for cell in component.cells] for name, component in pipeline.components.items()
        }
        self._waits = dependencies(pipeline)
        self.skippable = _skippable(pipeline, self._order, self._waits)
        self._kept: dict[tuple[str, str], str] = {}  # outputs that need a copy, and the copy's name

    def codes(self) -> Iterator[_Code]:
        yield from self.definitions.values()
        for cells in self.cells.values():
            yield from cells

    @property
    def keeps_copies(self) -> bool:
        return bool(self._kept)

    def components(self) -> list[str]:
        """Return the text of every component, in order."""
        self._texts()  # finds which outputs need a copy
        return self._texts()

    def _texts(self) -> list[str]:
        origins: dict[str, _Origin] = dict.fromkeys(self._pipeline.parameters, _COMMAND_LINE)
        texts = []
        for name in self._order:
            title = f"# --- component: {_one_line(name)} "
            blocks = [block for block in self._steered(name, origins) if block]
            texts.append("\n\n".join([f"\n{title:-<{_WIDTH}}", *blocks]))
        return texts

    def _steered(self, name: str, origins: dict[str, _Origin]) -> Iterator[str]:
        """Yield a component's code behind its condition, if it may be skipped."""
        component = self._pipeline.components[name]
        if component.control:
            yield "\n".join(self._received(component.control, origins))
        if name not in self.skippable:
            yield from self._blocks(name, origins)
            return
        needed = [f"_mdk_ran[{other!r}]" for other in self._order if other in self._waits[name] & self.skippable]
        condition = [parse_condition(component.when).text] if component.when is not None else []
        if needed:
            condition = [f"({text})" for text in condition]
        before = dict(origins)
        body = [_indented(block) for block in self._blocks(name, origins) if block]
        # Of what is done only here, nothing is sure afterwards, but for those who are skipped as well.
        for variable, origin in list(origins.items()):
            if before.get(variable) != origin and origin[0] != name:
                del origins[variable]
        yield f"_mdk_ran[{name!r}] = {' and '.join([*needed, *condition])}"
        yield "\n\n".join([f"if _mdk_ran[{name!r}]:", *body])
        yield f"else:\n    print({_one_line(f'{name} is skipped')!r})"

    def _blocks(self, name: str, origins: dict[str, _Origin]) -> Iterator[str]:
        """Yield a component's code, keeping record in `origins` of where the value of each name is from."""
        component = self._pipeline.components[name]
        yield _comment(component.description or "")
        if component.env:
            yield f"_os.environ.update({_literal(component.env)})"
        changed = [parameter for parameter in component.parameters if origins.get(parameter) != _COMMAND_LINE]
        yield "\n".join(f"{parameter} = _mdk_arguments.{parameter}" for parameter in changed)
        origins |= dict.fromkeys(changed, _COMMAND_LINE)
        for definition in component.definitions:
            code = self.definitions[definition]
            if not code.binds or any(origins.get(bound) != definition for bound in code.binds):
                yield code.text
                origins |= dict.fromkeys(code.binds, definition)
        yield "\n".join(self._received(component.inputs, origins))
        yield from self._cells(name)
        bound = {bound for code in self.cells[name] for bound in code.binds}
        item = {parse_loop(component.foreach).item} if component.foreach is not None else set()
        origins |= {variable: (name, variable) for variable in {*bound, *item, *component.outputs}}
        copies = [(output, copy) for (producer, output), copy in self._kept.items() if producer == name]
        yield "\n".join(f"{copy} = _copy.deepcopy({output})" for output, copy in copies)

    def _cells(self, name: str) -> Iterator[str]:
        """Yield a component's cells, in a loop if it is repeated."""
        component, texts = self._pipeline.components[name], [code.text for code in self.cells[name]]
        if component.foreach is None:
            yield from texts
            return
        loop = parse_loop(component.foreach)
        names = dict.fromkeys([*(n for code in self.cells[name] for n in _collected(code.text, loop.item))])
        yield f"_mdk_lists = {{{', '.join(f'{bound!r}: []' for bound in names)}}}"
        body = "\n\n".join(_indented(text) for text in [*texts, "_mdk_take(_mdk_lists)"] if text)
        yield f"for {loop.text}:\n{body}"
        yield f"_mdk_give(_mdk_lists, len({loop.items}))\nglobals().pop({loop.item!r}, None)"

    def _received(self, sources: Mapping[str, str], origins: dict[str, _Origin]) -> Iterator[str]:
        """Yield assignments of those names, by where they are from, that do not have the wanted value already."""
        for variable, source in sources.items():
            producer, _, output = source.partition(".")
            if variable.startswith(STATE) or origins.get(variable) == (producer, output):
                continue
            copy = self._kept.setdefault((producer, output), f"_mdk_kept_{len(self._kept) + 1}")
            yield f"{variable} = _copy.deepcopy({copy})  # {output} of {producer}"
            origins[variable] = (producer, output)


def _header(pipeline: Pipeline, writing: _Writing) -> list[str]:
    """Return what must come before the components, block by block."""
    metadata = pipeline.metadata
    codes = list(writing.codes())
    ipython = any(code.ipython for code in codes)
    awaits = any(code.awaits for code in codes)
    parameters = pipeline.parameters
    file = f"{metadata.name}.pipeline.py"
    command = f"ipython {file} -- --help" if ipython else f"python {file} --help"
    about = [
        f"The components of the pipeline {metadata.name}, one after the other in one process.",
        *([metadata.description] if metadata.description else []),
        *([f"Made from {metadata.notebook}: change that, then make this anew."] if metadata.notebook else []),
        f"How to run it: {command}",
        *(["Some cells hold IPython syntax, so that plain python is not enough."] if ipython else []),
        "Resources, images, secrets, retries and time limits have no meaning in a script.",
    ]
    imports = {
        "argparse": bool(parameters),
        "ast": awaits,
        "asyncio": awaits,
        "copy": writing.keeps_copies,
        "json": any(p.type in ("list", "dict") for p in parameters.values()),
        "os": any(component.env for component in pipeline.components.values()),
    }
    future = sorted({name for code in codes for name in code.future})
    needed = [f"import {module} as _{module}" for module, is_needed in imports.items() if is_needed]
    blocks = [
        "\n".join(map(_comment, about)),
        f"from __future__ import {', '.join(future)}" if future else "",
        "\n".join(needed),
        "from IPython.display import display" if any(code.displays for code in codes) else "",
        _NEEDS_IPYTHON if ipython else "",
        _options(parameters) if parameters else "",
        _RUN if awaits else "",
        "_mdk_ran = {}" if writing.skippable else "",
        _LOOPS if any(component.foreach for component in pipeline.components.values()) else "",
    ]
    return [block.rstrip("\n") for block in blocks if block]


def _skippable(pipeline: Pipeline, ranked: list[str], waits: Mapping[str, set[str]]) -> set[str]:
    """Return the components that have a condition, or wait for one that has."""
    found: set[str] = set()
    for name in ranked:
        if pipeline.components[name].when is not None or waits[name] & found:
            found.add(name)
    return found


def _options(parameters: dict[str, Parameter]) -> str:
    lines = ["_mdk_parser = _argparse.ArgumentParser(allow_abbrev=False, conflict_handler='resolve')"]
    for name, parameter in parameters.items():
        default = "required=True" if parameter.required else f"default={_literal(parameter.default)}"
        parts = [repr(f"--{name}"), _ARGUMENT_TYPES[parameter.type], default]
        if parameter.description:
            parts.append(f"help={parameter.description.replace('%', '%%')!r}")
        lines.append(f"_mdk_parser.add_argument({', '.join(parts)})")
    lines.append("_mdk_arguments = _mdk_parser.parse_args()")
    return "\n".join([*lines, *(f"{name} = _mdk_arguments.{name}" for name in parameters)])


def _code(source: str) -> _Code:
    text, ipython = _python(source)
    try:
        nodes = [statement.node for statement in parse_cell(source)]
    except SyntaxError:
        nodes = []  # the script fails there, as the notebook does
    parsed = ast.parse(text).body if _parses(text) else []
    future = [n for n in parsed if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    text = _without(text, future)
    awaits = _awaits(text)
    return _Code(
        _awaited(text) if awaits else text,
        _bound(ast.unparse(ast.Module(nodes, []))),
        tuple(alias.name for node in future for alias in node.names),
        ipython,
        awaits,
        any(isinstance(n, ast.Name) and n.id == "display" for node in nodes for n in ast.walk(node)),
    )


def _python(source: str) -> tuple[str, bool]:
    """Return the source as Python, and whether it needed IPython's rewriting."""
    if _parses(source):
        return source.rstrip("\n"), False
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        text: str = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
    except SyntaxError:
        return source, True
    return text.rstrip("\n"), "get_ipython()" in text


def _parses(text: str) -> bool:
    return _compiles(text, ast.PyCF_ONLY_AST)


def _awaits(text: str) -> bool:
    return not _compiles(text) and _compiles(text, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def _compiles(text: str, flags: int = 0) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "<cell>", "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _awaited(text: str) -> str:
    lines = "\n".join(f"    {line!r}" for line in text.splitlines(keepends=True))
    return f"_mdk_run(\n{lines}\n)"


def _without(text: str, nodes: list[ast.ImportFrom]) -> str:
    """Take statements out of a source; where one shares its line, `pass` comes in its place."""
    lines = text.encode().split(b"\n")
    for node in reversed(nodes):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
        lines[first : last + 1] = [before + b"pass" + after] if (before + after).strip() else []
    return b"\n".join(lines).decode()


def _bound(text: str) -> frozenset[str]:
    """Return the names that a source binds or deletes at its top level, or from inside of a function."""
    found: set[str] = set()
    tables = [symtable.symtable(text, "<cell>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        at_top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if (symbol.is_assigned() or symbol.is_imported()) and (at_top or symbol.is_declared_global()):
                found.add(symbol.get_name())
    return frozenset(found)


def _literal(value: Any) -> str:
    """Return the value as Python code."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(part)}" for key, part in value.items()) + "}"
    return repr(value)


def _collected(text: str, item: str) -> tuple[str, ...]:
    return collected(ast.parse(text).body, item) if _parses(text) else ()


def _indented(text: str) -> str:
    """Put a source into a block. Lines that begin within a text of several lines stay as they are."""
    inside: set[int] = set()
    starts: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = tokenize.tok_name[token.type]
            if kind == "STRING":
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
            elif kind.endswith("STRING_START"):  # since Python 3.12 texts with {values} are several tokens
                starts.append(token.start[0])
            elif kind.endswith("STRING_END"):
                inside.update(range(starts.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError):
        pass  # the script fails there, as the notebook does
    lines = text.splitlines(keepends=True)
    return "".join(
        line if number in inside or not line.strip() else f"    {line}" for number, line in enumerate(lines, 1)
    )


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
