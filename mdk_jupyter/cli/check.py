"""`mdk check`: what a conversion finds, without running anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mdk_converters.findings import Finding
    from mdk_converters.spec import Pipeline


class Format(StrEnum):
    text = "text"
    json = "json"
    github = "github"


@dataclass(frozen=True, slots=True)
class Checked:
    """One notebook or spec, and what is to be said about it."""

    path: Path
    pipeline: Pipeline | None
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        return self.pipeline is not None and all(finding.severity != "error" for finding in self.findings)


def check(
    ctx: typer.Context,
    sources: Annotated[
        list[Path] | None, typer.Argument(metavar="[NOTEBOOK|SPEC]...", help="Default: the only one of the folder.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="github: annotations of a pull request.")] = Format.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    parity: Annotated[
        bool,
        typer.Option(
            "--parity",
            help="Run the notebook's code, in one kernel from top to bottom and as a pipeline, and compare all values. "
            "Both runs are kept.",
        ),
    ] = False,
) -> None:
    """Say what is wrong with notebooks and specs, and what pipelines they are. Runs nothing, but with --parity."""
    from mdk_jupyter.sources import check_source

    paths = sources or [ctx.obj.notebook()]
    if parity:
        from mdk_jupyter.cli.parity import compare

        compare(paths, Format.json if as_json else form, ctx.obj)
        return
    for path in paths:
        check_source(path)
    checked = [_check(path) for path in paths]
    _print(checked, Format.json if as_json else form)
    if not all(one.is_sound for one in checked):
        raise typer.Exit(1)


def _check(path: Path) -> Checked:
    from mdk_converters.findings import MDKError
    from mdk_jupyter.sources import read_source

    try:
        source = read_source(path)
    except MDKError as error:
        return Checked(path, None, error.findings)
    return Checked(path, source.pipeline, source.findings)


def _print(checked: list[Checked], form: Format) -> None:
    from mdk_converters.report import render

    if form is Format.json:
        import json

        content = [_as_json(one) for one in checked]
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
    elif form is Format.github:
        typer.echo(render((f for one in checked for f in one.findings), "github"), nl=False)
    else:
        typer.echo("\n\n".join("\n".join(_as_text(one)) for one in checked))


def _as_json(one: Checked) -> dict[str, Any]:
    from mdk_converters.report import as_json

    content: dict[str, Any] = {"path": str(one.path), "ok": one.is_sound, "findings": [*map(as_json, one.findings)]}
    if one.pipeline is not None:
        from mdk_converters.graph import dependencies

        waits = dependencies(one.pipeline)
        content["parameters"] = {name: p.model_dump(mode="json") for name, p in one.pipeline.parameters.items()}
        content["components"] = {
            name: {
                "after": sorted(waits[name]),
                "when": component.when,
                "foreach": component.foreach,
                "inputs": component.inputs,
                "outputs": component.outputs,
                "parameters": component.parameters,
                "requirements": component.requirements,
                "files": component.files,
                "local_files": _local_files(name, one.findings),
            }
            for name, component in one.pipeline.components.items()
        }
    return content


def _as_text(one: Checked) -> list[str]:
    from mdk_converters.report import render, summary

    found = render(one.findings).rstrip("\n")
    lines = [found] if found else []
    if one.pipeline is None:
        return [*lines, f"{one.path}: {summary(one.findings)}"]
    components = one.pipeline.components
    counted = f"{len(components)} component{'s' if len(components) != 1 else ''}"
    lines.append(f"{one.path}: {', '.join(filter(None, [counted, summary(one.findings)]))}")
    for name, parameter in one.pipeline.parameters.items():
        lines.append(f"  parameter {name}: {parameter.type} = {parameter.default!r}")
    for name, component in components.items():
        lines.append(f"  {name}")
        rows = {
            "when": component.when or "",
            "for each": component.foreach or "",
            "receives": _named(f"{n} from {source.partition('.')[0]}" for n, source in component.inputs.items()),
            "after": _named(component.after),
            "parameters": _named(component.parameters),
            "hands on": _named(component.outputs),
            "needs": _named(component.requirements),
            "files": _named([*component.files, *_local_files(name, one.findings)]),
        }
        lines += [f"    {label:<10} {text}" for label, text in rows.items() if text]
    return lines


def _named(names: Iterable[str]) -> str:
    """List names; interpreter state is one word."""
    found = list(names)
    plain = [name for name in found if not name.startswith("state.")]
    states = len(found) - len(plain)
    return ", ".join([*plain, *([f"{states} interpreter state{'s' if states != 1 else ''}"] if states else [])])


def _local_files(component: str, findings: tuple[Finding, ...]) -> list[str]:
    from mdk_jupyter.cli.run import LOCAL_FILE

    own = f"component {component!r} "
    return [name for f in findings if f.code == LOCAL_FILE and f.message.startswith(own) for name in f.names]
