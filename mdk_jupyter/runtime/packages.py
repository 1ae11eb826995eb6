"""Requirements that the container's image lacks are installed before the step begins."""

from __future__ import annotations

import importlib
import re
import site
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from mdk_converters.findings import Finding
from mdk_jupyter.errors import StepError

_PLAIN = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==\s*([A-Za-z0-9.!+_-]+))?\s*")
_LINES = 15  # of what pip says


def install(requirements: Iterable[str]) -> None:
    """Install what is missing, in one go.

    Raises:
        StepError: pip could not (MDK428).
    """
    missing = [requirement for requirement in requirements if not is_satisfied(requirement)]
    if not missing:
        return
    print("installing", *missing, file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, *missing], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        said = "\n".join(done.stdout.rstrip().splitlines()[-_LINES:])
        message = f"the requirements {', '.join(missing)} cannot be installed: {said}"
        fix = "Mend `requirements:` of the component, or use an image that has them."
        raise StepError([Finding("MDK428", message, fix=fix, names=tuple(missing))])
    if site.ENABLE_USER_SITE:
        site.addsitedir(site.getusersitepackages())  # where pip installs when it may not elsewhere
    importlib.invalidate_caches()


def is_satisfied(requirement: str) -> bool:
    """Tell whether a requirement NAME or NAME==VERSION is installed; of others only pip knows.

    Example:
        >>> is_satisfied("pip>=20")
        False
    """
    match = _PLAIN.fullmatch(requirement)
    if match is None:
        return False
    try:
        found = version(match[1])
    except PackageNotFoundError:
        return False
    return match[2] is None or found == match[2]
