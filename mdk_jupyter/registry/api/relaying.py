"""Telling others what happens: events of the registry are posted to an address, from beside the requests."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError, UsageError
from mdk_jupyter.registry.api.settings import is_loopback
from mdk_jupyter.registry.domain import CloudEvent
from mdk_jupyter.registry.outbox import Relayed, Sink

VARIABLE = "MDK_REGISTRY_EVENTS_TOKEN"  # environment variable: goes along as `Authorization: Bearer`
PATIENCE = 10.0  # seconds that a consumer has for one event
_PAUSE = 1.0  # seconds between two looks
_LONG_PAUSE = 10.0  # where the database is away
_log = logging.getLogger(__name__)


def check(url: str) -> None:
    """Refuse an address that nothing can be posted to, and one where the token could be read on the way.

    Raises:
        UsageError: MDK581.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _unfit("events are posted to an address that begins with https:// or http://", "Mend the address.")
    if os.environ.get(VARIABLE) and parts.scheme == "http" and not is_loopback(parts.hostname):
        text = f"the token in {VARIABLE} would travel to {parts.hostname} without encryption"
        raise _unfit(text, f"Give an https:// address, or unset {VARIABLE}.")


def http_sink(url: str) -> Sink:
    """Return what posts events in the structured mode of CloudEvents. Any status from 200 to 299 takes an event.

    Raises:
        UsageError: nothing can be posted there (MDK581).
    """
    import httpx

    check(url)
    headers = {"Content-Type": "application/cloudevents+json"}
    if token := os.environ.get(VARIABLE):
        headers["Authorization"] = f"Bearer {token}"
    client = httpx.Client(timeout=PATIENCE, headers=headers)
    host = urlsplit(url).hostname  # the rest of an address may be a secret

    def post(event: CloudEvent) -> None:
        try:
            answer = client.post(url, content=event.model_dump_json())
        except httpx.HTTPError as error:
            raise ConnectionError(f"{host} cannot be reached: {error}") from error
        if not answer.is_success:
            raise ConnectionError(f"{host} answered {answer.status_code}")

    return post


class Relay:
    """A thread that delivers events as they come.

    Args:
        deliver: delivers some of the events that are due.
        told: is called with what was made of events, where there were some.
    """

    def __init__(self, deliver: Callable[[], Relayed], told: Callable[[Relayed], None]) -> None:
        self._deliver = deliver
        self._told = told
        self._end = threading.Event()
        self._thread = threading.Thread(target=self.run, name="events", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End when what is being delivered is."""
        self._end.set()
        self._thread.join()

    def run(self) -> None:
        """Deliver until told to stop."""
        pause = 0.0
        while not self._end.wait(pause):
            pause = self._step()

    def _step(self) -> float:
        """Deliver some of what is due, and return the seconds until it is worth another look."""
        try:
            done = self._deliver()
        except (SQLAlchemyError, ServiceError) as error:
            _log.warning("events wait, the database does not answer: %s", error)
            return _LONG_PAUSE
        for one in done.refused:
            _log.warning("event %s was not taken, attempt %d: %s", one.event.id, one.attempts, one.error)
        if done.delivered or done.refused:
            self._told(done)
        return 0.0 if done.delivered or done.refused else _PAUSE


def _unfit(message: str, fix: str) -> UsageError:
    return UsageError([Finding("MDK581", message, fix=fix)])
