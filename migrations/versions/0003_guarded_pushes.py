"""Approvals, saved plans, the owner's caps, policies, the chain of events of every update, and the
roles of those who ask, approve and read."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0003"
down_revision = "0002"

FILES = (
    "0003_tables.sql",
    "0003_rules.sql",
    "0003_queue.sql",
    "0003_approval.sql",
    "0003_reports.sql",
)


def upgrade() -> None:
    """Run the files as they are: asyncpg takes several statements only outside a prepared one."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # the adapter opens its transaction with the first statement
    adapter: Any = bind.connection.dbapi_connection
    for name in FILES:
        script = (Path(__file__).parents[1] / "sql" / name).read_text()
        adapter.run_async(lambda driver, script=script: driver.execute(script))
