"""The job of a step on this machine: a file that the runner writes, and one for the result beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.errors import StepError
from mdk_jupyter.runtime.step import Job

VARIABLE = "MDK_STEP"  # the environment variable that names the job file


def read_job() -> Job:
    """Return the job of this process.

    Raises:
        StepError: there is none, or it cannot be read (MDK328).
    """
    path = os.environ.get(VARIABLE)
    try:
        if path is None:
            raise ValueError(f"{VARIABLE} is not set")
        data = json.loads(Path(path).read_text("utf-8"))
        store = Store(Path(data["store"]).resolve())
        result = Path(data["result"]).resolve()
        return Job(
            step=data["step"],
            store=store,
            report=lambda told: _write_json(result, {**told, "written": store.written}),
            run=data.get("run", ""),
            pipeline=data.get("pipeline", ""),
            parameters=data.get("parameters", {}),
            item=data.get("item"),
            inputs=data.get("inputs", {}),
            optional=tuple(data.get("optional", ())),
            outputs=tuple(data.get("outputs", ())),
            guard=tuple(data.get("guard", ())),
            metrics=tuple(data.get("metrics", ())),
        )
    except (OSError, ValueError, KeyError) as error:
        message = f"this notebook is a step of a run, and its job cannot be read: {error}"
        fix = "Run the pipeline with `mdk run`; a step's notebook is not run by hand."
        raise StepError([Finding("MDK328", message, fix=fix)]) from None


def _write_json(path: Path, data: dict[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.write_text(json.dumps(data), encoding="utf-8")
    temporary.replace(path)
