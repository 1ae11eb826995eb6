"""`mdk-nbconvert`: notebooks to pipeline specs, for terminals and CI."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import secrets
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from glob import glob, has_magic
from pathlib import Path
from typing import Any, Literal

from mdk_converters.convert import convert
from mdk_converters.findings import Finding, MDKError, Place
from mdk_converters.notebook import read_notebook
from mdk_converters.outputs import (
    Files,
    destinations,
    differences,
    result_folder,
    with_notebook_path,
    write,
)
from mdk_converters.report import as_json, printable, render, summary
from mdk_converters.spec import Component, Pipeline
from mdk_converters.targets import TARGETS

Status = Literal["written", "unchanged", "printed", "up to date", "out of date", "skipped", "failed"]

# What is said of notebooks that were never meant to be pipelines.
_NO_PIPELINE = {"MDK105", "MDK106", "MDK121"}


@dataclass(slots=True)
class Outcome:
    """What became of one notebook."""

    notebook: str
    status: Status
    findings: list[Finding] = field(default_factory=list)
    files: Files = field(default_factory=dict)
    difference: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 a notebook is at fault or out of date, 2 usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    options = parser.parse_args(argv)
    notebooks = list(dict.fromkeys(_expanded(options.notebooks)))
    _check_usage(parser, options, notebooks)
    try:
        claimed: dict[Path, str] = {}
        outcomes = [_process(notebook, options, claimed) for notebook in notebooks]
        _report(outcomes, options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return _exit_code(outcomes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mdk-nbconvert",
        description="Convert notebooks whose cells are tagged as components into pipeline specs.",
        epilog="exit codes: 0 done, 1 a notebook is at fault or its spec out of date, 2 wrong usage",
    )
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", help="notebook, percent script, or pattern")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where the result goes, - for standard output; default: beside the notebook",
    )
    parser.add_argument("--to", choices=list(TARGETS), default="spec", help="what to make; default: %(default)s")
    parser.add_argument(
        "--bundle-sha256",
        metavar="DIGEST",
        help="with --to kfp: digest of the bundle that brings the runtime; default: it is in the images",
    )
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="NAME=REFERENCE",
        help="with --to kfp: what an image's name stands for, best with its digest",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail, and show how, if the result would change"
    )
    parser.add_argument("--format", choices=["text", "json", "github"], default="text", help="form of the findings")
    parser.add_argument("--strict", action="store_true", help="treat warnings as errors")
    parser.add_argument(
        "--skip-untagged",
        action="store_true",
        help="pass over notebooks in which no cell belongs to a component",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _expanded(names: Sequence[str]) -> Iterator[Path]:
    """Expand the patterns that a shell left as they are; one that fits nothing is kept, and not found."""
    for name in names:
        matches = sorted(glob(name, recursive=True)) if has_magic(name) else []  # noqa: PTH207, may be absolute
        found = [Path(match) for match in matches]
        kept = [path for path in found if ".ipynb_checkpoints" not in path.parts]
        yield from [Path(name)] if not kept or Path(name).exists() else kept


def _check_usage(parser: argparse.ArgumentParser, options: argparse.Namespace, notebooks: list[Path]) -> None:
    if options.to != "kfp" and (options.image or options.bundle_sha256):
        parser.error("--image and --bundle-sha256 go with --to kfp")
    if not all(re.fullmatch(r"[^=]+=[^=\s]+", image) for image in options.image):
        parser.error("--image takes NAME=REFERENCE")
    if options.bundle_sha256 and not re.fullmatch("[0-9a-f]{64}", options.bundle_sha256):
        parser.error("--bundle-sha256 takes 64 hexadecimal digits")
    if options.output is None:
        return
    if options.output == "-" and options.check:
        parser.error("--check compares with a file, not with standard output")
    if options.output == "-" and options.to == "notebooks":
        parser.error("step notebooks are several files: name a folder with -o")
    if len(notebooks) > 1 and options.to != "notebooks" and not Path(options.output).is_dir():
        parser.error(f"{len(notebooks)} notebooks do not fit into one file: name an existing folder with -o")


def _process(notebook: Path, options: argparse.Namespace, claimed: dict[Path, str]) -> Outcome:
    """Convert one notebook, and print, check or write the result."""
    outcome = Outcome(str(notebook), "failed")
    try:
        conversion = convert(read_notebook(notebook))
        outcome.findings += _weighed(conversion.findings, options)
        if conversion.pipeline is not None and not _errors(outcome):
            _deliver(outcome, conversion.pipeline, notebook, options, claimed)
    except MDKError as error:
        outcome.findings += _weighed(error.findings, options)
        _trace(options)
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"{error.filename or 'the result'} cannot be written: {error.strerror or error}"
        fix = "check the folder and its permissions, or name another place with -o"
        outcome.findings.append(_unwritten(message, notebook, fix))
        _trace(options)
    except Exception as error:
        message = f"internal error: {type(error).__name__}: {error}"
        fix = "report it, with what --debug shows"
        outcome.findings.append(Finding("MDK139", message, Place(notebook=str(notebook)), fix))
        _trace(options)
    if options.skip_untagged and _errors(outcome) and _errors(outcome) <= _NO_PIPELINE:
        return Outcome(str(notebook), "skipped")
    return outcome


def _weighed(findings: Iterable[Finding], options: argparse.Namespace) -> list[Finding]:
    return [
        replace(finding, severity="error") if options.strict and finding.severity == "warning" else finding
        for finding in findings
    ]


def _errors(outcome: Outcome) -> set[str]:
    return {finding.code for finding in outcome.findings if finding.severity == "error"}


def _deliver(
    outcome: Outcome,
    pipeline: Pipeline,
    notebook: Path,
    options: argparse.Namespace,
    claimed: dict[Path, str],
) -> None:
    """Print, check or write what the pipeline becomes."""

    def make(pipeline: Pipeline) -> dict[str, str]:
        return _kfp(outcome, pipeline, options) if options.to == "kfp" else TARGETS[options.to](pipeline)

    if options.output == "-":
        text = "".join(make(pipeline).values())
        if _errors(outcome):
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        outcome.status = "printed"
        return
    output = Path(options.output) if options.output else None
    several = options.to == "notebooks"
    texts = make(with_notebook_path(pipeline, notebook, result_folder(notebook, output, several=several)))
    if _errors(outcome):
        return
    files = destinations(pipeline, texts, notebook, output, several=several)
    if clash := next((path for path in files if path in claimed), None):
        message = f"{clash} is already the result of {claimed[clash]}"
        outcome.findings.append(_unwritten(message, notebook, "give the notebooks different names"))
        return
    claimed.update(dict.fromkeys(files, outcome.notebook))
    outcome.files = files
    if not options.check:
        outcome.status = "written" if write(files) else "unchanged"
        return
    outcome.difference = differences(files)
    outcome.status = "out of date" if outcome.difference else "up to date"
    if outcome.difference:
        outcome.findings.append(_out_of_date(outcome, options))


def _kfp(outcome: Outcome, pipeline: Pipeline, options: argparse.Namespace) -> dict[str, str]:
    """Compile for Kubeflow Pipelines: to JSON where the result is called so, else to YAML."""
    from mdk_converters.targets.kfp import compile, to_json, to_yaml

    known = dict(image.split("=", 1) for image in options.image)

    def image(_: str, component: Component) -> str | None:
        return known.get(component.image, component.image) if component.image is not None else None

    compiled = compile(pipeline, bundle=options.bundle_sha256, images=image)
    outcome.findings += _weighed(compiled.findings, options)
    as_json = (options.output or "").endswith(".json")
    return {f"{pipeline.metadata.name}.kfp.yaml": (to_json if as_json else to_yaml)(compiled)}


def _unwritten(message: str, notebook: Path, fix: str) -> Finding:
    return Finding("MDK109", message, Place(notebook=str(notebook)), fix)


def _trace(options: argparse.Namespace) -> None:
    if options.debug:
        traceback.print_exc()


def _report(outcomes: list[Outcome], options: argparse.Namespace) -> None:
    """Say what happened; standard output stays free for a result that goes there."""
    to_stdout = options.format != "text" and options.output != "-"
    stream = sys.stdout if to_stdout else sys.stderr
    if options.format == "json":
        json.dump({"notebooks": [_as_json(o) for o in outcomes]}, stream, indent=2, ensure_ascii=False)
        stream.write("\n")
        return
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    stream.write(render(findings, options.format, colour=colour))
    for outcome in outcomes:
        sys.stdout.write(_shown(outcome.difference, options.format))
        if options.format == "text" and outcome.status not in ("printed", "failed"):
            stream.write(f"{outcome.notebook}: {_said(outcome)}\n")
    counts = summary(findings)
    if counts and options.format == "text":
        stream.write(f"{counts}\n")


def _shown(difference: str, form: str) -> str:
    """Return a difference so that neither GitHub nor a terminal takes any line of it for a command."""
    if difference and form == "github":
        token = secrets.token_hex(16)
        return f"::stop-commands::{token}\n{difference}::{token}::\n"
    return "\n".join(map(printable, difference.split("\n"))) if sys.stdout.isatty() else difference


def _out_of_date(outcome: Outcome, options: argparse.Namespace) -> Finding:
    where = next(iter(outcome.files))
    missing = not where.exists()
    message = f"{where} " + ("does not exist" if missing else "is not what the notebook gives")
    words = ["mdk-nbconvert", outcome.notebook]
    words += ["--to", options.to] if options.to != "spec" else []
    words += ["-o", options.output] if options.output else []
    words += ["--bundle-sha256", options.bundle_sha256] if options.bundle_sha256 else []
    words += [word for image in options.image for word in ("--image", image)]
    return Finding("MDK126", message, Place(notebook=outcome.notebook), f"run {' '.join(words)} and commit the result")


def _said(outcome: Outcome) -> str:
    if outcome.status == "skipped":
        return "skipped, no cell belongs to a component"
    first = next(iter(outcome.files))
    where = str(first) if len(outcome.files) == 1 else f"{first.parent}{os.sep}"
    return f"{where} {outcome.status}" if outcome.status != "written" else f"wrote {where}"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "notebook": outcome.notebook,
        "status": outcome.status,
        "files": [path.as_posix() for path in outcome.files],
        "findings": [as_json(finding) for finding in outcome.findings],
        "difference": outcome.difference,
    }


def _exit_code(outcomes: list[Outcome]) -> int:
    codes = {f.code for outcome in outcomes for f in outcome.findings if outcome.status == "failed"}
    if "MDK100" in codes:
        return 2
    return 1 if any(outcome.status in ("failed", "out of date") for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
