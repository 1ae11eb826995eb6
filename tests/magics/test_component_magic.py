"""A cell under `%%component` gives what it gives without the line, in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from real_kernel import Kernel, notebook

LINE = "%%component train --cpu 4\n"


@pytest.fixture(scope="module")
def plain() -> Iterator[Kernel]:
    kernel = Kernel("pass")
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def extended() -> Iterator[Kernel]:
    kernel = Kernel("%load_ext mdk_jupyter")
    yield kernel
    kernel.close()


CELLS = {
    "value of the last expression": "x = 20\nx * 2 + 2",
    "semicolon keeps the value back": "x = 1\nx;",
    "previous value": "_ + 1",
    "numbered value": "sorted(n for n in Out)",
    "printing": "print('a')\nprint('b')",
    "standard error": "import sys\nprint('oh', file=sys.stderr)",
    "rich display": "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\nHTML('<i>y</i>')",
    "updated display": "h = display('one', display_id='d')\nh.update('two')",
    "await": "import asyncio\nawait asyncio.sleep(0)\nawait asyncio.sleep(0, 'slept')",
    "async for": "async def gen():\n    yield 1\n[i async for i in gen()]",
    "line magic": "%pwd",
    "assigned magic": "here = %pwd\nbool(here)",
    "automagic on a single line": "pwd",
    "shell line": "!echo out && echo err >&2",
    "assigned shell line": "out = !echo one two\nout",
    "cell magic below": "%%time\n1 + 1",
    "cell magic below empty lines": "\n\n%%capture got\nprint('hidden')",
    "captured": "got.stdout",
    "shell script": "%%bash\necho $((6 * 7))",
    "help": "len?",
    "history": "In[2][-10:]",
    "definition and its source": "import inspect\ndef f():\n    return 1\ninspect.getsource(f)",
    "indented cell": "    a = 1\n    a + 1",
    "prompts": ">>> a = 1\n>>> a + 2",
    "future statement": "from __future__ import annotations\ndef g(x: nowhere): ...\ng.__annotations__",
    "interactivity of several expressions": "1\n2\n3",
    "empty lines first": "\n\nx = 5\nx",
    "only comments": "# nothing\n",
    "quotes, braces, backslashes, unicode": 'π = \'{{ x }} \\\\ """ ü\'\nprint(π)',
    "windows line ends": "x = 1\r\nx + 1",
    "exit code": "import sys\nsys.exit(0)",
}

ERRORS = {
    "error on the first line": "1 / 0",
    "error on a later line": "x = 1\ny = 2\nx / (y - 2)",
    "error within a function": "def f():\n    return [][0]\n\nf()",
    "error in an earlier cell's function": "f()",
    "own exception": "class Own(Exception): ...\nraise Own('because')",
    "chained exceptions": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('b') from e",
    "exception group": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
    "syntax error": "x = 1\ny = (2",
    "indentation error": "if True:\npass",
    "name error": "undefined_name",
    "error after await": "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
    "assertion": "x = 3\nassert x == 4, 'not four'",
    "system exit": "raise SystemExit('stop')",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "unknown magic": "%no_such_magic",
    "error in display": "class R:\n    def __repr__(self):\n        1 / 0\nR()",
    "warning with its line": "import warnings\nwarnings.warn('careful')",
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_gives_what_it_gives_without_the_line(plain: Kernel, extended: Kernel, kind: str) -> None:
    assert extended.run(LINE + CELLS[kind]) == plain.run(CELLS[kind])


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_point_at_their_own_lines(plain: Kernel, extended: Kernel, kind: str) -> None:
    # A comment in the place of the line: every other line has the same number in both.
    assert extended.run(LINE + ERRORS[kind]) == plain.run("# " + LINE + ERRORS[kind])


def test_the_kernel_keeps_the_cell_as_it_was_typed(extended: Kernel) -> None:
    extended.run(LINE + "typed = 1")
    told = extended.run("get_ipython().history_manager.input_hist_raw[-2]")
    assert told[0]["data"]["text/plain"] == repr(LINE + "typed = 1")


def test_hooks_are_called_once(extended: Kernel) -> None:
    extended.run(
        "calls = []\nget_ipython().events.register('post_run_cell', lambda result: calls.append(result.result))"
    )
    extended.run(LINE + "'once'")
    assert extended.run("calls.count('once')")[0]["data"]["text/plain"] == "1"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("%%component train --gpus 1", "MDK110", "did you mean --gpu?"),
        ("%%component train --cpu many", "MDK111", "--cpu 4"),
        ("%%component", "MDK120", "names no component"),
        ("%%component two words", "MDK120", "one word too many"),
        ("%%component train --cpu '4", "MDK120", "close the quotes"),
    ],
)
def test_a_wrong_line_is_explained_and_the_cell_does_not_run(extended: Kernel, line: str, code: str, said: str) -> None:
    error, reply = extended.run(f"{line}\nprint('it ran')")
    assert error["type"] == "error" and reply["status"] == "error"
    assert code in error["traceback"] and said in error["traceback"]
    assert "Traceback" not in error["traceback"] and "File" not in error["traceback"]


def test_help_lists_every_option(extended: Kernel) -> None:
    (reply,) = extended.run("%%component?")
    text = reply["payload"][0]["data"]["text/plain"]
    assert "--memory 16Gi" in text and "--after load" in text


def test_unloading_leaves_the_shell_as_it_was(plain: Kernel) -> None:
    state = (
        "s = get_ipython()\n"
        "(len(s.input_transformers_cleanup), len(s.input_transformers_post), len(s.ast_transformers),"
        " sorted(m for kind in s.magics_manager.magics.values() for m in kind),"
        " len(s.events.callbacks['pre_run_cell']))"
    )
    before = plain.run(state)[0]["data"]
    plain.run("%load_ext mdk_jupyter")
    assert plain.run(state)[0]["data"] != before
    plain.run("%unload_ext mdk_jupyter")
    assert plain.run(state)[0]["data"] == before


def test_an_executed_notebook_has_one_output_for_one_error() -> None:
    expected = ["raises-exception"]
    executed = notebook(
        [
            ("%load_ext mdk_jupyter", []),
            (LINE + "1 / 0", expected),
            ("%%component train --gpus 1\n1", expected),
            (LINE + "'still here'", []),
            ("%%component train --gpus 1\n1", []),
            ("'never'", []),
        ]
    )
    with pytest.raises(CellExecutionError, match="MDK110"):
        NotebookClient(executed, timeout=60).execute()
    assert [[output.output_type for output in cell.outputs] for cell in executed.cells] == [
        [],
        ["error"],
        ["error"],
        ["execute_result"],
        ["error"],
        [],
    ]
