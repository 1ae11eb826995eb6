"""The pipeline spec: everything that runs, submits or draws a pipeline reads this and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

API_VERSION: Literal["mdk/v1"] = "mdk/v1"
STATE = "state."  # inputs and outputs with this prefix are interpreter state, such as `state.numpy_random`
SCHEMA_ID = "urn:mdk-jupyter:pipeline:v1"  # names the JSON Schema, whatever place it is kept in

ParameterType = Literal["int", "float", "bool", "str", "list", "dict", "none"]
ValueType = Literal[
    "dataset", "model", "array", "figure", "int", "float", "bool", "str", "list", "dict", "value", "state"
]
Name = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Metadata(Strict):
    """What the pipeline is called and where it comes from."""

    name: Name = Field(description="Name of the pipeline; files made from it start with it.")
    notebook: str | None = Field(default=None, description="File name of the notebook, relative to this file.")
    kernel: str = Field(default="python3", description="Jupyter kernel that runs the steps.")
    digest: str | None = Field(default=None, description="sha256 of the notebook's code and tags.")
    description: str | None = Field(default=None, description="What the pipeline is for.")
    labels: dict[str, str] = Field(default={}, description="Free labels, such as team or cost centre.")


class Parameter(Strict):
    """A value that can be set for each run. Without `default` a run must give it; null suits every type."""

    type: ParameterType = Field(description="Type of the value.")
    default: Any = Field(
        default=None, description="Value of runs that give none. Leave it out to ask every run for one."
    )
    description: str | None = Field(default=None, description="Help text.")

    @property
    def required(self) -> bool:
        """Whether every run must give the value."""
        return "default" not in self.model_fields_set


class Definition(Strict):
    """Carried code: imports, functions, classes, constants and settings that components repeat."""

    cell: str | None = Field(default=None, description="Id of the notebook cell that it was read from.")
    line: int | None = Field(default=None, description="Its first line in that cell, from 1.")
    source: str = Field(description="Python code.")


class CellSource(Strict):
    """One notebook cell, without its `%%component` line, otherwise byte for byte."""

    id: str = Field(description="Id of the notebook cell.")
    line_offset: int = Field(default=0, description="Lines of the cell that come before `source`.")
    source: str = Field(description="Python code; IPython syntax is welcome.")


class Resources(Strict):
    """What the step needs of a machine."""

    cpu: float | None = Field(default=None, description="Number of processor cores, such as 4 or 0.5.")
    memory: str | None = Field(default=None, description="Memory, such as 512Mi or 16Gi.")
    gpu: str | None = Field(default=None, description="Accelerators as TYPE:COUNT, such as nvidia-tesla-t4:1.")


class Component(Strict):
    """One step. It runs its definitions, then receives its inputs, then runs its cells.

    `inputs` maps a name to "component.name". Those in `optional` may be missing: the step starts without
    them. `outputs` are the names that the step hands on, in their state at its end; a name that is unbound by
    then is handed on as unbound.

    `when` is a condition: the step is skipped where it does not hold, and with it all that waits for the step.
    `foreach` runs the step once for each item of a list, which knows its item by that name; who receives an output
    of it receives the list of what the runs hand on. `control` says where the names in both come from; the other
    ones are parameters.

    A component with `command` or `args` is a container of its own `image` instead, and has no cells. Both may name
    values: `{{inputs.parameters.NAME}}`, `{{inputs.artifacts.NAME.uri}}`, `{{outputs.artifacts.NAME.uri}}`, and
    `{{outputs.parameters.NAME.path}}` for outputs that are numbers, texts, flags, lists or dicts.
    """

    description: str | None = Field(default=None, description="What the step does.")
    definitions: list[str] = Field(default=[], description="Definitions to run first, in this order.")
    parameters: list[str] = Field(default=[], description="Pipeline parameters that the step reads.")
    inputs: dict[str, str] = Field(default={}, description="Name in this step -> component.name of the output it is.")
    optional: list[str] = Field(default=[], description="Inputs without which the step can start.")
    outputs: dict[str, ValueType] = Field(default={}, description="Names handed on, with the kind of value.")
    after: list[str] = Field(default=[], description="Components to wait for although no value comes from them.")
    when: str | None = Field(default=None, description="Condition of the step, such as auc > 0.8.")
    foreach: str | None = Field(default=None, description="Run once for each item: ITEM in ITEMS, two names.")
    control: dict[str, str] = Field(
        default={}, description="Name in `when` or `foreach` -> component.name of the output it is."
    )
    metrics: list[str] = Field(default=[], description="Outputs to log as metrics.")
    resources: Resources | None = Field(default=None, description="What the step needs of a machine.")
    image: str | None = Field(default=None, description="Container image, or the name of one in mdk.yaml.")
    command: list[str] = Field(default=[], description="Command of a container that is no notebook code.")
    args: list[str] = Field(default=[], description="Arguments of that command.")
    retries: int = Field(default=0, description="How often to try again after a failure.")
    timeout: str | None = Field(default=None, description="Longest run time, such as 90s, 30m or 2h.")
    cache: bool = Field(default=True, description="Whether an unchanged step may be skipped.")
    env: dict[str, str] = Field(default={}, description="Environment variables.")
    secrets: dict[str, str] = Field(default={}, description="Environment variable -> SECRET or SECRET:KEY.")
    volumes: dict[str, str] = Field(
        default={}, description="Folder in the step -> persistent volume claim, on Kubeflow Pipelines."
    )
    labels: dict[str, str] = Field(default={}, description="Labels of the step.")
    annotations: dict[str, str] = Field(default={}, description="Annotations of the step.")
    requirements: list[str] = Field(default=[], description="Python packages, as pip takes them.")
    files: list[str] = Field(default=[], description="Files beside the notebook that the step reads or writes.")
    cells: list[CellSource] = Field(default=[], description="The code, cell by cell.")

    @property
    def is_container(self) -> bool:
        """Whether the component is a container of its own, without cells."""
        return bool(self.command or self.args)


class Pipeline(Strict):
    """A pipeline of components, as code: made from a notebook or written by hand."""

    api_version: Literal["mdk/v1"] = Field(
        default=API_VERSION, alias="apiVersion", description="Version of this format."
    )
    kind: Literal["Pipeline"] = Field(default="Pipeline", description="Always Pipeline.")
    metadata: Metadata = Field(description="What the pipeline is called and where it comes from.")
    parameters: dict[str, Parameter] = Field(default={}, description="Values that can be set for each run.")
    definitions: dict[str, Definition] = Field(default={}, description="Code that components repeat.")
    components: dict[str, Component] = Field(description="The steps.")
