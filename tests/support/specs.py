"""Pipelines of every kind for property tests, with texts that are hard to write down."""

from __future__ import annotations

import keyword
from typing import Any

from hypothesis import strategies as st

from mdk_converters.spec import CellSource, Component, Definition, Metadata, Parameter, Pipeline, Resources, ValueType

NASTY = [
    *["", " ", "\n", "\n\n", "\t", "\n \n", "x", "x\n", "x\n\n\n", "  indented", "\tx", "\n  x", "\n\tx", " \nx"],
    *["x \ny\t\n", "x\n   ", "x\n   \n", "x\n\n   \n\n", "# not a comment", "x\n# comment\n", "---", "...", "--- x"],
    *["- a", "a: b", "a:\n  - b", "? x", "| x", "> x", "%mdk", "%YAML 1.1", "@x", "`x`", "!ls", "!!python/object"],
    *["&a", "*a", "<<", "=", "{{ x }}", "{% x %}", "{}", "[]", '"', "'", '"""', "yes", "no", "on", "off", "y", "n"],
    *["true", "null", "~", "1", "1.0", "1e3", "1e-05", "0x1f", "0o17", "017", "1_000", "1:30", "2024-01-31", "+1"],
    *["2024-01-31T10:00:00Z", ".inf", ".nan", "-.inf", "-", ":", "a #b", "a:", "x\r\ny", "\r", "\x07", "\x00"],
    *["\x1b[0m", "\x85", "\u2028", "\u2029\n", "\ufeff", "\ufffe", "\x7f", "\xa0", "é", "日本語", "🎉", "\U0010ffff"],
    *["\\", "\\n", "a\\", "a\\\nb", "x" * 3000, "a\n\x07 b\n  c\n\td\n", "a\n\x07\n\n", "\x07\n   ", "\\ x\n\\\x07\n"],
]
KINDS: list[ValueType] = ["dataset", "int"]
STATES: list[dict[str, ValueType]] = [{}, {"state.numpy_random": "state"}]

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text("ab \t\n\r#:-|'\"\\{}[],&*!%@`\x07\x85\u2028é", max_size=20),
    st.lists(st.sampled_from(NASTY), max_size=4).map("\n".join),
)
variables = st.sampled_from(["x", "df", "größe", "on", "yes", "null", "y", "true", "π", "x" * 1500]) | st.text(
    "abcxyz_0", min_size=1, max_size=6
).filter(lambda text: text.isidentifier() and not keyword.iskeyword(text))
component_names = st.sampled_from(["load", "train", "1", "on", "null", "2024-01-31", "größe", "a-b", "1e3", "0x1"])
text_maps = st.dictionaries(texts, texts, max_size=2)
maybe_texts = st.none() | texts
data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
defaults: dict[Any, st.SearchStrategy[Any]] = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "str": texts,
    "list": st.lists(data, max_size=3),
    "dict": st.dictionaries(texts, data, max_size=3),
    "none": st.none(),
}


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    kind = draw(st.sampled_from(sorted(defaults)))
    description = draw(maybe_texts)
    if draw(st.booleans()):
        return Parameter(type=kind, description=description)
    return Parameter(type=kind, description=description, default=draw(st.none() | defaults[kind]))


definitions_of_pipelines = st.dictionaries(
    texts,
    st.builds(Definition, cell=maybe_texts, line=st.none() | st.integers(1, 99), source=texts),
    max_size=2,
)
resources = st.builds(
    Resources,
    cpu=st.none() | st.floats(0.1, 1e9) | st.sampled_from([1.0, 4.0]),
    memory=st.sampled_from([None, "16Gi", "512M", "4294967296"]),
    gpu=st.sampled_from([None, "nvidia-tesla-t4:1"]),
)


containers = st.builds(
    Component,
    image=texts,
    command=st.lists(texts, min_size=1, max_size=3),
    args=st.lists(texts, max_size=2),
    env=st.dictionaries(variables, texts, max_size=2),
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    def some(known: list[str]) -> list[str]:
        return draw(st.lists(st.sampled_from(known), max_size=2)) if known else []

    names = draw(st.lists(component_names, unique=True, min_size=1, max_size=3))
    declared = draw(st.dictionaries(variables, parameters(), max_size=2))
    definitions = draw(definitions_of_pipelines)
    kinds = {variable: parameter.type for variable, parameter in declared.items()}
    conditions = [f"{v} != 'a' or {v} in (1, None, True)" for v, kind in kinds.items() if kind not in ("list", "dict")]
    loops = [f"the_item in {variable}" for variable, kind in kinds.items() if kind == "list"]
    deciding = ["decides > 0.8", "decides == ': # yes'"]
    components: dict[str, Component] = {}
    sources: list[str] = []
    for number, name in enumerate(names):
        if draw(st.integers(0, 5)) == 0:
            components[name] = draw(containers)
            continue
        cell_ids = draw(st.sampled_from([[name], [f"{name} 1", f"{name} 2"], []]))
        inputs = draw(st.dictionaries(variables, st.sampled_from(sources), max_size=2)) if sources else {}
        outputs = draw(st.dictionaries(variables, st.sampled_from(KINDS), max_size=2))
        foreach = draw(st.sampled_from([None, *loops]))
        control = draw(st.sampled_from([{}, {"decides": sources[-1]}])) if sources else {}
        states = draw(st.sampled_from(STATES))
        components[name] = Component(
            description=draw(maybe_texts),
            definitions=some(list(definitions)),
            parameters=some(list(declared)),
            inputs=inputs,
            optional=some(list(inputs)),
            outputs=outputs | (states if foreach is None else {}),
            after=some(names[:number]),
            when=draw(st.sampled_from(deciding if control else [None, *conditions])),
            control=control,
            foreach=foreach,
            resources=draw(st.none() | resources),
            image=draw(maybe_texts),
            retries=draw(st.integers(0, 3)),
            timeout=draw(st.sampled_from([None, "30m", "1h30m"])),
            cache=draw(st.booleans()),
            env=draw(st.dictionaries(variables, texts, max_size=2)),
            labels=draw(text_maps),
            requirements=draw(st.lists(texts, max_size=6)),
            cells=[
                CellSource(id=cell_id, line_offset=draw(st.integers(0, 1)), source=draw(texts)) for cell_id in cell_ids
            ],
        )
        sources += [f"{name}.{output}" for output in outputs]
    metadata = Metadata(
        name=draw(st.sampled_from(["churn", "on", "12", "my notebook (1)", "größe: é"])),
        notebook=draw(maybe_texts),
        kernel=draw(texts),
        labels=draw(text_maps),
    )
    return Pipeline(metadata=metadata, parameters=declared, definitions=definitions, components=components)


def one_cell(source: str, cell_id: str = "c1") -> Pipeline:
    component = Component(cells=[CellSource(id=cell_id, source=source)])
    return Pipeline(metadata=Metadata(name="p"), components={"c": component})
