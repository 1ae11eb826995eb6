"""What we write for Kubeflow Pipelines is what kfp's own compiler writes for the same pipeline, message by message."""

import warnings
from collections.abc import Callable
from typing import Any, Dict, List, Optional  # noqa: UP035, kfp reads these

import pytest
from kfp_compiler import Hand, by_kfp, comparable, compiled, spec, step

from mdk_converters.spec import Component, Parameter, Pipeline, Resources
from mdk_converters.targets.kfp import protos

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import components, dsl

Case = tuple[Pipeline, Callable[[Hand], Callable[..., Any]]]
CASES: dict[str, Case] = {}
LOAD = step("load", outputs={"data": "dataset"})
SCORE = step("score", outputs={"auc": "float", "n": "int", "ok": "bool", "stage": "str"})
DATA = "data: Output[Dataset]"
SCORED = ", ".join(f"{name}: Output[Artifact]" for name in ("auc", "n", "ok", "stage"))


def case(pipeline: Pipeline) -> Callable[[Callable[[Hand], Callable[..., Any]]], None]:
    def keep(hand: Callable[[Hand], Callable[..., Any]]) -> None:
        CASES[hand.__name__] = (pipeline, hand)

    return keep


@case(spec({"load": LOAD}))
def one_step(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        k.component("load", DATA)(mdk_bundle=k.bundle(mdk_bundle))

    return p


@case(spec({"load": LOAD, "train": step("train", inputs={"data": "load.data"}, outputs={"model": "model"})}))
def chain(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        b = k.bundle(mdk_bundle)
        load = k.component("load", DATA)(mdk_bundle=b)
        k.component("train", "data: Input[Dataset], model: Output[Model]")(mdk_bundle=b, data=load.outputs["data"])

    return p


TYPES = {
    "i": Parameter(type="int", default=3), "f": Parameter(type="float", default=0.5), "b": Parameter(type="bool", default=False),
    "s": Parameter(type="str", default="it's \"ü\""), "xs": Parameter(type="list", default=[1, "a"]),
    "d": Parameter(type="dict", default={"a": {"b": [1.5]}}), "needed": Parameter(type="str"),
}  # fmt: skip


@case(spec({"use": step("use", parameters=list(TYPES))}, **TYPES))
def parameter_types(k: Hand) -> Callable[..., Any]:
    def p(
        mdk_bundle: str, needed: str, i: int = 3, f: float = 0.5, b: bool = False, s: str = "it's \"ü\"",
        xs: List[Any] = [1, "a"], d: Dict[str, Any] = {"a": {"b": [1.5]}},  # noqa: B006, UP006
    ) -> None:  # fmt: skip
        use = k.component("use", "i: int, f: float, b: bool, s: str, xs: list, d: dict, needed: str")
        use(mdk_bundle=k.bundle(mdk_bundle), i=i, f=f, b=b, s=s, xs=xs, d=d, needed=needed)

    return p


@case(spec({"use": step("use", parameters=["limit"])}, limit=Parameter(type="int", default=None)))
def default_none(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str, limit: Optional[int] = None) -> None:  # noqa: UP045
        k.component("use", "limit: Optional[int] = None")(mdk_bundle=k.bundle(mdk_bundle), limit=limit)

    return p


@case(spec({"load": LOAD.model_copy(update={"resources": Resources(cpu=0.5, memory="4Gi", gpu="nvidia.com/gpu:2")})}))
def resources(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        load = k.component("load", DATA)(mdk_bundle=k.bundle(mdk_bundle))
        load.set_cpu_limit("0.5").set_memory_limit("4Gi")
        load.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(2)

    return p


@case(spec({"load": LOAD.model_copy(update={"resources": Resources(cpu=4, memory="512M")})}))
def whole_cores(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        k.component("load", DATA)(mdk_bundle=k.bundle(mdk_bundle)).set_cpu_limit("4").set_memory_limit("512M")

    return p


@case(spec({"load": LOAD.model_copy(update={"retries": 3, "cache": False, "env": {"A": "b", "QUOTE": 'it\'s "x"'}})}))
def retries_caching_and_environment(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        load = k.component("load", DATA)(mdk_bundle=k.bundle(mdk_bundle))
        load.set_retry(3).set_caching_options(False).set_env_variable("A", "b").set_env_variable("QUOTE", 'it\'s "x"')

    return p


@case(spec({"load": LOAD, "report": step("report", after=["load"])}))
def order_only(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        b = k.bundle(mdk_bundle)
        load = k.component("load", DATA)(mdk_bundle=b)
        k.component("report")(mdk_bundle=b).after(load)

    return p


@case(
    spec({"load": LOAD.model_copy(update={"image": "registry/training@sha256:" + "1" * 64}), "two": step("two", inputs={"x": "load.data"})})
)  # fmt: skip
def image_by_digest(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        b = k.bundle(mdk_bundle)
        k.component("two", "x: Input[Dataset]")(mdk_bundle=b, x=k.component("load", DATA)(mdk_bundle=b).outputs["data"])

    return p


def condition_case(name: str, when: str, decide: Callable[[dict[str, Any]], Any], *read: str) -> None:
    """Add a case of one condition on outputs of `score`."""
    kinds = {"auc": "float", "n": "int", "ok": "bool", "stage": "str"}
    deploy = step("deploy", when=when, control={variable: f"score.{variable}" for variable in read})

    def hand(k: Hand) -> Callable[..., Any]:
        values = ", ".join(f"value_of_{variable}: dsl.OutputPath({kinds[variable]})" for variable in read)

        def p(mdk_bundle: str) -> None:
            b = k.bundle(mdk_bundle)
            score = k.component("score", f"{SCORED}, {values}")(mdk_bundle=b)
            with dsl.If(decide({variable: score.outputs[f"value_of_{variable}"] for variable in read})):
                k.component("deploy")(mdk_bundle=b)

        return p

    CASES[name] = (spec({"score": SCORE, "deploy": deploy}), hand)


condition_case("condition_on_float", "auc > 0.8", lambda v: v["auc"] > 0.8, "auc")
condition_case("condition_on_int", "n == 3", lambda v: v["n"] == 3, "n")
condition_case("condition_on_flag", "ok", lambda v: v["ok"] == True, "ok")  # noqa: E712
condition_case("condition_on_text", "stage != 'dev'", lambda v: v["stage"] != "dev", "stage")
condition_case("condition_on_float_and_whole_number", "auc >= 1", lambda v: v["auc"] >= 1, "auc")
condition_case("condition_on_int_and_fraction", "n < 0.5", lambda v: v["n"] < 0.5, "n")
condition_case("condition_on_two_outputs", "n < auc", lambda v: v["n"] < v["auc"], "n", "auc")


@case(
    spec(
        {"load": LOAD, "train": step("train", inputs={"data": "load.data"}, outputs={"model": "model"}, when="limit > 3"),
         "deploy": step("deploy", inputs={"model": "train.model"}), "report": step("report", after=["load"])},
        limit=Parameter(type="int", default=1),
    )
)  # fmt: skip
def condition_on_a_parameter_with_what_follows(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str, limit: int = 1) -> None:
        b = k.bundle(mdk_bundle)
        load = k.component("load", DATA)(mdk_bundle=b)
        with dsl.If(limit > 3):
            train = k.component("train", "data: Input[Dataset], model: Output[Model]")
            model = train(mdk_bundle=b, data=load.outputs["data"]).outputs["model"]
            k.component("deploy", "model: Input[Model]")(mdk_bundle=b, model=model)
        k.component("report")(mdk_bundle=b).after(load)

    return p


@case(
    spec(
        {"score": SCORE, "train": step("train", outputs={"model": "model"}, when="auc > 0.5", control={"auc": "score.auc"}),
         "deploy": step("deploy", inputs={"model": "train.model"}, when="stage == 'prod'", parameters=["stage"])},
        stage=Parameter(type="str", default="dev"),
    )
)  # fmt: skip
def condition_within_a_condition(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str, stage: str = "dev") -> None:
        b = k.bundle(mdk_bundle)
        score = k.component("score", f"{SCORED}, value_of_auc: dsl.OutputPath(float)")(mdk_bundle=b)
        with dsl.If(score.outputs["value_of_auc"] > 0.5):
            train = k.component("train", "model: Output[Model]")(mdk_bundle=b)
            with dsl.If(stage == "prod"):
                deploy = k.component("deploy", "stage: str, model: Input[Model]")
                deploy(mdk_bundle=b, stage=stage, model=train.outputs["model"])

    return p


FLOATS = Parameter(type="list", default=[0.1, 0.2])
FIT = step("fit", inputs={"data": "load.data"}, outputs={"model": "model"}, foreach="rate in rates")
BEST = step("best", inputs={"models": "fit.model"})
FIT_SIGNATURE = "data: Input[Dataset], rate: float, model: Output[Model]"


@case(spec({"load": LOAD, "fit": FIT}, rates=FLOATS))
def loop_over_a_parameter(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str, rates: List[float] = [0.1, 0.2]) -> None:  # noqa: B006, UP006
        b = k.bundle(mdk_bundle)
        load = k.component("load", DATA)(mdk_bundle=b)
        with dsl.ParallelFor(rates) as rate:
            k.component("fit", FIT_SIGNATURE)(mdk_bundle=b, data=load.outputs["data"], rate=rate)

    return p


@case(spec({"load": LOAD, "fit": FIT, "best": BEST}, rates=FLOATS))
def fan_in(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str, rates: List[float] = [0.1, 0.2]) -> None:  # noqa: B006, UP006
        b = k.bundle(mdk_bundle)
        load = k.component("load", DATA)(mdk_bundle=b)
        with dsl.ParallelFor(rates) as rate:
            fit = k.component("fit", FIT_SIGNATURE)(mdk_bundle=b, data=load.outputs["data"], rate=rate)
        k.component("best", "models: Input[list[Model]]")(mdk_bundle=b, models=dsl.Collected(fit.outputs["model"]))

    return p


@case(
    spec({"names": step("names", outputs={"files": "list"}), "read": step("read", foreach="file in files", control={"files": "names.files"})})
)  # fmt: skip
def loop_over_an_output(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str) -> None:
        b = k.bundle(mdk_bundle)
        names = k.component("names", "files: Output[Artifact], value_of_files: dsl.OutputPath(list)")(mdk_bundle=b)
        with dsl.ParallelFor(names.outputs["value_of_files"]) as file:
            k.component("read", "file: str")(mdk_bundle=b, file=file)

    return p


@case(
    spec(
        {"load": LOAD, "fit": FIT.model_copy(update={"when": "tune"}), "best": BEST},
        rates=FLOATS,
        tune=Parameter(type="bool", default=True),
    )
)
def loop_within_a_condition(k: Hand) -> Callable[..., Any]:
    def p(mdk_bundle: str, rates: List[float] = [0.1, 0.2], tune: bool = True) -> None:  # noqa: B006, UP006
        b = k.bundle(mdk_bundle)
        load = k.component("load", DATA)(mdk_bundle=b)
        with dsl.If(tune == True):  # noqa: E712
            with dsl.ParallelFor(rates) as rate:
                fit = k.component("fit", FIT_SIGNATURE)(mdk_bundle=b, data=load.outputs["data"], rate=rate)
            k.component("best", "models: Input[list[Model]]")(mdk_bundle=b, models=dsl.Collected(fit.outputs["model"]))

    return p


@case(
    spec(
        {"load": LOAD,
         "spark": Component(
             image="spark:3.5", command=["spark-submit", "job.py"], parameters=["n"], inputs={"data": "load.data"},
             outputs={"result": "dataset", "rows": "int"},
             args=["--n={{inputs.parameters.n}}", "{{inputs.artifacts.data.uri}}", "{{outputs.artifacts.result.uri}}",
                   "{{ outputs.parameters.rows.path }}"],
         ),
         "show": step("show", inputs={"rows": "spark.rows"}, when="rows > 0", control={"rows": "spark.rows"})},
        n=Parameter(type="int", default=2),
    )
)  # fmt: skip
def a_container_of_its_own(k: Hand) -> Callable[..., Any]:
    @dsl.container_component  # type: ignore[untyped-decorator]
    def spark(data: dsl.Input[dsl.Dataset], n: int, result: dsl.Output[dsl.Dataset], rows: dsl.OutputPath(int)):  # type: ignore[no-untyped-def, valid-type]
        arguments = [f"--n={n}", data.uri, result.uri, rows]
        return dsl.ContainerSpec(image="spark:3.5", command=["spark-submit", "job.py"], args=arguments)

    def p(mdk_bundle: str, n: int = 2) -> None:
        b = k.bundle(mdk_bundle)
        done = spark(data=k.component("load", DATA)(mdk_bundle=b).outputs["data"], n=n)
        with dsl.If(done.outputs["rows"] > 0):
            k.component("show", "rows: int")(mdk_bundle=b, rows=done.outputs["rows"])

    return p


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_it_is_what_kfp_writes(name: str) -> None:
    pipeline, hand = CASES[name]
    ours = compiled(pipeline)
    theirs = comparable(by_kfp(hand(Hand(ours))))
    assert protos.parsed(comparable(ours), protos.pipeline_spec()) == protos.parsed(theirs, protos.pipeline_spec())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_kfp_loads_what_we_write(name: str) -> None:
    from mdk_converters.targets import kfp

    text = kfp.to_yaml(kfp.compile(CASES[name][0], bundle="0" * 64))
    assert components.load_component_from_text(text).name == "p"


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 20
