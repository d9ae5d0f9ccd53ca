"""Fields by dialect, creates and deletes, gone campaigns and the way past the brake, rotating
credentials, prices."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0002"
down_revision = "0001"

FILES = (
    "0002_tables.sql",
    "0002_rules.sql",
    "0002_values.sql",
    "0002_queue.sql",
    "0002_reports.sql",
)


def upgrade() -> None:
    """Run the files as they are: asyncpg takes several statements only outside a prepared one."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # the adapter opens its transaction with the first statement
    adapter: Any = bind.connection.dbapi_connection
    for name in FILES:
        script = (Path(__file__).parents[1] / "sql" / name).read_text()
        adapter.run_async(lambda driver, script=script: driver.execute(script))
