"""The registry as an object: `Registry.open(url)`. Every method takes the actor first, and checks what they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.database import Database
from mdk_jupyter.registry.domain import ENVIRONMENTS, Policy
from mdk_jupyter.registry.service.applying import Applying
from mdk_jupyter.registry.service.champions import Champions
from mdk_jupyter.registry.service.history import History
from mdk_jupyter.registry.service.lineage import Lineage
from mdk_jupyter.registry.service.mlflow import Mlflow
from mdk_jupyter.registry.service.reading import Reading
from mdk_jupyter.registry.service.rules import Rules
from mdk_jupyter.registry.service.searching import Searching
from mdk_jupyter.registry.service.transfer import Transfer

__all__ = ["Registry"]


class Registry(Mlflow, Champions, Applying, Reading, Searching, Lineage, History, Rules, Transfer):
    """An open registry.

    Example:
        >>> registry = Registry.open("sqlite:///registry.db")  # doctest: +SKIP
        >>> registry.champion(actor, "flights", environment="prod").version.version  # doctest: +SKIP
        '1.4.2'
    """

    @classmethod
    def open(
        cls,
        url: str,
        *,
        policies: Mapping[str, Policy] = gates.LONE,
        environments: Sequence[str] = ENVIRONMENTS,
    ) -> Registry:
        """Open a registry; an empty database becomes one, an older one is migrated.

        `policies` hold where none was set: `policy.LONE` for a registry of one person, `policy.SHARED` for a server.

        Raises:
            InvalidError: the URL cannot be opened (MDK546).
            ConflictError: the database is of a newer version of mdk-jupyter (MDK515).
        """
        return cls(Database.open(url), policies, environments)

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
