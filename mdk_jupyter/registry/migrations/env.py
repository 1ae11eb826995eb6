"""What Alembic runs: within the transaction of `migrations.upgrade`."""

from __future__ import annotations

from alembic import context

from mdk_jupyter.registry.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
