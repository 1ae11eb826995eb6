"""From a command line to a server: what is missing is said before anything starts."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Literal

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError

_NEEDED = ("fastapi", "uvicorn", "uvloop", "httptools", "jwt", "prometheus_client", "sqlalchemy")


def start(
    database: str,
    auth: Literal["dev", "oidc", "cloudrun"],
    *,
    host: str,
    port: int,
    workers: int,
    issuers: Sequence[str],
    audience: str | None,
    claim: str | None,
    iap_audience: str | None,
    admins: Sequence[str],
    dev_anywhere: bool,
    events_to: str | None,
    started: Callable[[str], None],
) -> None:
    """Serve until told to stop.

    Raises:
        UsageError: a package is missing, or the options make no safe server (MDK577-581).
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        text = f"the registry's server needs packages that are not installed: {', '.join(missing)}"
        raise UsageError([Finding("MDK579", text, fix="pip install 'mdk-jupyter[registry]'")])
    from mdk_jupyter.registry.api import relaying
    from mdk_jupyter.registry.api.serve import serve
    from mdk_jupyter.registry.api.settings import Settings

    settings = Settings(database, auth, tuple(issuers), audience, claim, iap_audience, events_to)
    settings.check(host, dev_anywhere=dev_anywhere)
    if events_to is not None:
        relaying.check(events_to)
    serve(settings, host, port, workers, admins, started)
