"""What goes wrong in a container is told as on this machine: with cell, line and fix, in the log and to Kubernetes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import Done, Platform, image
from loopback import Handler, serving
from pipelines import component, execute, pipeline

from mdk_converters.spec import Pipeline
from mdk_jupyter.local.record import Run

BOTH = pytest.mark.parametrize("kind", ["IPython", "plain"])


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("images")
    return {"IPython": image(folder / "full"), "plain": image(folder / "plain", "ipython", "matplotlib_inline")}


def one(*cells: str, **fields: Any) -> Pipeline:
    return pipeline(metadata={"notebook": "churn.ipynb"}, step=component(*cells, name="step", **fields))


def run(folder: Path, packages: Path, made: Pipeline, **options: Any) -> Done:
    return Platform(folder / "root", made, packages, folder, **options).run("step")


CELLS: dict[str, Any] = {
    "exception": ("x = 1\nprint('before')", "def f(v):\n    return 1 / v\n\nf(0)"),
    "syntax": ("x = (1,\ny = 2",),
    "exit": ("import sys\nsys.exit(3)",),
    "question": ("answer = input('Which? ')",),
    "cause": (
        " ",
        "# nothing",
        "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error",
    ),
    "metric": ("from mdk_jupyter import log_metrics\nlog_metrics(a=[1])",),
}


FAILING = pipeline(metadata={"notebook": "churn.ipynb"}, **CELLS)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run, _ = execute(FAILING, tmp_path_factory.mktemp("local"), keep_going=True)
    return run


@pytest.fixture(scope="session", params=["IPython", "plain"])
def remote(request: Any, images: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("remote")
    return Platform(folder / "root", FAILING, images[request.param], folder, extra={"numbers": {}})


@pytest.mark.parametrize("name", CELLS)
def test_the_words_are_those_of_local_runs(name: str, local: Run, remote: Platform) -> None:
    folder = f"{local.folder.parents[2]}/"
    wanted, trace = local[name].findings[0], local[name].traceback
    done = remote.run(name)
    assert done.code == 1
    assert done.answer == {}
    assert f"cell {name}-" in str(wanted.place)
    for text in (done.err, done.message):
        for part in (f"error {wanted.code}: {wanted.message}\n", f"  in {wanted.place}\n", f"  fix: {wanted.fix}\n"):
            assert part.replace(folder, "") in text
    if trace is not None:
        assert essence(done.err.partition("Traceback")[2]) == essence(
            trace.replace(folder, "").partition("Traceback")[2]
        )
    errors = [o for cell in done.notebook["cells"] for o in cell["outputs"] if o["output_type"] == "error"]
    assert len(errors) == 1
    assert "error" in done.html
    assert done.out == done.printed()


def essence(trace: str) -> list[str]:
    """Return a traceback without the marks below its lines, which depend on how the code was compiled."""
    return [line for line in trace.splitlines() if line.strip(" ^~")]


@BOTH
def test_a_step_that_takes_too_long_is_ended(kind: str, images: dict[str, Path], tmp_path: Path) -> None:
    cells = (
        "print('here', flush=True)",
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass",
    )
    done = run(tmp_path, images[kind], one(*cells, timeout="2s"))
    assert done.code == 1
    assert "error MDK303: step 'step' took longer than its timeout of 2s" in done.err
    assert "cell 2 (step-2)" in done.message
    assert done.printed() == "here\n"


@BOTH
def test_exit_handlers_run_and_threads_are_not_awaited(kind: str, images: dict[str, Path], tmp_path: Path) -> None:
    cell = """
    import atexit, threading, time
    _ = atexit.register(print, "bye")
    threading.Thread(target=time.sleep, args=(600,)).start()
    file = open("left.txt", "w")
    _ = file.write("unwritten")
    """
    done = run(tmp_path, images[kind], one(cell))
    assert (done.code, done.out) == (0, "bye\n")


def test_exit_is_no_end(images: dict[str, Path], tmp_path: Path) -> None:
    done = run(tmp_path, images["IPython"], one("exit()", "print('not reached')"))
    assert done.code == 1
    assert "MDK305" in done.err
    assert "not reached" not in done.out


def test_magics_without_ipython_say_what_is_missing(images: dict[str, Path], tmp_path: Path) -> None:
    done = run(tmp_path, images["plain"], one("x = 1\n%timeit x"))
    assert done.code == 1
    assert "error MDK430: the line '%timeit x' is IPython syntax" in done.err
    assert "line 2" in done.message
    assert "Add `ipython` to the requirements" in done.message


def test_syntax_of_ipython_where_it_is(images: dict[str, Path], tmp_path: Path) -> None:
    cells = (
        "!echo $HOME > /dev/null; echo out",
        "%%capture got\nprint('hidden')",
        "print(got.stdout.upper())",
        "display(3)",
    )
    done = run(tmp_path, images["IPython"], one(*cells))
    assert done.code == 0, done.err
    assert "out" in done.printed()
    assert "HIDDEN" in done.out
    assert "hidden" not in done.out


SHOWING = """
import asyncio
async def two():
    await asyncio.sleep(0)
    return 2
