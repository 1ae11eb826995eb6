"""The runtime is imported by every kernel before anything else, so it must be light."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["cloudpickle", "numpy", "pandas", "pyarrow", "pydantic", "rich", "sklearn", "typer", "yaml"]


@pytest.mark.parametrize("module", ["mdk_jupyter.runtime", "mdk_jupyter.artifacts.handover"])
def test_it_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted(m for m in sys.modules if m.split('.')[0] in {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_plain_values_cross_without_heavy_imports() -> None:
    code = (
        "import sys, tempfile\n"
        "from mdk_jupyter.artifacts import Store, handover\n"
        "store = Store(tempfile.mkdtemp())\n"
        "dict(handover.load(handover.save({'a': 1, 'b': 'x', 'c': None}, store), store))\n"
        f"print(sorted(m for m in sys.modules if m.split('.')[0] in {HEAVY!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
