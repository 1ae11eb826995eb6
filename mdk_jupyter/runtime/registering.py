"""`mdk.log_model` and `mdk.load_model` in a container of a platform: the standard library alone, since images choose
what they have.

What they need to know of the registry is in the environment, put there by `mdk submit`. Where the registry is a file on
the user's machine, the model's bytes go to the bucket and the facts to the step's metrics: the version is registered
when the results of the run are fetched.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import quote, urlencode, urlsplit

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError, StepError, UsageError
from mdk_jupyter.runtime import step
from mdk_jupyter.runtime.places import Places

REGISTRY, TOKEN, ARTIFACTS = "MDK_REGISTRY", "MDK_REGISTRY_TOKEN", "MDK_REGISTRY_ARTIFACTS"
ORIGIN = "MDK_REGISTRY_ORIGIN"  # JSON: what the submitting machine knows of git, notebook, project and target
_PATIENCE = 30.0  # seconds for an answer
_TRIES = 3

unregistered: list[dict[str, Any]] = []
"""What this step leaves to be registered by whoever fetches its results: the fields of new versions, names and keys."""


@dataclass(frozen=True)
class Logged:
    """A model that was logged. `version` is None where it gets its number when the run's results are fetched."""

    model: str
    version: Optional[str]  # noqa: UP045 - looked at by Python 3.9
    artifact: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """NAME/MAJOR.MINOR.PATCH"""
        return f"{self.model}/{self.version}"


def is_in_container() -> bool:
    """Whether this process runs a step whose artifacts are where a platform puts them."""
    job = step.current_job()
    return job is not None and isinstance(job.store, Places)


def log_model(name: str, model: Any, *, url: str | None = None, **given: Any) -> Logged:
    """Register a version of a model from a container; the arguments are those of `mdk.log_model` elsewhere.

    Raises:
        UsageError: the model cannot be stored (MDK552).
        ArtifactError: the bucket for models cannot be written (MDK326).
        StepError: nobody said where models go, or the registry refuses (MDK556).
        ServiceError: the registry cannot be reached (MDK550).
    """
    from mdk_jupyter.registry.facts import Given

    return register(name, model, Given(**given), url)


def register(name: str, model: Any, given: Any, url: str | None = None) -> Logged:
    """Do what `log_model` does; `given` is a `facts.Given`."""
    from mdk_jupyter.registry.facts import gather
    from mdk_jupyter.registry.keeping import keep

    bucket = os.environ.get(ARTIFACTS)
    if not bucket:
        raise not_here(f"the container cannot register {name}: {ARTIFACTS} names no folder in a bucket for its bytes")
    kept = keep(model, None, bucket)
    known = json.loads(os.environ.get(ORIGIN) or "{}")
    facts = gather(name, model, kept, given, _provenance(known), known.get("project"))
    address = url or os.environ.get(REGISTRY, "")
    if not address.startswith(("http://", "https://")):
        unregistered.append({"name": name, "idempotency_key": facts.key, "fields": facts.fields})
        print(f"{name} is stored, and registered when the results of this run are fetched", file=sys.stderr, flush=True)
        return Logged(name, None, facts.fields["artifact"])
    path = f"/models/{quote(name, safe='')}/versions"
    made = _send("POST", address, path, facts.fields, {"Idempotency-Key": facts.key})
    return Logged(name, made.get("version"), made.get("artifact") or facts.fields["artifact"])


