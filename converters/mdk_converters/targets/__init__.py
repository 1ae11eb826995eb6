"""What a pipeline spec can be turned into: each target is a pure function from a pipeline to files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mdk_converters.spec import Pipeline

Target = Callable[["Pipeline"], dict[str, str]]
"""Files by name, which belong into one folder; to be written as UTF-8 with line ends as they are."""


def spec(pipeline: Pipeline) -> dict[str, str]:
    """The pipeline spec itself: `churn.pipeline.yaml`."""
    from mdk_converters.spec_writer import dump_spec

    return {f"{pipeline.metadata.name}.pipeline.yaml": dump_spec(pipeline)}


def notebooks(pipeline: Pipeline) -> dict[str, str]:
    """One notebook per component: `churn.train.ipynb`; a container has none (MDK408)."""
    from mdk_converters.containers import refuse_containers
    from mdk_converters.targets.notebooks import step_notebooks

    refuse_containers(pipeline, "step notebooks")
    return step_notebooks(pipeline)


def script(pipeline: Pipeline) -> dict[str, str]:
    """One Python script that runs the whole pipeline: `churn.pipeline.py`; no container can be in it (MDK408)."""
    from mdk_converters.containers import refuse_containers
    from mdk_converters.targets.script import script_text

    refuse_containers(pipeline, "a script")
    return {f"{pipeline.metadata.name}.pipeline.py": script_text(pipeline)}


def mermaid(pipeline: Pipeline) -> dict[str, str]:
    """A Mermaid flowchart of the components: `churn.pipeline.mmd`."""
    from mdk_converters.targets.mermaid import flowchart

    return {f"{pipeline.metadata.name}.pipeline.mmd": flowchart(pipeline)}


def kubeflow(pipeline: Pipeline) -> dict[str, str]:
    """What Kubeflow Pipelines runs, for images that have the runtime: `churn.kfp.yaml`."""
    from mdk_converters.targets.kfp import compile, to_yaml

    return {f"{pipeline.metadata.name}.kfp.yaml": to_yaml(compile(pipeline))}


TARGETS: dict[str, Target] = {
    "spec": spec,
    "notebooks": notebooks,
    "script": script,
    "mermaid": mermaid,
    "kfp": kubeflow,
}
