"""Submitting to the stand-in, in this process, with the real client libraries."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from standin_server import standin

from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal


def write_project(folder: Path, **more: Any) -> Path:
    """Write an `mdk.yaml` with the stand-in as its environments `dev` and `prod`."""
    url = standin().url
    content = {
        "name": "tests",
        "owner": "Growth Team",
        "labels": {"team": "growth"},
        "target": "vertex",
        "vertex": {"project_id": "demo-project", "region": "europe-west3", "pipeline_root": "gs://demo/pipelines", "api_endpoint": url},
        "kfp": {"host": url, "pipeline_root": "gs://demo/pipelines", "storage_endpoint": url},
        "environments": {"dev": {}, "prod": {"labels": {"tier": "gold"}}},
        **more,
    }  # fmt: skip
    path = folder / "mdk.yaml"
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def mdk(folder: Path, *words: object) -> Any:
    """Call a command in a folder; return what it returns."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return call([str(word) for word in words], Terminal())
    finally:
        os.chdir(before)


def tagged(*cells: tuple[str, str]) -> list[dict[str, Any]]:
    """Return cells of a notebook from (tags, source)."""
    return [
        {"cell_type": "code", "id": f"c{n}", "metadata": {"tags": tags.split()}, "source": source, "outputs": [],
         "execution_count": None}
        for n, (tags, source) in enumerate(cells, 1)
    ]  # fmt: skip


def write_notebook(path: Path, cells: Sequence[dict[str, Any]]) -> Path:
    path.write_text(json.dumps({"cells": [*cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path
