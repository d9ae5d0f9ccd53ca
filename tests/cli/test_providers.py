"""`syncd providers`: what the adapters declare, as people, programs and documents see it."""

import csv
import io
from pathlib import Path
from textwrap import dedent

import pytest

from syncd.config import registrations
from syncd.providers import registry
from tests.cli.conftest import ROOT, Command, process

MODULE = """
from syncd.model.path import Field, Kind
from syncd.model.registration import CredentialSet, Endpoint, Registration, ScopeKey, ScopeKind
from syncd.model.listing import Capabilities

def offer(dialect, scope):
    return Capabilities(
        provider="acme-ads", read_batch=1, writes=frozenset(),
        creates=scope["shop"] == ("large",),
        fields=(Field(path="note", kind=Kind.TEXT, changeable=True, call="PUT note"),),
    )

REGISTRATION = Registration(
    name="acme-ads", title="Acme Ads", endpoints=(Endpoint(host="api.acme.example"),),
    scope=(
        ScopeKey(name="shop", kind=ScopeKind.CHOICE, is_required=True, choices=("small", "large")),
    ),
    credentials=(CredentialSet(required=("token",)),),
    open=lambda settings: settings, capabilities=offer,
)
"""


@pytest.fixture
def anywhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command with no configuration at all."""
    return Command(capsys, tmp_path / "none.toml")


def test_every_provider_is_listed_with_what_it_can_do(anywhere: Command) -> None:
    rows = {
        row["name"]: row
        for row in anywhere("providers", "list", "--format", "json").document["providers"]
    }
    assert rows.keys() == registrations().keys()
    assert rows["pai"]["creates"] == "yes"
    assert rows["epom"]["creates"] == "no"
    assert rows["voipbin"]["gone"] == "the provider's mark"
    assert rows["criteo"]["dialects"] == ["documented", "current"]
    assert all(row["origin"] == "built in" for row in rows.values())
    table = anywhere("providers", "list").out
    assert all(name in table for name in rows)
    assert "documented, current" in table
    header, *lines = csv.reader(io.StringIO(anywhere("providers", "list", "--format", "csv").out))
    assert header == ["name", "title", "dialects", "creates", "gone", "origin"]
    assert len(lines) == len(rows)


def test_what_only_some_accounts_can_do_is_told_with_which(anywhere: Command) -> None:
    rows = {
        row["name"]: row
        for row in anywhere("providers", "list", "--format", "json").document["providers"]
    }
    said = rows["icas"]["creates"]
    assert said.startswith("kleinanzeigen: yes; ")
    assert said.endswith(": no")
    assert "with ids: never" in rows["epom"]["gone"]


@pytest.mark.parametrize("dialect", ["documented", "current"])
@pytest.mark.parametrize("name", sorted(registrations()))
def test_a_providers_fields_are_those_that_it_declares(
    anywhere: Command, name: str, dialect: str
) -> None:
    scope = {"tenant": ("kleinanzeigen",)} if name == "icas" else {}
    declared = registry.capabilities(name, dialect, scope).fields
    ran = anywhere("providers", "fields", name, "--dialect", dialect, "--format", "json")
    rows = ran.document["fields"]
    assert [row["path"] for row in rows] == [field.path for field in declared]
    for row, field in zip(rows, declared, strict=True):
        assert row["kind"] == field.kind
        assert (row["read"], row["change"]) == (field.readable, field.changeable)
        assert (row["create"], row["required"]) == (field.creatable, field.required)
        assert (row["null"], row["choices"]) == (field.nullable, list(field.choices))
        assert row["least"] == (None if field.least is None else str(field.least))
        assert (row["guard"], row["call"]) == (field.guard, field.call or None)
    table = anywhere("providers", "fields", name, "--dialect", dialect).out
    assert len(table.splitlines()) == len(declared) + 1


def test_a_table_of_fields_says_what_a_value_may_be(anywhere: Command) -> None:
    lines = {
        line.split()[0]: line
        for line in anywhere("providers", "fields", "voipbin").out.splitlines()
    }
    assert "one of stop, continue" in lines["native.end_handle"]
    assert "yes, guard.start" in lines["status"]
    assert "text, or null" in lines["native.queue_id"]
    assert "required" in lines["native.service_level"]
    prices = anywhere("providers", "fields", "epom").out
    assert "price.country.*" in prices
    assert "more than 0" in prices


def test_without_a_name_all_providers_come_each_with_its_name(anywhere: Command) -> None:
    ran = anywhere("providers", "fields", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {row["provider"] for row in rows} == registrations().keys()
    assert anywhere("providers", "fields").out.startswith("PROVIDER")


@pytest.mark.parametrize(
    ("arguments", "said", "remedy"),
    [
        (["voipbn"], 'there is no provider "voipbn"; did you mean "voipbin"?', "providers: "),
        (["pai", "--dialect", "old"], 'pai has no dialect "old"', "documented, current"),
        (["--markdown", "--format", "json"], "a page is told in words only", "--format"),
    ],
)
def test_a_name_that_is_none_is_refused_with_those_that_are(
    anywhere: Command, arguments: list[str], said: str, remedy: str
) -> None:
    ran = anywhere("providers", "fields", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert remedy in ran.err


def test_the_page_in_the_documents_is_what_the_adapters_declare(anywhere: Command) -> None:
    page = anywhere("providers", "fields", "--markdown").out
    assert page == (ROOT / "docs" / "fields.md").read_text()
    for one in registrations().values():
        assert f"\n## {one.title}\n" in page


def test_a_provider_of_another_package_is_listed_with_its_distribution(tmp_path: Path) -> None:
    (tmp_path / "acme_syncd.py").write_text(dedent(MODULE))
    info = tmp_path / "acme_syncd-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-syncd\nVersion: 1.2\n")
    point = "[syncd.providers]\nacme-ads = acme_syncd:REGISTRATION\n"
    (info / "entry_points.txt").write_text(point)
    environ = {"PYTHONPATH": str(tmp_path)}
    listed = process(["providers", "list", "--format", "json"], environ=environ)
    assert listed.code == 0, listed.err
    (row,) = [one for one in listed.document["providers"] if one["name"] == "acme-ads"]
    assert row["origin"] == "acme-syncd 1.2"
    assert row["creates"] == "small: no; large: yes"
    told = process(["providers", "fields", "acme-ads"], environ=environ)
    assert "PUT note" in told.out
