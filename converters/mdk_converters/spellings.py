"""The kit's own dialect in its three spellings: cell tags, `metadata.mdk`, and the `%%component` line."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import takewhile
from typing import Any, Literal

from mdk_converters.components import Role, RoleKind, join_components
from mdk_converters.findings import Finding, NotebookError, Place
from mdk_converters.heeding import unheeded
from mdk_converters.notebook import Cell, Notebook
from mdk_converters.options import COMPONENT_OPTIONS, OPTIONS_BY_WORD, Option, Options, merge_options

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_ROLE_TAGS: Mapping[str, RoleKind] = {"parameters": "parameters", "skip": "skip"}
_RESOURCES = ("cpu", "memory", "gpu")

Style = Literal["tags", "metadata", "magic"]
"""The three spellings: cell tags, `metadata.mdk`, and the `%%component` line."""
_FIRST_LINE = re.compile(r"\s*%%component(?=\s|$)")


def own_roles(notebook: Notebook) -> tuple[list[Role], list[Finding]]:
    """Return the role of every code cell, and what is wrong with what the cells say."""
    findings: list[Finding] = []
    found = [_role(notebook, cell, findings) for cell in notebook.cells if cell.kind == "code"]
    findings += _parameter_cells(notebook, found)
    findings += _idle_tags(notebook)
    joined = join_components(notebook, found, findings)
    return joined, [*findings, *unheeded(notebook, joined)]


def parse_component_line(line: str) -> tuple[str, Options]:
    """Read what follows `%%component`.

    Raises:
        NotebookError: the line is unusable (MDK110, MDK111, MDK112, MDK113, MDK120).

    Example:
        >>> name, options = parse_component_line("train --cpu 4 --after load,clean")
        >>> name, options.cpu, options.after
        ('train', 4.0, ('load', 'clean'))
    """
    findings: list[Finding] = []
    text = f"%%component {line.strip()}".rstrip()
    statement = _read_line(text, Place(line=1, text=text), findings)
    if findings or statement.component is None:
        raise NotebookError(findings)
    return statement.component, Options(**statement.values)


def style_of(notebook: Notebook) -> Style:
    """Return how most of the notebook's cells say what they are; `tags` where none says anything.

    Example:
        >>> from mdk_converters.notebook import parse_notebook
        >>> style_of(parse_notebook("# %%\n%%component load\nx = 1\n", path="a.py"))
        'magic'
    """
    count: dict[Style, int] = {"tags": 0, "metadata": 0, "magic": 0}
    for cell in notebook.cells:
        if cell.kind == "code":
            count["tags"] += any(tag in _ROLE_TAGS or tag.startswith("component:") for tag in cell.tags)
            count["metadata"] += "mdk" in cell.metadata
            count["magic"] += component_line(cell.source)[0] is not None
    return max(count, key=lambda style: count[style])


@dataclass(slots=True)
class _Statement:
    """What one spelling says about a cell."""

    spelling: str
    place: Place
    kinds: dict[RoleKind, str] = field(default_factory=dict)  # with the words that say it
    component: str | None = None
    values: dict[str, Any] = field(default_factory=dict)  # by field of Options
    words: dict[str, str] = field(default_factory=dict)  # by field of Options, as written

    def name(self, name: Any, written: str, findings: list[Finding], place: Place | None = None) -> None:
        self.kinds["component"] = written
        problem = _name_problem(name)
        if problem is not None:
            findings.append(replace(problem, place=place or self.place))
        elif self.component not in (None, name):
            message = f"the {self.spelling} name two components, {self.component} and {name}"
            fix = "a cell belongs to one component; split the cell or keep one name"
            findings.append(Finding("MDK118", message, place or self.place, fix, names=(str(self.component), name)))
        else:
            self.component = name

    def put(self, option: Option, raw: Any, written: str, findings: list[Finding], place: Place | None = None) -> None:
        """Read one value; a list or mapping of several only where the option takes several."""
        place = place or self.place
        try:
            value = option.read(raw)
        except ValueError as wanted:
            message = f"`{written}` is no usable {option.word}: {wanted}"
            fix = f"for example {_spelled(self.spelling, option)}"
            findings.append(Finding("MDK111", message, place, fix, names=(option.word,)))
            return
        before = self.values.get(option.field)
        if before is None:
            self.values[option.field], self.words[option.field] = value, written
            return
        merged, differing = merge_options(Options(**{option.field: before}), Options(**{option.field: value}))
        self.values[option.field] = getattr(merged, option.field)
        if differing:
            message = f"`{self.words[option.field]}` and `{written}` cannot both hold"
            findings.append(Finding("MDK112", message, place, "keep one of them", names=(option.word,)))


def _spelled(spelling: str, option: Option) -> str:
    if spelling == "tags":
        return f"{option.word}:{option.example}"
    if spelling == "metadata.mdk":
        return f'"{option.word}": "{option.example}"'
    return option.flag


def _role(notebook: Notebook, cell: Cell, findings: list[Finding]) -> Role:
    """Return the role of one cell by itself, with its own options."""
    statements = [_read_tags(notebook, cell, findings)]
    if "mdk" in cell.metadata:
        statements.append(_read_metadata(notebook, cell, findings))
    line, offset, source = component_line(cell.source)
    said = None
    if line is not None:
        statement = _read_line(line, notebook.place(cell, offset), findings)
        statements.append(statement)
        said = Options(**statement.values)
    kind, component = _agree_on_role(statements, findings)
    options = _agree_on_options(statements, findings)
    place = notebook.place(cell)
    if options != Options() and not any("component" in s.kinds for s in statements):
        words = [word for s in statements for word in s.words.values()]
        message = f"the cell has options of a component ({', '.join(words)}) but belongs to none"
        findings.append(Finding("MDK119", message, place, "tag it component:NAME as well", names=tuple(words)))
    if kind != "component":
        component, options = None, Options()
    if (language := _other_language(cell)) is not None and kind != "skip":
        findings.append(_foreign(language, kind, place))
        kind = "skip" if kind == "exploration" else kind
    if line is None and (hidden := _hidden_line(cell.source)) is not None:
        message = "%%component must be the first line of its cell"
        findings.append(Finding("MDK120", message, notebook.place(cell, hidden, 1), "move the line to the top"))
    return Role(kind, cell, source, component, options, offset, line=said)


def _foreign(language: str, kind: RoleKind, place: Place) -> Finding:
    fix = "set the cell's language to Python if that is what it holds"
    if kind == "exploration":
        return Finding("MDK108", f"a cell in {language} is left out", place, fix, "note")
    message = f"a {kind} cell is in {language}, which a Python kernel does not run"
    return Finding("MDK108", message, place, fix)


def _hidden_line(source: str) -> int | None:
    """Return the number of a `%%component` line below comments or other cell magics, where IPython passes over it."""
    for number, line in enumerate(source.split("\n"), 1):
        if _FIRST_LINE.match(line):
            return number
        if line.strip() and not line.lstrip().startswith(("#", "%%")):
            return None
    return None


def component_line(source: str) -> tuple[str | None, int, str]:
    """Split a cell into its `%%component` line, the number of lines up to and with it, and the rest."""
    lines = source.split("\n")
    blank = len(list(takewhile(lambda line: not line.strip(), lines)))
    if blank == len(lines) or not _FIRST_LINE.match(lines[blank]):
        return None, 0, source
    return lines[blank], blank + 1, "\n".join(lines[blank + 1 :])


def _read_tags(notebook: Notebook, cell: Cell, findings: list[Finding]) -> _Statement:
    place = notebook.place(cell)
    statement = _Statement("tags", place)
    for tag in cell.tags:
        word, colon, value = (part.strip() for part in tag.partition(":"))
        if tag in _ROLE_TAGS:
            statement.kinds[_ROLE_TAGS[tag]] = tag
        elif tag == "injected-parameters":
            statement.kinds["skip"] = tag
            message = "the values that papermill wrote into this notebook are left out"
            findings.append(Finding("MDK123", message, place, "pass parameters to the run instead", "note"))
        elif word == "component" and colon:
            statement.name(value, tag, findings)
        elif word in OPTIONS_BY_WORD and colon:
            statement.put(OPTIONS_BY_WORD[word], value, tag, findings)
        elif (meant := _meant(tag)) is not None:
            fix = f"write {meant}"
            message = f"the tag `{tag}` is none of this kit's tags, but looks like {meant}"
            findings.append(Finding("MDK110", message, place, fix, names=(tag,)))
    return statement


def _meant(tag: str) -> str | None:
    """Return the tag that was meant by one that is nearly ours; other tools' tags are left alone."""
    word, colon, value = (part.strip() for part in tag.partition(":"))
    if colon:
        match = get_close_matches(word.lower(), ["component", *OPTIONS_BY_WORD], 1, 0.8)
        return f"{match[0]}:{value}" if match else None
    if re.match(r"components?\b", tag.lower()):
        return "component:NAME"
    match = get_close_matches(tag.lower(), ["parameters", "skip"], 1, 0.85)
    return match[0] if match else None


