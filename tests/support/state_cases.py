"""Notebooks whose components share more than names: modules of the user, caches, registries, views, the shell."""

from __future__ import annotations

from cases import Case

STATE_CASES: dict[str, Case] = {}


def case(name: str, *cells: tuple[str | None, str], **facts: object) -> None:
    assert name not in STATE_CASES, name
    STATE_CASES[name] = Case(cells, **facts)  # type: ignore[arg-type]


# --- the user's own modules

TALLY = """
import functools, json, random
import numpy as np
from shelf import ITEMS

count = 0
seen = {}
rng = np.random.default_rng(0)
TABLE = {}

def bump():
    global count
    count += 1
    return count

def remember(key, value):
    seen[key] = value

def recall():
    return dict(seen)

def draw():
    return int(rng.integers(0, 1000))

def push(x):
    ITEMS.append(x)

def register(name):
    def decorate(function):
        TABLE[name] = function
        return function
    return decorate

class Shape:
    made = 0
    tags = []
    def __init__(self):
        Shape.made += 1
        self.number = Shape.made
    def tag(self, word):
        self.tags.append(word)

def seed_all(n):
    random.seed(n)
    np.random.seed(n)

def save(value, path="kept.json"):
    with open(path, "w") as file:
        json.dump(value, file)

def load(path="kept.json"):
    with open(path) as file:
        return json.load(file)
"""
SHELF = "ITEMS = []\ndef shown():\n    return list(ITEMS)\nclass Settings:\n    depth = 1\nsettings = Settings()\n"
MODULES = {"tally.py": TALLY, "shelf.py": SHELF}

case(
    "a module of the user keeps its state",
    ("one", "import tally\ntally.bump()\ntally.remember('a', [1])\nfirst = tally.draw()"),
    ("two", "from tally import bump, recall\nprint(bump(), recall())\ntally.seen['a'].append(2)"),
    ("three", "print(tally.count, tally.recall(), first, tally.draw())"),
    files=MODULES,
)
case(
    "state of a module that another one changes",
    ("one", "import tally\ntally.push(1)"),
    ("two", "import shelf\nprint(shelf.shown())\nshelf.settings.depth = len(shelf.ITEMS) + 4"),
    ("three", "from shelf import settings, ITEMS\nprint(settings.depth, ITEMS)"),
    files=MODULES,
)
case(
    "classes of a module count their instances",
    ("one", "from tally import Shape\na = Shape()\na.tag('x')"),
    ("two", "b = Shape()\nb.tag('y')"),
    ("three", "print(a.number, b.number, Shape.made, Shape.tags, type(a) is Shape)"),
    files=MODULES,
)
case(
    "functions registered with a module",
    (None, "import tally"),
    ("one", "@tally.register('double')\ndef double(x):\n    return 2 * x"),
    ("two", "print(sorted(tally.TABLE), tally.TABLE['double'](4))"),
    files=MODULES,
)
case(
    "a module seeds and files are its own business",
    (None, "from tally import seed_all, save, load\nimport random\nimport numpy as np\nseed_all(3)"),
    ("one", "x = random.random()\nsave([1, 2])"),
    ("two", "print(x, random.random(), np.random.rand(), load())"),
    files=MODULES,
)
case(
    "pure modules let components be parallel",
    (None, "import pure"),
    ("one", "x = pure.half(3)"),
    ("two", "y = pure.half(5)"),
    ("three", "print(x, y)"),
    parallel=("one", "two"),
    files={"pure.py": "import math\nBY = [2]\ndef half(x):\n    return math.floor(x / BY[0])\n"},
)
case(
    "a module replaced while it is loaded, and reloaded",
    ("one", "%%writefile rates.py\nLOW = 1"),
    ("two", "import rates\nprint(rates.LOW)"),
    ("three", "%%writefile rates.py\nLOW = 222"),
    ("four", "import importlib\nimportlib.reload(rates)\nprint(rates.LOW)"),
)
case(
    "a module replaced while it is loaded",
    ("one", "%%writefile rates.py\nLOW = 1"),
    ("two", "import rates\nprint(rates.LOW)"),
    ("three", "%%writefile rates.py\nLOW = 222"),
    ("four", "print(rates.LOW)"),
    refused=("MDK158", 4, "rates"),
)

