"""Makes .venv hold what requirements.lock names and syncd itself, and does nothing when it already
does. Needs nothing but Python; knows nothing of what will run in it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
# Written last, so that a half-made environment has none.
STAMP = VENV / "syncd-environment"
PYTHON = VENV / "bin" / "python"
PIP = (str(PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check")


def contents() -> str:
    """A digest of all that decides what belongs into the environment, its place included."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def interpreter() -> str:
    """The Python that runs this, whether from a virtual environment or not."""
    return f"{sys.version} {Path(sys.executable).resolve()}"


def is_finished(*, this_python: bool) -> bool:
    """Whether the environment is whole, current, and its interpreter still there."""
    try:
        made_of, made_by = STAMP.read_text().split("\n", 1)
        subprocess.run([PYTHON, "-c", "import syncd"], check=True, capture_output=True, cwd="/")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False
    return made_of == contents() and (not this_python or made_by == interpreter())


def make() -> None:
    """Build it anew from nothing: leftovers of another lock or another Python never mix in."""
    sys.stderr.write("Setting up .venv (once; some 20 seconds)\n")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    venv.create(VENV, with_pip=True, symlinks=True)
    # A warning that root should not do this is about the system's Python, which is not touched.
    settings = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    lock = ("--require-hashes", "-r", str(ROOT / "requirements.lock"))
    subprocess.run([*PIP, *lock], check=True, env=settings)
    itself = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    subprocess.run([*PIP, *itself], check=True, env=settings)
    STAMP.write_text(f"{contents()}\n{interpreter()}")


def main() -> int:
    """`--this-python` asks for an environment made by the interpreter that runs this."""
    this_python = "--this-python" in sys.argv
    if is_finished(this_python=this_python):
        return 0
    try:
        with (ROOT / ".venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_finished(this_python=this_python):
                make()
    except subprocess.CalledProcessError:
        sys.stderr.write("The packages could not be installed; pip's words stand above.\n")
        return 2
    except PermissionError as error:
        sys.stderr.write(f"{error}\nAnother user made .venv here: remove it, or use a copy.\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
