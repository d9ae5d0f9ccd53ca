"""Plans and rounds of passes: every item with its result, books that add up, and the code that cron
sees."""

from pathlib import Path

import pytest

from syncd.cli.codes import worst
from tests.cli.conftest import ACCOUNT, Command, Configure, Execute, Provider

_LEASED = """
    UPDATE syncd.leases
       SET owner = 'another', epoch = epoch + 1, expires_at = now() + interval '1 hour'"""
_CODE = "campaign--campaign-update-check--"


@pytest.fixture
def working(
    capsys: pytest.CaptureFixture[str],
    configure: Configure,
    database_url: str,
    own_provider: Provider,
) -> Command:
    """The command after a first pull of a world that this test may change."""
    command = Command(capsys, configure(database_url, own_provider.told["base_url"]))
    assert command("sync", "--pull").code == 0
    return command


def queue(command: Command, provider: Provider, *cases: str) -> dict[str, int]:
    """Queue a pick of each case; returns the updates' numbers."""
    picks = provider.ask("criteo/picks")
    picks["ordinary"] = picks["ordinary"][0]
    return {
        case: command.queued(
            ACCOUNT, picks[case]["id"], "--set", f"{picks[case]['path']}={picks[case]['amount']}"
        )
        for case in cases
    }


def test_of_several_codes_the_one_that_matters_most_counts() -> None:
    assert worst([]) == 0
    assert worst([5, 4, 3, 1, 2]) == 2
    assert worst([5, 4, 3, 1]) == 1
    assert worst([5, 4, 3]) == 3
    assert worst([5, 4]) == 4
    assert worst([0, 5]) == 5


def test_a_pull_says_in_one_line_what_it_saw(working: Command, own_provider: Provider) -> None:
    one, two = (pick["id"] for pick in own_provider.ask("criteo/picks")["ordinary"][:2])
    own_provider.ask("edit", id=one, name="other")
    own_provider.ask("remove", ids=[two])
    ran = working("sync", "--pull")
    assert ran.code == 0
    assert ran.out.startswith(
        f"{ACCOUNT} pull ok: seen 59 = 1 changed + 58 unchanged; 1 missing; 1 call, "
    )
    history = working("campaigns", "history", ACCOUNT, one).out
    assert 'name "' in history
    assert '-> "other"' in history
    assert "provider (not queued here)" in history
    assert two in working("campaigns", "list", "--missing").out


def test_a_plan_shows_every_path_and_sends_nothing(
    working: Command, own_provider: Provider
) -> None:
    assert working("plan").out == f"Nothing to do on {ACCOUNT}: the queue is empty.\n"
    numbers = queue(working, own_provider, "ordinary", "lifetime_spent")
    before = own_provider.ask("counters")["arrivals"]
    ran = working("plan", "--exit-code")
    assert ran.code == 3
    assert all(f"#{number}" in ran.out for number in numbers.values())
    assert "will send   2 updates of 2 campaigns in 1 call" in ran.out
    assert "money       " in ran.out
    assert "will not    leave anything out" in ran.out
    assert "nothing is sent by this command" in ran.out
    document = working("plan", "--format", "json").document
    plan = document["plans"][0]
    assert document["schema"] == "syncd.plan/1"
    assert {item["update"] for item in plan["items"]} == {str(one) for one in numbers.values()}
    assert plan["totals"]["send"] == 2
    assert len(plan["calls"]) == 1
    assert working("plan", "--format", "csv").out.count("\n") == 3
    assert own_provider.ask("counters")["arrivals"] == before


def test_a_push_shows_every_result_in_the_providers_words(
    working: Command, own_provider: Provider
) -> None:
    cases = (
        "ordinary",
        "uncapped",
        "lifetime_spent",
        "daily_spent",
        "hidden_rule",
        "unavailable_feature",
    )
    numbers = queue(working, own_provider, *cases)
    ran = working("sync", "--push")
    assert ran.code == 3
    assert "6 = 2 applied + 4 rejected        1 call, " in ran.out
    assert "rejected: spend-limit-does-not-exist" in ran.out
    assert "applied, accepted for later, with warning: new-spend-limit-amount-will-take" in ran.out
    assert ran.out.count("trace id ") == 4
    shown = working("updates", "show", numbers["hidden_rule"])
    assert f"{_CODE}validation-failed-on-spend-limit" in shown.out
    assert "attempt  batch " in shown.out
    assert "trace id " in shown.out
    empty = working("sync", "--push")
    waiting = "4 updates wait for a person (4 rejected); next: syncd updates list --state inbox\n"
    assert (empty.code, empty.out) == (0, f"{ACCOUNT} push: nothing is due\n{waiting}")
    run_id = working("updates", "show", numbers["ordinary"], "--format", "json").document[
        "attempts"
    ][0]["run_id"]
    listed = working(
        "updates", "list", "--state", "rejected", "--run", run_id, "--format", "json"
    ).document
    assert len(listed["updates"]) == 4


