"""The file of the first platform: operations one after the other. Each is carried out once, however often it is merged.

An operation is known by what it says: a digest of the environment and of its content, `name` included. To have the same
thing done again, give it another name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from mdk_converters.spec import Strict
from mdk_converters.yaml_nodes import Mapping, compose
from mdk_converters.yaml_reader import Problem, Reader, SpecPath, close_match
from mdk_jupyter.operations.desired import digest
from mdk_jupyter.operations.reader import KIND

ENVIRONMENTS = {"train": "dev", "dev": "dev", "stage": "stage", "prod": "prod", "main": "prod"}
Kind = Literal["publish_primary", "rollback_primary", "update_deployment_status"]
PublishStatus = Literal["champion", "challenger", "archived"]
_ID = 32  # characters of an operation's id


class Target(Strict):
    """Which version an operation is about."""

    model_name: str | None = None
    model_inference_reference: str | None = Field(default=None, description="latest, primary or 1.4.2.")
    vertex_ai_model_resource_name: str | None = None
    vertex_ai_model_version_id: str | None = None


class Status(Strict):
    """What a version is, and what its deployment says of itself."""

    publish_status: PublishStatus | None = None
    deployment_status: dict[str, Any] = Field(default={})
    challenger_model_ids: list[str] | None = None


class Operation(Strict):
    """One thing to be done."""

    type: Kind
    name: str | None = None
    target: Target
    champion_status: Status | None = None
    demoted_status: Status | None = None
    updated_status: Status | None = None


class ApiSettings(Strict):
    """Where the operations are carried out."""

    expanded_model_registry_endpoint: str
    project_id: str
    region: str
    deployment_environment: str


class Environment(Strict):
    """The operations of one environment."""

    api_settings: ApiSettings
    operations: list[Operation] = Field(default=[])


class Metadata(Strict):
    """What the file says of itself."""

    config_version: str | None = None
    description: str | None = None
    author: str | None = None


class LegacyFile(Strict):
    """The file as a whole."""

    metadata: Metadata | None = None
    environments: dict[str, Environment]


@dataclass(frozen=True, slots=True)
class Numbered:
    """An operation with its id, its environment in the registry's words, and its line."""

    id: str
    environment: str
    settings: ApiSettings
    operation: Operation
    line: int | None


@dataclass(frozen=True, slots=True)
class Legacy:
    """A file of the first platform."""

    file: LegacyFile
    text: str
    path: str

    def operations(self) -> Iterator[Numbered]:
        """Yield the operations in their order; equal ones of one environment are told apart by their count."""
        seen: Counter[str] = Counter()
        root = compose(self.text)[0]
        for name, environment in self.file.environments.items():
            for number, operation in enumerate(environment.operations):
                content = digest([ENVIRONMENTS[name], operation.model_dump(mode="json", exclude_unset=True)])
                seen[content] += 1
                id = digest([content, seen[content]])[:_ID]
                line = _line(root, name, number)
                yield Numbered(id, ENVIRONMENTS[name], environment.api_settings, operation, line)


def is_legacy(text: str) -> bool:
    """Whether a text is of the first platform's format: operations, and neither apiVersion nor models."""
    root = compose(text)[0]
    if not isinstance(root, Mapping) or {"apiVersion", "kind"} & root.pairs.keys():
        return False
    environments = root.pairs.get("environments", (None, None))[1]
    if not isinstance(environments, Mapping):
        return "metadata" in root.pairs
    inside = [value for _, value in environments.pairs.values() if isinstance(value, Mapping)]
    return any({"operations", "api_settings"} & one.pairs.keys() for one in inside)


def parse_legacy(text: str, path: str) -> Legacy:
    """Read a file of the first platform from its text.

    Raises:
        OperationsError: something in it is wrong (MDK601-606); all at once.
    """
    return Legacy(_LegacyReader(text, path, LegacyFile, KIND).read(), text, path)


class _LegacyReader(Reader[LegacyFile]):
    def problems(self, model: LegacyFile) -> Iterable[Problem]:
        for name, environment in model.environments.items():
            here: SpecPath = ("environments", name)
            if name not in ENVIRONMENTS:
                fix = close_match(name, ENVIRONMENTS)
                yield Problem("MDK605", here, "there is no such environment", fix, (name,), at_key=True)
                continue
            said = environment.api_settings.deployment_environment
            if ENVIRONMENTS.get(said) != ENVIRONMENTS[name]:
                at: SpecPath = (*here, "api_settings", "deployment_environment")
                message = f"the operations of {name} would be carried out in {said}"
                yield Problem("MDK606", at, message, f"write {name}", (said,))
            for number, operation in enumerate(environment.operations):
                yield from _problems(operation, (*here, "operations", number))


_STATUSES: dict[str, tuple[str, ...]] = {
    "publish_primary": ("champion_status", "demoted_status"),
    "rollback_primary": ("champion_status", "demoted_status"),
    "update_deployment_status": ("updated_status",),
}


def _problems(operation: Operation, path: SpecPath) -> Iterator[Problem]:
    allowed = _STATUSES[operation.type]
    for name in ("champion_status", "demoted_status", "updated_status"):
        if name in operation.model_fields_set and name not in allowed:
            fix = f"it takes {' and '.join(allowed)}"
            yield Problem("MDK605", (*path, name), f"{operation.type} has no {name}", fix, (name,), at_key=True)
    if operation.type == "update_deployment_status" and operation.updated_status is None:
        fix = "say what the version becomes"
        yield Problem("MDK602", path, '"updated_status" is missing', fix, ("updated_status",))
    crowned = operation.champion_status and operation.champion_status.publish_status
    if crowned not in {None, "champion"}:
        at = (*path, "champion_status", "publish_status")
        yield Problem("MDK606", at, f"the new champion would be {crowned}", "write champion", (str(crowned),))
    if operation.demoted_status and operation.demoted_status.publish_status == "champion":
        at = (*path, "demoted_status", "publish_status")
        yield Problem("MDK606", at, "there would be two champions", "write archived or challenger", ("champion",))
    for name in ("champion_status", "demoted_status"):
        status: Status | None = getattr(operation, name)
        if status is not None and status.challenger_model_ids is not None:
            at = (*path, name, "challenger_model_ids")
            message = f"{operation.type} has no challenger_model_ids"
            yield Problem("MDK605", at, message, "use update_deployment_status", ("challenger_model_ids",), at_key=True)
    yield from _target_problems(operation.target, (*path, "target"))


def _target_problems(target: Target, path: SpecPath) -> Iterator[Problem]:
    by_vertex = target.vertex_ai_model_resource_name is not None
    if not by_vertex and target.model_name is None:
        yield Problem(
            "MDK602", path, "it names no model", "write model_name and model_inference_reference", ("target",)
        )
    elif not by_vertex and target.model_inference_reference is None:
        at_model: SpecPath = (*path, "model_name")
        yield Problem("MDK602", at_model, "it names no version", "add model_inference_reference: 1.4.2", ("target",))
    elif by_vertex and target.vertex_ai_model_version_id is None:
        at_name: SpecPath = (*path, "vertex_ai_model_resource_name")
        yield Problem("MDK602", at_name, "it names no version", "add vertex_ai_model_version_id", ("target",))


def _line(root: Any, environment: str, number: int) -> int | None:
    for step in ("environments", environment, "operations"):
        if not isinstance(root, Mapping) or step not in root.pairs:
            return None
        root = root.pairs[step][1]
    return int(root.items[number].line)
