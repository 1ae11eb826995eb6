"""Functions and classes of the notebook in another process: as if it were the notebook's own."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


# Functions


def test_a_function_reads_the_globals_of_the_process_it_is_in(steps: Steps) -> None:
    steps.run("one", "scale = 2\ndef f(x): return x * scale", outputs="f scale")
    two = steps.run("two", "print(f(3)); scale = 10; print(f(3))", inputs="f scale")
    assert two.printed == "6\n30\n"
    three = steps.run("three", "try:\n    f(1)\nexcept NameError as e:\n    print(e)", inputs="f")
    assert three.printed == "name 'scale' is not defined\n"


def test_a_function_brings_the_modules_functions_and_classes_it_reads(steps: Steps) -> None:
    cell = """
    import math as m
    from math import floor
    class Box:
        def __init__(self, v): self.v = v
    def helper(x): return Box(m.sqrt(x))
    def f(x): return floor(helper(x).v)
    """
    steps.run("one", cell, outputs="f")
    two = steps.run("two", "print(f(17), 'helper' in globals())", inputs="f")
    assert two.printed == "4 True\n"


def test_what_the_process_has_already_is_not_replaced(steps: Steps) -> None:
    steps.run("one", "def helper(): return 'old'\ndef f(): return helper()", outputs="f")
    two = steps.run("two", "print(f())", definitions=("def helper(): return 'new'",), inputs="f")
    assert two.printed == "new\n"


def test_a_function_that_is_defined_here_too_is_the_same_object(steps: Steps) -> None:
    source = "def f(x, y=(1, 'a'), *, z=2.0):\n    return [x for _ in (1, 1.0, True)]"
    steps.run("one", "by_name = {'f': f}", definitions=(source,), outputs="by_name")
    two = steps.run("two", "print(by_name['f'] is f)", definitions=("\n\n" + source,), inputs="by_name")
    assert two.printed == "True\n"


@pytest.mark.parametrize(
    "other",
    [
        "def f(x=1): return x",
        "def f(x=True): return 1",
        "def f(x=1): return 1.0",
        "def f(x=1):\n    return 1\nf.note = 'mine'",
        "def outer():\n    def f(x=1): return 1\n    return f\nf = outer()",
    ],
)
def test_another_function_of_that_name_is_another(steps: Steps, other: str) -> None:
    steps.run("one", "kept = [f]", definitions=("def f(x=1): return 1",), outputs="kept")
    two = steps.run("two", "print(kept[0] is f, kept[0]())", definitions=(other,), inputs="kept")
    assert two.printed == "False 1\n"


def test_everything_about_a_function_crosses(steps: Steps) -> None:
    cell = textwrap.dedent('''
    def make(n):
        total = n
        def f(a: int, /, b: "str" = "b", *rest, c=[1], **more) -> float:
            """Says it."""
            nonlocal total
            total += a
            return total, b, c
        f.calls = 7
        return f
    g = make(10)
    ''')
    look = (
        "import inspect\n"
        "print(g(1), g.calls, g.__doc__, g.__qualname__, g.__name__, g.__module__, g.__annotations__)\n"
        "print(inspect.signature(g))\n"
        "print(inspect.getsource(g))"
    )
    cell += "_ = g(1)\n"
    steps.run("one", cell, outputs="g")
    there = steps.run("two", look, inputs="g").printed
    assert there == steps.run("here", cell, look).printed
    assert "(12, 'b', [1]) 7" in there


def test_closures_that_share_a_variable_go_on_sharing_it(steps: Steps) -> None:
    cell = """
    def counter():
        n = 0
        def up():
            nonlocal n
            n += 1
        def now(): return n
        return up, now
    up, now = counter()
    up()
    """
    one = steps.run("one", cell, outputs="up now")
    assert one.outputs["up"]["key"] == "up"
    assert steps.run("two", "up(); print(now())", inputs="up now").printed == "2\n"


def test_recursion_works(steps: Steps) -> None:
    cell = """
    def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
    g = fib
    def outer():
        def even(n): return True if n == 0 else odd(n - 1)
        def odd(n): return False if n == 0 else even(n - 1)
        return even
    even = outer()
    def self_default(): pass
    self_default.__defaults__ = (self_default,)
    """
    steps.run("one", cell, outputs="g even")
    assert steps.run("two", "print(g(10), even(10), even(7))", inputs="g even").printed == "55 True False\n"


def test_lambdas_partials_methods_and_caches_cross(steps: Steps) -> None:
    cell = """
    import functools, operator
    add = lambda a, b=1: a + b + base
    base = 100
    partial = functools.partial(add, b=5)
    @functools.lru_cache(maxsize=3)
    def cached(x): return x * base
    cached(1)
    @functools.singledispatch
    def show(x): return "any"
    @show.register
    def _(x: int): return "int"
    getter = operator.itemgetter(1)
    class K:
        def m(self): return base
    bound = K().m
    def deco(f):
        @functools.wraps(f)
        def wrapper(*a): return f(*a) + 1
        return wrapper
    @deco
    def plus(x): return x
    """
    steps.run("one", cell, outputs="add base partial cached show getter bound plus")
    two = steps.run(
        "two",
        "print(add(1), partial(1), cached(2), cached.cache_info().hits, show(1), show('a'), getter('ab'), bound())\n"
        "print(plus(1), plus.__wrapped__(1), plus.__name__)\nbase = 0\nprint(add(1), bound())",
        inputs="add base partial cached show getter bound plus",
    )
    assert two.printed == "102 106 200 0 int any b 100\n2 1 plus\n2 0\n"


def test_a_function_of_the_users_own_module_is_that_modules(steps: Steps) -> None:
    (steps.folder / "own.py").write_text(
        "level = 1\ndef f(): return level\ndef make():\n    def g(): return level\n    return g\nclass C: pass\n"
    )
    find = f"import sys\nsys.path.insert(0, {str(steps.folder)!r})\nimport own"
    steps.run("one", "f, g, c, m = own.f, own.make(), own.C(), own", definitions=(find,), outputs="f g c m")
    two = steps.run(
        "two",
        "print(f is own.f, m is own, type(c) is own.C); own.level = 9; print(f(), g())",
        definitions=(find,),
        inputs="f g c m",
    )
    assert two.printed == "True True True\n9 9\n"


# Classes

POINT = """
from dataclasses import dataclass
@dataclass
class Point:
    x: int
    y: int = 0
    def norm(self): return (self.x ** 2 + self.y ** 2) ** 0.5
