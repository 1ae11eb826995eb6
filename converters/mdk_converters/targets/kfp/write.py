"""Compiled pipelines as text: the same for the same pipeline."""

from __future__ import annotations

import json
from typing import Any

from mdk_converters.targets.kfp.compile import Compiled


def to_json(compiled: Compiled) -> str:
    """Return the pipeline spec as JSON, one document: what Vertex AI and the API of Kubeflow take."""
    return json.dumps(_data(compiled.spec), sort_keys=True, ensure_ascii=False) + "\n"


def to_yaml(compiled: Compiled) -> str:
    """Return the pipeline spec as YAML; what only Kubeflow knows follows as a second document."""
    documents = [_data(part) for part in (compiled.spec, compiled.platform) if part is not None]
    return "---\n".join(map(_yaml, documents))


def _data(message: Any) -> Any:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message)


def _yaml(document: Any) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=True)
    return text
