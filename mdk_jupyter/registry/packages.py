"""The packages that a notebook or a model uses, with their versions. The standard library alone, for containers too."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata

_OURS = frozenset(["__main__", "builtins", "", "IPython", "mdk_jupyter", "mdk_magics"])


def requirements(model: object) -> list[str]:
    """Return NAME==VERSION of the installed packages that the notebook or the model uses, and of what these need.

    Packages that happen to be loaded, such as those of the kernel itself, are left out.
    """
    owners = _owners()
    needed: dict[str, str] = {}
    pending = [name for module in _modules_in_use(model) for name in owners.get(module, ())]
    while pending:
        name = pending.pop()
        key = _normal(name)
        if key in needed:
            continue
        try:
            about = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        needed[key] = f"{key}=={about.version}"
        loaded = (_bare(line) for line in about.requires or () if "extra ==" not in line)
        pending += [other for other in loaded if _is_loaded(other, owners)]
    return [needed[key] for key in sorted(needed)]


def _modules_in_use(model: object) -> set[str]:
    names = {kind.__module__ for kind in type(model).__mro__}
    for value in list(sys.modules["__main__"].__dict__.values()):
        found = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
        names.add(found if isinstance(found, str) else "")
    return {name.partition(".")[0] for name in names} - _OURS


@lru_cache(maxsize=1)
def _owners() -> dict[str, list[str]]:
    """Return which distributions have a module, by its name."""
    owners: dict[str, list[str]] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        for module in set(_modules_of(distribution)):
            if name:
                owners.setdefault(module, []).append(name)
    return owners


def _modules_of(distribution: metadata.Distribution) -> Iterator[str]:
    declared = (distribution.read_text("top_level.txt") or "").split()
    if declared:
        yield from declared
        return
    for file in distribution.files or ():
        top = file.parts[0].partition(".")[0] if len(file.parts) == 1 else file.parts[0]
        if top.isidentifier() and (len(file.parts) > 1 or file.suffix in (".py", ".so", ".pyd")):
            yield top


def _is_loaded(distribution: str, owners: dict[str, list[str]]) -> bool:
    wanted = _normal(distribution)
    return any(wanted in map(_normal, names) for top, names in owners.items() if top in sys.modules)


def _bare(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return match[0] if match else requirement


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
