"""The pipeline spec: everything that runs, submits or draws a pipeline reads this and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

API_VERSION = "mdk/v1"
STATE = "state."  # inputs and outputs with this prefix are interpreter state, such as `state.numpy_random`

ParameterType = Literal["int", "float", "bool", "str", "list", "dict", "none"]
ValueType = Literal["dataset", "model", "array", "figure", "int", "float", "bool", "str", "list", "dict", "value", "state"]
Name = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Metadata(Strict):
    name: Name
    notebook: str | None = None  # file name of the notebook, relative to the spec
    kernel: str = "python3"
    digest: str | None = None  # "sha256:…" of the notebook's code and tags
    description: str | None = None
    labels: dict[str, str] = {}


class Parameter(Strict):
    type: ParameterType
    default: Any = None
    description: str | None = None


class Definition(Strict):
    """Carried code: imports, functions, classes, constants and settings that components repeat."""

    cell: str | None = None  # id of the cell it was read from
    line: int | None = None  # first line in that cell, from 1
    source: str


class CellSource(Strict):
    """One notebook cell, without its `%%component` line, otherwise byte for byte."""

    id: str
    line_offset: int = 0
    source: str


class Resources(Strict):
    cpu: float | None = None
    memory: str | None = None
    gpu: str | None = None


class Component(Strict):
    """One step. It runs its definitions, then receives its inputs, then runs its cells.

    `inputs` maps a name to "component.name". Those in `optional` may be missing: the step starts without them.
    `outputs` are the names that the step hands on, in their state at its end; a name that is unbound by then is
    handed on as unbound.
    """

    description: str | None = None
    definitions: list[str] = []
    parameters: list[str] = []
    inputs: dict[str, str] = {}
    optional: list[str] = []
    outputs: dict[str, ValueType] = {}
    after: list[str] = []
    metrics: list[str] = []
    resources: Resources | None = None
    image: str | None = None
    retries: int = 0
    timeout: str | None = None
    cache: bool = True
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    requirements: list[str] = []
    files: list[str] = []
    cells: list[CellSource]


class Pipeline(Strict):
    api_version: Literal["mdk/v1"] = Field(API_VERSION, alias="apiVersion")
    kind: Literal["Pipeline"] = "Pipeline"
    metadata: Metadata
    parameters: dict[str, Parameter] = {}
    definitions: dict[str, Definition] = {}
    components: dict[str, Component]