"""


def test_instances_are_of_the_class_that_is_defined_here(steps: Steps) -> None:
    steps.run("one", "p = Point(3, 4)", definitions=(POINT,), outputs="p")
    two = steps.run("two", "print(type(p) is Point, p == Point(3, 4), p.norm())", definitions=(POINT,), inputs="p")
    assert two.printed == "True True 5.0\n"


def test_a_class_that_is_missing_here_is_rebuilt_once(steps: Steps) -> None:
    steps.run("one", "p = Point(3, 4)\nrows = [Point(1)]", definitions=(POINT,), outputs="p rows")
    two = steps.run(
        "two",
        "import dataclasses, pickle\n"
        "print(p, type(p) is type(rows[0]), p == type(p)(3, 4), dataclasses.asdict(p), p.norm())\n"
        "print(pickle.loads(pickle.dumps(p)) == p, dataclasses.replace(p, x=0))\n"
        "@dataclasses.dataclass\nclass Deep(type(p)):\n    z: int = 1\nprint(Deep(1, 2))",
        inputs="p rows",
        outputs="p",
    )
    assert two.printed == (
        "Point(x=3, y=4) True True {'x': 3, 'y': 4} 5.0\nTrue Point(x=0, y=4)\nDeep(x=1, y=2, z=1)\n"
    )
    three = steps.run("three", "print(type(p) is Point, type(rows[0]) is Point)", definitions=(POINT,), inputs="p rows")
    assert three.printed == "True True\n"


def test_artifacts_of_two_steps_meet_in_one_class(steps: Steps) -> None:
    steps.run("one", "p = Point(1)", definitions=(POINT,), outputs="p")
    steps.run("two", "q = Point(1)", definitions=(POINT,), outputs="q")
    assert steps.run("three", "print(type(p) is type(q), p == q)", inputs="p q").printed == "True True\n"


def test_another_class_of_that_name_is_another(steps: Steps) -> None:
    steps.run("one", "class C:\n    x = 1\nc = C()", outputs="c")
    steps.run("two", "class C:\n    x = 1\nclass C:\n    x = 2\nc2 = C()", outputs="c2")
    three = steps.run("three", "class C:\n    x = 3\nprint(c.x, c2.x, C().x, type(c) is type(c2))", inputs="c c2")
    assert three.printed == "1 2 3 False\n"


def test_an_instance_of_a_class_that_was_redefined_keeps_its_own(steps: Steps) -> None:
    cell = "class C:\n    def say(self): return 'old'\nold = C()\nclass C:\n    def say(self): return 'new'\nnew = C()"
    steps.run("one", cell, outputs="old new")
    new = "class C:\n    def say(self): return 'new'"
    two = steps.run("two", "print(old.say(), new.say(), type(new) is C)", definitions=(new,), inputs="old new")
    assert two.printed == "old new True\n"


STATEFUL = """
class Config:
    rate = 0.1
    seen = []
    def get(self): return self.rate
