"""Which steps can start now, by what they need and what the machine has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdk_converters.quantities import gpu_type_and_count, memory_bytes
from mdk_converters.spec import Component

_EVERYTHING = 2**62  # bytes, where the machine does not tell


@dataclass(frozen=True, slots=True)
class Amount:
    """Processors, bytes of memory and accelerators: what a machine has or a step needs."""

    cpu: float
    memory: int
    gpu: int

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.cpu + other.cpu, self.memory + other.memory, self.gpu + other.gpu)

    def fits(self, other: Amount) -> bool:
        """Whether no part of it is more than that of `other`."""
        return self.cpu <= other.cpu + 1e-9 and self.memory <= other.memory and self.gpu <= other.gpu

    def capped(self, other: Amount) -> Amount:
        """Return it with no part more than that of `other`."""
        return Amount(min(self.cpu, other.cpu), min(self.memory, other.memory), min(self.gpu, other.gpu))


def need(component: Component) -> Amount:
    """Return what a step asks for: one processor unless it says otherwise."""
    hints = component.resources
    if hints is None:
        return Amount(1, 0, 0)
    return Amount(
        cpu=hints.cpu if hints.cpu is not None else 1,
        memory=memory_bytes(hints.memory) if hints.memory else 0,
        gpu=gpu_type_and_count(hints.gpu)[1] if hints.gpu else 0,
    )


def startable(waiting: Mapping[str, Amount], running: Iterable[Amount], machine: Amount, slots: int) -> list[str]:
    """Return the steps to start now, in the given order: those that fit beside what runs, at most `slots`.

    A step that wants more than the machine has gets all of it, so every step can start at some time.

    Example:
        >>> machine = Amount(cpu=4, memory=8 * 2**30, gpu=0)
        >>> startable({"a": Amount(3, 0, 0), "b": Amount(2, 0, 0), "c": Amount(1, 0, 0)}, [], machine, slots=4)
        ['a', 'c']
    """
    used = sum((amount.capped(machine) for amount in running), Amount(0, 0, 0))
    chosen: list[str] = []
    for name, amount in waiting.items():
        if len(chosen) == slots:
            break
        total = used + amount.capped(machine)
        if total.fits(machine):
            used = total
            chosen.append(name)
    return chosen


def machine(workers: int | None) -> tuple[Amount, int]:
    """Return what this machine has, and how many steps may run at once.

    More `workers` than processors mean that the steps share them.
    """
    count = processors()
    slots = workers or count
    return Amount(max(count, slots), _memory(), gpus()), slots


def processors() -> int:
    """Return how many processors this process may use, which in a container can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus() -> int:
    """Return how many accelerators this process may use."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        listed = [device.strip() for device in visible.split(",") if device.strip()]
        return listed.index("-1") if "-1" in listed else len(listed)
    return sum(1 for _ in Path("/proc/driver/nvidia/gpus").glob("*"))


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _EVERYTHING
