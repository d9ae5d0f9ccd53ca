"""Embedded Postgres: that it starts, is shared, recovers, and leaves nothing behind."""

import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from syncd.errors import DatabaseUnavailable
from syncd.store.embedded import EmbeddedPostgres, shared_cluster, temporary_cluster
from syncd.store.installation import find_installation
from tests.waiting import eventually


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every account may enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="syncd-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def ask(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def socket_folder(cluster: EmbeddedPostgres) -> Path:
    return Path(cluster.dsn().partition("host=")[2].partition("&")[0])


def user_namespaces_work() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    done = subprocess.run([unshare, "--user", "--map-user=65534", "true"], check=False)
    return done.returncode == 0


def staying_inside(block: str, data_dir: Path) -> subprocess.Popen[str]:
    """Another process inside a block; it says the postmaster's number and stays until told."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom syncd.store.embedded import *\n"
        f"with {block} as cluster:\n    print(cluster.pid, flush=True)\n    sys.stdin.read()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def sharing_process(data_dir: Path) -> subprocess.Popen[str]:
    return staying_inside("shared_cluster(Path(sys.argv[1]))", data_dir)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_a_temporary_cluster_is_utf8_in_utc_and_has_an_empty_database() -> None:
    with temporary_cluster() as cluster:
        assert await ask(cluster.dsn(), "SHOW server_encoding") == "UTF8"
        assert await ask(cluster.dsn(), "SHOW timezone") == "UTC"
        assert await ask(cluster.dsn(), "SELECT current_database()") == "syncd"
        assert (
            await ask(cluster.dsn(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            == 0
        )


async def test_a_temporary_cluster_leaves_no_process_and_no_file() -> None:
    with temporary_cluster() as cluster:
        pid, sockets = cluster.pid, socket_folder(cluster)
        home = Path(str(await ask(cluster.dsn(), "SHOW data_directory"))).parent
        assert home.exists()
    assert not runs(pid)
    assert not home.exists()
    assert not sockets.exists()


async def test_the_cluster_listens_on_nothing_but_a_private_socket(
    cluster: EmbeddedPostgres,
) -> None:
    assert await ask(cluster.dsn(), "SHOW listen_addresses") == ""
    assert socket_folder(cluster).stat().st_mode & 0o777 == 0o700


async def test_what_was_written_is_there_at_the_next_start(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as cluster:
        await ask(cluster.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
    with EmbeddedPostgres(data_dir) as cluster:
        assert await ask(cluster.dsn(), "SELECT n FROM kept") == 7


async def test_a_cluster_that_was_killed_recovers_with_all_rows(data_dir: Path) -> None:
    with shared_cluster(data_dir) as first:
        await ask(first.dsn(), "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        os.kill(first.pid, signal.SIGKILL)
        await eventually(lambda: not runs(first.pid))
        with shared_cluster(data_dir) as second:
            assert second.pid != first.pid
            assert await ask(second.dsn(), "SELECT count(*) FROM kept") == 1000
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def test_a_pid_file_whose_number_went_to_a_stranger_stops_nobody(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False):
        left_behind = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    left_behind[0] = str(os.getpid())
    (data_dir / "postgres" / "postmaster.pid").write_text("\n".join(left_behind) + "\n")
    with EmbeddedPostgres(data_dir, durable=False) as cluster:
        assert await ask(cluster.dsn(), "SELECT 1") == 1
        assert cluster.pid != os.getpid()


async def test_processes_share_one_cluster_and_the_last_one_stops_it(data_dir: Path) -> None:
    with shared_cluster(data_dir) as cluster:
        pid = cluster.pid
        other = sharing_process(data_dir)
        assert first_line(other) == str(pid)
    assert runs(pid)
    other.communicate("leave")
    assert other.returncode == 0
    assert not runs(pid)


async def test_a_killed_process_no_longer_counts_as_one_that_shares(data_dir: Path) -> None:
    first = sharing_process(data_dir)
    pid = int(first_line(first))
    first.kill()
    first.communicate()
    assert runs(pid)
    with shared_cluster(data_dir) as cluster:
        assert cluster.pid == pid
    assert not runs(pid)


async def test_a_cluster_bound_to_its_parent_ends_when_that_is_killed(data_dir: Path) -> None:
    block = "EmbeddedPostgres(Path(sys.argv[1]), durable=False, die_with_parent=True)"
    parent = staying_inside(block, data_dir)
    pid = int(first_line(parent))
    sockets = Path((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[4])
    parent.kill()
    parent.communicate()
    await eventually(lambda: not runs(pid))
    sockets.rmdir()  # nobody was left to do it


async def test_a_cluster_left_running_is_there_after_the_block(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as cluster:
        cluster.leave_running()
    assert await ask(cluster.dsn(), "SELECT 1") == 1
    with EmbeddedPostgres(data_dir) as adopted:
        assert adopted.pid == cluster.pid
    await eventually(lambda: not runs(cluster.pid))


async def test_data_in_a_folder_of_its_owner_alone_is_used_or_refused_with_a_remedy(
    data_dir: Path,
) -> None:
    data_dir.chmod(0o700)
    is_usable = os.geteuid() != 0 or user_namespaces_work()
    for _ in range(2 if is_usable else 0):
        with EmbeddedPostgres(data_dir, durable=False) as cluster:
            assert await ask(cluster.dsn(), "SELECT 1") == 1
    if not is_usable:
        with pytest.raises(DatabaseUnavailable, match=f"cannot reach {data_dir}"):
            EmbeddedPostgres(data_dir, durable=False).__enter__()


async def test_programs_in_a_folder_of_their_owner_alone_can_be_used(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = find_installation().bin.parents[1]
    hidden = data_dir / "hidden"
    for source in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, hidden / source.name, symlinks=True)
    hidden.chmod(0o700)
    monkeypatch.setenv("SYNCD_PG_BIN", str(hidden / package.name / "pginstall" / "bin"))
    with EmbeddedPostgres(data_dir / "data", durable=False) as cluster:
        assert await ask(cluster.dsn(), "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    unfinished = data_dir / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data_dir, durable=False) as cluster:
        assert cluster.pid
    assert not unfinished.exists()


def test_psql_comes_with_the_cluster(cluster: EmbeddedPostgres) -> None:
    command = [*shlex.split(cluster.psql_command()), "--no-psqlrc", "-Atc", "SELECT 6 * 7"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "42\n"


def test_a_folder_without_programs_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYNCD_PG_BIN", str(tmp_path))
    with pytest.raises(DatabaseUnavailable, match=f"SYNCD_PG_BIN names {tmp_path}") as caught:
        find_installation()
    assert "unset it" in caught.value.remedy


def test_data_of_a_version_that_is_not_installed_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnavailable, match="needs the programs of Postgres 9"):
        EmbeddedPostgres(data_dir).__enter__()


def test_data_that_postgres_cannot_start_is_refused_with_its_own_words(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False):
        pass
    settings = data_dir / "postgres" / "postgresql.conf"
    settings.write_text(settings.read_text() + "shared_buffers = nonsense\n")
    with pytest.raises(DatabaseUnavailable, match='invalid value for parameter "shared_buffers"'):
        EmbeddedPostgres(data_dir, durable=False).__enter__()


def test_an_unknown_account_to_run_as_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {user.pw_name for user in pwd.getpwall()}
    monkeypatch.setenv("SYNCD_PG_USER", "no-such-account")
    assert "no-such-account" not in known
    if os.geteuid() == 0:
        with pytest.raises(DatabaseUnavailable, match="no account no-such-account"):
            find_installation()
    else:
        assert find_installation().user is None
