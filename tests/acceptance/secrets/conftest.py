"""A small system, a home that has its history, and a server that shows what it is sent."""

import base64
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.servers import ROOT
from tests.unit.cli.commands import headroom

FAILING = Path(__file__).parent / "libraries_that_fail.py"


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated system of one site."""
    folder = tmp_path_factory.mktemp("simulated") / "system"
    headroom("simulate", "--out", folder, "--days", 90, "--trusts", 1, "--sites", 1)
    return folder


@pytest.fixture(scope="session")
def ingested(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has the history of the simulated system. Tests that use it train nothing."""
    home = tmp_path_factory.mktemp("ingested")
    headroom("ingest", "--system", simulated / "system.toml", "--home", home)
    return home


@pytest.fixture
def failing(tmp_path: Path) -> str:
    """A PYTHONPATH on which the drivers fail."""
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(FAILING, folder / "sitecustomize.py")
    return f"{folder}{os.pathsep}{ROOT}"


class Echo(BaseHTTPRequestHandler):
    """Reject every request, and quote the password or token that it carries, encoded and decoded."""

    def do_GET(self) -> None:
        self._reject()

    def do_POST(self) -> None:
        self._reject()

    def _reject(self) -> None:
        sent = self.headers.get("Authorization", "")
        scheme, _, rest = sent.partition(" ")
        decoded = base64.b64decode(rest).decode() if scheme == "Basic" else rest
        self.send_response(403)
        self.end_headers()
        self.wfile.write(f"no entry for {decoded.rpartition(':')[2]}, sent as {sent}: {decoded}".encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server that shows what it is sent."""
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
