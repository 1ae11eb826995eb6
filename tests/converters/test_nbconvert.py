"""mdk-nbconvert as people and CI run it: a process, its files, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mdk_converters import cli
from mdk_converters.codes import CODES
from mdk_converters.spec_reader import load_spec

COMMAND = [str(Path(sys.executable).with_name("mdk-nbconvert"))]


def run(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def cell(source: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"c{abs(hash((source, tags))) % 10**6}",
        "metadata": {"tags": list(tags)},
        "source": source.splitlines(keepends=True),
        "outputs": [],
        "execution_count": None,
    }


def notebook(path: Path, *cells: dict[str, Any]) -> Path:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))
    return path


@pytest.fixture
def churn(tmp_path: Path) -> Path:
    return notebook(
        tmp_path / "churn.ipynb",
        cell("rate = 0.1  # step size", "parameters"),
        cell("rows = [1, 2, 3]", "component:load"),
        cell("%%component train --cpu 2\ntotal = sum(rows) * rate"),
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return notebook(
        tmp_path / "broken.ipynb",
        cell("x = 1", "component:load", "memroy:2Gi"),
        cell("# fit\n%%component train", "hide-input"),
        cell("%%component train --cpus 4\ny = x"),
    )


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- writing


def test_the_spec_lies_beside_the_notebook(churn: Path) -> None:
    done = run("churn.ipynb", cwd=churn.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "churn.ipynb: wrote churn.pipeline.yaml\n")
    pipeline = load_spec(churn.with_name("churn.pipeline.yaml"))
    assert list(pipeline.components) == ["load", "train"]
    assert pipeline.metadata.notebook == "churn.ipynb"


def test_an_unchanged_spec_is_not_touched(churn: Path) -> None:
    run("churn.ipynb", cwd=churn.parent)
    spec = churn.with_name("churn.pipeline.yaml")
    os.utime(spec, (1, 1))
    done = run("churn.ipynb", cwd=churn.parent)
    assert done.stderr == "churn.ipynb: churn.pipeline.yaml unchanged\n"
    assert spec.stat().st_mtime == 1


def test_output_to_a_file_leads_back_to_the_notebook(churn: Path) -> None:
    (churn.parent / "specs").mkdir()
    assert run("churn.ipynb", "-o", "specs/a.yaml", cwd=churn.parent).returncode == 0
    assert load_spec(churn.parent / "specs" / "a.yaml").metadata.notebook == "../churn.ipynb"


def test_output_to_standard_output_is_the_spec_alone(churn: Path) -> None:
    done = run("churn.ipynb", "-o", "-", cwd=churn.parent)
    run("churn.ipynb", cwd=churn.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == churn.with_name("churn.pipeline.yaml").read_text()


def test_several_notebooks_into_a_folder(churn: Path) -> None:
    notebook(churn.parent / "other" / "wine.ipynb", cell("x = 1", "component:load"))
    (churn.parent / "specs").mkdir()
    done = run("churn.ipynb", "other/wine.ipynb", "-o", "specs", cwd=churn.parent)
    assert done.returncode == 0
    assert sorted(contents(churn.parent / "specs")) == ["churn.pipeline.yaml", "wine.pipeline.yaml"]


def test_step_notebooks_and_those_of_components_that_are_gone(churn: Path) -> None:
    steps = churn.parent / "churn.steps"
    assert run("--to", "notebooks", "churn.ipynb", cwd=churn.parent).returncode == 0
    assert sorted(contents(steps)) == ["churn.load.ipynb", "churn.train.ipynb"]
    notebook(steps / "churn.notes.ipynb", cell("mine"))
    notebook(churn, cell("rows = [1]", "component:load"))
    checked = run("--to", "notebooks", "--check", "churn.ipynb", cwd=churn.parent)
    assert checked.returncode == 1
    assert "--- churn.steps/churn.train.ipynb\n+++ /dev/null" in checked.stdout
    assert run("--to", "notebooks", "churn.ipynb", cwd=churn.parent).returncode == 0
    assert sorted(contents(steps)) == ["churn.load.ipynb", "churn.notes.ipynb"]


@pytest.mark.parametrize(
    ("target", "name"), [("script", "churn.pipeline.py"), ("mermaid", "churn.pipeline.mmd"), ("kfp", "churn.kfp.yaml")]
)
def test_other_targets(churn: Path, target: str, name: str) -> None:
    assert run("--to", target, "churn.ipynb", cwd=churn.parent).returncode == 0
    assert "train" in churn.with_name(name).read_text()


def test_a_pipeline_for_kubeflow_as_json(churn: Path) -> None:
    notebook(churn, cell("x = 1", "component:load", "image:training"))
    words = ["--to", "kfp", "churn.ipynb", "-o", "out.json", "--image", "training=registry/t@sha256:1"]
    done = run(*words, "--bundle-sha256", "0" * 64, cwd=churn.parent)
    assert done.returncode == 0, done.stderr
    document = json.loads(churn.with_name("out.json").read_text())
    container = document["deploymentSpec"]["executors"]["exec-load"]["container"]
    assert container["image"] == "registry/t@sha256:1"
    assert "0" * 64 in container["args"]
    checked = run(*words, "--check", cwd=churn.parent)
    assert checked.returncode == 1 and "--image training=registry/t@sha256:1" in checked.stderr


def test_what_kubeflow_cannot_say_is_refused(churn: Path) -> None:
    notebook(churn, cell("n = 2**60\n", "parameters"), cell("x = n", "component:load"))
    done = run("--to", "kfp", "churn.ipynb", cwd=churn.parent)
    assert (done.returncode, "MDK402" in done.stderr) == (1, True)
    assert not churn.with_name("churn.kfp.yaml").exists()


@pytest.mark.parametrize(
    "words", [["--image", "a=b"], ["--to", "kfp", "--image", "a"], ["--to", "kfp", "--bundle-sha256", "x"]]
)
def test_wrong_usage_of_the_options_for_kubeflow(churn: Path, words: list[str]) -> None:
    assert run("churn.ipynb", *words, cwd=churn.parent).returncode == 2


def test_a_link_stays_a_link_and_permissions_stay(churn: Path) -> None:
    real = churn.parent / "real.yaml"
    real.write_text("old")
    real.chmod(0o640)
    link = churn.with_name("churn.pipeline.yaml")
    link.symlink_to(real)
    assert run("churn.ipynb", cwd=churn.parent).returncode == 0
    assert link.is_symlink()
    assert load_spec(real).metadata.name == "churn"
    assert real.stat().st_mode & 0o777 == 0o640


def test_the_output_is_the_same_for_every_hash_seed(churn: Path) -> None:
    outputs = {run("churn.ipynb", "-o", "-", cwd=churn.parent, PYTHONHASHSEED=seed).stdout for seed in ("1", "2", "3")}
    assert len(outputs) == 1


def test_outputs_and_counts_of_the_notebook_do_not_matter(churn: Path) -> None:
    before = run("churn.ipynb", "-o", "-", cwd=churn.parent).stdout
    content = json.loads(churn.read_text())
    for position, one in enumerate(content["cells"]):
        one["execution_count"] = position + 7
        one["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hello"]}]
    churn.write_bytes(json.dumps(content, indent=4).replace("\n", "\r\n").encode())
    assert run("churn.ipynb", "-o", "-", cwd=churn.parent).stdout == before


def test_patterns_are_expanded(churn: Path) -> None:
    notebook(churn.parent / "deep" / "er" / "wine.ipynb", cell("x = 1", "component:load"))
    notebook(churn.parent / ".ipynb_checkpoints" / "churn-checkpoint.ipynb", cell("x = 1", "component:load"))
    notebook(churn.parent / "[odd].ipynb", cell("x = 1", "component:load"))
    done = run("*.ipynb", "**/*.ipynb", "[odd].ipynb", cwd=churn.parent)
    assert done.returncode == 0
    written = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert written == ["[odd].ipynb", "churn.ipynb", str(Path("deep/er/wine.ipynb"))]


# --- checking


def test_check(churn: Path) -> None:
    spec = churn.with_name("churn.pipeline.yaml")
    missing = run("--check", "churn.ipynb", cwd=churn.parent)
    assert missing.returncode == 1
    assert "error MDK126: churn.pipeline.yaml does not exist" in missing.stderr
    assert missing.stdout.startswith("--- /dev/null\n+++ churn.pipeline.yaml")
    assert not spec.exists()

    run("churn.ipynb", cwd=churn.parent)
    assert run("--check", "churn.ipynb", cwd=churn.parent).returncode == 0
    spec.write_bytes(spec.read_bytes().replace(b"\n", b"\r\n"))  # as git does on Windows
    assert run("--check", "churn.ipynb", cwd=churn.parent).returncode == 0

    churn.write_text(churn.read_text().replace("--cpu 2", "--cpu 8"))
    before = spec.read_bytes()
    stale = run("--check", "churn.ipynb", cwd=churn.parent)
    assert stale.returncode == 1
    removed, added = ([x for x in stale.stdout.splitlines() if x.startswith(sign)] for sign in ("-", "+"))
    assert any("cpu: 2" in line for line in removed)
    assert any("cpu: 8" in line for line in added)
    assert "fix: run mdk-nbconvert churn.ipynb and commit the result" in stale.stderr
    assert spec.read_bytes() == before


def test_check_of_what_was_never_a_pipeline(churn: Path) -> None:
    notebook(churn.parent / "notes.ipynb", cell("x = 1"))
    assert run("--check", "notes.ipynb", cwd=churn.parent).returncode == 1
    done = run("--check", "--skip-untagged", "notes.ipynb", "churn.ipynb", cwd=churn.parent)
    assert done.returncode == 1
    assert "notes.ipynb: skipped" in done.stderr
    notebook(churn.parent / "slip.ipynb", cell("x = 1", "componet:load"))
    assert "MDK110" in run("--check", "--skip-untagged", "slip.ipynb", cwd=churn.parent).stderr


# --- findings


def test_text_shows_the_line_and_the_column(broken: Path) -> None:
    done = run("broken.ipynb", cwd=broken.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error MDK110: the tag `memroy:2Gi`" in done.stderr
    assert ("  1 | %%component train --cpus 4\n    |                   ^\n  fix: did you mean --cpu?\n") in done.stderr
    assert done.stderr.endswith("3 errors\n")
    assert "Traceback" not in done.stderr
    assert not broken.with_name("broken.pipeline.yaml").exists()


def test_json(broken: Path, churn: Path) -> None:
    done = run("broken.ipynb", "churn.ipynb", "--format", "json", cwd=broken.parent)
    assert (done.returncode, done.stderr) == (1, "")
    failed, written = json.loads(done.stdout)["notebooks"]
    assert (failed["status"], failed["files"]) == ("failed", [])
    assert [f["code"] for f in failed["findings"]] == ["MDK110", "MDK120", "MDK110"]
    assert failed["findings"][2]["place"]["column"] == 19
    assert failed["findings"][2]["names"] == ["--cpus"]
    assert (written["status"], written["files"]) == ("written", ["churn.pipeline.yaml"])


def test_github_annotations_point_into_the_file(broken: Path) -> None:
    done = run(broken, "--format", "github", cwd=broken.parent)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    row = next(n for n, text in enumerate(broken.read_text().splitlines(), 1) if "--cpus" in text)
    assert lines[2].startswith(f"::error file=broken.ipynb,line={row},title=MDK110::cell 3 (")
    assert "%0A%25%25component train --cpus 4%0Afix: did you mean --cpu?" in lines[2]
    assert "%0Afix: write memory:2Gi" in lines[0]


def test_github_check(churn: Path) -> None:
    done = run("--check", "churn.ipynb", "--format", "github", cwd=churn.parent)
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=churn.ipynb,title=MDK126::churn.pipeline.yaml does not exist%0Afix")


def test_github_takes_nothing_in_a_difference_for_a_command(churn: Path) -> None:
    churn.with_name("churn.pipeline.yaml").write_text("::error::mine\n ::add-mask::x\n")
    lines = run("--check", "churn.ipynb", "--format", "github", cwd=churn.parent).stdout.splitlines()
    opened = next(n for n, line in enumerate(lines) if line.startswith("::stop-commands::"))
    token = lines[opened].removeprefix("::stop-commands::")
    assert len(token) >= 32
    assert lines[-1] == f"::{token}::"
    assert all(n > opened for n, line in enumerate(lines) if "mine" in line or "add-mask" in line)
    assert lines[0].startswith("::error file=churn.ipynb,title=MDK126::")


def test_every_notebook_is_looked_at(broken: Path, churn: Path) -> None:
    (churn.parent / "empty.ipynb").write_text("")
    done = run("broken.ipynb", "empty.ipynb", "churn.ipynb", cwd=churn.parent)
    assert done.returncode == 1
    assert "MDK110" in done.stderr
    assert "MDK101" in done.stderr
    assert churn.with_name("churn.pipeline.yaml").exists()


def test_strict_makes_errors_of_warnings(tmp_path: Path) -> None:
    markdown = {**cell("# Load", "component:load"), "cell_type": "markdown"}
    path = notebook(tmp_path / "a.ipynb", cell("x = 1", "component:load"), markdown)
    assert "warning MDK124" in run("a.ipynb", cwd=tmp_path).stderr
    path.with_name("a.pipeline.yaml").unlink()
    strict = run("--strict", "a.ipynb", cwd=tmp_path)
    assert strict.returncode == 1
    assert "error MDK124" in strict.stderr
    assert not path.with_name("a.pipeline.yaml").exists()


def test_what_a_notebook_says_cannot_command_the_terminal(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", cell("%%component x \x1b[2J\u202e", "componet:\n::error::x"))
    done = run("a.ipynb", cwd=tmp_path)
    assert not any(line.lstrip().startswith("::") for line in done.stderr.splitlines())
    assert "MDK120" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


def test_a_narrow_encoding_is_no_problem(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", cell("%%component модель"))
    done = run("a.ipynb", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "MDK113" in done.stderr


# --- usage, and things that go wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "NOTEBOOK"),
        (["churn.ipynb", "--to", "pdf"], "--to"),
        (["churn.ipynb", "--check", "-o", "-"], "--check"),
        (["churn.ipynb", "--to", "notebooks", "-o", "-"], "folder"),
        (["churn.ipynb", "broken.ipynb", "-o", "one.yaml"], "one file"),
        (["churn.ipynb", "broken.ipynb", "-o", "-"], "one file"),
        (["nowhere.ipynb"], "MDK100"),
        (["no*such.ipynb"], "MDK100"),
        (["."], "is a folder"),
    ],
)
def test_wrong_usage(churn: Path, broken: Path, arguments: list[str], words: str) -> None:
    before = contents(churn.parent)
    done = run(*arguments, cwd=churn.parent)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(churn.parent) == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "MDK101"),
        (b"\x00\x01\xff\xfe", "MDK102"),
        (b'{"cells": [{"cell_ty', "MDK102"),
        (b"[]", "MDK103"),
        (b'{"nbformat": 9, "cells": []}', "MDK104"),
        (b'{"nbformat": 4, "metadata": {"language_info": {"name": "R"}}, "cells": []}', "MDK105"),
        (b'{"nbformat": 4, "metadata": {}, "cells": []}', "MDK106"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [3]}', "MDK107"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "x"}]}', "MDK121"),
    ],
)
def test_bad_input(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "bad.ipynb").write_bytes(content)
    done = run("bad.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert f"error {code}: " in done.stderr
    assert "  fix: " in done.stderr
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["bad.ipynb"]


def test_a_place_that_cannot_be_written(churn: Path) -> None:
    churn.with_name("churn.pipeline.yaml").mkdir()
    done = run("churn.ipynb", cwd=churn.parent)
    assert done.returncode == 1
    assert "error MDK109" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(churn.parent) == ["churn.ipynb", "churn.pipeline.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Windows have other permissions")
def test_a_read_only_folder(churn: Path) -> None:
    churn.parent.chmod(0o555)
    try:
        probe = churn.parent / "probe"
        try:
            probe.touch()
        except PermissionError:
            done = run("churn.ipynb", cwd=churn.parent)
            assert done.returncode == 1
            assert "error MDK109" in done.stderr
        else:  # root may write everywhere; a full disk tells the same story
            probe.unlink()
            done = run("churn.ipynb", "-o", "/dev/full", cwd=churn.parent)
            assert done.returncode == 1
            assert "error MDK109" in done.stderr
            assert Path("/dev/full").is_char_device()
    finally:
        churn.parent.chmod(0o755)
    assert names(churn.parent) == ["churn.ipynb"]


def test_two_notebooks_that_give_one_file(churn: Path) -> None:
    script = churn.with_suffix(".py")
    script.write_text('# %% tags=["component:other"]\nx = 1\n')
    done = run("churn.ipynb", "churn.py", cwd=churn.parent)
    assert done.returncode == 1
    assert "error MDK109: churn.pipeline.yaml is already the result of churn.ipynb" in done.stderr
    assert list(load_spec(churn.with_name("churn.pipeline.yaml")).components) == ["load", "train"]


def test_a_failed_write_leaves_what_was_there(
    churn: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = churn.with_name("churn.pipeline.yaml")
    spec.write_text("what was there")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert cli.main([str(churn)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert contents(churn.parent).keys() == {"churn.ipynb", "churn.pipeline.yaml"}
    assert spec.read_text() == "what was there"


def test_a_mistake_of_the_kit_is_said_to_be_one(
    churn: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(notebook: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(cli, "convert", fail)
    assert cli.main([str(churn)]) == 1
    said = capsys.readouterr().err
    assert "error MDK139: internal error: ZeroDivisionError: oh" in said
    assert "Traceback" not in said
    assert cli.main([str(churn), "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing_half_written(churn: Path) -> None:
    fifo = churn.parent / "slow.ipynb"
    os.mkfifo(fifo)  # reading it waits for ever
    process = subprocess.Popen([*COMMAND, "slow.ipynb"], cwd=churn.parent, stderr=subprocess.PIPE, text=True)
    with fifo.open("w"):  # opens once the command reads
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == ""
    assert names(churn.parent) == ["churn.ipynb", "slow.ipynb"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_a_reader_that_goes_away(churn: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*COMMAND, "churn.ipynb", "-o", "-"], cwd=churn.parent, stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, b"")


def test_it_starts_without_what_it_does_not_need(churn: Path) -> None:
    script = (
        "import sys; from mdk_converters.cli import main; main(['churn.ipynb', '-o', '-'])\n"
        "print(*sorted(set(sys.modules) & set(sys.argv[1:])), file=sys.stderr)"
    )
    heavy = [
        "nbformat",
        "IPython",
        "typer",
        "rich",
        "pandas",
        "numpy",
        "papermill",
        "nbconvert",
        "jupyter_client",
        "kfp",
    ]
    done = subprocess.run(
        [sys.executable, "-c", script, *heavy], cwd=churn.parent, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""


# --- jupyter nbconvert


def test_jupyter_nbconvert_gives_the_same_spec(churn: Path) -> None:
    run("churn.ipynb", cwd=churn.parent)
    expected = churn.with_name("churn.pipeline.yaml")
    wanted = expected.read_text()
    expected.unlink()
    done = nbconvert("churn.ipynb", cwd=churn.parent)
    assert done.returncode == 0, done.stderr
    assert expected.read_text() == wanted


def test_jupyter_nbconvert_of_an_old_format_is_stable(tmp_path: Path) -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "language": "python",
                        "metadata": {"tags": ["component:load"]},
                        "input": ["x = 1"],
                        "outputs": [],
                        "collapsed": False,
                    }
                ],
            }
        ],
    }
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    specs = set()
    for _ in range(2):
        done = nbconvert("old.ipynb", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        specs.add((tmp_path / "old.pipeline.yaml").read_text())
    assert len(specs) == 1


def test_jupyter_nbconvert_says_what_is_wrong(broken: Path) -> None:
    done = nbconvert("broken.ipynb", cwd=broken.parent)
    assert done.returncode == 1
    assert "error MDK110: the option `--cpus` is unknown" in done.stderr
    assert "Traceback" not in done.stderr
    assert not broken.with_name("broken.pipeline.yaml").exists()


def nbconvert(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nbconvert", "--to", "mdk", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_every_code_is_explained() -> None:
    assert all(code.title and code.why and code.example and code.fix for code in CODES.values())
