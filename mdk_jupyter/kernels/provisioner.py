"""Forked kernels for everything that starts kernels through `jupyter_client`.

Name it in a kernel spec, or as the default with JUPYTER_DEFAULT_PROVISIONER_NAME:

    "metadata": {"kernel_provisioner": {"provisioner_name": "mdk-forked", "config": {"modules": ["pandas"]}}}
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, List, Unicode

from mdk_jupyter.kernels import client
from mdk_jupyter.kernels.preload import Wanted

NAME = "mdk-forked"  # of the entry point


class ForkedProvisioner(LocalProvisioner):
    """Takes kernels from the server where that is safe, and starts them as usual elsewhere."""

    modules = List(Unicode(), config=True, help="Modules that the kernel has imported already.")
    seeded = Bool(False, config=True, help="Whether random numbers are drawn from a seed.")
    process: Any
    _source: client.Source | None = None

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Take a forked kernel; `cmd` starts one where there is none."""
        if _starts_our_kernel(cmd):
            try:
                return await asyncio.to_thread(self._take, options)
            except client.UnavailableError as error:
                self.log.warning("The kernel is not forked: %s", error)
        return await super().launch_kernel(cmd, **options)

    def _take(self, options: dict[str, Any]) -> KernelConnectionInfo:
        environ = options.get("env") or dict(os.environ)
        self._source = client.Source(Wanted(tuple(self.modules), self.seeded), environ)
        self.cwd = str(options.get("cwd") or Path.cwd())
        self.process, connection = self._source.take(cwd=Path(self.cwd), environ=environ, log=Path(os.devnull))
        self.pid = self.pgid = self.process.pid
        connection["key"] = connection["key"].encode()
        self.connection_info = cast(KernelConnectionInfo, connection)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """End the kernel after its exit handlers."""
        if isinstance(self.process, client.ForkedProcess):
            await asyncio.to_thread(self.process.leave)
        await super().kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Hang up."""
        await super().cleanup(restart)
        if self._source is not None:
            self._source.close()
            self._source = None


def _starts_our_kernel(cmd: list[str]) -> bool:
    return bool(cmd) and Path(cmd[0]).absolute() == Path(sys.executable).absolute() and "ipykernel_launcher" in cmd
