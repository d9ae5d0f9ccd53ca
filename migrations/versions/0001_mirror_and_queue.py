"""Accounts, leases, campaigns with history, runs, the queue of updates and the first report
views."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision = None

FILES = ("0001_tables.sql", "0001_rules.sql", "0001_reports.sql")


def upgrade() -> None:
    """Run the files as they are: asyncpg takes several statements only outside a prepared one."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # the adapter opens its transaction with the first statement
    adapter: Any = bind.connection.dbapi_connection
    for name in FILES:
        script = (Path(__file__).parents[1] / "sql" / name).read_text()
        adapter.run_async(lambda driver, script=script: driver.execute(script))
