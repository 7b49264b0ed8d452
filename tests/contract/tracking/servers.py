"""A real MLflow tracking server, started for the tests and always stopped again."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.planted import check
from tests.servers import LOOPBACK, free_port, stop_group, wait_until_listening

START_SECONDS = 90.0  # it imports for ten seconds and makes its tables, on a machine that may be busy


@contextmanager
def mlflow_server(folder: Path, database: str | None = None) -> Iterator[str]:
    """The address of a server with a database (default: SQLite), which keeps the artifacts itself."""
    port = free_port()
    options = {
        "--backend-store-uri": database or f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination": (folder / "artifacts").as_uri(),
        "--host": LOOPBACK,
        "--port": str(port),
        "--workers": "1",
    }
    command = [sys.executable, "-m", "mlflow", "server", *(part for option in options.items() for part in option)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = (
        "false"  # else it starts eight more processes, for jobs we never ask
    )
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*ends_with_us(), *command], stdout=output, stderr=output, env=environ, start_new_session=True
        )
    try:
        wait_until_listening(port, process, log, START_SECONDS)
        _wait_until_healthy(f"http://{LOOPBACK}:{port}/health")
        yield f"http://{LOOPBACK}:{port}"
    finally:
        stop_group(process)  # workers may outlive their server
    check(log.read_bytes(), "the log of MLflow's server")


def ends_with_us() -> list[str]:
    """A prefix that has the kernel stop the server even where the tests are killed; Linux alone has it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _wait_until_healthy(address: str) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > give_up:
                raise
        time.sleep(0.1)
