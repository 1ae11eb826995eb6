"""The registry behind HTTP: the same methods, the same results, the same errors as the one in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, JsonValue, TypeAdapter

from mdk_jupyter.registry.changes import Change, Origin, Outcome, Standing
from mdk_jupyter.registry.credentials import Credentials, from_text
from mdk_jupyter.registry.domain import (
    Anchor,
    Approval,
    ArtifactRef,
    AuditRecord,
    Champion,
    CloudEvent,
    Comparison,
    Cost,
    CostRow,
    Dataset,
    Deployment,
    Grant,
    Graph,
    Imported,
    MetricValue,
    ModelInfo,
    Page,
    Policy,
    Promotion,
    PromotionPlan,
    Provenance,
    Role,
    Search,
    Signature,
    Token,
    Verification,
    Version,
    Waiver,
)
from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.http import Connection, new_key, parsed
from mdk_jupyter.registry.references import parse

T = TypeVar("T")


class Client:
    """A registry on a server; a context manager.

    `token` is the bearer token, or credentials that fetch it. Every write carries an idempotency key of its own where
    none is given, so that it can be sent again after a failure and still has one effect.

    Example:
        >>> with Client("https://registry.example.org", "…") as registry:      # doctest: +SKIP
        ...     registry.champion("flights", environment="prod").version.reference
        'flights/1.4.2'
    """

    def __init__(
        self,
        url: str,
        token: str | Credentials | None = None,
        *,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        credentials = token if isinstance(token, Credentials) else from_text(token)
        self._connection = Connection(url, credentials, timeout=timeout, transport=transport)

    def __repr__(self) -> str:
        return f"<registry {self._connection.url}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _ipython_display_(self) -> None:
        from mdk_jupyter.widgets.registry import show

        show(self)

    # Registering and reading

    def register(
        self,
        name: str,
        *,
        artifact: ArtifactRef,
        version: str | None = None,
        metrics: Mapping[str, MetricValue] | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
        signature: Signature | None = None,
        provenance: Provenance | None = None,
        datasets: Sequence[Dataset] = (),
        requirements: Sequence[str] = (),
        profile: Mapping[str, JsonValue] | None = None,
        cost: Cost | None = None,
        description: str | None = None,
        project: str | None = None,
        use_case: str | None = None,
        sensitivity: str | None = None,
        owner: str | None = None,
        labels: Mapping[str, str] | None = None,
        vertex_model: str | None = None,
        extra: Mapping[str, JsonValue] | None = None,
        idempotency_key: str | None = None,
    ) -> Version:
        body = {
            "artifact": artifact,
            "version": version,
            "metrics": metrics,
            "parameters": parameters,
            "signature": signature,
            "provenance": provenance,
            "datasets": list(datasets),
            "requirements": list(requirements),
            "profile": profile,
            "cost": cost,
            "description": description,
            "project": project,
            "use_case": use_case,
            "sensitivity": sensitivity,
            "owner": owner,
            "labels": labels,
            "vertex_model": vertex_model,
            "extra": extra,
        }
        return self._write(Version, "POST", f"{_model(name)}/versions", body, key=idempotency_key or new_key())

    def models(
        self,
        *,
        project: str | None = None,
        text: str | None = None,
        labels: Mapping[str, str] | None = None,
        champion_in: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ModelInfo]:
        return self._read(
            Page[ModelInfo],
            "/models",
            project=project,
            text=text,
            label=_labels(labels),
            champion_in=champion_in,
            cursor=cursor,
            limit=limit,
        )

    def model(self, name: str) -> ModelInfo:
        return self._read(ModelInfo, _model(name))

    def versions(self, name: str, *, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        return self._read(Page[Version], f"{_model(name)}/versions", cursor=cursor, limit=limit)

    def version(self, reference: str, *, environment: str | None = None) -> Version:
        if parse(reference).vertex:
            return self._read(Version, "/resolve", reference=reference)
        return self._read(Version, _version(reference), environment=environment)

    def search(self, query: Search, *, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        return self._read(
            Page[Version],
            "/versions",
            text=query.text,
            project=query.project,
            label=_labels(query.labels),
            metric=list(query.metrics),
            champion_in=query.champion_in,
            trained_by=query.trained_by,
            since=_time(query.since),
            until=_time(query.until),
            status=query.status.value if query.status else None,
            cursor=cursor,
            limit=limit,
        )

    def champion(self, name: str, *, environment: str, as_of: datetime | None = None) -> Champion:
        return self._read(Champion, f"{_model(name)}/champions/{_part(environment)}", as_of=_time(as_of))

    def deployments(self, name: str) -> list[Deployment]:
        return self._read(list[Deployment], f"{_model(name)}/deployments")

    def compare(self, a: str, b: str, *, environment: str | None = None) -> Comparison:
        return self._read(Comparison, "/compare", a=a, b=b, environment=environment)

    def lineage(self, reference: str, *, environment: str | None = None) -> Graph:
        try:
            named = {"reference": str(parse(reference))}
        except InvalidError:
            named = {"dataset": reference}
        return self._read(Graph, "/lineage", **named, environment=environment)

    def costs(
        self,
        *,
        by: str,
        project: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[CostRow]:
        return self._read(list[CostRow], "/costs", by=by, project=project, since=_time(since), until=_time(until))

    # Changing champions

    def plan_promotion(self, reference: str, *, environment: str, by: str | None = None) -> PromotionPlan:
        return self._read(PromotionPlan, f"{_version(reference)}/plan", environment=environment, by=by)

    def promote(
        self,
        reference: str,
        *,
        to: str,
        reason: str | None = None,
        waivers: Sequence[Waiver] = (),
        break_glass: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Promotion:
        body = {"to": to, "reason": reason, "waivers": list(waivers), "break_glass": break_glass}
        key = idempotency_key or new_key()
        return self._write(Promotion, "POST", f"{_version(reference)}/promote", body, key, expected_revision)

    def publish(
        self,
        reference: str,
        *,
        environment: str,
        reason: str | None = None,
        endpoint: str | None = None,
        waivers: Sequence[Waiver] = (),
        break_glass: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Champion:
        found = parse(reference)
        body = {
            "version": found.version or found.alias,
            "reason": reason,
            "endpoint": endpoint,
            "waivers": list(waivers),
            "break_glass": break_glass,
        }
        path = f"{_model(found.name)}/champions/{_part(environment)}"
        return self._write(Champion, "PUT", path, body, idempotency_key or new_key(), expected_revision)

    def rollback(
        self,
        name: str,
        *,
        environment: str,
        to: str | None = None,
        reason: str,
        quarantine: bool = True,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Champion:
        body = {"to": to, "reason": reason, "quarantine": quarantine}
        path = f"{_model(name)}/champions/{_part(environment)}/rollback"
        return self._write(Champion, "POST", path, body, idempotency_key or new_key(), expected_revision)

    def set_challengers(
        self,
        name: str,
        *,
        environment: str,
        challengers: Mapping[str, int],
        reason: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Deployment:
        body = {"challengers": dict(challengers), "reason": reason}
        path = f"{_model(name)}/challengers/{_part(environment)}"
        return self._write(Deployment, "PUT", path, body, idempotency_key or new_key(), expected_revision)

    def report_deployment(
        self,
        reference: str,
        *,
        environment: str,
        endpoint: str | None = None,
        status: Mapping[str, JsonValue] | None = None,
    ) -> Deployment:
        found = parse(reference)
        body = {"version": found.version or found.alias, "endpoint": endpoint, "status": status}
        path = f"{_model(found.name)}/deployments/{_part(environment)}"
        return self._write(Deployment, "PUT", path, body, repeatable=True)

    def quarantine(self, reference: str, *, reason: str, environment: str | None = None) -> Version:
        path = f"{_version(reference)}/quarantine"
        return self._write(Version, "POST", path, {"reason": reason}, query={"environment": environment})

    def unquarantine(self, reference: str, *, reason: str) -> Version:
        return self._write(Version, "POST", f"{_version(reference)}/unquarantine", {"reason": reason})

    def archive(self, reference: str, *, reason: str) -> Version:
        return self._write(Version, "POST", f"{_version(reference)}/archive", {"reason": reason})

    def annotate(
        self,
        reference: str,
        *,
        note: str | None = None,
        labels: Mapping[str, str | None] | None = None,
        card: str | None = None,
        environment: str | None = None,
    ) -> Version:
        body = {"note": note, "labels": labels, "card": card}
        return self._write(Version, "PATCH", _version(reference), body, query={"environment": environment})

    def approve(self, reference: str, *, environment: str, comment: str | None = None) -> Approval:
        body = {"environment": environment, "comment": comment}
        return self._write(Approval, "POST", f"{_version(reference)}/approvals", body)

    def approvals(self, reference: str, *, environment: str | None = None) -> list[Approval]:
        return self._read(list[Approval], f"{_version(reference)}/approvals", environment=environment)

    # Many changes at once

    def observe(self, environment: str, *, names: Sequence[str] | None = None) -> list[Standing]:
        query = {"name": list(names)} if names is not None else {"all": True}
        return self._read(list[Standing], f"/environments/{_part(environment)}/standings", **query)

    def apply(
        self,
        changes: Sequence[Change],
        *,
        environment: str,
        expected_revisions: Mapping[str, int],
        origin: Origin,
        idempotency_key: str | None = None,
    ) -> Outcome:
        body = {"changes": list(changes), "expected_revisions": dict(expected_revisions), "origin": origin}
        path = f"/environments/{_part(environment)}/apply"
        return self._write(Outcome, "POST", path, body, idempotency_key or new_key())

    # History

    def history(
        self, name: str, *, environment: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditRecord]:
        path = f"{_model(name)}/history"
        return self._read(Page[AuditRecord], path, environment=environment, cursor=cursor, limit=limit)

    def verify(self, name: str | None = None, *, anchors: Sequence[Anchor] = ()) -> Verification:
        if not anchors:
            return self._read(Verification, "/verify", name=name)
        return self._write(Verification, "POST", "/verify", {"name": name, "anchors": list(anchors)}, repeatable=True)

    def anchor(self) -> Anchor:
        return self._read(Anchor, "/anchor")

    def events(self, *, after: str | None = None, limit: int = 100) -> Page[CloudEvent]:
        return self._read(Page[CloudEvent], "/events", after=after, limit=limit)

    # Rules and rights

    def policy(self, environment: str, *, project: str | None = None) -> Policy:
        return self._read(Policy, f"/policies/{_part(environment)}", project=project)

    def set_policy(self, policy: Policy, *, reason: str | None = None) -> Policy:
        path = f"/policies/{_part(policy.environment)}"
        query = {"project": policy.project, "reason": reason}
        return self._write(Policy, "PUT", path, policy, query=query, repeatable=True)

    def grants(self, subject: str | None = None) -> list[Grant]:
        return self._read(list[Grant], "/grants", subject=subject)

    def grant(self, subject: str, role: Role, *, project: str = "*", environment: str = "*") -> Grant:
        body = {"subject": subject, "role": Role(role).value, "project": project, "environment": environment}
        return self._write(Grant, "POST", "/grants", body, repeatable=True)

    def revoke(self, subject: str, role: Role, *, project: str = "*", environment: str = "*") -> None:
        query = {"subject": subject, "role": Role(role).value, "project": project, "environment": environment}
        self._connection.send("DELETE", "/grants", query=query, repeatable=True)

    def tokens(self) -> list[Token]:
        return self._read(list[Token], "/tokens")

    def create_token(self, subject: str, *, days: float | None = 30, note: str | None = None) -> Token:
        body = {"subject": subject, "days": days, "note": note}  # no days: for ever
        return parsed(self._connection.send("POST", "/tokens", body=body), Token)

    def revoke_token(self, id: str) -> None:
        self._connection.send("DELETE", f"/tokens/{_part(id)}", repeatable=True)

    # Moving house

    def export(self, names: Sequence[str] | None = None) -> Iterator[str]:
        answer = self._connection.send("GET", "/export", query={"name": list(names or ())})
        yield from answer.text.splitlines()

    def import_(self, lines: Iterable[str]) -> Imported:
        content = (f"{line}\n".encode() for line in lines)
        return parsed(self._connection.send("POST", "/import", content=content), Imported)

    def _read(self, kind: type[T], path: str, **query: Any) -> T:
        return parsed(self._connection.send("GET", path, query=query), kind)

    def _write(
        self,
        kind: type[T],
        method: str,
        path: str,
        body: Any,
        key: str | None = None,
        revision: int | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> T:
        answer = self._connection.send(
            method, path, query=query, body=_plain(body), revision=revision, key=key, repeatable=repeatable
        )
        return parsed(answer, kind)


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def _plain(body: Any) -> Any:
    """Return a body as JSON values, without what was not given."""
    if isinstance(body, BaseModel):
        return body.model_dump(mode="json")
    return {name: _ANY.dump_python(value, mode="json") for name, value in body.items() if value is not None}


def _part(text: str) -> str:
    return quote(text, safe="")


def _model(name: str) -> str:
    return f"/models/{_part(name)}"


def _version(reference: str) -> str:
    found = parse(reference)
    if found.vertex:
        message = f"{found.vertex} is a name on Vertex AI, and a registry's server is asked by the model's own"
        raise InvalidError("MDK540", message, "write it like `flights/1.4.2` or `flights@champion`")
    return f"{_model(found.name)}/versions/{_part(found.version or found.alias or 'latest')}"


def _labels(labels: Mapping[str, str] | None) -> list[str]:
    return [f"{name}={value}" for name, value in (labels or {}).items()]


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
