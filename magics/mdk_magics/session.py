"""What the magics remember between two cells of one kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_magics.freshness import Memory, stale_findings
from mdk_magics.location import Kernel, chosen_notebook, find_notebook


class Session:
    """The notebook that the user works in, and the cells run since the extension was loaded."""

    def __init__(self, shell: Any, memory: Memory) -> None:
        self._shell = shell
        self._memory = memory
        self._chosen: Path | None = None

    def use(self, argument: str) -> Path:
        """Take the named notebook from now on.

        Raises:
            Refusal: MDK361 when there is no such file.
        """
        self._chosen = chosen_notebook(argument, Path.cwd())
        return self._chosen

    def notebook(self) -> Path:
        """Return the notebook that is open here.

        Raises:
            Refusal: MDK360 when nothing tells.
        """
        return find_notebook(Kernel.this(self._shell.user_ns), self._chosen)

    def stale(self, notebook: Path) -> list[Finding]:
        """Return a warning for each cell that was run here but that the file does not hold."""
        return stale_findings(notebook, self._memory.executed)

    def remember(self, info: Any) -> None:
        """IPython's `pre_run_cell`: a cell is about to run."""
        if info.store_history:
            cell_id = getattr(info, "cell_id", None)  # since IPython 8.0
            self._memory.remember(self._shell.execution_count, info.raw_cell, cell_id)
