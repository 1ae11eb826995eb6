"""Which version of which package is installed, told by the names of folders: no package is imported or asked."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from mdk_jupyter.local.files import write_atomically

_INFO = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+?)(?:-py\d[^-]*)?\.(?:dist|egg)-info")


def installed(site: str) -> dict[str, str]:
    """Return the versions of the packages in a folder of packages, by name."""
    try:
        return _installed(site, Path(site).stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=16)
def _installed(site: str, changed: int) -> dict[str, str]:
    names = [path.name for path in Path(site).iterdir()]
    found = (_INFO.fullmatch(name) for name in names)
    return {match["name"].lower().replace("_", "-"): match["version"] for match in found if match is not None}


def owners(site: str, modules: list[str], memo: Path) -> set[str]:
    """Return the packages that top-level modules, as files or folders of `site`, belong to.

    Most packages are called as their module. For the others the packages' own lists are read, once per set of
    installed packages: the outcome is kept in the folder `memo`.
    """
    versions = installed(site)
    found: set[str] = set()
    unknown: set[str] = set()
    for module in modules:
        name = module.partition(".")[0].lower().replace("_", "-")
        (found if name in versions else unknown).add(name if name in versions else module)
    if unknown:
        by_module = _by_module(site, memo)
        found |= {by_module[module] for module in unknown if module in by_module}
    return found & versions.keys()


def _by_module(site: str, memo: Path) -> dict[str, str]:
    from mdk_jupyter.local.cache_key import digest_of

    path = memo / f"{digest_of([site, installed(site)])[:32]}.json"
    try:
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = _read_lists(site)
        memo.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(known))
    return known


def _read_lists(site: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for record in Path(site).glob("*.dist-info/RECORD"):
        match = _INFO.fullmatch(record.parent.name)
        if match is None:
            continue
        name = match["name"].lower().replace("_", "-")
        for line in record.read_text(encoding="utf-8", errors="replace").splitlines():
            top = line.partition(",")[0].strip('"').partition("/")[0]
            if not top.endswith((".dist-info", "..", "__pycache__")):
                found.setdefault(top, name)
    return found
