"""docs/benchmarks.md, written by the run that measured it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from report import Section

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"

_INTRODUCTION = """\
# Benchmarks

Written by `python benchmarks/run.py --with-kfp --write`; do not edit. `make bench` prints the same.

Seconds differ from machine to machine, and on one machine from hour to hour. So everything is measured in one run,
in rounds in which every case has its turn, and given as the ratio of medians. A ratio below 1 is faster than what it
is measured against.
Processes are timed from their start to their end, as somebody in a terminal waits for them; what is called from a
notebook, from the moment the cell is sent until the kernel answers. Nothing else should be at work on the machine.

Measured with {versions} on {machine}.
"""


def page(sections: Sequence[Section]) -> str:
    """Return the text of the page."""
    names = ("mdk-jupyter", "papermill", "ipykernel", "pandas", "scikit-learn")
    versions = ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)])
    machine = f"{sys.platform}, {os.cpu_count()} processors"
    introduction = _INTRODUCTION.format(versions=versions, machine=machine)
    return "\n".join([introduction, *(section.markdown() for section in sections)])
