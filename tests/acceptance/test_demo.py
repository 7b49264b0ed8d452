"""The first command that a newcomer runs."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests import planted, servers
from tests.unit.cli.commands import clean_environ

TRAINED_SECONDS = 600.0


@pytest.mark.drill
def test_the_demo_serves_what_it_published_until_it_is_ended(tmp_path: Path) -> None:
    port, output = servers.free_port(), tmp_path / "demo.txt"
    command = [
        str(Path(sys.executable).parent / "headroom"),
        "demo",
        "--home",
        str(tmp_path / "home"),
        "--port",
        str(port),
    ]
    with output.open("wb") as out:
        process = subprocess.Popen(command, cwd=servers.ROOT, env=clean_environ(), stdout=out, stderr=out)
    try:
        servers.wait_until_listening(port, process, output, TRAINED_SECONDS)
        ready = httpx.get(f"http://{servers.LOOPBACK}:{port}/readyz")
    finally:
        servers.stop(process)
    planted.check(output.read_bytes(), "what the demo says")
    assert "Published northshire" in output.read_text()
    assert ready.json()["publication"]["system"] == "northshire"
    assert process.returncode == 0
    with pytest.raises(httpx.ConnectError):  # nothing is left running
        httpx.get(f"http://{servers.LOOPBACK}:{port}/healthz")
