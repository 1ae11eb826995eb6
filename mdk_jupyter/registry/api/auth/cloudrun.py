"""Callers that Google has checked already: Cloud Run's invoker check, or Identity-Aware Proxy before the service."""

from __future__ import annotations

import os
import time
from typing import Any

from mdk_jupyter.registry.api.auth.base import Headers, Identified, Unauthenticated, bearer, identified, single
from mdk_jupyter.registry.api.auth.oidc import LEEWAY, Issuer, Verifier, unverified

GOOGLE = frozenset({"https://accounts.google.com", "accounts.google.com"})
REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
_IAP = Issuer("https://cloud.google.com/iap", keys="https://www.gstatic.com/iap/verify/public_key-jwk")


class CloudRunIam:
    """Trusts the ID token that Cloud Run has checked, and whose signature it has taken out.

    Nobody can check such a token again, so it is worth something only where every request has come through Cloud
    Run's invoker check: the service must not allow unauthenticated invocations. If a request carries
    `X-Serverless-Authorization`, Cloud Run has checked that one and let `Authorization` pass unchecked.

    Raises:
        ValueError: this is not Cloud Run.
    """

    def __init__(self, audience: str) -> None:
        if not os.environ.get("K_SERVICE"):
            raise ValueError("K_SERVICE is not set: this is not Cloud Run, and nobody has checked the tokens")
        self._audience = audience

    async def caller(self, headers: Headers) -> Identified:
        """Return who calls.

        Raises:
            Unauthenticated: there is no token that Cloud Run has checked.
        """
        ahead = "x-serverless-authorization"
        token = bearer(headers, ahead if single(headers, ahead) is not None else "authorization")
        if token.rpartition(".")[2] != REMOVED:
            raise Unauthenticated("the token has not come through Cloud Run's invoker check")
        # The marker is not base64 of a signature's length, which is all the same to a reader that checks none.
        claims = unverified(token)
        if claims.get("iss") not in GOOGLE or claims.get("aud") != self._audience:
            raise Unauthenticated("the token was made by another issuer or for another audience")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires + LEEWAY < time.time():
            raise Unauthenticated("the token has expired")
        return identified(_email(claims), "cloudrun")


class Iap:
    """Checks the assertion that Identity-Aware Proxy signs.

    Args:
        audience: as IAP shows it, such as `/projects/123/global/backendServices/456`.
    """

    def __init__(self, audience: str, issuer: Issuer = _IAP) -> None:
        self._verifier = Verifier(issuer, audience, ("ES256",))

    async def caller(self, headers: Headers) -> Identified:
        """Return who calls.

        Raises:
            Unauthenticated: there is no assertion, or it is not a good one.
            Unavailable: Google's keys cannot be fetched.
        """
        assertion = single(headers, "x-goog-iap-jwt-assertion")
        if not assertion:
            raise Unauthenticated("the request has not come through Identity-Aware Proxy")
        claims = await self._verifier.claims(assertion)
        return identified(_email({**claims, "email_verified": True}), "iap")


def _email(claims: dict[str, Any]) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or "@" not in email or claims.get("email_verified") not in {True, "true"}:
        raise Unauthenticated("the token names no verified e-mail address")
    return email.lower()
