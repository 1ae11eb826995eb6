"""Every test session has kernel servers of its own, and leaves none behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from postgres import new_postgres_database, registry_url
from registries import registry, small
from servers import command_of, end_servers

from mdk_jupyter.kernels import place

__all__ = ["kernel_servers", "new_postgres_database", "registry", "registry_url", "small"]


# No clock decides: machines that test are busy.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A change is judged by examples that do not change; new ones are looked for elsewhere.
settings.register_profile("ci", settings.get_profile("unhurried"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "unhurried")


@pytest.fixture(scope="session", autouse=True)
def kernel_servers() -> Iterator[Path]:
    """Let all tests of this process share servers; nothing of them may live when the tests are over."""
    folder = Path(tempfile.mkdtemp(prefix="mdk-t-"))
    os.environ[place.FOLDER] = str(folder)
    yield folder
    left = end_servers(folder)
    shutil.rmtree(folder, ignore_errors=True)
    assert not left, f"processes are left: {[*map(command_of, left)]}"
