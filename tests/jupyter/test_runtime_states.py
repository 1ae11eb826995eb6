"""The interpreter's own state reaches later components as it reaches the notebook's later cells."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest
from steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


# What a component does to the state, how a later one sees it, what both import.
CASES = {
    "numpy_random": (
        "np.random.seed(3)\nnp.random.rand()",
        "print(np.random.rand(3))",
        "import numpy as np",
    ),
    "random": (
        "random.seed(3)\nrandom.random()",
        "print(random.random())",
        "import random",
    ),
    "environ": (
        "os.environ['MDK_TEST_NEW'] = 'ü=1'\ndel os.environ['MDK_TEST_OLD']\nos.environ['MDK_TEST_CHANGED'] = '2'",
        "print(os.environ.get('MDK_TEST_NEW'), 'MDK_TEST_OLD' in os.environ, os.environ['MDK_TEST_CHANGED'])",
        "import os",
    ),
    "sys_path": (
        "sys.path.insert(0, '/first')\nsys.path.append('/last')\nsys.path.remove(sys.path[2])",
        "print(sys.path)",
        "import sys",
    ),
    "warnings": (
        """
        warnings.filterwarnings("error", message="bad", category=UserWarning)
        warnings.simplefilter("ignore", FutureWarning)
        """,
        """
        print(warnings.filters[:2])
        warnings.warn("unseen", FutureWarning)
        try:
            warnings.warn("bad one")
        except UserWarning as error:
            print("raised", error)
        """,
        "import warnings",
    ),
    "logging": (
        """
        logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s|%(message)s")
        logging.getLogger("quiet").setLevel("ERROR")
        logging.getLogger("off").disabled = True
        own = logging.getLogger("own")
        own.propagate = False
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("{name}", style="{"))
        own.addHandler(handler)
        """,
        """
        logging.info("a")
        logging.debug("b")
        logging.getLogger("quiet").warning("c")
        logging.getLogger("off").error("d")
        logging.getLogger("own").error("e")
        logging.getLogger("x.y").info("f")
        """,
        "import logging, sys",
    ),
    "pandas_options": (
        "pd.set_option('display.max_rows', 5, 'display.float_format', '{:.1f}'.format)",
        "print(pd.Series([0.123, 2]), pd.get_option('display.max_rows'))",
        "import pandas as pd",
    ),
    "matplotlib": (
        "plt.rcParams['figure.figsize'] = (3, 2)\nplt.style.use('ggplot')",
        "print(plt.rcParams['figure.figsize'], plt.rcParams['axes.facecolor'], plt.rcParams['axes.prop_cycle'])",
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt",
    ),
    "numpy_print": (
        "np.set_printoptions(precision=2, suppress=True, formatter={'int': lambda i: f'<{i}>'})",
        "print(np.array([1.23456]), np.array([1]))",
        "import numpy as np",
    ),
    "numpy_errors": (
        "np.seterr(divide='raise')",
        "try:\n    np.float64(1) / 0\nexcept FloatingPointError:\n    print('raised')",
        "import numpy as np",
    ),
    "decimal": (
        "decimal.getcontext().prec = 5",
        "print(decimal.Decimal(1) / 3, decimal.getcontext())",
        "import decimal",
    ),
    "locale": (
        "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "print(locale.setlocale(locale.LC_ALL))",
        "import locale",
    ),
    "recursion_limit": (
        "sys.setrecursionlimit(4321)",
        "print(sys.getrecursionlimit())",
        "import sys",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_state_crosses(steps: Steps, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDK_TEST_OLD", "old")
    monkeypatch.setenv("MDK_TEST_CHANGED", "1")
    change, look, imports = CASES[name]
    state = f"state.{name}"
    change = f"{textwrap.dedent(change)}\n_ = 0"  # shows no last value
    expected = steps.run("notebook", change, look, definitions=(imports,)).printed
    without = steps.run("without", look, definitions=(imports,), check=False).printed
    assert expected != without, "the case proves nothing"
    one = steps.run("one", change, definitions=(imports,), outputs=state)
    assert one.outputs[state]["status"] == "value"
    steps.run("between", "_ = 0", inputs=state, outputs=state)
    assert steps.run("two", look, definitions=(imports,), inputs=state).printed == expected


def test_the_working_folder_crosses(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    start = steps.folder / "start"
    (start / "inner").mkdir(parents=True)
    monkeypatch.chdir(start)
    steps.run("one", "import os\nos.chdir('inner')", outputs="state.cwd")
    two = steps.run("two", "import os; print(os.getcwd())", inputs="state.cwd")
    assert two.printed == f"{start / 'inner'}\n"
    moved = steps.folder / "moved"
    start.rename(moved)
    monkeypatch.chdir(moved)
    assert steps.run("three", "import os; print(os.getcwd())", inputs="state.cwd").printed == f"{moved / 'inner'}\n"
    (moved / "inner").rmdir()
    four = steps.run("four", "import os; print(os.getcwd())", inputs="state.cwd", check=False)
    assert four.error is not None
    assert four.error["code"] == "MDK329"
    assert "inner" in four.error["message"]


def test_places_are_set_before_the_definitions(steps: Steps) -> None:
    (steps.folder / "plaza.py").write_text("import os\nlevel = os.environ['MDK_TEST_LEVEL']\n")
    change = f"import os, sys\nsys.path.append({str(steps.folder)!r})\nos.environ['MDK_TEST_LEVEL'] = 'high'"
    steps.run("one", change, outputs="state.sys_path state.environ")
    two = steps.run("two", "print(plaza.level)", definitions=("import plaza",), inputs="state.sys_path state.environ")
    assert two.printed == "high\n"


def test_what_the_kernel_brings_itself_does_not_travel(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDK_TEST_KERNEL", "first")
    steps.run("one", "import os\nos.environ['MDK_TEST_NEW'] = '1'", outputs="state.environ")
    monkeypatch.setenv("MDK_TEST_KERNEL", "second")
    two = steps.run("two", "import os; print(os.environ['MDK_TEST_KERNEL'])", inputs="state.environ")
    assert two.printed == "second\n"


def test_an_option_that_was_reset_stays_reset(steps: Steps) -> None:
    define = "import pandas as pd\npd.set_option('display.max_rows', 5)"
    steps.run("one", "pd.reset_option('display.max_rows')", definitions=(define,), outputs="state.pandas_options")
    two = steps.run(
        "two", "print(pd.get_option('display.max_rows'))", definitions=(define,), inputs="state.pandas_options"
    )
    assert two.printed == "60\n"


def test_the_state_of_a_library_that_is_not_loaded_is_absent(steps: Steps) -> None:
    assert os.environ.get("MDK_STEP") is None
    one = steps.run("one", "import sys; print('torch' in sys.modules)", outputs="state.torch_random")
    assert one.printed == "False\n"
    assert one.outputs["state.torch_random"]["status"] == "unbound"
    assert steps.run("two", "print(1)", inputs="state.torch_random").printed == "1\n"
