"""Runs of a pipeline on this machine."""

from mdk_jupyter.local.events import Event, Observer, State
from mdk_jupyter.local.record import Run, Step

__all__ = ["Event", "Observer", "Run", "State", "Step"]
