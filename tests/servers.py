"""Real servers for tests: started on a free loopback port, and always stopped again."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests import planted
from tests.planted import POSTGRESQL_PASSWORD

ROOT = Path(__file__).parents[1]
LOOPBACK = "127.0.0.1"
POSTGRESQL_PROGRAMS = ("initdb", "postgres")
POSTGRESQL_ABSENT = "PostgreSQL server binaries (initdb, postgres) are absent"
POSTGRESQL_USER = "headroom"
UNPRIVILEGED_USERS = ("postgres", "nobody")  # PostgreSQL does not run as root
START_SECONDS = 30.0
STOP_SECONDS = 15.0
START_ATTEMPTS = 3  # another process may take the free port before the server does


class ServerAbsentError(Exception):
    """A program that the test needs is not installed on this machine."""


class ServerFailedError(Exception):
    """The server is installed but did not start; the message ends with its log."""


def free_port() -> int:
    """A loopback TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(
    port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = START_SECONDS
) -> None:
    """Return once something listens on `port`. Raises ServerFailedError when the process ends or time is up."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.05)
    raise ServerFailedError(f"{process.args!r} does not listen on port {port}:\n{log.read_text(errors='replace')}")


def stop(process: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM) -> None:
    """Ask the process to end, and kill it when it does not."""
    if process.poll() is None:
        process.send_signal(first)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop a process that began a session of its own, and whatever it left running there."""
    stop(process)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Cluster:
    """A PostgreSQL cluster of its own, that can be killed and started again."""

    def __init__(self, folder: Path, binaries: Path, user: pwd.struct_passwd | None) -> None:
        self._folder, self._binaries, self._user = folder, binaries, user
        self._process, self.port = _start(binaries, folder, user)
        self.url = f"postgresql://{POSTGRESQL_USER}:{POSTGRESQL_PASSWORD}@{LOOPBACK}:{self.port}/postgres"
        self._wait()

    def kill(self) -> None:
        """End it as a crash does: connections break, nothing is put in order."""
        stop(self._process, first=signal.SIGQUIT)

    def start(self) -> None:
        """Start it again, at the same address."""
        self._process, _ = _start(self._binaries, self._folder, self._user, self.port)
        self._wait()

    def stop(self) -> None:
        stop(self._process, first=signal.SIGINT)  # PostgreSQL's fast shutdown: open connections are closed

    def _wait(self) -> None:
        _wait_until_answering(self.url, self._folder / "log")


