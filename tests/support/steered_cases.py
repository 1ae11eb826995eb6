"""Notebooks with conditions and loops: what must come out equal, and what must be refused, where and why."""

from __future__ import annotations

from cases import Case

STEERED: dict[str, Case] = {}


def case(name: str, *cells: tuple[str | None, str], refused: tuple[str, int, str] | None = None) -> None:
    assert name not in STEERED, name
    STEERED[name] = Case(cells, refused)


PARAMETERS = ("parameters", "rates = [0.1, 0.2, 0.4]\nstage = 'dev'")
LOAD = ("load", "rows = [1, 2, 3]\nlimit = 2\nready = True\nshapes = [(1, 2), (3, 4)]")


def line(words: str, source: str) -> tuple[None, str]:
    return (None, f"%%component {words}\n{source}")


# --- loops

case(
    "a loop over a parameter, and its lists",
    PARAMETERS,
    LOAD,
    line(
        'train --foreach "rate in rates"',
        "from math import sqrt\nmodel = {'scaled': [row * rate for row in rows]}\nscore = sqrt(rate)\nprint(rate)\nscore",
    ),
    ("pick", "best = max(score)\nprint(best, sqrt(4), model[score.index(best)])\nmodel[0]['scaled'].append(9)"),
    ("show", "print(model, type(score), len(score))"),
)
case(
    "a loop over what a loop made, and over tuples that only a step can read",
    PARAMETERS,
    LOAD,
    line('area --foreach "shape in shapes"', "size = shape[0] * shape[1]\nparts = pair = [size, shape]"),
    line('again --foreach "each in parts"', "text = f'{each[0]} of {each[1]}'\nfor i in range(2):\n    text += '!'"),
    ("show", "print(text, i, [a is b for a, b in zip(parts, pair)], parts[0] is parts[1])"),
)
case(
    "a loop with magics, await, imports and functions",
    (None, "import asyncio"),
    LOAD,
    line(
        'one --foreach "row in rows"',
        "def double(x):\n    return 2 * x\nasync def later(x):\n    await asyncio.sleep(0)\n    return double(x)\n"
        "here = %pwd\nawaited = await later(row)\n!echo {row}\n(y := row + 1)",
    ),
    ("two", "print(awaited, y, double(21))"),
)
case(
    "a name that only some runs bind",
    LOAD,
    line('one --foreach "row in rows"', "if row > 1:\n    big = row\nalways = row"),
    ("two", "try:\n    print(big)\nexcept NameError:\n    print('unbound')\nprint(always)"),
)
case(
    "a loop over nothing",
    ("load", "none = []\nrows = [1]"),
    line(
        'one --foreach "item in none"',
        "import statistics\ndef half(x):\n    return x / 2\ny = half(item)\nprint('never')",
    ),
    ("two", "print(y, half(4), statistics.mean([1, 3]))"),
)
case(
    "random numbers with a seed of each run",
    ("load", "import random\nseeds = [3, 4, 5]"),
    line('one --foreach "seed in seeds"', "random.seed(seed)\ndrawn = random.random()"),
    ("two", "print([round(d, 6) for d in drawn])"),
)

# --- conditions

case(
    "conditions that hold",
    PARAMETERS,
    LOAD,
    line(
        "deploy --when \"limit >= 2 and stage in ['dev', 'test'] and not limit > 5\"", "url = f'{stage}.example'\nurl"
    ),
    line("tell --after deploy", "print(url)"),
    line('count --when ready --foreach "row in rows"', "seen = row"),
    line("sum --after count", "print(sum(seen))"),
)
case(
    "conditions that do not hold, and what depends on them",
    PARAMETERS,
    LOAD,
    line("deploy --when \"0 < limit < 2 or stage == 'prod'\"", "url = 1 / 0"),
    line("tell --after deploy", "print(url)"),
    line("further --after tell", "print('further')"),
    line('count --when "not ready" --foreach "row in rows"', "seen = row"),
    line('alike --when "not ready"', "print(seen)"),
    ("independent", "print(rows)"),
)
case(
    "a component of two cells is skipped in both",
    LOAD,
    line('deploy --when "limit > 9"', "a = 1"),
    ("other", "print(limit)"),
    line('deploy --when "limit > 9"', "print(a)"),
)
case(
    "numbers of numpy decide as well",
    (
        "load",
        "import numpy as np\nscores = np.array([0.5, 0.75])\nauc = scores.mean()\ncount = np.int64(3)\nok = auc > 0.6",
    ),
    line('deploy --when "ok and auc > 0.6 and count == 3"', "print('deployed')"),
)

# --- refused

