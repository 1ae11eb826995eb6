"""How models and versions are named: `flights@champion`, `flights/1.4.2`, `models:/flights@champion`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Optional

from mdk_jupyter.registry.errors import InvalidError

_NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,127})"
_ALIASES = r"(?P<alias>champion|primary|latest)"
_BY_ALIAS = re.compile(rf"{_NAME}@{_ALIASES}")
_BY_VERSION = re.compile(rf"{_NAME}[/@]v?(?P<version>\d{{1,6}}\.\d{{1,6}}\.\d{{1,9}})")
_BY_NAME = re.compile(_NAME)
_VERTEX = re.compile(
    r"(?P<resource>projects/[^/\s@]+/locations/[^/\s@]+/models/[^/\s@]+)(?:@(?P<version>[A-Za-z0-9-]+))?"
)


@dataclass(frozen=True)
class Reference:
    """One version, by its number, by what it is, or by its name on Vertex AI.

    Exactly one of `version` ("1.4.2"), `alias` and `vertex` (a resource name, with `@version` where it was given) is set.
    `name` is empty for `vertex`.
    """

    name: str
    version: Optional[str] = None  # noqa: UP045 - looked at by Python 3.9
    alias: Optional[Literal["champion", "latest"]] = None  # noqa: UP045
    vertex: Optional[str] = None  # noqa: UP045

    def __str__(self) -> str:
        if self.vertex:
            return self.vertex
        return f"{self.name}/{self.version}" if self.version else f"{self.name}@{self.alias}"


def parse(text: str) -> Reference:
    """Read a reference.

    A bare name means `@latest`; `@primary` is an old word for `@champion`; the prefix `models:/` of MLflow is allowed.

    Raises:
        InvalidError: it names no version (MDK540).

    Example:
        >>> parse("models:/flights@champion")
        Reference(name='flights', version=None, alias='champion', vertex=None)
        >>> str(parse("flights@1.4.2"))
        'flights/1.4.2'
    """
    bare = text.strip().removeprefix("models:/").removeprefix("/")
    if match := _VERTEX.fullmatch(bare):
        return Reference("", vertex=bare)
    if match := _BY_ALIAS.fullmatch(bare):
        return Reference(match["name"], alias="latest" if match["alias"] == "latest" else "champion")
    if match := _BY_VERSION.fullmatch(bare):
        return Reference(match["name"], version=".".join(str(int(part)) for part in match["version"].split(".")))
    if match := _BY_NAME.fullmatch(bare):
        return Reference(match["name"], alias="latest")
    raise InvalidError(
        "MDK540",
        f"{text!r} does not name a version",
        "Write it like `flights/1.4.2`, `flights@champion` or `flights@latest`.",
    )