class Special(Config):
    pass
"""


def test_a_class_handed_on_by_name_arrives_in_its_state(steps: Steps) -> None:
    change = "Config.rate = 0.5\nConfig.extra = 'e'\nConfig.seen.append(1)\ndel Config.get\nc = Config()"
    steps.run("one", change, definitions=(STATEFUL,), outputs="Config c")
    two = steps.run(
        "two",
        "print(Config.rate, Config.extra, Config.seen, hasattr(Config, 'get'), type(c) is Config, c.rate)\n"
        "print(issubclass(Special, Config), Special.rate)",
        definitions=(STATEFUL,),
        inputs="Config c",
    )
    assert two.printed == "0.5 e [1] False True 0.5\nTrue 0.5\n"
    bare = steps.run("bare", "print(Config.rate, type(c) is Config)", inputs="Config c")
    assert bare.printed == "0.5 True\n"


def test_an_instance_does_not_touch_the_state_of_its_class(steps: Steps) -> None:
    steps.run("one", "c = Config()", definitions=(STATEFUL,), outputs="c")
    steps.run("two", "Config.rate = 0.9", definitions=(STATEFUL,), outputs="Config")
    for order in ("c Config", "Config c"):
        three = steps.run("three", "print(c.rate, c.get())", definitions=(STATEFUL,), inputs=order)
        assert three.printed == "0.9 0.9\n"


def test_methods_read_the_globals_of_the_process_they_are_in(steps: Steps) -> None:
    cell = "base = 1\nclass C:\n    def get(self): return base\nc = C()"
    steps.run("one", cell, outputs="c base")
    assert steps.run("two", "base = 5\nprint(c.get())", inputs="c base").printed == "5\n"


KINDS = '''
import abc, dataclasses, enum, functools, typing, collections
class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.by = "meta"
        return made
class WithMeta(metaclass=Meta):
    pass
class Base:
    def __init__(self, a): self.a = a
    def who(self): return "base"
class Derived(Base):
    """Documented."""
    kind: typing.ClassVar[str] = "k"
    def __init__(self, a):
        super().__init__(a)
        self._p = a
    def who(self): return super().who() + __class__.__name__
    @property
    def p(self): return self._p
    @p.setter
    def p(self, v): self._p = v
    @classmethod
    def make(cls, a): return cls(a)
    @staticmethod
    def twice(a): return a * 2
    @functools.cached_property
    def slow(self): return self.a + 1
    @functools.lru_cache
    def hard(self, n): return n
    def __eq__(self, other): return self.a == other.a
    def __hash__(self): return 1
class Slots:
    __slots__ = ("a", "__b")
    def __init__(self): self.a, self.__b = 1, 2
    def b(self): return self.__b
class Colour(enum.Enum):
    RED = 1
    BLUE = 2
    @property
    def nice(self): return self.name.title()
class Flags(enum.IntFlag):
    A = enum.auto()
    B = enum.auto()
class Row(typing.NamedTuple):
    x: int
    y: str = "d"
Pair = collections.namedtuple("Pair", "l r")
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, s): self.s = s
    def area(self): return self.s ** 2
class Busy(Exception):
    def __init__(self, what, when): super().__init__(f"{what} is busy"); self.when = when
class Node:
    def __init__(self): self.me, self.kind = self, Node
class Oops(ValueError):
    def __init__(self, code): super().__init__(f"code {code}"); self.code = code
    def __reduce__(self): return Oops, (self.code,)
T = typing.TypeVar("T")
class Stack(typing.Generic[T]):
    def __init__(self): self.items: list[T] = []
class Outer:
    class Inner:
        v = 1
class Movie(typing.TypedDict, total=False):
    name: str
class Sized(typing.Protocol):
    def size(self) -> int: ...
class Real(Sized):
    def size(self): return 3
@dataclasses.dataclass(slots=True, frozen=True, order=True)
class Frozen:
    a: int
    b: list = dataclasses.field(default_factory=list, compare=False)
class Level(enum.StrEnum):
    LOW = "low"
class Missing(dict):
    def __missing__(self, key): return key * 2
class Names(list):
    def __init__(self, *a): super().__init__(a); self.note = "n"
'''
VALUES = """
with_meta = WithMeta()
d = Derived(2); d.slow
slots = Slots()
colours = [Colour.RED, Colour.BLUE]; flags = Flags.A | Flags.B
row = Row(1); pair = Pair(1, 2)
square = Square(3)
node = Node()
oops = Oops(5); busy = Busy("it", "now"); busy.add_note("a note")
stack = Stack[int](); stack.items.append(1)
inner = Outer.Inner()
def local():
    class L:
        def hi(self): return "hi"
    return L()
