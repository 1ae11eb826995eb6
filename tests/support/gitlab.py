"""Runs the jobs of a GitLab pipeline on this machine: rules, `extends`, ID tokens, artifacts, and scripts as they stand."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from oidc import LocalIssuer

GITLAB = "https://gitlab.com"
STAGES = ("build", "test", "deploy")


@dataclass
class Ran:
    """What became of a job."""

    code: int
    log: str
    environment: str = ""
    artifacts: Path | None = None


@dataclass
class Pipelines:
    """A project of GitLab. `commands` is the folder of the programs that its image has."""

    remote: Path
    folder: Path
    issuer: LocalIssuer
    commands: str
    environ: Mapping[str, str]
    count: int = field(default=0)

    def run(self, ref: str, *changed: str, **variables: str) -> dict[str, Ran]:
        """Run the pipeline of a ref; `variables` are GitLab's, `changed` the paths that a push or merge request changes."""
        document = yaml.safe_load(self._show(ref, ".gitlab/mdk.yml"))
        given = {"CI_DEFAULT_BRANCH": "main", "CI": "true", **variables}
        jobs = {name: _whole(document, name) for name in document if not name.startswith(".")}
        started = {name: job for name, job in jobs.items() if _starts(job["rules"], given, changed)}
        done: dict[str, Ran] = {}
        for name in sorted(started, key=lambda name: STAGES.index(started[name]["stage"])):
            if all(done[one].code == 0 for one in started[name].get("needs", [])):
                done[name] = self._job(started[name], ref, given, done)
        return done

    def _show(self, ref: str, path: str) -> str:
        return subprocess.run(
            ["git", "show", f"{ref}:{path}"], cwd=self.remote, check=True, capture_output=True, text=True
        ).stdout

    def _job(self, job: Mapping[str, Any], ref: str, given: Mapping[str, str], done: Mapping[str, Ran]) -> Ran:
        self.count += 1
        place, artifacts = self.folder / f"{self.count}" / "checkout", self.folder / f"{self.count}" / "artifacts"
        subprocess.run(["git", "clone", "--quiet", self.remote, place], check=True, capture_output=True)
        subprocess.run(["git", "checkout", "--quiet", "--detach", f"origin/{ref}"], cwd=place, check=True)
        for one in job.get("needs", []):
            if (before := done[one].artifacts) is not None:
                shutil.copytree(before, place, dirs_exist_ok=True)
        environ = {**job.get("variables", {}), **given}  # those of whoever starts the pipeline go first
        environment = _filled(job["environment"]["name"], environ) if "environment" in job else ""
        for name, token in job.get("id_tokens", {}).items():
            subject = f"project_path:acme/churn:ref_type:branch:ref:{given.get('CI_COMMIT_BRANCH', ref)}"
            environ[name] = self.issuer.token(iss=GITLAB, aud=_filled(token["aud"], environ), sub=subject)
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join([*job["before_script"], *job["script"]])],
            cwd=place,
            env={
                **self.environ, **environ, "CI_PROJECT_DIR": str(place), "HOME": str(self.folder),
                "PATH": os.pathsep.join([self.commands, "/usr/local/bin:/usr/bin:/bin"]),
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
        )  # fmt: skip
        kept = job.get("artifacts", {})
        if kept and (ended.returncode == 0 or kept.get("when") == "always"):
            for path in kept["paths"]:
                if (place / path).is_dir():
                    shutil.copytree(place / path, artifacts / path)
                elif (place / path).is_file():
                    (artifacts / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(place / path, artifacts / path)
        return Ran(ended.returncode, ended.stdout, environment, artifacts if artifacts.exists() else None)


def _whole(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    job = document[name]
    if "extends" not in job:
        return dict(job)
    return {**_whole(document, job["extends"]), **{key: value for key, value in job.items() if key != "extends"}}


def _starts(rules: list[dict[str, Any]], given: Mapping[str, str], changed: tuple[str, ...]) -> bool:
    return any(_holds(rule["if"], given) and _touches(rule.get("changes"), changed) for rule in rules)


def _touches(patterns: list[str] | None, changed: tuple[str, ...]) -> bool:
    if patterns is None:
        return True
    return any(fnmatch.fnmatchcase(path, re.sub(r"\*\*/\*|\*\*", "*", one)) for path in changed for one in patterns)


def _holds(condition: str, given: Mapping[str, str]) -> bool:
    """Whether a rule holds: `==` between variables and texts, or a variable that is not empty, joined by `&&` and `||`."""

    def value(word: str) -> str:
        return given.get(word[1:], "") if word.startswith("$") else word.strip('"')

    def simple(text: str) -> bool:
        left, sign, right = text.partition("==")
        return value(left.strip()) == value(right.strip()) if sign else bool(value(text.strip()))

    return any(all(simple(one) for one in part.split("&&")) for part in condition.split("||"))


def _filled(text: str, environ: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: environ.get(found[1], ""), text)
