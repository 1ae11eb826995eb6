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


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def times(a: int, b: int, out: dsl.Output[dsl.Dataset]) -> int:
    with open(out.path, "w") as file:  # noqa: PTH123
        file.write(f"{a}*{b}")
    return a * b


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def tell(values: list, data: dsl.Input[list[dsl.Dataset]]) -> None:  # type: ignore[type-arg]
    print("told:", values, [open(one.path).read() for one in data])  # noqa: PTH123, SIM115


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def read(data: dsl.Input[dsl.Dataset]) -> None:
    print("read:", open(data.path).read())  # noqa: PTH123, SIM115


@dsl.pipeline(name="inner")
def inner(a: int) -> list[dsl.Dataset]:
    with dsl.ParallelFor(items=[7, 8]) as b:
        made = times(a=a, b=b)
    return dsl.Collected(made.outputs["out"])  # type: ignore[no-any-return]


@dsl.pipeline(name="nested-demo")
def nested(rows: list = [1, 2]) -> None:  # type: ignore[type-arg]  # noqa: B006
    with dsl.ParallelFor(items=rows) as a, dsl.ParallelFor(items=[10, 20]) as b:
        made = times(a=a, b=b)
    tell(values=dsl.Collected(made.outputs["Output"]), data=dsl.Collected(made.outputs["out"]))
    with dsl.ParallelFor(items=inner(a=5).output) as one:
        read(data=one)
