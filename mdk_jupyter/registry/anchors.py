"""Anchors: the ends of the histories, kept outside of the registry, in a file or in git tags.

A line is added to the file, a tag is never moved: who can write to the database alone cannot change what was anchored.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from mdk_jupyter.registry.domain import Anchor
from mdk_jupyter.registry.errors import InvalidError

_TAGS = "mdk-registry-anchor/"
_WRITE_ONE = "Write one with `mdk registry anchor`."


def to_file(anchor: Anchor, path: Path) -> None:
    """Add the anchor to a file, as one line of JSON.

    Raises:
        InvalidError: the file cannot be written (MDK548).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(anchor.model_dump_json() + "\n")
    except OSError as error:
        raise InvalidError("MDK548", f"{path} cannot be written: {error.strerror}", "Name another file.") from error


def to_tag(anchor: Anchor, repository: Path, *, remote: str | None = None) -> str:
    """Put the anchor into the message of a new git tag, push it to a remote if one is named, and return the tag's name.

    Raises:
        InvalidError: git cannot make or push the tag (MDK548).
    """
    name = _TAGS + anchor.at.strftime("%Y%m%dT%H%M%S.%fZ")
    _git(repository, "tag", "--annotate", "--file", "-", name, given=anchor.model_dump_json())
    if remote is not None:
        _git(repository, "push", "--quiet", remote, f"refs/tags/{name}")
    return name


def from_file(path: Path) -> list[Anchor]:
    """Return the anchors of a file, oldest first.

    Raises:
        InvalidError: the file has none, or one that cannot be read (MDK548).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidError("MDK548", f"{path} cannot be read: {said}", _WRITE_ONE) from error
    return _read(str(path), ((f"line {number}", line) for number, line in enumerate(lines, 1) if line.strip()))


def from_tags(repository: Path) -> list[Anchor]:
    """Return the anchors among the tags of a git repository, oldest first.

    Raises:
        InvalidError: there are none, or one cannot be read (MDK548).
    """
    listed = _git(repository, "for-each-ref", "--format=%(refname:lstrip=2) %(contents:subject)", f"refs/tags/{_TAGS}")
    tags = (line.partition(" ") for line in listed.splitlines())
    return _read(f"the tags of {repository}", ((name, text) for name, _, text in tags))


def _read(where: str, texts: Iterable[tuple[str, str]]) -> list[Anchor]:
    found = []
    for name, text in texts:
        try:
            found.append(Anchor.model_validate_json(text))
        except ValidationError as error:
            fix = "Take it from a copy; what it was taken of cannot be checked without it."
            raise InvalidError("MDK548", f"{where}: the anchor of {name} cannot be read", fix) from error
    if not found:
        raise InvalidError("MDK548", f"{where}: there is no anchor", _WRITE_ONE)
    return found


def _git(repository: Path, *words: str, given: str | None = None) -> str:
    command = ["git", "-C", str(repository), *words]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        message = re.sub(r"^(fatal|error): ", "", said.strip())
        raise InvalidError("MDK548", f"git: {message}", "See the message.") from error
    return done.stdout
