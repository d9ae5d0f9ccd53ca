"""Queueing from files: all of a file or nothing of it, every problem with its line, ten thousand
rows."""

import json
from pathlib import Path

from tests.cli.conftest import ACCOUNT, Command, Execute, Provider, process

HEADER = "account,campaign,path,value,key"


def campaigns(provider: Provider) -> list[str]:
    return [one["id"] for one in provider.ask("criteo/picks")["ordinary"]]


def test_one_bad_line_keeps_the_whole_file_out(
    pulled: Command, shared_provider: Provider, tmp_path: Path
) -> None:
    good = campaigns(shared_provider)[0]
    file = tmp_path / "raises.csv"
    rows = [
        f"{ACCOUNT},{good},budget.daily,5,a",
        f"{ACCOUNT},{good},budget.daily,abc,b",
        f"{ACCOUNT},999,budget.daily,5,c",
        f"criteo-xx,{good},budget.daily,5,d",
        f"{ACCOUNT},{good},budget.dialy,5,e",
        f"{ACCOUNT},{good},budget.daily,5",
    ]
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    ran = pulled("enqueue", "--from", file)
    assert ran.code == 2
    assert ran.out == ""
    told = [line for line in ran.err.splitlines() if line.startswith(str(file))]
    assert [line.removeprefix(f"{file}:").split(":")[:2] for line in told] == [
        ["3", " error[amount]"],
        ["4", " error[campaign]"],
        ["5", " error[account]"],
        ["6", " error[path]"],
        ["7", " error[short-row]"],
    ]
    assert "5 problems in" in ran.err
    assert "nothing was queued" in ran.err
    assert pulled("updates", "list", "--format", "json").document["counts"] == {}
    problem = pulled("enqueue", "--from", file, "--format", "json")
    assert problem.out == ""
    assert '"schema": "syncd.problem/1"' in problem.err


def test_one_key_for_two_changes_names_both_lines_or_the_update_that_has_it(
    pulled: Command, shared_provider: Provider, tmp_path: Path
) -> None:
    one, other, third = campaigns(shared_provider)[:3]
    old = pulled.queued(ACCOUNT, third, "--set", "budget.daily=7", "--key", "old")
    file = tmp_path / "twice.csv"
    rows = [
        f"{ACCOUNT},{one},budget.daily,5,same",
        f"{ACCOUNT},{third},budget.daily,7.00,old",
        f"{ACCOUNT},{other},budget.daily,5,same",
        f"{ACCOUNT},{one},budget.daily,5.00,same",
        f"{ACCOUNT},{third},budget.daily,8,old",
    ]
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    for more in ((), ("--dry-run",)):
        ran = pulled("enqueue", "--from", file, *more)
        assert (ran.code, ran.out) == (2, "")
        told = [line for line in ran.err.splitlines() if line.startswith(str(file))]
        assert [line.removeprefix(f"{file}:") for line in told] == [
            '4: error[key]: key "same" stands in line 2 already, for another change',
            f'6: error[key]: key "old" was used for another change, update {old}',
        ]
        assert "give two changes two different keys" in ran.err
        assert "nothing was queued" in ran.err
    assert pulled("updates", "list", "--format", "json").document["counts"] == {"queued": 1}


def test_after_twenty_problems_only_their_kinds_are_counted(
    pulled: Command, tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    rows = [f"{ACCOUNT},{number},budget.daily,-1,{number}" for number in range(30)]
    file.write_text("\n".join([HEADER, *rows]))
    ran = pulled("enqueue", "--from", file)
    assert ran.err.count("error[amount]") == 20
    assert "... and 10 more" in ran.err
    assert "30 problems" in ran.err
    assert "(amount 30)" in ran.err


def test_ten_thousand_rows_with_a_byte_order_mark_are_queued_at_once(
    pulled: Command, shared_provider: Provider, tmp_path: Path, execute: Execute
) -> None:
    ids = campaigns(shared_provider)
    file = tmp_path / "big.csv"

    def write(numbers: range) -> None:
        rows = [
            f"{ACCOUNT},{ids[n % len(ids)]},budget.daily,{5 + n / 100:.2f},key-{n}" for n in numbers
        ]
        file.write_text("\ufeff" + "\r\n".join([HEADER, *rows]), "utf-8")

    write(range(200))
    assert pulled("enqueue", "--from", file).code == 0
    write(range(10_000))
    ran = pulled("enqueue", "--from", file)
    assert ran.code == 0, ran.err
    first = f"queued 9,800 updates of {len(ids)} campaigns on {ACCOUNT}: #"
    assert ran.out.startswith(first)
    assert "200 updates were queued already (same keys)" in ran.out
    counts = pulled("updates", "list", "--format", "json").document["counts"]
    assert counts == {"queued": 10_000}


def test_json_lines_from_stdin_are_taken_and_the_same_keys_are_not_queued_twice(
    pulled: Command, shared_provider: Provider, tmp_path: Path
) -> None:
    one = campaigns(shared_provider)[0]
    wanted = {
        "account": ACCOUNT,
        "campaign": one,
        "path": "budget.daily",
        "value": 12.5,
        "key": "k",
    }
    line = json.dumps(wanted) + "\n"
    ran = process(["--config", pulled.config, "enqueue", "--from", "-"], data=line.encode())
    assert ran.code == 0, ran.err
    assert ran.out.startswith("queued #")
    assert "-> 12.50 EUR" in ran.out
    file = tmp_path / "same.jsonl"
    file.write_text(line)
    again = pulled("enqueue", "--from", file)
    assert again.out.startswith("already queued as #")


def test_a_file_that_is_not_there_is_told(syncd: Command, tmp_path: Path) -> None:
    ran = syncd("enqueue", "--from", tmp_path / "none.csv")
    assert ran.code == 2
    assert "No such file" in ran.err
