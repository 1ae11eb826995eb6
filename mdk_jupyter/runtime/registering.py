"""`mdk.log_model` in a container of a platform: the standard library alone, since images choose what they have.

With a registry in the environment (MDK_REGISTRY, MDK_REGISTRY_TOKEN, MDK_REGISTRY_ARTIFACTS) the version is
registered over HTTP. Without, it is not, which is said; what there is to register stays with the step's metrics.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Optional
from urllib.parse import quote, urlsplit

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.errors import ServiceError, StepError
from mdk_jupyter.runtime import step
from mdk_jupyter.runtime.metrics import as_metric
from mdk_jupyter.runtime.places import Places, path_of

REGISTRY, TOKEN, ARTIFACTS = "MDK_REGISTRY", "MDK_REGISTRY_TOKEN", "MDK_REGISTRY_ARTIFACTS"
_PATIENCE = 30.0  # seconds for an answer
_TRIES = 3

unregistered: list[dict[str, Any]] = []
"""What this step would have registered; it goes with the step's metrics."""


@dataclass(frozen=True)
class Logged:
    """A model that was logged. `version` is None where no registry was at hand to number it."""

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


def log_model(
    name: str,
    model: Any,
    *,
    version: str | None = None,
    metrics: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    description: str | None = None,
    labels: Mapping[str, str] | None = None,
    **about: Any,
) -> Logged:
    """Register a version of a model from a container, or say that it cannot be.

    What `mdk.log_model` finds out on the user's machine by `data` and `example` is left out here.

    Raises:
        StepError: the model cannot be stored (MDK552), there is no bucket for it, or the registry refuses (MDK556).
        ServiceError: the registry cannot be reached (MDK550).
    """
    job = step.current_job()
    given = {
        "version": version,
        "metrics": {metric: as_metric(metric, value) for metric, value in (metrics or {}).items()},
        "parameters": dict(parameters or (job.parameters if job is not None else {})),
        "description": description,
        "labels": dict(labels or {}),
    }
    url = os.environ.get(REGISTRY, "")
    with tempfile.TemporaryDirectory(prefix="mdk-model-") as folder:
        store = Store(folder)
        artifact = _stored(model, store)
        key = (
            "content-"
            + hashlib.sha256(
                json.dumps([name, artifact["sha256"], given], sort_keys=True, default=repr).encode()
            ).hexdigest()
        )
        body = {**given, "artifact": artifact, "provenance": _provenance(), "extra": {"type": artifact.pop("type")}}
        if not url.startswith(("http://", "https://")):
            return _keep_for_later(name, body, key)
        artifact["uri"] = _placed(store.path(f"sha256:{artifact['sha256']}"), artifact["sha256"])
    made = _post(url, name, body, key)
    return Logged(name, made.get("version"), artifact)


def load_model(
    reference: str, version: str | None = None, *, environment: str | None = None, **options: Any
) -> NoReturn:
    """Refuse: a step in a container takes its model as an input, or the image has the whole of mdk-jupyter.

    Raises:
        StepError: always (MDK556).
    """
    message = f"the container cannot load {reference} from the registry"
    fix = "Load it in a component that runs on this machine, and hand it on."
    raise StepError([Finding("MDK556", message, fix=fix, names=(reference,))])


def _stored(model: Any, store: Store) -> dict[str, Any]:
    from mdk_jupyter.artifacts import handover

    record = handover.save({"model": model}, store)["model"]
    if record.status != "value" or record.digest is None:
        message = f"the {record.type or 'model'} cannot be stored: {record.reason}"
        raise StepError([Finding("MDK552", message, fix="Log what can be saved: the fitted model without open files.")])
    sha256 = record.digest.partition(":")[2]
    uri = _known_place(record.digest)
    return {"uri": uri, "sha256": sha256, "size": record.size, "format": record.format, "type": record.type}


def _known_place(digest: str) -> str:
    """Return where the platform has the very same bytes, as an input of this step; else only what they are."""
    job = step.current_job()
    for about in (job.inputs if job is not None else {}).values():
        if about.get("digest") == digest and about.get("uri"):
            return str(about["uri"])
    return digest


def _keep_for_later(name: str, body: dict[str, Any], key: str) -> Logged:
    unregistered.append({"name": name, "idempotency_key": key, **body})
    message = (
        f"MDK556: {name} is not registered: this container knows no registry. What there is to register is with the "
        f"step's metrics. To register it from here, give the component env {REGISTRY} and {ARTIFACTS}, and the secret "
        f"{TOKEN}."
    )
    print(message, file=sys.stderr, flush=True)
    return Logged(name, None, body["artifact"])


def _placed(path: Path, sha256: str) -> str:
    """Put the bytes into the bucket for models, and return their URI."""
    bucket = os.environ.get(ARTIFACTS, "")
    if not bucket:
        message = f"the model cannot be registered: {ARTIFACTS} names no folder in a bucket for its bytes"
        fix = f"Give the component the variable: env: {{{ARTIFACTS}: gs://BUCKET/models}}."
        raise StepError([Finding("MDK556", message, fix=fix)])
    uri = f"{bucket.rstrip('/')}/{sha256[:2]}/{sha256}"
    target = path_of(uri)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    except OSError as error:
        message = f"the model cannot be written to {uri}: {error.strerror or error}"
        fix = "Name a bucket that the platform mounts into its containers, and that the step's account may write."
        raise StepError([Finding("MDK556", message, fix=fix)]) from None
    return uri


def _provenance() -> dict[str, Any]:
    job = step.current_job()
    run = {"id": _run_id(), "pipeline": job.pipeline, "target": _target()} if job is not None else None
    return {"run": run, "python": platform.python_version()}


def _run_id() -> str:
    named = ("CLOUD_ML_JOB_ID", "KFP_RUN_ID", "HOSTNAME")
    return next((os.environ[name] for name in named if os.environ.get(name)), "unknown")


def _target() -> str:
    return "vertex" if "CLOUD_ML_JOB_ID" in os.environ else "kfp"


def _post(url: str, name: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Register; the key makes trying again safe."""
    address = f"{url.rstrip('/')}/api/v1/models/{quote(name, safe='')}/versions"
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    token = os.environ.get(TOKEN, "").strip()
    if token:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            message = f"the token for {url} would travel unencrypted"
            raise StepError([Finding("MDK551", message, fix="Use the https:// address of the registry.")])
        headers["Authorization"] = f"Bearer {token}"
    plain = {name: value for name, value in body.items() if value is not None}
    data = json.dumps(plain, default=repr).encode()
    why = ""
    for _ in range(_TRIES):
        request = urllib.request.Request(address, data, headers, method="POST")  # noqa: S310 - http(s), as checked
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                made: dict[str, Any] = json.loads(answer.read())
                return made
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
    return StepError([Finding(code, f"the registry does not register the model: {detail}")])
