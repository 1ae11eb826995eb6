"""The flowchart of a pipeline."""

from __future__ import annotations

from mdk_converters.spec import CellSource, Component, Metadata, Pipeline
from mdk_converters.targets import TARGETS


def chart(**components: Component) -> str:
    (text,) = TARGETS["mermaid"](Pipeline(metadata=Metadata(name="p"), components=components)).values()
    return text


def component(inputs: dict[str, str] | None = None, after: list[str] | None = None) -> Component:
    return Component(inputs=inputs or {}, after=after or [], cells=[CellSource(id="x", source="x")])


def test_values_are_solid_and_order_alone_is_dotted() -> None:
    assert (
        chart(
            load=component(),
            end=component(after=["load", "load"]),
            train=component({"flights": "load.flights", "y": "load.target"}, after=["load", "end"]),
        )
        == """\
flowchart TD
    c1["load"]
    c2["end"]
    c3["train"]
    c1 -.-> c2
    c1 -->|"flights<br/>target"| c3
    c2 -.-> c3
"""
    )


def test_conditions_are_diamonds_and_loops_say_for_what() -> None:
    decided = Component(
        when="auc > 0.8",
        foreach="rate in rates",
        control={"auc": "load.auc", "rates": "load.rates"},
        cells=[CellSource(id="x", source="x")],
    )
    assert (
        chart(load=component(), train=decided)
        == """\
flowchart TD
    c1["load"]
    c2[["train<br/>× each rate in rates"]]
    c2w{"auc #62; 0.8"}
    c1 -->|"auc"| c2w
    c1 -->|"rates"| c2
    c2w -->|"yes"| c2
"""
    )


def test_many_names_are_cut_short() -> None:
    inputs = {f"x{number}": f"load.x{number}" for number in range(9)}
    assert '|"x0<br/>x1<br/>x2<br/>x3<br/>x4<br/>and 4 more"|' in chart(load=component(), use=component(inputs))


def test_names_cannot_break_out() -> None:
    text = chart(**{'a"]; click c1 "x': component(), "b": component({"größe": 'a"]; click c1 "x.größe'})})
    assert text.splitlines()[1] == '    c1["a#34;#93;#59; click c1 #34;x"]'
    assert '-->|"größe"|' in text
