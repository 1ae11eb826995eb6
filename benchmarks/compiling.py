"""How long a chain of steps takes to compile for Kubeflow Pipelines, ours against kfp's own compiler.

Each measurement is a process of its own, `python compiling.py SIDE STEPS`, which imports what it needs first.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import Row, Section
from timing import command, tell

STEPS = (5, 50, 500)
BUDGETS = {500: 1.0}  # seconds


def section() -> Section:
    """Measure our compiler against kfp's."""
    rows = []
    for steps in STEPS:
        ours, kfp, plain = (_measured(side, steps) for side in SIDES)
        rows.append(Row(f"{steps} steps", ours, "kfp's compiler", kfp, BUDGETS.get(steps)))
        rows.append(Row(f"{steps} steps", ours, "the same, of steps that ask for nothing", plain))
    tell("")
    how = "A chain of steps that ask for processors and memory. Seconds of the processor, no imports; medians of 3."
    return Section("To Kubeflow Pipelines", how, rows)


def _measured(side: str, steps: int) -> float:
    """Return the processor seconds that one side takes, in a process of its own."""
    tell(f"{steps} steps {side}")
    return float(command(sys.executable, "-W", "ignore", __file__, side, str(steps)))


def _timed(work: Callable[[], object]) -> list[float]:
    """Return the processor seconds that the work takes, three times after a first one."""
    times = []
    for _ in range(4):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return times[1:]


def _ours(steps: int) -> Callable[[], object]:
    from mdk_converters.spec import CellSource, Component, Metadata, Parameter, Pipeline, Resources
    from mdk_converters.targets import kfp

    components = {
        f"s{number}": Component(
            parameters=["n"],
            inputs={"data": f"s{number - 1}.data"} if number else {},
            outputs={"data": "dataset"},
            resources=Resources(cpu=2, memory="4Gi"),
            cells=[CellSource(id=str(number), source=f"data = [{number}] * n\nprint(data)\n")],
        )
        for number in range(steps)
    }
    parameters = {"n": Parameter(type="int", default=3)}
    pipeline = Pipeline(metadata=Metadata(name="chain"), parameters=parameters, components=components)
    return lambda: kfp.to_json(kfp.compile(pipeline, bundle="0" * 64))


def _kfp(steps: int, resources: bool = True) -> Callable[[], object]:
    from kfp import compiler, dsl

    signature = "n: int, data: dsl.Output[dsl.Dataset]"
    body = "return dsl.ContainerSpec(image='python:3.11-slim', command=['python3'], args=['--step', 'x' * 400])"
    names: dict[str, object] = {"dsl": dsl}
    text = f"def first({signature}):\n    {body}\ndef later(given: dsl.Input[dsl.Dataset], {signature}):\n    {body}"
    exec(compile(text, "<components>", "exec", dont_inherit=True), names)  # kfp wants annotations, not their texts
    first, later = (dsl.container_component(names[name]) for name in ("first", "later"))

    def chain(n: int = 3):  # type: ignore[no-untyped-def]
        task = None
        for _ in range(steps):
            task = first(n=n) if task is None else later(given=task.outputs["data"], n=n)
            if resources:
                task.set_cpu_limit("2").set_memory_limit("4Gi")

    chain.__annotations__ = {"n": int}
    folder = tempfile.mkdtemp(prefix="mdk-bench-")
    return lambda: compiler.Compiler().compile(dsl.pipeline(name="chain")(chain), str(Path(folder, "p.json")))


SIDES: dict[str, Callable[[int], Callable[[], object]]] = {
    "ours": _ours,
    "kfp": _kfp,
    "kfp-plain": lambda steps: _kfp(steps, resources=False),
}


if __name__ == "__main__":
    print(statistics.median(_timed(SIDES[sys.argv[1]](int(sys.argv[2])))))
