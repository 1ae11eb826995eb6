"""What Prometheus is told: requests by route and status, how long they took, why some were refused, and events."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from mdk_jupyter.registry.outbox import Relayed

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the folder in which workers add their numbers
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "mdk_registry_request_seconds",
            "Time from the request's head to the answer's end.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._problems = Counter(
            "mdk_registry_problems", "Requests that were refused, by code.", ["code"], registry=self._registry
        )
        self._events = Counter(
            "mdk_registry_events", "Attempts to deliver events, by outcome.", ["outcome"], registry=self._registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the template, so that there are as many series as routes."""
        self._seconds.labels(method, route, str(status)).observe(seconds)

    def refused(self, code: str) -> None:
        """Count a problem."""
        self._problems.labels(code).inc()

    def relayed(self, done: Relayed) -> None:
        """Count events that were delivered, and those that nobody took."""
        self._events.labels("delivered").inc(done.delivered)
        self._events.labels("refused").inc(len(done.refused))

    def text(self) -> tuple[bytes, str]:
        """Return the numbers of all workers, and their media type."""
        registry = self._registry
        if os.environ.get(SHARED):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
