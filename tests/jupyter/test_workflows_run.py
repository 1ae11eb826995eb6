"""The workflows that `mdk ops init` writes, run step by step: a real git remote, a real registry, GitHub's tokens."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from forge import GITHUB, IDENTITY, Forge, forge
from gitlab import GITLAB, Pipelines
from registries import ADA, BOB, EVE, ROOT, VIC, artifact
from registry_server import serving, sqlite_url
from standin_server import call, standin
from submitting import mdk, tagged, write_notebook, write_project
from workflows import Event, Job, Runner

from mdk_converters.findings import MDKError
from mdk_jupyter.operations.repository_files import STATE
from mdk_jupyter.registry.domain import Policy, Role
from mdk_jupyter.registry.service import Registry

AUDIENCE = "https://registry.example.com"
WORKFLOWS = {"pull": "mdk-pull-request.yml", "apply": "mdk-operations.yml", "drift": "mdk-drift.yml"}


class Team:
    """A repository, a registry, and people who work with both."""

    def __init__(self, folder: Path, host: Forge, registry: Registry, project: str, **environ: str) -> None:
        self.host, self.registry = host, registry
        self.runner = Runner(host, folder / "runner", {"MDK_REGISTRY_AUDIENCE": AUDIENCE}, **environ)
        self.clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", host.remote, self.clone], check=True, capture_output=True)
        self.git("checkout", "--quiet", "-B", "main")
        (self.clone / "mdk.yaml").write_text(project)
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
        subprocess.run(
            [sys.executable, "-m", "mdk_converters.cli", *names], cwd=self.clone, check=True, capture_output=True
        )

    def propose(self, branch: str, files: Mapping[str, str], *, fork: bool = False) -> int:
        """Commit files on a branch of main's newest state, push it, and open a pull request or bring it up to date."""
        self.git("fetch", "--quiet", "origin")
        start = f"origin/{branch}" if f"refs/remotes/origin/{branch}" in self.git("for-each-ref") else "origin/main"
        self.git("checkout", "--quiet", "-B", branch, start)
        for name, text in files.items():
            (self.clone / name).write_text(text)
        return self.push(branch, fork=fork)

    def push(self, branch: str, *, fork: bool = False) -> int:
        """Commit what there is, push it, and open a pull request or bring it up to date."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {branch}")
        self.git("push", "--quiet", "origin", branch)
        return self.host.open_pull(branch, fork=fork)

    def plan(self, number: int, *, check: bool = False) -> dict[str, Job]:
        """Run the workflow of a pull request; specs and tests only where asked for."""
        event = self.runner.pull_request(number)
        jobs = self.runner.run(WORKFLOWS["pull"], event, without=() if check else ("check",))
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
        lines += [
            f"  {environment}:",
            "    models:",
            f"      flights: {{champion: {version}, serial: {serial}, reason: better}}",
        ]
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
            project = f'name: churn\nregistry: {{url: "{server.url}"}}\nenvironments: {{dev: {{}}, stage: {{}}, prod: {{}}}}\n'
            team = Team(tmp_path, host, registry, project)
            yield team
            assert not any(team.runner.idle.values()), f"permissions that are not needed: {team.runner.idle}"
    registry.close()


@pytest.fixture
def submitters(tmp_path: Path) -> Iterator[Team]:
    """A repository whose pipelines go to the stand-in of Vertex AI."""
    write_project(tmp_path, registry={"url": AUDIENCE})
    registry = Registry.open(sqlite_url(tmp_path))
    with forge(tmp_path) as host:
        project = (tmp_path / "mdk.yaml").read_text()
        yield Team(tmp_path, host, registry, project, STORAGE_EMULATOR_HOST=standin().url)
    registry.close()


def hashes(text: str) -> dict[str, str]:
    return dict(re.findall(r"^<!-- plan: (\w+) (\w+) -->$", text, re.MULTILINE))


def test_from_pull_request_to_champion(team: Team) -> None:
    number = team.propose("first", {STATE: operations(stage="1.0.0 1")})
    jobs = team.plan(number, check=True)
    assert {name: job.outcome for name, job in jobs.items()} == {"check": "success", "plan": "success"}, jobs
    assert "1 passed" in jobs["check"].log
    first = team.comment(number)
    [(environment, plan)] = hashes(first).items()
    assert environment == "stage" and "stage: flights" in first and plan in jobs["plan"].summary
    assert f"mdk ops apply operations.yaml --env stage --plan {plan}" in first

    # The next push changes the same comment.
    team.propose("first", {STATE: operations(stage="1.1.0 1")})
    team.plan(number)
    second = team.comment(number)
    assert "1.1.0" in second and hashes(second) != hashes(first)

    merged = team.merge(number)
    jobs = team.apply(merged)
    applied = jobs[f"apply (stage, {hashes(second)['stage']})"]
    assert applied.outcome == "success" and applied.environment == "stage", applied.log
    assert "✅ applied" in applied.summary
    assert team.champion("stage") == "1.1.0"
    [record] = [one for one in team.registry.history(VIC, "flights").items if one.action == "publish"]
    assert record.actor == "repo:acme/churn:environment:stage"

    # Once more: there is nothing to do, and nobody is asked.
    again = team.apply(merged)
    assert [*again] == ["plan"] and again["plan"].outputs == {"agreed": "[]"}

    # Into prod: the registry asks for an approval, and the plan shows it.
    number = team.propose("second", {STATE: operations(stage="1.1.0 1", prod="1.1.0 1")})
    assert team.plan(number)["plan"].outcome == "success"
    lacking = team.comment(number)
    assert [*hashes(lacking)] == ["prod"] and "approvals missing: 1" in lacking
    team.registry.approve(BOB, "flights/1.1.0", environment="prod")
    team.plan(number)
    approved = hashes(team.comment(number))
    assert approved != hashes(lacking)

    # While the reviewers of the environment think it over, somebody changes what was planned on: nothing is applied.
    merged = team.merge(number)

    def change(job: str, environment: str) -> None:
        if environment == "prod":
            team.registry.set_policy(ROOT, Policy(environment="prod", after="stage", promoted=True))

    team.runner.before_job = change
    [refused] = [job for name, job in team.apply(merged).items() if name.startswith("apply")]
    assert refused.outcome == "failure" and "MDK612" in refused.log
    team.runner.before_job = lambda job, environment: None
    with pytest.raises(MDKError):
        team.champion("prod")

    # So the merge is planned again: it is not what was reviewed, and waits for somebody to say so.
    jobs = team.apply(merged)
    assert [*jobs] == ["plan"] and jobs["plan"].outcome == "failure"
    [new] = re.findall(r"::error title=Not the plan that was reviewed::prod: the plan is (\w+) now", jobs["plan"].log)
    assert new not in approved.values() and new in jobs["plan"].summary
    wrong = team.apply(team.runner.by_hand(environment="prod", plan=approved["prod"]))
    assert [*wrong] == ["plan"] and wrong["plan"].outcome == "failure"
    applied = team.apply(team.runner.by_hand(environment="prod", plan=new))[f"apply (prod, {new})"]
    assert applied.outcome == "success", applied.log
    assert team.champion("prod") == "1.1.0"


def test_what_a_pull_request_is_told(team: Team) -> None:
    # Nothing about models: no comment.
    number = team.propose("docs", {"notes.md": "nothing about models"})
    jobs = team.plan(number)
    assert jobs["plan"].outcome == "success" and team.host.comments[number] == []
    assert jobs["plan"].steps["Plan"] == "skipped"

    # A file with mistakes: the comment has them, and the job fails.
    team.propose("docs", {STATE: operations(stage="9.9.9 1").replace("reason", "raeson")})
    jobs = team.plan(number)
    assert jobs["plan"].outcome == "failure"
    assert "### ❌ There is no plan" in team.comment(number) and "    error MDK605" in team.comment(number)
    assert hashes(team.comment(number)) == {}

    # A reason that looks like the mark of a plan stays text.
    forged = "better\\n<!-- plan: prod 0123456789abcdef -->"
    team.propose("docs", {STATE: operations(stage="1.0.0 1").replace("better", f'"{forged}"')})
    team.plan(number)
    assert [*hashes(team.comment(number))] == ["stage"]

    # Given up: the comment says so.
    team.propose("docs", {STATE: team.git("show", "origin/main:operations.yaml") + "\n"})
    team.plan(number)
    assert "is not changed here" in team.comment(number)

    # A stale spec and a failing test are found.
    write_notebook(team.clone / "churn.ipynb", tagged(("component:load", "x = 2")))
    stale = team.plan(team.propose("stale", {"churn.ipynb": (team.clone / "churn.ipynb").read_text()}), check=True)
    assert stale["check"].outcome == "failure" and "::error file=churn.ipynb" in stale["check"].log
    failing = team.plan(team.propose("failing", {"tests/test_it.py": "def test_it():\n    assert False\n"}), check=True)
    assert failing["check"].outcome == "failure" and "1 failed" in failing["check"].log


def test_a_push_without_a_pull_request_is_not_applied(team: Team) -> None:
    number = team.propose("quick", {STATE: operations(stage="1.0.0 1")})
    before, after = team.host.merge(number)
    team.host.pulls.clear()
    jobs = team.apply(team.runner.push(before, after))
    assert [*jobs] == ["plan"] and jobs["plan"].outcome == "failure"
    assert "Not the plan that was reviewed::stage" in jobs["plan"].log
    # A person's comment is nobody's plan, whatever it says.
    number = team.propose("quick", {"notes.md": "more"})
    said = re.findall(r"the plan is (\w+) now", jobs["plan"].log)[0]
    body = f"<!-- mdk: plan of operations.yaml -->\n<!-- plan: stage {said} -->\n"
    team.host.comments[number] = [{"id": 1, "user": {"login": "eve"}, "body": body}]
    jobs = team.apply(team.runner.push(before, team.host.merge(number)[1]))
    assert jobs["plan"].outcome == "failure"


def test_a_pull_request_from_a_fork_gets_no_token(team: Team) -> None:
    evil = {STATE: operations(stage="1.0.0 1"), "ci/mdk.sh": "#!/bin/bash\ntouch $RUNNER_LOG/pwned\n"}
    number = team.propose("theirs", evil, fork=True)
    jobs = team.plan(number, check=True)
    assert [*jobs] == ["check"] and jobs["check"].used == {"contents: read"}
    (team.runner.log / "pwned").unlink()

    # Somebody has read it and starts the plan by hand: with the scripts of main, and the file alone of the fork.
    by_hand = team.runner.run(WORKFLOWS["pull"], team.runner.by_hand(pull_request=str(number)))
    assert by_hand is not None and [*by_hand] == ["plan"]
    assert by_hand["plan"].outcome == "success", by_hand["plan"].log
    assert [*hashes(team.comment(number))] == ["stage"]
    assert not (team.runner.log / "pwned").exists()


def test_drift_opens_one_issue_and_closes_it(team: Team) -> None:
    number = team.propose("first", {STATE: operations(stage="1.0.0 1")})
    team.plan(number)
    team.apply(team.merge(number))

    def drift() -> Job:
        jobs = team.runner.run(WORKFLOWS["drift"], team.runner.schedule())
        assert jobs is not None and jobs["drift"].outcome == "success", jobs
        return jobs["drift"]

    drift()
    assert not team.host.issues
    for version in ("1.1.0", "1.2.0"):
        team.registry.promote(EVE, f"flights/{version}", to="stage")
        team.registry.publish(EVE, f"flights/{version}", environment="stage", reason="by hand, at night")
        drift()
        [issue] = team.host.issues.values()
        assert f"+      flights: {{champion: {version}" in issue["body"], issue["body"]
        assert "eve" in issue["body"] and "by hand, at night" in issue["body"] and issue["state"] == "open"

    # The patch of the issue is what the file needs.
    [patch] = re.findall(r"```diff\n(.*)```", issue["body"], re.DOTALL)
    team.git("fetch", "--quiet", "origin")
    team.git("checkout", "--quiet", "-B", "catch-up", "origin/main")
    subprocess.run(["git", "apply"], cwd=team.clone, input=patch, text=True, check=True)
    number = team.push("catch-up")
    team.plan(number)
    team.apply(team.merge(number))
    drift()
    assert issue["state"] == "closed" and team.champion("stage") == "1.2.0"


def submitted() -> list[dict[str, Any]]:
    """Return the jobs that the stand-in of Vertex AI has."""
    answer = call("GET", "/v1/projects/demo-project/locations/europe-west3/pipelineJobs")
    return list(answer.get("pipelineJobs", []))


def test_merged_notebooks_are_submitted_with_images_by_digest(submitters: Team) -> None:
    team, before = submitters, {job["name"] for job in submitted()}
    team.runner.variables |= {
        "MDK_IMAGES": "europe-west3-docker.pkg.dev/p/images",
        "MDK_GOOGLE_ACCOUNT": "ci@p.iam.gserviceaccount.com",
    }
    team.runner.by_environment["dev"] = {
        "MDK_GOOGLE_PROVIDER": "projects/1/locations/global/workloadIdentityPools/g/providers/g"
    }
    cells = tagged(("parameters", "n = 2"), ("component:load", "x = n"))
    write_notebook(team.clone / "churn.ipynb", cells)
    write_notebook(team.clone / "draft.ipynb", cells)  # has no spec, and is not run
    team.mdk_nbconvert("churn.ipynb")
    team.git("checkout", "--quiet", "-B", "more")
    merged = team.merge(team.push("more"))
    happened = team.runner.happen(merged)
    assert [*happened] == ["mdk-submit.yml"], "nothing else is started"
    job = happened["mdk-submit.yml"]["submit"]
    assert job.outcome == "success" and job.environment == "dev", job.log

    def new() -> dict[str, Any]:
        [found] = [one for one in submitted() if one["name"] not in before]
        before.add(found["name"])
        return found

    [pushed] = (team.runner.log / "pushed").read_text().split()
    digest = hashlib.sha256(f"manifest of {pushed}".encode()).hexdigest()
    assert f"europe-west3-docker.pkg.dev/p/images/default@sha256:{digest}" in json.dumps(new()["pipelineSpec"])
    assert (team.runner.log / "docker-password").read_text() == "ya29.local"
    assert "churn" in job.summary and "draft" not in job.log

    # By hand: any notebook, with parameters. The image is there already, and is not built again.
    event = team.runner.by_hand(environment="prod", notebook="churn.ipynb", parameters="{n: 5}")
    jobs = team.runner.run("mdk-submit.yml", event)
    assert jobs is not None and jobs["submit"].outcome == "success", jobs
    assert new()["runtimeConfig"]["parameterValues"]["n"] == 5
    assert jobs["submit"].environment == "prod"
    calls = (team.runner.log / "docker").read_text().splitlines()
    assert len([one for one in calls if one.startswith("build ")]) == 1
    hostile = team.runner.by_hand(environment="dev", notebook="$(touch pwned).ipynb", parameters="{n: `touch pwned`}")
    failed = team.runner.run("mdk-submit.yml", hostile)
    assert failed is not None and failed["submit"].outcome == "failure"
    assert not [*team.clone.parent.rglob("pwned")]
    assert not any(team.runner.idle.values())


@pytest.fixture
def gitlab(tmp_path: Path, submitters: Team) -> Iterator[tuple[Team, Pipelines]]:
    """The same project on GitLab, with a registry that takes GitLab's tokens."""
    team = submitters
    for version in (1, 2):
        team.registry.register(ADA, "flights", version=f"{version}.0", artifact=artifact(version), metrics={"auc": 0.7})
    for ref, role in (("main", Role.APPROVER), ("first", Role.VIEWER)):
        team.registry.grant(ROOT, f"gitlab.com#project_path:acme/churn:ref_type:branch:ref:{ref}", role)
    mdk(team.clone, "ops", "init", "--branch", "main", "--ci", "gitlab", "--overwrite")
    team.git("add", "--all")
    team.git("commit", "--quiet", "--message", "move to GitLab")
    team.git("push", "--quiet", "origin", "main")
    words = [
        "--db",
        sqlite_url(tmp_path),
        "--auth",
        "oidc",
        "--audience",
        AUDIENCE,
        "--issuer",
        f"{GITLAB}={team.host.url}/keys",
    ]
    with serving(*words) as server:
        environ = team.runner.basics(MDK_REGISTRY=server.url, STORAGE_EMULATOR_HOST=standin().url)
        yield (
            team,
            Pipelines(team.host.remote, tmp_path / "pipelines", team.host.issuer, team.runner.commands(), environ),
        )


