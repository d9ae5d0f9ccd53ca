"""How things are written: nothing that a spreadsheet runs, nothing invisible, no figure rounded,
data on stdout and talk on stderr."""

import csv
import datetime as dt
import io
import json
import subprocess
import sys
import uuid
from decimal import Decimal

import pytest

from syncd.cli.choices import Choices
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Cell, Column, Line, layout, to_csv, to_json
from syncd.cli.text import age, difference, guarded, lasted, money, transition, visible
from tests.cli.conftest import ACCOUNT, ROOT, Command, Provider

MOMENT = dt.datetime(2026, 11, 11, 14, 2, 11, 5, tzinfo=dt.timezone(dt.timedelta(hours=1)))


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert guarded(f"{start}1+1") == f"'{start}1+1"


def test_typed_columns_are_never_guarded() -> None:
    one = uuid.UUID(int=7)
    row = {
        "n": Decimal("-1.50"),
        "i": -5,
        "f": -0.5,
        "at": MOMENT,
        "b": True,
        "id": one,
        "t": "-x",
        "z": None,
    }
    header, line = csv.reader(io.StringIO(to_csv(list(row), [row])))
    assert header == list(row)
    assert line == [
        "-1.50",
        "-5",
        "-0.5",
        "2026-11-11T13:02:11.000005Z",
        "true",
        str(one),
        "'-x",
        "",
    ]


def test_csv_follows_the_standard() -> None:
    text = to_csv(["a"], [{"a": 'x"y,z'}])
    assert text == 'a\r\n"x""y,z"\r\n'


def test_json_has_amounts_and_ids_as_text_and_times_in_utc() -> None:
    document = json.loads(
        to_json({"id": 7, "run_id": 8, "n": 9, "sum": Decimal("1.50"), "at": MOMENT})
    )
    assert document == {
        "id": "7",
        "run_id": "8",
        "n": 9,
        "sum": "1.50",
        "at": "2026-11-11T13:02:11.000005Z",
    }


def test_names_hide_nothing() -> None:
    assert visible("right\u202eleft") == "right<U+202E>left"
    assert visible("zero\u200bwidth\x1b[31m") == "zero<U+200B>width<U+001B>[31m"
    assert visible("a\nb\tc") == "a<U+000A>b<U+0009>c"
    assert visible("夏のセール é") == "夏のセール é"
    assert visible(" ") == visible(None) == "(no name)"


def test_money_has_its_currency_and_every_decimal() -> None:
    assert money("120", "EUR") == "120.00 EUR"
    assert money("0.0125", "EUR") == "0.0125 EUR"
    assert money("100", "JPY") == "100 JPY"
    assert money("1.5", "KWD") == "1.500 KWD"
    assert money("7", None) == "7.00 (no currency)"
    assert money("unlimited", "EUR") == "unlimited"
    assert transition("budget.daily", "120", "150", "EUR") == "budget.daily 120.00 -> 150.00 EUR"


def test_a_change_is_an_amount_and_a_share() -> None:
    assert difference("120", "150", "EUR") == "+30.00  +25 %"
    assert difference("80", "60", "EUR") == "-20.00  -25 %"
    assert difference("0", "60", "EUR") == "+60.00  new"
    assert difference("3000", "10", "EUR") == "-2990.00  -99.6 %"
    assert difference("3000", "0", "EUR") == "-3000.00  -100 %"
    assert difference("1000", "10000", "EUR") == "x10"
    assert difference("unlimited", "60", "EUR") == ""


def test_stretches_of_time_are_never_negative() -> None:
    assert [age(one) for one in (-3, 40, 720, 90_000, 200_000)] == [
        "0 s",
        "40 s",
        "12 min",
        "25 h",
        "2 d",
    ]
    assert [lasted(one) for one in (-1, 0.84, 192, 7_300)] == [
        "0.0 s",
        "0.8 s",
        "3 min 12 s",
        "2 h 1 min",
    ]


def test_tables_align_wide_characters_and_cut_only_what_may_be_cut() -> None:
    columns = (Column("ID"), Column("NAME", flexible=True), Column("SUM", right=True))
    lines = [Line(("1234567", "夏のセール夏のセール", "5.00")), Line((Cell("8"), "b", "15.00"))]
    drawn = ["  ".join(cell.text for cell in row) for row in layout(columns, lines, 28)]
    assert drawn == [
        "ID       NAME            SUM",
        "1234567  夏のセー...    5.00",
        "8        b             15.00",
    ]
    uncut = ["  ".join(cell.text for cell in row) for row in layout(columns, lines, None)]
    assert "夏のセール夏のセール" in uncut[1]


