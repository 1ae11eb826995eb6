"""Who calls: tokens that are good, and the many ways in which they are not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import anyio
import jwt
import pytest
from oidc import AUDIENCE, LocalIssuer, issuer

from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry.api.auth import cloudrun, keys, oidc
from mdk_jupyter.registry.api.auth.base import Headers, Identified, Unauthenticated, Unavailable
from mdk_jupyter.registry.api.settings import Settings, is_loopback

Way = oidc.Oidc | cloudrun.CloudRunIam | cloudrun.Iap


@pytest.fixture(scope="module")
def local() -> Iterator[LocalIssuer]:
    with issuer() as running:
        yield running


@pytest.fixture(autouse=True)
def reachable(local: LocalIssuer) -> None:
    local.down = False


def ask(authentication: Way, *headers: tuple[str, str]) -> Identified:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return anyio.run(authentication.caller, Headers(raw=raw))


def bearing(authentication: Way, token: str) -> Identified:
    return ask(authentication, ("Authorization", f"Bearer {token}"))


def trusting(local: LocalIssuer, claim: str | None = None) -> oidc.Oidc:
    return oidc.Oidc([oidc.Issuer(local.url, claim=claim)], AUDIENCE)


def test_callers_have_the_name_that_their_issuer_vouches_for(local: LocalIssuer) -> None:
    there = trusting(local)
    assert bearing(there, local.token(email="Ada@Example.com", email_verified=True)).name == "ada@example.com"
    host = local.url.removeprefix("http://")
    assert bearing(there, local.token(email="ada@example.com")).name == f"{host}#1234", "anybody's claim"
    assert bearing(there, local.token(email="ada@example.com", email_verified=False)).name == f"{host}#1234"
    assert bearing(trusting(local, "preferred_username"), local.token(preferred_username="ada")).name == "ada"
    with pytest.raises(Unauthenticated, match="preferred_username"):
        bearing(trusting(local, "preferred_username"), local.token())
    with pytest.raises(Unauthenticated, match="longer"):
        bearing(there, local.token(sub="x" * 1000))


def test_what_is_wrong_with_a_token_is_said_and_the_token_is_not(local: LocalIssuer) -> None:
    there = trusting(local)
    now = int(time.time())
    public = jwt.algorithms.RSAAlgorithm.to_jwk(local.keys["first"][0].public_key())
    claims = {"iss": local.url, "aud": AUDIENCE, "sub": "1", "iat": now, "exp": now + 60}
    good = local.token()
    head, body, signature = good.split(".")
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode()).rstrip(b"=").decode()
    wrong = {
        local.token(exp=now - 60, iat=now - 600): "expired",
        local.token(nbf=now + 600): "not valid yet",
        local.token(aud="https://elsewhere.example.com"): "another audience",
        local.token(aud=None): ".",
        local.token(exp=None): ".",
        local.token(sub=None): ".",
        local.token(iss="https://accounts.google.com"): "issuer",
        local.token(iss=None): "issuer",
        _hs256({**claims, "iss": [local.url]}, b"secret"): "issuer",
        f"{head}.{other}.{signature}": "signature",
        f"{head}.{body}.": "signature",
        f"{head}.{body}.SIGNATURE_REMOVED_BY_GOOGLE": ".",
        jwt.encode(claims, "", "none", headers={"kid": "first"}): ".",
        # the public key as a shared secret
        _hs256(claims, public.encode()): "algorithm",
        "": "no bearer",
        "a.b.c": "not a JSON Web Token",
        "é" * 20: ".",
    }
    for token, reason in wrong.items():
        with pytest.raises(Unauthenticated, match=reason) as caught:
            bearing(there, token)
        assert not token or token not in str(caught.value)
    with pytest.raises(Unauthenticated, match="several"):
        ask(there, ("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}"))
    for header in (f"Basic {good}", good, "Bearer", ""):
        with pytest.raises(Unauthenticated, match="no bearer"):
            ask(there, ("Authorization", header))


def _hs256(claims: dict[str, Any], secret: bytes) -> str:
    """Sign by hand: the library itself refuses to use a public key as a secret."""
    import hashlib
    import hmac

    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT", "kid": "first"}, claims)
    ]
    signed = b".".join(parts)
    mac = base64.urlsafe_b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + mac).decode()


def test_github_actions_are_known_by_their_subject(local: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "GITHUB", local.url)
    subject = "repo:octo/flights:environment:prod"
    token = local.token(
        sub=subject,
        repository="octo/flights",
        ref="refs/heads/main",
        sha="8f2c",
        actor="ada",
        job_workflow_ref="octo/flights/.github/workflows/publish.yml@refs/heads/main",
        email="boss@example.com",
        email_verified=True,
    )
    actor = bearing(trusting(local), token)
    assert actor.name == subject
    assert actor.claims["actor"] == "ada"
    assert actor.claims["repository"] == "octo/flights"
    assert actor.claims["job_workflow_ref"].endswith("main")
    assert "email" not in actor.claims


def test_keys_rotate_and_strangers_cannot_make_the_server_fetch_them(local: LocalIssuer) -> None:
    now = [1000.0]
    key_set = keys.KeySet(lambda: f"{local.url}/keys", clock=lambda: now[0])
    before = local.fetched
    assert key_set.fetch("first") is not None
    for number in range(50):
        assert key_set.fetch(f"unknown-{number}") is None
    assert local.fetched == before + 1
    local.add("second")
    now[0] += keys.PAUSE
    assert key_set.fetch("second") is not None
    assert local.fetched == before + 2
    local.down = True
    now[0] += keys.FRESH + 1
    assert key_set.known("first") is None
    assert key_set.fetch("first") is not None, "an issuer that is away locks nobody out"


def test_an_issuer_that_cannot_be_reached_is_no_fault_of_the_caller(local: LocalIssuer) -> None:
    there = trusting(local)
    local.down = True
    with pytest.raises(Unavailable):
        bearing(there, local.token())
    for address in ("file:///etc/passwd", "ftp://example.com/keys", "gopher:x"):
        with pytest.raises(ValueError, match="http"):
            keys.fetch_json(address)


def test_cloud_run_tokens_are_trusted_on_cloud_run_only(monkeypatch: pytest.MonkeyPatch, local: LocalIssuer) -> None:
    monkeypatch.delenv("K_SERVICE", raising=False)
    with pytest.raises(ValueError, match="K_SERVICE"):
        cloudrun.CloudRunIam(AUDIENCE)
    monkeypatch.setenv("K_SERVICE", "registry")
    there = cloudrun.CloudRunIam(AUDIENCE)

    def checked(**claims: Any) -> str:
        token = local.token(**{"iss": "https://accounts.google.com", "email_verified": True, **claims})
        return f"{token.rpartition('.')[0]}.{cloudrun.REMOVED}"

    ada, eve = checked(email="ada@example.com"), checked(email="eve@example.com")
    assert bearing(there, ada).name == "ada@example.com"
    assert bearing(there, ada).method == "cloudrun"
    ahead = ("X-Serverless-Authorization", f"Bearer {eve}")
    forged = ("Authorization", f"Bearer {ada}")
    assert ask(there, ahead, forged).name == "eve@example.com", "only that one was checked"
    for token in (
        local.token(iss="https://accounts.google.com", email="ada@example.com", email_verified=True),
        checked(email="ada@example.com", aud="https://elsewhere.example.com"),
        checked(email="ada@example.com", iss="https://evil.example.com"),
        checked(email="ada@example.com", exp=int(time.time()) - 100),
        checked(email="ada@example.com", email_verified=False),
        checked(),
    ):
        with pytest.raises(Unauthenticated):
            bearing(there, token)
    with pytest.raises(Unauthenticated):
        ask(there, ("X-Serverless-Authorization", ""), forged)


def test_the_assertion_of_iap_is_verified(local: LocalIssuer) -> None:
    local.add("iap", "ES256")
    audience = "/projects/1/global/backendServices/2"
    there = cloudrun.Iap(audience, oidc.Issuer(local.url, keys=f"{local.url}/keys"))
    header = "X-Goog-IAP-JWT-Assertion"
    token = local.token(key="iap", aud=audience, email="Ada@example.com")
    assert ask(there, (header, token)).name == "ada@example.com"
    assert ask(there, (header, token), ("Authorization", "Bearer x")).method == "iap"
    for wrong in (
        local.token(key="iap", email="ada@example.com"),
        local.token(key="first", aud=audience, email="ada@example.com"),  # another algorithm
        local.token(key="iap", aud=audience),
        token[:-4] + "AAAA",
    ):
        with pytest.raises(Unauthenticated):
            ask(there, (header, wrong))
    with pytest.raises(Unauthenticated):
        ask(there, ("Authorization", f"Bearer {token}"))


@pytest.mark.parametrize(
    ("settings", "host", "code"),
    [
        (Settings("sqlite:///x", "dev"), "0.0.0.0", "MDK577"),
        (Settings("sqlite:///x", "dev"), "::", "MDK577"),
        (Settings("sqlite:///x", "dev"), "registry.example.com", "MDK577"),
        (Settings("sqlite:///x", "oidc"), "127.0.0.1", "MDK578"),
        (Settings("sqlite:///x", "oidc", ("https://accounts.google.com",)), "127.0.0.1", "MDK578"),
        (Settings("sqlite:///x", "cloudrun"), "127.0.0.1", "MDK578"),
        (Settings("sqlite:///x", "cloudrun", audience=AUDIENCE), "127.0.0.1", "MDK578"),
    ],
)
def test_servers_that_would_not_be_safe_do_not_start(
    settings: Settings, host: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("K_SERVICE", raising=False)
    with pytest.raises(UsageError) as caught:
        settings.check(host, dev_anywhere=False)
    assert caught.value.code == code


def test_loopback_is_told_from_what_others_reach() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"]))
    assert not any(
        map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", ""])
    )
    Settings("sqlite:///x", "dev").check("0.0.0.0", dev_anywhere=True)
