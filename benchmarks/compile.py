"""How long a chain of steps takes to compile for Kubeflow Pipelines, ours against kfp's own compiler.

Each measurement is a process of its own, which imports what it needs first: `python benchmarks/compile.py`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STEPS = (5, 50, 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS)
    parser.add_argument("--side", choices=["ours", "kfp", "kfp-plain"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(statistics.median(_timed(SIDES[options.side](options.steps[0]))))
        return
    for steps in options.steps:
        ours, kfp, plain = (_measured(side, steps) for side in ("ours", "kfp", "kfp-plain"))
        print(
            f"{steps:4} steps  {ours * 1000:8.1f} ms  kfp {kfp / ours:6.1f} x  "
            f"kfp without resources {plain / ours:6.1f} x"
        )


def _measured(side: str, steps: int) -> float:
    """Return the processor seconds that one side takes, in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--side", side, "--steps", str(steps)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


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
    main()
