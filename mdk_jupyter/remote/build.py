"""Images with what components need: Dockerfiles whose versions are those of this environment, and nothing else.

The texts depend on the pipelines and the environment alone, so that a changed file means a changed image.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mdk_converters.findings import Finding
from mdk_converters.spec import Pipeline
from mdk_jupyter.errors import SubmitError
from mdk_jupyter.project.reader import Project
from mdk_jupyter.project.settings import DEFAULT_IMAGE
from mdk_jupyter.remote.images import is_pinned

_RUNTIME = ("cloudpickle", "pyarrow")  # what values travel with
_HEAD = "# Written by `mdk build`; do not edit.\n"


def build_files(project: Project, pipelines: Iterable[Pipeline]) -> dict[str, str]:
    """Return the files by their names: for each image `NAME/Dockerfile` and `NAME/requirements.txt`, and cloudbuild.yaml.

    An image is one that components name, or `default` for those that name none; images that the project pins by their
    digest, and references of others, are not built.

    Raises:
        SubmitError: a requirement cannot be read, or is not installed here (MDK483); all at once.
    """
    wanted: dict[str, set[str]] = {}
    for pipeline in pipelines:
        for component in pipeline.components.values():
            name = component.image or DEFAULT_IMAGE
            if component.is_container or _is_foreign(name, project):
                continue
            wanted.setdefault(name, set()).update(component.requirements)
    files: dict[str, str] = {}
    findings: list[Finding] = []
    for name, requirements in sorted(wanted.items()):
        versions, found = locked({*requirements, *_RUNTIME})
        findings += found
        files[f"{name}/requirements.txt"] = _HEAD + "".join(f"{n}=={v}\n" for n, v in sorted(versions.items()))
        files[f"{name}/Dockerfile"] = _dockerfile()
    if findings:
        raise SubmitError(findings)
    if wanted:
        files["cloudbuild.yaml"] = _cloud_build(project, sorted(wanted))
    return files


def _is_foreign(name: str, project: Project) -> bool:
    known = project.content.images.get(name)
    if known is not None:
        return is_pinned(known)
    return name != DEFAULT_IMAGE


def locked(requirements: Iterable[str]) -> tuple[dict[str, str], list[Finding]]:
    """Return the exact versions here of requirements and of all that they need, and what could not be found.

    Markers are those of a Linux machine with this Python.
    """
    environment = {str(k): str(v) for k, v in default_environment().items()} | {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    versions: dict[str, str] = {}
    findings: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    todo = [(text, "") for text in sorted(requirements)]
    while todo:
        text, needed_by = todo.pop()
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            findings.append(_unusable(text, str(error)))
            continue
        name = canonicalize_name(requirement.name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            why = f"it is not installed here{f', and {needed_by} needs it' if needed_by else ''}"
            findings.append(_unusable(text, why))
            continue
        if requirement.specifier and not requirement.specifier.contains(found.version, prereleases=True):
            findings.append(_unusable(text, f"version {found.version} is installed here"))
            continue
        versions[name] = re.sub(r"\+.*", "", found.version)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for line in found.requires or ():
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate(environment | {"extra": extra}):
                    needed.marker = None
                    todo.append((str(needed), name))
    return versions, findings


def _unusable(text: str, why: str) -> Finding:
    fix = "install it in this environment, or mend the requirement of the component"
    return Finding("MDK483", f"the requirement {text!r} has no version to be built with: {why}", fix=fix, names=(text,))


def _dockerfile() -> str:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"{_HEAD}FROM python:{python}-slim\n"
        "ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1\n"
        "COPY requirements.txt /tmp/requirements.txt\n"
        "RUN pip install --no-deps -r /tmp/requirements.txt && rm /tmp/requirements.txt\n"
    )


def reference(project: Project, name: str) -> str:
    """Return what an image is called: as the project names it, or a name to be completed."""
    return project.content.images.get(name) or f"$_REGISTRY/{name}:latest"


def _cloud_build(project: Project, names: Iterable[str]) -> str:
    lines = [_HEAD.rstrip("\n"), "steps:"]
    references = {name: reference(project, name) for name in names}
    for name, image in references.items():
        lines += [
            "  - name: gcr.io/cloud-builders/docker",
            f"    id: {name}",
            f"    args: [build, --tag, '{image}', {name}]",
            "    waitFor: ['-']",
        ]
    lines += ["images:", *(f"  - '{image}'" for image in references.values())]
    if any("$_REGISTRY" in image for image in references.values()):
        lines += ["substitutions:", "  _REGISTRY: ''  # REGION-docker.pkg.dev/PROJECT/REPOSITORY"]
    return "\n".join(lines) + "\n"


def commands(project: Project, place: Path, files: Mapping[str, str]) -> list[str]:
    """Return what to run to build the images, here or in Google's cloud."""
    names = sorted(name.partition("/")[0] for name in files if name.endswith("/Dockerfile"))
    if not names:
        return ["no component needs an image of the project"]
    lines = ["to build in Cloud Build:", f"  gcloud builds submit {place} --config {place / 'cloudbuild.yaml'}"]
    lines.append("to build here:")
    for name in names:
        image = reference(project, name).replace("$_REGISTRY", "REGISTRY")
        lines.append(f"  docker build --tag {image} {place / name} && docker push {image}")
    unnamed = [name for name in names if name not in project.content.images]
    if unnamed:
        lines.append("then name them in mdk.yaml, best by their digests:")
        lines += ["  images:", *(f"    {name}: REGISTRY/{name}@sha256:…" for name in unnamed)]
    return lines


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """Return the files that are missing or are not as they would be written now."""
    return [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
