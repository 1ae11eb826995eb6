"""Papermill's engine `mdk`: `papermill in.ipynb out.ipynb --engine mdk` runs any notebook in a forked kernel."""

from __future__ import annotations

from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from papermill.engines import NBClientEngine
from traitlets import Bool, List, Unicode
from traitlets.config import Config

from mdk_jupyter.kernels.preload import wanted_in
from mdk_jupyter.kernels.provisioner import NAME


class ForkedKernelManager(AsyncKernelManager):
    """Starts kernels of its kernel spec by forking."""

    modules = List(Unicode(), config=True, help="Modules that the kernel has imported already.")
    seeded = Bool(False, config=True, help="Whether random numbers are drawn from a seed.")

    @property
    def kernel_spec(self) -> Any:
        """The kernel spec, with our provisioner where it names none."""
        spec = super().kernel_spec
        provisioner = {"provisioner_name": NAME, "config": {"modules": self.modules, "seeded": self.seeded}}
        if spec is not None:
            spec.metadata.setdefault("kernel_provisioner", provisioner)
        return spec


class ForkEngine(NBClientEngine):  # type: ignore[misc]
    """As papermill's own engine in all but where the kernel comes from, and that nobody waits for its end."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> NotebookNode:
        wanted = wanted_in([cell.source for cell in nb_man.nb.cells if cell.cell_type == "code"])
        options.setdefault("kernel_manager_class", ForkedKernelManager)
        options.setdefault("shutdown_kernel", "immediate")
        options.setdefault(
            "config", Config({"ForkedKernelManager": {"modules": list(wanted.modules), "seeded": wanted.seeded}})
        )
        executed: NotebookNode = super().execute_managed_notebook(nb_man, kernel_name, **options)
        return executed
