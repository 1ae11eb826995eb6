"""The files that a repository under GitOps begins with, filled in for one project: workflows, and what goes with them.

Templates are `mdk_jupyter/templates/gitops`. What is put into them is held to narrow forms first, because it ends up in
scripts: a value that does not fit is refused, and never quoted into fitting.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError
from mdk_jupyter.project.reader import USUAL
from mdk_jupyter.project.settings import ProjectFile
from mdk_jupyter.registry.domain import ENVIRONMENTS

CI = Literal["github", "gitlab", "shell"]
STATE = "operations.yaml"  # never written over: it says what serves

_PLACE = re.compile(r"%%\{([a-z_]+)\}")  # `$` is the shell's, and `${{` that of GitHub
_OWNER = r"(@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?|[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)"
_NOBODY = "@YOUR-ORGANISATION/REVIEWERS"
_PATH = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"
_FORMS = {
    "branch": (_PATH, "letters, digits, `.`, `_`, `-` and `/`"),
    "folder": (rf"\.|{_PATH}", "letters, digits, `.`, `_`, `-` and `/`"),
    "environment": (r"[a-z][a-z0-9-]{0,30}", "small letters, digits and `-`"),
    "registry": (r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?(/[A-Za-z0-9._~-]+)*/?", "https://HOST/PATH, with no name or password"),
    "owner": (_OWNER, "@NAME, @ORGANISATION/TEAM or an address"),
    "package": (r"mdk-jupyter\[[a-z]+\]==[0-9][0-9A-Za-z.+!-]*", "a version"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository. `path` is from its root; `elsewhere` are other places where hosts look for the same."""

    path: PurePosixPath
    text: str
    executable: bool = False
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of the repository beside `mdk.yaml`.

    Attributes:
        branch: into which pull requests are merged.
        folder: of `mdk.yaml`, from the root of the repository; `.` for the root itself.
        owners: who must agree to changes: `@ann`, `@acme/reviewers`.
        version: of mdk-jupyter, to be installed.
    """

    branch: str = "main"
    folder: str = "."
    owners: Sequence[str] = ()
    version: str = ""


def repository_files(ci: CI, project: ProjectFile, setting: Setting) -> list[RepositoryFile]:
    """Return the files for a kind of CI.

    Raises:
        UsageError: a value cannot be put into them (MDK640), or CI could not reach the registry (MDK641).

    Example:
        >>> made = repository_files("shell", ProjectFile(name="churn"), Setting(version="1.0"))
        >>> [str(file.path) for file in made]
        ['operations.yaml', 'ci/mdk.sh', 'ci/README.md']
    """
    values = _values(ci, project, setting)
    inside = PurePosixPath(setting.folder)

    def filled(template: str, path: PurePosixPath | str, *elsewhere: str) -> RepositoryFile:
        source = files("mdk_jupyter").joinpath("templates", "gitops", template).read_text(encoding="utf-8")
        text = _PLACE.sub(lambda found: values[found[1]], source)
        return RepositoryFile(PurePosixPath(path), text, template.endswith(".sh"), elsewhere)

    common = [
        filled("common/operations.yaml", inside / STATE),
        filled("common/mdk.sh", inside / "ci/mdk.sh"),
        filled(f"{ci}/README.md", inside / "ci/README.md"),
    ]
    if ci == "github":
        names = ("pull-request", "operations", "submit", "drift")
        return [
            *common,
            *(filled(f"github/workflows/mdk-{name}.yml", f".github/workflows/mdk-{name}.yml") for name in names),
            filled("github/action/action.yml", ".github/actions/mdk/action.yml"),
            filled("common/owners", ".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
            filled(
                "common/pull_request.md",
                ".github/pull_request_template.md",
                *(f"{place}pull_request_template.md" for place in ("", "docs/")),
                *(f"{place}PULL_REQUEST_TEMPLATE.md" for place in ("", "docs/", ".github/")),
            ),
        ]
    if ci == "gitlab":
        return [
            *common,
            filled("gitlab/mdk.yml", ".gitlab/mdk.yml"),
            filled("gitlab/gitlab-ci.yml", ".gitlab-ci.yml"),
            filled("common/owners", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
            filled("common/pull_request.md", ".gitlab/merge_request_templates/Default.md"),
        ]
    return common


def _values(ci: CI, project: ProjectFile, setting: Setting) -> Mapping[str, str]:
    environments = list(project.environments) or [USUAL]
    extra = "kfp" if project.target == "kfp" else "vertex"
    given = [
        ("branch", setting.branch),
        ("folder", setting.folder),
        ("package", package := f"mdk-jupyter[{extra}]=={setting.version}"),
        *(("environment", name) for name in environments),
        *(("owner", name) for name in setting.owners),
    ]
    registry = project.registry.url or ""
    if ci != "shell":
        if not registry.startswith(("https://", "http://")):
            raise UsageError([_unreachable(registry)])
        given.append(("registry", registry))
    if findings := [_misshapen(what, value) for what, value in given if not re.fullmatch(_FORMS[what][0], value)]:
        raise UsageError(findings)
    first = USUAL if USUAL in environments else environments[0]
    return {
        "branch": setting.branch,
        "environment_list": json.dumps(environments),
        "first": first,
        "folder": setting.folder,
        "host": f".{ci}",
        "owners": " ".join(setting.owners) or _NOBODY,
        "package": package,
        "prefix": "" if setting.folder == "." else f"{setting.folder}/",
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "registry": registry,
        "stage_list": json.dumps(ENVIRONMENTS),
        "unowned": "" if setting.owners else "# ",
    }


def _misshapen(what: str, value: str) -> Finding:
    fix = f"use {_FORMS[what][1]}"
    return Finding("MDK640", f"{value!r} cannot be the {what} of a workflow", fix=fix, names=(value,))


def _unreachable(registry: str) -> Finding:
    said = f"is {registry.partition(':')[0]}://…" if registry else "is not named"
    message = f"CI needs the server of a model registry, and that of mdk.yaml {said}"
    fix = "name it in mdk.yaml: registry: {url: https://registry.example.org}"
    return Finding("MDK641", message, fix=fix)
