"""`--when`, `--after` and `--foreach` in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from real_kernel import Kernel, text

EACH = "%%component train --foreach 'rate in rates'\n"


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    made = Kernel("%load_ext mdk_jupyter\nrates = [1, 2, 3]")
    yield made
    made.close()


def shown(outputs: list[dict[str, Any]]) -> list[str]:
    return [output["data"]["text/plain"] for output in outputs if output.get("type") == "execute_result"]


def test_names_become_lists_and_the_item_is_gone(kernel: Kernel) -> None:
    kernel.run("rate = 'mine'\nlr = 0")
    kernel.run(EACH + "import math\nroot = math.sqrt(rate)\nfor i in range(2): x, *y = [rate, i]\ndef f(): return 7")
    assert (
        kernel.value("(root[0], i, x, y, f(), math.pi > 3, rate)")
        == "(1.0, [1, 1, 1], [1, 2, 3], [[1], [1], [1]], 7, True, 'mine')"
    )
    kernel.run("del rate")
    kernel.run(EACH + "x = rate")
    assert kernel.value("(x, 'rate' in dir())") == "([1, 2, 3], False)"


def test_every_run_starts_from_the_same_names(kernel: Kernel) -> None:
    kernel.run("total = 10")
    kernel.run(EACH + "total += rate\nif rate > 1:\n    some = rate")
    assert kernel.value("(total, 'some' in dir())") == "([11, 12, 13], False)"


def test_values_are_shown_for_each_run_but_not_behind_a_semicolon(kernel: Kernel) -> None:
    assert shown(kernel.run(EACH + "rate * 2")) == ["2", "4", "6"]
    assert shown(kernel.run(EACH + "rate * 2;")) == []
    assert kernel.value("_") == "6"


def test_magics_and_await(kernel: Kernel) -> None:
    outputs = kernel.run(EACH + "import asyncio\nw = await asyncio.sleep(0, rate)\nhere = %pwd\n!echo {rate}")
    assert text(outputs).split() == ["1", "2", "3"]
    assert kernel.value("(w, len(here))") == "([1, 2, 3], 3)"
    outputs = kernel.run(EACH + "%%capture said\nz = rate\nprint('hidden')")
    assert text(outputs) == ""
    assert kernel.value("(z, said[2].stdout)") == r"([1, 2, 3], 'hidden\n')"


def test_a_loop_over_nothing_leaves_empty_lists_and_what_it_defines(kernel: Kernel) -> None:
    kernel.run("none = ()")
    outputs = kernel.run("%%component t --foreach 'n in none'\nimport colorsys\ndef g(): return 8\nq = n\nprint(n)")
    assert [output.get("type") for output in outputs] == [None]
    assert kernel.value("(q, g(), colorsys.__name__)") == "([], 8, 'colorsys')"


def test_errors_point_at_the_users_own_lines(kernel: Kernel) -> None:
    value, error, reply = kernel.run(EACH + "\nx = rate\n1 / (x - 2)")
    assert value["data"]["text/plain"] == "-1.0"
    assert reply["status"] == "error" and "----> 4 1 / (x - 2)" in error["traceback"]
    assert error["traceback"].count("line ") == 1 and "mdk" not in error["traceback"]
    assert kernel.value("rate") == "2", "where it stopped can be looked at"
    for wrong in ("x = 1\nbreak", "print('ran')\ncontinue", "print('ran')\nreturn 1"):
        error, reply = kernel.run(EACH + wrong)
        assert reply["ename"] == "SyntaxError" and "line 3" in error["traceback"], wrong
    (reply,) = kernel.run(EACH + "from __future__ import annotations\nv: nowhere = rate")
    assert reply["status"] == "ok"


@pytest.mark.parametrize(
    ("items", "said"), [("5", "'items' is a int"), ("range(3)", "is a range"), ("None", "is a NoneType")]
)
def test_a_loop_over_no_list_is_explained(kernel: Kernel, items: str, said: str) -> None:
    kernel.run(f"items = {items}")
    error, reply = kernel.run("%%component t --foreach 'n in items'\nprint('ran')")
    assert reply["status"] == "error" and "MDK319" in error["traceback"] and said in error["traceback"]
    assert "Traceback" not in error["traceback"]


def test_conditions(kernel: Kernel) -> None:
    deploy, tell = "%%component deploy --when 'auc > 0.8'\n", "%%component tell --after deploy\n"
    kernel.run("auc = 0.71")
    assert text(kernel.run(deploy + "print('ran')\n5")) == "deploy is skipped: auc > 0.8 is not true: auc = 0.71\n"
    assert text(kernel.run(tell + "print('ran')")) == "tell is skipped: deploy was skipped\n"
    assert (
        text(kernel.run("%%component more --after tell,deploy\nprint('ran')"))
        == "more is skipped: tell and deploy were skipped\n"
    )
    assert text(kernel.run("%%component other\nprint('ran')")) == "ran\n"
    kernel.run("import numpy as np\nauc = np.float32(0.9)")
    outputs = kernel.run(deploy + "print('ran')\n5")
    assert text(outputs) == "ran\n" and shown(outputs) == ["5"]
    assert text(kernel.run(tell + "print('ran')")) == "ran\n"


def test_one_decision_for_all_runs(kernel: Kernel) -> None:
    kernel.run("go = False\nleft = 'as it was'")
    line = "%%component t --when go --foreach 'rate in rates'\n"
    assert text(kernel.run(line + "left = rate")) == "t is skipped: go is not true: go = False\n"
    assert kernel.value("left") == "'as it was'"
    kernel.run("go = True")
    kernel.run(line + "left = rate")
    assert kernel.value("left") == "[1, 2, 3]"


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ("value = [1]", "value is a list"),
        ("value = 'x'", "'x' > 1 compares str with int"),
        ("del value", "value has no value"),
    ],
)
def test_what_cannot_be_decided_is_explained_and_does_not_run(kernel: Kernel, setup: str, said: str) -> None:
    kernel.run("value = 0")
    kernel.run(setup)
    error, reply = kernel.run("%%component d --when 'value > 1'\nprint('ran')")
    assert reply["status"] == "error" and "MDK318" in error["traceback"] and said in error["traceback"]


def test_nothing_is_left_in_the_kernel(kernel: Kernel) -> None:
    kernel.run(EACH + "x = rate")
    assert kernel.value("__import__('mdk_magics.steering', fromlist=['_running'])._running") == "{}"
    names = kernel.value("[n for n in dir() if 'mdk' in n]")
    assert names == "[]"
