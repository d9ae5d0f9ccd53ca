"""Reading a file of changes: whatever could be read in two ways is told with its line."""

import pytest

from syncd.cli.intake.rows import read_rows
from syncd.cli.intake.updates import entries

HEADER = "account,campaign,path,value"


def problems(text: str | bytes) -> list[tuple[int | None, str]]:
    raw = text if isinstance(text, bytes) else text.encode()
    return [(one.line, one.code) for one in read_rows("f.csv", raw).problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("account,campaign,value\na,1,5\n", [(1, "missing-column")]),
        (f"{HEADER},color\na,1,p,5,red\n", [(1, "unknown-column")]),
        (f"{HEADER},value\na,1,p,5,6\n", [(1, "duplicate-column")]),
        (f"{HEADER}\na,1,p\n", [(2, "short-row")]),
        (f"{HEADER}\na,1,p,5,6\n", [(2, "long-row")]),
        (f'{HEADER}\na,1,p,"5\nb,2,p,6\n', [(2, "quotes")]),
        (f'{HEADER}\na,1,p,"5"6\n', [(2, "quotes")]),
        (f'{HEADER}\na,1,p,"5\nb,2,p,6"\n', [(2, "quotes")]),
        (f"{HEADER}\na,1,p,\n", [(2, "missing-value")]),
        ("account;campaign;path;value\na;1;p;5\n", [(1, "separator")]),
        ("account\tcampaign\tpath\tvalue\na\t1\tp\t5\n", [(1, "separator")]),
        ("", [(1, "empty")]),
        (HEADER + "\n", [(1, "empty")]),
        (f"{HEADER}\na,1,p,5\0\n", [(2, "encoding")]),
        (f"{HEADER}\n".encode() + b"a,1,p,\xff\n", [(2, "encoding")]),
        (f"{HEADER}\na,1,p,5\n".encode("utf-16"), [(1, "encoding")]),
        ('{"account": "a", "campaign": "1"', [(1, "json")]),
        ('{"account": "a", "campaign": "1", "path": "p", "valeu": 5}', [(1, "unknown-column")]),
        ('{"account": "a", "campaign": "1", "path": "p", "value": [5]}', [(1, "json")]),
        (
            '{"account": "a", "account": "b", "campaign": "1", "path": "p", "value": 5}',
            [(1, "duplicate-column")],
        ),
    ],
)
def test_a_bad_file_is_told_with_its_line(
    text: str | bytes, found: list[tuple[int | None, str]]
) -> None:
    assert problems(text) == found


def test_a_byte_order_mark_and_blank_lines_are_no_problem() -> None:
    reading = read_rows("f.csv", b"\xef\xbb\xbf" + f"{HEADER}\r\n\r\na,1,p,5\r\n".encode())
    assert not reading.problems
    assert [(row.line, row.cells["value"]) for row in reading.rows] == [(3, "5")]


def test_the_line_is_right_after_a_reason_of_several_lines() -> None:
    text = f'{HEADER},reason\na,1,p,5,"one\ntwo"\nb,2,p\n'
    reading = read_rows("f.csv", text.encode())
    assert reading.rows[0].cells["reason"] == "one\ntwo"
    assert [(one.line, one.code) for one in reading.problems] == [(4, "short-row")]


def test_numbers_in_json_keep_every_digit() -> None:
    text = '{"account": "a", "campaign": "1", "path": "p", "value": 100000000000000.10}\n'
    assert read_rows("f.jsonl", text.encode()).rows[0].cells["value"] == "100000000000000.10"


def test_a_json_array_is_one_problem_with_its_remedy() -> None:
    reading = read_rows("f.json", b'[{"account": "a", "campaign": "1", "path": "p", "value": 5}]')
    assert [(one.line, one.code, one.text) for one in reading.problems] == [
        (1, "json", "this is one JSON array")
    ]
    assert "on each line" in reading.problems[0].help


def test_consecutive_rows_of_one_key_are_one_update() -> None:
    text = (
        f"{HEADER},expect,key,reason\n"
        "a,1,budget.daily,5,4,k,why\na,1,budget.monthly,unlimited,,k,\n"
        "a,1,budget.daily,6,,l,\n"
    )
    reading = read_rows("f.csv", text.encode())
    first, second = list(entries(reading, "marc"))
    assert first.wanted.patch == {"budget.daily": "5", "budget.monthly": "unlimited"}
    assert first.wanted.expect == {"budget.daily": "4"}
    assert (first.wanted.key, first.wanted.reason, first.wanted.requester) == ("k", "why", "marc")
    assert second.wanted.key == "l"
    assert (first.line, second.line) == (2, 4)


def test_an_update_that_contradicts_itself_is_told() -> None:
    text = f"{HEADER},reason\na,1,p,5,x\na,1,p,6,y\nb,1,p,5,\nb,1,q,5,\n"
    reading = read_rows("f.csv", text.encode())
    assert len(list(entries(reading, None))) == 1
    assert [(one.line, one.code) for one in reading.problems] == [
        (3, "duplicate-path"),
        (3, "contradiction"),
    ]


def test_a_bad_time_is_told() -> None:
    text = f"{HEADER},not_before\na,1,p,5,tomorrow\n"
    reading = read_rows("f.csv", text.encode())
    assert list(entries(reading, None)) == []
    assert [(one.line, one.code) for one in reading.problems] == [(2, "time")]
