"""docs/benchmarks.md, written by the runs that measured what it says."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from report import Section

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"

_INTRODUCTION = """\
# Benchmarks

Written by `make bench BENCH='SECTION … --write'`; do not edit. Without `--write` it prints the same, and
`make bench BENCH=--help` names the sections. A section that is measured again takes its own place.

Seconds differ from machine to machine, and on one machine from hour to hour. So what is compared was measured in one run,
in rounds in which every case has its turn, and is given as the ratio of medians. A ratio below 1 is faster than what it
is measured against.
Processes are timed from their start to their end, as somebody in a terminal waits for them; what is called from a
notebook, from the moment the cell is sent until the kernel answers. Nothing else should be at work on the machine.
"""


def rewrite(sections: Iterable[Section]) -> None:
    """Put the sections into the page, each where one of its title stands, or else at the end."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", sections), encoding="utf-8")


def page(before: str, sections: Iterable[Section]) -> str:
    """Return the text of the page, which was `before`."""
    texts = {text.partition("\n")[0]: text.strip() + "\n" for text in re.split(r"^## ", before, flags=re.M)[1:]}
    texts |= {section.title: f"{section.markdown().removeprefix('## ')}\n{_measured_with()}\n" for section in sections}
    return "\n".join([_INTRODUCTION, *(f"## {text}" for text in texts.values())])


def _measured_with() -> str:
    names = ("mdk-jupyter", "papermill", "ipykernel", "pandas", "scikit-learn")
    versions = ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)])
    return f"Measured with {versions} on {sys.platform}, {os.cpu_count()} processors."
