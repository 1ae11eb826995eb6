"""Ending a run that another process drives, or a service."""

from __future__ import annotations

import contextlib
import os
import signal

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError
from mdk_jupyter.local.announcing import announced
from mdk_jupyter.local.events import ENDED
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import is_driven


def cancel(run: Run) -> Run:
    """Let a run end, and return it. One on this machine ends as with Ctrl-C where it runs, in a moment.

    Raises:
        UsageError: nobody knows which process drives it (MDK481).
        ServiceError: the service cannot be asked.
    """
    if run.state in ENDED:
        return run
    if run.target != "local":
        from mdk_jupyter.remote import runs as remote

        return remote.cancel(run, remote.service_of(run))
    process = next((one.process for one in announced() if one.run == run.folder), None)
    if process is None:
        message = f"run {run.id} is on this machine, and its process is not known"
        raise UsageError([Finding("MDK481", message, fix="end it with Ctrl-C where it runs", names=(run.id,))])
    if is_driven(run.folder):  # otherwise the number may be that of another process by now
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGINT)
    return run
