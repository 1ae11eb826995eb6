"""Processors, memory and accelerators as Kubeflow Pipelines writes them: a number, and the text behind it."""

from __future__ import annotations

from typing import Any

from mdk_converters.quantities import gpu_type_and_count, memory_bytes
from mdk_converters.spec import Resources

_GIGABYTE = 10**9


def resource_limits(resources: Resources) -> dict[str, Any]:
    """Return the limits of a container.

    Example:
        >>> resource_limits(Resources(cpu=0.5, memory="4Gi"))["memoryLimit"]
        4.294967296
    """
    limits: dict[str, Any] = {}
    if resources.cpu is not None:
        limits |= {"cpuLimit": resources.cpu, "resourceCpuLimit": _number(resources.cpu)}
    if resources.memory is not None:
        text = resources.memory.replace("k", "K")
        limits |= {"memoryLimit": memory_bytes(resources.memory) / _GIGABYTE, "resourceMemoryLimit": text}
    if resources.gpu is not None:
        kind, count = gpu_type_and_count(resources.gpu)
        accelerator = {"type": kind, "count": str(count), "resourceType": kind, "resourceCount": str(count)}
        limits["accelerator"] = accelerator
    return limits


def _number(value: float) -> str:
    """Write a number without an exponent and without a needless `.0`."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
