"""Queueing from the command line: what is refused and in which words, what is queued and what is
said of it."""

import pytest

from tests.cli.conftest import ACCOUNT, Command, Provider

TWENTY = "1." + "1" * 20


@pytest.fixture
def campaign(shared_provider: Provider) -> str:
    """A campaign with a daily limit."""
    picks = shared_provider.ask("criteo/picks")
    return str(next(one["id"] for one in picks["ordinary"] if one["path"] == "budget.daily"))


def test_an_unknown_account_is_refused_with_the_one_that_was_meant(syncd: Command) -> None:
    ran = syncd("enqueue", "criteo-ue", "1", "--set", "budget.daily=5")
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith('error[account]: unknown account "criteo-ue"; ')
    assert 'did you mean "criteo-eu"?' in ran.err
    assert "help: accounts: criteo-eu" in ran.err


def test_a_configured_account_takes_updates_before_its_first_pull(syncd: Command) -> None:
    ran = syncd("enqueue", ACCOUNT, "1", "--set", "budget.daily=5")
    assert ran.code == 0
    assert ran.out.startswith("queued #")
    assert "the first complete pull of the account" in ran.err


def test_an_unknown_campaign_is_refused_with_the_one_that_was_meant(
    pulled: Command, campaign: str
) -> None:
    slipped = campaign[:-1] + ("0" if campaign[-1] != "0" else "1")
    ran = pulled("enqueue", ACCOUNT, slipped, "--set", "budget.daily=5")
    assert ran.code == 2
    assert f'unknown campaign "{slipped}" in account {ACCOUNT}' in ran.err
    assert campaign in ran.err


def test_an_unknown_path_is_marked_and_the_known_ones_are_told(
    pulled: Command, campaign: str
) -> None:
    ran = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.dialy=5")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        'error[path]: unknown path "budget.dialy" for criteo; did you mean "budget.daily"?',
        "  --set budget.dialy=5",
        "        ^^^^^^^^^^^^",
        "  help: criteo can change: budget.daily, budget.lifetime, budget.monthly",
    ]
    ran = pulled("enqueue", ACCOUNT, campaign, "--set", "name=x")
    assert 'criteo cannot change "name"; it is only given when a campaign is created' in ran.err
    assert "  --set name=x\n        ^^^^\n" in ran.err


def test_what_is_no_amount_is_refused_with_its_reason(pulled: Command, campaign: str) -> None:
    for value, said in {
        "abc": '"abc" is not an amount',
        "NaN": '"NaN" is not an amount',
        "-5": '"-5" is negative; a budget is zero or more',
        "1e400": '"1e400" is not an amount',
        TWENTY: f'"{TWENTY}" has more than 2 decimals',
        "": '"" is not an amount',
        "1,000": '"1,000" is ambiguous',
        "1.000": '"1.000" is ambiguous',
        "0.001": '"0.001" has more than 2 decimals',
        "9" * 15: "at most 14 before the point",
        "null": "null is not accepted",
    }.items():
        ran = pulled("enqueue", ACCOUNT, campaign, "--set", f"budget.daily={value}")
        assert ran.code == 2, value
        assert ran.out == ""
        assert said in ran.err
        assert "help: " in ran.err
    assert pulled("updates", "list", "--format", "json").document["updates"] == []


def test_what_a_person_may_let_through_is_queued_and_what_is_above_a_cap_is_refused(
    pulled: Command, campaign: str
) -> None:
    for value in ("unlimited", "2000000"):
        ran = pulled("enqueue", ACCOUNT, campaign, "--set", f"budget.daily={value}")
        assert ran.code == 0, ran.err
    assert pulled("db", "caps", "set", ACCOUNT, "--max-amount", "500").code == 0
    ran = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.daily=500.01")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error[cap]: budget.daily: 500.01 is above the owner's cap, 500\n")
    assert "  --set budget.daily=500.01\n                     ^^^^^^\n" in ran.err
    assert "help: the owner sets the caps of account criteo-eu: syncd db caps list" in ran.err


