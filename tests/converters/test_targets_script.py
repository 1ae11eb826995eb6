"""The script of a pipeline gives what the pipeline gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from mdk_converters.spec import Pipeline
from mdk_converters.spec_reader import parse_spec
from mdk_converters.targets import TARGETS

HEAD = "apiVersion: mdk/v1\nkind: Pipeline\nmetadata: {name: churn, notebook: churn.ipynb}\n"


def read(body: str) -> Pipeline:
    return parse_spec(HEAD + dedent(body))


def script(pipeline: Pipeline) -> str:
    files = TARGETS["script"](pipeline)
    assert list(files) == ["churn.pipeline.py"]
    return files["churn.pipeline.py"]


def run(pipeline: Pipeline, folder: Path, *options: str, with_ipython: bool = False) -> str:
    path = folder / "churn.pipeline.py"
    path.write_text(script(pipeline), encoding="utf-8", newline="")
    command = [sys.executable, *(["-m", "IPython", "--no-banner"] if with_ipython else []), str(path)]
    arguments = [*command, *(["--"] if with_ipython and options else []), *options]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=True, encoding="utf-8").stdout


def test_the_text_of_a_small_script() -> None:
    pipeline = read("""
        parameters:
          rate: {type: float, default: 0.5, description: 50% of all}
        definitions:
          imports: {source: import math}
        components:
          load:
            description: reads the numbers
            definitions: [imports]
            outputs: {x: float}
            source: x = math.sqrt(16)
          use:
            definitions: [imports]
            parameters: [rate]
            inputs: {x: load.x}
            cells:
              - {id: a, source: "y = x * rate  # {{ y }}\\n"}
              - {id: b, source: print(math.floor(y))}
        """)
    assert script(pipeline) == dedent("""\
        # The components of the pipeline churn, one after the other in one process.
        # Made from churn.ipynb: change that, then make this anew.
        # How to run it: python churn.pipeline.py --help
        # Resources, images, secrets, retries and time limits have no meaning in a script.

        import argparse as _argparse

        _mdk_parser = _argparse.ArgumentParser(allow_abbrev=False, conflict_handler='resolve')
        _mdk_parser.add_argument('--rate', type=float, default=0.5, help='50%% of all')
        _mdk_arguments = _mdk_parser.parse_args()
        rate = _mdk_arguments.rate


        # --- component: load ------------------------------------------------------------------------------

        # reads the numbers

        import math

        x = math.sqrt(16)


        # --- component: use -------------------------------------------------------------------------------

        y = x * rate  # {{ y }}

        print(math.floor(y))
        """)


def test_parameters_of_every_type(tmp_path: Path) -> None:
    pipeline = read("""
        parameters:
          i: {type: int, default: 1}
          f: {type: float, default: .inf}
          b: {type: bool, default: true}
          s: {type: str, default: "it's \\\\ \\"q\\""}
          l: {type: list, default: [1, [.inf, a]]}
          d: {type: dict, default: {a: null}}
          n: {type: none, default: null}
          help: {type: int}
        components:
          show:
            parameters: [i, f, b, s, l, d, n, help]
            source: print([i, f, b, s, l, d, n, help])
        """)
    assert run(pipeline, tmp_path, "--help", "3") == (
        """[1, inf, True, 'it\\'s \\\\ "q"', [1, [inf, 'a']], {'a': None}, None, 3]\n"""
    )
    given = ["--i=-2", "--f", "1e-3", "--no-b", "--s", "x y", "--l", "[2]", "--d", '{"b": 1}', "--n", "z", "--help=4"]
    assert run(pipeline, tmp_path, *given) == "[-2, 0.001, False, 'x y', [2], {'b': 1}, 'z', 4]\n"
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(pipeline, tmp_path)
    assert "--help" in failed.value.stderr


def test_each_component_has_its_own_values(tmp_path: Path) -> None:
    """Names that other components use for something else are received as the spec says."""
    pipeline = read("""
        parameters:
          p: {type: int, default: 1}
        definitions:
          v1: {source: "def f(): return 'one'"}
          v2: {source: "def f(): return 'two'"}
        components:
          load:
            definitions: [v1]
            outputs: {x: list}
            source: x = [f()]
          other:
            definitions: [v2]
            parameters: [p]
            inputs: {renamed: load.x}
            outputs: {x: str}
            source: |
              p = 99
              x = f()
              renamed.append("changed here only")
          use:
            definitions: [v1]
            parameters: [p]
            inputs: {x: load.x, y: other.x}
            after: [other]
            source: print(x, y, p, f())
        """)
    assert run(pipeline, tmp_path) == "['one'] two 1 one\n"


def test_a_change_in_place_is_seen_by_those_who_take_the_changed_value(tmp_path: Path) -> None:
    pipeline = read("""
        components:
          load: {outputs: {x: list}, source: "x = [1]"}
          change: {inputs: {x: load.x}, outputs: {x: list}, source: x.append(2)}
          before: {inputs: {x: load.x}, after: [change], source: print(x)}
          after: {inputs: {x: change.x}, source: print(x)}
        """)
    assert run(pipeline, tmp_path) == "[1]\n[1, 2]\n"


