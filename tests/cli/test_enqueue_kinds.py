"""Queueing what is no change of an amount: new campaigns, ends of campaigns, null, texts, starts;
from the command line and from files."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import FREE, Begin, Command

VOIPBIN_NEW = (
    "--set", "name=autumn", "--set", "native.type=call", "--set", "native.service_level=20",
    "--set", "native.end_handle=stop",
)  # fmt: skip


def update(command: Command, number: int) -> dict[str, object]:
    found: dict[str, object] = command("updates", "show", number, "--format", "json").document[
        "update"
    ]
    return found


def lines_of(ran_err: str, file: Path) -> list[tuple[str, str]]:
    """Line and code of each problem."""
    told = [line for line in ran_err.splitlines() if line.startswith(f"{file}:")]
    return [
        (line.split(":")[1], line.split("error[")[1].split("]")[0])
        for line in (one.removeprefix(str(file)) for one in told)
    ]


@pytest.fixture
def pai(begin: Begin) -> Command:
    """The command after a first pull of PAI, where nothing guarded is free."""
    return begin("pai", "--campaigns", "5")[0]


@pytest.fixture
def voipbin(begin: Begin) -> Command:
    """The same for VoIPBIN, where everything guarded is free."""
    return begin("voipbin", "--campaigns", "5", more=FREE)[0]


def first(command: Command) -> str:
    """A campaign of the mirror."""
    rows = command("campaigns", "list", "--format", "json").document["campaigns"]
    return str(rows[0]["external_id"])


def test_a_new_campaign_is_queued_sent_and_then_has_its_id(pai: Command) -> None:
    ran = pai("enqueue", "shop", "--create", "--set", "name=autumn", "--set", "note=of ours")
    assert ran.code == 0, ran.err
    assert ran.out.endswith('shop/new create with name "autumn", note "of ours"\n')
    number = int(ran.out.split()[1].removeprefix("#"))
    listed = pai("updates", "list")
    assert 'create with name "autumn"' in listed.out
    planned = pai("plan")
    assert "acts        1 create" in planned.out
    assert "costs 0.002 CNY" in planned.out
    item = pai("plan", "--format", "json").document["plans"][0]["items"][0]
    assert (item["campaign"], item["update"]) == (None, str(number))
    pushed = pai("sync", "--push")
    assert pushed.code == 0, pushed.err
    assert "created, " in pushed.out
    made = update(pai, number)
    assert (made["state"], made["is_create"]) == ("applied", True)
    assert pai("sync", "--pull").code == 0
    assert "autumn" in pai("campaigns", "show", "shop", str(made["external_id"])).out


@pytest.mark.parametrize(
    ("arguments", "said", "remedy"),
    [
        (["--create"], "at least one --set is needed", "--set"),
        (["--create", "--set", "note=x"], "a new campaign needs name", "can create with: name"),
        (["--create", "--set", "nam=x"], 'did you mean "name"?', "pai can create with: name"),
        (["1", "--create", "--set", "name=x"], "a new campaign has no id yet", "leave the id out"),
        (["--create", "--delete"], "exclude each other", "one of them"),
        (["1", "--delete", "--set", "name=x"], "--delete stands alone", "leave --set out"),
        (["--delete"], "an account and a campaign are needed", "such as"),
        (["--set", "name=x"], "an account and a campaign are needed", "such as"),
        (
            ["--create", "--set", "name=x", "--expect", "name=y"],
            "this one is to be created",
            "leave expect out",
        ),
    ],
)
def test_what_says_too_much_or_too_little_is_refused(
    pai: Command, arguments: list[str], said: str, remedy: str
) -> None:
    ran = pai("enqueue", "shop", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert remedy in ran.err
    assert pai("updates", "list", "--format", "json").document["counts"] == {}


def test_creating_is_refused_where_it_is_not_offered(begin: Begin) -> None:
    command, _ = begin("epom", "--campaigns", "3")
    ran = command("enqueue", "shop", "--create", "--set", "price.amount=1")
    assert ran.code == 2
    assert "creating campaigns is not offered for epom in account shop" in ran.err


def test_a_delete_is_queued_and_the_plan_says_whether_it_needs_leave(pai: Command) -> None:
    campaign = first(pai)
    ran = pai("enqueue", "shop", campaign, "--delete")
    assert ran.code == 0, ran.err
    planned = pai("plan", "--format", "json").document["plans"][0]["items"][0]
    assert (planned["mark"], [hit["rule"] for hit in planned["rules"]]) == (
        "held",
        ["guard-delete"],
    )
    pai.config.write_text(pai.config.read_text() + FREE + "\n")
    pai("updates", "cancel", ran.out.split()[1])
    ran = pai("enqueue", "shop", campaign, "--delete")
    assert ran.code == 0, ran.err
    assert ran.out.endswith(f"shop/{campaign} delete the campaign\n")
    assert "acts        1 delete" in pai("plan").out


def test_a_deleted_campaign_takes_no_more_changes_and_leaves_the_list(voipbin: Command) -> None:
    rows = voipbin("campaigns", "list", "--format", "json").document["campaigns"]
    stopped = next(row["external_id"] for row in rows if row["status"] == "paused")
    voipbin.queued("shop", stopped, "--delete")
    pushed = voipbin("sync", "--push")
    assert pushed.code == 0, pushed.err
    again = voipbin("enqueue", "shop", stopped, "--set", "name=x")
    assert again.code == 2
    assert "is deleted at the provider since" in again.err
    assert stopped not in voipbin("campaigns", "list").out
    assert stopped in voipbin("campaigns", "list", "--gone").out


def test_null_and_the_text_null_are_told_apart(voipbin: Command) -> None:
    campaign = first(voipbin)
    number = voipbin.queued(
        "shop", campaign, "--set", "native.queue_id=null", "--set", 'name="null"',
        "--set", 'note=""null""',
    )  # fmt: skip
    assert update(voipbin, number)["patch"] == {
        "native.queue_id": None,
        "name": "null",
        "note": '"null"',
    }
    assert "native.queue_id " in voipbin("updates", "list").out
    assert "-> null" in voipbin("updates", "list").out
    refused = voipbin("enqueue", "shop", campaign, "--set", "name=null")
    assert refused.code == 2
    assert "name: null is not accepted" in refused.err
    empty = voipbin.queued("shop", campaign, "--set", "note=")
    assert update(voipbin, empty)["patch"] == {"note": ""}


def test_everything_that_is_wrong_with_one_update_is_told_at_once(voipbin: Command) -> None:
    ran = voipbin(
        "enqueue", "shop", first(voipbin), "--set", "native.end_handle=end",
        "--set", "native.service_level=1.5", "--set", "native.actions={", "--set", "name=good",
    )  # fmt: skip
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("error[value]: ") == 3
    for said in (
        'native.end_handle: "end" is not one of its values',
        "help: give one of: stop, continue",
        'native.service_level: "1.5" has more than 0 decimals',
        "native.actions: the text is not JSON",
    ):
        assert said in ran.err
    assert "  --set native.end_handle=end\n" + " " * 26 + "^^^\n" in ran.err


def test_what_may_be_a_thousand_or_one_is_refused_for_every_number(voipbin: Command) -> None:
    ran = voipbin("enqueue", "shop", first(voipbin), "--set", "native.service_level=1.000")
    assert ran.code == 2
    assert 'native.service_level: "1.000" is ambiguous' in ran.err
    assert "help: write 1 or 1000" in ran.err


def test_a_start_says_until_when_it_may_go_out(voipbin: Command) -> None:
    rows = voipbin("campaigns", "list", "--format", "json").document["campaigns"]
    stopped = next(row["external_id"] for row in rows if row["status"] == "paused")
    ran = voipbin("enqueue", "shop", stopped, "--set", "status=active")
    assert ran.code == 0, ran.err
    assert 'status "paused" -> "active"' in ran.out
    assert "starts by " in ran.err
    assert "or not at all" in ran.err
    assert "acts        1 start" in voipbin("plan").out


def test_figures_that_are_no_money_get_no_currency(voipbin: Command) -> None:
    ran = voipbin("enqueue", "shop", first(voipbin), "--set", "native.service_level=55")
    assert '-> "55"' in ran.out
    assert "(no currency)" not in ran.out + voipbin("plan").out
    assert "money " not in voipbin("plan").out


def test_rows_without_a_campaign_create_and_need_a_key(voipbin: Command, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    head = "account,campaign,path,value,key\n"
    file.write_text(head + "shop,,name,autumn,\n")
    ran = voipbin("enqueue", "--from", file)
    assert ran.code == 2
    assert lines_of(ran.err, file) == [("2", "missing-value")]
    assert "a row without a campaign creates one, and needs a key for that" in ran.err
    values = {"name": "autumn", "native.type": "call", "native.end_handle": "stop"}
    rows = [f"shop,,{path},{value},k1" for path, value in values.items()]
    file.write_text(head + "\n".join(rows) + "\n")
    ran = voipbin("enqueue", "--from", file)
    assert lines_of(ran.err, file) == [("2", "value")]
    assert "a new campaign needs native.service_level" in ran.err
    file.write_text(head + "\n".join([*rows, "shop,,native.service_level,20,k1"]) + "\n")
    ran = voipbin("enqueue", "--from", file)
    assert ran.code == 0, ran.err
    assert "shop/new create with " in ran.out
    again = voipbin("enqueue", "--from", file)
    assert again.out.startswith("already queued as #")


def test_json_lines_create_with_null_delete_with_true_and_never_by_forgetting(
    voipbin: Command, tmp_path: Path
) -> None:
    campaign = first(voipbin)
    file = tmp_path / "changes.jsonl"

    def rows(*some: dict[str, object]) -> None:
        file.write_text("\n".join(json.dumps({"account": "shop", **one}) for one in some) + "\n")

    rows({"path": "name", "value": "x", "key": "k"})
    ran = voipbin("enqueue", "--from", file)
    assert lines_of(ran.err, file) == [("1", "missing-value")]
    assert '"campaign": null creates one' in ran.err
    rows(
        *(
            {"campaign": None, "key": "new", "path": path, "value": value}
            for path, value in {
                "name": "null",
                "native.type": "call",
                "native.service_level": 20,
                "native.end_handle": "stop",
                "native.queue_id": None,
            }.items()
        ),
        {"campaign": campaign, "path": "deleted", "value": True},
    )
    ran = voipbin("enqueue", "--from", file, "--format", "json")
    assert ran.code == 0, ran.err
    created, deleted = ran.document["updates"]
    assert created["is_create"]
    assert created["patch"]["name"] == "null"
    assert created["patch"]["native.queue_id"] is None
    assert deleted["patch"] == {"deleted": "true"}


def test_a_bad_value_among_the_rows_of_one_update_is_told_with_its_own_line(
    voipbin: Command, tmp_path: Path
) -> None:
    campaign = first(voipbin)
    file = tmp_path / "rows.csv"
    target = io.StringIO()
    csv.writer(target).writerows(
        [
            ["account", "campaign", "path", "value"],
            ["shop", campaign, "name", "good"],
            ["shop", campaign, "native.end_handle", "end"],
            ["shop", campaign, "native.actions", "{"],
            ["shop", campaign, "deleted", "yes"],
        ]
    )
    file.write_text(target.getvalue())
    ran = voipbin("enqueue", "--from", file)
    assert ran.code == 2
    assert lines_of(ran.err, file) == [("3", "value"), ("4", "value"), ("5", "value")]


def test_prices_of_countries_and_actions_are_money_under_their_keys(begin: Begin) -> None:
    command, _ = begin("epom", "--campaigns", "12", more='currency = "USD"\n' + FREE)
    rows = command("campaigns", "list", "--format", "json").document["campaigns"]
    priced = next(row for row in rows if "price.amount" in row["values"])
    number = command.queued(
        "shop", priced["external_id"], "--set", "price.country.US=0.05",
        "--set", "price.amount=0.1234",
    )  # fmt: skip
    assert update(command, number)["patch"] == {
        "price.country.US": "0.05",
        "price.amount": "0.1234",
    }
    assert "0.1234 USD" in command("plan").out
    table = command("campaigns", "list").out
    assert "PRICE" in table
    assert "DAILY" not in table
    unknown = command("enqueue", "shop", priced["external_id"], "--set", "price.county.US=1")
    assert 'did you mean "price.country.*"?' in unknown.err
