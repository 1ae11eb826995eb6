"""A promotion, a rollback or challengers as proposed: what that changes, and how: at once, or by a pull request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mdk_jupyter.operations.branch import Repository
from mdk_jupyter.operations.diffs import unified_diff
from mdk_jupyter.operations.plan import Plan
from mdk_jupyter.operations.plan_markdown import plan_markdown
from mdk_jupyter.operations.plan_text import plan_sheet
from mdk_jupyter.registry.changes import Outcome

Verb = Literal["promote", "rollback", "challenge"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A file before and after. `file` is its path within the repository."""

    file: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change as `git apply` takes it."""
        return unified_diff(self.file, self.before, self.after)

    def to_json(self) -> dict[str, Any]:
        return {"file": self.file, "before": self.before, "after": self.after, "diff": self.diff}


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The text of a pull request, and the branch that it goes into."""

    title: str
    body: str
    base: str

    def to_json(self) -> dict[str, Any]:
        return {"title": self.title, "body": self.body, "base": self.base}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done. Nothing has been.

    `edit`, `branch` and `pull_request` are there where the environment is protected; else `carry_out` changes the
    registry at once. `revision` is the one that the plan was made on.
    """

    verb: Verb
    model: str
    version: str
    environment: str
    reason: str | None
    protected: bool
    plan: Plan
    revision: int
    edit: Edit | None = None
    branch: str | None = None
    pull_request: PullRequest | None = None
    notes: tuple[str, ...] = ()
    repository: Repository | None = None
    base: str | None = None  # the commit that the branch starts from

    @property
    def blocked(self) -> tuple[str, ...]:
        """What stands in the way: failed gates, missing approvals."""
        return tuple(why for model in self.plan.models for why in model.blocked)

    @property
    def text(self) -> str:
        """The plan, for people."""
        return plan_sheet(self.plan).text()

    @property
    def markdown(self) -> str:
        """The plan, for a pull request."""
        return plan_markdown(self.plan)

    def to_json(self) -> dict[str, Any]:
        return {
            "verb": self.verb,
            "model": self.model,
            "version": self.version,
            "environment": self.environment,
            "reason": self.reason,
            "protected": self.protected,
            "revision": self.revision,
            "plan": self.plan.model_dump(mode="json"),
            "text": self.text,
            "markdown": self.markdown,
            "blocked": list(self.blocked),
            "edit": self.edit.to_json() if self.edit else None,
            "branch": self.branch,
            "pull_request": self.pull_request.to_json() if self.pull_request else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: the registry was changed (`outcome`), or there is a commit on a branch."""

    proposal: Proposal
    outcome: Outcome | None = None
    commit: str | None = None
    pushed: bool = False
    url: str | None = None  # of the pull request
    next_steps: tuple[str, ...] = ()

    @property
    def applied(self) -> bool:
        """Whether the registry was changed."""
        return self.outcome is not None

    def to_json(self) -> dict[str, Any]:
        return {
            **self.proposal.to_json(),
            "applied": self.applied,
            "outcome": self.outcome.model_dump(mode="json") if self.outcome else None,
            "commit": self.commit,
            "pushed": self.pushed,
            "url": self.url,
            "next_steps": list(self.next_steps),
        }
