"""Artifacts: the values that pass between components, stored by content."""

from mdk_jupyter.artifacts.records import UNBOUND, Record
from mdk_jupyter.artifacts.store import Blob, Storage, Store

__all__ = ["UNBOUND", "Blob", "Record", "Storage", "Store"]
