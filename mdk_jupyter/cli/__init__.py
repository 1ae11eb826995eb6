"""The `mdk` command tree."""

from mdk_jupyter.cli.entry import call, main

__all__ = ["call", "main"]
