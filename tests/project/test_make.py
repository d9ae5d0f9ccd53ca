"""The Makefile's own work: its help, and an environment that repairs itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {"help", "demo", "test", "check", "conformance", "planted", "soak", "limits", "lock"}


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # What an outer make says to its children must not reach this one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    inherited |= {"MFLAGS": "", "PYTHONPATH": ""}
    program = shutil.which("make")
    assert program is not None
    command = [program, "--no-print-directory", "-C", str(folder), *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd="/", env=inherited
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the same shape with hardly any packages, in a folder with a blank in it."""
    folder = tmp_path / "a project"
    (folder / "syncd").mkdir(parents=True)
    (folder / "syncd" / "__init__.py").write_text('__version__ = "1"\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "syncd"\nversion = "1"\n'
    )
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "requirements-build.lock", folder / "requirements.lock")
    return folder


def test_help_lists_every_target() -> None:
    done = make(ROOT, "help")
    assert done.returncode == 0
    listed = re.findall(r"^make (\w+) +\S.*$", done.stdout, flags=re.MULTILINE)
    assert set(listed) == TARGETS
    assert len(listed) == len(done.stdout.splitlines())


def test_an_interpreter_that_will_not_do_is_refused_with_a_remedy(project: Path) -> None:
    done = make(project, "environment", "PYTHON=/nonexistent/python3")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_the_environment_is_made_once_and_a_half_made_one_is_made_anew(project: Path) -> None:
    half = project / ".venv"
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").write_text("not a program")

    first = make(project, "environment")
    assert first.returncode == 0, first.stderr
    stamp = half / "syncd-environment"
    made = stamp.stat().st_mtime_ns

    again = make(project, "environment")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert stamp.stat().st_mtime_ns == made

    with (project / "pyproject.toml").open("a") as settings:
        settings.write("# changed\n")
    changed = make(project, "environment")
    assert changed.returncode == 0, changed.stderr
    assert stamp.stat().st_mtime_ns > made
