"""The bearer token of a registry: where it is from, fetched anew when it is refused. Never printed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError

VARIABLE = "MDK_REGISTRY_TOKEN"


@dataclass
class Credentials:
    """A source of tokens. `current` keeps a token until `renew` says that it was refused."""

    source: Callable[[], str | None] = field(repr=False)
    _token: str | None = field(default=None, repr=False)

    def current(self) -> str | None:
        """Return the token, None where there is none.

        Raises:
            UsageError: its file cannot be read, or its variable is not set (MDK551).
        """
        if self._token is None:
            self._token = self.source()
        return self._token

    def renew(self) -> bool:
        """Fetch the token again; return whether it is another one now."""
        before, self._token = self._token, None
        return self.current() != before


def from_text(token: str | None) -> Credentials:
    """Return credentials that are this very token, or none."""
    return Credentials(lambda: token)


def from_settings(variable: str | None, file: str | None) -> Credentials:
    """Return credentials as mdk.yaml names them; without either, from MDK_REGISTRY_TOKEN if that is set."""

    def read() -> str | None:
        if file is not None:
            try:
                return Path(file).expanduser().read_text(encoding="utf-8").strip() or None
            except OSError as error:
                raise _missing(f"the file {file} cannot be read: {error.strerror}") from None
        token = os.environ.get(variable or VARIABLE)
        if variable is not None and not token:
            raise _missing(f"the environment variable {variable} is not set")
        return token.strip() if token else None

    return Credentials(read)


def _missing(why: str) -> UsageError:
    fix = "put the token there, or change token_variable or token_file in mdk.yaml: registry:"
    return UsageError([Finding("MDK551", f"there is no token for the registry: {why}", fix=fix)])
