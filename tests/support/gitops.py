"""A team with a git remote, a clone for each, and one registry: what GitOps is proven with."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mdk_jupyter.registry import connecting
from mdk_jupyter.registry.domain import Actor, Grant, Role
from mdk_jupyter.registry.embedded import embedded
from mdk_jupyter.registry.face import RegistryFace

FILE = "operations.yaml"
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_EMAIL": "team@example.org",
    "GIT_COMMITTER_EMAIL": "team@example.org",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Person:
    """Somebody, or a job, with a clone."""

    def __init__(self, name: str, folder: Path, path: str = "") -> None:
        self.name, self.folder = name, folder
        named = {"LOGNAME": name, "GIT_AUTHOR_NAME": name, "GIT_COMMITTER_NAME": name}
        self.environ = {**_GIT, **named, **({"PATH": path} if path else {})}

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def mdk(self, *words: object) -> Said:
        """Call a command in this process, as this person, in their clone."""
        from mdk_jupyter.cli import entry

        out, err = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, self.environ), chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = entry._run([str(word) for word in words], False, False)
        return Said(code, out.getvalue(), err.getvalue())

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "mdk_jupyter.cli", *map(str, words)],
            cwd=self.folder,
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def plan(self, *words: object) -> str:
        """Return the hash of the plan, which has changes."""
        said = self.mdk("ops", "plan", "--format", "json", *words)
        assert said.code == 2, (said.code, said.out, said.err)
        return str(said.json["hash"])

    def write(self, text: str, message: str = "change") -> None:
        """Write the file, and commit it."""
        (self.folder / FILE).write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    @property
    def text(self) -> str:
        return (self.folder / FILE).read_text(encoding="utf-8")


class Team:
    """Ada and Bob, the job that applies, and the remote that they share."""

    def __init__(self, folder: Path, url: str, operations: str) -> None:
        self.url = url
        folder.mkdir(exist_ok=True)
        self.remote = folder / "remote.git"
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", self.remote], check=True, env={**os.environ, **_GIT}
        )
        people = []
        for name in ("ada", "bob", "ci"):
            person = Person(name, folder / name)
            person.folder.mkdir()
            if name == "ada":
                person.git("init", "-q", "-b", "main")
                person.git("remote", "add", "origin", str(self.remote))
                (person.folder / "mdk.yaml").write_text(json.dumps({"name": "travel", "registry": {"url": url}}))
                (person.folder / ".gitignore").write_text(".mdk/\n")
                person.write(operations, "first")
                person.git("push", "-q", "-u", "origin", "main")
            else:
                person.git("clone", "-q", str(self.remote), ".")
            people.append(person)
        self.ada, self.bob, self.ci = people

    def registry(self, name: str = "root") -> RegistryFace:
        """Return the registry, as somebody who may do everything."""
        grants = tuple(Grant(subject=name, role=role) for role in (Role.APPROVER, Role.ADMIN))
        return embedded(connecting._open(self.url), Actor(name=name, grants=grants))

    def merge(self, branch: str, *options: str) -> None:
        """Merge a branch of the remote into its main branch, and let the job have that."""
        self.ci.git("fetch", "-q")
        self.ci.git("checkout", "-q", "main")
        self.ci.git("reset", "-q", "--hard", "origin/main")
        self.ci.git("merge", "-q", "--no-edit", *options, f"origin/{branch}")
        self.ci.git("push", "-q", "origin", "main")

    def champion(self, model: str, environment: str) -> str:
        return self.registry().champion(model, environment=environment).version.version

    def close(self) -> None:
        connecting._open(self.url).close()
        connecting._open.cache_clear()
