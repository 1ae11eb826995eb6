"""Runs GitHub's workflows on this machine, step by step, as their runner does: for tests of what is in them.

`run` steps are run by bash as they stand. Of actions there are stand-ins: checkout clones, setup-python brings commands of
this environment, Google's auth gives tokens of the local issuer. Everything that a job may do, it may do by the permissions
that it declares.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from expressions import as_text, evaluate, interpolate
from forge import GH, NAME, Forge

ROOT = Path(__file__).parents[2]
SOURCES = os.pathsep.join(str(ROOT / folder) for folder in (".", "converters", "magics"))

PYTHON = f"""#!/bin/bash
if [ "$1 $2" = "-m pip" ]; then echo "$*" >> "$RUNNER_LOG/pip"; exit; fi
exec {shlex.quote(sys.executable)} "$@"
"""
# An image is its name; what was pushed is there.
DOCKER = """#!/bin/bash
echo "$*" >> "$RUNNER_LOG/docker"
pushed="$RUNNER_LOG/pushed"; touch "$pushed"
case "$1 $2" in
  "login --username") cat > "$RUNNER_LOG/docker-password" ;;
  "buildx imagetools") grep -qxF "${@: -1}" "$pushed" && printf 'manifest of %s' "${@: -1}" ;;
  build*) test -f "${@: -1}/Dockerfile" ;;
  push*) echo "$2" >> "$pushed" ;;
  *) exit 64 ;;
