"""Errors that nobody foresaw, and logs at every level, of real processes: tracebacks stay, and show no secret."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests import planted, servers
from tests.acceptance.secrets.cases import fill
from tests.unit.cli.commands import process

SECONDS = 20.0

ADDRESSES = {
    "a password": "postgresql://hr:H1@127.0.0.1:1/hr",
    "one that is encoded": "postgresql://hr:H1%40B2%27@127.0.0.1:1/hr",
    "in the query": "postgresql://hr@127.0.0.1:1/hr?password=H1%26B2",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_a_job_ends_with_1_and_a_traceback_without_secrets(address: str, failing: str, tmp_path: Path) -> None:
    ended = process("migrate", "--home", tmp_path, PYTHONPATH=failing, HEADROOM_STORE_URL=fill(address))
    assert ended.exit_code == 1
    assert "RuntimeError: no answer to" in ended.err
    assert "KeyError: " in ended.err
    assert "DEBUG driver connecting: " in ended.err


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_a_command_on_keys_does_too(address: str, failing: str, tmp_path: Path) -> None:
    ended = servers.run_service(tmp_path, "keys", "list", PYTHONPATH=failing, HEADROOM_STORE_URL=fill(address))
    assert ended.returncode == 1
    assert "RuntimeError: no answer to" in ended.stderr
    assert "DEBUG driver connecting: " in ended.stderr


def test_a_service_goes_on_and_logs_tracebacks_without_secrets(failing: str, tmp_path: Path) -> None:
    url = fill(ADDRESSES["one that is encoded"])
    with servers.service(tmp_path, PYTHONPATH=failing, HEADROOM_STORE_URL=url, FAIL_LATER="yes") as service:
        planted.check(httpx.get(service.url + "/readyz").content, "/readyz")
        planted.check(httpx.get(service.url + "/metrics").content, "/metrics")
        assert said_in(service.log, "RuntimeError: no answer to")
        assert said_in(service.log, "Reading the keys failed.")


def said_in(log: Path, words: str) -> bool:
    """Return whether the log says so in the end: it is written a moment later."""
    give_up = time.monotonic() + SECONDS
    while words not in log.read_text() and time.monotonic() < give_up:
        time.sleep(0.1)
    return words in log.read_text()


def test_without_us_these_libraries_show_everything(failing: str) -> None:
    """Else the tests above would pass for want of a leak."""
    code = fill("import psycopg; psycopg.connect('host=h', password='H1')")
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": failing}, capture_output=True, text=True, check=False
    )
    assert planted.planted_in(ended.stderr) == [planted.HORSE]
