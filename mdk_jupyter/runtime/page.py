"""An executed notebook as an HTML page, for those who look at a step in the platform's own pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #222 }
pre { font: 13px/1.4 ui-monospace, monospace; margin: 0; overflow-x: auto; white-space: pre-wrap }
.cell { display: grid; grid-template-columns: 4em 1fr; margin: 1em 0 }
.count { color: #777; font: 13px/1.4 ui-monospace, monospace; padding-top: .5em }
.source { background: #f5f5f5; border: 1px solid #ddd; border-radius: 3px; padding: .5em }
.output { grid-column: 2; padding: .4em .5em; overflow-x: auto }
.stderr { background: #fff6e5 }
.error { background: #fdecea }
.machinery { opacity: .55 }
table { border-collapse: collapse; font-size: 13px }
td, th { padding: .2em .6em; text-align: right; border-bottom: 1px solid #eee }
img { max-width: 100% }
"""


def render(notebook: Mapping[str, Any], title: str) -> str:
    """Return the page. All text is escaped; what cells show as HTML is shown as HTML."""
    cells = "\n".join(_cell(cell) for cell in notebook["cells"])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{cells}\n</body>\n</html>\n"
    )


def _cell(cell: Mapping[str, Any]) -> str:
    kind = "cell machinery" if cell["metadata"].get("tags") else "cell"
    count = cell["execution_count"] if cell["execution_count"] is not None else " "
    source = f'<div class="count">[{count}]</div><div class="source"><pre>{escape(cell["source"])}</pre></div>'
    outputs = "".join(_output(output) for output in cell["outputs"])
    return f'<div class="{kind}" id="{escape(cell["id"])}">{source}{outputs}</div>'


def _output(output: Mapping[str, Any]) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return f'<div class="output {escape(output["name"])}">{_text(output["text"])}</div>'
    if kind == "error":
        lines = output["traceback"] or [f"{output['ename']}: {output['evalue']}"]
        return f'<div class="output error">{_text(chr(10).join(lines))}</div>'
    return f'<div class="output">{_shown(output["data"])}</div>'


def _shown(data: Mapping[str, Any]) -> str:
    """The richest of what an output has."""
    for kind in ("text/html", "image/svg+xml"):
        if kind in data:
            return str(data[kind])
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            return f'<img alt="{escape(data.get("text/plain", ""))}" src="data:{kind};base64,{data[kind].strip()}">'
    return _text(str(data.get("text/markdown", data.get("text/plain", ""))))


def _text(text: str) -> str:
    return f"<pre>{escape(_ANSI.sub('', text))}</pre>"