def _read_metadata(notebook: Notebook, cell: Cell, findings: list[Finding]) -> _Statement:
    place = notebook.place(cell)
    statement = _Statement("metadata.mdk", place)
    said = cell.metadata["mdk"]
    if not isinstance(said, dict):
        message = f"the cell's metadata.mdk is a {type(said).__name__}, not an object"
        findings.append(Finding("MDK122", message, place, 'write for example {"component": "train"}'))
        return statement
    resources = said.get("resources") or {}
    if not isinstance(resources, dict):
        message = "the resources in the cell's metadata.mdk are not an object"
        findings.append(Finding("MDK122", message, place, 'write for example "resources": {"cpu": 4}'))
        resources = {}
    entries = [(k, k, v) for k, v in said.items() if k != "resources"]
    entries += [(k if k in _RESOURCES else "", f"resources.{k}", v) for k, v in resources.items()]
    for word, written, value in entries:
        if value is None or value in ("", [], {}):  # what an emptied form field leaves behind
            continue
        shown = f"{written}: {json.dumps(value, ensure_ascii=False)}"
        if word == "component":
            statement.name(value, shown, findings)
        elif word in _ROLE_TAGS and isinstance(value, bool):
            statement.kinds.update({_ROLE_TAGS[word]: shown} if value else {})
        elif word in OPTIONS_BY_WORD:
            statement.put(OPTIONS_BY_WORD[word], value, shown, findings)
        elif word in _ROLE_TAGS:
            message = f"`{shown}` in metadata.mdk must be true or false"
            findings.append(Finding("MDK111", message, place, f'write "{word}": true', names=(word,)))
        else:
            known = [f"resources.{k}" for k in _RESOURCES] if "." in written else ["component", *OPTIONS_BY_WORD]
            findings.append(_unknown(written, place, "the key", known))
    return statement


