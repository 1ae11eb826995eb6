"""The options of a component: every word there is, how its value is read, and what two say together."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mdk_converters.conditions import parse_condition
from mdk_converters.loops import parse_loop
from mdk_converters.quantities import gpu_type_and_count, memory_bytes, seconds


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a component. `None` and empty mean: not given."""

    after: tuple[str, ...] = ()
    when: str | None = None  # "auc > 0.8"
    foreach: str | None = None  # "lr in learning_rates"
    cpu: float | None = None
    memory: str | None = None
    gpu: str | None = None  # TYPE:COUNT
    image: str | None = None
    retries: int | None = None
    timeout: str | None = None  # "30m", "2h", "90s"
    cache: bool | None = None
    description: str | None = None
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()  # names that the component changes in place, where no reading can tell
    outputs: tuple[str, ...] = ()  # names to keep although nobody reads them
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)  # environment variable -> SECRET or SECRET:KEY
    volumes: Mapping[str, str] = field(default_factory=dict)  # folder -> persistent volume claim
    metrics: tuple[str, ...] = ()  # outputs to log as metrics


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a component: its word in tags, flags and `metadata.mdk`, and how its value is read.

    `parse` takes what is written (text, or a JSON value) and raises ValueError with what is wanted instead.
    """

    word: str
    field: str  # of Options; also accepted as the word
    example: str
    help: str
    parse: Callable[[Any], Any]
    many: Literal["", "list", "map"] = ""
    commas: bool = False  # several values in one text, apart by commas

    @property
    def flag(self) -> str:
        """The option with its example, as a `%%component` line has it."""
        return f"--{self.word} {self.quoted(self.example)}"

    def quoted(self, value: str) -> str:
        """Return a value as it is written behind a flag."""
        if not re.search(r"[\s\"']", value):
            return value
        return f'"{value}"' if not re.search(r'["\\]', value) else shlex.quote(value)

    def read(self, raw: Any) -> Any:
        """Return the value of the option's field; several values only where the option takes several.

        Raises:
            ValueError: the value is unusable; the message is what to write.
        """
        if self.many == "map":
            pairs = [f"{k}={_scalar(v)}" for k, v in raw.items()] if isinstance(raw, dict) else raw
            return dict(map(self.parse, pairs if isinstance(pairs, list) else [pairs]))
        if self.many == "list":
            items = raw.split(",") if self.commas and isinstance(raw, str) else raw
            return tuple(dict.fromkeys(map(self.parse, items if isinstance(items, list) else [items])))
        return self.parse(raw)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise ValueError("write text values")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write some text")
    return value.strip()


def _condition(value: Any) -> str:
    return parse_condition(_text(value)).text


def _loop(value: Any) -> str:
    return parse_loop(_text(value)).text


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or re.search(r"\s", value.strip()):
        raise ValueError("write one word without spaces")
    return value.strip()


def _cpu(value: Any) -> float:
    text = str(value).strip()
    milli = re.fullmatch(r"\d{1,9}m", text, re.ASCII)
    plain = re.fullmatch(r"\d{1,6}(\.\d{1,6})?|\.\d{1,6}", text, re.ASCII)
    number = int(text[:-1]) / 1000 if milli else float(text) if plain else 0.0
    if number <= 0:
        raise ValueError("write a number of processors such as 4 or 0.5")
    return number


def _memory(value: Any) -> str:
    text = str(value).strip()
    memory_bytes(text)
    return text


def _gpu(value: Any) -> str:
    text = str(value).strip()
    if re.fullmatch(r"[1-9]\d{0,5}", text, re.ASCII):
        text = f"nvidia.com/gpu:{text}"  # any GPU, under the name that Kubernetes gives it
    kind, count = gpu_type_and_count(text)
    return f"{kind}:{count}"


def _count(value: Any) -> int:
    text = str(value).strip()
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        raise ValueError("write a whole number such as 2")
    return int(text)


def _duration(value: Any) -> str:
    text = str(value).strip()
    seconds(text)
    return text


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    if isinstance(value, str) and value.strip().lower() in known:
        return known[value.strip().lower()]
    raise ValueError("write on or off")


def _variable(value: Any) -> str:
    name = unicodedata.normalize("NFKC", value.strip()) if isinstance(value, str) else ""
    if not name.isidentifier():
        raise ValueError("write the name of a variable")
    return name


def _requirement(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"[A-Za-z0-9./]", value.strip()):
        raise ValueError("write a package as pip takes it, such as scikit-learn>=1.4")
    return value.strip()


def _pair(key: str, wanted: str) -> Callable[[Any], tuple[str, str]]:
    def parse(value: Any) -> tuple[str, str]:
        name, equals, content = value.partition("=") if isinstance(value, str) else ("", "", "")
        if not equals or not re.fullmatch(key, name.strip()):
            raise ValueError(wanted)
        return name.strip(), content.strip()

    return parse


_VARIABLE = r"[A-Za-z_]\w*"
_LABEL = r"[A-Za-z0-9]([\w./-]*[A-Za-z0-9])?"


def _secret(value: Any) -> tuple[str, str]:
    wanted = "write VARIABLE=SECRET or VARIABLE=SECRET:KEY"
    variable, secret = _pair(_VARIABLE, wanted)(value)
    if not re.fullmatch(r"[^\s:]+(:[^\s:]+)?", secret):
        raise ValueError(wanted)
    return variable, secret


def _volume(value: Any) -> tuple[str, str]:
    wanted = "write /FOLDER=CLAIM"
    folder, claim = _pair(r"/[^\s=]+", wanted)(value)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", claim):
        raise ValueError(wanted)
    return folder, claim


_OPTIONS = [
    Option("after", "after", "load", "run after this component, even if no data flows", _word, "list", True),
    Option("when", "when", "auc > 0.8", "run only if this holds, otherwise the step is skipped", _condition),
    Option("foreach", "foreach", "lr in rates", "run once for each item; what it binds becomes lists", _loop),
    Option("cpu", "cpu", "4", "processors", _cpu),
    Option("memory", "memory", "16Gi", "memory", _memory),
    Option("gpu", "gpu", "nvidia-tesla-t4:1", "accelerator, and how many", _gpu),
    Option("image", "image", "training", "container image of a remote step", _word),
    Option("retries", "retries", "2", "how often a failed step is tried again", _count),
    Option("timeout", "timeout", "30m", "a step that takes longer fails", _duration),
    Option("cache", "cache", "off", "whether an unchanged step may be skipped", _switch),
    Option("description", "description", "cleans the flights", "what the component does", _text),
    Option("requirement", "requirements", "scikit-learn>=1.4", "package to install", _requirement, "list"),
    Option("file", "files", "data/*.csv", "local file that the component needs", _text, "list"),
    Option("changes", "changes", "model", "variable that is changed in place unseen", _variable, "list", True),
    Option("output", "outputs", "auc", "variable to keep although no component reads it", _variable, "list", True),
    Option("metric", "metrics", "auc", "variable to log as a metric", _variable, "list", True),
    Option("env", "env", "STAGE=dev", "environment variable", _pair(_VARIABLE, "write NAME=VALUE"), "map"),
    Option("secret", "secrets", "TOKEN=api-token", "environment variable from a secret", _secret, "map"),
    Option("volume", "volumes", "/data=claim", "folder from a volume claim of the cluster", _volume, "map"),
    Option("label", "labels", "team=risk", "label of a remote step", _pair(_LABEL, "write KEY=VALUE"), "map"),
    Option(
        "annotation",
        "annotations",
        "owner=ann",
        "annotation of a remote step",
        _pair(_LABEL, "write KEY=VALUE"),
        "map",
    ),
]
COMPONENT_OPTIONS: Mapping[str, Option] = {option.word: option for option in _OPTIONS}
OPTIONS_BY_WORD: Mapping[str, Option] = {**COMPONENT_OPTIONS, **{option.field: option for option in _OPTIONS}}
"""Under the name of its field, too: `file` and `files` are one option."""


def merge_options(one: Options, other: Options) -> tuple[Options, tuple[str, ...]]:
    """Return both together, and the words of the options on which they differ (there, `one` holds)."""
    merged: dict[str, Any] = {}
    differing = []
    for option in _OPTIONS:
        mine, yours = getattr(one, option.field), getattr(other, option.field)
        if option.many == "list":
            merged[option.field] = tuple(dict.fromkeys([*mine, *yours]))
        elif option.many == "map":
            merged[option.field] = {**yours, **mine}
            differing += [option.word] if any(mine[k] != yours[k] for k in mine.keys() & yours.keys()) else []
        else:
            merged[option.field] = yours if mine is None else mine
            differing += [option.word] if None not in (mine, yours) and mine != yours else []
    return Options(**merged), tuple(differing)
