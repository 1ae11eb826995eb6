"""Kale's dialect: its tags and its notebook metadata, told in this kit's terms."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from mdk_converters.analysis.syntax import parse_cell
from mdk_converters.analysis.values import local_names
from mdk_converters.components import Role, join_components
from mdk_converters.findings import Finding, Place, Severity
from mdk_converters.notebook import Cell, Notebook
from mdk_converters.options import COMPONENT_OPTIONS, Options, merge_options
from mdk_converters.spellings import component_line

_METADATA = "kubeflow_notebook"
_SPECIAL = ("skip", "imports", "functions", "pipeline-parameters", "pipeline-metrics")
_STEP = ("step", "block", "prev")
_TELLING = ("step:", "block:", "prev:", "notebook:")
_OPTIONS = ("limit", "image", "cache", "label", "annotation", "secret", "report")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class KaleSettings:
    """What a Kale notebook says about the whole pipeline. Every role's options include `defaults`."""

    name: str | None = None
    description: str | None = None
    defaults: Options = field(default_factory=Options)


@dataclass(slots=True)
class _Tags:
    """What the tags of one cell say."""

    special: str | None = None
    step: str | None = None
    reference: str | None = None
    options: Options = field(default_factory=Options)
    words: list[str] = field(default_factory=list)  # the tags that need a step


def kale_roles(notebook: Notebook) -> tuple[list[Role], list[Finding]] | None:
    """Return the roles of a Kale notebook, or None for every other notebook.

    An untagged cell belongs to what the tagged cell before it is; `skip` does not count as such.
    """
    native = _native_words(notebook)
    if not _is_kale(notebook, native):
        return None
    findings: list[Finding] = []
    if native is not None:
        findings.append(native)
    settings = _settings(notebook, findings)
    found: list[Role] = []
    metrics: list[Cell] = []
    before = _Tags()
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        tags = _read(notebook, cell, findings)
        if tags.special is None and tags.step is None and tags.reference is None:
            tags = replace(before, options=Options())
        elif tags.special != "skip":
            before = tags
        if tags.special == "pipeline-metrics":
            metrics.append(cell)
        found.append(_role(cell, tags))
    found = _with_metrics(notebook, _with_shown_values(found), metrics, findings)
    finished = join_components(notebook, found, findings)
    return [
        replace(role, options=merge_options(role.options, settings.defaults)[0]) if role.component else role
        for role in finished
    ], findings


def kale_settings(notebook: Notebook) -> KaleSettings | None:
    """Return what a Kale notebook says about its pipeline, or None for every other notebook."""
    return _settings(notebook, []) if _is_kale(notebook, _native_words(notebook)) else None


def _is_kale(notebook: Notebook, native: Finding | None) -> bool:
    tags = [tag for cell in notebook.cells if cell.kind == "code" for tag in cell.tags]
    if any(tag.startswith(_TELLING) or tag in ("pipeline-parameters", "pipeline-metrics") for tag in tags):
        return True
    return _METADATA in notebook.metadata and native is None


def _native_words(notebook: Notebook) -> Finding | None:
    """Return the finding for a Kale notebook in which a cell speaks this kit's own dialect."""
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        said = [tag for tag in cell.tags if tag.partition(":")[0].strip() in ("component", "after") and ":" in tag]
        said += ["metadata.mdk"] if "mdk" in cell.metadata else []
        said += ["%%component"] if component_line(cell.source)[0] is not None else []
        if said:
            message = f"`{said[0]}` is of this kit's dialect, but other cells use Kale's tags"
            fix = "use one dialect: component:NAME for step:NAME, after:NAME for prev:NAME, parameters"
            return Finding("MDK130", message, notebook.place(cell), fix, names=tuple(said))
    return None


def _role(cell: Cell, tags: _Tags) -> Role:
    match tags.special:
        case "imports" | "functions":
            return Role("exploration", cell, cell.source, carry=True)
        case "pipeline-parameters":
            return Role("parameters", cell, cell.source)
        case "skip" | "pipeline-metrics":
            return Role("skip", cell, cell.source)
    if tags.step is not None:
        return Role("component", cell, cell.source, tags.step, tags.options)
    return Role("skip" if tags.reference else "exploration", cell, cell.source)