case("a name that nothing makes", LOAD, line('one --when "auc > 1"', "1"), refused=("MDK160", 2, "auc"))
case("a value of an untagged cell", (None, "auc = 1"), line('one --when "auc > 1"', "1"), refused=("MDK160", 2, "auc"))
case("a list in a condition", LOAD, line('one --when "rows == 1"', "1"), refused=("MDK160", 2, "rows"))
case("a number as a flag", LOAD, line('one --when "limit"', "1"), refused=("MDK160", 2, "limit"))
case("a loop over a number", LOAD, line('one --foreach "i in limit"', "i"), refused=("MDK160", 2, "limit"))
case(
    "a condition on what the component changes",
    LOAD,
    line('one --when "limit > 1"', "limit = 0"),
    line('one --when "limit > 1"', "1"),
    refused=("MDK160", 3, "limit"),
)
case("a tag alone", LOAD, ("one;when:limit > 1", "1"), refused=("MDK161", 2, "when"))
case(
    "a second cell without the condition",
    LOAD,
    line('one --when "limit > 1"', "1"),
    ("one", "2"),
    refused=("MDK161", 3, "when"),
)
case(
    "a reader that does not say so",
    LOAD,
    line("one --when ready", "x = 1"),
    ("two", "print(x)"),
    refused=("MDK162", 3, "x"),
)
case(
    "another condition is no word for it",
    LOAD,
    line('one --when "limit > 1"', "x = 1"),
    line('two --when "limit > 0"', "print(x)"),
    refused=("MDK162", 3, "x"),
)
case(
    "an import that may be skipped",
    LOAD,
    line("one --when ready", "import math"),
    ("two", "print(math.pi)"),
    refused=("MDK162", 3, "math"),
)
case(
    "the reader of a reader",
    LOAD,
    line("one --when ready", "x = 1"),
    line("two --after one", "y = x"),
    ("three", "print(y)"),
    refused=("MDK162", 4, "two"),
)
case(
    "a value that is rebound where a condition holds",
    LOAD,
    line("one --when ready", "limit = 5"),
    ("two", "print(limit)"),
    refused=("MDK162", 3, "limit"),
)
case(
    "a name that is deleted where a condition holds",
    LOAD,
    line("one --when ready", "del limit"),
    ("two", "try:\n    print(limit)\nexcept NameError:\n    print('gone')"),
    refused=("MDK162", 2, "limit"),
)
case(
    "a setting that an empty list would leave out",
    ("load", "import pandas as pd\nrows = [1]"),
    line('one --foreach "row in rows"', "pd.set_option('display.precision', 3)\nx = row"),
    ("two", "print(pd.Series([1 / 3]), x)"),
    refused=("MDK164", 2, "a setting"),
)
case(
    "a loop of two cells",
    LOAD,
    line('one --foreach "row in rows"', "x = row"),
    line('one --foreach "row in rows"', "y = x"),
    refused=("MDK163", 3, "one"),
)
case(
    "a sum", ("load", "rows = [1]\nt = 0"), line('one --foreach "row in rows"', "t += row"), refused=("MDK164", 2, "t")
)
case(
    "a list that grows",
    ("load", "rows = [1]\nlog = []\ndef note(x):\n    log.append(x)"),
    line('one --foreach "row in rows"', "note(row)"),
    refused=("MDK164", 2, "log"),
)
case(
    "a maximum with a constant to start from",
    (None, "best = 0"),
    LOAD,
    line('one --foreach "row in rows"', "best = max(best, row)"),
    refused=("MDK164", 3, "best"),
)
case(
    "an item that is changed",
    ("load", "configs = [{'a': 1}]"),
    line('one --foreach "config in configs"', "config['b'] = 2"),
    refused=("MDK164", 2, "configs"),
)
case(
    "one object in all items",
    ("load", "rows = [1, 2]\nbase = {}"),
    line('one --foreach "row in rows"', "kept = base"),
    ("two", "kept[0]['x'] = 1\nprint(kept[1])"),
    refused=("MDK164", 3, "kept"),
)
case(
    "random numbers that go on",
    ("load", "import numpy as np\nnp.random.seed(0)\nrows = [1, 2]"),
    line('one --foreach "row in rows"', "x = np.random.rand()"),
    refused=("MDK164", 2, "numpy_random"),
)
case(
    "one file for all runs",
    LOAD,
    line('one --foreach "row in rows"', "open('out.txt', 'w').write(str(row))"),
    refused=("MDK164", 2, "out.txt"),
)
case(
    "a class for each run",
    LOAD,
    line('one --foreach "row in rows"', "class A:\n    x = row"),
    refused=("MDK165", 2, "A"),
)
case(
    "a name that a call binds",
    ("load", "rows = [1]\ndef f():\n    global q\n    q = 1"),
    line('one --foreach "row in rows"', "f()"),
    ("two", "print(q)"),
    refused=("MDK165", 2, "q"),
)
case("an item with a value", LOAD, line('one --foreach "limit in rows"', "limit"), refused=("MDK165", 2, "limit"))
case(
    "the item afterwards",
    LOAD,
    line('one --foreach "row in rows"', "x = row"),
    ("two", "print(row)"),
    refused=("MDK145", 3, "row"),
)
