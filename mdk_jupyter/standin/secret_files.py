"""Secrets as files: `FOLDER/NAME`, or `FOLDER/NAME/KEY` for one of Kubernetes that has keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdk_jupyter.standin.values import TaskError


def read_secret(folder: Path | None, name: str, key: str = "") -> bytes | None:
    """Return a secret, or None."""
    if folder is None:
        return None
    for file in (folder / name / key, folder / name):
        if file.is_file():
            return file.read_bytes()
    return None


def secrets_of(folder: Path | None, platform: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that Kubernetes sets from secrets, by what a platform spec says of an executor.

    Raises:
        TaskError: a secret is not there.
    """
    variables: dict[str, str] = {}
    for entry in platform.get("secretAsEnv", []):
        constant = entry.get("secretNameParameter", {}).get("runtimeValue", {}).get("constant")
        name = entry.get("secretName") or constant or ""
        for pair in entry.get("keyToEnv", []):
            content = read_secret(folder, name, pair["secretKey"])
            if content is not None:
                variables[pair["envVar"]] = content.decode()
            elif not entry.get("optional"):
                raise TaskError(f"The secret {name} has no key {pair['secretKey']} (folder of secrets: {folder}).", 5)
    return variables
