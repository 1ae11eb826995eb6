"""IPython cells -> Python statements. Cells are parsed, never executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container
from dataclasses import dataclass

# Cell magics whose body is Python that runs in the notebook's namespace.
PYTHON_CELL_MAGICS = frozenset(
    {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "component", "skip_on_error"}
)
# Cell magics whose body does not see the notebook's names, beyond {name} and $name.
PROGRAM_CELL_MAGICS = frozenset(
    {"bash", "sh", "script", "system", "sx", "!", "cmd", "perl", "ruby", "python", "python2", "python3", "pypy"}
)
SHOWN_CELL_MAGICS = frozenset({"html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG"})
FOREIGN_CELL_MAGICS = PROGRAM_CELL_MAGICS | SHOWN_CELL_MAGICS | {"writefile", "file", "powershell"}
_AUTOMAGICS = frozenset(
    [
        "pip",
        "conda",
        "mamba",
        "ls",
        "ll",
        "pwd",
        "cd",
        "cat",
        "cp",
        "mv",
        "rm",
        "mkdir",
        "rmdir",
        "time",
        "timeit",
        "who",
        "whos",
        "who_ls",
        "env",
        "history",
        "hist",
        "matplotlib",
        "load_ext",
        "reload_ext",
        "config",
        "precision",
        "reset",
        "run",
        "store",
        "pylab",
        "man",
        "less",
        "more",
        "lsmagic",
        "magic",
        "pinfo",
        "pdoc",
        "psource",
    ]
)
_TIMED_LINE_MAGICS = frozenset({"time", "timeit", "prun", "memit", "lprun", "mprun"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One top-level statement of a cell. `line` counts from 1 in the cell; `source` is its text as written."""

    node: ast.stmt
    source: str
    line: int


def parse_cell(source: str) -> list[Statement]:
    """Return the top-level statements of a cell, magics and shell lines included.

    Magics are calls on `get_ipython()`, as IPython itself rewrites them; the body of a Python cell magic such as
    `%%time` stands in place of the magic.

    Raises:
        SyntaxError: neither Python nor IPython accepts the cell. `lineno` counts from 1 in the cell.

    Example:
        >>> [type(s.node).__name__ for s in parse_cell("%time x = 1")]
        ['Assign']
    """
    try:
        return _statements(_parse(source), source, source, 0)
    except SyntaxError as error:
        if not _looks_like_ipython(source):
            raise
        return _parse_ipython(source, error)


def with_percent(source: str, names: Container[str]) -> str:
    """Write out IPython's automagic: a cell of one line that begins with a line magic which no variable hides.

    Example:
        >>> with_percent("pip install lxml", {})
        '%pip install lxml'
    """
    line = source.strip()
    word, _, rest = line.partition(" ")
    if "\n" in line or word not in _AUTOMAGICS or word in names or rest.lstrip()[:1] in {"=", ","}:
        return source
    return f"%{line}"


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except ValueError as error:  # null bytes
            raise SyntaxError(str(error)) from None
        except (RecursionError, MemoryError):
            raise SyntaxError("too deeply nested to read") from None


def _looks_like_ipython(source: str) -> bool:
    """Tell cheaply whether IPython might rewrite the cell: only then its import is paid for."""
    lines = source.splitlines()
    return any(
        stripped.startswith(("%", "!", "?", ">>>", "...", "In [", "/", ",", ";"))
        or stripped.endswith("?")
        or "= %" in line
        or "=%" in line
        or "= !" in line
        or "=!" in line
        for line in lines
        if (stripped := line.strip())
    ) or bool(lines and any(line[:1] in " \t" for line in lines))


def _parse_ipython(source: str, error: SyntaxError) -> list[Statement]:
    from IPython.core.inputtransformer2 import TransformerManager

    lines = source.split("\n")
    blank = next((i for i, line in enumerate(lines) if line.strip()), 0)  # IPython drops leading empty lines
    original = "\n".join(lines[blank:])
    try:
        text = TransformerManager().transform_cell(original)  # type: ignore[no-untyped-call]
    except SyntaxError:
        raise error from None
    tree = _parse(text)
    same_lines = text.rstrip("\n").count("\n") == original.rstrip("\n").count("\n")
    found: list[Statement] = []
    for statement in _statements(tree, text, original if same_lines else text, blank):
        found.extend(_unfold(statement, blank))
    return found


