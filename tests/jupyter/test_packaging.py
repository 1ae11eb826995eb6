"""What `pip install mdk-jupyter` puts in place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mdk_jupyter import __version__

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "mdk_jupyter/labextension/static/style.js"
DATA = f"mdk_jupyter-{__version__}.data/data"


def test_one_version() -> None:
    package = json.loads((ROOT / "labextension/package.json").read_text(encoding="utf-8"))
    assert package["version"] == __version__


@pytest.mark.skipif(not BUILT.exists(), reason="the extension is not built; `make test` does it")
def test_wheel_brings_extension_and_configuration(tmp_path: Path) -> None:
    """The built extension and the server's configuration are where JupyterLab looks, and nowhere else."""
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--quiet"]
    environment = os.environ | {"SKIP_JUPYTER_BUILDER": "1"}
    subprocess.run([*command, "--wheel-dir", str(tmp_path)], check=True, env=environment)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        config = json.loads(content.read(f"{DATA}/etc/jupyter/jupyter_server_config.d/mdk_jupyter.json"))
        entry = json.loads(content.read(f"{DATA}/share/jupyter/labextensions/mdk-jupyter/package.json"))
    assert config["ServerApp"]["jpserver_extensions"] == {"mdk_jupyter": True}
    load = f"{DATA}/share/jupyter/labextensions/mdk-jupyter/{entry['jupyterlab']['_build']['load']}"
    assert {load, f"{DATA}/share/jupyter/labextensions/mdk-jupyter/install.json"} <= names
    assert not [name for name in names if name.startswith("mdk_jupyter/labextension") or "/node_modules/" in name]
    assert "mdk_jupyter/server/__init__.py" in names
