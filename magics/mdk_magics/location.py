"""Which notebook is this kernel running?

A kernel is not told. What can be asked, most certain first: what the user said (`%mdk use`), VS Code's
variable in the user's namespace, the running Jupyter servers' sessions (they know of renames), and the path
that the server gave the kernel at its start.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mdk_converters.findings import Finding
from mdk_magics.refusal import Refusal

VSCODE = "__vsc_ipynb_file__"
SESSION = "JPY_SESSION_NAME"
TIMEOUT = 1.0  # seconds for one server on this machine
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Kernel:
    """What the kernel knows about itself."""

    namespace: Mapping[str, Any]
    session: str | None = None  # the path that a Jupyter server gave it
    kernel_id: str | None = None
    runtime_dir: Path | None = None
    colab: bool = False

    @classmethod
    def this(cls, namespace: Mapping[str, Any]) -> Kernel:
        """Return the kernel that this process is; outside a kernel there is no id."""
        connection = _connection_file()
        runtime = None
        if connection is not None:
            from jupyter_core.paths import jupyter_runtime_dir

            runtime = Path(jupyter_runtime_dir())
        return cls(
            namespace=namespace,
            session=_session_path(),
            kernel_id=_kernel_id(connection),
            runtime_dir=runtime,
            colab="google.colab" in sys.modules,
        )


def find_notebook(kernel: Kernel, chosen: Path | None = None) -> Path:
    """Return the path of the notebook that `kernel` runs.

    Args:
        kernel: what is known about this kernel.
        chosen: what the user named with `%mdk use`; wins over everything.

    Raises:
        Refusal: MDK360 when nothing tells, with what to do.
    """
    if chosen is not None:
        return chosen
    for candidate in _candidates(kernel):
        if candidate.is_file():
            return candidate
    raise Refusal([_not_found(kernel)])


def chosen_notebook(argument: str, folder: Path) -> Path:
    """Return the notebook that `%mdk use ARGUMENT` names.

    Raises:
        Refusal: MDK361 when there is no such file.
    """
    path = (folder / Path(argument).expanduser()).resolve()
    if path.is_file():
        return path
    near = sorted(file.name for file in folder.glob("*.ipynb"))[:5]
    fix = f"Notebooks in this folder: {', '.join(near)}." if near else f"The current folder is {folder}."
    raise Refusal([Finding("MDK361", f"there is no file {argument}", fix=fix, names=(argument,))])


def _candidates(kernel: Kernel) -> Iterator[Path]:
    vscode = kernel.namespace.get(VSCODE)
    if isinstance(vscode, str):
        yield Path(vscode)
    if kernel.kernel_id is not None and kernel.runtime_dir is not None:
        yield from _from_servers(kernel.kernel_id, kernel.runtime_dir)
    if kernel.session:
        yield Path(kernel.session)


def _from_servers(kernel_id: str, runtime_dir: Path) -> Iterator[Path]:
    """Ask the Jupyter servers of this user on this machine, the one that started us first."""
    servers = [_read_server(file) for file in runtime_dir.glob("jpserver-*.json")]
    for server in sorted(filter(None, servers), key=lambda server: server.get("pid") != os.getppid()):
        for session in _sessions(server):
            if (session.get("kernel") or {}).get("id") == kernel_id:
                yield Path(server["root_dir"]) / _without_drive(str(session.get("path", "")))


def _read_server(file: Path) -> dict[str, Any] | None:
    try:
        server = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # The token goes to this machine only.
    if not isinstance(server, dict) or not {"url", "root_dir"} <= server.keys():
        return None
    return server if urlsplit(server["url"]).hostname in LOOPBACK else None


def _sessions(server: Mapping[str, Any]) -> list[dict[str, Any]]:
    from http.client import HTTPException

    try:
        sessions = json.loads(_get(server["url"].rstrip("/") + "/api/sessions", str(server.get("token") or "")))
    except (OSError, ValueError, HTTPException):
        return []
    return [entry for entry in sessions if isinstance(entry, dict)] if isinstance(sessions, list) else []


def _get(url: str, token: str) -> bytes:
    """Return what a server on this machine answers; neither by a proxy nor by a redirect does the token leave it."""
    import ssl
    from http.client import HTTPConnection, HTTPSConnection

    parts = urlsplit(url)
    if parts.scheme == "https":
        # The certificate of a server on one's own machine is made for another name, or by oneself.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection: HTTPConnection = HTTPSConnection(parts.netloc, timeout=TIMEOUT, context=context)
    else:
        connection = HTTPConnection(parts.netloc, timeout=TIMEOUT)
    with closing(connection):
        connection.request("GET", parts.path, headers={"Authorization": f"token {token}"} if token else {})
        return connection.getresponse().read()


def _without_drive(path: str) -> str:
    """Drop the drive that real-time collaboration puts before a path: `RTC:a/b.ipynb`."""
    return re.sub(r"^[A-Za-z]+:", "", path).lstrip("/")


def _session_path() -> str | None:
    """Return the path that this kernel was given; not one that it inherited from the kernel that began it."""
    import psutil  # type: ignore[import-untyped]

    given = os.environ.get(SESSION)
    try:
        inherited = psutil.Process(os.getppid()).environ().get(SESSION)
    except (psutil.Error, OSError):
        inherited = None
    return given if given != inherited else None


def _connection_file() -> Path | None:
    kernelapp = sys.modules.get("ipykernel.kernelapp")  # a plain IPython has not imported it
    if kernelapp is None or not kernelapp.IPKernelApp.initialized():
        return None
    return Path(kernelapp.IPKernelApp.instance().abs_connection_file)


def _kernel_id(connection_file: Path | None) -> str | None:
    """`kernel-ID.json` -> `ID`."""
    if connection_file is None:
        return None
    return connection_file.stem.removeprefix("kernel-")


def _not_found(kernel: Kernel) -> Finding:
    if kernel.colab:
        fix = (
            "Colab keeps the notebook in Drive. Mount it: from google.colab import drive; "
            "drive.mount('/content/drive'). Then name it: "
            "%mdk use '/content/drive/MyDrive/Colab Notebooks/NAME.ipynb'"
        )
    else:
        fix = "Name it once in this session: %mdk use NAME.ipynb (or in the command: %mdk run local NAME.ipynb)"
    return Finding("MDK360", "this kernel does not say which notebook it runs", fix=fix)
