"""The demo, whole: it plays to its end, finds what it tells, and leaves nothing behind."""

from pathlib import Path

from tests.cli.conftest import process


def test_the_demo_plays_to_its_end_and_leaves_nothing_behind(tmp_path: Path) -> None:
    overrides = {"TMPDIR": str(tmp_path), "SYNCD_DATABASE__URL": "postgresql://elsewhere.invalid/x"}
    ran = process(["demo", "--campaigns", "80", "--seed", "3"], environ=overrides)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    for chapter in range(1, 9):
        assert f"{chapter}/8  " in ran.out
    assert '"-5" is negative; a budget is zero or more' in ran.out
    assert (
        "The provider's journal: 1 PATCH /marketing-solutions/campaigns with 8 entries" in ran.out
    )
    assert "9 = 4 applied + 4 rejected + 1 superseded        1 call" in ran.out
    assert "Nothing is left running or on disk." in ran.out
    assert list(tmp_path.iterdir()) == []


def test_a_world_too_small_for_the_story_is_refused(tmp_path: Path) -> None:
    ran = process(["demo", "--campaigns", "10"])
    assert ran.code == 2
    assert ran.err.startswith("error[usage]: ")