def test_what_waits_for_the_first_complete_pull_is_told_by_a_push(syncd: Command) -> None:
    """A push does not even take it."""
    create = [f"--set={one}" for one in ("native.goal=Retention", "native.advertiserId=1")]
    made, _, later = (
        syncd.queued(ACCOUNT, "--create", "--set", f"name={name}", *create, *more)
        for name, more in (("x", ()), ("y", ()), ("z", ("--not-before", "2100-01-01T00:00:00Z")))
    )
    ran = syncd("sync", "--push")
    pull = "the first complete pull of the account"
    assert (ran.code, ran.out.splitlines()) == (
        0,
        [
            f"{ACCOUNT} push: nothing is due",
            f"{ACCOUNT}: 2 updates wait (first #{made}) for: {pull}",
            f"{ACCOUNT}: 1 update waits (#{later}) for: not due yet",
        ],
    )
    (account,) = syncd("sync", "--push", "--format", "json").document["accounts"]
    assert account["queued"] == [
        {"code": "first_pull", "text": pull, "updates": 2, "first": str(made), "is_all": True},
        {
            "code": "not_before",
            "text": "not due yet",
            "updates": 1,
            "first": str(later),
            "is_all": True,
        },
    ]


def test_quiet_says_why_the_code_is_3(working: Command, own_provider: Provider) -> None:
    queue(working, own_provider, "uncapped")
    ran = working("sync", "-q")
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err.splitlines() == [
        f"error[items]: {ACCOUNT} push: 1 rejected",
        f"  help: see: syncd updates list --state rejected --account {ACCOUNT}",
    ]


def test_an_unanswered_call_is_code_3_until_a_read_has_found_out(
    working: Command, own_provider: Provider
) -> None:
    number = queue(working, own_provider, "ordinary")["ordinary"]
    own_provider.ask("faults", kind="reset", when="after", operation="update", count=1)
    ran = working("sync", "--push")
    assert ran.code == 3
    assert "1 = 1 unknown" in ran.out
    assert "1 update without a known outcome; readable in " in ran.err
    needs = working("status", "--format", "json").document["needs"]
    assert [one["command"] for one in needs] == [
        f"syncd updates list --state unknown --account {ACCOUNT}"
    ]
    assert "nothing is sent again before" in working("status").out
    late = working("updates", "cancel", number)
    assert late.code == 2
    assert "cannot go from unknown to cancelled" in late.err
    found = working("sync", "--push", "--wait-unknown")
    assert found.code == 0, found.err
    assert f"{ACCOUNT} recover ok: 1 without a known outcome = 1 applied" in found.out
    assert own_provider.ask("counters")["by_operation"]["update"] == 1


def test_a_round_as_json_is_one_document(working: Command, own_provider: Provider) -> None:
    numbers = queue(working, own_provider, "ordinary")
    ran = working("sync", "--format", "json")
    assert ran.code == 0
    (account,) = ran.document["accounts"]
    assert account["push"]["counts"]["applied"] == 1
    assert account["pull"]["outcome"] == "ok"
    assert [row["id"] for row in account["updates"]] == [str(numbers["ordinary"])]
    assert account["updates"][0]["confirmation"] == "confirmed"


def test_an_account_that_another_process_holds_is_code_5(
    working: Command, execute: Execute
) -> None:
    execute(_LEASED)
    ran = working("sync", "--if-busy", "fail")
    assert ran.code == 5
    assert ran.out == ""
    assert ran.err.startswith(f"error[busy]: {ACCOUNT}: ")


def test_a_paused_account_is_left_alone_until_it_is_resumed(working: Command) -> None:
    assert working("accounts", "pause", ACCOUNT).out.startswith(f"{ACCOUNT} is paused")
    assert working("accounts", "pause", ACCOUNT).out == f"{ACCOUNT} was paused already\n"
    ran = working("sync")
    assert (ran.code, ran.out) == (0, f"{ACCOUNT} is paused; nothing was read or sent\n")
    assert working("accounts", "resume", "--all").out == f"{ACCOUNT} runs again\n"
    unknown = working("accounts", "pause", "criteo-ue")
    assert unknown.code == 2
    assert 'did you mean "criteo-eu"?' in unknown.err


def test_wrong_credentials_fail_the_pass_and_the_check_with_a_remedy(
    working: Command, tmp_path: Path
) -> None:
    assert working("accounts", "check", ACCOUNT).code == 0
    (tmp_path / "client_secret").write_text("wrong")
    ran = working("sync", "--pull")
    assert ran.code == 1
    assert "error[auth-failed]: " in ran.err
    assert "help: " in ran.err
    checked = working("accounts", "check", ACCOUNT)
    assert checked.code == 1
    assert "✗ auth-failed" in checked.out
    needs = working("status", "--format", "json").document["needs"]
    assert [(one["cause"], one["account"]) for one in needs] == [("blocked", ACCOUNT)]
    assert working("sync", "criteo-ue").code == 2
