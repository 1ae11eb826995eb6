"""Writes docs/errors.md from the two catalogues of codes: `python -m mdk_jupyter.reference [--check] [FILE]`."""

from __future__ import annotations

import sys
from pathlib import Path

from mdk_converters.codes import CODES as COMPILER
from mdk_converters.codes import Code
from mdk_jupyter.codes import CODES as PLATFORM

PAGE = Path("docs/errors.md")

_CHAPTERS = {
    "MDK10": "Notebooks, tags and the flow of values",
    "MDK20": "Pipeline specs",
    "MDK30": "Runs on this machine",
    "MDK32": "Artifacts and steps",
    "MDK35": "Commands, the run store and magics",
    "MDK40": "Kubeflow Pipelines and Vertex AI",
    "MDK44": "The project file",
    "MDK46": "Submitting",
    "MDK50": "The model registry",
    "MDK60": "Operations",
}


def reference() -> str:
    """Return the page: every code with what it means, why, an example, and what to do."""
    codes = dict(sorted({**COMPILER, **PLATFORM}.items()))
    chapters = dict(_CHAPTERS)
    lines = [
        "# Errors",
        "",
        "Every finding has a code that does not change. This page is written by `make docs`.",
    ]
    for number, code in codes.items():
        for first in [first for first in chapters if number >= first]:
            lines += ["", f"## {chapters.pop(first)}"]
        lines += ["", *_entry(number, code)]
    return "\n".join(lines) + "\n"


def _entry(number: str, code: Code) -> list[str]:
    fence = "```" if "```" not in code.example else "````"
    return [
        f"### {number} {code.title}",
        "",
        code.why,
        "",
        fence,
        *code.example.split("\n"),
        fence,
        "",
        f"**What to do.** {code.fix}",
    ]


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is up to date; return the exit code."""
    page = next((Path(name) for name in arguments if not name.startswith("-")), PAGE)
    text = reference()
    if "--check" in arguments:
        return 0 if page.exists() and page.read_text(encoding="utf-8") == text else 1
    page.parent.mkdir(exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
