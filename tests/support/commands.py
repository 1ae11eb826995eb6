"""`mdk` in a process of its own, as somebody in a terminal calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MDK = [sys.executable, "-m", "mdk_jupyter.cli"]


def mdk(folder: Path, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Call `mdk`; what it says of itself is never a traceback."""
    done = subprocess.run(
        [*MDK, *map(str, words)],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done
