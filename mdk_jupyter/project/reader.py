"""`mdk.yaml` -> `Project`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mdk_converters.findings import Finding, Place
from mdk_converters.yaml_reader import FileKind, Problem, Reader, SpecPath, close_match
from mdk_jupyter.errors import ProjectError
from mdk_jupyter.project.root import PROJECT_FILE, find_root
from mdk_jupyter.project.settings import Kubeflow, ProjectFile, Settings, Vertex, merged

USUAL = "dev"  # the environment of commands that name none

_KIND = FileKind(
    "the project file",
    "begin with name: PROJECT",
    ProjectError,
    unreadable="MDK440",
    syntax="MDK441",
    missing="MDK442",
    wrong="MDK443",
    twice="MDK444",
    unknown="MDK445",
)
_FORMS = {
    "region": (r"[a-z]+-[a-z]+\d+", "a region", "europe-west3"),
    "project_id": (r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id", "churn-prod"),
    "network": (r"projects/[^/]+/global/networks/[^/]+", "a network", "projects/12345/global/networks/main"),
    "encryption_key": (
        r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+",
        "a key",
        "projects/churn-prod/locations/europe-west3/keyRings/ring/cryptoKeys/key",
    ),
    "api_endpoint": (r"(https?://)?[\w.-]+(:\d+)?", "an address", "europe-west3-aiplatform.googleapis.com"),
    "host": (r"https?://\S+", "a URL", "https://kubeflow.example.org"),
    "storage_endpoint": (r"https?://\S+", "a URL", "https://minio.example.org"),
}
_REGISTRY_FORMS = {
    "url": (r"(https?|sqlite|postgresql(\+\w+)?)://\S+", "a URL", "https://registry.example.org"),
    "artifacts": (r"[a-z][a-z0-9+]*://\S+", "a folder in a bucket", "gs://BUCKET/models"),
}
_ROOTS = {
    "vertex": (r"gs://[a-z0-9][a-z0-9._-]+(/[^\s]*)?", "gs://BUCKET/FOLDER"),
    "kfp": (r"(gs|s3|minio)://[a-z0-9][a-z0-9._-]+(/[^\s]*)?", "gs://BUCKET/FOLDER, s3://… or minio://…"),
}
_SECRET_KEYS = {"token", "password", "credentials", "secret", "key", "key_file", "service_account_key"}


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of one environment. Without a project file, or where none was named, `name` is empty."""

    name: str
    settings: Settings
    file: Path | None = None  # where they are from


@dataclass(frozen=True, slots=True)
class Project:
    """What belongs together under one `mdk.yaml`. Without such a file it is the notebook's folder."""

    root: Path
    file: Path | None
    content: ProjectFile

    @property
    def name(self) -> str:
        return self.content.name

    def environment(self, name: str | None = None) -> Environment:
        """Return an environment by its name; without one `dev`, or what holds everywhere if there is no `dev`.

        Raises:
            ProjectError: there is no such environment (MDK446).
        """
        known = self.content.environments
        if name is None:
            name = USUAL if USUAL in known else ""
        if not name:
            return Environment("", merged(self.content, Settings()), self.file)
        if name not in known:
            where = f"{PROJECT_FILE} has no environment {name!r}" if self.file else f"there is no {PROJECT_FILE}"
            fix = close_match(name, known) or f"add it to {PROJECT_FILE}: environments: {{{name}: {{}}}}"
            place = Place(str(self.file)) if self.file else Place()
            raise ProjectError([Finding("MDK446", where, place, fix, names=(name,))])
        return Environment(name, merged(self.content, known[name]), self.file)


def load_project(folder: Path) -> Project:
    """Return the project that a folder belongs to; without an `mdk.yaml` one with nothing set.

    Raises:
        ProjectError: the file cannot be read (MDK440), or something in it is wrong (MDK441-445, 447); all at once.
    """
    root = find_root(folder)
    path = root / PROJECT_FILE
    if not path.is_file():
        return Project(root, None, ProjectFile(name=root.name or "project"))
    return Project(root, path, parse_project(_KIND.load(path), str(path)))


def parse_project(text: str, path: str = PROJECT_FILE) -> ProjectFile:
    """Read a project file from its text; `path` is what messages call it.

    Raises:
        ProjectError: one finding for each problem.
    """
    return _ProjectReader(text, path, ProjectFile, _KIND).read()


class _ProjectReader(Reader[ProjectFile]):
    def problems(self, model: ProjectFile) -> Iterable[Problem]:
        yield from _problems(model, ())
        for name, environment in model.environments.items():
            path: SpecPath = ("environments", name)
            if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
                message = f"{name!r} cannot be the name of an environment"
                fix = "use small letters, digits and hyphens, such as prod"
                yield Problem("MDK447", path, message, fix, (name,), at_key=True)
            yield from _problems(environment, path)

    def unknown_key(self, name: str, known: list[str]) -> tuple[str, str]:
        if name in _SECRET_KEYS and "token_variable" in known:
            return f'"{name}" does not belong into a file', "name the variable that holds it: token_variable: MY_TOKEN"
        return super().unknown_key(name, known)


def _problems(settings: Settings, path: SpecPath) -> Iterator[Problem]:
    for group, model in (("vertex", settings.vertex), ("kfp", settings.kfp)):
        yield from _group_problems(model, (*path, group))
    for field, (form, what, example) in _REGISTRY_FORMS.items():
        value = getattr(settings.registry, field)
        if value is not None and not re.fullmatch(form, value):
            yield _misshapen((*path, "registry", field), value, what, example)
    for name, reference in settings.images.items():
        if not reference.strip() or re.search(r"\s", reference):
            yield _misshapen((*path, "images", name), reference, "an image reference", "registry/team/image:tag")
    for name, part in (("kfp", settings.kfp), ("registry", settings.registry)):
        if part.token_variable is not None and part.token_file is not None:
            message = "the token is named twice, by token_variable and token_file"
            yield Problem("MDK447", (*path, name, "token_file"), message, "keep one of the two", ("token_file",))


def _group_problems(model: Vertex | Kubeflow, path: SpecPath) -> Iterator[Problem]:
    for field, (form, what, example) in _FORMS.items():
        value = getattr(model, field, None)
        if value is not None and not re.fullmatch(form, value):
            yield _misshapen((*path, field), value, what, example)
    form, example = _ROOTS[str(path[-1])]
    if model.pipeline_root is not None and not re.fullmatch(form, model.pipeline_root):
        yield _misshapen((*path, "pipeline_root"), model.pipeline_root, "a folder in a bucket", example)


def _misshapen(path: SpecPath, value: str, what: str, example: str) -> Problem:
    return Problem("MDK447", path, f"{value!r} is not {what}", f"write it as {example}", (value,))
