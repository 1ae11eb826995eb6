"""What a cell is for: one grammar in three spellings (tags, `metadata.mdk`, `%%component`)."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import takewhile
from typing import Any, Literal

from mdk_converters.findings import Finding, NotebookError, Place
from mdk_converters.notebook import Cell, Notebook
from mdk_converters.quantities import gpu_type_and_count, memory_bytes, seconds

RoleKind = Literal["component", "parameters", "skip", "exploration"]


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a component. `None` and empty mean: not given."""

    after: tuple[str, ...] = ()
    cpu: float | None = None
    memory: str | None = None
    gpu: str | None = None  # TYPE:COUNT
    image: str | None = None
    retries: int | None = None
    timeout: str | None = None  # "30m", "2h", "90s"
    cache: bool | None = None
    description: str | None = None
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()  # names that the component changes in place, where no reading can tell
    outputs: tuple[str, ...] = ()  # names to keep although nobody reads them
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)  # environment variable -> SECRET or SECRET:KEY
    metrics: tuple[str, ...] = ()  # outputs to log as metrics


@dataclass(frozen=True, slots=True)
class Role:
    """The role of one code cell. `source` is the cell without its `%%component` line.

    `line_offset` is how many lines of the cell come before `source`: messages name the cell's own lines.
    `carry` marks cells (Kale's `imports` and `functions`) whose every statement is carried.
    `options` are those of the whole component: every role of one component has the same.
    """

    kind: RoleKind
    cell: Cell
    source: str
    component: str | None = None
    options: Options = Options()
    line_offset: int = 0
    carry: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a component: its word in tags, flags and `metadata.mdk`, and how its value is read.

    `parse` takes what is written (text, or a JSON value) and raises ValueError with what is wanted instead.
    """

    word: str
    field: str  # of Options; also accepted as the word
    example: str
    help: str
    parse: Callable[[Any], Any]
    many: Literal["", "list", "map"] = ""
    commas: bool = False  # several values in one text, apart by commas


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write some text")
    return value.strip()


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or re.search(r"\s", value.strip()):
        raise ValueError("write one word without spaces")
    return value.strip()


def _cpu(value: Any) -> float:
    text = str(value).strip()
    milli = re.fullmatch(r"\d{1,9}m", text, re.ASCII)
    plain = re.fullmatch(r"\d{1,6}(\.\d{1,6})?|\.\d{1,6}", text, re.ASCII)
    number = int(text[:-1]) / 1000 if milli else float(text) if plain else 0.0
    if number <= 0:
        raise ValueError("write a number of processors such as 4 or 0.5")
    return number


def _memory(value: Any) -> str:
    text = str(value).strip()
    memory_bytes(text)
    return text


def _gpu(value: Any) -> str:
    text = str(value).strip()
    if re.fullmatch(r"[1-9]\d{0,5}", text, re.ASCII):
        text = f"nvidia.com/gpu:{text}"  # any GPU, under the name that Kubernetes gives it
    kind, count = gpu_type_and_count(text)
    return f"{kind}:{count}"


def _count(value: Any) -> int:
    text = str(value).strip()
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        raise ValueError("write a whole number such as 2")
    return int(text)


def _duration(value: Any) -> str:
    text = str(value).strip()
    seconds(text)
    return text


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    if isinstance(value, str) and value.strip().lower() in known:
        return known[value.strip().lower()]
    raise ValueError("write on or off")


def _variable(value: Any) -> str:
    name = unicodedata.normalize("NFKC", value.strip()) if isinstance(value, str) else ""
    if not name.isidentifier():
        raise ValueError("write the name of a variable")
    return name


def _requirement(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"[A-Za-z0-9./]", value.strip()):
        raise ValueError("write a package as pip takes it, such as scikit-learn>=1.4")
    return value.strip()


def _pair(key: str, wanted: str) -> Callable[[Any], tuple[str, str]]:
    def parse(value: Any) -> tuple[str, str]:
        name, equals, content = value.partition("=") if isinstance(value, str) else ("", "", "")
        if not equals or not re.fullmatch(key, name.strip()):
            raise ValueError(wanted)
        return name.strip(), content.strip()

    return parse


_VARIABLE = r"[A-Za-z_]\w*"
_LABEL = r"[A-Za-z0-9]([\w./-]*[A-Za-z0-9])?"


def _secret(value: Any) -> tuple[str, str]:
    wanted = "write VARIABLE=SECRET or VARIABLE=SECRET:KEY"
    variable, secret = _pair(_VARIABLE, wanted)(value)
    if not re.fullmatch(r"[^\s:]+(:[^\s:]+)?", secret):
        raise ValueError(wanted)
    return variable, secret


_OPTIONS = [
    Option("after", "after", "load", "run after this component, even if no data flows", _word, "list", True),
    Option("cpu", "cpu", "4", "processors", _cpu),
    Option("memory", "memory", "16Gi", "memory", _memory),
    Option("gpu", "gpu", "nvidia-tesla-t4:1", "accelerator, and how many", _gpu),
    Option("image", "image", "training", "container image of a remote step", _word),
    Option("retries", "retries", "2", "how often a failed step is tried again", _count),
    Option("timeout", "timeout", "30m", "a step that takes longer fails", _duration),
    Option("cache", "cache", "off", "whether an unchanged step may be skipped", _switch),
    Option("description", "description", "cleans the flights", "what the component does", _text),
    Option("requirement", "requirements", "scikit-learn>=1.4", "package to install", _requirement, "list"),
    Option("file", "files", "data/*.csv", "local file that the component needs", _text, "list"),
    Option("changes", "changes", "model", "variable that is changed in place unseen", _variable, "list", True),
    Option("output", "outputs", "auc", "variable to keep although no component reads it", _variable, "list", True),
    Option("metric", "metrics", "auc", "variable to log as a metric", _variable, "list", True),
    Option("env", "env", "STAGE=dev", "environment variable", _pair(_VARIABLE, "write NAME=VALUE"), "map"),
    Option("secret", "secrets", "TOKEN=api-token", "environment variable from a secret", _secret, "map"),
    Option("label", "labels", "team=risk", "label of a remote step", _pair(_LABEL, "write KEY=VALUE"), "map"),
    Option(
        "annotation",
        "annotations",
        "owner=ann",
        "annotation of a remote step",
        _pair(_LABEL, "write KEY=VALUE"),
        "map",
    ),
]
COMPONENT_OPTIONS: Mapping[str, Option] = {option.word: option for option in _OPTIONS}
_BY_WORD: Mapping[str, Option] = {**COMPONENT_OPTIONS, **{option.field: option for option in _OPTIONS}}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_ROLE_TAGS: Mapping[str, RoleKind] = {"parameters": "parameters", "skip": "skip"}
_FIRST_LINE = re.compile(r"\s*%%component(?=\s|$)")


def roles(notebook: Notebook) -> tuple[list[Role], list[Finding]]:
    """Return the role of every code cell, in order, and everything that is wrong with what the cells say.

    A cell that says something wrong still has the role that can be made out, so that all is reported at once.
    """
    from mdk_converters.kale import kale_roles  # the other dialect is told in this one's terms

    other = kale_roles(notebook)
    if other is not None:
        return other
    findings: list[Finding] = []
    found = [_role(notebook, cell, findings) for cell in notebook.cells if cell.kind == "code"]
    findings += _parameter_cells(notebook, found)
    findings += _idle_tags(notebook)
    return finish_roles(notebook, found, findings), findings


def finish_roles(notebook: Notebook, found: list[Role], findings: list[Finding]) -> list[Role]:
    """Check what the cells say together, and give every role of a component the component's options."""
    components = _components(notebook, found, findings)
    if not components and not any(finding.severity == "error" for finding in findings):
        findings.append(
            Finding(
                "MDK121",
                "no cell belongs to a component",
                Place(notebook=notebook.path),
                "tag the cells of each step with component:NAME, or begin them with %%component NAME",
            )
        )
    return [replace(r, options=components[r.component]) if r.component else r for r in found]


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


