"""Compiled pipelines as text: the same for the same pipeline."""

from __future__ import annotations

import json
from typing import Any

from mdk_converters.targets.kfp.compile import Compiled


def to_json(compiled: Compiled) -> str:
    """Return the pipeline spec as JSON, one document: what Vertex AI and the API of Kubeflow take."""
    return json.dumps(compiled.document, sort_keys=True, ensure_ascii=False) + "\n"


def to_yaml(compiled: Compiled) -> str:
    """Return the pipeline spec as YAML; what only Kubeflow knows follows as a second document."""
    documents = [part for part in (compiled.document, compiled.platform_document) if part is not None]
    return "---\n".join(map(_yaml, documents))


def _yaml(document: Any) -> str:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text: str = yaml.dump(document, Dumper=Dumper, sort_keys=True)
    return text
