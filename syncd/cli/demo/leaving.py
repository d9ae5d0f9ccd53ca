"""What was kept of the demo: how to look around in it, and how to stop and remove it."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.stage import Stage
from syncd.store.database import open_database


def tell_where(narrator: Narrator, here: Stage, account: str) -> None:
    """Addresses and commands that can be copied as they stand."""
    pids = " ".join(str(one) for one in sorted({one.pid for one in here.providers.values()}))
    config = shlex.quote(str(here.config))
    folder = asyncio.run(_data_folder(here.cluster.dsn())).parent
    narrator.say("The database:")
    narrator.command(here.cluster.psql_command())
    narrator.say("  for example: SELECT * FROM report.updates; SELECT * FROM report.field_history;")
    narrator.say("syncd against it:")
    narrator.command(f"export SYNCD_CONFIG={config}")
    narrator.command(f"syncd status; syncd sync {account}; syncd run")
    narrator.say("The simulated providers, and where each can be steered:")
    for name, provider in here.providers.items():
        narrator.say(f"  {name:<8} {provider.base_url}  {provider.told['admin_url']}/state")
    narrator.say("Stop and remove everything:")
    narrator.command(
        f"kill {pids}; kill -INT {here.cluster.pid}; sleep 2; "
        f"rm -rf {shlex.quote(str(folder))} {shlex.quote(str(here.folder))} "
        f"{shlex.quote(str(here.cluster.socket_folder))}"
    )


async def _data_folder(dsn: str) -> Path:
    async with open_database(dsn) as database, database.session() as session:
        rows = await session.ask("SELECT current_setting('data_directory') AS folder")
    return Path(rows[0]["folder"])