def test_definitions_are_there_once(tmp_path: Path) -> None:
    pipeline = read("""
        definitions:
          thing: {source: "class Thing: pass"}
        components:
          make: {definitions: [thing], outputs: {x: value}, source: x = Thing()}
          use: {definitions: [thing], inputs: {x: make.x}, source: "print(isinstance(x, Thing))"}
        """)
    assert run(pipeline, tmp_path) == "True\n"


def test_future_imports_come_first(tmp_path: Path) -> None:
    pipeline = read("""
        definitions:
          future: {source: from __future__ import annotations}
        components:
          a:
            definitions: [future]
            cells:
              - {id: a, source: "from __future__ import division; x: Unknown = 1"}
              - {id: b, source: print(x)}
        """)
    assert "\n\nfrom __future__ import annotations, division\n\n" in script(pipeline)
    assert run(pipeline, tmp_path) == "1\n"


def test_cells_that_await(tmp_path: Path) -> None:
    pipeline = read("""
        components:
          fetch:
            outputs: {rows: list}
            source: |
              import asyncio
              async def fetch(n):
                  await asyncio.sleep(0)
                  return f'''{n}
              ''' "\\t"
              rows = [await fetch(n) for n in range(2)]
              lock = asyncio.Lock()
          use:
            inputs: {rows: fetch.rows}
            cells:
              - {id: a, source: "await lock.acquire()"}
              - {id: b, source: print(rows)}
        """)
    assert run(pipeline, tmp_path) == "['0\\n\\t', '1\\n\\t']\n"


def test_ipython_syntax_runs_under_ipython(tmp_path: Path) -> None:
    pipeline = read("""
        parameters: {n: {type: int, default: 2}}
        components:
          a:
            parameters: [n]
            outputs: {x: int}
            cells:
              - {id: a, source: "%%time\\nx = n + 1"}
              - {id: b, source: "%matplotlib --list\\n!echo shell {x}"}
              - {id: c, source: display(x)}
        """)
    text = script(pipeline)
    assert "# How to run it: ipython churn.pipeline.py -- --help\n" in text
    assert "from IPython.display import display" in text
    shown = run(pipeline, tmp_path, "--n", "4", with_ipython=True)
    assert "shell 5\n" in shown
    assert shown.rstrip().endswith("5")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(pipeline, tmp_path)
    assert "run this script with ipython" in failed.value.stderr
    assert "Traceback" not in failed.value.stderr


def test_texts_cannot_become_code(tmp_path: Path) -> None:
    pipeline = read("""
        components:
          a:
            description: "first\\rprint('no')\\nprint('no')\\x0cprint('no')"
            env: {A: "'); print('no'); ('"}
            source: import os; print(os.environ["A"])
        """)
    assert run(pipeline, tmp_path) == "'); print('no'); ('\n"


def test_source_arrives_as_it_is(tmp_path: Path) -> None:
    source = "x = '''{{ a }} \\\\ {b} % \t \n\"\"\" é 🎉\n  '''   \nprint(ascii(x))"
    pipeline = read("components: {a: {source: x}}")
    cell = pipeline.components["a"].cells[0].model_copy(update={"source": source})
    component = pipeline.components["a"].model_copy(update={"cells": [cell]})
    made = pipeline.model_copy(update={"components": {"a": component}})
    assert f"\n\n{source}\n" in script(made)
    assert run(made, tmp_path).strip() == ascii('{{ a }} \\ {b} % \t \n""" é 🎉\n  ')


def test_a_cell_that_is_no_python_stays_as_it_is() -> None:
    assert "\n\nx = = 1\n" in script(read("components: {a: {source: x = = 1}}"))


STEERED = """
    parameters:
      stage: {type: str, default: dev}
    definitions:
      imports: {source: import math}
    components:
      load: {outputs: {x: int, rates: list}, source: "x = 1; rates = [1, 2, 3]"}
      shadow: {outputs: {x: int}, inputs: {x: load.x}, source: x = x + 1}
      train:
        foreach: rate in rates
        control: {rates: load.rates}
        definitions: [imports]
        inputs: {x: load.x}
        outputs: {y: int, text: str, some: int}
        source: |
          y = math.floor(rate * 10) + x
          text = f'''
            {rate}
          '''
          if rate > 2:
              some = rate
      deploy:
        when: x == 2 and stage == 'dev'
        control: {x: shadow.x}
        definitions: [imports]
        outputs: {url: str}
        source: |
          url = f"{math.pi:.2f}"
          print(url)
      tell: {inputs: {url: deploy.url}, source: "print('told', url)"}
      show:
        definitions: [imports]
        optional: [some]
        inputs: {y: train.y, text: train.text, x: load.x, some: train.some}
        source: print(x, y, text, 'some' in globals(), 'rate' in globals(), math.floor(1.5))
    """


def test_conditions_and_loops_run_as_they_do_in_the_pipeline(tmp_path: Path) -> None:
    pipeline = read(STEERED)
    shown = "1 [11, 21, 31] ['\\n  1\\n', '\\n  2\\n', '\\n  3\\n'] False False 1\n"
    assert run(pipeline, tmp_path) == f"3.14\ntold 3.14\n{shown}"
    assert run(pipeline, tmp_path, "--stage", "prod") == f"deploy is skipped\ntell is skipped\n{shown}"
