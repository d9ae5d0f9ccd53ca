"""The owner's caps and the roles: listed, set, removed and granted by command, by nobody but those
who may."""

import asyncio
import csv
import io
from collections.abc import Callable, Iterator
from uuid import uuid4

import asyncpg
import pytest

from tests.cli.conftest import ACCOUNT, Command, Execute

Join = Callable[..., str]


@pytest.fixture
def join(execute: Execute, database_url: str) -> Iterator[Join]:
    """Makes a database user, a member of these roles, and gives its name; gone with the test."""
    made: list[str] = []

    def make(*roles: str, more: str = "") -> str:
        made.append(f"user_{uuid4().hex[:12]}")
        execute(f"CREATE ROLE {made[-1]} LOGIN {more}")
        for role in roles:
            execute(f"GRANT {role} TO {made[-1]}")
        return made[-1]

    yield make
    for user in made:
        execute(f"DROP OWNED BY {user}; DROP ROLE {user}")


def address(url: str, user: str) -> str:
    """The database under another user."""
    return f"postgresql://{user}@{url.partition('@')[2]}"


def works_as(command: Command, url: str, user: str, owner_url: str = "") -> None:
    """Let the configuration name this user, and an owner beside it where one is given."""
    text = command.config.read_text().replace(f'url = "{url}"', f'url = "{address(url, user)}"')
    owner = f'owner_url = "{owner_url}"\n\n[[accounts]]' if owner_url else "[[accounts]]"
    command.config.write_text(text.replace("[[accounts]]", owner))


def caps(command: Command, *arguments: str) -> list[dict[str, object]]:
    told = command("db", "caps", "list", *arguments, "--format", "json")
    assert told.code == 0, told.err
    found: list[dict[str, object]] = told.document["caps"]
    return [{key: one for key, one in row.items() if key != "set_at"} for row in found]


def test_a_cap_is_set_figure_by_figure_listed_and_removed(syncd: Command) -> None:
    assert syncd("db", "caps").err.startswith("There are no caps")
    ran = syncd("db", "caps", "set", ACCOUNT, "--max-amount", "500.50", "--activations", "3")
    assert (ran.code, ran.out) == (0, f"{ACCOUNT}, every path: max_amount 500.5, activations 3\n")
    syncd("db", "caps", "set", ACCOUNT, "--max-factor", "1.5", "--activations", "0")
    one = syncd("db", "caps", "set", ACCOUNT, "budget.daily", "--max-amount", "20")
    assert one.out == f"{ACCOUNT}, budget.daily: max_amount 20\n"
    every, daily = caps(syncd)
    assert every.pop("set_by")
    assert every == {
        "account": ACCOUNT,
        "path": "*",
        "max_amount": "500.5",
        "max_factor": "1.5",
        "max_increase": None,
        "activations": 0,
    }
    assert (daily["path"], daily["max_amount"], daily["activations"]) == (
        "budget.daily",
        "20",
        None,
    )
    assert caps(syncd, "--account", ACCOUNT)[1]["path"] == "budget.daily"
    table = syncd("db", "caps").out
    assert table == syncd("db", "caps", "list").out
    assert "every path" in table
    rows = list(csv.DictReader(io.StringIO(syncd("db", "caps", "list", "--format", "csv").out)))
    assert [row["max_amount"] for row in rows] == ["500.5", "20"]
    gone = syncd("db", "caps", "remove", ACCOUNT)
    assert (gone.code, gone.out) == (0, f"{ACCOUNT}, every path: no cap any more\n")
    assert [row["path"] for row in caps(syncd)] == ["budget.daily"]
    gone = syncd("db", "caps", "remove", ACCOUNT, "budget.daily")
    assert gone.out == f"{ACCOUNT}, budget.daily: no cap any more\n"


