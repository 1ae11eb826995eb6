"""Database roles of services, so that a later schema grants them its tables too; and events of the registry itself get
a subject."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "service_roles",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.execute("UPDATE outbox SET event = '_registry' || event, subject = '_registry' WHERE subject = ''")
