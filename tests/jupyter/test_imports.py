"""Imports go one way, and what is heavy waits until it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "mdk_converters": ROOT / "converters/mdk_converters",
    "mdk_jupyter": ROOT / "mdk_jupyter",
    "mdk_magics": ROOT / "magics/mdk_magics",
}
# `%load_ext mdk_jupyter` is the one call that goes up.
EXCEPTIONS = {("mdk_jupyter/__init__.py", "mdk_magics")}
FOREIGN_TO_THE_COMPILER = {
    "google", "ipykernel", "jupyter_client", "jupyter_server", "kfp", "nbclient", "nbformat", "numpy", "pandas",
    "papermill", "pyarrow", "sklearn", "sqlalchemy",
}  # fmt: skip
HEAVY = (
    "IPython", "alembic", "cloudpickle", "fastapi", "google", "httpx", "ipykernel", "ipywidgets", "jupyter_client", "kfp",
    "nbclient", "nbformat",
    "numpy", "pandas", "papermill", "pyarrow", "rich", "sklearn", "sqlalchemy", "starlette", "uvicorn",
)  # fmt: skip


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full names of all modules that a source file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield str(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def test_imports_go_one_way() -> None:
    seen = 0
    for package, folder in PACKAGES.items():
        above = list(PACKAGES)[list(PACKAGES).index(package) + 1 :]
        for path in folder.rglob("*.py"):
            relative = path.relative_to(folder.parent).as_posix()
            for name in imports_of(path):
                top = name.partition(".")[0]
                seen += top in PACKAGES
                assert top not in above or (relative, top) in EXCEPTIONS, f"{relative} imports {name}"
    assert seen > 100


def test_the_compiler_knows_no_platform() -> None:
    for path in PACKAGES["mdk_converters"].rglob("*.py"):
        if path.name == "exporter.py":  # a plug-in of nbconvert
            continue
        names = [name for name in imports_of(path) if not name.startswith("google.protobuf.")]  # of pipeline specs
        found = {name.partition(".")[0] for name in names} & FOREIGN_TO_THE_COMPILER
        assert not found, f"{path.name} imports {found}"


# Google's libraries put the empty packages `google` and `google.cloud` into every interpreter, by a .pth file.
BARE = """
import sys
for name in [name for name in sys.modules if name.partition(".")[0] == "google"]:
    del sys.modules[name]
"""


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after `code`."""
    script = f"{BARE}{code}\nprint('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HELP = """
import contextlib, io, sys
sys.argv = ["mdk", *{words}]
from mdk_jupyter.cli import main
with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.suppress(SystemExit):
    main()
"""


@pytest.mark.parametrize(
    ("code", "light"),
    [
        (HELP.format(words=["--help"]), ("pydantic", "yaml")),
        (HELP.format(words=["run", "local", "--help"]), ("yaml",)),
        (HELP.format(words=["--version"]), ("pydantic", "yaml")),
        (HELP.format(words=["runs"]), ("yaml",)),
        (HELP.format(words=["submit", "--help"]), ("yaml",)),
        ("import mdk_jupyter as mdk; dir(mdk); mdk.__version__", ("typer", "pydantic", "yaml", "mdk_converters")),
        ("import mdk_jupyter as mdk; mdk.run; mdk.convert; mdk.log_metrics", ("typer",)),
        ("import mdk_converters.convert", ("typer", "mdk_jupyter")),
        ("from mdk_jupyter import runtime", ("typer", "pydantic", "yaml")),
    ],
)
def test_what_a_start_does_not_import(code: str, light: tuple[str, ...]) -> None:
    loaded = loaded_after(code)
    assert "sys" in loaded and not loaded & {*HEAVY, *light}


DRY_RUN = """
import json, os, pathlib, tempfile
os.chdir(tempfile.mkdtemp())
pathlib.Path("mdk.yaml").write_text(json.dumps({
    "name": "p", "target": "TARGET",
    "vertex": {"project_id": "churn-dev", "region": "europe-west3", "pipeline_root": "gs://b-1/x"},
    "kfp": {"host": "https://kubeflow.example.org", "pipeline_root": "gs://b-1/x"},
}))
pathlib.Path("a.pipeline.yaml").write_text(json.dumps({
    "apiVersion": "mdk/v1", "kind": "Pipeline", "metadata": {"name": "a"},
    "components": {"load": {"source": "x = 1", "outputs": {"x": "int"}}},
}))
"""


@pytest.mark.parametrize("target", ["vertex", "kfp"])
def test_a_dry_run_imports_no_client(target: str) -> None:
    words = ["submit", "a.pipeline.yaml", "--dry-run", "-o", "x.json"]
    checked = "\nassert pathlib.Path('x.json').stat().st_size > 1000"
    code = DRY_RUN.replace("TARGET", target) + HELP.format(words=words) + checked
    assert not loaded_after(code) & {"google", "kfp", "grpc", "requests", "fsspec", "pandas", "papermill", "nbclient"}


def test_the_check_would_notice() -> None:
    assert {"yaml", "pydantic"} & loaded_after("import mdk_converters.spec_reader")
    assert "mdk_jupyter" in loaded_after(HELP.format(words=["--help"]))
    assert "google" in loaded_after("import google.protobuf")
