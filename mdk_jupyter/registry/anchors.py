"""Anchors: the heads of the histories, kept outside of the registry, in a file or in a git tag.

A line is added to the file, a tag is never moved: who can write to the database alone cannot change what was anchored.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from pydantic import ValidationError

from mdk_jupyter.registry.domain import Anchor
from mdk_jupyter.registry.errors import InvalidError

_TAGS = "mdk-registry-anchor/"


def to_file(anchor: Anchor, path: Path) -> None:
    """Add the anchor to a file, as one line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(anchor.model_dump_json() + "\n")


def to_tag(anchor: Anchor, repository: Path) -> str:
    """Put the anchor into the message of a new git tag, and return its name. Push it to where it is protected.

    Raises:
        InvalidError: git cannot make the tag (MDK548).
    """
    name = _TAGS + anchor.at.strftime("%Y%m%dT%H%M%S.%fZ")
    _git(repository, "tag", "--annotate", "--message", anchor.model_dump_json(), name)
    return name


def from_file(path: Path) -> Anchor:
    """Return the newest anchor of a file.

    Raises:
        InvalidError: the file has none (MDK548).
    """
    try:
        return _read(path.read_text(encoding="utf-8").splitlines()[-1])
    except (OSError, IndexError) as error:
        raise InvalidError("MDK548", f"{path} has no anchor", "Write one with `mdk registry anchor`.") from error


def from_tag(repository: Path, name: str | None = None) -> Anchor:
    """Return the anchor of a tag, of the newest one where no name is given.

    Raises:
        InvalidError: there is no such tag (MDK548).
    """
    names = _git(repository, "tag", "--list", name or f"{_TAGS}*", "--sort=-refname").split()
    if not names:
        raise InvalidError(
            "MDK548", f"{repository} has no anchor among its tags", "Write one with `mdk registry anchor`."
        )
    return _read(_git(repository, "tag", "--list", "--format=%(contents)", names[0]))


def _read(text: str) -> Anchor:
    try:
        return Anchor.model_validate_json(text)
    except ValidationError as error:
        raise InvalidError("MDK548", "the anchor cannot be read", "Take an earlier one.") from error


def _git(repository: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise InvalidError(
            "MDK548", f"git: {re.sub(r'^(fatal|error): ', '', said.strip())}", "See the message."
        ) from error
    return done.stdout
