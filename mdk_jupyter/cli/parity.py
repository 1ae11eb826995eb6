"""`mdk check --parity`: the face of `local.parity`."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.local.events import Event
    from mdk_jupyter.local.parity import Compared, Parity

_RESULTS = {True: "equal", False: "different", None: "not compared"}
_SIGNS = {True: "✓", False: "✕", None: "?"}


def compare(paths: list[Path], form: str, caller: Caller) -> None:
    """Compare notebooks with their pipelines, and say how it went; exits with 1 where something differs."""
    from mdk_converters.report import render
    from mdk_jupyter.local.parity import check_parity

    watching: Any = caller.watching if form == "text" else lambda: nullcontext(_ignore)
    checked = [check_parity(path, watching) for path in paths]
    if form == "json":
        import json

        typer.echo(json.dumps([_as_json(one) for one in checked], ensure_ascii=False, indent=2))
    elif form == "github":
        typer.echo(render((f for one in checked for f in one.findings), "github"), nl=False)
    else:
        typer.echo("\n\n".join("\n".join(_as_text(one)) for one in checked))
    if not all(one.is_given for one in checked):
        raise typer.Exit(1)


def _ignore(event: Event) -> None:
    pass


def _as_json(parity: Parity) -> dict[str, Any]:
    from mdk_converters.report import as_json

    return {
        "path": str(parity.path),
        "ok": parity.is_given,
        "runs": {"notebook": parity.notebook.id, "pipeline": parity.pipeline.id},
        "compared": [_compared_json(one) for one in parity.compared],
        "findings": [as_json(finding) for finding in parity.findings],
    }


def _compared_json(one: Compared) -> dict[str, Any]:
    verdict = asdict(one.verdict)
    about = {"component": one.component, "name": one.name, "kind": one.kind, "result": _RESULTS[verdict["same"]]}
    told = {"path": verdict["path"], "notebook": verdict["a"], "pipeline": verdict["b"], "reason": verdict["reason"]}
    return about | {name: text for name, text in told.items() if text}


def _as_text(parity: Parity) -> list[str]:
    from mdk_converters.report import printable

    lines = [_line(one) for one in parity.compared]
    return [*map(printable, lines), f"{parity.path}: {_summary(parity)}"]


def _line(one: Compared) -> str:
    verdict = one.verdict
    name = f"{one.component}.{one.name}" if one.kind == "value" else f"{one.component}, metric {one.name}"
    line = f"  {_SIGNS[verdict.same]} {name}"
    if verdict.same is False:
        return f"{line}: {verdict.path} is {verdict.a} in the notebook, {verdict.b} in the pipeline"
    return line if verdict.same else f"{line}: not compared, {verdict.reason}"


def _summary(parity: Parity) -> str:
    counts = [f"{len(parity.having(same))} {said}" for same, said in _RESULTS.items() if parity.having(same)]
    given = "the pipeline gives what the notebook gives" if parity.is_given else "the pipeline and the notebook differ"
    return f"{given} ({', '.join(counts) or 'nothing to compare'})"
