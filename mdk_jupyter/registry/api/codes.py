"""What the findings of the registry's server mean (MDK570-581)."""

from __future__ import annotations

from mdk_converters.codes import Code

CODES: dict[str, Code] = {
    "MDK570": Code(
        "The registry does not know who calls",
        "Every request but those for its health carries proof of who sends it. There was none, or it was not good: "
        "expired, revoked, made for another service, or signed by somebody whom this registry does not trust.",
        "curl https://registry.example.com/api/v1/models, without a token",
        "Send `Authorization: Bearer TOKEN`. ID tokens live for about an hour: take a new one.",
    ),
    "MDK571": Code(
        "A change of prod must say which state it is based on",
        "Between looking and changing somebody else may have changed it. With the revision that was seen, the registry "
        "notices.",
        "PUT /api/v1/models/flights/champions/prod, without `If-Match`",
        'Ask for the plan or the champion, and send the revision of the answer: `If-Match: "17"`.',
    ),
    "MDK572": Code(
        "The request cannot be read",
        "A part of the path, the query, the headers or the body is not what the route takes. The message names it.",
        "GET /api/v1/models?limit=many",
        "Mend the part that the message names; `/api/v1/openapi.json` tells what every route takes.",
    ),
    "MDK573": Code(
        "The registry has no such route",
        "The path, or the method for this path, is none that the registry answers to.",
        "GET /api/v2/models",
        "Check the URL; `/api/v1/openapi.json` lists all routes.",
    ),
    "MDK574": Code(
        "The request is too long",
        "No request but an import needs more than a few megabytes. Models themselves are not sent to the registry.",
        "a profile of the training data with every row in it",
        "Store what is large beside the model's artifact, and register where it is.",
    ),
    "MDK575": Code(
        "The registry failed",
        "This is a fault of the registry, not of the request.",
        "an answer with the status 500",
        "Give the request id of the answer to whoever runs the registry: its log has the traceback.",
    ),
    "MDK576": Code(
        "The registry cannot answer at this moment",
        "Its database, or the keys of the issuer of the caller's token, cannot be reached. A change that was being "
        "made may have happened or not.",
        "the database is being restarted",
        "Send the request again. With an `Idempotency-Key` it has one effect, however often it is sent.",
    ),
    "MDK577": Code(
        "The dev mode would be open to others",
        "With `--auth dev` tokens are sent as they are, without TLS, so the server listens on this machine only.",
        "mdk registry serve --auth dev --host 0.0.0.0",
        "Leave `--host` out, or choose `--auth oidc`. On a network that is trusted, add `--dev-anywhere`.",
    ),
    "MDK578": Code(
        "The server's authentication is not complete",
        "A server that does not know whose tokens are good, and for whom they must be made, would let anybody in or "
        "nobody. And `--auth cloudrun` trusts tokens that Cloud Run has checked, so it works nowhere else.",
        "mdk registry serve --auth oidc",
        "Add the options that the message names.",
    ),
    "MDK579": Code(
        "The registry's server is not installed",
        "Using a registry needs less than serving one; what serving needs is an extra.",
        "mdk registry serve, after `pip install mdk-jupyter`",
        "Run `pip install 'mdk-jupyter[registry]'`.",
    ),
    "MDK580": Code(
        "The server's port cannot be had",
        "Another process listens on it, the address is not one of this machine, or the port needs more rights.",
        "mdk registry serve, in a second terminal",
        "Stop the other one, or give another `--port`.",
    ),
    "MDK581": Code(
        "Events cannot be sent there",
        "Events are posted over HTTP, and a token that goes along must not be readable on the way.",
        "mdk registry serve --events-to pubsub://events",
        "Give an address that begins with https://, or http:// on this machine.",
    ),
}
