"""Which server serves this interpreter, and where it is found. Imports nothing heavy: every command asks."""

from __future__ import annotations

import hashlib
import os
import site
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

FOLDER = "MDK_KERNELS_FOLDER"  # environment variable: where the sockets are, instead of the usual place
IDLE = float(os.environ.get("MDK_KERNELS_IDLE") or 600)  # seconds after which nobody is expected any more
_PATH_LIMIT = 60  # of the folder; a Unix socket's path has at most about 104 bytes

# What interpreters and the C library read once, when a process starts.
_AT_START = (
    "PYTHON",
    "LD_",
    "LC_",
    "LANG",
    "LANGUAGE",
    "HOME",
    "IPYTHONDIR",
    "JUPYTER_",
    "MALLOC_",
    "GLIBC_",
    "TMPDIR",
)
# What differs between two terminals and means nothing to a library.
_VOLATILE = frozenset(
    [
        *("PWD", "OLDPWD", "SHLVL", "_", "MAIL", "EDITOR", "PAGER", "GIT_PAGER", "LESSOPEN", "LESSCLOSE"),
        *("TERM", "COLORTERM", "COLUMNS", "LINES", "WINDOWID", "PS1", "PS2", "LS_COLORS", "STY", "TMUX", "TMUX_PANE"),
        *("TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TERM_SESSION_ID", "VIRTUAL_ENV_PROMPT"),
        *("FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "HISTFILE", "HISTSIZE", "HISTCONTROL"),
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "GPG_AGENT_INFO", "GPG_TTY"),
        *("DBUS_SESSION_BUS_ADDRESS", "XDG_SESSION_ID", "XDG_VTNR", "INVOCATION_ID", "JOURNAL_STREAM"),
        *("JPY_PARENT_PID", "JPY_SESSION_NAME", "JPY_INTERRUPT_EVENT"),
    ]
)
_VOLATILE_PREFIXES = ("MDK_", "VSCODE_", "PYTEST_", "BASH_FUNC_", "MAKE", "CONDA_PROMPT")


class Place(NamedTuple):
    """Where a server listens. `state` stands for what it has imported: another state, another server."""

    folder: Path
    environment: str
    state: str

    @property
    def name(self) -> str:
        return f"{self.environment}-{self.state}"

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.name}.sock"

    @property
    def lock(self) -> Path:
        """Held by the server as long as it lives."""
        return self.folder / f"{self.name}.lock"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def sockets(self) -> Path:
        """The folder of the kernels' own sockets."""
        return self.folder / f"{self.name}.kernels"


served: Place | None = None  # in the processes of a server: its place


def here() -> Place:
    """Return the place of the server for this interpreter, its packages and its environment.

    Raises:
        OSError: there is no folder that is this user's alone.
    """
    return served or Place(runtime_folder(), _digest(_environment()), _digest(_state()))


def runtime_folder() -> Path:
    """Return the folder of this user's sockets, made when it is missing.

    Raises:
        OSError: it belongs to somebody else, or its path is too long.
    """
    chosen = os.environ.get(FOLDER)
    base = os.environ.get("XDG_RUNTIME_DIR")
    if chosen:
        folder = Path(chosen)
    elif base and os.access(base, os.W_OK):
        folder = Path(base) / "mdk"
    else:
        import tempfile

        folder = Path(tempfile.gettempdir()) / f"mdk-{os.getuid()}"
    if len(os.fsencode(folder)) > _PATH_LIMIT:
        raise OSError(f"the path {folder} is too long for sockets")
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PermissionError(f"{folder} is not this user's alone")
    return folder


def steady(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a library might read when it is imported."""
    return {
        name: value
        for name, value in variables.items()
        if name not in _VOLATILE and not name.startswith(_VOLATILE_PREFIXES)
    }


def _environment() -> Iterator[str]:
    yield from (sys.executable, sys.prefix, sys.version, str(sys.flags), *sys.warnoptions)
    yield from (f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_AT_START))
    import resource

    limits = (name for name in dir(resource) if name.startswith("RLIMIT_"))
    yield from (f"{name}={resource.getrlimit(getattr(resource, name))}" for name in limits)


def _state() -> Iterator[str]:
    """What changes when packages are installed, upgraded or removed, or when this package is edited."""
    for folder in (*site.getsitepackages(), site.getusersitepackages()):
        try:
            yield f"{folder} {Path(folder).stat().st_mtime_ns}"
        except OSError:
            continue
    package = Path(__file__).parents[1]
    roots = [package] if package.parent.name in ("site-packages", "dist-packages") else own_sources()
    for root in roots:
        yield from sorted(_files(root))


def own_sources() -> list[Path]:
    """Return the folders of this distribution's packages, without importing them."""
    from importlib.util import find_spec

    names = ("mdk_jupyter", "mdk_converters", "mdk_magics")
    specs = [find_spec(name) for name in names]
    return [Path(spec.origin).parent for spec in specs if spec is not None and spec.origin]


def _files(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(Path(entry.path))
            elif entry.name.endswith(".py"):
                about = entry.stat()
                yield f"{entry.path} {about.st_mtime_ns} {about.st_size}"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:12]