def _statements(tree: ast.Module, text: str, written: str, offset: int) -> list[Statement]:
    """Cut a module into statements; `written` has the same lines as `text`, before IPython rewrote it."""
    written_lines = written.split("\n")
    found = []
    for node in tree.body:
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)])
        last = node.end_lineno or node.lineno
        shares_line = any(
            other is not node and other.lineno <= last and (other.end_lineno or other.lineno) >= first
            for other in _neighbours(tree.body, node)
        )
        if shares_line or node.col_offset:
            segment = ast.get_source_segment(text, node) or ""
        else:
            segment = "\n".join(written_lines[first - 1 : last])
        found.append(Statement(node, segment, first + offset))
        if offset:
            ast.increment_lineno(node, offset)
    return found


def _neighbours(body: list[ast.stmt], node: ast.stmt) -> list[ast.stmt]:
    index = body.index(node)
    return body[max(0, index - 1) : index + 2]


def magic_call(node: ast.AST) -> tuple[str, list[str]] | None:
    """Return (method, string arguments) of a `get_ipython().method(...)` call, else None."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "get_ipython"
    ):
        return node.func.attr, [
            a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else "" for a in node.args
        ]
    return None


def is_shell(node: ast.expr) -> bool:
    """Tell whether an expression is `get_ipython()` or something in it."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython"


def _unfold(statement: Statement, offset: int) -> list[Statement]:
    """Put the Python inside `%%time`, `%time` and the like in the place of the magic."""
    call = magic_call(statement.node.value) if isinstance(statement.node, ast.Expr) else None
    if call is None or not call[1]:
        return [statement]
    method, arguments = call
    name = arguments[0]
    if method == "run_cell_magic" and name in PYTHON_CELL_MAGICS and len(arguments) == 3:
        body = arguments[2]
        inner = [Statement(_shift(s.node, statement.line), s.source, s.line + statement.line) for s in parse_cell(body)]
        if name == "timeit":
            return [_setup(arguments[1], statement), *inner] if arguments[1].strip() else inner
        captured = [word for word in arguments[1].split() if not word.startswith("-")]
        if name == "capture" and captured and captured[0].isidentifier():
            inner.append(_captured(captured[0], statement))
        return inner
    if method == "run_line_magic" and name in _TIMED_LINE_MAGICS and len(arguments) == 2:
        code = _without_options(arguments[1])
        try:
            nodes = _parse(code).body
        except SyntaxError:
            return [statement]
        return [Statement(_shift(node, statement.line - 1), statement.source, statement.line) for node in nodes]
    return [statement]


def _setup(code: str, statement: Statement) -> Statement:
    try:
        body = _parse(_without_options(code)).body
    except SyntaxError:
        body = []
    node = ast.If(test=ast.Constant(True), body=body or [ast.Pass()], orelse=[])
    return Statement(ast.fix_missing_locations(ast.copy_location(node, statement.node)), "", statement.line)


def _captured(name: str, statement: Statement) -> Statement:
    value = ast.Call(func=ast.Name("get_ipython", ast.Load()), args=[], keywords=[])
    node = ast.Assign(targets=[ast.Name(name, ast.Store())], value=value)
    return Statement(ast.fix_missing_locations(ast.copy_location(node, statement.node)), "", statement.line)


def _without_options(line: str) -> str:
    """Drop leading options such as `-n 10 -r3 -o` of a magic line."""
    words = line.lstrip()
    while words.startswith("-"):
        option, _, rest = words.partition(" ")
        words = rest.lstrip()
        if option in {"-n", "-r", "-f", "-s", "-l", "-t", "-T", "-D"} and words[:1].isalnum():
            words = words.partition(" ")[2].lstrip() if option in {"-n", "-r", "-f", "-s", "-l", "-T", "-D"} else words
    return words


def _shift(node: ast.stmt, lines: int) -> ast.stmt:
    ast.increment_lineno(node, lines)
    return node
