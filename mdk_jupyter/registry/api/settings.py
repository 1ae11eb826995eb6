"""How a server is set up; its workers, processes of their own, get it through their environment."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import asdict, dataclass
from typing import Literal

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry.api.auth.base import Authentication

VARIABLE = "_MDK_REGISTRY_SERVER"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the workers of a server need to know.

    Args:
        database: `sqlite:///...` or `postgresql://...`.
        issuers: `URL`, or `URL=ADDRESS-OF-ITS-KEYS`.
        claim: names callers, instead of the verified e-mail address or `sub`.
        iap_audience: there is an Identity-Aware Proxy before the service; its assertion counts, and nothing else.
        events_to: an address that events are posted to.
    """

    database: str
    auth: Literal["dev", "oidc", "cloudrun"]
    issuers: tuple[str, ...] = ()
    audience: str | None = None
    claim: str | None = None
    iap_audience: str | None = None
    events_to: str | None = None

    def hand_on(self) -> None:
        """Leave the settings to the processes that this one starts."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def received(cls) -> Settings:
        """Return what this process was given."""
        given = json.loads(os.environ[VARIABLE])
        return cls(**{**given, "issuers": tuple(given["issuers"])})

    def check(self, host: str, *, dev_anywhere: bool) -> None:
        """Refuse what would be insecure, or could not work.

        Raises:
            UsageError: MDK577, MDK578.
        """
        if self.auth == "dev" and not dev_anywhere and not is_loopback(host):
            raise _wrong(
                "MDK577",
                f"with --auth dev the server listens on this machine only, and {host} is not",
                "Leave out --host, choose --auth oidc, or add --dev-anywhere if the network is trusted.",
            )
        if self.auth == "oidc" and not (self.issuers and self.audience):
            raise _wrong(
                "MDK578",
                "--auth oidc needs to know whose tokens are good, and for whom they must be made",
                "Add --issuer https://accounts.google.com and --audience with the URL of this service.",
            )
        if self.auth == "cloudrun" and not (self.audience or self.iap_audience):
            raise _wrong(
                "MDK578",
                "--auth cloudrun needs to know for whom the tokens must be made",
                "Add --audience with the URL of this service, or --iap-audience behind Identity-Aware Proxy.",
            )
        if self.auth == "cloudrun" and not self.iap_audience and not os.environ.get("K_SERVICE"):
            raise _wrong(
                "MDK578",
                "this is not Cloud Run: nobody has checked the tokens that --auth cloudrun trusts",
                "Choose --auth oidc: then the registry checks tokens itself.",
            )

    def authentication(self) -> Authentication:
        """Return the way to find out who calls."""
        from mdk_jupyter.registry.api.auth.cloudrun import CloudRunIam, Iap
        from mdk_jupyter.registry.api.auth.oidc import Issuer, Oidc
        from mdk_jupyter.registry.api.auth.tokens import DevTokens

        if self.auth == "dev":
            return DevTokens()
        if self.auth == "cloudrun":
            return Iap(self.iap_audience) if self.iap_audience else CloudRunIam(self.audience or "")
        issuers = []
        for text in self.issuers:
            url, _, keys = text.partition("=")
            issuers.append(Issuer(url, keys or None, self.claim))
        return Oidc(issuers, self.audience or "")


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(code: str, message: str, fix: str) -> UsageError:
    return UsageError([Finding(code, message, fix=fix)])
