"""What only Kubeflow knows of a pipeline: secrets and volumes of the cluster, labels and annotations of pods."""

from __future__ import annotations

from typing import Any

from mdk_converters.spec import Component, Pipeline
from mdk_converters.targets.kfp.keys import task_name


def platform_document(pipeline: Pipeline) -> dict[str, Any] | None:
    """Return the Kubernetes part of a pipeline, None if there is nothing in it."""
    executors = {
        f"exec-{task_name(name)}": part
        for name, component in pipeline.components.items()
        if (part := _executor(component))
    }
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}} if executors else None


def _executor(component: Component) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if component.secrets:
        part["secretAsEnv"] = [_secret(variable, secret) for variable, secret in component.secrets.items()]
    if component.volumes:
        part["pvcMount"] = [_mount(folder, claim) for folder, claim in component.volumes.items()]
    pod = {"labels": component.labels, "annotations": component.annotations}
    if any(pod.values()):
        part["podMetadata"] = {key: dict(values) for key, values in pod.items() if values}
    return part


def _mount(folder: str, claim: str) -> dict[str, Any]:
    return {
        "constant": claim,
        "mountPath": folder,
        "pvcNameParameter": {"runtimeValue": {"constant": claim}},
    }


def _secret(variable: str, secret: str) -> dict[str, Any]:
    """Return an environment variable from SECRET:KEY; without KEY the key is called as the variable."""
    name, _, key = secret.partition(":")
    return {
        "secretName": name,
        "secretNameParameter": {"runtimeValue": {"constant": name}},
        "keyToEnv": [{"secretKey": key or variable, "envVar": variable}],
        "optional": False,
    }
