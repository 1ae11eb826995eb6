"""The Expanded Model Registry: which version of which model is the champion where, and who decided it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mdk_jupyter.registry.face import RegistryFace


class _Callable(ModuleType):
    """Lets `mdk.registry()` be what opens the registry, although this package bears the name."""

    def __call__(self, url: str | None = None) -> RegistryFace:
        try:
            from mdk_jupyter.registry.connecting import registry
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("mdk_jupyter."):
                raise
            from mdk_jupyter.runtime.registering import not_here

            raise not_here("the container cannot open the registry") from None
        return registry(url)


sys.modules[__name__].__class__ = _Callable
