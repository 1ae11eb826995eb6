"""What a step does beside its values: the files, folders, hosts and programs that it uses.

An audit hook notes it while the user's code runs; the driver judges it. Imports stay light.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Optional

LIMIT = 20_000  # paths; a step that uses more is not followed

Stamp = Optional[list[int]]
"""Size and mtime_ns of a file at the moment it was used; None when it was not there."""

_IMPORTERS = ("<frozen importlib._bootstrap_external>", "<frozen zipimport>")
_HERE = ("", "localhost", "::1", "0.0.0.0")  # noqa: S104 - hosts that are this machine
_OUR_PACKAGES = ("mdk_jupyter", "mdk_converters", "mdk_magics")
_SHELLS = ("IPython", "ipykernel", "pexpect", "ptyprocess", "mdk_jupyter")


class Watch:
    """Notes what the process does between `start` and `stop`. Paths are absolute, as the code named them."""

    def __init__(self) -> None:
        self._active = False
        self._installed = False
        self._thread = threading.local()
        self._here = ""
        self._clear()

    def _clear(self) -> None:
        self.read: dict[str, Stamp] = {}  # files, as they were when they were first opened
        self.written: dict[str, None] = {}  # files and folders that were made, changed or deleted
        self.listed: dict[str, list[str] | None] = {}  # folders, with the names that were found
        self.hosts: dict[str, None] = {}
        self.blind: str | None = None  # why not everything was seen

    def start(self) -> None:
        """Begin to take notes, with none. A hook cannot be taken out again, so there is one per process."""
        self._clear()
        self._here = os.getcwd() + os.sep  # noqa: PTH109
        self._active = True
        if not self._installed:
            self._installed = True
            sys.addaudithook(self._hook)

    def stop(self) -> None:
        """Take no more notes."""
        self._active = False

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Take no notes of what this thread does: it is ours, and not what the user's code asked for."""
        before = getattr(self._thread, "busy", False)
        self._thread.busy = True
        try:
            yield
        finally:
            self._thread.busy = before

    def note_outside(self, what: str) -> None:
        """Note that the step depends on something that no file tells of, so that its result is not kept."""
        if self._active:
            self.blind = what

    def notes(self) -> dict[str, Any]:
        """Return what was noted, and the modules that were loaded, as JSON values."""
        modules, packages = _loaded_modules()
        return {
            "read": self.read,
            "written": list(self.written),
            "listed": self.listed,
            "hosts": list(self.hosts),
            "blind": self.blind,
            "workers": _has_workers(),
            "modules": modules,
            "packages": packages,
        }

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._active or event not in _NOTES or getattr(self._thread, "busy", False):
            return
        self._thread.busy = True  # what the notes themselves open and list is no news
        try:
            _NOTES[event](self, *arguments)
        except Exception as error:  # the user's own call must not fail for it
            self.blind = f"its use of files could not be followed ({event}: {error})"
        finally:
            self._thread.busy = False

    def _open(self, path: Any, mode: str | None, flags: int) -> None:
        name = self._absolute(path)
        if name is None or _is_import():
            return
        if mode is not None:
            reads = "r" in mode or "a" in mode
            writes = any(letter in mode for letter in "wax+")
        else:
            access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
            writes = access != os.O_RDONLY
            keeps = not flags & (os.O_TRUNC | os.O_EXCL)
            reads = not writes or (keeps and bool(access == os.O_RDWR or flags & os.O_APPEND))
        if reads and name not in self.written:
            self._note_read(name)
        if writes:
            self._note_written(name)

    def _note_read(self, name: str) -> None:
        if name not in self.read and self._has_room():
            self.read[name] = stamp(name)

    def _note_written(self, name: str) -> None:
        if self._has_room():
            self.written[name] = None

    def _change(self, path: Any, *folders: Any) -> None:
        if any(descriptor not in (-1, None) for descriptor in folders[-1:]):
            return  # of a file inside an open folder; those that remove whole trees say so by themselves
        name = self._absolute(path)
        if name is not None:
            self._note_written(name)

    def _move(self, source: Any, target: Any, *_: Any) -> None:
        name = self._absolute(source)
        if name is not None and name not in self.written:
            self._note_read(name)
        self._change(source)
        self._change(target)

    def _cut(self, path: Any, _: Any) -> None:
        name = self._absolute(path)
        if name is not None:
            self._note_read(name)
            self._note_written(name)

    def _list(self, path: Any = None) -> None:
        name = self._absolute("." if path is None else path)
        if name is not None and name not in self.listed and not _is_import() and self._has_room():
            self.listed[name] = listing(name)

    def _database(self, name: Any, *_: Any) -> None:
        path = self._absolute(str(name).removeprefix("file:").partition("?")[0] if isinstance(name, str) else name)
        if name not in (":memory:", "") and path is not None:
            self._note_read(path)
            self._note_written(path)

    def _connect(self, _: Any, address: Any) -> None:
        if isinstance(address, tuple) and address:
            self._resolve(address[0])

    def _resolve(self, host: Any, *_: Any) -> None:
        name = host.decode(errors="replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and name not in _HERE and not name.startswith("127."):
            self.hosts[name] = None

    def _start_program(self, *_: Any) -> None:
        frame = _caller()
        if frame is None or _is_users(frame.f_code.co_filename):
            self.blind = "it starts other programs, and nobody sees which files they use"

    def _absolute(self, path: Any) -> str | None:
        """Return the path if it is to be noted: not of Python, its packages, the system, or hidden at home."""
        if isinstance(path, int) or path is None:
            return None
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - links stay as they are
        if name.startswith(_PYTHON):  # which may be a virtual environment in this very folder
            return None
        if name.startswith(self._here):
            inside = name[len(self._here) :]
        elif name.startswith(_SYSTEM):
            return None
        else:
            inside = name
        return name if IGNORED_NAMES.isdisjoint(inside.split(os.sep)) else None  # noqa: PTH206

    def _has_room(self) -> bool:
        if len(self.read) + len(self.written) + len(self.listed) > LIMIT:
            self.blind = f"it uses more than {LIMIT} files"
            return False
        return True


_NOTES: dict[str, Callable[..., None]] = {
    "open": Watch._open,
    "os.listdir": Watch._list,
    "os.scandir": Watch._list,
    "os.remove": Watch._change,
    "os.rmdir": Watch._change,
    "os.mkdir": Watch._change,
    "os.truncate": Watch._cut,
    "shutil.rmtree": Watch._change,
    "os.rename": Watch._move,
    "os.link": Watch._move,
    "os.symlink": lambda watch, source, target, *_: Watch._change(watch, target),
    "sqlite3.connect": Watch._database,
    "socket.connect": Watch._connect,
    "socket.getaddrinfo": Watch._resolve,
    **dict.fromkeys(
        [
            "subprocess.Popen",
            "os.system",
            "os.exec",
            "os.posix_spawn",
            "os.spawn",
            "os.fork",
            "os.forkpty",
            "pty.spawn",
        ],
        Watch._start_program,
    ),
}

watch = Watch()


def stamp(path: str) -> Stamp:
    """Return a file's size and mtime, or None when it cannot be found; folders have none either."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called very often
    except (OSError, ValueError):
        return None
    return [status.st_size, status.st_mtime_ns]


IGNORED_NAMES = frozenset([".mdk", ".git", "__pycache__", ".ipynb_checkpoints"])


def listing(path: str) -> list[str] | None:
    """Return the sorted names in a folder, without those that tools keep for themselves; None when it is no folder."""
    try:
        return sorted(name for name in os.listdir(path) if name not in IGNORED_NAMES)  # noqa: PTH208
    except OSError:
        return None


def _roots(*names: str) -> tuple[str, ...]:
    return tuple(sorted({os.path.abspath(name) + os.sep for name in names if name}))  # noqa: PTH100


def _site_packages() -> list[str]:
    import site

    places = [*site.getsitepackages(), site.getusersitepackages()]
    return [*places, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]


_SITES = _roots(*_site_packages())
_STDLIB = _roots(sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_OURS = _roots(*(os.path.dirname(os.path.dirname(__file__)),))  # noqa: PTH120 - of the package mdk_jupyter
_PYTHON = (*_SITES, *_STDLIB, *_OURS)
_PREFIXES = _roots(*({sys.prefix, sys.base_prefix} - {"/usr", "/usr/local", "/"}))
_HIDDEN = os.path.expanduser("~") + os.sep + "."  # noqa: PTH111 - at home these are the libraries' own
_SYSTEM = (*_PREFIXES, _HIDDEN, *(_roots("/proc", "/dev", "/sys", "/etc") if os.name == "posix" else ()))


def _is_import() -> bool:
    """Whether Python looks for a module: modules are told by themselves."""
    frame: FrameType | None = sys._getframe(3)
    return frame is not None and frame.f_code.co_filename in _IMPORTERS


def _caller() -> FrameType | None:
    """Return the frame that wanted a program to start, behind the standard library and IPython."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        name = frame.f_code.co_filename
        passing = name.startswith(("<frozen", *_STDLIB)) or any(f"{os.sep}{part}{os.sep}" in name for part in _SHELLS)
        if name.startswith(_SITES):
            passing = any(f"{os.sep}{part}{os.sep}" in name for part in _SHELLS)
        if not passing:
            return frame
        frame = frame.f_back
    return None


def _is_users(file: str) -> bool:
    return not file.startswith(_SITES)


def _loaded_modules() -> tuple[list[str], dict[str, list[str]]]:
    """Return the files of the user's own modules, and the names of installed top-level ones by their folder."""
    own: dict[str, None] = {}
    ours = _roots(*(path for name in _OUR_PACKAGES for path in getattr(sys.modules.get(name), "__path__", ())))
    installed: dict[str, set[str]] = {}
    told: set[str] = set()  # folders of which one module tells as much as all: there are thousands of modules
    for module in list(sys.modules.values()):
        named = getattr(module, "__dict__", {}).get("__file__")
        if not isinstance(named, str) or (folder := named.rpartition(os.sep)[0]) in told:
            continue
        file = os.path.abspath(named)  # noqa: PTH100
        site = next((place for place in _SITES if file.startswith(place)), None)
        if site is not None:
            top, is_package, _ = file[len(site) :].partition(os.sep)
            installed.setdefault(site.rstrip(os.sep), set()).add(top)
            if is_package:
                told.add(folder)
        elif file.startswith((*_STDLIB, *ours)):
            told.add(folder)
        else:
            own[file] = None
    return list(own), {site: sorted(names) for site, names in installed.items()}


def _has_workers() -> bool:
    """Whether libraries have processes at work, such as those of joblib, which the hook does not reach."""
    with contextlib.suppress(OSError):
        threads = os.listdir("/proc/self/task")  # noqa: PTH208
        return any(Path(f"/proc/self/task/{thread}/children").read_text().strip() for thread in threads)
    return False