task = asyncio.create_task(two())
print(await two(), await task)
class Seen:
    def _repr_html_(self): return "<b>seen</b>"
    def __repr__(self): return "Seen()"
display(Seen())
import matplotlib.pyplot as plt
_ = plt.plot([1, 2])
"""


@BOTH
def test_await_display_and_figures(kind: str, images: dict[str, Path], tmp_path: Path) -> None:
    done = run(tmp_path, images[kind], one(SHOWING, "1;", "None", "'last'", "{'a': 1}"))
    assert done.code == 0, done.err
    cells = [cell for cell in done.notebook["cells"] if not cell["metadata"]["tags"]]
    kinds = [(o["output_type"], sorted(o.get("data", ()))) for o in cells[0]["outputs"]]
    assert kinds == [
        ("stream", []),
        ("display_data", ["text/html", "text/plain"]),
        ("display_data", ["image/png", "text/plain"]),
    ]
    assert cells[0]["outputs"][1]["data"] == {"text/html": "<b>seen</b>", "text/plain": "Seen()"}
    assert base64.b64decode(cells[0]["outputs"][2]["data"]["image/png"]).startswith(b"\x89PNG")
    assert [[o["data"]["text/plain"] for o in cell["outputs"]] for cell in cells[1:]] == [
        [],
        [],
        ["'last'"],
        ["{'a': 1}"],
    ]
    assert "<b>seen</b>" in done.html
    assert "data:image/png;base64," in done.html


def passing(**fields: Any) -> Pipeline:
    made: dict[str, Any] = {
        "make": component("x = {1, 2}\nframe = [1.5]", name="make", gives="x frame"),
        "use": component("print(x, frame)", name="use", reads="make.x make.frame", **fields),
    }
    return pipeline(**made)


@pytest.fixture
def handed(images: dict[str, Path], tmp_path: Path) -> Platform:
    platform = Platform(tmp_path / "root", passing(), images["plain"], tmp_path)
    assert platform.run("make").code == 0
    return platform


def test_damaged_and_missing_artifacts_are_refused(handed: Platform) -> None:
    path = handed.root / "bucket/run/make/frame"
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    done = handed.run("use")
    assert done.code == 1
    assert "MDK321" in done.err
    path.unlink()
    assert "MDK320" in handed.run("use", attempt="-again").err


@pytest.mark.parametrize("change", ["none", "pipeline", "bundle", "component"])
def test_artifacts_of_others_are_refused(handed: Platform, change: str) -> None:
    def forge(step: dict[str, Any], given: dict[str, Any]) -> None:
        artifact = given["inputs"]["artifacts"]["x"]["artifacts"][0]
        record = json.loads(artifact["metadata"]["mdk"])
        assert record["format"] == "pickle"
        if change == "none":
            artifact["metadata"] = {"display_name": "a model"}
        else:
            record["made"][change] = "another"
            artifact["metadata"]["mdk"] = json.dumps(record)

    done = handed.run("use", change=forge)
    assert done.code == 1
    assert "error MDK427: the artifact gs://bucket/run/make/x for `x` was not made by this pipeline" in done.err
    assert "{1, 2}" not in done.out


def test_another_bundle_is_refused(handed: Platform) -> None:
    path = handed.root / f"bucket/bundles/{handed.bundle.sha256}.zip"
    path.write_bytes(path.read_bytes() + b" ")
    done = handed.run("use")
    assert done.code == 1
    assert "submit it again" in done.err


def test_unreadable_arguments_are_told(handed: Platform) -> None:
    done = handed.run("use", change=lambda step, given: given["inputs"]["artifacts"].pop("frame"))
    assert done.code == 1
    assert "MDK425" in done.err
    assert "'frame'" in done.message


def test_inputs_that_must_not_change_are_guarded_also_through_what_they_share(
    images: dict[str, Path], tmp_path: Path
) -> None:
    made = pipeline(
        make=component("a = [1]\nb = {'a': a}", name="make", gives="a b"),
        change=component("a.append(2)", name="change", reads="make.a"),
        use=component("print(b)", name="use", reads="make.b"),
    )
    platform = Platform(tmp_path / "root", made, images["plain"], tmp_path)
    platform.run("make")
    done = platform.run("change")
    assert done.code == 1
    assert "error MDK323: the component 'change' changes its input `a`" in done.err


# Secrets


class Google(Handler):
    """The metadata server and Secret Manager."""

    asked: list[str]

    def do_GET(self) -> None:
        if self.path.endswith("/token") and self.headers["Metadata-Flavor"] == "Google":
            answer = json.dumps({"access_token": "t0ken"})
        elif self.path.endswith("/project-id"):
            answer = "acme"
        elif self.headers["Authorization"] == "Bearer t0ken" and "gone" not in self.path:
            content = json.dumps({"password": "hunter22"}) if "json" in self.path else "s3cr3t"
            answer = json.dumps({"payload": {"data": base64.b64encode(content.encode()).decode()}})
        else:
            self.send_error(404)
            return
        self.asked.append(self.path)
        self.reply(200, answer.encode())


@pytest.fixture
def google() -> Iterator[str]:
    Google.asked = []
    with serving(Google) as url:
        yield url.removeprefix("http://")


def test_secrets_are_read_by_name_and_never_shown(google: str, images: dict[str, Path], tmp_path: Path) -> None:
    cell = "import os\nprint('token', os.environ['TOKEN'])\nos.environ['PASSWORD']"
    made = one(
        cell, "len(os.environ['GIVEN'])", secrets={"TOKEN": "plain", "PASSWORD": "json:password", "GIVEN": "gone"}
    )
    environ = {"MDK_SECRET_MANAGER": f"http://{google}", "GCE_METADATA_HOST": google, "GIVEN": "by the platform"}
    done = run(tmp_path, images["plain"], made, environ=environ)
    assert done.code == 0, done.err
    assert Google.asked[-1] == "/v1/projects/acme/secrets/json/versions/latest:access"
    assert done.out == "token ***\n"
    assert done.notebook["cells"][3]["outputs"][0]["data"] == {"text/plain": "15"}
    for text in (done.out, done.err, json.dumps(done.notebook), done.html):
        assert "s3cr3t" not in text
        assert "hunter22" not in text


def test_a_secret_that_cannot_be_read_is_named(google: str, images: dict[str, Path], tmp_path: Path) -> None:
    environ = {"MDK_SECRET_MANAGER": f"http://{google}", "GCE_METADATA_HOST": google}
    done = run(tmp_path, images["plain"], one("1", secrets={"TOKEN": "gone"}), environ=environ)
    assert done.code == 1
    assert "error MDK429: the secret 'gone' for TOKEN cannot be read: the service answers 404" in done.message
