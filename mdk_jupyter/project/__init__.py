"""The project that a notebook belongs to."""

from mdk_jupyter.project.root import find_root

__all__ = ["find_root"]
