"""The demo, whole: it plays to its end, finds what it tells, and leaves nothing behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ROOT, process


def test_the_demo_plays_to_its_end_and_leaves_nothing_behind(tmp_path: Path) -> None:
    overrides = {"TMPDIR": str(tmp_path), "SYNCD_DATABASE__URL": "postgresql://elsewhere.invalid/x"}
    ran = process(["demo", "--campaigns", "80", "--seed", "3"], environ=overrides)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    for chapter in range(1, 12):
        assert f"{chapter}/11  " in ran.out
    assert '"-5" is negative; a budget is zero or more' in ran.out
    journal = "Criteo's journal: 1 PATCH /marketing-solutions/campaigns with 8 entries"
    assert journal in ran.out
    assert "9 = 4 applied + 4 rejected + 1 superseded        1 call" in ran.out
    for provider in ("icas", "epom", "pai", "voipbin"):
        assert f"{provider}-demo pull ok: seen 4" in ran.out
        assert f"{provider}-demo push ok" in ran.out
    assert "held: guard-start: status = active takes an approval (guard.start)" in ran.out
    assert "No campaign began to call anybody." in ran.out
    decided = ran.out.partition("  A person decides\n")[2].partition("\n10/11 ")[0]
    assert "3.00 times as much; 2 times is allowed" in decided
    assert "6 updates wait for a person (2 held, 4 rejected)" not in decided
    words = re.findall(r"^20\d\d-\S+ \S+ +(?:\+\S+ s  )? *(\w+)", decided, re.MULTILINE)
    assert words == [
        "queued", "merged", "held", "approved", "merged", "sent", "answered", "applied", "read",
    ]  # fmt: skip
    assert "Nothing waits for a person any more" in decided
    assert "Nothing is left running or on disk." in ran.out
    assert list(tmp_path.iterdir()) == []


def test_being_stopped_in_the_middle_leaves_nothing_behind_and_is_code_130(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", "demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        while not running.stdout.readline().startswith("1/11"):
            assert running.poll() is None
        running.terminate()
        running.stdout.read()
        assert "interrupted" in running.stderr.read()
        assert running.wait(120) == 130
    assert list(tmp_path.iterdir()) == []
    assert not _processes_with(f"TMPDIR={tmp_path}")


def test_a_world_too_small_for_the_story_is_refused() -> None:
    ran = process(["demo", "--campaigns", "10"])
    assert ran.code == 2
    assert ran.err.startswith("error[usage]: ")


def _processes_with(setting: str) -> list[str]:
    """Command lines of the living processes that have this in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if setting.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found
