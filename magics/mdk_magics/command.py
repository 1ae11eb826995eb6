"""`%mdk`: the commands of the terminal, with the open notebook filled in."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class

from mdk_converters.findings import Finding, MDKError
from mdk_magics.refusal import Cancelled, Refusal, describe
from mdk_magics.session import Session

if TYPE_CHECKING:
    from mdk_jupyter.local.record import Run
    from mdk_magics.caller import NotebookCaller


@magics_class
class CommandMagics(Magics):
    """The line magic, and what it remembers."""

    shell: Any

    def __init__(self, shell: Any, session: Session) -> None:
        super().__init__(shell)
        self.session = session
        self._shown: tuple[int, Run] | None = None  # the run that a cell has drawn, and the cell's number

    @line_magic
    def mdk(self, line: str) -> Any:
        """The commands of `mdk` in this notebook; `%mdk --help` lists them.

        %mdk run local -p rate=0.2    run this notebook as a pipeline; returns the run
        %mdk check                    say what a conversion finds
        %mdk submit --env stage       run it on Vertex AI or Kubeflow, as mdk.yaml says
        %mdk runs                     the runs so far
        %mdk runs show ID             one of them; returns the run
        %mdk use PATH                 name the notebook, where it cannot be found

        Python values are put in as everywhere in IPython: {value} or $name.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            return self._refuse(Refusal([Finding("MDK363", f"`%mdk {line}`: {error}", fix="Close the quotes.")]))
        try:
            if words[:1] == ["use"]:
                return self._use(words[1:])
            return self._call(words)
        except MDKError as error:
            return self._refuse(error)

    def _use(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Refusal([Finding("MDK363", "`%mdk use` takes one path", fix="Write %mdk use NAME.ipynb")])
        print(f"%mdk works on {self.session.use(words[0])}")

    def _call(self, words: list[str]) -> Any:
        from mdk_jupyter.cli import call
        from mdk_magics.caller import NotebookCaller

        caller = NotebookCaller(self.shell, self.session)
        result = (
            self._run_elsewhere(words, caller)
            if words[:1] == ["run"] and not {"-h", "--help", "--json"} & {*words}
            else None
        )
        if result is None:
            result = call(words, caller)
        if caller.shown is not None:
            self._note_shown(caller.shown)
            self._judge(caller.shown)
        return result

    def _run_elsewhere(self, words: list[str], caller: NotebookCaller) -> Run | None:
        """Let the kernel server drive the run, so that this kernel need not import what that takes."""
        from mdk_jupyter.cli.elsewhere import run_elsewhere
        from mdk_jupyter.kernels.client import UnavailableError

        try:
            return run_elsewhere(words, caller)
        except UnavailableError:
            return None

    def _judge(self, run: Run) -> None:
        """A failed run is on the screen and in the returned value; whoever looks at neither needs an error."""
        if run.state == "cancelled":
            raise Cancelled(f"run {run.id} was cancelled")
        if run.failures and self._is_unattended():
            raise Refusal(finding for step in run.failures for finding in step.findings)

    def _refuse(self, error: MDKError) -> None:
        """Say what is wrong: to a person as text, to whoever executes notebooks unattended as an error."""
        if self._is_unattended():
            raise Refusal.of(error) from None
        print(describe(error.findings), file=sys.stderr)

    def _is_unattended(self) -> bool:
        """Whether nobody could answer a question: nbclient, papermill and nbconvert take no input."""
        kernel = getattr(self.shell, "kernel", None)
        return kernel is not None and not kernel._allow_stdin

    def _note_shown(self, run: Run) -> None:
        """See to it that a cell ending with `%mdk run local` does not show its run a second time."""
        self._shown = self.shell.execution_count, run
        formatter = self.shell.display_formatter.ipython_display_formatter
        formatter.for_type(type(run), self._display_unless_shown)

    def _display_unless_shown(self, run: Run) -> None:
        number, shown = self._shown or (None, None)
        if run is shown and number == self.shell.execution_count:
            return
        self.shell.display_pub.publish(run._repr_mimebundle_())
