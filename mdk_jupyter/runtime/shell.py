"""Cells in IPython's shell, where the container has IPython: as a kernel runs them, without the kernel."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from mdk_jupyter.runtime.loop import Loop
from mdk_jupyter.runtime.outputs import Outputs

_outputs = Outputs()  # of the one shell of this process


class _Hook(DisplayHook):
    """Takes the value of a cell's last expression."""

    def start_displayhook(self) -> None:
        pass

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        _outputs.result(format_dict, md_dict or {}, self.prompt_count)

    def finish_displayhook(self) -> None:
        pass


class _Publisher(DisplayPublisher):
    """Takes what `display` shows."""

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: Any = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **options: Any,
    ) -> None:
        display_id = (transient or {}).get("display_id")
        if update and display_id is not None:
            _outputs.update(data, metadata or {}, display_id)
        else:
            _outputs.display(data, metadata or {}, display_id)

    def clear_output(self, wait: bool = False) -> None:
        _outputs.clear(wait)


class StepShell(InteractiveShell):
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    asked_to_exit = False

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: no window will ever be opened."""

    def ask_exit(self) -> None:
        self.asked_to_exit = True

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        _outputs.error(etype.__name__, str(evalue), stb)


class Cells:
    """Runs cells one after the other."""

    def __init__(self, outputs: Outputs) -> None:
        global _outputs  # noqa: PLW0603 - IPython makes the hooks itself
        _outputs = outputs
        config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
        self._shell: Any = StepShell.instance(config=config, ipython_dir=tempfile.mkdtemp(prefix="mdk-ipython-"))
        self._loop = Loop()

    @property
    def asked_to_exit(self) -> bool:
        """Whether a cell called `exit()`."""
        return bool(self._shell.asked_to_exit)

    @property
    def count(self) -> int:
        """The number of the next cell."""
        return int(self._shell.execution_count)

    def run(self, source: str) -> BaseException | None:
        """Run a cell; return the exception that ended it. It is shown already."""
        result = self._loop.run(self._run(source))
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    async def _run(self, source: str) -> Any:
        """Run a cell while the event loop runs, as in a kernel."""
        shell = self._shell
        try:
            transformed, failure = shell.transform_cell(source), None
        except Exception:
            transformed, failure = source, sys.exc_info()
        if not shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=failure):
            return shell.run_cell(source, store_history=True)
        try:
            result = await shell.run_cell_async(
                source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failure
            )
        finally:
            shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
        return result

    def file_names(self, counts: dict[int, Any]) -> dict[str, int]:
        """Return the names under which cells were compiled, with their execution counts."""
        names: dict[str, int] = getattr(self._shell.compile, "_filename_map", {})
        return {name: count for name, count in names.items() if count in counts}
