"""`python -m syncd.simulator`: options into settings, nothing else."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from syncd.simulator.process import serve
from syncd.simulator.rate import Rate, parse_rate
from syncd.simulator.server import PROVIDERS
from syncd.simulator.settings import Settings, of_each


def main(arguments: list[str] | None = None) -> int:
    """Serve simulated providers on 127.0.0.1 until told to end."""
    chosen = vars(_parser().parse_args(arguments))
    parent_death = chosen.pop("parent_death")
    providers = chosen.pop("providers") or [Settings().provider]
    settings = replace(Settings(), **(chosen | {"options": dict(chosen["options"])}))
    try:
        named = PROVIDERS if providers == ["all"] else providers
        return serve(of_each(named, settings), parent_death=parent_death)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2


def _rate(text: str) -> Rate | None:
    try:
        return parse_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m syncd.simulator", description=main.__doc__)
    parser.add_argument(
        "--provider",
        dest="providers",
        action="append",
        help="several times for several, or all; by default criteo",
    )
    parser.add_argument("--dialect", choices=("documented", "current"), default=default.dialect)
    parser.add_argument(
        "--option",
        dest="options",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what only this provider knows; several times",
    )
    parser.add_argument("--port", type=int, default=default.port, help="0: any free port")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--campaigns", type=int, default=default.campaigns)
    parser.add_argument("--advertisers", type=int, default=default.advertisers)
    parser.add_argument("--client-id", default=default.client_id)
    parser.add_argument("--client-secret", default=default.client_secret)
    parser.add_argument("--token-ttl", type=int, default=default.token_ttl, help="seconds")
    parser.add_argument(
        "--limit", dest="rate", type=_rate, default=default.rate, help="as 250/60s, or off"
    )
    parser.add_argument(
        "--entry-cap", type=int, help="more entries in a write are refused with 413"
    )
    parser.add_argument(
        "--advertiser-id-as",
        choices=("number", "string", "mixed"),
        default=default.advertiser_id_as,
    )
    parser.add_argument(
        "--journal", type=Path, help="append one JSON line per arrival to this file"
    )
    parser.add_argument("--parent-death", action="store_true", help="end with the parent process")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