def test_a_period_is_changed_by_lifting_the_old_limit_in_the_same_update(
    pulled: Command, campaign: str
) -> None:
    ran = pulled(
        "enqueue", ACCOUNT, campaign, "--set", "budget.daily=unlimited",
        "--set", "budget.monthly=3000",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "-> unlimited, budget.monthly unlimited -> 3000.00 EUR" in ran.out
    refused = pulled(
        "enqueue", ACCOUNT, campaign, "--set", "budget.daily=unlimited", "--set", "budget.monthly=x"
    )
    assert refused.code == 2
    assert refused.err.count("error[amount]") == 1


def test_a_good_one_is_echoed_with_old_and_new_value(pulled: Command, campaign: str) -> None:
    row = pulled("campaigns", "show", ACCOUNT, campaign, "--format", "json").document["campaign"]
    now = float(row["values"]["budget.daily"])
    ran = pulled(
        "enqueue", ACCOUNT, campaign, "--set", f"budget.daily={now * 10:.2f}", "--key", "k"
    )
    assert ran.code == 0
    assert f"{ACCOUNT}/{campaign} budget.daily {now:.2f} -> {now * 10:.2f} EUR (x10)" in ran.out
    assert "ten times what it was: a slipped digit?" in ran.err
    again = pulled(
        "enqueue", ACCOUNT, campaign, "--set", f"budget.daily={now * 10:.2f}", "--key", "k"
    )
    assert again.code == 0
    number = ran.out.split()[1]
    assert again.out.startswith(f"already queued as {number} (same key, same change)")
    other = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.daily=7", "--key", "k")
    assert other.code == 2
    assert 'key "k" was used for another change' in other.err


def test_times_expectations_and_reasons_are_kept(pulled: Command, campaign: str) -> None:
    number = pulled.queued(
        ACCOUNT, campaign, "--set", "budget.daily=7.50", "--expect", "budget.daily=100",
        "--not-before", "2126-01-01T09:00:00+01:00", "--expires-at", "2126-01-02T00:00:00Z",
        "--reason", "Q4 plan", "--requester", "marc",
    )  # fmt: skip
    update = pulled("updates", "show", number, "--format", "json").document["update"]
    assert update["patch"] == {"budget.daily": "7.5"}
    assert update["reference"] == {"budget.daily": "100"}
    assert update["not_before"] == "2126-01-01T08:00:00.000000Z"
    assert (update["requester"], update["request_reason"]) == ("marc", "Q4 plan")
    assert update["waiting_for"]["code"] == "not_before"


def test_a_time_without_a_zone_is_refused(pulled: Command, campaign: str) -> None:
    ran = pulled(
        "enqueue", ACCOUNT, campaign, "--set", "budget.daily=7", "--not-before", "2126-01-01 09:00"
    )
    assert ran.code == 2
    assert '--not-before: "2126-01-01 09:00" does not say its zone' in ran.err


def test_a_dry_run_checks_everything_and_queues_nothing(pulled: Command, campaign: str) -> None:
    ran = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.daily=7", "--dry-run")
    assert (ran.code, ran.out) == (
        0,
        "checked 1 update: all would be queued. Nothing was queued.\n",
    )
    ran = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.daily=0.001", "--dry-run")
    assert ran.code == 2
    assert "more than 2 decimals" in ran.err
    assert pulled("updates", "list", "--format", "json").document["counts"] == {}


def test_an_update_can_be_taken_back_until_it_is_final(pulled: Command, campaign: str) -> None:
    number = pulled.queued(ACCOUNT, campaign, "--set", "budget.daily=7")
    ran = pulled("updates", "cancel", number)
    assert ran.code == 0
    assert ran.out.startswith(f"cancelled #{number} {ACCOUNT}/{campaign}")
    again = pulled("updates", "cancel", number, 999_999_999)
    assert again.code == 2
    assert f"update {number} cannot go from cancelled to cancelled" not in again.err
    assert "unknown update 999999999" in again.err
    listed = pulled("updates", "list", "--state", "cancelled")
    assert f"#{number}" in listed.out
    assert "⊘" in listed.out
    assert "0 open" in listed.err


def test_an_id_is_a_number_with_or_without_its_sign(pulled: Command, campaign: str) -> None:
    queued = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.daily=7")
    number = queued.out.split()[1]
    assert number.startswith("#")
    assert pulled("updates", "show", number).code == 0
    for wrong in ("99999999999999999999999", "0", "abc", "-1"):
        ran = pulled("updates", "cancel", "--", wrong)
        assert ran.code == 2
        assert f'"{wrong}" is not an id' in ran.err


def test_an_update_that_does_not_exist_is_told(syncd: Command) -> None:
    ran = syncd("updates", "show", 4711)
    assert ran.code == 2
    assert ran.err.startswith("error[update]: there is no update #4711")


def test_a_list_of_an_account_that_does_not_exist_is_refused(syncd: Command) -> None:
    syncd("accounts", "list")
    for arguments in (("updates", "list"), ("campaigns", "list")):
        ran = syncd(*arguments, "--account", "criteo-ue")
        assert ran.code == 2
        assert 'unknown account "criteo-ue"; did you mean "criteo-eu"?' in ran.err
