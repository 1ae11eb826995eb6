"""Shifting the traffic of endpoints in steps that can be taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from mdk_jupyter.errors import ServiceError
from mdk_jupyter.operations.endpoints import Endpoints
from mdk_jupyter.operations.plan import Traffic


class Shift:
    """Brings endpoints from one split to another: what is missing is deployed first, which changes nothing for callers."""

    def __init__(self, endpoints: Endpoints | None, traffic: Iterable[Traffic | None]) -> None:
        self._endpoints = endpoints
        self._wanted = [one for one in traffic if one is not None and one.before != one.after]
        self._deployed: list[tuple[str, str]] = []
        self._split: list[Traffic] = []
        self._told: list[str] = []

    @property
    def told(self) -> tuple[str, ...]:
        """What was done, in words."""
        return tuple(self._told)

    def prepare(self) -> None:
        """Deploy the models that are not there yet, without traffic."""
        if self._endpoints is None:
            return
        for one in self._wanted:
            there = self._endpoints.traffic(one.endpoint)
            for model in one.after:
                if model not in there:
                    self._endpoints.deploy(one.endpoint, model)
                    self._deployed.append((one.endpoint, model))
                    self._told.append(f"{one.endpoint}: deployed {model}")

    def carry_out(self) -> None:
        """Give the models their shares."""
        if self._endpoints is None:
            return
        for one in self._wanted:
            self._endpoints.split(one.endpoint, one.after)
            self._split.append(one)
            shares = ", ".join(f"{model} {share} %" for model, share in one.after.items())
            self._told.append(f"{one.endpoint}: {shares}")

    def undo(self) -> None:
        """Take back what was done, as far as the service lets us; the next plan shows what is left."""
        if self._endpoints is None:
            return
        for one in self._split:
            with contextlib.suppress(ServiceError):
                if sum(one.before.values()) == 100:
                    self._endpoints.split(one.endpoint, one.before)
                    self._told.append(f"{one.endpoint}: set back")
        for endpoint, model in self._deployed:
            with contextlib.suppress(ServiceError):
                self._endpoints.undeploy(endpoint, model)
                self._told.append(f"{endpoint}: took {model} away again")
