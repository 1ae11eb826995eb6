"""The bundle: what every step of a pipeline needs beside its image, in one file that is the same for the same content.

It holds the runtime of steps, the user's own modules that the cells import, and the files that components declare.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdk_converters.findings import Finding, MDKError
from mdk_converters.spec import Pipeline
from mdk_jupyter.remote.modules import local_modules, runtime_sources
from mdk_jupyter.remote.protected import is_protected

LIMIT = 100 * 2**20  # bytes of files

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip knows
_CARRIED = ("cloudpickle",)  # what the runtime needs and images seldom have: pure Python, with its licence


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a bundle, as the plan of a submission lists it."""

    name: str
    size: int  # bytes
    part: str  # "runtime", "module" or "file"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A zip file. `left_out` are files that a pattern matched and that look like secrets or belong to tools."""

    sha256: str
    data: bytes
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()

    def listing(self) -> list[Entry]:
        """Return what is of the user: modules and files, not the runtime."""
        return [entry for entry in self.entries if entry.part != "runtime"]


def build(pipeline: Pipeline, folder: Path) -> Bundle:
    """Return the bundle of a pipeline whose notebook is in `folder`.

    Raises:
        MDKError: a declared file is missing (MDK420), outside of the folder (MDK422), or all together are too large
            (MDK421).
    """
    folder = folder.resolve()
    declared, left_out = _declared_files(pipeline, folder)
    cells = [cell.source for component in pipeline.components.values() for cell in component.cells]
    cells += [definition.source for definition in pipeline.definitions.values()]
    modules = {path.relative_to(folder).as_posix(): path for path in local_modules(cells, folder)}
    files = {path.relative_to(folder).as_posix(): path for paths in declared.values() for path in paths}
    _check_size({**modules, **files})
    names = {
        "files": {name: sorted(p.relative_to(folder).as_posix() for p in paths) for name, paths in declared.items()},
        "modules": sorted(modules),
    }
    contents = {**runtime_sources(), **_carried_packages()}
    contents["bundle.json"] = json.dumps(names, sort_keys=True, ensure_ascii=False).encode()
    entries = [Entry(name, len(content), "runtime") for name, content in contents.items()]
    for name, path in {**modules, **files}.items():
        content = path.read_bytes()
        contents[f"work/{name}"] = content
        entries.append(Entry(name, len(content), "module" if name in modules else "file"))
    data = _zip(contents)
    entries.sort(key=lambda entry: (entry.part, entry.name))
    return Bundle(hashlib.sha256(data).hexdigest(), data, tuple(entries), tuple(sorted(left_out)))


def _declared_files(pipeline: Pipeline, folder: Path) -> tuple[dict[str, list[Path]], set[str]]:
    """Return the files that each component declares, and what was left out of them."""
    declared: dict[str, list[Path]] = {}
    left_out: set[str] = set()
    findings: list[Finding] = []
    for name, component in pipeline.components.items():
        found: dict[Path, None] = {}
        for pattern in component.files:
            if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                findings.append(_outside(name, pattern))
                continue
            matches = sorted(folder.glob(pattern))
            if not matches:
                findings.append(_missing(name, pattern))
            for path in _files_in(matches):
                inside = path.relative_to(folder).as_posix()
                if is_protected(inside) and inside != pattern:
                    left_out.add(inside)
                else:
                    found[path] = None
        declared[name] = list(found)
    if findings:
        raise MDKError(findings)
    return declared, left_out


def _files_in(matches: Iterable[Path]) -> list[Path]:
    """Return files, and those in folders."""
    found: list[Path] = []
    for path in matches:
        found += [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return found


def _check_size(files: Mapping[str, Path]) -> None:
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total = sum(sizes.values())
    if total <= LIMIT:
        return
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:3]
    listed = ", ".join(f"{name} ({sizes[name] / 2**20:.1f} MiB)" for name in largest)
    message = f"the files of the pipeline have {total / 2**20:.0f} MiB, and a bundle takes {LIMIT // 2**20}: {listed}"
    fix = "Keep large data in a bucket or a database, and let the component read it from there."
    raise MDKError([Finding("MDK421", message, fix=fix, names=tuple(largest))])


def _missing(component: str, pattern: str) -> Finding:
    message = f"the component {component!r} declares the file {pattern!r}, which is not beside the notebook"
    return Finding("MDK420", message, fix="Correct the tag `file:`, or put the file there.", names=(component, pattern))


def _outside(component: str, pattern: str) -> Finding:
    message = f"the component {component!r} declares the file {pattern!r}, which is not in the notebook's folder"
    fix = "Put the file into the notebook's folder, and name it from there."
    return Finding("MDK422", message, fix=fix, names=(component, pattern))


def _carried_packages() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for package in _CARRIED:
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.origin is not None, package
        home = Path(spec.origin).parent
        for path in sorted(home.rglob("*.py")):
            found[path.relative_to(home.parent).as_posix()] = path.read_bytes()
        for path in sorted(home.parent.glob(f"{package}-*.dist-info/**/LICEN[SC]E*")):
            found[f"{package}/LICENSE"] = path.read_bytes()
    return found


def _zip(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip file that depends on its contents alone."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(contents):
            about = zipfile.ZipInfo(name, _TIME)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.create_system = 3  # the same on every system
            about.external_attr = 0o644 << 16
            archive.writestr(about, contents[name])
    return file.getvalue()
