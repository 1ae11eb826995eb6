"""The public keys of an issuer: fetched when needed, kept for a while, and not fetched at a stranger's bidding."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWKSetError

FRESH = 3600.0  # seconds after which keys are fetched again
PAUSE = 30.0  # seconds between two fetches, however many unknown key names are asked for
PATIENCE = 5.0  # seconds for one fetch
_MOST = 1 << 20  # bytes of a key set


class KeysUnavailableError(Exception):
    """The issuer's keys cannot be fetched."""


class KeySet:
    """The signing keys behind one address.

    Args:
        locate: gives the address of the key set; asked before each fetch.
    """

    def __init__(self, locate: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._locate = locate
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = threading.Lock()

    def known(self, name: str) -> PyJWK | None:
        """Return a key that is at hand and fresh."""
        if self._fetched is None or self._clock() - self._fetched > FRESH:
            return None
        return self._keys.get(name)

    def fetch(self, name: str) -> PyJWK | None:
        """Return a key, after a look at the issuer's if that is due; None: the issuer has no such key.

        Keys that were fetched once stay good while the issuer cannot be reached.

        Raises:
            KeysUnavailableError: there are no keys at all.
        """
        with self._lock:
            if key := self.known(name):
                return key
            now = self._clock()
            if self._tried is None or now - self._tried >= PAUSE:
                self._tried = now
                try:
                    self._keys, self._fetched = _read(self._locate()), now
                except (OSError, ValueError, KeyError, PyJWKSetError) as error:
                    if not self._keys:
                        raise KeysUnavailableError(str(error)) from error
            elif not self._keys:
                raise KeysUnavailableError("the last try failed a moment ago")
            return self._keys.get(name)


def discovered(issuer: str) -> str:
    """Return the address of an issuer's keys, from its OpenID configuration."""
    return str(fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")["jwks_uri"])


def fetch_json(url: str) -> Any:
    """Return the JSON at an http(s) address.

    Raises:
        OSError: it cannot be reached.
        ValueError: the address is of another kind, or what is there is not JSON.
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is not an http(s) address")
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 checked above
        return json.loads(answer.read(_MOST))


def _read(url: str) -> dict[str, PyJWK]:
    return {key.key_id: key for key in PyJWKSet.from_dict(fetch_json(url)).keys if key.key_id}