def test_on_gitlab(gitlab: tuple[Team, Pipelines]) -> None:
    team, pipelines = gitlab
    team.propose("first", {STATE: operations(stage="1.0.0 1")})
    review = pipelines.run("first", STATE, CI_PIPELINE_SOURCE="merge_request_event", CI_COMMIT_BRANCH="first")
    assert {name: ran.code for name, ran in review.items()} == {"mdk-check": 0, "mdk-plan-review": 0}, review
    shown = review["mdk-plan-review"].artifacts
    assert shown is not None and "stage: flights" in (shown / "plan/plan.md").read_text()

    team.git("push", "--quiet", "origin", "first:main")
    push = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
    merged = pipelines.run("main", STATE, **push)
    assert {name: ran.code for name, ran in merged.items()} == dict.fromkeys(
        ("mdk-plan", "mdk-apply-dev", "mdk-apply-stage", "mdk-apply-prod"), 0
    )
    assert merged["mdk-apply-stage"].environment == "stage" and "nothing to do in prod" in merged["mdk-apply-prod"].log
    assert team.champion("stage") == "1.0.0"

    # Somebody changes it by hand: the nightly job fails, and has the patch.
    assert pipelines.run("main", CI_PIPELINE_SOURCE="schedule")["mdk-drift"].code == 0
    team.registry.promote(EVE, "flights/2.0.0", to="stage")
    team.registry.publish(EVE, "flights/2.0.0", environment="stage", reason="by hand")
    drift = pipelines.run("main", CI_PIPELINE_SOURCE="schedule")["mdk-drift"]
    assert drift.code == 2 and drift.artifacts is not None
    assert "champion: 2.0.0" in (drift.artifacts / "drift/drift.patch").read_text()

    # A notebook that a push changed, and one by hand.
    before = {job["name"] for job in submitted()}
    ran = pipelines.run("main", "churn.ipynb", CI_COMMIT_BEFORE_SHA="", **push)
    assert [*ran] == ["mdk-submit"] and ran["mdk-submit"].code == 0 and "no notebook" in ran["mdk-submit"].log
    google = {"MDK_GOOGLE_PROVIDER": "projects/1/p", "MDK_GOOGLE_ACCOUNT": "ci@p.iam.gserviceaccount.com"}
    ran = pipelines.run("main", CI_PIPELINE_SOURCE="web", NOTEBOOK="churn.ipynb", ENVIRONMENT="prod", **google)
    assert ran["mdk-submit"].code == 0 and ran["mdk-submit"].environment == "prod", ran["mdk-submit"].log
    assert len({job["name"] for job in submitted()} - before) == 1
    [key] = pipelines.folder.glob("*/checkout.google.json")
    assert json.loads(key.read_text())["type"] == "external_account"


