"""What runs have left, to be read: Jupyter's contents API for files in `.mdk/runs`, which the server hides otherwise."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from jupyter_client.jsonutil import json_default
from jupyter_server.auth.decorator import authorized
from jupyter_server.services.contents.filemanager import FileContentsManager
from tornado.web import HTTPError, authenticated

from mdk_jupyter.server.base import MDKHandler
from mdk_jupyter.server.places import Places

_TYPES = ("directory", "file", "notebook")
_FORMATS = ("text", "base64")


class ContentsHandler(MDKHandler):
    """Files and folders. Everything but reading is refused with 405."""

    @authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Give a file or folder as a model of the contents API."""
        kind, form = self.argument("type"), self.argument("format")
        if kind not in (None, *_TYPES) or form not in (None, *_FORMATS):
            raise HTTPError(400, "the type or format is none of the contents API")
        wanted = _Wanted(path.strip("/"), self.argument("content") != "0", kind, form)
        self.finish(await self.parts.files.do(_read, self.parts.places, wanted))


class CheckpointsHandler(MDKHandler):
    """There are none, and none are made."""

    @authenticated
    @authorized
    async def get(self, path: str) -> None:
        """List them."""
        self.finish("[]")


class _Wanted(NamedTuple):
    path: str
    content: bool
    type: str | None
    format: str | None


def _read(places: Places, wanted: _Wanted) -> str:
    """Return the model of a file or folder, as JSON."""
    if places.kept(wanted.path) is None:
        raise HTTPError(404, f"no file {wanted.path!r} is kept by a run")
    # The asynchronous manager would leave threads behind when the server is stopped.
    manager = FileContentsManager(root_dir=str(places.root), allow_hidden=True)
    return json.dumps(_read_only(manager.get(*wanted)), default=json_default)  # type: ignore[no-untyped-call]


def _read_only(model: dict[str, Any]) -> dict[str, Any]:
    inside = model["content"]
    content = [_read_only(one) for one in inside] if model["type"] == "directory" and inside else inside
    return {**model, "content": content, "writable": False}


HANDLERS: list[tuple[str, type[MDKHandler]]] = [
    (r"/mdk/contents(?P<path>/.+)/checkpoints", CheckpointsHandler),
    (r"/mdk/contents(?P<path>/.*)?", ContentsHandler),
]