def test_shapes_have_an_ascii_twin_and_words_for_screen_readers() -> None:
    def mark(**environ: str) -> str:
        screen = Screen(
            choices=Choices(), environ=environ, out=stream("utf-8"), err=stream("utf-8")
        )
        return screen.mark("rejected").text

    assert mark() == "✗"
    assert mark(SYNCD_ASCII="1") == "x"
    assert mark(SYNCD_ACCESSIBLE="1") == ""
    ascii_only = Screen(choices=Choices(), environ={}, out=stream("ascii"), err=stream("ascii"))
    assert ascii_only.mark("rejected").text == "x"


def test_a_flag_beats_the_environment_and_the_environment_beats_the_terminal() -> None:
    def is_coloured(color: str = "auto", **environ: str) -> bool:
        out = stream("utf-8")
        screen = Screen(choices=Choices(color=color), environ=environ, out=out, err=out)
        screen.cells([screen.word("rejected")])
        out.seek(0)
        return "\x1b[" in out.read()

    assert not is_coloured()
    assert is_coloured(FORCE_COLOR="1")
    assert not is_coloured(FORCE_COLOR="1", NO_COLOR="1")
    assert is_coloured("always", NO_COLOR="1")
    assert not is_coloured("never", FORCE_COLOR="1")


def test_every_list_is_one_json_document_or_a_csv_with_the_names_of_the_view(
    pulled: Command, shared_provider: Provider
) -> None:
    one = shared_provider.ask("criteo/picks")["ordinary"][0]["id"]
    pulled.queued(ACCOUNT, one, "--set", "budget.daily=5", "--reason", "=1+1")
    for arguments, key, column in (
        (("updates", "list"), "updates", "external_id"),
        (("campaigns", "list", "--limit", "0"), "campaigns", "missing_since"),
        (("campaigns", "history", ACCOUNT, one), "changes", "origin"),
        (("accounts", "list"), "accounts", "last_complete_at"),
    ):
        document = pulled(*arguments, "--format", "json").document
        assert document["schema"].startswith("syncd.")
        assert isinstance(document[key], list)
        ran = pulled(*arguments, "--format", "csv")
        header, *rows = csv.reader(io.StringIO(ran.out))
        assert column in header
        assert len(rows) == len(document[key])
        assert ran.err == ""
    assert "'=1+1" in pulled("updates", "list", "--format", "csv").out
    assert "'=1+1" not in pulled("updates", "list").out


def test_a_campaign_with_an_odd_name_is_listed_safely(pulled: Command) -> None:
    table = pulled("campaigns", "list", "--limit", "0").out
    assert "\u202e" not in table
    assert "(no name)" in table
    assert "'=HYPERLINK(" in pulled("campaigns", "list", "--limit", "0", "--format", "csv").out


def test_pages_of_a_list_follow_each_other(pulled: Command) -> None:
    first = pulled("campaigns", "list", "--limit", "40")
    after = first.err.split("--after ")[1].split()
    rest = pulled("campaigns", "list", "--limit", "40", "--after", *after)
    ids = [line.split()[1] for ran in (first, rest) for line in ran.out.splitlines()[1:]]
    assert len(ids) == len(set(ids)) == 60


def test_a_reader_that_goes_away_is_no_error(pulled: Command) -> None:
    arguments = ("--config", pulled.config, "campaigns", "list", "--limit", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(30) == 0


def test_quiet_says_nothing_when_all_is_well(pulled: Command) -> None:
    ran = pulled("sync", "--pull", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_status_tells_two_facts_about_each_account_and_what_needs_you(pulled: Command) -> None:
    calm = pulled("status", "--exit-code")
    assert calm.code == 0
    assert "All is well." in calm.out
    pulled("accounts", "pause", ACCOUNT)
    ran = pulled("status")
    assert ran.code == 0
    assert "1 thing needs you" in ran.out
    assert f"syncd accounts resume {ACCOUNT}" in ran.out
    assert pulled("status", "--exit-code").code == 3
    document = pulled("status", "--format", "json").document
    assert document["schema"] == "syncd.status/1"
    assert document["verdict"] == "attention"
    assert document["accounts"][0]["campaigns"] == 60
    assert pulled("status", "--format", "csv").code == 2


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)
