"""Indexes: for searches by text, by a rare status and by an end of time, and for events that wait for earlier ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    rare = sa.text("status <> 'active'")
    op.create_index("versions_model", "versions", ["model_id", "id"])
    op.create_index("versions_model_created", "versions", ["model_id", "created", "id"])
    op.create_index("versions_status", "versions", ["status", "id"], sqlite_where=rare, postgresql_where=rare)
    waiting = sa.text("due IS NOT NULL")
    columns = ["subject", "position"]
    op.create_index("outbox_waiting", "outbox", columns, sqlite_where=waiting, postgresql_where=waiting)
