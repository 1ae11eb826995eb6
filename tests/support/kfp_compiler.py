"""Pipelines as kfp's own compiler writes them, to compare with ours. Annotations are values here: kfp reads them."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Optional

import yaml
from kfp import compiler, dsl

from mdk_converters.spec import CellSource, Component, Metadata, Parameter, Pipeline
from mdk_converters.targets import kfp

BUNDLE = "0123456789abcdef" * 4
_OWN = (
    "mdk_bundle: Input[Artifact], mdk_metrics: Output[Metrics], mdk_notebook: Output[Artifact], mdk_html: Output[HTML]"
)
_RENAMED = {
    "importer": "mdk-bundle",
    "comp-importer": "comp-mdk-bundle",
    "exec-importer": "exec-mdk-bundle",
    "pipelinechannel--importer-artifact": "pipelinechannel--mdk-bundle-artifact",
}


def step(name: str, source: str = "pass", **fields: Any) -> Component:
    return Component(cells=[CellSource(id=name, source=source)], **fields)


def spec(components: Mapping[str, Component], **parameters: Parameter) -> Pipeline:
    return Pipeline(metadata=Metadata(name="p"), parameters=parameters, components=dict(components))


def compiled(pipeline: Pipeline, **options: Any) -> dict[str, Any]:
    """Return the pipeline spec that we write, as plain data."""
    return dict(json.loads(kfp.to_json(kfp.compile(pipeline, **{"bundle": BUNDLE, **options}))))


class Hand:
    """What the kfp side of a comparison is written with: components with the text of our containers."""

    def __init__(self, ours: Mapping[str, Any]) -> None:
        self._executors = ours["deploymentSpec"]["executors"]

    def component(self, name: str, signature: str = "", *, own: bool = True) -> Any:
        """Return a container component with the inputs and outputs that `signature` gives."""
        container = self._executors[f"exec-{name.replace('_', '-')}"]["container"]
        text = {key: container[key] for key in ("image", "command", "args") if key in container}
        names = {
            **{n: getattr(dsl, n) for n in dsl.__all__},
            "dsl": dsl,
            "list": list,
            "Optional": Optional,
            "text": text,
        }
        every = ", ".join(part for part in (_OWN if own else "", signature) if part)
        exec(f"def {name}({every}):\n    return dsl.ContainerSpec(**text)", names)
        return dsl.container_component(names[name])

    @staticmethod
    def bundle(uri: Any) -> Any:
        return dsl.importer(artifact_uri=uri, artifact_class=dsl.Artifact).output


def by_kfp(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the pipeline spec that kfp's compiler writes for a pipeline function."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.yaml")
        compiler.Compiler().compile(dsl.pipeline(name="p")(function), str(path))
        return dict(next(yaml.safe_load_all(path.read_text())))


def comparable(spec: dict[str, Any]) -> dict[str, Any]:
    """Take out what has no meaning: names of the importer, inputs of blocks that nothing inside of them reads."""
    spec = _renamed(spec)
    spec.pop("sdkVersion")
    spec["root"].get("inputDefinitions", {}).get("parameters", {}).get("mdk_bundle", {}).pop("description", None)
    while _drop_unread_inputs(spec):
        pass
    return spec


def _renamed(part: Any) -> Any:
    if isinstance(part, list):
        return [_renamed(item) for item in part]
    if not isinstance(part, dict):
        return _RENAMED.get(part, part) if isinstance(part, str) else part
    if "artifactUri" in part.get("importer", {}):
        return part
    found = {_RENAMED.get(key, key): _renamed(value) for key, value in part.items()}
    if "dependentTasks" in found:
        found["dependentTasks"] = sorted(found["dependentTasks"])
    return found


def _drop_unread_inputs(spec: dict[str, Any]) -> bool:
    dags = [part for part in (spec["root"], *spec["components"].values()) if "dag" in part]
    tasks = [task for part in dags for task in part["dag"]["tasks"].values()]
    dropped = False
    for name, part in spec["components"].items():
        if "dag" not in part:
            continue
        task = next(task for task in tasks if task["componentRef"]["name"] == name)
        text = json.dumps(part["dag"]) + json.dumps([task.get("triggerPolicy"), task.get("parameterIterator")])
        for kind in ("parameters", "artifacts"):
            for key in list(part.get("inputDefinitions", {}).get(kind, {})):
                if f'"{key}"' not in text and f"'{key}'" not in text:
                    del part["inputDefinitions"][kind][key]
                    task["inputs"][kind].pop(key, None)
                    dropped = True
    for holder in [*spec["components"].values(), *tasks]:
        for field in ("inputDefinitions", "inputs"):
            if field in holder:
                holder[field] = {kind: part for kind, part in holder[field].items() if part}
                if not holder[field]:
                    del holder[field]
    return dropped
