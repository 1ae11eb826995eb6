"""The tables. What must always hold is held by the schema, not by the code that writes.

Times are microseconds since 1970, UTC. JSON is text, written by us: the same on SQLite and PostgreSQL, and hashable.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER PRIMARY KEY alone
_open = text("until IS NULL")
_rare = text("status <> 'active'")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _of(table: str, name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, _Id, ForeignKey(f"{table}.id"), nullable=nullable)


models = Table(
    "models",
    metadata,
    _id(),
    Column("name", String(128), nullable=False, unique=True),
    Column("project", String(128), nullable=False),
    Column("description", Text),
    Column("owner", String(300)),
    Column("use_case", Text),
    Column("sensitivity", String(100)),
    Column("created", BigInteger, nullable=False),
    Column("created_by", String(300), nullable=False),
    Column("versions", Integer, nullable=False),
    Column("newest", String(32)),
    Column("newest_id", _Id),
    Column("champions", Text, nullable=False),  # JSON: version by environment
    Index("models_project", "project", "name"),
)

versions = Table(
    "versions",
    metadata,
    _id(),
    _of("models", "model_id"),
    Column("n", Integer, nullable=False),  # order within the model: the key of its pages
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    Column("patch", Integer, nullable=False),
    Column("project", String(128), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("registered_by", String(300), nullable=False),
    Column("trained_by", String(300), nullable=False),
    Column("vertex_model", String(500)),
    Column("body", Text, nullable=False),  # JSON: all that never changes
    Column("labels", Text, nullable=False),
    Column("card", Text),
    Column("status", String(20), nullable=False),
    Column("status_reason", Text),
    Column("places", Text, nullable=False),  # JSON: place by environment
    UniqueConstraint("model_id", "n", name="versions_n"),
    UniqueConstraint("model_id", "major", "minor", "patch", name="versions_number"),
    Index("versions_project", "project", "id"),
    Index("versions_trained_by", "trained_by", "id"),
    Index("versions_vertex", "vertex_model"),
    Index("versions_created", "created"),
    Index("versions_model", "model_id", "id"),
    Index("versions_model_created", "model_id", "created", "id"),
    Index("versions_status", "status", "id", sqlite_where=_rare, postgresql_where=_rare),
)

# Large, and read with a single version only.
details = Table(
    "version_details",
    metadata,
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("requirements", Text, nullable=False),
    Column("profile", Text),
)

# Where the next patch comes from: its row lock orders those who register, and a rollback gives the number back.
lines = Table(
    "version_lines",
    metadata,
    Column("model_id", _Id, ForeignKey("models.id"), primary_key=True, autoincrement=False),
    Column("major", Integer, primary_key=True, autoincrement=False),
    Column("minor", Integer, primary_key=True, autoincrement=False),
    Column("next_patch", Integer, nullable=False),
)

# Inverted, so that a search reads its first page and no more.
labels = Table(
    "version_labels",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("value", String(300), primary_key=True),
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Index("version_labels_version", "version_id"),
    sqlite_with_rowid=False,
)

metrics = Table(
    "version_metrics",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("value", Float(53), nullable=False),
    Index("version_metrics_value", "key", "value", "version_id"),
    sqlite_with_rowid=False,
)

datasets = Table(
    "version_datasets",
    metadata,
    Column("uri", String(600), primary_key=True),
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("role", String(20), primary_key=True),
    sqlite_with_rowid=False,
)

costs = Table(
    "version_costs",
    metadata,
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("currency", String(3), nullable=False),
    Column("amount", Float(53)),
    Column("wall_seconds", Float(53)),
    Column("cpu_seconds", Float(53)),
    Column("gpu_seconds", Float(53)),
)

heads = Table(
    "heads",
    metadata,
    Column("model_id", _Id, ForeignKey("models.id"), primary_key=True, autoincrement=False),
    Column("environment", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    _of("versions", "version_id", nullable=True),
    Index("heads_version", "environment", "version_id"),
)

assignments = Table(
    "assignments",
    metadata,
    _id(),
    _of("models", "model_id"),
    Column("environment", String(32), nullable=False),
    _of("versions", "version_id"),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("actor", String(300), nullable=False),
    Column("reason", Text),
    Column("revision", Integer, nullable=False),
    Column("previous", String(32)),
    UniqueConstraint("model_id", "environment", "revision", name="assignments_revision"),
    CheckConstraint("until IS NULL OR until >= since", name="assignments_interval"),
    Index("assignments_since", "model_id", "environment", "since"),
    Index("one_champion", "model_id", "environment", unique=True, sqlite_where=_open, postgresql_where=_open),
)

placements = Table(
    "placements",
    metadata,
    Column("model_id", _Id, ForeignKey("models.id"), primary_key=True, autoincrement=False),
    Column("environment", String(32), primary_key=True),
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("place", String(20), nullable=False),
    Column("percent", Integer),
    Column("endpoint", String(500)),
    Column("status", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("actor", String(300), nullable=False),
)

promotions = Table(
    "promotions",
    metadata,
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("environment", String(32), primary_key=True),
    Column("actor", String(300), nullable=False),
    Column("reason", Text),
    Column("at", BigInteger, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("version_id", _Id, ForeignKey("versions.id"), primary_key=True, autoincrement=False),
    Column("environment", String(32), primary_key=True),
    Column("actor", String(300), primary_key=True),
    Column("comment", Text),
    Column("at", BigInteger, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("project", String(128), primary_key=True),
    Column("environment", String(32), primary_key=True),
    Column("body", Text, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("subject", String(300), primary_key=True),
    Column("role", String(20), primary_key=True),
    Column("project", String(128), primary_key=True),
    Column("environment", String(32), primary_key=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("subject", String(300), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("note", Text),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", Boolean, nullable=False),
)

# One row a model, and one with an empty name: who holds its lock may write to the model.
chains = Table(
    "chains",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("chain", String(128), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(300), nullable=False),
    Column("method", String(20), nullable=False),
    Column("action", String(40), nullable=False),
    Column("version", String(32)),
    Column("environment", String(32)),
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_environment", "chain", "environment", "seq"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("event", String(200), nullable=False, unique=True),
    Column("type", String(100), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Column(
        "position", BigInteger, unique=True
    ),  # given when the writing transactions are over: commits may overtake ids
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger),  # NULL when delivered
    Index("outbox_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
    Index(
        "outbox_waiting",
        "subject",
        "position",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
    Index(
        "outbox_new",
        "id",
        sqlite_where=text("position IS NULL"),
        postgresql_where=text("position IS NULL"),
    ),
)

# What was answered to a request with an idempotency key.
answers = Table(
    "answers",
    metadata,
    Column("actor", String(300), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("answers_at", "at"),
)

# The roles of PostgreSQL that servers connect as; see `roles`.
service_roles = Table("service_roles", metadata, Column("name", String(63), primary_key=True))
