"""Git: the file as the main branch has it, a commit of a change to it on a branch of its own, and the pull request.

The commit is made beside the working copy: no file of it is touched, whatever is being worked on.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdk_jupyter.operations.errors import OperationsError, refusal

_PATIENCE = 60.0  # seconds for a remote
_REMOTE = "origin"


@dataclass(frozen=True, slots=True)
class Base:
    """What a change starts from: the newest commit of the main branch that is known here."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository with a working copy."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """Return the repository that a folder is in.

        Raises:
            OperationsError: there is none (MDK620).
        """
        try:
            found = subprocess.run(
                ["git", "rev-parse", "--show-toplevel"], cwd=folder, capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            message = f"{folder} is not in a git repository, and a protected environment changes by pull request alone"
            raise refusal("MDK620", message, "run `git init` and commit the project") from None
        return cls(Path(found.stdout.strip()))

    @property
    def has_remote(self) -> bool:
        return _REMOTE in self._git("remote").split()

    def fetch(self) -> bool:
        """Learn what the remote has by now; return False where it cannot be reached."""
        if not self.has_remote:
            return True
        try:
            self._git("fetch", "--quiet", _REMOTE, patience=_PATIENCE)
        except OperationsError:  # what is known here will do
            return False
        return True

    def base(self) -> Base:
        """Return the main branch: the remote's, or else the one that is checked out.

        Raises:
            OperationsError: there is no commit yet (MDK621).
        """
        current = self._git("rev-parse", "--abbrev-ref", "HEAD") if self._commit("HEAD") else "HEAD"
        if self.has_remote:
            head = self._quietly("symbolic-ref", "--short", f"refs/remotes/{_REMOTE}/HEAD")
            names = [head.removeprefix(f"{_REMOTE}/")] if head else []
            for name in (*names, "main", "master", current):
                if commit := self._commit(f"refs/remotes/{_REMOTE}/{name}"):
                    return Base(name, commit)
        commit = self._commit("HEAD")
        if commit is None:
            raise refusal("MDK621", f"{self.root} has no commit yet", "commit the project first")
        return Base(current, commit)

    def relative(self, path: Path) -> str:
        """Return a path within the repository, as git writes it."""
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def text(self, commit: str, path: str) -> str | None:
        """Return the text of a file as a commit has it, None where it has no such file."""
        done = subprocess.run(["git", "show", f"{commit}:{path}"], cwd=self.root, capture_output=True, check=False)
        return done.stdout.decode("utf-8-sig") if done.returncode == 0 else None

    def free_branch(self, wanted: str) -> str:
        """Return the name, with a number where there is such a branch already."""
        name = re.sub(r"[^A-Za-z0-9._/-]+", "-", wanted).strip("-./")
        taken = self._git("for-each-ref", "--format=%(refname)").split()
        known = {ref.removeprefix("refs/heads/").removeprefix(f"refs/remotes/{_REMOTE}/") for ref in taken}
        numbered = (f"{name}-{number}" for number in range(2, len(known) + 3))
        return name if name not in known else next(one for one in numbered if one not in known)

    def commit(self, base: str, path: str, text: str, message: str, branch: str) -> str:
        """Make a branch whose one commit changes one file of the commit `base`; return the commit.

        Raises:
            OperationsError: git refuses (MDK621).
        """
        with tempfile.TemporaryDirectory(prefix="mdk-git-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", base, environ=index)
            blob = self._git("hash-object", "-w", "--stdin", given=text)
            mode = self._git("ls-tree", base, "--", path).partition(" ")[0] or "100644"
            self._git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", environ=index)
            tree = self._git("write-tree", environ=index)
        signed = ["-S"] if self._quietly("config", "--type=bool", "commit.gpgsign") == "true" else []
        commit = self._git("commit-tree", *signed, tree, "-p", base, given=message)
        self._git("update-ref", f"refs/heads/{branch}", commit, "0" * 40)  # it must not be there
        return commit

    def push(self, branch: str) -> None:
        """Send a branch to the remote.

        Raises:
            OperationsError: git refuses (MDK621).
        """
        self._git("push", "--quiet", "--set-upstream", _REMOTE, branch, patience=_PATIENCE)

    def open_pull_request(self, title: str, body: str, base: str, branch: str) -> str:
        """Open a pull request with GitHub's `gh`, and return its address.

        Raises:
            OperationsError: it cannot be opened (MDK623).
        """
        words = ["gh", "pr", "create", "--title", title, "--body-file", "-", "--base", base, "--head", branch]
        with _told("MDK623", "the pull request cannot be opened", "open it by hand; the branch is there"):
            done = subprocess.run(
                words, cwd=self.root, input=body, capture_output=True, text=True, check=True, timeout=_PATIENCE
            )
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def _commit(self, ref: str) -> str | None:
        return self._quietly("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") or None

    def _quietly(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def _git(
        self,
        *words: str,
        given: str | None = None,
        environ: Mapping[str, str] | None = None,
        patience: float | None = None,
    ) -> str:
        variables = {**os.environ, "GIT_TERMINAL_PROMPT": "0", **(environ or {})}
        with _told("MDK621", f"`git {words[0]}` does not do it", "mend what git says, and try again"):
            done = subprocess.run(
                ["git", *words],
                cwd=self.root,
                input=given.encode() if given is not None else None,
                capture_output=True,
                check=True,
                env=variables,
                timeout=patience,
            )
        return done.stdout.decode().strip()


def has_gh() -> bool:
    """Whether GitHub's `gh` is installed."""
    return shutil.which("gh") is not None


@contextlib.contextmanager
def _told(code: str, message: str, fix: str) -> Iterator[None]:
    """Turn a command that fails into a finding with what it said."""
    try:
        yield
    except subprocess.CalledProcessError as error:
        said = error.stderr if isinstance(error.stderr, str) else (error.stderr or b"").decode(errors="replace")
        raise refusal(code, f"{message}: {said.strip() or error}", fix) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise refusal(code, f"{message}: {error}", fix) from None
