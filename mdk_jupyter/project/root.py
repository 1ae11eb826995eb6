"""Where a project begins: the folder of its `mdk.yaml`."""

from __future__ import annotations

from pathlib import Path

PROJECT_FILE = "mdk.yaml"


def find_root(folder: Path) -> Path:
    """Return the nearest folder from `folder` upwards that has an `mdk.yaml`, or else `folder` itself; absolute."""
    start = folder.absolute()
    return next((place for place in (start, *start.parents) if (place / PROJECT_FILE).is_file()), start)