esac
"""


@dataclass(frozen=True)
class Event:
    """What a workflow is started by."""

    name: str
    sha: str
    ref: str = "refs/heads/main"
    payload: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()  # paths


@dataclass
class Job:
    """What became of a job."""

    name: str
    outcome: str = "success"
    log: str = ""
    summary: str = ""
    environment: str = ""
    steps: dict[str, str] = field(default_factory=dict)  # name -> outcome
    used: set[str] = field(default_factory=set)  # permissions
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class _Place:
    """Where a job runs, and what it has so far."""

    job: Job
    folder: Path
    context: dict[str, Any]
    environ: dict[str, str]
    paths: list[str] = field(default_factory=list)
    masks: set[str] = field(default_factory=set)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"


class Runner:
    """Runs workflows of a forge's repository."""

    def __init__(self, forge: Forge, folder: Path, variables: Mapping[str, str] | None = None, **environ: str) -> None:
        self.forge = forge
        self.variables = dict(variables or {})
        self.by_environment: dict[str, dict[str, str]] = {}
        self.before_job: Callable[[str, str], None] = lambda job, environment: None  # reviewers take their time here
        self.log = folder / "log"
        self.idle: dict[str, set[str]] = {}  # workflow/job -> permissions that it declares and never used
        self._folder, self._environ, self._count = folder, environ, 0
        self.log.mkdir(parents=True)
        module = {"mdk": "mdk_jupyter.cli", "mdk-nbconvert": "mdk_converters.cli"}
        wrappers = {
            name: f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {of} "$@"\n' for name, of in module.items()
        }
        self._machine = _commands(folder / "machine", {"gh": GH, "docker": DOCKER, "apt-get": "#!/bin/true\n"})
        self._python = _commands(folder / "python", {"python": PYTHON, **wrappers})

    def basics(self, **more: str) -> dict[str, str]:
        """Return the environment that every script has here."""
        return {
            "LANG": "C.UTF-8", "MDK_KERNELS": "off", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": SOURCES,
            "RUNNER_LOG": str(self.log), **more,
        }  # fmt: skip

    def commands(self) -> str:
        """Return where the commands of this environment are, as in PATH."""
        return os.pathsep.join([self._python, self._machine])

    # Events

    def pull_request(self, number: int) -> Event:
        ref = f"refs/pull/{number}/merge"
        sha = self.forge.git("rev-parse", ref)
        changed = self.forge.git("diff", "--name-only", "main", sha).splitlines()
        payload = {"pull_request": {**self.forge.pulls[number], "base": {"ref": "main"}}}
        return Event("pull_request", sha, ref, payload, changed=tuple(changed))

    def push(self, before: str, after: str) -> Event:
        changed = self.forge.git("diff", "--name-only", before, after).splitlines()
        return Event("push", after, payload={"before": before}, changed=tuple(changed))

    def by_hand(self, **inputs: str) -> Event:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return Event("workflow_dispatch", self.forge.git("rev-parse", "main"), inputs=given)

    def schedule(self) -> Event:
        return Event("schedule", self.forge.git("rev-parse", "main"))

    # Running

    def happen(self, event: Event) -> dict[str, dict[str, Job]]:
        """Run all workflows that an event starts; return their jobs by the names of their files."""
        names = self.forge.git("ls-tree", "--name-only", f"{event.sha}:.github/workflows").splitlines()
        return {name: jobs for name in names if (jobs := self.run(name, event)) is not None}

    def run(self, name: str, event: Event, *, without: tuple[str, ...] = ()) -> dict[str, Job] | None:
        """Run one workflow; None where the event does not start it. Jobs of a matrix are called `name (value)`.

        Jobs `without` are left out, to save time: nothing may need them.
        """
        workflow = yaml.safe_load(self.forge.git("show", f"{event.sha}:.github/workflows/{name}"))
        if not starts(workflow[True], event):
            return None
        inputs = {
            key: event.inputs.get(key, "") for key in (workflow[True].get("workflow_dispatch") or {}).get("inputs", {})
        }
        assert set(event.inputs) <= set(inputs), "an input that the workflow does not have"
        base = {"github": self._github(event), "inputs": inputs, "vars": self.variables, "env": {}}
        interpolate(workflow.get("concurrency", ""), base)
        done: dict[str, Job] = {}
        needs: dict[str, Any] = {}
        for key, job in workflow["jobs"].items():
            if key in without:
                continue
            wanted = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            context = {**base, "needs": {one: needs[one] for one in wanted}}
            well = all(needs[one]["result"] == "success" for one in wanted)
            if not well or not evaluate(_bare(job.get("if", "true")), context):
                needs[key] = {"result": "skipped", "outputs": {}}
                continue
            matrix = interpolate(job.get("strategy", {}).get("matrix", {}), context).get("include", [{}])
            ran = [self._job(key, workflow, job, {**context, "matrix": one}, event) for one in matrix]
            self._note_permissions(f"{name}/{key}", job.get("permissions", workflow["permissions"]), ran)
            done |= {one.name: one for one in ran}
            failed = any(one.outcome == "failure" for one in ran)
            needs[key] = {"result": "failure" if failed else "success", "outputs": ran[-1].outputs}
        return done

    def _note_permissions(self, name: str, declared: Mapping[str, str], ran: list[Job]) -> None:
        said = {f"{what}: {level}" for what, level in declared.items()}
        self.idle[name] = self.idle.get(name, said) - {used for job in ran for used in job.used}

    def _github(self, event: Event) -> dict[str, Any]:
        return {
            "event_name": event.name, "sha": event.sha, "ref": event.ref, "repository": NAME,
            "event": {**event.payload, "inputs": event.inputs},
        }  # fmt: skip

    def _job(
        self, key: str, workflow: dict[str, Any], job: dict[str, Any], context: dict[str, Any], event: Event
    ) -> Job:
        environment = as_text(interpolate(job.get("environment", ""), context))
        values = ", ".join(as_text(value) for value in context["matrix"].values())
        done = Job(f"{key} ({values})" if values else key, environment=environment)
        context = {**context, "vars": {**self.variables, **self.by_environment.get(environment, {})}}
        for checked in ("concurrency", "name"):
            interpolate(job.get(checked, ""), context)
        self.before_job(key, environment)
        subject = (
            f"environment:{environment}"
            if environment
            else event.name
            if event.name == "pull_request"
            else f"ref:{event.ref}"
        )
        permissions = job.get("permissions", workflow["permissions"])
        claims = {
            "sub": f"repo:{NAME}:{subject}",
            "repository": NAME,
            "sha": event.sha,
            "environment": environment or None,
        }
        if event.payload.get("pull_request", {}).get("head", {}).get("repo", {}).get("full_name", NAME) != NAME:
            permissions = {name: "read" for name in permissions if name != "id-token"}  # all that a fork gets
        token, done.used = self.forge.token(permissions, claims)
        self._count += 1
        folder = self._folder / f"job-{self._count}"
        place = _Place(done, folder, {}, self._runner_environ(folder, event, token, permissions))
        place.context = {
            **context,
            "github": {**context["github"], "token": token},
            "steps": {},
            "runner": {"temp": str(folder / "temp")},
        }
        place.context["env"] = interpolate({**workflow.get("env", {}), **job.get("env", {})}, place.context)
        place.masks.add(token)
        shell = workflow["defaults"]["run"]["shell"]
        for step in job["steps"]:
            self._step(place, {"shell": shell, **step} if "run" in step else step, event)
        done.outputs = {
            name: as_text(value) for name, value in interpolate(job.get("outputs", {}), place.context).items()
        }
        done.summary = (folder / "summary").read_text()
        shown = done.log + done.summary
        assert not any(mask in shown for mask in place.masks if mask), "a token is shown"
        return done

    def _runner_environ(self, folder: Path, event: Event, token: str, permissions: Mapping[str, str]) -> dict[str, str]:
        for name in ("workspace", "temp", "home"):
            (folder / name).mkdir(parents=True)
        (folder / "summary").touch()
        environ = {
            "CI": "true", "FORGE": self.forge.url, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event.name,
            "GITHUB_REPOSITORY": NAME, "GITHUB_SHA": event.sha, "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REF": event.ref,
            "HOME": str(folder / "home"), "RUNNER_TEMP": str(folder / "temp"), **self.basics(**self._environ),
        }  # fmt: skip
        if permissions.get("id-token") == "write":
            environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.forge.url}/token?api-version=2.0"
            environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = token
        return environ

    # Steps

    def _step(self, place: _Place, step: dict[str, Any], event: Event) -> None:
        name = step.get("name") or step.get("uses") or step["run"].splitlines()[0]
        failed = "failure" in place.job.steps.values()
        functions = {
            "always": lambda: True,
            "failure": lambda: failed,
            "cancelled": lambda: False,
            "success": lambda: not failed,
        }
        condition = _bare(step.get("if", "success()"))
        if not re.search(r"\b(always|failure|cancelled|success)\(", condition):
            condition = f"success() && ({condition})"
        outcome, outputs = "skipped", dict[str, Any]()
        if evaluate(condition, place.context, functions):
            place.job.log += f"\n### {name}\n"
            well, outputs = self._use(place, step, event) if "uses" in step else self._bash(place, step)
            outcome = "success" if well else "failure"
            if not well:
                place.job.outcome = "failure"
        place.job.steps[name] = outcome
        if "id" in step:
            place.context["steps"][step["id"]] = {"outcome": outcome, "outputs": outputs, "conclusion": outcome}

    def _bash(self, place: _Place, step: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        assert step["shell"] == "bash"
        script, output = place.folder / "step.sh", place.folder / "output"
        script.write_text(as_text(interpolate(step["run"], place.context)))
        output.write_text("")
        given = interpolate({**place.context["env"], **step.get("env", {})}, place.context)
        path = os.pathsep.join(
            [*place.paths, self._machine, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        )
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=place.workspace / as_text(interpolate(step.get("working-directory", "."), place.context)),
            env={**place.environ, "PATH": path, "GITHUB_OUTPUT": str(output), **{k: as_text(v) for k, v in given.items()}},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )  # fmt: skip
        masked = re.findall(r"^::add-mask::(.*)$", ended.stdout, re.MULTILINE)
        place.masks |= set(masked)
        place.job.log += re.sub(r"^::add-mask::.*\n", "", ended.stdout, flags=re.MULTILINE)
        return ended.returncode == 0, dict(line.split("=", 1) for line in output.read_text().splitlines())

    def _use(self, place: _Place, step: dict[str, Any], event: Event) -> tuple[bool, dict[str, Any]]:
        given = interpolate(step.get("with", {}), place.context)
        if step["uses"].startswith("./"):
            return self._composite(place, place.workspace / step["uses"], given, event)
        action = step["uses"].partition("@")[0]
        return {
            "actions/checkout": self._checkout,
            "actions/setup-python": self._setup_python,
            "google-github-actions/auth": self._google,
        }[action](place, given, event)

    def _checkout(self, place: _Place, given: dict[str, Any], event: Event) -> tuple[bool, dict[str, Any]]:
        assert given["persist-credentials"] is False
        place.job.used.add("contents: read")
        depth = ["--depth", str(given.get("fetch-depth", 1))] if given.get("fetch-depth", 1) else []

        def git(*words: str) -> None:
            subprocess.run(["git", *words], cwd=place.workspace, check=True, capture_output=True)

        git("init", "--quiet")
        git("fetch", "--quiet", *depth, self.forge.remote.as_uri(), given.get("ref") or event.sha)
        git("checkout", "--quiet", "FETCH_HEAD")
        return True, {}

    def _setup_python(self, place: _Place, given: dict[str, Any], event: Event) -> tuple[bool, dict[str, Any]]:
        assert re.fullmatch(r"3\.\d+", given["python-version"])
        place.paths.insert(0, self._python)
        return True, {}

    def _google(self, place: _Place, given: dict[str, Any], event: Event) -> tuple[bool, dict[str, Any]]:
        """Sign in as a service account: which, decides the provider."""
        place.job.used.add("id-token: write")
        assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN" in place.environ, "no permission id-token: write"
        assert given["workload_identity_provider"] and given["service_account"]
        if given["token_format"] == "access_token":
            place.masks.add("ya29.local")
            return True, {"access_token": "ya29.local"}
        account = {"email": given["service_account"], "email_verified": True}
        token = self.forge.issuer.token(iss="https://accounts.google.com", aud=given["id_token_audience"], **account)
        place.masks.add(token)
        return True, {"id_token": token}

    def _composite(
        self, place: _Place, folder: Path, given: dict[str, Any], event: Event
    ) -> tuple[bool, dict[str, Any]]:
        action = yaml.safe_load((folder / "action.yml").read_text())
        assert set(given) <= set(action["inputs"]), "an input that the action does not have"
        inputs = {name: as_text(given.get(name, one["default"])) for name, one in action["inputs"].items()}
        inner = _Place(Job("action"), place.folder, {}, place.environ, place.paths, place.masks)
        inner.context = {"github": place.context["github"], "inputs": inputs, "env": place.context["env"], "steps": {}}
        for step in action["runs"]["steps"]:
            self._step(inner, step, event)
        place.job.log += inner.job.log
        place.job.used |= inner.job.used
        outputs = {name: interpolate(one["value"], inner.context) for name, one in action["outputs"].items()}
        return inner.job.outcome == "success", outputs


def _commands(folder: Path, texts: Mapping[str, str]) -> str:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return str(folder)


def starts(on: Mapping[str, Any], event: Event) -> bool:
    """Whether an event starts a workflow."""
    if event.name not in on:
        return False
    said = on[event.name] or {}
    if isinstance(said, list):
        return True
    if event.name == "push" and event.ref.removeprefix("refs/heads/") not in said.get("branches", ["*"]):
        return False
    if event.name == "pull_request" and "main" not in said.get("branches", ["main"]):
        return False
    patterns = said.get("paths")
    return patterns is None or any(_matches(path, patterns) for path in event.changed)


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern.replace("**", "*")) for pattern in patterns)


def _bare(condition: Any) -> str:
    """Return a condition without `${{ }}`, which may be left out there."""
    text = as_text(condition).strip()
    return text.removeprefix("${{").removesuffix("}}") if text.startswith("${{") else text


def steps_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the steps of a workflow or of a composite action."""
    if "runs" in document:
        yield from document["runs"]["steps"]
    for job in document.get("jobs", {}).values():
        yield from job["steps"]