def merge_options(one: Options, other: Options) -> tuple[Options, tuple[str, ...]]:
    """Return both together, and the words of the options on which they differ (there, `one` holds)."""
    merged: dict[str, Any] = {}
    differing = []
    for option in _OPTIONS:
        mine, yours = getattr(one, option.field), getattr(other, option.field)
        if option.many == "list":
            merged[option.field] = tuple(dict.fromkeys([*mine, *yours]))
        elif option.many == "map":
            merged[option.field] = {**yours, **mine}
            differing += [option.word] if any(mine[k] != yours[k] for k in mine.keys() & yours.keys()) else []
        else:
            merged[option.field] = yours if mine is None else mine
            differing += [option.word] if None not in (mine, yours) and mine != yours else []
    return Options(**merged), tuple(differing)


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
            value = _several(option, raw) if option.many else option.parse(raw)
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


def _several(option: Option, raw: Any) -> Any:
    if option.many == "map":
        pairs = [f"{k}={_scalar(v)}" for k, v in raw.items()] if isinstance(raw, dict) else raw
        return dict(map(option.parse, pairs if isinstance(pairs, list) else [pairs]))
    items = raw if isinstance(raw, list) else raw.split(",") if option.commas and isinstance(raw, str) else [raw]
    return tuple(dict.fromkeys(map(option.parse, items)))


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise ValueError("write text values")