def load_model(
    reference: str,
    version: str | None = None,
    *,
    environment: str | None = None,
    allow_pickle: bool = False,
    url: str | None = None,
) -> Any:
    """Return a registered model, after checking that its bytes are those that were registered.

    Raises:
        StepError: there is no registry that a container reaches, or it refuses (MDK556, or its own code).
        ServiceError: it cannot be reached (MDK550).
        UsageError, ArtifactError: as `mdk.load_model` elsewhere.
    """
    from mdk_jupyter.registry.keeping import Kept, fetch
    from mdk_jupyter.registry.references import parse

    wanted = parse(f"{reference}@{version}" if version is not None else reference)
    address = url or os.environ.get(REGISTRY, "")
    if not address.startswith(("http://", "https://")):
        raise not_here(f"the container cannot load {reference}: the registry is no server that it could reach")
    query = f"?{urlencode({'environment': environment})}" if environment is not None else ""
    which = wanted.version or wanted.alias
    found = _send("GET", address, f"/models/{quote(wanted.name, safe='')}/versions/{which}{query}")
    artifact = found["artifact"]
    if artifact.get("sha256") is None:
        message = f"{wanted} was registered without a digest, so nobody can tell whether its bytes are its own"
        fix = f"load it from {artifact['uri']} yourself, or register it with mdk.log_model"
        raise UsageError([Finding("MDK555", message, fix=fix, names=(reference,))])
    if found.get("status") != "active":
        warnings.warn(f"{wanted} is {found.get('status')}", stacklevel=2)
    kept = Kept(artifact["uri"], artifact["sha256"], artifact.get("size") or 0, artifact.get("format") or "pickle", "")
    bucket = os.environ.get(ARTIFACTS)
    return fetch(kept, None, buckets=(bucket,) if bucket else (), allow_pickle=allow_pickle)


def not_here(why: str) -> StepError:
    """Return the error for what a container has no registry for."""
    fix = (
        f"Submit with `mdk submit` and a registry in mdk.yaml, or give the component env {REGISTRY} and {ARTIFACTS}, and "
        f"the secret {TOKEN}."
    )
    return StepError([Finding("MDK556", why, fix=fix)])


def _provenance(known: Mapping[str, Any]) -> dict[str, Any]:
    job = step.current_job()
    assert job is not None
    target = known.get("target") or ("vertex" if "CLOUD_ML_JOB_ID" in os.environ else "kfp")
    run = {"id": f"{job.run or _run_id()}/{job.step}", "pipeline": job.pipeline, "target": target}
    return {"git": known.get("git"), "notebook": known.get("notebook"), "run": run}


def _run_id() -> str:
    named = ("CLOUD_ML_JOB_ID", "KFP_RUN_ID", "HOSTNAME")
    return next((os.environ[name] for name in named if os.environ.get(name)), "unknown")


def _send(
    method: str, url: str, path: str, body: Mapping[str, Any] | None = None, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Ask the registry; a key makes trying again safe."""
    headers = {"Content-Type": "application/json", **(more or {})}
    token = os.environ.get(TOKEN, "").strip()
    if token:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            message = f"the token for {url} would travel unencrypted"
            raise StepError([Finding("MDK551", message, fix="Use the https:// address of the registry.")])
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    why = ""
    for _ in range(_TRIES):
        request = urllib.request.Request(f"{url.rstrip('/')}/api/v1{path}", data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - http(s), as checked
                told: dict[str, Any] = json.loads(answer.read())
                return told
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504):
                raise _refused(error) from None
            why = f"it answered {error.code}"
        except OSError as error:
            why = str(getattr(error, "reason", error))
    message = f"the registry {url} cannot be reached: {why}"
    raise ServiceError([Finding("MDK550", message, fix=f"Check {REGISTRY} and the network of the containers.")])


def _refused(error: urllib.error.HTTPError) -> StepError:
    code, detail = "MDK556", f"it answered {error.code}"
    with contextlib.suppress(ValueError, AttributeError, OSError):
        told = json.loads(error.read())
        if re.fullmatch(r"MDK\d{3}", str(told.get("code"))):
            code, detail = told["code"], str(told.get("detail") or told.get("title"))
    fix = f"Check the secret {TOKEN} and what its owner may do." if error.code in (401, 403) else ""
    return StepError([Finding(code, f"the registry refuses: {detail}", fix=fix)])