loc = local()
movie = Movie(name="m"); real = Real(); frozen = Frozen(1, [2]); level = Level.LOW; missing = Missing(a=1)
names = Names(1, 2)
kinds = [Movie, Sized, Frozen, Level]
"""
ALL = "with_meta d slots colours flags row pair square node oops busy stack inner loc "
ALL += "movie real frozen level missing names kinds"
USE = """
print(with_meta.by, type(type(with_meta)).__name__, type(with_meta)().by)
D = type(d)
print(d.who(), d.p, D.make(4).a, D.twice(3), d.slow, d.hard(1), d == D(2), D.__doc__, D.kind, D.__mro__[1].__name__)
d.p = 7; print(d.p)
print(slots.a, slots.b(), hasattr(slots, "__dict__"))
try: slots.other = 1
except AttributeError: print("no other")
E = type(colours[0])
print(colours[0] is E.RED, E(2) is colours[1], colours[0].nice, list(E), flags, int(flags))
print(row, row.x, row._replace(x=5), type(row)(2), pair, pair.r, isinstance(row, tuple))
print(square.area(), type(square).__mro__[1].__name__)
try: type(square).__mro__[1]()
except TypeError: print("abstract")
print(node.me is node, node.kind is type(node))
try: raise oops
except ValueError as e: print(e, e.code)
print(repr(busy), busy.when, busy.args, busy.__notes__)
print(stack.items, type(stack).__orig_bases__[0].__origin__.__name__)
print(movie, real.size(), frozen, frozen < type(frozen)(2), level, level == "low", missing["b"], names, names.note)
try: frozen.a = 2
except AttributeError as e: print(type(e).__name__)
print(hasattr(frozen, "__dict__"), kinds[0].__total__, kinds[0](name="x"), kinds[2](5).b, kinds[3]("low"), len(kinds))
print(inner.v, type(inner).__qualname__, loc.hi(), type(loc).__qualname__)
"""


def test_classes_of_every_kind_cross_when_they_are_defined_here(steps: Steps) -> None:
    here = steps.run("here", VALUES, USE, definitions=(KINDS,)).printed
    steps.run("one", VALUES, definitions=(KINDS,), outputs=ALL)
    there = steps.run(
        "two", USE, "print(D is Derived, E is Colour, type(row) is Row)", definitions=(KINDS,), inputs=ALL
    )
    assert there.printed == here + "True True True\n"


def test_classes_of_every_kind_cross_when_they_are_missing_here(steps: Steps) -> None:
    here = steps.run("here", VALUES, USE, definitions=(KINDS,)).printed
    steps.run("one", VALUES, definitions=(KINDS,), outputs=ALL)
    assert steps.run("two", USE, inputs=ALL).printed == here
    steps.run("pass", "pass", inputs=ALL, outputs=ALL)
    last = steps.run("three", USE, "print(D is Derived, E is Colour)", definitions=(KINDS,), inputs=ALL)
    assert last.printed == here + "True True\n"


def test_classes_made_in_a_loop_stay_apart(steps: Steps) -> None:
    cell = """
    def make(n):
        class K:
            v = n
            def get(self): return n
        return K
    a, b = make(1)(), make(2)()
    """
    steps.run("one", cell, outputs="a b")
    two = steps.run("two", "print(a.v, b.v, a.get(), b.get(), type(a) is type(b))", inputs="a b")
    assert two.printed == "1 2 1 2 False\n"


def test_a_plugin_registry_is_not_filled_twice(steps: Steps) -> None:
    cell = """
    class Plugin:
        known = []
        def __init_subclass__(cls, **kw): Plugin.known.append(cls.__name__)
    class A(Plugin): pass
    a = A()
    """
    steps.run("one", cell, outputs="a Plugin")
    assert steps.run("two", "print(Plugin.known, isinstance(a, Plugin))", inputs="a Plugin").printed == "['A'] True\n"
    defined = steps.run("three", "print(Plugin.known)", definitions=(cell,), inputs="a Plugin")
    assert defined.printed == "['A']\n"


def test_artifacts_do_not_depend_on_the_process(steps: Steps) -> None:
    cell = POINT + "def f(a, k=Point): return Point(a)\np = [Point(1), Point.norm, f]\ncolours = {'x': lambda: 3}"
    first = steps.run("one", cell, outputs="p f colours").outputs
    again = steps.run("one", cell, outputs="p f colours").outputs
    assert {name: record["digest"] for name, record in first.items()} == {
        name: record["digest"] for name, record in again.items()
    }


def test_sentinels_and_singletons_stay_themselves(steps: Steps) -> None:
    cell = """
    import sys, random, dataclasses
    import numpy as np, pandas as pd
    import sklearn.utils
    values = [None, ..., pd.NA, pd.NaT, np.ma.masked, sys.stdout, dataclasses.MISSING, sys.modules["__main__"],
              sklearn.utils.check_random_state(None), random._inst, get_ipython()]
    missing = object()
    table = {"a": missing}
    """
    steps.run("one", cell, outputs="values missing table")
    check = """
    import sys, random, dataclasses
    import numpy as np, pandas as pd
    expected = [None, ..., pd.NA, pd.NaT, np.ma.masked, sys.stdout, dataclasses.MISSING, sys.modules["__main__"],
                np.random.mtrand._rand, random._inst, get_ipython()]
    print([a is b for a, b in zip(values, expected)].count(True), table["a"] is missing)
    """
    assert steps.run("two", check, inputs="values missing table").printed == "11 True\n"


def test_what_stands_under_another_name_is_found_there(steps: Steps) -> None:
    define = """
    import collections, typing
    Pair = collections.namedtuple("P", "l r")
    add = lambda a: a + 1
    Id = typing.NewType("Identity", int)
    class C: pass
    D = C
    del C
    """
    steps.run("one", "values = [Pair(1, 2), add, D()]\nids = [Id]", definitions=(define,), outputs="values ids")
    look = "print(type(values[0]) is Pair, values[1] is add, type(values[2]) is D, values[0] == Pair(1, 2), ids[0](5))"
    assert steps.run("two", look, definitions=(define,), inputs="values ids").printed == "True True True True 5\n"


def test_models_of_pydantic_cross(steps: Steps) -> None:
    define = """
    import pydantic
    class Part(pydantic.BaseModel):
        n: int = 1
    class Order(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="forbid")
        name: str
        parts: list[Part] = []
        @pydantic.field_validator("name")
        @classmethod
        def upper(cls, value): return value.upper()
    """
    steps.run("one", "order = Order(name='a', parts=[{'n': 2}])", definitions=(define,), outputs="order")
    look = "print(repr(order), type(order).model_validate({'name': 'b'}), order == type(order)(name='a', parts=[Part(n=2)]))"
    expected = "Order(name='A', parts=[Part(n=2)]) name='B' parts=[] True\n"
    assert steps.run("two", look, definitions=(define,), inputs="order").printed == expected
    assert steps.run("three", look, inputs="order").printed == expected


def test_asynchronous_functions_and_generators_cross(steps: Steps) -> None:
    cell = """
    async def wait(x): return x
    def count(n):
        yield from range(n)
    async def stream():
        yield 1
    """
    steps.run("one", cell, outputs="wait count stream")
    look = "print(await wait(3), list(count(2)), [x async for x in stream()])"
    assert steps.run("two", look, inputs="wait count stream").printed == "3 [0, 1] [1]\n"


LOCKED = """
import threading, functools
lock = threading.Lock()
def locked(f):
    own = threading.Lock()
    @functools.wraps(f)
    def wrapper(*a):
        with own: return f(*a)
    return wrapper
