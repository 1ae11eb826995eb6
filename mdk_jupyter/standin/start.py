"""Starting the stand-in from a command line."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
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
    port: int,
    root: Path,
    started: Callable[[str], None],
    *,
    interpreter: str,
    secret_files: Path | None,
    token_file: Path | None,
    parallel: int,
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
    if secret_files is not None and not secret_files.is_dir():
        raise UsageError(
            [Finding("MDK491", f"there is no folder {secret_files}", fix="mend --secrets, or make the folder")]
        )
    from mdk_jupyter.standin import faults
    from mdk_jupyter.standin.answers import Refused
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
        settings = Settings(
            root, found, secret_files.resolve() if secret_files else None, parallel, url, _token(token_file)
        )
        try:
            server = Server(settings, lambda: started(url))
        except (Refused, ValueError) as error:
            listening.close()
            text = f"the faults in {faults.VARIABLE} cannot be read: {error}"
            raise UsageError([Finding("MDK491", text, fix="mend the variable, or unset it")]) from None
        try:
            asyncio.run(server.serve([listening]))
        except KeyboardInterrupt:  # the usual end
            return
        finally:
            listening.close()


def _token(file: Path | None) -> str | None:
    """Return the token in a file, which is made with a new one when it is not there."""
    if file is None:
        return None
    try:
        if not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
                new.write(secrets.token_urlsafe(32))
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError([Finding("MDK491", f"{file} cannot be used: {error}", fix="mend --token-file")]) from None
    if not token:
        raise UsageError([Finding("MDK491", f"{file} holds no token", fix="mend --token-file, or delete the file")])
    return token