def _read(notebook: Notebook, cell: Cell, findings: list[Finding]) -> _Tags:
    place = notebook.place(cell)
    tags = _Tags()
    for tag in cell.tags:
        word, colon, value = tag.partition(":")
        if tag in _SPECIAL or tag == "parameters":
            tags.special = tags.special or ("pipeline-parameters" if tag == "parameters" else tag)
        elif tag == "injected-parameters":
            tags.special = "skip"
        elif not colon:
            continue
        elif word in ("step", "block"):
            _read_step(tags, value, tag, place, findings)
        elif word == "notebook":
            tags.reference = value
            message = f"the cell refers to the notebook {value}"
            fix = "move the cells of that notebook into this one"
            findings.append(Finding("MDK134", message, place, fix, names=(value,)))
        elif word in ("prev", *_OPTIONS):
            tags.words.append(tag)
            _read_option(tags, tag, place, findings)
        elif match := get_close_matches(word, [*_STEP, *_OPTIONS], 1, 0.8):
            message = f"the tag `{tag}` is none of Kale's tags, but looks like {match[0]}:{value}"
            findings.append(Finding("MDK110", message, place, f"write {match[0]}:{value}", names=(tag,)))
    if tags.words and tags.step is None and tags.special is None:
        message = f"`{tags.words[0]}` stands on a cell without a step"
        findings.append(Finding("MDK119", message, place, "tag it step:NAME as well", names=tuple(tags.words)))
    return tags


def _read_step(tags: _Tags, name: str, tag: str, place: Place, findings: list[Finding]) -> None:
    if not name:  # Kale's panel leaves an empty `block:` behind
        return
    if not _NAME.fullmatch(name):
        message = f"`{tag}` cannot be the name of a step"
        findings.append(Finding("MDK132", message, place, "use letters, digits and _", names=(tag,)))
    elif tags.step not in (None, name):
        message = f"the cell belongs to two steps, {tags.step} and {name}"
        findings.append(Finding("MDK118", message, place, "split the cell", names=(str(tags.step), name)))
    else:
        tags.step = name


def _read_option(tags: _Tags, tag: str, place: Place, findings: list[Finding]) -> None:
    try:
        options = _option(tag)
    except ValueError as wanted:
        findings.append(Finding("MDK132", f"`{tag}` cannot be used", place, str(wanted), names=(tag,)))
        return
    if options is None:
        findings.append(_without_meaning(f"`{tag}`", (tag,), place))
        return
    tags.options, differing = merge_options(tags.options, options)
    if differing:
        message = f"`{tag}` and another tag of the cell cannot both hold"
        findings.append(Finding("MDK112", message, place, "keep one of them", names=(tag,)))


def _option(tag: str) -> Options | None:
    """Return what an option tag of Kale means, or None if it has no meaning here.

    Raises:
        ValueError: the tag does not have Kale's form; the message is what to write.
    """
    word, _, value = tag.partition(":")
    first, colon, rest = value.partition(":")
    if not value or (not colon and word in ("limit", "label", "annotation", "secret")):
        raise ValueError(f"write {_FORMS[word]}")
    match word:
        case "prev":
            return Options(after=(value,))
        case "image":
            return Options(image=_parse("image", value))
        case "cache":
            if value not in ("enabled", "disabled"):
                raise ValueError(f"write {_FORMS[word]}")
            return Options(cache=value == "enabled")
        case "label":
            return Options(labels={first: rest})
        case "annotation":
            return Options(annotations={first: rest})
        case "secret":
            key, _, variable = rest.partition(":")
            if not key or not variable.isidentifier():
                raise ValueError(f"write {_FORMS[word]}")
            return Options(secrets={variable: f"{first}:{key}"})
        case "limit":
            return _limit(first, rest)
    return None


_FORMS = {
    "prev": "prev:STEP",
    "image": "image:NAME",
    "cache": "cache:enabled or cache:disabled",
    "label": "label:KEY:VALUE",
    "annotation": "annotation:KEY:VALUE",
    "secret": "secret:NAME:KEY:VARIABLE",
    "limit": "limit:RESOURCE:AMOUNT, such as limit:nvidia.com/gpu:1",
    "report": "report:enabled or report:disabled",
}


def _limit(resource: str, amount: str) -> Options | None:
    if resource == "cpu":
        return Options(cpu=_parse("cpu", amount))
    if resource == "memory":
        return Options(memory=_parse("memory", amount))
    if resource == "gpu" or resource.endswith("/gpu"):
        return Options(gpu=_parse("gpu", amount if resource == "gpu" else f"{resource}:{amount}"))
    return None


def _parse(word: str, value: str) -> Any:
    return COMPONENT_OPTIONS[word].parse(value)


def _without_meaning(what: str, names: tuple[str, ...], place: Place, severity: Severity = "note") -> Finding:
    return Finding("MDK131", f"{what}: no meaning here, left out", place, "", severity, names)