def _read_line(text: str, place: Place, findings: list[Finding]) -> _Statement:
    """Read a whole `%%component` line."""
    statement = _Statement("%%component line", place)
    head = _FIRST_LINE.match(text)
    at = head.end() if head else 0
    try:
        words = shlex.split(text[at:])
    except ValueError as error:
        message = f"the %%component line cannot be read: {str(error).lower()}"
        findings.append(Finding("MDK120", message, place, "close the quotes"))
        statement.kinds["component"] = text
        return statement
    named = False
    while words:
        word = words.pop(0)
        here, at = _seek(text, word, at)
        spot = replace(place, column=here + 1)
        if not word.startswith("-"):
            if named:
                message = f"`{word}` is one word too many after the component's name"
                fix = "quote values that contain spaces; each option begins with --"
                findings.append(Finding("MDK120", message, spot, fix, names=(word,)))
            else:
                statement.name(word, text.strip(), findings, spot)
            named = True
            continue
        flag, equals, value = word.partition("=")
        option = OPTIONS_BY_WORD.get(flag.removeprefix("--")) if flag.startswith("--") else None
        if not equals and words and not words[0].startswith("--"):
            value, equals = words.pop(0), "="
            _, at = _seek(text, value, at)
        if option is None:
            findings.append(_unknown(flag, spot, "the option", [f"--{w}" for w in OPTIONS_BY_WORD]))
        elif not equals:
            message = f"the option {flag} has no value"
            fix = f"write for example {option.flag}"
            findings.append(Finding("MDK120", message, spot, fix, names=(option.word,)))
        else:
            statement.put(option, value, f"{flag} {value}", findings, spot)
    if not named:
        message = "the %%component line names no component"
        findings.append(Finding("MDK120", message, place, "write %%component NAME"))
        statement.kinds["component"] = text.strip()
    return statement


