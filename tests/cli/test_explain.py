"""What `syncd updates explain` tells of an update, from real passes against simulated providers:
whole transcripts beside this module, and no secret in any of them."""

import hashlib
import json
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.requester import person
from tests.cli.conftest import FREE, Begin, Command, Execute, Provider

CHAINS = Path(__file__).parent / "chains"
LATER = "UPDATE syncd.clock SET shift = shift + interval '1 minute'"
_NUMBERED = re.compile(r"(#|batch |run |updates [a-z]+ )(\d+)")


def told(command: Command, number: int) -> str:
    """A transcript whose numbers count from one in the order in which they appear, without times
    and their widths."""
    ran = command("updates", "explain", number, "--utc")
    assert ran.code == 0, ran.err
    known: dict[str, int] = {}

    def counted(match: re.Match[str]) -> str:
        return f"{match[1]}{known.setdefault(match[2], len(known) + 1)}"

    text = _NUMBERED.sub(counted, ran.out)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME", text)
    text = re.sub(r"\bin plan [0-9a-f]{8}", "in plan HASH", text)
    text = re.sub(r"\+?\d+(\.\d s| min \d+ s| h \d+ min)", "SPAN", text)
    text = text.replace(person() or "somebody", "A PERSON")
    lines = [re.sub(r"(?<=\S) {2,}|^ {5,}", "  ", line) for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def steps(command: Command, number: int) -> list[dict[str, Any]]:
    """The same as data."""
    found: list[dict[str, Any]] = command(
        "updates", "explain", number, "--format", "json"
    ).document["steps"]
    return found


def check(command: Command, **numbers: int) -> None:
    """Compare with what is written down."""
    for name, number in numbers.items():
        assert told(command, number) == (CHAINS / f"{name}.txt").read_text("utf-8"), name


def wish(command: Command, pick: dict[str, Any], amount: Decimal | str, *more: str) -> int:
    """Queue an amount for one of the simulator's picks."""
    return command.queued(
        "shop", pick["id"], "--set", f"{pick['path']}={amount}", "--requester", "marc", *more
    )


def edit(provider: Provider, pick: dict[str, Any], amount: Decimal) -> None:
    """Somebody works at the provider."""
    budget = {pick["path"].removeprefix("budget."): f"{amount}"}
    provider.ask("edit", edits=[{"id": pick["id"], "budget": budget}])


def test_six_lives_of_an_update_step_by_step(begin: Begin, execute: Execute) -> None:
    command, provider = begin("criteo", "--campaigns", "60", more='currency = "EUR"')
    picks = provider.ask("criteo/picks")
    plain, moved, tripled, lost, twice = picks["ordinary"][:5]
    unanswered = wish(command, lost, lost["amount"])
    provider.ask("faults", kind="reset", when="after", operation="update", count=1)
    assert command("sync", "--push").code == 3
    execute(LATER)
    assert command("sync", "--push").code == 0
    edit(provider, moved, Decimal(moved["current"]) + 7)
    applied = wish(command, plain, plain["amount"], "--key", "crm-1", "--reason", "spring sale")
    conflict = wish(command, moved, moved["amount"])
    held = wish(command, tripled, Decimal(tripled["current"]) * 3, "--policy", "ours")
    rejected = wish(command, picks["uncapped"], picks["uncapped"]["amount"])
    superseded = wish(command, twice, twice["amount"])
    wish(command, twice, Decimal(twice["amount"]) + 1)
    assert command("plan", "shop", "--save").code == 0
    assert command("sync", "--push").code == 3
    by = ("--requester", "anna")
    approved = command("updates", "approve", conflict, held, "--reason", "agreed", *by)
    assert approved.code == 0, approved.err
    assert command("updates", "seen", rejected, *by).code == 0
    assert command("sync", "--push").code == 0
    check(
        command, applied=applied, conflict=conflict, held=held, rejected=rejected,
        superseded=superseded, unanswered=unanswered,
    )  # fmt: skip
    _check_data(command, held, conflict)
    unknown = command("updates", "explain", 999_999)
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.startswith("error[update]: there is no update #999999\n")


def _check_data(command: Command, held: int, conflict: int) -> None:
    """The data has what the table cuts or leaves out."""
    every = {one["step"]: one for one in steps(command, held)}
    assert list(every) == [
        "queued", "planned", "merged", "held", "approved", "sent", "answered", "applied",
        "read back",
    ]  # fmt: skip
    sent = every["sent"]["data"]
    merged = every["merged"]["data"]
    assert (merged["read"], merged["read_at"][-1]) == ("now", "Z")
    (found,) = merged["paths"].values()
    names = ("reference_source", "found", "mark", "is_approved")
    assert [found[name] for name in names] == ["mirror", "as_seen", "send", True]
    assert sent["sent"] == dict.fromkeys(merged["paths"], found["desired"])
    assert sent["remote"] == dict.fromkeys(merged["paths"], found["remote"])
    assert (sent["method"], sent["target"]) == ("PATCH", "/marketing-solutions/campaigns")
    assert len(json.loads(sent["body"])["data"]) == 2
    assert hashlib.sha256(sent["body"].encode()).hexdigest() == sent["body_sha256"]
    assert sent["beside"] == [str(conflict)]
    (item,) = every["approved"]["data"]["items"]
    (hold,) = every["held"]["data"]["holds"].values()
    assert item["digest"] == hold["digest"]
    assert every["read back"]["data"]["confirmation"] == "confirmed"
    assert all(one["at"].endswith("Z") for one in every.values())


def test_a_create_that_nobody_can_tell_is_looked_for_held_and_warned_of(
    begin: Begin, execute: Execute
) -> None:
    command, provider = begin("pai", "--campaigns", "3", more=FREE)
    number = command.queued("shop", "--create", "--set", "name=autumn", "--requester", "marc")
    provider.ask("faults", kind="reset", when="before", operation="create", count=1)
    assert command("sync", "--push").code == 3
    for _ in range(3):
        execute("UPDATE syncd.clock SET shift = shift + interval '1 hour'")
        command("sync", "--push")
    check(command, unresolved=number)
    listed = command("updates", "list", "--state", "inbox")
    assert f"-> look at the provider, then: syncd updates cancel {number} " in listed.out
    again = command("updates", "retry", number, "--reason", "nothing is there")
    assert again.code == 0, again.err
    assert again.out.startswith(f"#{number} is queued again, to be judged anew: shop/new ")
    assert f"warning: #{number} may have made its campaign already" in again.err
    assert command("sync", "--push").code == 0
    words = [one["step"] for one in steps(command, number)]
    assert words[-5:] == ["retried", "merged", "sent", "answered", "applied"]
    assert provider.ask("counters")["by_operation"]["create"] == 2


@pytest.mark.parametrize(
    ("provider", "without", "path", "value"),
    [
        ("epom", (), "price.amount", "1.25"),
        ("voipbin", ("username", "password"), "name", "canary"),
        ("voipbin", (), "name", "canary {password}"),
    ],
)
def test_no_secret_is_told(
    begin: Begin, provider: str, without: tuple[str, ...], path: str, value: str
) -> None:
    command, running = begin(provider, "--campaigns", "3", without=without, more=FREE)
    rows = command("campaigns", "list", "--format", "json").document["campaigns"]
    campaign = next(row["external_id"] for row in rows if row["values"].get(path) is not None)
    wanted = value.format_map(running.told["credentials"])
    number = command.queued("shop", campaign, "--set", f"{path}={wanted}")
    began = time.time_ns() // 1_000_000
    assert command("sync", "--push").code == 0
    ended = time.time_ns() // 1_000_000
    out = command("updates", "explain", number, "--format", "json").out
    (sent,) = [one for one in json.loads(out)["steps"] if one["step"] == "sent"]
    assert value.split(maxsplit=1)[0] in sent["data"]["body"]
    assert "?" not in sent["data"]["target"]
    out += command("updates", "explain", number).out
    # What somebody asks for is told as it was asked; of a body only what is no secret.
    out = out if wanted == value else sent["data"]["body"]
    assert ("[redacted]" in out) is (wanted != value)
    secrets = {
        str(secret) for key, secret in running.told["credentials"].items() if key != "username"
    }
    if provider == "epom":
        password = _md5(running.told["credentials"]["password"])
        secrets |= {password, *(_md5(f"{password}{at}") for at in range(began, ended + 1))}
    assert secrets
    assert not [secret for secret in secrets if secret in out]
    assert not re.search(r"accesskey|hash=(?!\*)|Bearer|eyJ[A-Za-z0-9_-]{8}", out)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