def test_what_is_set_holds_at_the_door_of_the_queue(pulled: Command) -> None:
    campaign = pulled("campaigns", "list", "--format", "json").document["campaigns"][0]
    wanted = ("enqueue", ACCOUNT, campaign["external_id"], "--set", "budget.daily=20.01")
    pulled("db", "caps", "set", ACCOUNT, "budget.daily", "--max-amount", "20")
    ran = pulled(*wanted)
    assert ran.code == 2
    assert "cap" in ran.err
    pulled("db", "caps", "remove", ACCOUNT, "budget.daily")
    assert pulled(*wanted).code == 0


def test_a_stem_holds_for_all_below_it(pulled: Command) -> None:
    campaign = pulled("campaigns", "list", "--format", "json").document["campaigns"][0]
    ran = pulled("db", "caps", "set", ACCOUNT, "budget.*", "--max-amount", "20")
    assert (ran.code, ran.out) == (0, f"{ACCOUNT}, budget.*: max_amount 20\n")
    pulled("db", "caps", "set", ACCOUNT, "budget.monthly", "--max-amount", "30")
    wanted = ("enqueue", ACCOUNT, campaign["external_id"], "--set")
    codes = [pulled(*wanted, f"budget.{one}").code for one in ("daily=21", "monthly=30")]
    assert codes == [2, 0]


def test_set_and_remove_answer_in_json(syncd: Command) -> None:
    told = syncd("db", "caps", "set", ACCOUNT, "--max-increase", "1000", "--format", "json")
    assert (told.document["schema"], told.document["max_increase"]) == ("syncd.cap/1", "1000")
    told = syncd("db", "caps", "remove", ACCOUNT, "--format", "json")
    assert told.document == {"schema": "syncd.cap_removed/1", "account": ACCOUNT, "path": "*"}


REFUSED = [
    (["set", ACCOUNT], "nothing is set", "--max-amount"),
    (["set", "criteo-ue", "--max-amount", "5"], 'did you mean "criteo-eu"?', "accounts:"),
    (
        ["set", ACCOUNT, "budget.dayly", "--max-amount", "5"],
        'no amount of criteo-eu; did you mean "budget.daily"?',
        "budget.monthly",
    ),
    (["set", ACCOUNT, "name", "--max-amount", "5"], '"name" is no amount', "amounts there:"),
    (["set", ACCOUNT, "native.*", "--max-amount", "5"], '"native.*" is no amount', "amounts"),
    (["set", ACCOUNT, "price.country.*", "--max-amount", "5"], "is no amount", "amounts there:"),
    (["set", ACCOUNT, "budget*", "--max-amount", "5"], "is no amount", "amounts there:"),
    (["set", ACCOUNT, "budget.", "--max-amount", "5"], "is no amount", "amounts there:"),
    (
        ["set", ACCOUNT, "budget.daily", "--activations", "5"],
        "--activations counts over the whole account",
        "leave PATH out",
    ),
    (["set", ACCOUNT, "--max-amount", "-5"], "negative", "--help"),
    (["set", ACCOUNT, "--max-amount", "1,000"], "ambiguous", "--help"),
    (["set", ACCOUNT, "--max-factor", "0.5"], "is no factor", "--help"),
    (["set", ACCOUNT, "--max-factor", "nan"], "is no factor", "--help"),
    (["set", ACCOUNT, "--activations", "-1"], "-1", "--help"),
    (["remove", ACCOUNT], "there is no cap of criteo-eu for every path", "caps list"),
    (["remove", ACCOUNT, "budget.daily"], 'for "budget.daily"', "caps list"),
    (["remove", "nobody"], 'unknown account "nobody"', "accounts:"),
    (["list", "--account", "nobody"], 'unknown account "nobody"', "accounts:"),
    (["set", ACCOUNT, "--max-amount", "5", "--format", "csv"], "no CSV of it", "json"),
]


