"""The workflows that `mdk ops init` writes, run step by step: a real git remote, a real registry, GitHub's tokens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from forge import GITHUB, IDENTITY, Forge, forge
from registries import ADA, BOB, EVE, ROOT, VIC, artifact
from registry_server import serving, sqlite_url
from submitting import mdk, tagged, write_notebook
from workflows import Event, Job, Runner

from mdk_jupyter.registry.domain import Role
from mdk_jupyter.registry.service import Registry

AUDIENCE = "https://registry.example.com"
WORKFLOWS = {"pull": "mdk-pull-request.yml", "apply": "mdk-operations.yml", "drift": "mdk-drift.yml"}


class Team:
    """A repository, a registry, and people who work with both."""

    def __init__(self, folder: Path, host: Forge, registry: Registry, url: str) -> None:
        self.host, self.registry = host, registry
        self.runner = Runner(host, folder / "runner", {"MDK_REGISTRY_AUDIENCE": AUDIENCE})
        self.clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", host.remote, self.clone], check=True, capture_output=True)
        self.git("checkout", "--quiet", "-B", "main")
        (self.clone / "mdk.yaml").write_text(
            f'name: churn\nregistry: {{url: "{url}"}}\nenvironments: {{dev: {{}}, stage: {{protected: true}}, prod: {{}}}}\n'
        )
        (self.clone / "tests").mkdir()
        (self.clone / "tests" / "test_it.py").write_text("def test_it():\n    assert True\n")
        write_notebook(self.clone / "churn.ipynb", tagged(("component:load", "x = 1")))
        self.mdk_nbconvert("churn.ipynb")
        mdk(self.clone, "ops", "init", "--branch", "main", "--owner", "@acme/reviewers")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "begin")
        self.git("push", "--quiet", "origin", "main")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *IDENTITY, *words], cwd=self.clone, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def mdk_nbconvert(self, *names: str) -> None:
        subprocess.run([sys.executable, "-m", "mdk_converters.cli", *names], cwd=self.clone, check=True, capture_output=True)

    def propose(self, branch: str, *, fork: bool = False, **files: str) -> int:
        """Commit files on a branch of main's newest state, push it, and open a pull request or bring it up to date."""
        self.git("fetch", "--quiet", "origin")
        start = f"origin/{branch}" if f"refs/remotes/origin/{branch}" in self.git("for-each-ref") else "origin/main"
        self.git("checkout", "--quiet", "-B", branch, start)
        for name, text in files.items():
            (self.clone / name.replace("__", ".")).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {branch}")
        self.git("push", "--quiet", "origin", branch)
        return self.host.open_pull(branch, fork=fork)

    def plan(self, number: int) -> dict[str, Job]:
        jobs = self.runner.run(WORKFLOWS["pull"], self.runner.pull_request(number))
        assert jobs is not None
        return jobs

    def comment(self, number: int) -> str:
        """Return the only comment of a pull request."""
        [comment] = self.host.comments[number]
        return str(comment["body"])

    def apply(self, event: Event) -> dict[str, Job]:
        jobs = self.runner.run(WORKFLOWS["apply"], event)
        assert jobs is not None
        return jobs

    def merge(self, number: int) -> Event:
        return self.runner.push(*self.host.merge(number))

    def champion(self, environment: str) -> str:
        return self.registry.champion(VIC, "flights", environment=environment).version.version


def operations(**champions: str) -> str:
    """Return a file of operations: ENVIRONMENT="VERSION SERIAL"."""
    lines = ["apiVersion: mdk/v1", "kind: Operations", "environments:"]
    for environment, said in champions.items():
        version, serial = said.split()
        lines += [f"  {environment}:", "    models:", f"      flights: {{champion: {version}, serial: {serial}, reason: better}}"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    url = sqlite_url(tmp_path)
    registry = Registry.open(url)
    for line, auc in (("1.0", 0.7), ("1.1", 0.8), ("1.2", 0.9)):
        registry.register(ADA, "flights", version=line, artifact=artifact(), metrics={"auc": auc})
    for subject, role, environment in (
        ("pull_request", Role.VIEWER, "*"),
        ("ref:refs/heads/main", Role.VIEWER, "*"),
        ("environment:stage", Role.APPROVER, "stage"),
        ("environment:prod", Role.APPROVER, "prod"),
    ):
        registry.grant(ROOT, f"repo:acme/churn:{subject}", role, environment=environment)
    with forge(tmp_path) as host:
        words = ["--db", url, "--auth", "oidc", "--audience", AUDIENCE, "--issuer", f"{GITHUB}={host.url}/keys"]
        with serving(*words) as server:
            yield Team(tmp_path, host, registry, server.url)
    registry.close()


def hashes(text: str) -> dict[str, str]:
    return dict(re.findall(r"^<!-- plan: (\w+) (\w+) -->$", text, re.MULTILINE))


def test_from_pull_request_to_champion(team: Team) -> None:
    number = team.propose("first", operations__yaml=operations(stage="1.0.0 1"))
    jobs = team.plan(number)
    assert {name: job.outcome for name, job in jobs.items()} == {"check": "success", "plan": "success"}, jobs["plan"].log
    assert "1 passed" in jobs["check"].log
    first = team.comment(number)
    assert "stage: flights" in first and [*hashes(first)] == ["stage"] and hashes(first)["stage"] in jobs["plan"].summary

    # The next push changes the same comment.
    team.propose("first", operations__yaml=operations(stage="1.1.0 1"))
    team.plan(number)
    second = team.comment(number)
    assert "1.1.0" in second and hashes(second) != hashes(first)

    merged = team.merge(number)
    jobs = team.apply(merged)
    applied = jobs["apply (stage, %s)" % hashes(second)["stage"]]
    assert applied.outcome == "success" and applied.environment == "stage", applied.log
    assert "✅ applied" in applied.summary
    assert team.champion("stage") == "1.1.0"
    [record] = [one for one in team.registry.history(VIC, "flights").items if one.action == "publish"]
    assert record.actor == "repo:acme/churn:environment:stage"

    # Once more: there is nothing to do, and nobody is asked.
    again = team.apply(merged)
    assert [*again] == ["plan"] and again["plan"].outputs == {"agreed": "[]"}