case(
    "a module read by star, handed to a table, inherited from and reloaded",
    (
        None,
        "import pandas as pd\nfrom steps import *",
    ),
    ("one", "s = pd.Series([1, 1]).apply(up)\nclass Mine(Base):\n    pass\nrows = load(1)"),
    ("two", "rows.append(Mine().go())\nprint(up(1), s.tolist(), load(1), load(1) is rows)"),
    (
        "three",
        "import steps, importlib\nprint(steps.count, Base.known, NAMES, steps.load(1))\nimportlib.reload(steps);",
    ),
    ("four", "import steps\nprint(steps.count, steps.NAMES)"),
    files={
        "steps.py": "import functools\ncount = 0\nNAMES = []\ndef up(x):\n    global count\n    count += 1\n    return x + count\n"
        "class Base:\n    known = []\n    def __init_subclass__(cls):\n        Base.known.append(cls.__name__)\n"
        "    def go(self):\n        NAMES.append(type(self).__name__)\n        return len(NAMES)\n"
        "@functools.lru_cache(maxsize=4)\ndef load(n):\n    print('loading', n)\n    return [n]\n"
    },
)

# --- functions and classes that remember

case(
    "cached functions keep their results",
    (
        None,
        "from functools import cache, lru_cache\n@cache\ndef load(n):\n    print('loading', n)\n    return [n]\n"
        "@lru_cache(maxsize=2)\ndef named(a, *, b=1):\n    print('making', a, b)\n    return (a, b)",
    ),
    ("one", "rows = load(1)\nnamed('x', b=2)\nnamed('y')"),
    ("two", "rows.append(5)\nprint(load(1), load(2), named('x', b=2))"),
    ("three", "print(load(1), load(2), load(1) is rows, named('y'), named('x', b=2))"),
)
case(
    "functions of one closure, partial objects and methods taken from their objects",
    (
        "one",
        "from functools import partial\ndef make():\n    n = 0\n    def add():\n        nonlocal n\n        n += 1\n"
        "    def get():\n        return n\n    return add, get\nadd, get = make()\nlog = []\n"
        "note = partial(lambda kept, x: kept.append(x), log)\npush = log.append",
    ),
    ("two", "add()\nnote('a')\npush('b')"),
    ("three", "add()\nnote('c')\nprint(get(), log)"),
)
case(
    "metaclasses, descriptors and default factories",
    (
        "one",
        "import itertools\nfrom dataclasses import dataclass, field\nclass Meta(type):\n    made = []\n"
        "    def __new__(meta, name, bases, body):\n        meta.made.append(name)\n        return super().__new__(meta, name, bases, body)\n"
        "class A(metaclass=Meta):\n    pass\nclass Traced:\n    sets = 0\n    def __get__(self, it, owner):\n        return it._x\n"
        "    def __set__(self, it, value):\n        self.sets += 1\n        it._x = value\nclass O:\n    x = Traced()\no = O()\n"
        "ids = itertools.count()\n@dataclass\nclass Row:\n    id: int = field(default_factory=lambda: next(ids))\nfirst = Row()",
    ),
    ("two", "class B(A):\n    pass\no.x = 3\nsecond = Row()"),
    ("three", "print(Meta.made, o.x, O.__dict__['x'].sets, first, second, next(ids))"),
)
case(
    "proxies answer for every name",
    (
        "one",
        "class Proxy:\n    def __init__(self, target):\n        self.target = target\n    def __getattr__(self, name):\n"
        "        return getattr(self.target, name)\nclass Options(dict):\n    __getattr__ = dict.__getitem__\n"
        "    __setattr__ = dict.__setitem__\np = Proxy([3, 1])\ncfg = Options(rate=1)",
    ),
    ("two", "p.sort()\ngetattr(p, 'append')(9)\ncfg.rate = 2"),
    ("three", "print(p.target, cfg)"),
)
case(
    "what is registered with a library",
    (
        "one",
        "import builtins, copyreg, json, numbers, socket, sqlite3\nfrom json import JSONEncoder\nclass P:\n    pass\n"
        "sqlite3.register_adapter(P, lambda p: 'adapted')\nnumbers.Number.register(P)\nsocket.setdefaulttimeout(3)\n"
        "def default(self, value):\n    return 'object'\nJSONEncoder.default = default\nsetattr(json, 'EXTRA', 5)",
    ),
    (
        "two",
        "db = sqlite3.connect(':memory:')\nprint(db.execute('select ?', (P(),)).fetchone(), isinstance(P(), numbers.Number))\n"
        "print(socket.getdefaulttimeout(), json.dumps(object), json.EXTRA)",
    ),
)
case(
    "iterators are used up by calls",
    ("one", "it = iter('abcdef')\nseen = []\nlazy = map(lambda v: seen.append(v) or v, [1, 2])"),
    ("two", "first = next(it)\ntext = ','.join(zip(it, 'x').__next__())"),
    ("three", "print(first, text, list(it), list(lazy))"),
    ("four", "print(list(it), list(lazy), seen)"),
)

