"""Starting the stand-in from a command line."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError, UsageError
from mdk_jupyter.local.locks import holding
from mdk_jupyter.standin.settings import STATE, Settings

_NEEDED = ("starlette", "uvicorn", "croniter", "multipart")
_BUCKETS = ("demo", "mlpipeline")  # the first is for the user, the second is Kubeflow's default


def serve(
    port: int, root: Path, interpreter: str, secrets: Path | None, parallel: int, started: Callable[[str], None]
) -> None:
    """Serve until the process is interrupted.

    Raises:
        UsageError: a package, the interpreter or a folder is missing.
        ServiceError: the port or the folder is in use.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        text = f"the stand-in needs packages that are not installed: {', '.join(missing)}"
        raise UsageError([Finding("MDK490", text, fix="pip install 'mdk-jupyter[standin]'")])
    found = shutil.which(interpreter)
    if found is None:
        raise UsageError([Finding("MDK491", f"there is no interpreter {interpreter}", fix="mend --python")])
    if secrets is not None and not secrets.is_dir():
        raise UsageError([Finding("MDK491", f"there is no folder {secrets}", fix="mend --secrets, or make the folder")])
    from mdk_jupyter.standin.server import HOST, Server, listen

    root = root.resolve()
    try:
        for folder in (STATE, *_BUCKETS):
            (root / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError([Finding("MDK491", f"{root} cannot be written: {error}", fix="mend --root")]) from None
    with holding(root / STATE / "lock", patience=0) as held:
        if not held:
            text = f"another stand-in uses {root}"
            raise ServiceError([Finding("MDK492", text, fix="stop it, or give this one another --root")])
        try:
            listening = listen(port)
        except OSError as error:
            text = f"port {port} of {HOST} cannot be had: {error.strerror}"
            raise ServiceError([Finding("MDK492", text, fix="give another --port; 0 takes any free one")]) from None
        url = f"http://{HOST}:{listening.getsockname()[1]}"
        settings = Settings(root, found, secrets.resolve() if secrets else None, parallel, url)
        try:
            asyncio.run(Server(settings, lambda: started(url)).serve([listening]))
        except KeyboardInterrupt:  # the usual end
            return
        finally:
            listening.close()
