"""Who may do what: one table of verbs, kinds of environment and roles."""

from __future__ import annotations

from enum import StrEnum

from mdk_jupyter.registry.domain import ENVIRONMENTS, Actor, Grant, Role
from mdk_jupyter.registry.errors import ForbiddenError


class Verb(StrEnum):
    """What can be done with a registry."""

    READ = "read"
    REGISTER = "register"
    ANNOTATE = "annotate"
    REPORT = "report"
    PROMOTE = "promote"
    PUBLISH = "publish"
    CHALLENGE = "challenge"
    ROLLBACK = "rollback"
    APPROVE = "approve"
    QUARANTINE = "quarantine"
    ARCHIVE = "archive"
    SET_POLICY = "set_policy"
    GRANT = "grant"
    IMPORT = "import"
    APPLY = "apply"


_ALL = frozenset(Role)
_MAKERS = frozenset({Role.CONTRIBUTOR, Role.APPROVER})
_DECIDERS = frozenset({Role.APPROVER})
_KEEPERS = frozenset({Role.ADMIN})  # who gives rights does not decide on champions by that

# The roles that may, in the first environment (dev) and in those after it.
TABLE: dict[Verb, tuple[frozenset[Role], frozenset[Role]]] = {
    Verb.READ: (_ALL, _ALL),
    Verb.REGISTER: (_MAKERS, _MAKERS),
    Verb.ANNOTATE: (_MAKERS, _MAKERS),
    Verb.REPORT: (_MAKERS, _MAKERS),
    Verb.PROMOTE: (_MAKERS, _DECIDERS),
    Verb.PUBLISH: (_MAKERS, _DECIDERS),
    Verb.CHALLENGE: (_MAKERS, _DECIDERS),
    Verb.ROLLBACK: (_MAKERS, _DECIDERS),
    Verb.APPROVE: (_DECIDERS, _DECIDERS),
    Verb.QUARANTINE: (_DECIDERS, _DECIDERS),
    Verb.ARCHIVE: (_DECIDERS, _DECIDERS),
    Verb.SET_POLICY: (_KEEPERS, _KEEPERS),
    Verb.GRANT: (_KEEPERS, _KEEPERS),
    Verb.IMPORT: (_KEEPERS, _KEEPERS),
    Verb.APPLY: (_MAKERS, _DECIDERS),  # and what each of its steps asks for
}


def roles(verb: Verb, environment: str | None = None) -> tuple[Role, ...]:
    """Return the roles that may do something in an environment, the smallest first."""
    first, later = TABLE[verb]
    return tuple(role for role in Role if role in (first if environment in {None, ENVIRONMENTS[0]} else later))


def allowed(grants: tuple[Grant, ...], verb: Verb, *, project: str, environment: str | None = None) -> bool:
    """Return whether one of the grants allows the verb.

    `environment` is None where the verb concerns a version as such: then a grant of any environment will do. With
    `project="*"` only grants of all projects count.
    """
    wanted = roles(verb, environment)
    return any(
        grant.role in wanted
        and grant.project in {"*", project}
        and (environment is None or grant.environment in {"*", environment})
        for grant in grants
    )


def require(actor: Actor, verb: Verb, *, project: str, environment: str | None = None) -> None:
    """Let the actor pass, or say which role is missing.

    Raises:
        ForbiddenError: no grant allows it (MDK530).
    """
    if allowed(actor.grants, verb, project=project, environment=environment):
        return
    wanted = roles(verb, environment)[0]
    where = f"project {project!r}" + (f", environment {environment!r}" if environment else "")
    raise ForbiddenError(
        "MDK530",
        f"{actor.name} may not {verb.value.replace('_', ' ')} in {where}",
        f"Ask an admin of the registry for the role {wanted.value!r} there.",
        names=[actor.name],
    )


def local(name: str) -> Actor:
    """Return the user of an embedded registry: whoever has the file may do all that the policies let pass.

    Example:
        >>> local("ada").method
        'local'
    """
    return Actor(name=name, grants=tuple(Grant(subject=name, role=role) for role in (Role.APPROVER, Role.ADMIN)))


def visible_projects(actor: Actor) -> frozenset[str] | None:
    """Return the projects that the actor may read, None for all of them."""
    projects = frozenset(grant.project for grant in actor.grants)
    return None if "*" in projects else projects
