"""The kernel server: whatever is killed, runs end well or say why, and no process is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from kernels import write_notebook
from pipelines import is_running
from servers import end_servers, own_family, processes_of, wait_until

from mdk_jupyter.kernels import client, place
from mdk_jupyter.kernels.preload import Wanted

MDK = Path(sys.executable).with_name("mdk")
pytestmark = pytest.mark.skipif(client.why_not() is not None, reason="kernels are not forked here")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for a server of the test's own; whatever the test kills, nothing may be left in it."""
    made = Path(tempfile.mkdtemp(prefix="mdk-t-"))
    monkeypatch.setenv(place.FOLDER, str(made))
    yield made
    left = end_servers(made)
    for process in left:
        os.kill(process, signal.SIGKILL)
    shutil.rmtree(made, ignore_errors=True)
    assert not left


# A step that says when it is at work, has a child process, and goes on for long.
LONG = """
import os, subprocess, time
from pathlib import Path
child = subprocess.Popen(["sleep", "600"])
Path("at-work.new").write_text(f"{os.getpid()} {child.pid}")
os.rename("at-work.new", "at-work")
while not Path("enough").exists():
    time.sleep(0.01)
child.kill()
done = True
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "n.ipynb", [("work", LONG), ("then", "print('after', done)")])


def start(notebook: Path, *options: str) -> subprocess.Popen[str]:
    words = [str(MDK), "run", "local", notebook.name, *options]
    return subprocess.Popen(
        words, cwd=notebook.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def at_work(notebook: Path) -> tuple[int, int]:
    """Wait until the step is at work; return its kernel's process and the one that it started."""
    file = notebook.with_name("at-work")
    assert wait_until(file.exists)
    kernel, child = map(int, file.read_text().split())
    return kernel, child


def last_run(notebook: Path) -> dict[str, Any]:
    shown = subprocess.run([MDK, "runs", "--json"], cwd=notebook.parent, capture_output=True, text=True, check=True)
    record: dict[str, Any] = json.loads(shown.stdout)[0]
    return record


def drivers_of(folder: Path, notebook: Path) -> list[int]:
    """The processes that carry out commands in the notebook's folder."""
    found = []
    for process in set(processes_of(folder)) - own_family():
        try:
            if Path(f"/proc/{process}/cwd").readlink() == notebook.parent:
                found.append(process)
        except OSError:
            continue
    return found


