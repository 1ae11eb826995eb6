"""Two texts of a file as a patch."""

from __future__ import annotations

import difflib


def unified_diff(file: str, before: str, after: str) -> str:
    """Return the change of a file as `git apply` takes it; empty where there is none.

    `file` is its path within the repository.
    """
    old, new = (_lines(text) for text in (before, after))
    lines = list(difflib.unified_diff(old, new, f"a/{file}" if before else "/dev/null", f"b/{file}"))
    body = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return f"diff --git a/{file} b/{file}\n{'' if before else 'new file mode 100644' + chr(10)}{body}" if lines else ""


def _lines(text: str) -> list[str]:
    """Return the lines with their ends. Only a newline ends one, as for git."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
