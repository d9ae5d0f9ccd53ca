"""`syncd plan` and `syncd sync --plan` as people and scripts meet them: the same plan in every
form, and a clear word for every hash that is of no use."""

import json

from tests.cli.conftest import ACCOUNT, Begin, Command, Execute, Provider

_PLANS = """
    INSERT INTO syncd.plans (account_id, hash, items, document, made_at, made_by, expires_at)
    SELECT a.id, h.hash, '[]', '{}', syncd.now(), 'anna', syncd.now() + h.valid
      FROM syncd.accounts a, (VALUES ('abcdef00000000000000000000000000', interval '1 h'),
           ('abcdef10000000000000000000000000', interval '1 h'),
           ('0123456789abcdef0123456789abcdef', interval '-1 s')) h(hash, valid)"""


def ask(command: Command, provider: Provider, number: int, factor: int = 2) -> int:
    pick = provider.ask("criteo/picks")["ordinary"][number]
    wanted = round(float(pick["current"]) * factor, 2)
    return command.queued(ACCOUNT, pick["id"], "--set", f"{pick['path']}={wanted}")


def test_a_plan_is_the_same_in_every_form(pulled: Command, shared_provider: Provider) -> None:
    numbers = [ask(pulled, shared_provider, place) for place in range(3)]
    plain, quiet = pulled("plan"), pulled("plan", "-q")
    (plan,) = pulled("plan", "--format", "json").document["plans"]
    assert [item["update"] for item in plan["items"]] == [str(one) for one in numbers]
    assert quiet.out.splitlines() == plain.out.splitlines()[-3:]
    assert plain.out.startswith(f"{ACCOUNT} · plan {plan['hash'][:8]} · mirror of ")
    assert "will send   3 updates of 3 campaigns in 1 call (1 x PATCH campaigns) · " in quiet.out
    assert " · 0.5 % of 200/1s · about 1 s · no cost\n" in quiet.out
    lines = pulled("plan", "--format", "csv").out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("account,hash,update,state,campaign,name,path,base,remote,seen_at,")
    told = pulled("plan", "--format", "markdown").out
    assert told.startswith(f"### syncd plan `{ACCOUNT}` `{plan['hash'][:8]}`\n")
    assert all(line in told for line in quiet.out.splitlines())
    assert told.count("\n| ~ | `#") == 3
    saved = pulled("plan", "--save").out.splitlines()
    assert f"saved       {plan['hash']}" in saved
    assert (
        f"next        syncd sync --plan {plan['hash'][:8]}  sends what is still the same" in saved
    )
    shown = pulled("plan", "--show", plan["hash"][:6], "--format", "json").document["plans"][0]
    assert shown["saved"]["is_expired"] is False
    assert {item["now"]["state"] for item in shown["items"]} == {"queued"}
    assert shown["totals"] == plan["totals"]
    assert json.dumps(plan["items"][0]["desired"]) in json.dumps(shown["items"][0])


_USELESS = (
    (("sync", "--plan", "abc"), '"abc" is not the hash of a plan', "first six or more"),
    (("plan", "--show", "ABCDEF00"), '"ABCDEF00" is not the hash', "first six or more"),
    (("sync", "--plan", "ffffff"), "unknown plan ffffff", "syncd plan --save"),
    (("plan", "--show", "ffffff"), "unknown plan ffffff", "syncd plan --save"),
    (("sync", "--plan", "abcdef"), "more than one plan begins with abcdef", "more of its"),
    (("sync", "--plan", "012345"), "plan 01234567 expired at ", f"plan {ACCOUNT} --save"),
    (("sync", "other", "--plan", "abcdef0"), f"is one of account {ACCOUNT}", "leave the"),
    (("sync", "--pull", "--plan", "abcdef0"), "--plan is for a push now", "leave --pull"),
    (("sync", "--due", "--plan", "abcdef0"), "--plan is for a push now", "leave --pull"),
    (("plan", ACCOUNT, "--show", "abcdef0"), "--show prints a plan that was", "leave out"),
    (("plan", "--fresh", "--show", "abcdef0"), "--show prints a plan that was", "leave out"),
)


def test_a_hash_that_is_of_no_use_is_refused_with_what_to_do(
    syncd: Command, execute: Execute
) -> None:
    assert syncd("plan").out == f"Nothing to do on {ACCOUNT}: the queue is empty.\n"
    execute(_PLANS)
    for arguments, said, remedy in _USELESS:
        ran = syncd(*arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert said in ran.err, arguments
        assert remedy in ran.err, arguments


def test_a_plan_where_requests_are_billed_says_what_is_left_of_the_free_ones(
    begin: Begin,
) -> None:
    command, _ = begin("pai", "--campaigns", "4")
    rows = command("campaigns", "list", "--format", "json").document["campaigns"]
    first, second = (row["external_id"] for row in rows[:2])
    command.queued("shop", first, "--set", "name=Herbst")
    assert " · no cost (1 of 100 free left)\n" in command("plan").out
    assert command("sync", "--push").code == 0
    command.queued("shop", second, "--set", "name=Winter")
    command.queued("shop", "--create", "--set", "name=Neu")
    assert " · costs 0.002 CNY (1 of 99 free left)\n" in command("plan").out
