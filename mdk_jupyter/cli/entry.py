"""From words to a command, and from its outcome to an exit code. Whatever is heavy is imported by the command."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from mdk_jupyter.cli import build, cache, check, dev, kernels, ops, proposing, registry, run, runs, submit

if TYPE_CHECKING:
    from mdk_converters.findings import MDKError
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.local.record import Run

DONE, AT_FAULT, USAGE, UNREACHABLE, CANCELLED = 0, 1, 2, 3, 130
EXIT_CODES = {"done": DONE, "cancelled": CANCELLED}  # of a run, by state; all others are at fault

app = typer.Typer(
    name="mdk",
    help="From a notebook to a governed production model.",
    epilog="Exit codes: 0 done, 1 the pipeline or its data is at fault, 2 wrong usage, "
    "3 a service cannot be reached, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich is slow to import
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check")(check.check)
app.add_typer(run.app, name="run")
app.command("submit")(submit.submit)
app.command("build")(build.build)
app.add_typer(runs.app, name="runs")
app.add_typer(kernels.app, name="kernels")
app.add_typer(cache.app, name="cache")
app.add_typer(registry.app, name="registry")
app.add_typer(ops.app, name="ops")
app.command("promote")(proposing.promote)
app.command("rollback")(proposing.rollback)
app.command("challengers")(proposing.challengers)
app.add_typer(dev.app, name="dev")


def _version(wanted: bool) -> None:
    if wanted:
        from mdk_jupyter import __version__

        typer.echo(f"mdk {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; goes with every command.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Print a run as lines of JSON, as it happens.")] = False,
) -> None:
    """Options before the command."""
    if events:  # `main` takes it where it belongs
        raise typer.BadParameter("write it before everything else, in a terminal: mdk --events run local NOTEBOOK")


def call(words: Sequence[str], caller: Caller) -> Any:
    """Carry out a command for a face that shows its result by itself.

    Raises:
        MDKError: what is wrong; `UsageError` where it is the command line.
    """
    return _invoke(words, caller)[0]


def main() -> NoReturn:
    """The `mdk` of the terminal."""
    words = sys.argv[1:]
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    as_events = words[:1] == ["--events"]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _cancel)
    sys.exit(_run(words[as_events:], debug, as_events))


def _cancel(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(words: Sequence[str], debug: bool, as_events: bool) -> int:
    from mdk_jupyter.cli.lines import EventLines
    from mdk_jupyter.cli.terminal import Terminal

    face = EventLines() if as_events else Terminal()
    try:
        result, code = _invoke(words, face)
        if result is not None:
            if face.shown is result:
                code = EXIT_CODES.get(result.state, AT_FAULT)
            else:
                face.show(result)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        return CANCELLED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return AT_FAULT
    except Exception as error:
        if debug:
            raise
        code = _report(error, as_json="--json" in words, as_events=as_events)
        return AT_FAULT if code == USAGE and words[:1] == ["ops"] else code  # where 2 says that there are changes


def _report(error: Exception, *, as_json: bool, as_events: bool) -> int:
    """Say what went wrong; return the exit code."""
    from mdk_converters.findings import MDKError
    from mdk_jupyter.errors import ServiceError, UsageError

    if not isinstance(error, MDKError):
        typer.echo(f"mdk failed by a fault of its own: {type(error).__name__}: {error}", err=True)
        typer.echo("  `--debug` shows where; please report it", err=True)
        return AT_FAULT
    from mdk_jupyter.cli.terminal import show_findings

    if as_events:
        from mdk_jupyter.cli.lines import print_refusal

        print_refusal(type(error).__name__, error.findings)
    else:
        show_findings(error.findings)
    if as_json:
        import json

        from mdk_converters.report import as_json as finding_json

        typer.echo(json.dumps({"findings": [finding_json(f) for f in error.findings]}, ensure_ascii=False))
    if isinstance(error, UsageError):
        return USAGE
    return UNREACHABLE if isinstance(error, ServiceError) else AT_FAULT


# The class of all mistakes in a command line, which Typer has no name for.
_Mistake: type[Exception] = typer.BadParameter.__mro__[1]


@functools.cache
def tree() -> Any:
    """Return the commands in the form in which they are called; it takes a while to make."""
    return typer.main.get_command(app)


def _invoke(words: Sequence[str], caller: Caller) -> tuple[Run | None, int]:
    """Return the command's run, if it has one, and its exit code."""
    try:
        result = tree().main(args=list(words), prog_name="mdk", standalone_mode=False, obj=caller)
    except _Mistake as mistake:
        raise _explained(mistake) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    return (None, result) if isinstance(result, int) else (result, DONE)


def _explained(mistake: Any) -> MDKError:
    from mdk_converters.findings import Finding
    from mdk_jupyter.errors import UsageError

    context = getattr(mistake, "ctx", None)
    path = context.command_path if context else "mdk"
    return UsageError([Finding("MDK357", str(mistake.format_message()), fix=f"see `{path} --help`")])
