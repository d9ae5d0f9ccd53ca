"""`syncd simulate`: simulated providers alone, until they are stopped."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK

if TYPE_CHECKING:
    from syncd.simulator import Settings

_CAMPAIGNS: Final = {"criteo": 250}
_FEWER_CAMPAIGNS: Final = 40


@command("simulate")
@click.argument("provider", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="0: any free port of 127.0.0.1.",
)
@click.option(
    "--dialect",
    type=click.Choice(("documented", "current")),
    default="documented",
    show_default=True,
    help="What it speaks.",
)
@click.option(
    "--campaigns",
    type=click.IntRange(0, 1_000_000),
    help="How many campaigns; by default 250 at criteo and 40 elsewhere.",
)
@click.option(
    "--advertisers",
    type=click.IntRange(1, 10_000),
    default=5,
    show_default=True,
    help="Of how many advertisers, where it has them.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same world.")
@click.option("--client-id", default="demo-client", show_default=True)
@click.option("--client-secret", default="demo-secret", show_default=True)
@click.option(
    "--token-ttl",
    type=click.IntRange(min=1),
    help="Seconds that a token lives; by default as documented.",
)
@click.option("--limit", help="Requests in a window, as 250/60s, or off; by default as documented.")
@click.option(
    "--entry-cap", type=click.IntRange(min=1), help="More entries in one write are refused."
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="What only this provider knows; several times.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append one JSON line per arrival; of several providers, to a file for each.",
)
@click.pass_obj
def simulate(choices: Choices, /, provider: str | None, **wanted: Any) -> int:
    """Serve simulated providers on 127.0.0.1: one, or all five without a PROVIDER. A line on stdout
    for each says where it is, as JSON."""
    import asyncio

    from syncd.errors import UsageError

    try:
        asyncio.run(_serve(choices, _settings(provider, **wanted)))
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


def _settings(
    provider: str | None,
    *,
    limit: str | None,
    campaigns: int | None,
    options: Iterable[str],
    **others: Any,
) -> list[Settings]:
    """The settings of each simulator; raises ValueError."""
    from dataclasses import replace

    from syncd.simulator import PROVIDERS, Settings, of_each, parse_rate

    settings = replace(Settings(), options=dict(map(_option, options)), **others)
    if limit is not None:
        settings = replace(settings, rate=parse_rate(limit))
    each = of_each(PROVIDERS if provider is None else [provider], settings)
    return [
        replace(one, campaigns=_CAMPAIGNS.get(one.provider, _FEWER_CAMPAIGNS))
        if campaigns is None
        else replace(one, campaigns=campaigns)
        for one in each
    ]


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"{text!r} is no NAME=VALUE")
    return name, value


async def _serve(choices: Choices, each: Sequence[Settings]) -> None:
    import asyncio
    import signal
    from contextlib import AsyncExitStack

    from syncd.cli.render.screen import Screen
    from syncd.simulator import Simulator

    screen, stop = Screen(choices=choices), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        told = [(await stack.enter_async_context(Simulator(one))).describe() for one in each]
        for one in told:
            screen.answer(json.dumps({"ready": True, **one}))
        for line in _configuration(told):
            screen.talk(line)
        await stop.wait()


def _configuration(every: Sequence[Mapping[str, Any]]) -> list[str]:
    """Accounts that talk to them, and the secrets that these accounts refer to."""
    from syncd.config.catalogue import BUILT_IN

    lines, exports = ["to use it, in a configuration:"], []
    for told in every:
        secrets = _secrets(told)
        lines += ["", *_account(told, secrets)]
        values = (
            f"{name}={shlex.quote(told['credentials'][key])}" for key, name in secrets.items()
        )
        exports.append(f"  export {' '.join(values)}")
    lines += ["", "and where syncd runs:", "", *exports, ""]
    if any(BUILT_IN[told["provider"]].needs_token_key for told in every):
        lines.append("icas keeps tokens, and for that [service] needs a token_key")
    return [*lines, "Ctrl-C stops it"]


def _secrets(told: Mapping[str, Any]) -> dict[str, str]:
    """The keys of one way to log in, and a name in the environment for each."""
    from syncd.config.catalogue import BUILT_IN

    known = told["credentials"]
    ways = (
        way
        for way in BUILT_IN[told["provider"]].credentials
        if not way.dialects or told["dialect"] in way.dialects
    )
    way = next(way for way in ways if known.keys() >= set(way.required))
    return {key: f"SIM_{told['provider']}_{key}".upper() for key in way.keys if key in known}


def _account(told: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
    references = {key: f"env:{name}" for key, name in secrets.items()}
    return [
        "  [[accounts]]",
        f'  name = "simulated-{told["provider"]}"',
        f'  provider = "{told["provider"]}"',
        f'  dialect = "{told["dialect"]}"',
        f'  base_url = "{told["base_url"]}"',
        "  allow_loopback = true",
        f'  currency = "{told.get("currency", "EUR")}"',
        f"  scope = {_table(told['scope'])}",
        f"  credentials = {_table(references)}",
    ]


def _table(values: Mapping[str, Any]) -> str:
    """An inline table of texts and lists of texts."""
    pairs = ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
    return f"{{ {pairs} }}" if pairs else "{}"
