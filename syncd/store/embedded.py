"""Runs a private Postgres cluster on a Unix socket: for the demo, the tests, and services that were
told to bring their own database. Blocking on purpose: it runs before anything else does. Knows
nothing of schemas, pools or what the database is for."""

import fcntl
import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import Self
from urllib.parse import quote

from syncd.errors import DatabaseUnavailable
from syncd.store.installation import Installation, find_installation

DATABASE = "syncd"
_SUPERUSER = "postgres"
_PORT = 5432  # names the socket file only: nothing listens on TCP
_PREFIX = "syncd-pg-"
_POLL = 0.01
_PATIENCE = 120.0  # crash recovery replays the log before a cluster is ready
_STILL_ATTACHED = "pre-existing shared memory block"

_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_checkpoints": "off",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True, kw_only=True)
class _PidFile:
    """What a postmaster writes about itself: one value a line, the eighth says `ready`."""

    pid: int
    socket_folder: Path
    status: str


class EmbeddedPostgres:
    """A cluster with an empty database `syncd`, running inside the `with` block.

    Its files lie in `data_dir`: `postgres/` (the cluster) and `postgres.log`. A cluster that runs
    there already is adopted, one that crashed recovers. `durable=False` trades safety at a power
    cut for speed. `die_with_parent` ends it with the thread that entered the block, even at SIGKILL
    (Linux). Connections come by a socket in a folder of mode 0700, so no other user of the machine
    gets in. One process at a time: several go through `shared_cluster`. Raises DatabaseUnavailable.
    """

    def __init__(
        self, data_dir: Path, *, durable: bool = True, die_with_parent: bool = False
    ) -> None:
        self._home = data_dir.absolute()
        self._cluster = self._home / "postgres"
        self._durable = durable
        self._die_with_parent = die_with_parent
        self._process: Popen[bytes] | None = None
        self.is_left_running = False

    def __enter__(self) -> Self:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._installation = find_installation(major=_version(self._cluster))
            self._running = self._adopt() or self._launch()
        except OSError as error:
            raise _refusal(error) from error
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_left_running:
            return
        deadline = time.monotonic() + _PATIENCE
        # Go by the file: another process may have started a crashed cluster anew, and while it goes
        # last of all, somebody else's dead child still answers to signals.
        while (found := _read_pid_file(self._cluster)) and _is_alive(found, self._cluster):
            self._running = found
            if found.status == "ready":
                with suppress(ProcessLookupError):
                    os.kill(found.pid, signal.SIGINT)
            _pause(deadline, f"the cluster in {self._home} does not stop")
        if self._process is not None:
            self._process.wait(_PATIENCE)
        # A stranger's child lets its folder go a moment before it is dead.
        while _runs(self._running.pid):
            _pause(deadline, f"process {self._running.pid} does not end")
        _remove_socket_folder(self._running.socket_folder)

    @property
    def pid(self) -> int:
        """Of the postmaster; SIGINT ends the cluster cleanly."""
        return self._running.pid

    @property
    def socket_folder(self) -> Path:
        """Where connections come in."""
        return self._running.socket_folder

    def dsn(self, database: str = DATABASE) -> str:
        """URL for asyncpg and psql, as the cluster's superuser."""
        folder = quote(str(self._running.socket_folder))
        return f"postgresql://{_SUPERUSER}@/{quote(database)}?host={folder}&port={_PORT}"

    def psql_command(self, database: str = DATABASE) -> str:
        """A line for a shell that opens psql on the database."""
        return shlex.join([self._installation.psql, self.dsn(database)])

    def rejoin(self) -> str:
        """The address after a crash: of the cluster that another process has started meanwhile,
        else of one that is started now."""
        with _alone(self._home):
            self._running = self._adopt() or self._launch()
        return self.dsn()

    def leave_running(self) -> None:
        """Let the cluster outlive the block and this process."""
        self.is_left_running = True
        if self._process is not None:
            self._process.returncode = 0  # else Popen warns of a child that is meant to go on

    def _adopt(self) -> _PidFile | None:
        """The cluster that already runs here, once it is ready; None after clearing a dead one."""
        deadline = time.monotonic() + _PATIENCE
        while (found := _read_pid_file(self._cluster)) and _is_alive(found, self._cluster):
            if found.status == "ready":
                return found
            _pause(deadline, f"the cluster in {self._home} is {found.status or 'half there'}")
        if found is not None:
            # Another process may have the dead one's number by now, and Postgres would believe it.
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
            _remove_socket_folder(found.socket_folder)
        return None

    def _launch(self) -> _PidFile:
        exists = self._cluster.exists()
        owner = self._cluster.stat().st_uid if exists else None
        installation = self._installation.fit_for(self._home, owner=owner)
        if not exists:
            _initialise(installation, self._cluster, durable=self._durable)
        temp = installation.temp_folder()
        sockets = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=temp))
        settings = _SETTINGS | ({} if self._durable else _NOT_DURABLE)
        settings["unix_socket_directories"] = f'"{sockets}"'
        try:
            installation.give(sockets)
            return self._wait_until_ready(installation, settings)
        except BaseException:
            if self._process is not None:
                self._process.send_signal(signal.SIGINT)
                self._process.wait(_PATIENCE)
            _remove_socket_folder(sockets)
            raise

    def _wait_until_ready(self, installation: Installation, settings: dict[str, str]) -> _PidFile:
        deadline = time.monotonic() + _PATIENCE
        log_file = self._home / "postgres.log"
        options = [f"--{name}={value}" for name, value in settings.items()]
        while True:
            with log_file.open("ab") as log:
                begin = log.seek(0, os.SEEK_END)
                arguments = ["-D", str(self._cluster), *options]
                process = installation.start(
                    "postgres", *arguments, log=log, die_with_parent=self._die_with_parent
                )
            self._process = process
            while process.poll() is None:
                found = _read_pid_file(self._cluster)
                if found and found.pid == process.pid and found.status == "ready":
                    return found
                _pause(deadline, f"the cluster in {self._home} does not get ready")
            said = log_file.read_bytes()[begin:].decode(errors="replace").strip()
            if _STILL_ATTACHED not in said:
                raise DatabaseUnavailable(
                    f"embedded Postgres in {self._home} ended while starting: {said}",
                    remedy=f"mend what it names, or move {self._cluster} away to begin empty",
                )
            # The processes of a killed cluster need a moment to notice that it is gone.
            _pause(deadline, said)