def _settings(notebook: Notebook, findings: list[Finding]) -> KaleSettings:
    said = notebook.metadata.get(_METADATA)
    settings: Mapping[str, Any] = said if isinstance(said, dict) else {}
    place = Place(notebook=notebook.path)
    image = settings.get("base_image") or settings.get("docker_image")
    caching = settings.get("enable_caching")
    defaults = Options(
        image=image if isinstance(image, str) and image else None,
        cache=caching if isinstance(caching, bool) else None,
    )
    for tag in _default_tags(settings.get("steps_defaults")):
        tags = _Tags()
        if tag.partition(":")[0] in _OPTIONS:
            _read_option(tags, tag, place, findings)
        else:
            findings.append(_without_meaning(f"the default `{tag}`", (tag,), place))
        defaults, _ = merge_options(tags.options, defaults)
    if settings.get("volumes"):
        what = "the volumes of the Kale notebook"
        findings.append(_without_meaning(what, ("volumes",), place, "warning"))
    idle = tuple(sorted(key for key, value in settings.items() if value and key not in _UNDERSTOOD))
    if idle:
        findings.append(_without_meaning(f"of the Kale settings, {', '.join(idle)}", idle, place))
    name, description = settings.get("pipeline_name"), settings.get("pipeline_description")
    return KaleSettings(
        name=name if isinstance(name, str) and name else None,
        description=description if isinstance(description, str) and description else None,
        defaults=defaults,
    )


_UNDERSTOOD = {
    "pipeline_name",
    "pipeline_description",
    "base_image",
    "docker_image",
    "enable_caching",
    "steps_defaults",
    "volumes",  # has a finding of its own
}


def _default_tags(defaults: Any) -> list[str]:
    """Return the defaults of all steps as tags; Kale stores tags, or the mapping that it makes of them."""
    if isinstance(defaults, list):
        return [tag for tag in defaults if isinstance(tag, str)]
    if not isinstance(defaults, dict):
        return []
    tags = []
    for key, word in (("labels", "label"), ("annotations", "annotation"), ("limits", "limit")):
        entries = defaults.get(key)
        tags += [f"{word}:{k}:{v}" for k, v in entries.items()] if isinstance(entries, dict) else []
    tags += [f"image:{defaults['base_image']}"] if defaults.get("base_image") else []
    return tags


def _with_shown_values(found: list[Role]) -> list[Role]:
    """Keep the value that a step shows at its end, as Kale does: its last line is a name that it binds."""
    last = {role.component: index for index, role in enumerate(found) if role.component}
    result = list(found)
    for component, index in last.items():
        statements = _parsed(found[index].source)
        shown = statements[-1] if statements else None
        if isinstance(shown, ast.Expr) and isinstance(shown.value, ast.Name):
            name = shown.value.id
            if any(name in _bound(role.source) for role in found if role.component == component):
                result[index] = _add(found[index], Options(outputs=(name,)))
    return result


def _with_metrics(notebook: Notebook, found: list[Role], cells: list[Cell], findings: list[Finding]) -> list[Role]:
    """Give each metric that the `pipeline-metrics` cells name to the last step that binds the variable."""
    result = list(found)
    parameters = {name for role in found if role.kind == "parameters" for name in _bound(role.source)}
    for cell in cells:
        for statement in _parsed(cell.source):
            place = notebook.place(cell, statement.lineno)
            name = _metric(statement)
            if name is None:
                message = "this line of the pipeline-metrics cell names no metric and is left out"
                findings.append(Finding("MDK133", message, place, "write print(NAME)", "warning"))
                continue
            makers = [i for i, role in enumerate(found) if role.component and name in _bound(role.source)]
            if makers:
                result[makers[-1]] = _add(result[makers[-1]], Options(metrics=(name,)))
            elif name in parameters:
                message = f"the metric {name} is a parameter, which every run records anyway"
                findings.append(Finding("MDK131", message, place, "", "note", (name,)))
            else:
                message = f"no step makes the metric {name}"
                findings.append(Finding("MDK133", message, place, f"assign {name} in a step", "warning", (name,)))
    return result


def _add(role: Role, options: Options) -> Role:
    return replace(role, options=merge_options(role.options, options)[0])


def _metric(statement: ast.stmt) -> str | None:
    """Return NAME of `print(NAME)` or of `NAME`."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
        value = value.args[0] if len(value.args) == 1 and not value.keywords else None
    return value.id if isinstance(value, ast.Name) else None


def _parsed(source: str) -> list[ast.stmt]:
    """Return the statements of a cell; none for a cell that is no Python, which is reported elsewhere."""
    try:
        return [statement.node for statement in parse_cell(source)]
    except SyntaxError:
        return []


def _bound(source: str) -> frozenset[str]:
    return local_names(ast.Module(body=_parsed(source), type_ignores=[]))[0]