def _spelled(spelling: str, option: Option) -> str:
    if spelling == "tags":
        return f"{option.word}:{option.example}"
    if spelling == "metadata.mdk":
        return f'"{option.word}": "{option.example}"'
    return f"--{option.word} {option.example}"


def _role(notebook: Notebook, cell: Cell, findings: list[Finding]) -> Role:
    """Return the role of one cell by itself, with its own options."""
    statements = [_read_tags(notebook, cell, findings)]
    if "mdk" in cell.metadata:
        statements.append(_read_metadata(notebook, cell, findings))
    line, offset, source = component_line(cell.source)
    if line is not None:
        place = notebook.place(cell, offset)
        statements.append(_read_line(line, place, findings))
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
    return Role(kind, cell, source, component, options, offset)


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
        elif word in _BY_WORD and colon:
            statement.put(_BY_WORD[word], value, tag, findings)
        elif (meant := _meant(tag)) is not None:
            fix = f"write {meant}"
            message = f"the tag `{tag}` is none of this kit's tags, but looks like {meant}"
            findings.append(Finding("MDK110", message, place, fix, names=(tag,)))
    return statement


def _meant(tag: str) -> str | None:
    """Return the tag that was meant by one that is nearly ours; other tools' tags are left alone."""
    word, colon, value = (part.strip() for part in tag.partition(":"))
    if colon:
        match = get_close_matches(word.lower(), ["component", *_BY_WORD], 1, 0.8)
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
        elif word in _BY_WORD:
            statement.put(_BY_WORD[word], value, shown, findings)
        elif word in _ROLE_TAGS:
            message = f"`{shown}` in metadata.mdk must be true or false"
            findings.append(Finding("MDK111", message, place, f'write "{word}": true', names=(word,)))
        else:
            known = [f"resources.{k}" for k in _RESOURCES] if "." in written else ["component", *_BY_WORD]
            findings.append(_unknown(written, place, "the key", known))
    return statement


_RESOURCES = ("cpu", "memory", "gpu")


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
        option = _BY_WORD.get(flag.removeprefix("--")) if flag.startswith("--") else None
        if not equals and words and not words[0].startswith("--"):
            value, equals = words.pop(0), "="
            _, at = _seek(text, value, at)
        if option is None:
            findings.append(_unknown(flag, spot, "the option", [f"--{w}" for w in _BY_WORD]))
        elif not equals:
            message = f"the option {flag} has no value"
            fix = f"write for example --{option.word} {option.example}"
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
                word = next(o.word for o in _OPTIONS if o.field == name)
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


def _components(notebook: Notebook, found: list[Role], findings: list[Finding]) -> dict[str, Options]:
    """Return the options of each component, put together from its cells."""
    members: dict[str, list[Role]] = {}
    for role in found:
        if role.component is not None:
            members.setdefault(role.component, []).append(role)
    findings += _collisions(notebook, members)
    merged = {}
    for name, cells in members.items():
        options = cells[0].options
        for role in cells[1:]:
            options, differing = merge_options(options, role.options)
            for word in differing:
                message = f"the cells of component {name} give different values for {word}"
                fix = f"give {word} once, for example in cell {cells[0].cell.number}"
                findings.append(Finding("MDK115", message, notebook.place(role.cell), fix, names=(name, word)))
        merged[name] = options
        for role in cells:
            findings += _unmet(notebook, role, members)
    return merged


def _collisions(notebook: Notebook, members: Mapping[str, list[Role]]) -> Iterable[Finding]:
    """Find names that remote targets cannot tell apart: they write them in small letters with hyphens."""
    seen: dict[str, str] = {}
    for name, cells in members.items():
        other = seen.setdefault(re.sub("[-_]+", "-", name.lower()), name)
        if other != name:
            message = f"the components {other} and {name} differ only in capitals, - and _"
            fix = "give both cells the same name, or tell the components apart"
            yield Finding("MDK114", message, notebook.place(cells[0].cell), fix, names=(other, name))


def _unmet(notebook: Notebook, role: Role, members: Mapping[str, list[Role]]) -> Iterable[Finding]:
    for name in role.options.after:
        if name == role.component:
            message = f"component {name} cannot run after itself"
            yield Finding("MDK116", message, notebook.place(role.cell), "remove that after", names=(name,))
        elif name not in members:
            match = get_close_matches(name, members, 1, 0.6)
            fix = f"did you mean {match[0]}?" if match else f"the components are {', '.join(members)}"
            message = f"component {role.component} is to run after {name}, which does not exist"
            yield Finding("MDK116", message, notebook.place(role.cell), fix, names=(name,))