@locked
def helper(x): return x + 1
class Store:
    lock = threading.Lock()
    count = 0
    def __init__(self): super().__init__(); self.items = []
    def add(self, x):
        with self.lock, lock:
            self.items.append(helper(x)); Store.count += 1
            return self.items
"""


def test_a_class_with_a_lock_crosses_where_it_is_defined(steps: Steps) -> None:
    steps.run(
        "one", "s = Store()\n_ = s.add(1)\ndef use(s): return s.add(5)", definitions=(LOCKED,), outputs="s use Store"
    )
    two = steps.run("two", "print(use(s), type(s) is Store, Store.count)", definitions=(LOCKED,), inputs="s use Store")
    assert two.printed == "[2, 6] True 2\n"
    two = steps.run("two", "print(s.add(5), Store.count)", definitions=(LOCKED,), inputs="s")
    assert two.printed == "[2, 6] 1\n"
    for name in ("s", "Store"):
        three = steps.run("three", "print(1)", inputs=name, check=False)
        assert three.error is not None
        assert three.error["code"] == "MDK327"
        assert "Store" in three.error["message"]
        assert "`lock`" in three.error["message"]


def test_a_class_that_changes_its_state_is_guarded(steps: Steps) -> None:
    steps.run("one", "Config.rate = 0.5", definitions=(STATEFUL,), outputs="Config")
    two = steps.run("two", "Config().get(); Config.rate", definitions=(STATEFUL,), inputs="Config", guard="Config")
    assert two.error is None
    for change in ("Config.rate = 1", "Config.seen.append(2)", "Config.new = 1", "Config.get = lambda self: 1"):
        three = steps.run("three", change, definitions=(STATEFUL,), inputs="Config", guard="Config", check=False)
        assert three.error is not None, change
        assert three.error["code"] == "MDK323"


def test_models_of_scikit_learn_predict_the_same(steps: Steps) -> None:
    cell = """
    import numpy as np, pandas as pd
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    class Clip(BaseEstimator, TransformerMixin):
        def __init__(self, top=1.0): self.top = top
        def fit(self, X, y=None): return self
        def transform(self, X): return np.minimum(X, self.top)
    def double(X): return X * factor
    factor = 2
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)); y = (X[:, 0] > 0).astype(int)
    models = [
        make_pipeline(Clip(), FunctionTransformer(double), StandardScaler(), LogisticRegression()).fit(X, y),
        RandomForestClassifier(5, random_state=0).fit(X, y),
    ]
    knn = KNeighborsClassifier().fit(X, y)
    import sys
    expected = [m.predict_proba(X).tobytes() for m in [*models, knn]]
    """
    one = steps.run("one", cell, outputs="models knn X factor expected")
    assert all(record["status"] == "value" for record in one.outputs.values())
    two = steps.run(
        "two",
        "print([m.predict_proba(X).tobytes() for m in [*models, knn]] == expected, models[0][0])",
        inputs="models knn X factor expected",
        guard="models knn X",
    )
    assert two.printed == "True Clip()\n"
