"""Small notebooks that are hard to cut: what must come out equal, and what must be refused, where and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """Cells as (tag, source). A plain word is a component; None is an untagged cell.

    `files` lie beside the notebook. `refused` is (code, cell number, name) when the notebook must be refused.
    """

    cells: tuple[tuple[str | None, str], ...]
    refused: tuple[str, int, str] | None = None
    parallel: tuple[str, str] | None = None  # components that must not wait for each other
    files: Mapping[str, str] = field(default_factory=dict)

    def write_files(self, folder: Path) -> None:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


CASES: dict[str, Case] = {}


def case(
    name: str,
    *cells: tuple[str | None, str],
    refused: tuple[str, int, str] | None = None,
    parallel: tuple[str, str] | None = None,
) -> None:
    assert name not in CASES, name
    CASES[name] = Case(cells, refused, parallel)


# --- reads and writes by Python's scoping

case(
    "functions read globals when they are called",
    ("one", "rate = 1\ndef pay(x):\n    return x * rate"),
    ("two", "rate = 10"),
    ("three", "print(pay(2))"),
)
case(
    "functions call functions of other components",
    ("one", "base = 3\ndef inner(x):\n    return x + base"),
    ("two", "def outer(x):\n    return inner(x) * 2"),
    ("three", "print(outer(4))"),
)
case(
    "comprehension variables stay inside",
    ("one", "i = 7\nsquares = [i * i for i in range(3)]"),
    ("two", "print(i, squares)"),
)
case(
    "closures keep their own state",
    (
        "one",
        "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step",
    ),
    ("two", "tick = counter()\nprint(tick(), tick())"),
    ("three", "print(tick())"),
)
case(
    "lambdas see later globals", ("one", "k = 1\nadd = lambda x: x + k"), ("two", "k = 100"), ("three", "print(add(1))")
)
case(
    "class bodies have a scope of their own",
    ("one", "x = 1\nclass A:\n    x = 2\n    y = x\n    def get(self):\n        return x"),
    ("two", "print(A.y, A().get())"),
)
case(
    "global statements write the notebook's names",
    ("one", "total = 0\ndef add(n):\n    global total\n    total += n"),
    ("two", "add(5)"),
    ("three", "add(6)\nprint(total)"),
)
case("del of a name and a new one", ("one", "x = [1]"), ("two", "del x\nx = [2]"), ("three", "print(x)"))
case(
    "a deleted name read later", ("one", "x = [1]"), ("two", "del x"), ("three", "print(x)"), refused=("MDK145", 3, "x")
)
case(
    "walrus binds outside the comprehension",
    ("one", "hits = [y for v in range(5) if (y := v * 2) > 4]"),
    ("two", "print(hits, y)"),
)
case(
    "match binds names",
    ("one", "command = {'go': 'north', 'speed': 3}"),
    (
        "two",
        "match command:\n    case {'go': where, **rest}:\n        told = (where, rest)\n    case _:\n        told = None",
    ),
    ("three", "print(where, rest, told)"),
)
case(
    "augmented assignment reads first",
    ("one", "n = 1\nwords = ['a']"),
    ("two", "n += 1\nwords += ['b']"),
    ("three", "print(n, words)"),
)
case(
    "import a.b as c",
    ("one", "import os.path as p\nimport xml.dom.minidom"),
    ("two", "print(p.basename('/a/b'), xml.dom.minidom.Node.ELEMENT_NODE)"),
)
case("star imports", ("one", "from math import *\nfrom statistics import *"), ("two", "print(floor(pi), mean([1, 3]))"))
case(
    "star imports over an older name",
    ("one", "pow = 'mine'"),
    ("two", "from math import *"),
    ("three", "print(pow if isinstance(pow, str) else pow(2, 3))"),
)
case("exec binds names", ("one", "code = 'made = 6 * 7'"), ("two", "exec(code)"), ("three", "print(made)"))
case(
    "globals() writes names",
    ("one", "x = 1"),
    ("two", "globals()['x'] = 2\nglobals()['y'] = 3"),
    ("three", "print(x, y)"),
)
case(
    "top-level await",
    ("one", "import asyncio\nasync def fetch(n):\n    await asyncio.sleep(0)\n    return n * k\nk = 4"),
    ("two", "answer = await fetch(2)"),
    ("three", "print(answer, await fetch(1))"),
)
case(
    "a name that a branch may bind",
    ("one", "x = 'old'\nflag = False"),
    ("two", "if flag:\n    x = 'new'"),
    ("three", "print(x)"),
)
case(
    "a name that only a branch binds",
    ("one", "flag = True"),
    ("two", "if flag:\n    x = 'new'\nfor i in range(2):\n    last = i"),
    ("three", "print(x, i, last)"),
)
case(
    "except clauses unbind their name",
    ("one", "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    told = str(error)"),
    ("two", "try:\n    error\nexcept NameError:\n    print('gone', told)"),
)
case(
    "recursion and mutual recursion",
    ("one", "def even(n):\n    return n == 0 or odd(n - 1)"),
    ("two", "def odd(n):\n    return n != 0 and even(n - 1)"),
    ("three", "print(even(10), odd(7))"),
)
case(
    "decorators travel with what they decorate",
    (
        "one",
        "import functools\ncalls = []\ndef logged(f):\n    @functools.wraps(f)\n    def inner(*a):\n        calls.append(f.__name__)\n        return f(*a)\n    return inner",
    ),
    ("two", "@logged\ndef double(x):\n    return 2 * x\nprint(double(2))"),
    ("three", "print(double(3), calls)"),
)
case(
    "default arguments keep the value they had",
    ("one", "n = 1\ndef f(x, k=n):\n    return x + k"),
    ("two", "n = 50"),
    ("three", "print(f(1), n)"),
)
case(
    "f-strings and nested formats",
    ("one", "width = 8\nvalue = 3.14159"),
    ("two", "print(f'{value:{width}.2f}|{value!r:>10}')"),
)

# --- definitions and what they read

case(
    "a function from an untagged cell with all it needs",
    (
        None,
        "import math\nSCALE = 10\ndef area(r):\n    return round(math.pi * r * r * SCALE)\ndef twice(r):\n    return 2 * area(r)",
    ),
    ("one", "a = twice(1)"),
    ("two", "print(a, area(2))"),
)
case(
    "a class from an untagged cell and its instances",
    (
        None,
        "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __repr__(self):\n        return f'Point({self.x})'",
    ),
    ("one", "p = Point(3)"),
    ("two", "print(p, isinstance(p, Point), type(p) is Point)"),
    ("three", "p.x += 1\nprint([p])"),
)
case(
    "instances in a component that never names the class",
    (
        "one",
        "class Point:\n    def __init__(self, x):\n        self.x = x\n    def moved(self):\n        return Point(self.x + STEP)\nSTEP = 5\np = Point(3)",
    ),
    ("two", "q = p.moved()\nprint(q.x)"),
    ("three", "print(type(p) is type(q), isinstance(q, Point))"),
)
case(
    "dataclasses, enums and named tuples",
    (
        None,
        "from dataclasses import dataclass, field\nfrom enum import Enum\nfrom collections import namedtuple\nPair = namedtuple('Pair', 'a b')\nclass Color(Enum):\n    RED = 1\n@dataclass\nclass Box:\n    items: list = field(default_factory=list)\n    color: Color = Color.RED",
    ),
    ("one", "box = Box([1])\npair = Pair(1, box)"),
    ("two", "box.items.append(2)"),
    ("three", "print(box, pair, box.color is Color.RED, pair.b is box, isinstance(pair, Pair))"),
)
case(
    "inheritance across components",
    ("one", "class Base:\n    kind = 'base'\n    def who(self):\n        return self.kind"),
    ("two", "class Child(Base):\n    kind = 'child'\n    def who(self):\n        return 'a ' + super().who()"),
    ("three", "c = Child()\nprint(c.who(), isinstance(c, Base))"),
    ("four", "print(c.who(), isinstance(c, Base), Child.__mro__[1] is Base)"),
)
case(
    "class attributes that change",
    ("one", "class Counter:\n    made = 0\n    def __init__(self):\n        Counter.made += 1"),
    ("two", "a = Counter()\nb = Counter()"),
    ("three", "c = Counter()\nprint(Counter.made, a.made)"),
)
case(
    "mutable default arguments remember",
    ("one", "def seen(x, all=[]):\n    all.append(x)\n    return all"),
    ("two", "seen(1)"),
    ("three", "print(seen(2))"),
)
case(
    "function attributes change",
    ("one", "def f():\n    f.calls += 1\n    return f.calls\nf.calls = 0"),
    ("two", "f()"),
    ("three", "print(f(), f.calls)"),
)
case(
    "functions inside values",
    ("one", "factor = 2\ndef scale(x):\n    return x * factor\ntable = {'scale': scale, 'neg': lambda x: -x * factor}"),
    ("two", "factor = 3"),
    ("three", "print(table['scale'](5), table['neg'](1))"),
)
case(
    "partial objects",
    (
        "one",
        "from functools import partial\nbase = 10\ndef add(a, b):\n    return a + b + base\nadd1 = partial(add, 1)",
    ),
    ("two", "base = 20"),
    ("three", "print(add1(1))"),
)
case(
    "redefined functions",
    ("one", "def f():\n    return 'first'\na = f()"),
    ("two", "def f():\n    return 'second'"),
    ("three", "print(a, f())"),
)
case(
    "an import that may fail",
    (None, "try:\n    import no_such_module_here as fast\nexcept ImportError:\n    fast = None"),
    ("one", "print(fast)"),
)
case(
    "the same name imported twice",
    ("one", "from json import dumps as d"),
    ("two", "print(d([1]))\nfrom pickle import dumps as d"),
    ("three", "print(type(d([1])).__name__)"),
)

# --- change in place

case(
    "frames change by item",
    (None, "import pandas as pd"),
    ("one", "df = pd.DataFrame({'a': [1, 2]})"),
    ("two", "df['b'] = df['a'] * 2"),
    ("three", "print(df.to_dict('list'))"),
)
case(
    "models are fitted",
    (None, "import numpy as np\nfrom sklearn.linear_model import LinearRegression"),
    ("data", "X = np.arange(10).reshape(-1, 1)\ny = 3 * X.ravel() + 1"),
    ("build", "model = LinearRegression()"),
    ("fit", "model.fit(X, y)"),
    ("use", "print(model.predict([[20]]).round(6).tolist())"),
)
case(
    "lists grow",
    ("one", "rows = []"),
    ("two", "rows.append(1)"),
    ("three", "rows.extend([2, 3])"),
    ("four", "print(rows)"),
)
case(
    "items are deleted",
    (None, "import pandas as pd"),
    ("one", "df = pd.DataFrame({'a': [1], 'b': [2]})\nd = {'x': 1, 'y': 2}"),
    ("two", "del df['b'], d['x']"),
    ("three", "print(list(df), d)"),
)
case(
    "inplace=True",
    (None, "import pandas as pd"),
    ("one", "df = pd.DataFrame({'a': [3, 1, 2]})"),
    ("two", "df.sort_values('a', inplace=True, ignore_index=True)"),
    ("three", "print(df['a'].tolist())"),
)
case(
    "numpy arrays change in place",
    (None, "import numpy as np"),
    ("one", "a = np.zeros(3)\nv = a[1:]"),
    ("two", "v[0] = 9\na += 1"),
    ("three", "print(a.tolist(), v.tolist())"),
)
case(
    "two names for one list",
    ("one", "a = [1]"),
    ("two", "b = a"),
    ("three", "b.append(2)"),
    ("four", "print(a, b, a is b)"),
)
case(
    "a list inside two dicts",
    ("one", "shared = []\nd = {'x': shared}\ne = {'y': shared}"),
    ("two", "d['x'].append(1)"),
    ("three", "print(d, e, shared)"),
)
case(
    "functions change their arguments",
    ("one", "def fill(target):\n    target.append(len(target))\nrows = []"),
    ("two", "fill(rows)\nfill(rows)"),
    ("three", "print(rows)"),
)
case(
    "functions change globals without naming them",
    ("one", "log = []\ndef note(x):\n    log.append(x)"),
    ("two", "note('a')"),
    ("three", "note('b')"),
    ("four", "print(log)"),
)
case(
    "setattr and nested attributes",
    ("one", "from types import SimpleNamespace as N\ncfg = N(model=N(depth=1), tags=[])"),
    ("two", "cfg.model.depth = 5\nsetattr(cfg, 'extra', 1)"),
    ("three", "print(cfg)"),
)
case(
    "swaps and chains",
    ("one", "a, b = [1], [2]"),
    ("two", "a, b = b, a\nc = d = a"),
    ("three", "d.append(3)\nprint(a, b, c)"),
)
case(
    "iterators are consumed",
    ("one", "it = iter([1, 2, 3])"),
    ("two", "first = next(it)"),
    ("three", "print(first, list(it))"),
)
case(
    "sets, deques and counters",
    ("one", "from collections import Counter, deque\ns, q, c = {1}, deque(maxlen=2), Counter()"),
    ("two", "s.add(2)\nq.extend('abc')\nc.update('aab')"),
    ("three", "print(sorted(s), list(q), c.most_common())"),
)

# --- interpreter state

case(
    "numpy's global generator",
    (None, "import numpy as np"),
    ("seed", "np.random.seed(0)"),
    ("first", "a = np.random.rand(2)"),
    ("second", "b = np.random.rand(2)\nprint((a * 1000).round().tolist(), (b * 1000).round().tolist())"),
)
case(
    "a seed in an untagged cell",
    (None, "import random\nrandom.seed(3)"),
    ("one", "a = random.random()"),
    ("two", "print(round(a, 6), round(random.random(), 6))"),
)
case(
    "an own generator",
    ("one", "import numpy as np\nrng = np.random.default_rng(1)"),
    ("two", "a = rng.integers(0, 100, 3).tolist()"),
    ("three", "print(a, rng.integers(0, 100, 3).tolist())"),
)
case(
    "drawing hidden in a library",
    (None, "import numpy as np, pandas as pd\nnp.random.seed(5)"),
    ("one", "df = pd.DataFrame({'a': range(100)})\ns = df.sample(3)['a'].tolist()"),
    ("two", "print(s, df.sample(3)['a'].tolist())"),
)
case(
    "pandas options",
    (None, "import pandas as pd"),
    ("one", "pd.set_option('display.max_rows', 4)"),
    ("two", "print(pd.Series(range(50)))"),
)
case(
    "rcParams set in a function",
    ("one", "import matplotlib.pyplot as plt\ndef style(size):\n    plt.rcParams['font.size'] = size\nstyle(7)"),
    ("two", "print(plt.rcParams['font.size'])"),
)
case(
    "environment variables",
    ("one", "import os\nos.environ['MDK_CASE'] = 'yes'"),
    ("two", "print(os.environ.get('MDK_CASE'), os.getenv('MDK_CASE'))"),
)
case(
    "the working directory",
    ("one", "import os, pathlib\nos.makedirs('deep', exist_ok=True)\nos.chdir('deep')"),
    ("two", "print(os.path.basename(os.getcwd()))"),
)
case(
    "sys.path",
    (
        "one",
        "import sys, pathlib\npathlib.Path('lib').mkdir(exist_ok=True)\npathlib.Path('lib/mine.py').write_text('VALUE = 42')\nsys.path.insert(0, 'lib')",
    ),
    ("two", "import mine\nprint(mine.VALUE)"),
)
case(
    "warning filters",
    ("one", "import warnings\nwarnings.filterwarnings('error')"),
    ("two", "try:\n    warnings.warn('boo')\n    print('quiet')\nexcept UserWarning as w:\n    print('raised', w)"),
)
case(
    "logging levels",
    ("one", "import logging\nlogging.basicConfig(level=logging.INFO)"),
    ("two", "print(logging.getLogger().getEffectiveLevel(), logging.getLogger('x').isEnabledFor(20))"),
)
case(
    "print options computed from a value",
    (None, "import numpy as np"),
    ("one", "digits = 2"),
    ("two", "np.set_printoptions(precision=digits)"),
    ("three", "print(np.array([1.23456789]))"),
)
case(
    "decimal context",
    ("one", "from decimal import Decimal, getcontext\ngetcontext().prec = 5"),
    ("two", "print(Decimal(1) / Decimal(7))"),
)
case(
    "an untagged cell draws between components",
    (None, "import numpy as np\nnp.random.seed(1)"),
    ("one", "a = np.random.rand()"),
    (None, "np.random.rand(10)"),
    ("two", "print(np.random.rand())"),
    refused=("MDK152", 3, "numpy_random"),
)

# --- order, writers, versions

case("declared order", ("one", "print('one')"), ("two;after:one", "print('two')"))
case(
    "independent components stay parallel",
    ("load", "x = [1, 2]"),
    ("left", "a = sum(x)"),
    ("right", "b = max(x)"),
    ("join", "print(a, b)"),
    parallel=("left", "right"),
)
case(
    "two models on one table stay parallel",
    (None, "import pandas as pd\nfrom sklearn.linear_model import LinearRegression, Ridge"),
    ("load", "df = pd.DataFrame({'x': range(20), 'y': range(20)})"),
    ("plain", "one = LinearRegression()\none.fit(df[['x']], df['y'])"),
    ("ridge", "two = Ridge(alpha=0.1).fit(df[['x']], df['y'])"),
    ("compare", "print(round(one.score(df[['x']], df['y']), 3), round(two.score(df[['x']], df['y']), 3))"),
    parallel=("plain", "ridge"),
)
case("two writers of one name", ("one", "x = 1"), ("two", "x = 2"), ("three", "print(x)"))
case(
    "readers between two writers", ("one", "x = 1"), ("two", "y = x + 1"), ("three", "x = 10"), ("four", "print(x, y)")
)
case(
    "cells of one component apart",
    ("one", "a = 1"),
    ("two", "b = 2"),
    ("one", "c = a + 1"),
    ("three", "print(a, b, c)"),
)
case("alternating versions", ("one", "x = 1"), ("two", "x = x + 1"), ("one", "print(x)"), refused=("MDK146", 3, "x"))
case(
    "a ring of components",
    ("one", "a = 1"),
    ("two", "b = a + 1"),
    ("one", "c = b + 1"),
    ("three", "print(c)"),
    refused=("MDK147", 1, "one"),
)
case(
    "a name changes its type", ("one", "x = 5"), ("two", "x = str(x) + '!'"), ("three", "x = [x]"), ("four", "print(x)")
)
case("a parameter is reassigned", ("parameters", "n: int = 3"), ("one", "n = n * 2"), ("two", "print(n)"))

# --- what cannot travel

case(
    "a generator expression",
    ("one", "g = (i for i in range(3))"),
    ("two", "print(list(g))"),
    refused=("MDK148", 2, "g"),
)
case("an open file", ("one", "f = open('x.txt', 'w')"), ("two", "f.write('a')"), refused=("MDK148", 2, "f"))
case(
    "a database connection",
    ("one", "import sqlite3\ndb = sqlite3.connect(':memory:')"),
    ("two", "print(db.execute('select 1').fetchall())"),
    refused=("MDK148", 2, "db"),
)
case(
    "a lock",
    ("one", "import threading\nlock = threading.Lock()"),
    ("two", "with lock:\n    pass"),
    refused=("MDK148", 2, "lock"),
)
case(
    "a closed file is nobody's business",
    ("one", "with open('note.txt', 'w') as f:\n    f.write('hello')"),
    ("two", "with open('note.txt') as f:\n    print(f.read())"),
)
case("earlier outputs", ("one", "6 * 7"), ("two", "print(_)"), refused=("MDK149", 2, "_"))

# --- untagged and skipped cells

case(
    "a computed value in an untagged cell",
    (None, "import time\nstamp = time.time_ns()"),
    ("one", "print(stamp > 0)"),
    refused=("MDK141", 2, "stamp"),
)
case(
    "an untagged cell changes a component's value",
    ("one", "rows = [1]"),
    (None, "rows.append(2)"),
    ("two", "print(rows)"),
    refused=("MDK142", 3, "rows"),
)
case("a value of a skipped cell", ("skip", "x = len('abc')"), ("one", "print(x)"), refused=("MDK143", 2, "x"))
case(
    "an untagged cell that only looks",
    (None, "import pandas as pd"),
    ("one", "df = pd.DataFrame({'a': [1, 2]})"),
    (None, "df.head()\ndf.describe()\ndf['a'].mean()\nprint(df)"),
    ("two", "print(df['a'].sum())"),
)
case(
    "constants of untagged cells",
    (None, "from pathlib import Path\nROOT = Path('data')\nCOLUMNS = ['a', 'b']\nN = 24 * 60\nNAME = f'{ROOT}/x'"),
    ("one", "COLUMNS.append('c')\nprint(ROOT / 'f', N, NAME)"),
    ("two", "print(COLUMNS)"),
)
case("a name that nothing defines", ("one", "print(nowhere)"), refused=("MDK144", 1, "nowhere"))

# --- files

case(
    "files order components",
    ("write", "import json\nwith open('m.json', 'w') as f:\n    json.dump({'a': 1}, f)"),
    ("read", "import json\nprint(json.load(open('m.json')))"),
)
case(
    "tables through files",
    (None, "import pandas as pd"),
    ("write", "pd.DataFrame({'a': [1, 2]}).to_csv('t.csv', index=False)"),
    ("read", "print(pd.read_csv('t.csv')['a'].tolist())"),
)
case(
    "shell commands",
    ("one", "!echo hello > said.txt"),
    ("two", "out = !cat said.txt\nprint(out)"),
    ("three", "name = 'said.txt'\n!cat {name}"),
)

# --- syntax of notebooks

case(
    "magics",
    ("one", "%matplotlib inline\n%time total = sum(range(10))\nx = 1"),
    ("two", "%%time\ny = total + x"),
    ("three", "print(total, y)"),
)
case("capture", ("one", "%%capture out\nprint('kept')\nz = 4"), ("two", "print(out.stdout.strip(), z)"))
case("the shell reads names", ("one", "word = 'hi'"), ("two", "!echo {word} $word"))
case("unicode names", ("one", "größe = 3\nπ = 3.14159\n名 = 'n'"), ("two", "print(größe * π, 名)"))
case(
    "text arrives byte for byte",
    ("one", "a = '{{ jinja }} {% raw %} \\\\n \"\"\" \\t'\nb = '''\n\n  \t'''\nc = \"it's\""),
    ("two", "print(repr(a), repr(b), repr(c))"),
)
case("empty cells", ("one", "x = 1"), ("one", ""), ("one", "# only a comment\n"), ("two", "print(x)"))
case(
    "%%component spells the same",
    (None, "def f(x):\n    return x + 1"),
    (None, "%%component one --cpu 1\nx = f(1)\nx"),
    (None, "%%component two\nprint(x)"),
)
case(
    "the last expression is shown",
    ("one", "import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndf"),
    ("two", "df.shape"),
)

# --- values

case(
    "frames keep their types",
    (None, "import pandas as pd, numpy as np"),
    (
        "one",
        "df = pd.DataFrame({'c': pd.Categorical(['a', None]), 'i': pd.array([1, None], dtype='Int64'), 't': pd.to_datetime(['2024-01-01', None]).tz_localize('Europe/Rome')}, index=pd.Index([10, 20], name='key'))",
    ),
    ("two", "print(df.dtypes.astype(str).tolist(), df.index.name, df.to_dict('list'))"),
)
case(
    "scalars keep their types",
    (None, "import numpy as np, datetime as dt, decimal"),
    ("one", "a, b, c, d, e = np.float32(1.5), float('nan'), 10**30, dt.date(2024, 1, 2), decimal.Decimal('1.10')"),
    ("two", "print(repr(a), repr(b), c, repr(d), e, type(a).__name__)"),
)
case(
    "containers keep their types",
    ("one", "t = (1, [2], {3: (4,)})\ns = {('a', 1)}\nk = dict(x=1).keys()"),
    ("two", "print(t, s, type(t[2][3]).__name__, list(k))"),
)
case(
    "what a missing value is",
    (None, "import pandas as pd, numpy as np"),
    ("one", "s = pd.Series([None, np.nan, pd.NaT, pd.NA, 'x'], dtype=object)"),
    ("two", "print([type(v).__name__ for v in s])"),
)

# --- registries and other ways to be defined

case(
    "functions that dispatch on types",
    ("one", "from functools import singledispatch\n@singledispatch\ndef area(x):\n    return 'thing'"),
    ("two", "@area.register\ndef _(x: int):\n    return x * x"),
    ("three", "print(area(3), area('a'))"),
)
case(
    "registries filled by decorators",
    (
        None,
        "REGISTRY = {}\ndef register(f):\n    REGISTRY[f.__name__] = f\n    return f\n@register\ndef double(x):\n    return 2 * x",
    ),
    (None, "@register\ndef triple(x):\n    return 3 * x"),
    ("one", "print(sorted(REGISTRY), REGISTRY['double'](2))"),
    ("two", "print({k: f(1) for k, f in REGISTRY.items()})"),
)
case(
    "accessors registered with a library",
    (None, "import pandas as pd"),
    (
        "one",
        "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:\n    def __init__(self, df):\n        self.df = df\n    def size(self):\n        return len(self.df)",
    ),
    ("two", "df = pd.DataFrame({'a': [1, 2]})"),
    ("three", "print(df.geo.size())"),
)
case(
    "methods added to a library's class",
    (None, "import pandas as pd\npd.Series.twice = lambda self: self * 2"),
    ("one", "s = pd.Series([1, 2])"),
    ("two", "print(s.twice().tolist())"),
)
case(
    "pickles that name a class of the notebook",
    (
        "one",
        "import pickle\nclass Thing:\n    def __init__(self, x):\n        self.x = x\npickle.dump(Thing(4), open('thing.pkl', 'wb'))",
    ),
    ("two", "print(pickle.load(open('thing.pkl', 'rb')).x)"),
)
case(
    "reading the environment sets nothing",
    (None, "import os\nhome = os.environ.get('HOME')"),
    ("one", "print(len(os.environ) > 0, 'x' in os.environ)"),
)
case(
    "settings inside with end there",
    (
        None,
        "import warnings, pandas as pd\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    pd.Series([1]).sum()",
    ),
    ("one", "with pd.option_context('display.max_rows', 3):\n    print(pd.Series(range(9)))"),
    ("two", "print(pd.Series(range(9)))"),
)
case(
    "future imports hold for all cells below",
    ("one", "from __future__ import annotations"),
    ("two", "def f(x: Nowhere) -> Nothing:\n    return x\nprint(f(1), f.__annotations__)"),
)
case(
    "metaclasses, subclasses that register, properties",
    (
        "one",
        "class Plugin:\n    known = {}\n    def __init_subclass__(cls, **kw):\n        Plugin.known[cls.__name__] = cls\nclass A(Plugin):\n    @property\n    def name(self):\n        return 'a'",
    ),
    ("two", "class B(Plugin):\n    pass"),
    ("three", "print(sorted(Plugin.known), A().name)"),
)
case(
    "memoised functions",
    (
        "one",
        "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
    ),
    ("two", "print(fib(20))"),
    ("three", "print(fib(30))"),
)
case(
    "context managers of the notebook",
    (
        "one",
        "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef step(name):\n    log.append('in ' + name)\n    yield name\n    log.append('out ' + name)",
    ),
    ("two", "with step('a') as s:\n    log.append(s)"),
    ("three", "print(log)"),
)
case(
    "generators of the notebook",
    ("one", "def count(n):\n    while n:\n        yield n\n        n -= 1"),
    ("two", "print(list(count(3)))\ng = list(count(2))"),
    ("three", "print(g, sum(count(4)))"),
)
case(
    "a generator object",
    ("one", "def count(n):\n    yield from range(n)\ng = count(3)\nnext(g)"),
    ("two", "print(list(g))"),
    refused=("MDK148", 2, "g"),
)
case(
    "operators of the notebook's classes",
    (
        "one",
        "seen = []\nclass V:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, other):\n        seen.append('add')\n        return V(self.x + other.x)\n    def __eq__(self, other):\n        return self.x == other.x\n    def __repr__(self):\n        return f'V({self.x})'",
    ),
    ("two", "total = V(1) + V(2)"),
    ("three", "print(total, seen, total == V(3))"),
)
case(
    "objects found in lists by identity",
    ("one", "class Node:\n    pass\nroot = Node()\nnodes = [root, Node()]"),
    ("two", "root.label = 'r'"),
    ("three", "print(nodes[0] is root, nodes.index(root), root in nodes, nodes[0].label)"),
)
case(
    "cyclic structures",
    ("one", "a = {'name': 'a'}\nb = {'other': a}\na['other'] = b"),
    ("two", "a['n'] = 1"),
    ("three", "print(b['other']['n'], a['other'] is b, b['other'] is a)"),
)
case(
    "installs beside imports",
    (None, "try:\n    import json as js\nexcept ImportError:\n    !pip install json\n    import json as js"),
    ("one", "print(js.dumps([1]))"),
)
case(
    "scoped random state of estimators",
    (None, "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\nnp.random.seed(7)"),
    ("data", "X = np.random.rand(60, 3)\ny = (X[:, 0] > .5).astype(int)"),
    ("one", "a = RandomForestClassifier(5).fit(X, y)"),
    (
        "two",
        "b = RandomForestClassifier(5).fit(X, y)\nprint((a.predict_proba(X) - b.predict_proba(X)).sum().round(6), np.random.randint(1000))",
    ),
)
case(
    "unpacked parts are shared",
    ("one", "items = [[1], [2], [3]]\nfirst, *rest = items"),
    ("two", "rest[0].append(9)"),
    ("three", "print(items, first, rest)"),
)
case(
    "paths order components",
    (
        "one",
        "from pathlib import Path\nhere = Path('made') / 'x.txt'\nPath('made').mkdir(exist_ok=True)\nhere.write_text('hi')",
    ),
    ("two", "from pathlib import Path\nprint((Path('made') / 'x.txt').read_text())"),
)
case(
    "an estimator inside a pipeline",
    (
        None,
        "import numpy as np\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\nfrom sklearn.linear_model import LogisticRegression",
    ),
    (
        "one",
        "X = np.arange(20.0).reshape(-1, 2)\ny = [0, 1] * 5\nclf = LogisticRegression()\npipe = make_pipeline(StandardScaler(), clf)",
    ),
    ("two", "pipe.fit(X, y)"),
    ("three", "print(clf.coef_.round(4).tolist(), pipe[-1] is clf)"),
)
case(
    "figures drawn in several steps",
    ("one", "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nplt.close(fig)"),
    ("two", "line = ax.plot([1, 2], [3, 4])\ntitle = ax.set_title('t')"),
    ("three", "print(len(ax.lines), ax.get_title(), fig.axes[0] is ax)"),
)
case(
    "callbacks with side effects",
    (None, "import pandas as pd"),
    ("one", "seen = []\ndef double(v):\n    seen.append(int(v))\n    return v * 2"),
    ("two", "s = pd.Series([1, 2]).apply(double)\nr = sorted([1, 3, 2], key=lambda v: seen.append(v) or -v)"),
    ("three", "print(seen, s.tolist(), r)"),
)
case(
    "a builtin hidden and seen again",
    ("one", "list = [3]\nsum = 0"),
    ("two", "for i in list:\n    sum += i"),
    ("three", "print(list, sum)\ndel list"),
    ("four", "print(list((1, 2)))"),
)
case(
    "a component that changes a name again further down",
    ("two", "b = {'k': 1}"),
    ("one", "print(b)"),
    ("two", "b.update(z=2)"),
    ("three", "print(b)"),
    refused=("MDK146", 2, "b"),
)
case(
    "submodules that another component imported",
    ("one", "import xml"),
    ("two", "import xml.dom.minidom as mini"),
    ("three", "print(xml.dom.minidom.parseString('<a/>').documentElement.tagName)"),
)
case(
    "imports after a seed",
    ("one", "import random\nrandom.seed(5)"),
    ("two", "a = random.random()"),
    ("three", "from sklearn.ensemble import RandomForestClassifier"),
    ("four", "print(round(a, 6), round(random.random(), 6))"),
)
