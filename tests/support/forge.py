"""A stand-in for GitHub on this machine: a bare repository, pull requests, comments, issues, and tokens for jobs.

What a token may do follows from the permissions of the job that it was made for; what it did is noted. `gh` is a script that
sends what the real one sends, for the few options that the workflows use.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loopback import Handler, serving
from oidc import LocalIssuer

NAME = "acme/churn"
BOT = "github-actions[bot]"
GITHUB = "https://token.actions.githubusercontent.com"
IDENTITY = ["-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]

GH = f"""#!{sys.executable}
import json, os, sys, urllib.error, urllib.parse, urllib.request
words, method, fields, headers, path = sys.argv[1:], "GET", {{}}, {{}}, None
assert words.pop(0) == "api", "only `gh api` is known here"
while words:
    word = words.pop(0)
    if word == "--method": method = words.pop(0)
    elif word in ("--field", "--raw-field"):
        name, _, value = words.pop(0).partition("=")
        if word == "--field" and value.startswith("@"):
            value = open(value[1:], encoding="utf-8").read()
        fields[name] = value
    elif word == "--header":
        name, _, value = words.pop(0).partition(": ")
        headers[name] = value
    elif word in ("--paginate", "--silent"): headers["x-" + word[2:]] = "yes"
    else:
        assert path is None and not word.startswith("-"), word
        path = word
body = json.dumps(fields).encode() if fields else None
headers["Authorization"] = "token " + os.environ["GH_TOKEN"]
request = urllib.request.Request(os.environ["FORGE"] + "/api/" + path, body, headers, method=method)
try:
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
except urllib.error.HTTPError as error:
    print(error.read().decode(), file=sys.stderr)
    sys.exit(1)
if "x-silent" not in headers:
    sys.stdout.write(text)
"""


class Forge:
    """One repository as its host keeps it."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote.git"
        self.issuer = LocalIssuer()
        self.url = ""
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.issues: dict[int, dict[str, Any]] = {}
        self.tokens: dict[str, tuple[Mapping[str, str], set[str], dict[str, Any]]] = {}
        self._ids = iter(range(1, 10_000))
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", self.remote], check=True)

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *IDENTITY, *words], cwd=self.remote, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def open_pull(self, branch: str, *, fork: bool = False) -> int:
        """Open a pull request of a branch, or bring it up to date; return its number."""
        known = [number for number, pull in self.pulls.items() if pull["head"]["ref"] == branch and not pull["merged"]]
        number = known[0] if known else next(self._ids)
        repo = {"full_name": "eve/churn" if fork else NAME}
        self.pulls[number] = {
            "number": number,
            "head": {"ref": branch, "repo": repo},
            "merged": False,
            "merge_commit_sha": None,
        }
        self.comments.setdefault(number, [])
        self.git("update-ref", f"refs/pull/{number}/merge", self._merged(branch))
        return number

    def merge(self, number: int) -> tuple[str, str]:
        """Merge a pull request; return the commits of main before and after."""
        before = self.git("rev-parse", "main")
        commit = self._merged(self.pulls[number]["head"]["ref"])
        self.git("update-ref", "refs/heads/main", commit)
        self.pulls[number] |= {"merged": True, "merge_commit_sha": commit}
        return before, commit

    def token(self, permissions: Mapping[str, str], claims: Mapping[str, Any]) -> tuple[str, set[str]]:
        """Make a token for a job; return it, and the set of permissions that will have been used."""
        secret, used = f"ghs_{secrets.token_hex(12)}", set[str]()
        self.tokens[secret] = (permissions, used, dict(claims))
        return secret, used

    def _merged(self, branch: str) -> str:
        tree = self.git("merge-tree", "--write-tree", "main", branch)
        return self.git("commit-tree", tree, "-p", "main", "-p", branch, "-m", f"Merge {branch}")

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, body: Any) -> tuple[int, Any]:
        """Answer a request, as far as the token may."""
        permissions, used, claims = self.tokens.get(token, ({}, set(), {}))

        def need(what: str, level: str = "read") -> None:
            if permissions.get(what) not in {level, "write"}:
                raise PermissionError(f"Resource not accessible by integration: {what}: {level}")
            used.add(f"{what}: {level}")

        if path == "/token":
            need("id-token", "write")
            return 200, {"value": self.issuer.token(iss=GITHUB, aud=query["audience"][0], **claims)}
        route = path.removeprefix(f"/api/repos/{NAME}/")
        if found := re.fullmatch(r"issues/(\d+)/comments", route):
            comments = self.comments[int(found[1])]
            if method == "POST":
                need("pull-requests", "write")
                comments.append({"id": next(self._ids), "user": {"login": BOT}, "body": body["body"]})
                return 201, comments[-1]
            need("pull-requests")
            return 200, comments
        if found := re.fullmatch(r"issues/comments/(\d+)", route):
            need("pull-requests", "write")
            [comment] = [one for many in self.comments.values() for one in many if one["id"] == int(found[1])]
            comment["body"] = body["body"]
            return 200, comment
        if found := re.fullmatch(r"commits/([0-9a-f]{40})/pulls", route):
            need("pull-requests")
            return 200, [pull for pull in self.pulls.values() if pull["merge_commit_sha"] == found[1]]
        if route == "issues" and method == "GET":
            need("issues")
            return 200, [
                one
                for one in self.issues.values()
                if one["state"] == query["state"][0] and one["user"]["login"] == query["creator"][0]
            ]
        if route == "issues":
            need("issues", "write")
            number = next(self._ids)
            self.issues[number] = {"number": number, "state": "open", "user": {"login": BOT}, **body}
            return 201, self.issues[number]
        if found := re.fullmatch(r"issues/(\d+)", route):
            need("issues", "write")
            self.issues[int(found[1])].update(body)
            return 200, self.issues[int(found[1])]
        if found := re.fullmatch(r"contents/(.+)", route):
            need("contents")
            return 200, self.git("show", f"{query['ref'][0]}:{found[1]}") + "\n"
        return 404, {"message": f"Not Found: {method} {route}"}


@contextmanager
def forge(folder: Path) -> Iterator[Forge]:
    """Run a forge."""
    local = Forge(folder)

    class Answering(Handler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/keys":
                status, content = 200, local.issuer.key_set()
            else:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                token = self.headers.get("Authorization", "").partition(" ")[2]
                try:
                    status, content = local.answer(self.command, parts.path, parse_qs(parts.query), token, body)
                except PermissionError as error:
                    status, content = 403, {"message": str(error)}
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.reply(status, data)

        do_POST = do_PATCH = do_GET

    with serving(Answering) as local.url:
        yield local
