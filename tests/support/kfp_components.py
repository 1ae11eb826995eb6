"""Components and a pipeline of the KFP SDK, which takes their sources and so needs them in a file."""

# mypy: disable-error-code="untyped-decorator"

from kfp import dsl

IMAGE = "python:3.11"


@dsl.component(base_image=IMAGE)  # as most do it: it installs what it needs
def flip(n: int) -> str:
    return "heads" if n > 3 else "tails"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def numbers() -> list:  # type: ignore[type-arg]
    return [1, 2, 3]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def rows() -> list:  # type: ignore[type-arg]
    return [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def double(x: int, out: dsl.Output[dsl.Dataset]) -> int:
    with open(out.path, "w") as file:  # noqa: PTH123
        file.write(str(x))
    return 2 * x


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def total(values: list, data: dsl.Input[list[dsl.Dataset]], scores: dsl.Output[dsl.Metrics]) -> int:  # type: ignore[type-arg]
    text = "".join(open(one.path).read() for one in data)  # noqa: PTH123, SIM115
    scores.log_metric("read", int(text))
    return int(sum(values))


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def show(text: str) -> None:
    print("shown:", text)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def bye(status: dsl.PipelineTaskFinalStatus, name: str = "x") -> None:
    print("bye:", name, status.state, status.error_message)


@dsl.pipeline(name="flow-demo")
def flow(n: int = 5) -> None:
    last = bye(name="z")
    with dsl.ExitHandler(last):
        flipped = flip(n=n)
        with dsl.If(flipped.output == "heads"):
            show(text="H")
        with dsl.Elif(flipped.output == "maybe"):
            show(text="M")
        with dsl.Else():
            show(text="T")
        with dsl.ParallelFor(items=numbers().output, parallelism=2) as number:
            doubled = double(x=number)
        with dsl.ParallelFor(items=rows().output) as row:
            show(text=row.b)
        added = total(values=dsl.Collected(doubled.outputs["Output"]), data=dsl.Collected(doubled.outputs["out"]))
        with dsl.If(added.outputs["Output"] > 3):
            show(text=f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER} has {n}")
