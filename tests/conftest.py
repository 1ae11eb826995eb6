"""Every test session has kernel servers of its own, and leaves none behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from postgres import new_postgres_database, registry_url
from registries import registry, small
from servers import command_of, end_servers

from mdk_jupyter.kernels import place

__all__ = ["kernel_servers", "new_postgres_database", "registry", "registry_url", "small"]


# A change is judged by examples that do not change; new ones are looked for elsewhere.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session", autouse=True)
def kernel_servers() -> Iterator[Path]:
    """Let all tests of this process share servers; nothing of them may live when the tests are over."""
    folder = Path(tempfile.mkdtemp(prefix="mdk-t-"))
    os.environ[place.FOLDER] = str(folder)
    yield folder
    left = end_servers(folder)
    shutil.rmtree(folder, ignore_errors=True)
    assert not left, f"processes are left: {[*map(command_of, left)]}"