def test_what_cannot_be_a_cap_is_refused_with_the_remedy(syncd: Command) -> None:
    for arguments, said, remedy in REFUSED:
        ran = syncd("db", "caps", *arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert said in ran.err
        assert remedy in ran.err
    assert caps(syncd) == []


def test_only_the_owner_sets_caps_and_the_others_are_told_whose_address_to_name(
    syncd: Command, database_url: str, join: Join
) -> None:
    assert syncd("db", "caps", "set", ACCOUNT, "--max-amount", "5").code == 0
    worker = join("syncd_service")
    works_as(syncd, database_url, worker)
    assert [row["max_amount"] for row in caps(syncd)] == ["5"]
    for arguments in (["set", ACCOUNT, "--max-amount", "500"], ["remove", ACCOUNT]):
        ran = syncd("db", "caps", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "only the owner of the database sets caps" in ran.err
        assert f"syncd db grant owner {worker}\n" in ran.err
        assert "owner_url" in ran.err
    assert [row["max_amount"] for row in caps(syncd)] == ["5"]


def test_the_owner_is_named_beside_the_user_that_works(
    syncd: Command, database_url: str, join: Join
) -> None:
    keeper, worker = join("syncd_owner"), join("syncd_service")
    works_as(syncd, database_url, worker, owner_url=address(database_url, keeper))
    assert syncd("db", "caps", "set", ACCOUNT, "--max-amount", "7").code == 0
    assert [row["max_amount"] for row in caps(syncd)] == ["7"]
    assert syncd("db", "caps", "remove", ACCOUNT).code == 0


def test_a_user_is_let_into_each_role(syncd: Command, database_url: str, join: Join) -> None:
    user = join()
    roles = ["approve", "enqueue", "owner", "report", "service"]
    for role in roles:
        ran = syncd("db", "grant", role, user)
        assert (ran.code, ran.out) == (0, f"{user} is a member of syncd_{role}\n"), ran.err
    assert asyncio.run(member(database_url, user)) == [f"syncd_{role}" for role in roles]
    again = syncd("db", "grant", "report", user, "--format", "json")
    assert again.document == {
        "schema": "syncd.grant/1",
        "role": "syncd_report",
        "user": user,
        "was_member": True,
    }


async def member(url: str, user: str) -> list[str]:
    """The roles of a user."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(
            "SELECT roleid::regrole::text AS role FROM pg_auth_members"
            " WHERE member = $1::text::regrole ORDER BY 1",
            user,
        )
        return [row["role"] for row in found]
    finally:
        await connection.close()


def test_a_name_is_a_name_and_never_a_statement(syncd: Command, execute: Execute) -> None:
    user = f'odd "{uuid4().hex[:8]}; DROP SCHEMA syncd CASCADE; --'
    quoted = '"' + user.replace('"', '""') + '"'
    unknown = syncd("db", "grant", "report", user)
    assert unknown.code == 2
    assert f"CREATE ROLE {quoted} LOGIN" in unknown.err
    execute(f"CREATE ROLE {quoted} LOGIN")
    assert syncd("db", "grant", "report", user).code == 0
    assert syncd("db", "status").code == 0
    execute(f"DROP ROLE {quoted}")


def test_a_grant_that_cannot_be_is_refused(syncd: Command) -> None:
    for arguments, said in (
        (["enqueue", "nobody"], 'there is no database user "nobody"'),
        (["enqueue", "syncd_enqueue"], "name a user"),
        (["boss", "postgres"], "boss"),
        (["enqueue", "postgres", "--format", "csv"], "no CSV of it"),
    ):
        ran = syncd("db", "grant", *arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert said in ran.err


def test_who_may_not_grant_is_told_what_an_administrator_runs(
    syncd: Command, database_url: str, join: Join
) -> None:
    user, worker = join(), join("syncd_service")
    works_as(syncd, database_url, worker)
    ran = syncd("db", "grant", "approve", user)
    assert (ran.code, ran.out) == (2, "")
    assert f"GRANT syncd_approve TO {user}" in ran.err
    assert asyncio.run(member(database_url, user)) == []
