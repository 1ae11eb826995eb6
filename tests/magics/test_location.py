"""Which notebook a kernel runs, asked of everything that may know."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mdk_magics.location import Kernel, chosen_notebook, find_notebook
from mdk_magics.refusal import Refusal

TOKEN = "of-the-server"


class Server:
    """Answers /api/sessions as a Jupyter server does, to those who have the token."""

    def __init__(self, sessions: Any, redirect: str | None = None) -> None:
        self.asked: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.headers["Authorization"])
                if redirect is not None:
                    self.send_response(302)
                    self.send_header("Location", redirect)
                    self.end_headers()
                elif self.path != "/base/api/sessions" or self.headers["Authorization"] != f"token {TOKEN}":
                    self.send_error(403)
                else:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(json.dumps(sessions).encode())

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/base/"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def announce(self, runtime: Path, root: Path, **changes: object) -> None:
        info = {"url": self.url, "token": TOKEN, "root_dir": str(root), "pid": os.getpid(), **changes}
        (runtime / f"jpserver-{self._http.server_port}.json").write_text(json.dumps(info))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def session(kernel: str, path: str) -> dict[str, Any]:
    return {"id": "s", "path": path, "type": "notebook", "kernel": {"id": kernel, "name": "python3"}}


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir()
    return folder


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "sub" / "Ünï 1.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return path


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server([session("other", "x.ipynb"), session("mine", "sub/Ünï 1.ipynb")])
    yield running
    running.close()


def kernel(runtime: Path | None = None, namespace: dict[str, Any] | None = None, session: Path | None = None) -> Kernel:
    return Kernel(namespace or {}, str(session) if session else None, "mine", runtime)


def test_the_server_knows_its_kernels(server: Server, runtime: Path, notebook: Path) -> None:
    server.announce(runtime, notebook.parent.parent)
    assert find_notebook(kernel(runtime)) == notebook


def test_the_server_knows_of_a_rename_since_the_kernel_began(server: Server, runtime: Path, notebook: Path) -> None:
    server.announce(runtime, notebook.parent.parent)
    old = notebook.with_name("old.ipynb")
    old.write_text("{}")
    assert find_notebook(kernel(runtime, session=old)) == notebook


def test_the_path_given_at_the_start_serves_where_no_server_answers(runtime: Path, notebook: Path) -> None:
    (runtime / "jpserver-1.json").write_text('{"url": "http://127.0.0.1:9/", "root_dir": "/", "token": "t"}')
    (runtime / "jpserver-2.json").write_text("{ half a fi")
    assert find_notebook(kernel(runtime, session=notebook)) == notebook


def test_vs_code_says_it_in_a_variable(server: Server, runtime: Path, notebook: Path, tmp_path: Path) -> None:
    server.announce(runtime, notebook.parent.parent)
    mine = tmp_path / "code.ipynb"
    mine.write_text("{}")
    assert find_notebook(kernel(runtime, {"__vsc_ipynb_file__": str(mine)})) == mine


def test_what_the_user_named_wins(server: Server, runtime: Path, notebook: Path, tmp_path: Path) -> None:
    server.announce(runtime, notebook.parent.parent)
    assert find_notebook(kernel(runtime), tmp_path / "named.ipynb") == tmp_path / "named.ipynb"


def test_a_drive_before_the_path_is_dropped(runtime: Path, notebook: Path) -> None:
    shared = Server([session("mine", "RTC:sub/Ünï 1.ipynb")])
    shared.announce(runtime, notebook.parent.parent)
    assert find_notebook(kernel(runtime)) == notebook
    shared.close()


@pytest.mark.parametrize("host", ["example.org", "10.0.0.7"])
def test_the_token_goes_to_this_machine_only(server: Server, runtime: Path, host: str) -> None:
    server.announce(runtime, runtime, url=f"http://{host}:1/base/")
    with pytest.raises(Refusal):
        find_notebook(kernel(runtime))
    assert server.asked == []


def test_the_token_does_not_follow_a_redirect(server: Server, runtime: Path) -> None:
    cunning = Server([], redirect=server.url + "api/sessions")
    cunning.announce(runtime, runtime)
    with pytest.raises(Refusal):
        find_notebook(kernel(runtime))
    assert cunning.asked and server.asked == []
    cunning.close()


@pytest.mark.parametrize("answer", [{"message": "no"}, ["x"], [{"kernel": None}], [session("mine", "gone.ipynb")]])
def test_a_server_that_cannot_tell_leaves_it_to_the_user(runtime: Path, answer: Any) -> None:
    strange = Server(answer)
    strange.announce(runtime, runtime)
    with pytest.raises(Refusal) as error:
        find_notebook(kernel(runtime))
    strange.close()
    assert error.value.code == "MDK360"
    assert "%mdk use" in str(error.value)


def test_colab_is_told_about_drive() -> None:
    with pytest.raises(Refusal, match=r"drive\.mount"):
        find_notebook(Kernel({}, colab=True))


def test_naming_a_notebook(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    assert chosen_notebook("a.ipynb", tmp_path) == tmp_path / "a.ipynb"
    with pytest.raises(Refusal, match=r"a\.ipynb") as error:
        chosen_notebook("b.ipynb", tmp_path)
    assert error.value.code == "MDK361"