@contextmanager
def temporary_cluster(
    *, durable: bool = False, die_with_parent: bool = True
) -> Iterator[EmbeddedPostgres]:
    """A cluster in a temporary folder, gone with the block unless left running.

    Raises DatabaseUnavailable.
    """
    installation = find_installation()
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=installation.temp_folder()))
    installation.give(home)
    cluster = EmbeddedPostgres(home, durable=durable, die_with_parent=die_with_parent)
    try:
        with cluster:
            yield cluster
    finally:
        if not cluster.is_left_running:
            shutil.rmtree(home)


@contextmanager
def shared_cluster(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """The cluster of `data_dir`, together with every other process that is in such a block.

    The first one in starts it, the last one out stops it. Each holds a shared lock on
    `postgres.users`, which the kernel lets go however a process ends, so a killed one does not
    count; `postgres.lock` keeps starting and stopping apart. Raises DatabaseUnavailable.
    """
    with ExitStack() as users_stack, ExitStack() as cluster_stack:
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            users = users_stack.enter_context((data_dir / "postgres.users").open("ab"))
            with _alone(data_dir):
                fcntl.flock(users, fcntl.LOCK_SH)
                cluster = cluster_stack.enter_context(EmbeddedPostgres(data_dir))
        except OSError as error:
            raise _refusal(error) from error
        try:
            yield cluster
        finally:
            with _alone(data_dir):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    cluster.leave_running()
                cluster_stack.close()


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    with (data_dir / "postgres.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _initialise(installation: Installation, cluster: Path, *, durable: bool) -> None:
    """Make the cluster under another name first, so that half of one is never taken for whole."""
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    installation.give(unfinished)
    where = ("-D", str(unfinished))
    options = ["--username", _SUPERUSER, "--auth-local=trust", "--auth-host=reject"]
    options += ["--encoding=UTF8", "--locale=C.UTF-8", *([] if durable else ["--no-sync"])]
    made = installation.run("initdb", *where, *options)
    if made.returncode == 0:
        single = ("--single", *where, f"--fsync={'on' if durable else 'off'}", "postgres")
        made = installation.run("postgres", *single, stdin=f"CREATE DATABASE {DATABASE}\n")
    if made.returncode != 0:
        raise DatabaseUnavailable(
            f"embedded Postgres cannot make a cluster in {cluster}: {made.stderr.strip()}",
            remedy="mend what it names, or choose another [service] data_dir",
        )
    unfinished.rename(cluster)


def _version(cluster: Path) -> int | None:
    """Major version of the data that is there; None where there is none."""
    file = cluster / "PG_VERSION"
    return int(file.read_text()) if file.exists() else None


def _read_pid_file(cluster: Path) -> _PidFile | None:
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    lines += [""] * (8 - len(lines))
    pid = int(lines[0]) if lines[0].isdigit() else 0
    return _PidFile(pid=pid, socket_folder=Path(lines[4]), status=lines[7].strip())


def _is_alive(found: _PidFile, cluster: Path) -> bool:
    """Whether the process with that number works inside the cluster's folder, as postmasters do."""
    try:
        if Path("/proc/self").exists():
            return Path(f"/proc/{found.pid}/cwd").samefile(cluster)
        os.kill(found.pid, 0)
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False
    return True


def _runs(pid: int) -> bool:
    """Whether there is such a process of ours and it is more than a zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _remove_socket_folder(folder: Path) -> None:
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _refusal(error: OSError) -> DatabaseUnavailable:
    remedy = "choose another [service] data_dir, or run as the user who owns this one"
    return DatabaseUnavailable(f"embedded Postgres cannot start: {error}", remedy=remedy)


def _pause(deadline: float, problem: str) -> None:
    """One step of polling another process's file, which is all that Postgres offers."""
    if time.monotonic() > deadline:
        remedy = "see postgres.log in that folder"
        raise DatabaseUnavailable(f"embedded Postgres: {problem}", remedy=remedy)
    time.sleep(_POLL)
