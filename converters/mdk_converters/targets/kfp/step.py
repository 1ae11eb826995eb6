"""What a container of a step is told: which code to run, and where its values come from and go to."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mdk_converters.quantities import seconds
from mdk_converters.spec import Pipeline

FORMAT = 1

# Reads the bundle that the importer brought, makes sure that it is the one this pipeline was compiled for, and
# starts the step from it. It must run on every Python from 3.9, with nothing installed.
BOOTSTRAP = """\
import hashlib, json, os, sys, tempfile
def option(name):
    return sys.argv[sys.argv.index(name) + 1]
uri = json.loads(option("--executor_input"))["inputs"]["artifacts"]["mdk_bundle"]["artifacts"][0]["uri"]
scheme, _, place = uri.partition("://")
root = os.environ.get("MDK_MOUNTS") or {"gs": "/gcs", "s3": "/s3", "minio": "/minio"}.get(scheme, "/")
with open(os.path.join(root, place), "rb") as file:
    data = file.read()
if hashlib.sha256(data).hexdigest() != option("--bundle-sha256"):
    sys.exit(f"{uri} is not the bundle that this pipeline was compiled for: submit it again")
with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
    file.write(data)
sys.path.insert(0, file.name)
from mdk_jupyter.runtime.container import main
sys.exit(main(sys.argv[1:]))
"""
INSTALLED = """\
import sys
from mdk_jupyter.runtime.container import main
sys.exit(main(sys.argv[1:]))
"""

_BARE_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*")


def command(bundle: str | None) -> list[str]:
    """Return the command of a step's container; without a bundle the runtime is in the image."""
    return ["python3", "-u", "-c", INSTALLED if bundle is None else BOOTSTRAP]


def arguments(step: Mapping[str, Any], bundle: str | None) -> list[str]:
    """Return the arguments of a step's container.

    The code is in them, and the bundle's digest, so that a server's cache tells changed steps apart.
    """
    checked = [] if bundle is None else ["--bundle-sha256", bundle]
    return ["--step", encoded(step), *checked, "--executor_input", "{{$}}"]


def encoded(step: Mapping[str, Any]) -> str:
    """Return a step as one word: the same for the same step."""
    # Not sorted: in the order of outputs they are stored, and so it is the same as on the user's machine.
    text = json.dumps(step, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def code(pipeline: Pipeline, name: str) -> dict[str, Any]:
    """Return the part of a step that does not depend on its neighbours."""
    component = pipeline.components[name]
    definitions = [
        {"name": d} | pipeline.definitions[d].model_dump(include={"cell", "line", "source"})
        for d in component.definitions
    ]
    return {
        "format": FORMAT,
        "pipeline": pipeline.metadata.name,
        "component": name,
        "kernel": pipeline.metadata.kernel,
        "notebook": PurePath(notebook).name if (notebook := pipeline.metadata.notebook) else None,  # for messages
        "definitions": definitions,
        "cells": [{"id": c.id, "line_offset": c.line_offset, "source": c.source} for c in component.cells],
        "optional": component.optional,
        "metrics": component.metrics,
        "secrets": component.secrets,
        "files": component.files,
        "timeout": seconds(component.timeout) if component.timeout is not None else None,
    }


def pinned(requirement: str, versions: Mapping[str, str]) -> str:
    """Return a requirement with the version it is known to work with, if it does not ask for one itself.

    Example:
        >>> pinned("scikit_learn", {"scikit-learn": "1.5.2"})
        'scikit_learn==1.5.2'
    """
    match = _BARE_REQUIREMENT.fullmatch(requirement)
    if match is None:
        return requirement
    version = versions.get(re.sub("[-_.]+", "-", match[1]).lower())
    return f"{requirement.strip()}=={version}" if version is not None else requirement
