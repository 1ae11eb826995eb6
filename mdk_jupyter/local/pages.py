"""Executed notebooks as pages for a browser."""

from __future__ import annotations

import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from mdk_jupyter.local.files import write_atomically


@dataclass(frozen=True, slots=True)
class Page:
    """A page on disk.

    A notebook shows it as a link, relative to the current folder as Jupyter resolves it, and its path: a Jupyter
    server may be set not to serve files in `.mdk`.
    """

    title: str
    path: Path

    def __repr__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        href = quote(Path(os.path.relpath(self.path)).as_posix())
        link = f'<a href="{href}" target="_blank" rel="noopener">{escape(self.title)}</a>'
        return f"{link}<br><code>{escape(str(self.path))}</code>"


def render(notebook: Path, title: str) -> Page:
    """Return an executed notebook as HTML, kept beside it and made anew when the notebook has changed.

    Raises:
        OSError: a file cannot be read or written.
    """
    page = notebook.with_suffix(".html")
    written = notebook.stat()
    if not page.exists() or page.stat().st_mtime_ns != written.st_mtime_ns:
        write_atomically(page, _html(notebook, title))
        # The page is as old as what it shows, although the notebook of a running step may be newer by now.
        os.utime(page, ns=(written.st_atime_ns, written.st_mtime_ns))
    return Page(title, page)


def _html(notebook: Path, title: str) -> str:
    import nbformat
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    exporter = HTMLExporter(template_name="lab")  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(content, {"metadata": {"name": title}})
    return str(html)
