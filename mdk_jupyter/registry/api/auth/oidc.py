"""Callers with an ID token that is checked here: any OpenID Connect issuer, GitHub Actions among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import jwt

from mdk_jupyter.registry.api.auth.base import Headers, Identified, Unauthenticated, Unavailable, bearer, identified
from mdk_jupyter.registry.api.auth.keys import KeySet, KeysUnavailableError, discovered

GITHUB = "https://token.actions.githubusercontent.com"
ALGORITHMS = ("RS256", "ES256")  # asymmetric ones only: with others the public key would be a password
LEEWAY = 30  # seconds between two clocks
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who may vouch for callers.

    Args:
        url: as in the claim `iss`, to the letter.
        keys: the address of its key set; None: from its OpenID configuration.
        claim: names the caller. None: `email` where the issuer has verified it, else `sub`.
    """

    url: str
    keys: str | None = None
    claim: str | None = None


class Oidc:
    """Checks signature, issuer, audience and times of the bearer token in `Authorization`.

    Behind Cloud Run the platform's own token rides in `X-Serverless-Authorization`, which is not looked at.
    """

    def __init__(self, issuers: list[Issuer], audience: str) -> None:
        self._verifiers = {issuer.url: Verifier(issuer, audience, ALGORITHMS) for issuer in issuers}

    async def caller(self, headers: Headers) -> Identified:
        """Return who calls.

        Raises:
            Unauthenticated: there is no token, or it is not a good one.
            Unavailable: the issuer's keys cannot be fetched.
        """
        token = bearer(headers, "authorization")
        issuer = unverified(token).get("iss")
        verifier = self._verifiers.get(issuer) if isinstance(issuer, str) else None
        if verifier is None:
            raise Unauthenticated("the token's issuer is not one that this registry trusts")
        claims = await verifier.claims(token)
        return identified(caller(claims, verifier.issuer), "oidc", details(claims))


class Verifier:
    """Checks the tokens of one issuer."""

    def __init__(self, issuer: Issuer, audience: str, algorithms: tuple[str, ...]) -> None:
        self.issuer = issuer
        self._audience = audience
        self._algorithms = list(algorithms)
        self._fetches = anyio.CapacityLimiter(1)  # a slow issuer holds up one thread, not those of all requests
        self._keys = KeySet(lambda: issuer.keys or discovered(issuer.url))

    async def claims(self, token: str) -> dict[str, Any]:
        """Return what a good token says.

        Raises:
            Unauthenticated: the token is not good.
            Unavailable: the issuer's keys cannot be fetched.
        """
        try:
            name = str(jwt.get_unverified_header(token).get("kid", ""))
            key = self._keys.known(name)
            if key is None:
                key = await anyio.to_thread.run_sync(self._keys.fetch, name, limiter=self._fetches)
            if key is None:
                raise Unauthenticated("the token is signed with a key that its issuer does not have")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                audience=self._audience,
                issuer=self.issuer.url,
                leeway=LEEWAY,
                options={"require": _REQUIRED, "strict_aud": False},
            )
        except KeysUnavailableError as error:
            raise Unavailable(f"the keys of {self.issuer.url} cannot be fetched") from error
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"the token is not good: {_reason(error)}") from error
        return claims


def unverified(token: str) -> dict[str, Any]:
    """Return what a token says, whoever wrote it: good only to find out whom to ask.

    Raises:
        Unauthenticated: it is not a JSON Web Token.
    """
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise Unauthenticated("the token is not a JSON Web Token") from error
    return claims


def caller(claims: dict[str, Any], issuer: Issuer) -> str:
    """Return the caller's name, to which roles are granted.

    An e-mail address that the issuer has not verified is anybody's claim. `sub` is unique for one issuer only, so
    it gets the issuer's name; GitHub's subjects do not need it, since they begin with `repo:`.

    Raises:
        Unauthenticated: the claim that should name the caller is not there.
    """
    if issuer.claim is not None:
        name = claims.get(issuer.claim)
        if not isinstance(name, str) or not name.strip():
            raise Unauthenticated(f"the token has no claim `{issuer.claim}`")
        return name
    if issuer.url == GITHUB:
        return str(claims["sub"])
    if isinstance(claims.get("email"), str) and claims.get("email_verified") in {True, "true"}:
        return str(claims["email"]).lower()
    return f"{issuer.url.partition('://')[2].rstrip('/')}#{claims['sub']}"


def details(claims: dict[str, Any]) -> dict[str, str]:
    """Return what else the audit should name: with GitHub Actions who merged what, and which workflow ran."""
    names = ("repository", "ref", "sha", "environment", "job_workflow_ref", "run_id", "actor", "event_name")
    if claims.get("iss") != GITHUB:
        return {}
    return {name: str(claims[name]) for name in names if claims.get(name)}


def _reason(error: jwt.PyJWTError) -> str:
    reasons = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it is not valid yet",
        jwt.InvalidAudienceError: "it was made for another audience",
        jwt.InvalidIssuerError: "it has another issuer",
        jwt.InvalidAlgorithmError: "its algorithm is not allowed",
        jwt.InvalidSignatureError: "its signature is wrong",
    }
    return next((text for kind, text in reasons.items() if isinstance(error, kind)), "it cannot be read")
