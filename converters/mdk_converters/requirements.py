"""Which distributions a component needs, from what its cells import and install."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from mdk_converters.analysis.knowledge import DISTRIBUTIONS

_PROVIDED = frozenset({"builtins", "IPython", "ipykernel", "mdk_jupyter", "mdk_magics", "mdk_converters", "ipywidgets"})


def requirements(modules: Iterable[str], installed: Iterable[str], local_modules: frozenset[str]) -> list[str]:
    """Return sorted requirement lines. What a cell installs by name and version wins over what imports tell.

    Example:
        >>> requirements({"sklearn", "os"}, ["scikit-learn==1.4"], frozenset())
        ['scikit-learn==1.4']
    """
    found: dict[str, str] = {}
    for module in modules:
        if module and module not in sys.stdlib_module_names and module not in _PROVIDED and module not in local_modules:
            name = DISTRIBUTIONS.get(module, module.replace("_", "-"))
            found[normalised(name)] = name
    for line in installed:
        found[normalised(line)] = line
    return [found[key] for key in sorted(found)]


def normalised(requirement: str) -> str:
    """Return the distribution's name as PyPI compares it.

    Example:
        >>> normalised("Scikit_Learn[alldeps]>=1.4")
        'scikit-learn'
    """
    name = re.split(r"[\s\[<>=!~;@(]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