@contextmanager
def postgresql_cluster() -> Iterator[Cluster]:
    """A cluster as long as the block runs. Raises ServerAbsentError where the server is not installed."""
    binaries = _postgresql_binaries()
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="headroom-pg-"))  # not pytest's folder: that is closed to other users
    try:
        _give_to(folder, user)
        _initialise(binaries, folder, user)
        cluster = Cluster(folder, binaries, user)
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of the database `postgres` of a cluster of its own, as long as the block runs."""
    with postgresql_cluster() as cluster:
        yield cluster.url


def _postgresql_binaries() -> Path:
    for folder in _postgresql_folders():
        if all(os.access(folder / program, os.X_OK) for program in POSTGRESQL_PROGRAMS):
            return folder
    raise ServerAbsentError(POSTGRESQL_ABSENT)


def _postgresql_folders() -> Iterator[Path]:
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    if pg_config := shutil.which("pg_config"):
        yield Path(subprocess.run([pg_config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user that runs the server; None where we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED_USERS:
        if name in known:
            return known[name]
    raise ServerAbsentError(f"PostgreSQL does not run as root, and there is no user {' or '.join(UNPRIVILEGED_USERS)}")


def _give_to(folder: Path, user: pwd.struct_passwd | None) -> None:
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def _popen(command: list[str | Path], folder: Path, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    log = (folder / "log").open("ab")
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    with log:
        if user is None:
            return subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdout=log,
            stderr=log,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )


def _initialise(binaries: Path, folder: Path, user: pwd.struct_passwd | None) -> None:
    password = folder / "password"
    password.write_text(POSTGRESQL_PASSWORD)
    _give_to(password, user)
    command: list[str | Path] = [binaries / "initdb", "--pgdata", folder / "data", "--no-sync", "--encoding", "UTF8"]
    command += ["--username", POSTGRESQL_USER, "--auth", "scram-sha-256", "--pwfile", password]
    process = _popen(command, folder, user)
    if process.wait() != 0:
        raise ServerFailedError(f"initdb failed:\n{(folder / 'log').read_text(errors='replace')}")


def _start(
    binaries: Path, folder: Path, user: pwd.struct_passwd | None, wanted: int | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    for attempt in range(1, START_ATTEMPTS + 1):
        port = free_port() if wanted is None else wanted
        process = _popen([*_ends_with_us(), binaries / "postgres", *_options(folder, port)], folder, user)
        try:
            wait_until_listening(port, process, folder / "log")
        except BaseException as error:
            stop(process, first=signal.SIGINT)
            if attempt < START_ATTEMPTS and isinstance(error, ServerFailedError):
                continue
            raise
        return process, port
    raise AssertionError("unreachable")


def _options(folder: Path, port: int) -> list[str | Path]:
    settings = {
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": "",  # temporary folders can be too long for a socket's path
        "fsync": "off",  # what is committed outlives a crash of the server, not of the machine
        "full_page_writes": "off",
    }
    chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ["-D", folder / "data", "-p", str(port), *chosen]


def _ends_with_us() -> list[str | Path]:
    """A prefix that has the kernel stop the server even where the tests are killed; Linux alone has it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []


def _wait_until_answering(url: str, log: Path) -> None:
    """The port is open a moment before the server lets anyone in."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > give_up:
                raise ServerFailedError(f"{error}:\n{log.read_text(errors='replace')}") from error
            time.sleep(0.05)
        else:
            return


@dataclass(frozen=True)
class Service:
    """The service, running."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


@contextmanager
def service(
    home: Path, *options: str, port: int | None = None, ulimit: str | None = None, **environ: str
) -> Iterator[Service]:
    """The real service over the store under `home`, as long as the block runs. `environ` is added to this process's.

    Fails where its log shows a planted word.
    `ulimit`: options of the shell's command, as `-n 1024` for the most open files.
    """
    port = free_port() if port is None else port
    log = home / "service.log"
    command = [sys.executable, "-m", "service", "--home", str(home), "--port", str(port), *options]
    if ulimit is not None:
        command = ["sh", "-c", f'ulimit {ulimit} && exec "$@"', "sh", *command]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **environ})
    try:
        wait_until_listening(port, process, log)
        yield Service(process, port, log)
    finally:
        stop(process)
    planted.check(log.read_bytes(), "the log of the service")


def run_service(home: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A command of the service that ends by itself. Fails where it shows a planted word."""
    command = [sys.executable, "-m", "service", "--home", str(home), *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environ}
    )
    planted.check(ended.stdout, f"the output of the service's {arguments[:1]}")
    planted.check(ended.stderr, f"the standard error of the service's {arguments[:1]}")
    return ended


def make_key(home: Path, name: str, *options: str, **environ: str) -> str:
    """The text of a new key."""
    made = run_service(home, "keys", "create", name, *options, **environ)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


class SilentServer:
    """Accepts connections on a loopback port and never answers; counts them."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepted: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def n_accepted(self) -> int:
        return len(self._accepted)

    def close(self) -> None:
        """Close the port, and the connections that were accepted."""
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which close() alone would not
        self._listener.close()
        for connection in self._accepted:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._accepted.append(self._listener.accept()[0])


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    """A server that never answers, as long as the block runs."""
    server = SilentServer()
    try:
        yield server
    finally:
        server.close()
