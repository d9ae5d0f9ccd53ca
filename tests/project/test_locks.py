"""The locks: complete, hashed, free of addresses, and in step with each other and the project."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-runtime.lock", "requirements-build.lock")


def pins(lock: str) -> dict[str, str]:
    """Name to version; a version that differs by platform stands once for each."""
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, flags=re.MULTILINE))


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_or_a_hash(lock: str) -> None:
    marker = r"[a-z_]+ [!=<>]+ '[A-Za-z0-9.]+'"
    pin = r"[a-z0-9.-]+==[0-9][0-9a-z.]*"
    allowed = re.compile(rf"{pin}( ; {marker}( and {marker})*)? \\")
    hashed = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / lock).read_text().splitlines()
    strange = [line for line in lines if not (allowed.fullmatch(line) or hashed.fullmatch(line))]
    assert lines
    assert strange == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text)
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_the_smaller_locks_choose_what_the_whole_one_chooses(lock: str) -> None:
    assert pins(lock).items() <= pins(LOCKS[0]).items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = {name_of(need) for need in project["project"]["dependencies"]}
    extras = {
        name_of(need)
        for needs in project["project"]["optional-dependencies"].values()
        for need in needs
    }
    groups = project["dependency-groups"]
    build = {name_of(need) for need in groups["build"]}
    development = {name_of(need) for need in groups["dev"] if isinstance(need, str)}
    assert runtime | extras | build | development <= pins("requirements.lock").keys()
    assert runtime <= pins("requirements-runtime.lock").keys()
    assert not (extras | build | development) & pins("requirements-runtime.lock").keys()
    assert build <= pins("requirements-build.lock").keys()