def kill(processes: Sequence[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):  # a spare that went with another one
            os.kill(process, signal.SIGKILL)


def the_server(folder: Path) -> dict[str, Any]:
    assert wait_until(lambda: list(client.servers()))
    return next(client.servers())


def templates(folder: Path) -> list[int]:
    return [template["pid"] for template in the_server(folder)["templates"]]


def test_after_success_only_the_server_is_left(folder: Path, notebook: Path) -> None:
    run = start(notebook)
    kernel, child = at_work(notebook)
    assert is_running(kernel) and is_running(child)
    notebook.with_name("enough").touch()
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert not is_running(kernel) and not is_running(child)
    [template] = the_server(folder)["templates"]
    assert template["used"] == 0
    assert wait_until(lambda: not drivers_of(folder, notebook))
    assert last_run(notebook)["state"] == "done"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_run(folder: Path, notebook: Path, number: signal.Signals) -> None:
    run = start(notebook)
    kernel, child = at_work(notebook)
    run.send_signal(number)
    run.communicate(timeout=60)
    assert run.returncode == 130
    assert not is_running(kernel) and not is_running(child)
    assert last_run(notebook)["state"] == "cancelled"
    assert last_run(notebook)["steps"]["then"]["state"] == "skipped"


def test_a_run_whose_caller_is_killed_is_cancelled(folder: Path, notebook: Path) -> None:
    run = start(notebook)
    kernel, child = at_work(notebook)
    run.kill()
    run.communicate(timeout=60)
    assert wait_until(lambda: not drivers_of(folder, notebook))
    assert not is_running(kernel) and not is_running(child)
    assert last_run(notebook)["state"] == "cancelled"


def test_kernels_end_when_their_driver_is_killed(folder: Path, notebook: Path) -> None:
    run = start(notebook)
    kernel, child = at_work(notebook)
    kill(sorted(set(drivers_of(folder, notebook)) - {run.pid, kernel, child}))
    _, err = run.communicate(timeout=60)
    assert run.returncode == 137 and "was killed" in err
    assert wait_until(lambda: not is_running(kernel) and not is_running(child))
    assert last_run(notebook)["state"] == "interrupted"


def test_a_run_goes_on_when_the_server_is_killed(folder: Path, notebook: Path) -> None:
    run = start(notebook)
    kernel, _ = at_work(notebook)
    kill([the_server(folder)["pid"]])
    notebook.with_name("enough").touch()
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert not is_running(kernel)
    assert wait_until(lambda: not set(processes_of(folder)) - own_family())
    assert last_run(notebook)["state"] == "done"


def test_a_run_goes_on_when_the_template_is_killed(folder: Path, notebook: Path) -> None:
    run = start(notebook)
    kernel, _ = at_work(notebook)
    kill(templates(folder))
    notebook.with_name("enough").touch()
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert not is_running(kernel)
    again = subprocess.run([MDK, "run", "local", "n.ipynb"], cwd=notebook.parent, capture_output=True, check=False)
    assert again.returncode == 0


def test_kernels_end_when_all_others_are_killed(folder: Path, notebook: Path) -> None:
    run = start(notebook)
    kernel, child = at_work(notebook)
    others = set(processes_of(folder)) - own_family() - {kernel, child}
    kill([run.pid, *others - {run.pid}])
    run.communicate(timeout=60)
    assert wait_until(lambda: not is_running(kernel) and not is_running(child))
    assert wait_until(lambda: not set(processes_of(folder)) - own_family())


def test_a_server_ends_when_nobody_needs_it(folder: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDK_KERNELS_IDLE", "1")
    notebook.with_name("enough").touch()
    assert subprocess.run([MDK, "run", "local", "n.ipynb"], cwd=notebook.parent, check=False).returncode == 0
    assert wait_until(lambda: not set(processes_of(folder)) - own_family())
    assert [path.suffix for path in folder.iterdir() if path.is_file()] == [".lock"]


def test_another_state_of_the_packages_means_another_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client.connect().close()
    first = the_server(folder)["pid"]
    monkeypatch.setattr(place, "_state", lambda: iter(["a package was installed"]))
    client.connect().close()
    assert wait_until(lambda: not is_running(first))
    assert the_server(folder)["pid"] != first


def test_a_command_comes_through_when_the_process_forked_ahead_of_it_is_killed(folder: Path, tmp_path: Path) -> None:
    def parents() -> dict[int, int]:
        stats = {process: Path(f"/proc/{process}/stat").read_text() for process in processes_of(folder)}
        return {process: int(stat.rpartition(")")[2].split()[1]) for process, stat in stats.items()}

    def run() -> int:
        return subprocess.run([MDK, "run", "local"], cwd=tmp_path, capture_output=True, check=False).returncode

    def ahead() -> list[int]:
        """Return the children of the process that carries out commands; templates are nobody's children."""
        server, found = the_server(folder)["pid"], parents()
        return [one for one, parent in found.items() if found.get(parent) == server and one not in templates(folder)]

    write_notebook(tmp_path / "n.ipynb", [("one", "x = 1")])
    assert run() == 0
    assert wait_until(ahead)
    for process in ahead():
        os.kill(process, signal.SIGKILL)
    assert run() == 0


def test_servers_are_started_once(folder: Path) -> None:
    script = "from mdk_jupyter.kernels import client; client.connect()"
    callers = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(6)]
    assert [caller.wait(60) for caller in callers] == [0] * 6
    assert len(list(client.servers())) == 1


def test_the_commands_show_and_stop_servers(folder: Path) -> None:
    def mdk(*words: str) -> str:
        return subprocess.run([MDK, "kernels", *words], capture_output=True, text=True, check=True).stdout

    assert mdk() == "no kernel server runs\n"
    source = client.Source(Wanted(("json",)), os.environ)
    process, _ = source.take(cwd=folder, environ=os.environ, log=folder / "k.log")
    assert "1 in use" in mdk() and "json" in mdk() and sys.executable in mdk()
    assert json.loads(mdk("--json"))["servers"][0]["templates"][0]["preload"] == ["json"]
    process.kill()
    source.close()
    assert mdk("stop") == "stopped 1 kernel server\n"
    assert mdk() == "no kernel server runs\n"


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of libraries that are better not imported ahead."""
    sources = {
        "threaded": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "talkative": "print('hello')",
        "clinging": "from IPython import get_ipython\nshell = get_ipython()",
        "curious": "shell = get_ipython()\nshell.user_ns['seen'] = 1",
        "crashing": "import os\nos._exit(3)",
        "polite": "from IPython import get_ipython\nkind = type(get_ipython()).__name__",
        "drawing": "import random\nfirst = random.random()",
        "leaving": "import atexit, pathlib\natexit.register(lambda: pathlib.Path('left').touch())",
    }
    place = tmp_path / "libraries"
    place.mkdir()
    for name, source in sources.items():
        (place / f"{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")]))
    return place


def test_libraries_that_would_behave_otherwise_are_left_to_the_steps(folder: Path, libraries: Path) -> None:
    names = ("polite", "threaded", "talkative", "clinging", "curious", "crashing", "drawing")
    source = client.Source(Wanted(names, seeded=True), os.environ)
    process, _ = source.take(cwd=folder, environ=os.environ, log=folder / "k.log")
    server = the_server(folder)
    reasons = {name: why.split()[2] for name, why in server["left_out"].items()}
    assert reasons == {
        "threaded": "starts", "talkative": "prints", "clinging": "takes", "curious": "takes", "crashing": "ends",
        "drawing": "draws",
    }  # fmt: skip
    assert [template["preload"] for template in server["templates"]] == [["polite"]]
    process.kill()
    assert process.wait() == -signal.SIGKILL
    source.close()


def test_what_steps_show_is_the_same_with_and_without_the_server(
    folder: Path, libraries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel behaves otherwise under pytest
    cells = [
        "import polite, leaving, talkative\nimport pandas as pd, numpy as np, matplotlib.pyplot as plt\n"
        "from tqdm.auto import tqdm\nimport ipywidgets, logging, warnings, random, sys, os, multiprocessing",
        "print(polite.kind, pd.options.display.max_columns, tqdm)",
        "import time\nos.write(1, b'from C\\n')\ntime.sleep(1)  # a thread of ipykernel's reads it",
        "os.write(2, b'err from C\\n')\ntime.sleep(1)",
        "print('to stderr', file=sys.stderr)",
        "display({'a': 1}, display_id='d'); plt.plot([1, 2]); plt.show(); pd.DataFrame({'a': [1]})",
        "ipywidgets.IntSlider(value=3)",
        "warnings.warn('careful'); warnings.warn('old', DeprecationWarning); logging.warning('logged')",
        "here = %pwd\nprint(os.getcwd(), here, os.environ['OMP_NUM_THREADS'], 'MDK_STEP' in os.environ)",
        "print(os.environ.get('MPLBACKEND'), os.environ.get('PYTHONHASHSEED'), sys.argv[0][-20:], __name__)",
        "!echo from a shell",
        "with multiprocessing.get_context('fork').Pool(1) as pool: print(pool.map(abs, [-1]))",
        "print([f for f in warnings.filters if f[1] is None and 'numpy' not in str(f)][:3], plt.get_backend())",
        "drawn = [random.random(), np.random.rand(), float(np.random.default_rng().random())]",
    ]
    made = []
    for switch in ("on", "off"):
        place = tmp_path / switch
        place.mkdir()
        path = write_notebook(place / "n.ipynb", [("only;output:drawn", cell) for cell in cells])
        monkeypatch.setenv(client.SWITCH, switch)
        done = subprocess.run([MDK, "run", "local", path.name], cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (place / "left").exists()  # an exit handler of a library
        run = last_run(path)
        text = Path(run["steps"]["only"]["notebook"]).read_text()
        made.append([_outputs(cell, place) for cell in json.loads(text)["cells"]])
        log = (place / ".mdk/runs" / run["id"] / "steps/only.kernel.log").read_text()
        assert "err from C" in log and "from C" in log
    for one, other in zip(*made, strict=True):
        assert one == other
    assert any("image/png" in str(outputs) for outputs in made[0])


def _outputs(cell: dict[str, Any], place: Path) -> list[Any]:
    """What a cell shows, without what differs between any two runs."""
    found: dict[str, Any] = {}
    for number, output in enumerate(cell["outputs"]):
        if output["output_type"] == "stream":  # how they are cut into pieces is a matter of time
            found[output["name"]] = found.get(output["name"], "") + "".join(output["text"])
        else:
            data = output.get("data", {})
            found[str(number)] = [output["output_type"], sorted(data), data.get("text/html"), data.get("image/png")]
    text = json.dumps(found, sort_keys=True).replace(str(place), "PLACE")
    return [" ".join(word for word in text.split() if "ipykernel_" not in word)]


def test_forked_kernels_draw_different_random_numbers(folder: Path) -> None:
    source = client.Source(Wanted(("numpy",)), os.environ)
    drawn = []
    for number in range(3):
        log = folder / f"{number}.log"
        process, connection = source.take(cwd=folder, environ=os.environ, log=log)
        drawn.append(_evaluate(connection, "__import__('random').random(), float(__import__('numpy').random.rand())"))
        process.kill()
        process.wait()
    source.close()
    assert len({draw[0] for draw in drawn}) == len({draw[1] for draw in drawn}) == 3


def _evaluate(connection: dict[str, Any], expression: str) -> Any:
    import ast

    from jupyter_client.blocking.client import BlockingKernelClient

    kernel = BlockingKernelClient()
    kernel.load_connection_info(connection)  # type: ignore[arg-type]
    kernel.start_channels(stdin=False, hb=False, control=False)
    kernel.wait_for_ready(timeout=30)
    reply = kernel.execute("", user_expressions={"it": expression}, reply=True, timeout=30)
    kernel.stop_channels()
    return ast.literal_eval(reply["content"]["user_expressions"]["it"]["data"]["text/plain"])


DEATHS = {
    "segfault": "import ctypes\nctypes.string_at(0)",
    "exit": "import os\nos._exit(3)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "memory": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\nx = bytearray(2**32)",
    "input": "input('who?')",
    "quit": "quit()",
    "interrupt": "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)",
}


@pytest.mark.parametrize("how", DEATHS)
def test_steps_fail_in_the_same_words(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path = write_notebook(tmp_path / "n.ipynb", [("only", textwrap.dedent(DEATHS[how]))])
    told = []
    for switch in ("on", "off"):
        monkeypatch.setenv(client.SWITCH, switch)
        done = subprocess.run([MDK, "run", "local", path.name], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 1
        findings = last_run(path)["steps"]["only"]["findings"]
        told.append([(found["code"], found["message"], found["place"]["line"], found["fix"]) for found in findings])
    assert told[0] == told[1] and told[0]