def _seek(text: str, word: str, at: int) -> tuple[int, int]:
    """Find a word of the line; quoting may hide it, then stay."""
    here = text.find(word, at)
    return (here, here + len(word)) if here >= 0 else (at, at)


def _unknown(word: str, place: Place, what: str, known: Sequence[str]) -> Finding:
    match = get_close_matches(word, known, 1, 0.6)
    fix = f"did you mean {match[0]}?" if match else f"the options are {', '.join(COMPONENT_OPTIONS)}"
    return Finding("MDK110", f"{what} `{word}` is unknown", place, fix, names=(word,))


def _name_problem(name: Any) -> Finding | None:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return None
    if not isinstance(name, str) or not name:
        return Finding("MDK113", "the component has no name", fix="write component:NAME")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    suggestion = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")
    if suggestion and not suggestion[0].isalpha():
        suggestion = f"step-{suggestion}"
    return Finding(
        "MDK113",
        f"`{name}` cannot be the name of a component: letters, digits, - and _, beginning with a letter",
        fix=f"call it for example {suggestion or 'train'}",
        names=(name,),
    )


def _agree_on_role(statements: list[_Statement], findings: list[Finding]) -> tuple[RoleKind, str | None]:
    """Return the one role that all spellings give, or report that they differ."""
    said = [(kind, s) for s in statements for kind in s.kinds]
    if not said:
        return "exploration", None
    kind, first = said[0]
    for other_kind, other in said[1:]:
        if other_kind != kind:
            two = f"`{first.kinds[kind]}` and `{other.kinds[other_kind]}`"
            code, where = ("MDK118", "") if first is other else ("MDK112", _between(first, other))
            message = f"the cell cannot have two roles, {two}{where}"
            findings.append(Finding(code, message, other.place, "keep one of them"))
            break
    names = [s for s in statements if s.component is not None]
    for other in names[1:]:
        if other.component != names[0].component:
            two = f"{names[0].component} and {other.component}"
            message = f"the cell belongs to two components, {two}{_between(names[0], other)}"
            pair = (str(names[0].component), str(other.component))
            findings.append(Finding("MDK112", message, other.place, "give one name in both", names=pair))
            break
    component = names[0].component if names else None
    if kind == "component" and component is None:
        return "skip", None  # its name is unusable, which is reported
    return kind, component


def _agree_on_options(statements: list[_Statement], findings: list[Finding]) -> Options:
    """Return the options of all spellings; an option that two of them give must be the same in both."""
    values: dict[str, tuple[_Statement, Any]] = {}
    for statement in statements:
        for name, value in statement.values.items():
            first, before = values.setdefault(name, (statement, value))
            same = set(before) == set(value) if isinstance(value, tuple) else before == value
            if not same:
                two = f"`{first.words[name]}` and `{statement.words[name]}`"
                message = f"{two} disagree{_between(first, statement)}"
                word = OPTIONS_BY_WORD[name].word
                findings.append(
                    Finding("MDK112", message, statement.place, "give it once, or the same in both", names=(word,))
                )
    return Options(**{name: value for name, (_, value) in values.items()})


def _between(first: _Statement, second: _Statement) -> str:
    return f" (in the {first.spelling} and the {second.spelling})"


def _other_language(cell: Cell) -> str | None:
    """Return the language that VS Code notes for a cell, if it is none that the Python kernel runs."""
    editor = cell.metadata.get("vscode")
    language = editor.get("languageId") if isinstance(editor, dict) else None
    if not isinstance(language, str) or language.lower() in ("", "python", "plaintext"):
        return None
    return None if cell.source.lstrip().startswith("%%") else language


def _idle_tags(notebook: Notebook) -> Iterable[Finding]:
    for cell in notebook.cells:
        named = [tag for tag in cell.tags if tag.startswith("component:")]
        if cell.kind != "code" and named:
            message = f"the tag `{named[0]}` has no effect on a {cell.kind} cell"
            yield Finding("MDK124", message, notebook.place(cell), "tag the code cells", "warning", tuple(named))


def _parameter_cells(notebook: Notebook, found: list[Role]) -> Iterable[Finding]:
    cells = [role.cell for role in found if role.kind == "parameters"]
    for cell in cells[1:]:
        message = f"a second parameters cell: cell {cells[0].number} is one already"
        yield Finding("MDK117", message, notebook.place(cell), "move its assignments there")
