"""Secrets from Google's Secret Manager, read by name where the step runs: none is in the pipeline."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.errors import StepError

ENDPOINT = "MDK_SECRET_MANAGER"  # environment variable: another address than Google's
_GOOGLE = "https://secretmanager.googleapis.com"
_SECONDS = 30


def read(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the values of secrets, by the environment variables that are to hold them.

    `wanted` names them as SECRET, or SECRET:KEY for one value of a secret that is a JSON object.

    Raises:
        StepError: one cannot be read (MDK429).
    """
    if not wanted:
        return {}
    project, token = "", ""
    values, contents = {}, {}
    for variable, name in wanted.items():
        secret, _, key = name.partition(":")
        try:
            if not token:
                token = json.loads(_metadata("instance/service-accounts/default/token"))["access_token"]
                project = os.environ.get("GOOGLE_CLOUD_PROJECT") or _metadata("project/project-id").decode()
            if secret not in contents:
                contents[secret] = _content(secret, project, token)
            values[variable] = contents[secret] if not key else str(json.loads(contents[secret])[key])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(variable, name, error) from None
    return values


def _content(secret: str, project: str, token: str) -> str:
    full = secret if secret.startswith("projects/") else f"projects/{project}/secrets/{secret}"
    version = full if "/versions/" in full else f"{full}/versions/latest"
    url = f"{os.environ.get(ENDPOINT) or _GOOGLE}/v1/{version}:access"
    answer = json.loads(_get(url, {"Authorization": f"Bearer {token}"}))
    return base64.b64decode(answer["payload"]["data"]).decode()


def _metadata(path: str) -> bytes:
    host = os.environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
    return _get(f"http://{host}/computeMetadata/v1/{path}", {"Metadata-Flavor": "Google"})


def _get(url: str, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - http only for the metadata server
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read()
        return content


def _unreadable(variable: str, name: str, error: Exception) -> StepError:
    if isinstance(error, urllib.error.HTTPError):
        why: Any = f"the service answers {error.code} {error.reason}"
    elif isinstance(error, OSError):
        why = f"the service cannot be reached ({getattr(error, 'reason', None) or error})"
    else:  # its text might be of the secret
        why = "it is not a JSON object with that key" if ":" in name else "the answer cannot be read"
    message = f"the secret {name!r} for {variable} cannot be read: {why}"
    fix = "Check its name, and that the step's service account may access it (roles/secretmanager.secretAccessor)."
    return StepError([Finding("MDK429", message, fix=fix, names=(variable,))])