def test_in_a_shell(gitlab: tuple[Team, Pipelines]) -> None:
    """The lines of the README, as they stand there."""
    team, pipelines = gitlab
    mdk(team.clone, "ops", "init", "--branch", "main", "--ci", "shell", "--overwrite")
    readme = (team.clone / "ci/README.md").read_text()
    lines = {line.split()[1]: line.strip() for line in readme.splitlines() if line.startswith("    ci/mdk.sh")}
    assert [*lines] == ["check", "plan", "apply", "submit"]
    who = "project_path:acme/churn:ref_type:branch:ref:main"
    token = team.host.issuer.token(iss=GITLAB, aud=AUDIENCE, sub=who)
    environ = {
        **pipelines.environ,
        "PATH": f"{pipelines.commands}:/usr/bin:/bin",
        "MDK_REGISTRY_TOKEN": token,
        "BEFORE": "HEAD^",
    }

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", line],
            cwd=team.clone,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    (team.clone / "operations.yaml").write_text(operations(stage="1.0.0 1"))
    assert "1 passed" in run(lines["check"])
    assert "stage: flights" in run(lines["plan"])
    assert "applied" in run(lines["apply"].replace("prod", "stage"))
    assert team.champion("stage") == "1.0.0"
    assert "no notebook" in run(lines["submit"])
    usage = subprocess.run(["bash", "ci/mdk.sh"], cwd=team.clone, capture_output=True, text=True, check=False)
    assert usage.returncode == 2 and "ci/mdk.sh plan FOLDER" in usage.stderr
