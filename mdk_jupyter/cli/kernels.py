"""`mdk kernels`: the processes that keep kernels ready."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Look at the kernel servers, which keep kernels ready for runs.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
def kernels(ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the kernel servers of this user; `mdk kernels stop` ends them.

    A server starts by itself with a run, serves one environment (interpreter, installed packages), and ends when
    nobody needed it for ten minutes or when packages were installed, upgraded or removed. The environment variable
    MDK_KERNELS=off keeps runs from using one.
    """
    if ctx.invoked_subcommand is not None:
        return
    from mdk_jupyter.kernels import client

    reason = client.why_not()
    found = [] if reason else list(client.servers())
    if as_json:
        import json

        typer.echo(json.dumps({"available": reason is None, "why_not": reason, "servers": found}, indent=2))
    elif reason:
        typer.echo(f"kernels are started one by one: {reason}")
    else:
        typer.echo("\n".join(line for server in found for line in _lines(server)) or "no kernel server runs")


@app.command("stop")
def stop() -> None:
    """End the kernel servers of this user. Runs that are under way come to their end."""
    from mdk_jupyter.kernels import client

    count = 0 if client.why_not() else client.stop()
    typer.echo(f"stopped {count} kernel server{'s' if count != 1 else ''}")


def _lines(server: dict[str, Any]) -> list[str]:
    import time

    from mdk_jupyter.widgets.view import clock

    lines = [f"server {server['pid']}  {server['python']}, up {clock(time.time() - server['started'])}"]
    for template in server["templates"]:
        names = ", ".join(sorted({name.partition(".")[0] for name in template["preload"]})) or "no libraries"
        if template["importing"] is not None:
            lines.append(f"  imports {template['importing']} of {names}")
        else:
            memory = _megabytes(template.get("pid"))
            counts = f"{template.get('spares', 0)} ready, {template.get('used', 0)} in use"
            lines.append(f"  {counts}{memory}  {names}")
    lines += [f"  not preloaded: {module}: {why}" for module, why in server["left_out"].items()]
    return lines


def _megabytes(pid: int | None) -> str:
    import psutil  # type: ignore[import-untyped]

    try:
        return f", {psutil.Process(pid).memory_info().rss / 1e6:.0f} MB" if pid else ""
    except psutil.Error:
        return ""
