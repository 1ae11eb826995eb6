"""The registry's image, carried out without Docker: what its file installs is enough for the command that it starts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from servers import wait_until

ROOT = Path(__file__).parents[2]
OURS = "mdk-jupyter"
DOCKERFILE = ROOT / "deploy/registry/Dockerfile"


def instructions(name: str) -> list[str]:
    return re.findall(rf"(?m)^{name} (.+)$", DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", ""))


def needed(wanted: Requirement, own: list[str]) -> set[str]:
    """Return the distributions that pip would install beside ours, which asks for `own`."""
    found: set[str] = set()
    pending, seen = [wanted], set()
    while pending:
        wanted = pending.pop()
        if (key := (wanted.name.lower(), frozenset(wanted.extras))) in seen:
            continue
        seen.add(key)
        is_ours = wanted.name == OURS
        found |= set() if is_ours else {wanted.name}
        for text in own if is_ours else metadata.requires(wanted.name) or ():
            more = Requirement(text)
            if more.marker is None or any(more.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                pending.append(more)
    return found


def installed(folder: Path, extras: str) -> Path:
    """Return a folder as `pip install ".[EXTRAS]"` makes it: the wheel, what it asks for, and nothing else."""
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheel")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "wheel").glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (about,) = site.glob("*.dist-info")
    own = metadata.PathDistribution(about).requires or []
    for name in needed(Requirement(f"{OURS}[{extras}]"), own):
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {".."}:
            source, target = Path(str(distribution.locate_file(top))), site / top
            if source.exists() and not target.exists():
                target.symlink_to(source)
    return site


def test_the_image_starts_the_server(tmp_path: Path) -> None:
    (extras,) = re.findall(r'pip install .*"\.\[([\w,]+)\]"', " ".join(instructions("RUN")))
    site = installed(tmp_path, extras)
    command = json.loads(instructions("CMD")[-1])
    assert command[0] == "mdk"
    declared = dict(pair.split("=", 1) for line in instructions("ENV") for pair in line.split())
    log = tmp_path / "log"
    environment = {
        **{name: value for name, value in declared.items() if name != "PATH"},
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(site),
        "PORT": "0",
        "MDK_REGISTRY_AUTH": "oidc",
        "MDK_REGISTRY_ISSUERS": "https://issuer.example.org",
        "MDK_REGISTRY_AUDIENCE": "https://registry.example.org",
    }
    # Without -S Python would find what else is installed here.
    python = [sys.executable, "-S", "-c", "import sys; from mdk_jupyter.cli import main; main()", *command[1:]]
    bare = subprocess.run(python, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert bare.returncode != 0 and "--db" in bare.stderr, "it does not start without a database"

    environment["MDK_REGISTRY_DB"] = f"sqlite:///{tmp_path}/registry.db"
    with log.open("w") as written:
        server = subprocess.Popen(python, env=environment, stdout=written, stderr=subprocess.STDOUT, cwd=tmp_path)
    try:
        assert wait_until(lambda: re.search(r"registry at http://\S+", log.read_text()) or server.poll() is not None)
        started = re.search(r"registry at http://0\.0\.0\.0:(\d+)", log.read_text())
        assert started, log.read_text()
        address = f"http://127.0.0.1:{started[1]}"
        assert httpx.get(f"{address}/health", timeout=60).status_code == 200
        assert httpx.get(f"{address}/ready", timeout=60).status_code == 200
        assert httpx.get(f"{address}/api/v1/models", timeout=60).status_code == 401
    finally:
        server.terminate()
        assert server.wait(60) == 0, log.read_text()
    imports = "import psycopg, mdk_jupyter.registry.migrations, sys; assert 'pandas' not in sys.modules; import alembic"
    subprocess.run([sys.executable, "-S", "-c", imports], env=environment, check=True, cwd=tmp_path)
    absent = subprocess.run([sys.executable, "-S", "-c", "import hypothesis"], env=environment, check=False, cwd=tmp_path, capture_output=True)  # fmt: skip
    assert absent.returncode != 0, "only what was asked for is there"
