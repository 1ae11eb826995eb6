"""The pipeline as Kubeflow Pipelines (v2) and Vertex AI Pipelines run it."""

from mdk_converters.targets.kfp.compile import Compiled, TargetError, compile
from mdk_converters.targets.kfp.write import to_json, to_yaml

__all__ = ["Compiled", "TargetError", "compile", "to_json", "to_yaml"]