# --- tables and arrays

case(
    "names in queries",
    (None, "import pandas as pd"),
    ("one", "df = pd.DataFrame({'a': [1, 2, 3]})\nlow = 1\nk = 10\nleft = pd.Series([1, 2])"),
    ("two", "low = 2"),
    ("three", "df.eval('b = a * @k', inplace=True)\nprint(df.query('a >= @low'), pd.eval('left + 1').tolist())"),
)
case(
    "views in lists, iterators that write, generators from getattr",
    (None, "import numpy as np\nnp.random.seed(1)\ndraw = getattr(np.random, 'rand')"),
    (
        "one",
        "a = np.zeros(4)\nparts = np.split(a, 2)\nb = np.zeros(2)\nkids = np.random.default_rng(0).spawn(2)\nu = draw()",
    ),
    (
        "two",
        "parts[1][0] = 5\nwith np.nditer(b, op_flags=['readwrite']) as it:\n    for x in it:\n        x[...] = 7\n"
        "v = kids[0].integers(0, 99)",
    ),
    ("three", "print(a, parts, b, v, kids[0].integers(0, 99), u, draw())"),
)
case(
    "attributes and styles of tables",
    (None, "import pandas as pd"),
    ("one", "df = pd.DataFrame({'a': [1, 2]})\ndf.attrs['from'] = {'k': [1]}\nlimit = 1\n"
     "shown = df.style.map(lambda v: 'color: red' if v > limit else '')"),
    ("two", "df.attrs['from']['k'].append(2)\nlimit = 5"),
    ("three", "print(df.attrs, 'red' in shown.to_html())"),
)  # fmt: skip

# --- the process and the shell

case(
    "the time zone, and how much the shell shows",
    (
        "one",
        "import os, time, tempfile\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\n"
        "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = 'all'\n"
        "with tempfile.NamedTemporaryFile('w', delete=False) as f:\n    f.write('kept')\nplace = f.name",
    ),
    ("two", "time.strftime('%H', time.localtime(0))\nopen(place).read()"),
    ("three", "get_ipython().user_ns['made'] = time.tzname"),
    ("four", "print(made)"),
)
case(
    "folders that an untagged cell makes",
    ("parameters", "out = 'made'"),
    (None, "import os\nfrom pathlib import Path\nos.makedirs(out, exist_ok=True)\nif not os.path.exists('two'):\n    os.mkdir('two')\n"
     "(Path('three') / 'deep').mkdir(parents=True, exist_ok=True)\n!mkdir -p four"),
    ("one", "for name in (out, 'two', 'three/deep', 'four'):\n    Path(name, 'x.txt').write_text(name)"),
    ("two", "print(Path('four/x.txt').read_text(), Path(out, 'x.txt').read_text())"),
)  # fmt: skip
case(
    "a figure that stays open",
    (None, "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt"),
    ("one", "plt.plot([1, 2])"),
    ("two", "plt.figure()\nplt.plot([3])"),
    ("three", "print(len(plt.gca().lines))"),
    refused=("MDK154", 4, "pyplot"),
)
