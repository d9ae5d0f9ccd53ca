"""`syncd simulate`: a simulated provider alone, until it is stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK


@command("simulate")
@click.option("--provider", default="criteo", show_default=True, metavar="NAME", help="Which one.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="0: any free port of 127.0.0.1.",
)
@click.option(
    "--campaigns",
    type=click.IntRange(0, 1_000_000),
    default=250,
    show_default=True,
    help="How many campaigns.",
)
@click.option(
    "--advertisers",
    type=click.IntRange(1, 10_000),
    default=5,
    show_default=True,
    help="Of how many advertisers.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same world.")
@click.option("--client-id", default="demo-client", show_default=True)
@click.option("--client-secret", default="demo-secret", show_default=True)
@click.option(
    "--token-ttl",
    type=click.IntRange(min=1),
    default=900,
    show_default=True,
    help="Seconds that a token lives.",
)
@click.option(
    "--limit", "rate", default="250/60s", show_default=True, help="Requests in a window, or off."
)
@click.option(
    "--entry-cap", type=click.IntRange(min=1), help="More entries in one write are refused."
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append one JSON line per arrival.",
)
@click.pass_obj
def simulate(choices: Choices, /, **options: Any) -> int:
    """Serve a simulated provider on 127.0.0.1. Its first line on stdout says where, as JSON."""
    import asyncio

    from syncd.errors import UsageError
    from syncd.simulator import parse_rate

    try:
        rate = parse_rate(options.pop("rate"))
        asyncio.run(_serve(choices, {**options, "rate": rate}))
    except ValueError as error:
        raise UsageError(
            f"the simulator cannot start: {error}", remedy="syncd simulate --help"
        ) from error
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(
            f"the simulator cannot start: {error.filename or 'its port'}: {said.lower()}",
            remedy="choose another --port (0: any free one), or another --journal",
        ) from error
    return OK


async def _serve(choices: Choices, options: dict[str, Any]) -> None:
    import asyncio
    import json
    import signal

    from syncd.cli.render.screen import Screen
    from syncd.simulator import Settings, Simulator

    screen, stop = Screen(choices=choices), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator(Settings(**options)) as simulator:
        told = {"ready": True, **simulator.describe()}
        screen.answer(json.dumps(told))
        for line in _configuration(told):
            screen.talk(line)
        await stop.wait()


def _configuration(told: dict[str, Any]) -> list[str]:
    """What a configuration needs in order to talk to it."""
    return [
        "to use it, in a configuration:",
        "  [[accounts]]",
        '  name = "simulated"',
        f'  provider = "{told["provider"]}"',
        f'  base_url = "{told["base_url"]}"',
        "  allow_loopback = true",
        '  currency = "EUR"',
        '  credentials = { client_id = "env:SIM_ID", client_secret = "env:SIM_SECRET" }',
        f"and: export SIM_ID={told['client_id']} SIM_SECRET={told['client_secret']}",
        "Ctrl-C stops it",
    ]
