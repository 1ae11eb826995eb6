"""The messages of `kfp-pipeline-spec`, without the rest of Kubeflow Pipelines."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from types import ModuleType
from typing import Any

_MODULE = "kfp.pipeline_spec.pipeline_spec_pb2"


def pipeline_spec() -> Any:
    """Return an empty `PipelineSpec`."""
    return _messages().PipelineSpec()


def executor_spec() -> Any:
    """Return an empty `ExecutorSpec`: what the pipeline spec holds of each container as a plain struct."""
    return _messages().PipelineDeploymentConfig.ExecutorSpec()


def platform_spec() -> Any:
    """Return an empty `PlatformSpec`."""
    return _messages().PlatformSpec()


def parsed(document: Mapping[str, Any], message: Any) -> Any:
    """Fill a message from plain data and return it.

    Raises:
        google.protobuf.json_format.ParseError: the data has what the message does not know.
    """
    from google.protobuf.json_format import ParseDict

    return ParseDict(document, message)


@cache
def _messages() -> ModuleType:
    """Load the module from its file: where kfp itself is installed, importing the package above it takes 0.5 s."""
    if _MODULE in sys.modules:
        return sys.modules[_MODULE]
    path = metadata.distribution("kfp-pipeline-spec").locate_file(f"{_MODULE.replace('.', '/')}.py")
    spec = importlib.util.spec_from_file_location(_MODULE, str(path))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # a later `import kfp` finds the same messages
    spec.loader.exec_module(module)
    return module
