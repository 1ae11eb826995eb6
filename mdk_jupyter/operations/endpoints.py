"""The endpoint behind a champion: who gets which share of its traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Traffic = dict[str, int]
"""Percent by model: `projects/P/locations/L/models/M@V`. A model that is deployed and gets nothing has 0."""


class Endpoints(Protocol):
    """The endpoints of one environment. Everything raises `ServiceError` where the service does not do as asked."""

    def traffic(self, endpoint: str) -> Traffic:
        """Return how the traffic of an endpoint is split."""

    def deploy(self, endpoint: str, model: str) -> None:
        """Deploy a model as the one before it is, and give it no traffic yet."""

    def split(self, endpoint: str, shares: Mapping[str, int]) -> None:
        """Split the traffic between models that are deployed; the shares sum to 100."""

    def undeploy(self, endpoint: str, model: str) -> None:
        """Take away a model that gets no traffic."""
