"""Who may ask the server: nobody without a token, and of the others those whom the server's authorizer lets."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_servers import CONFIG, Client, notebook
from tornado.httpclient import HTTPClientError

from mdk_jupyter.server.app import MDKExtension

pytest_plugins = ("pytest_jupyter.jupyter_server",)
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Readers(Authorizer):
    """Lets everybody read, and nobody change anything of this extension."""

    def is_authorized(self, handler: JupyterHandler, user: User, action: str, resource: str) -> bool:
        return resource != "mdk" or action == "read"


@pytest.fixture
def jp_server_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    server = {**CONFIG["ServerApp"], **getattr(request, "param", {})}
    return {"ServerApp": server}


def routes(app: ServerApp) -> list[str]:
    """An address for each of the extension's routes, by its table."""
    extension = app.extension_manager.extension_apps["mdk_jupyter"]
    (found,) = extension
    assert isinstance(found, MDKExtension)
    patterns = [pattern for pattern, *_ in found.handlers]
    plain = [re.sub(r"\(\?P<\w+>[^)]*\)\??|\.\*", "x", pattern).lstrip("/") for pattern in patterns]
    return [path.replace("contentsx", "contents/x") for path in plain if path.startswith("mdk/")]


async def test_without_a_token_every_route_answers_403(
    jp_serverapp: ServerApp, http_server_client: Any, jp_base_url: str
) -> None:
    found = routes(jp_serverapp)
    assert len(found) > 30 and {"mdk/about", "mdk/registry/models/x/versions/x/promote"} <= {*found}
    for path in found:
        for verb in VERBS:
            body = "{}" if verb in ("POST", "PUT", "PATCH") else None
            with pytest.raises(HTTPClientError) as refused:
                await http_server_client.fetch(jp_base_url + path, method=verb, body=body)
            assert refused.value.code == 403, f"{verb} {path}"


@pytest.mark.parametrize("jp_server_config", [{"authorizer_class": Readers}], indirect=True)
async def test_the_authorizer_can_let_people_only_read(jp_serverapp: ServerApp, jp_fetch: Any) -> None:
    client = Client(jp_fetch)
    await client.get("about")
    assert (await client.post("check", {"path": "a.ipynb", "content": notebook(("component:a", "x = 1"))}))["ok"]
    for path in routes(jp_serverapp):
        if path in ("mdk/check", "mdk/spec", "mdk/plans", "mdk/x"):  # they change nothing, whatever the verb
            continue
        for verb in VERBS[1:]:
            body = None if verb == "DELETE" else "{}"
            with pytest.raises(HTTPClientError) as refused:
                await jp_fetch(*path.split("/"), method=verb, body=body)
            assert refused.value.code in (403, 405), f"{verb} {path}"
            told = json.loads(refused.value.response.body)  # type: ignore[union-attr]
            assert refused.value.code == 405 or "not authorized" in told["message"]


def test_all_routes_say_who_may_use_them(jp_configurable_serverapp: Any) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        jp_configurable_serverapp(config={"ServerApp": {**CONFIG["ServerApp"], "allow_unauthenticated_access": False}})
    assert not [str(one.message) for one in told if "mdk" in str(one.message)]
