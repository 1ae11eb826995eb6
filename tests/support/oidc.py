"""An issuer of ID tokens on this machine: keys behind HTTP, and tokens as they should and should not be."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from loopback import Handler, serving

AUDIENCE = "https://registry.example.com"


class LocalIssuer:
    """Signs tokens and shows its public keys."""

    def __init__(self) -> None:
        self.fetched = 0
        self.down = False
        self.keys: dict[str, tuple[Any, str]] = {}
        self.url = ""
        self.add("first")

    def add(self, name: str, algorithm: str = "RS256") -> None:
        """Make another key."""
        key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if algorithm == "ES256"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        self.keys[name] = key, algorithm

    def key_set(self) -> dict[str, Any]:
        """Return the public keys."""
        kinds: dict[str, Any] = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}
        return {
            "keys": [
                {**json.loads(kinds[algorithm].to_jwk(key.public_key())), "kid": name, "alg": algorithm, "use": "sig"}
                for name, (key, algorithm) in self.keys.items()
            ]
        }

    def token(self, *, key: str = "first", kid: str | None = None, **claims: Any) -> str:
        """Return a token; a claim that is None is left out."""
        now = int(time.time())
        content = {"iss": self.url, "aud": AUDIENCE, "sub": "1234", "iat": now, "exp": now + 600, **claims}
        signing, algorithm = self.keys[key]
        content = {name: value for name, value in content.items() if value is not None}
        return jwt.encode(content, signing, algorithm, headers={"kid": kid or key})


@contextmanager
def issuer() -> Iterator[LocalIssuer]:
    """Run an issuer."""
    local = LocalIssuer()

    class Answering(Handler):
        def do_GET(self) -> None:
            if local.down:
                self.send_error(503)
                return
            if self.path == "/.well-known/openid-configuration":
                content: Any = {"issuer": local.url, "jwks_uri": f"{local.url}/keys"}
            else:
                local.fetched += 1
                content = local.key_set()
            self.reply(200, json.dumps(content).encode())

    with serving(Answering) as local.url:
        yield local
