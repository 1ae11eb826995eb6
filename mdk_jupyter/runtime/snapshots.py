"""What a notebook's values are while it runs in one kernel: stored when each component's last cell is done.

`mdk check --parity` puts calls of `take` between the notebook's cells.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from mdk_jupyter.runtime import metrics, states
from mdk_jupyter.runtime.job_file import VARIABLE as JOB

_start: states.Start | None = None
_logged: dict[str, dict[str, metrics.Metric]] = {}  # by component


def begin() -> None:
    """To be called before the notebook's first cell. Its own `%mdk` lines say nothing and do nothing."""
    global _start  # noqa: PLW0603 - a kernel runs one notebook
    _start = states.Start.now()
    metrics.logged.clear()
    shell = _namespace()["get_ipython"]()
    shell.extension_manager.load_extension("mdk_jupyter")
    shell.register_magic_function(lambda line: None, "line", "mdk")


def pause(component: str | None) -> None:
    """The cells before this call belong to `component`, those after it to another: so do the metrics logged in them."""
    if component is not None:
        _logged.setdefault(component, {}).update(metrics.logged)
    metrics.logged.clear()


def take(component: str, outputs: list[str], shown: list[str], name: str) -> None:
    """The last cell of `component` is done: store its outputs, and leave their records beside the step's result.

    `shown` are the outputs that the pipeline logs as metrics, `name` is what the file is called.

    Raises:
        ArtifactError: the store cannot be written (MDK326).
    """
    from mdk_jupyter.artifacts import handover
    from mdk_jupyter.artifacts.records import UNBOUND
    from mdk_jupyter.artifacts.store import Store

    assert _start is not None, "the notebook has not begun"
    job = json.loads(Path(os.environ[JOB]).read_text("utf-8"))
    namespace = _namespace()
    for metric in shown:
        if metric in namespace and metrics.is_number(namespace[metric]):
            metrics.log_metric(metric, namespace[metric])
    pause(component)
    values = {output: namespace[output] for output in outputs if output in namespace}
    for output in outputs:
        if output.startswith("state.") and states.is_present(output):
            values[output] = states.capture(output, _start)
    records = handover.save(values, Store(job["store"]))
    told = {output: records.get(output, UNBOUND).to_json() for output in outputs}
    content = json.dumps({"outputs": told, "metrics": _logged[component]})
    Path(job["result"]).with_name(name).write_text(content, encoding="utf-8")


def _namespace() -> dict[str, Any]:
    return sys.modules["__main__"].__dict__
