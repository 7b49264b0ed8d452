"""The service as a process: what it loads, where it listens, how it ends."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service.__main__ import main
from tests import planted, servers

ROOT = Path(__file__).parents[3]
FORBIDDEN = ("numpy", "pandas", "scipy", "mlflow", "pyarrow", "duckdb", "sklearn", "plotly")


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


@pytest.mark.parametrize("module", ["service.app", "service.__main__"])
def test_importing_the_service_loads_no_numerical_library(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {FORBIDDEN} if name in sys.modules])"
    assert python(code) == "[]"


def test_making_an_app_loads_no_numerical_library_and_reads_no_store() -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from publication.store import Store\n"
        "from service.app import create_app; from service.settings import Settings\n"
        "from service.auth.key_store import KeyStore\n"
        "keys = KeyStore('sqlite:////nowhere/at/keys.db')\n"
        "create_app(Settings(), Store('sqlite:////nowhere/at/all.db'), lambda: datetime.now(UTC), keys)\n"
        f"print([name for name in {FORBIDDEN} if name in sys.modules])"
    )
    assert python(code) == "[]"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "forecasts.example.org"])
def test_an_open_service_does_not_listen_beyond_this_machine(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", host], environ={}) == 2
    error = capsys.readouterr().err
    assert host in error
    assert "--allow-anonymous" in error


@pytest.mark.parametrize(
    ("environ", "exit_code", "sentence"),
    [
        ({"HEADROOM_POLL_SECONDS": "often"}, 2, "Reading HEADROOM_POLL_SECONDS: found 'often'"),
        ({"HEADROOM_POLL_SECONDS": "0"}, 2, "greater than 0"),
        ({"HEADROOM_SYSTEM_NAME": "a:b"}, 2, "Reading HEADROOM_SYSTEM_NAME: found 'a:b'; it contains ':'"),
        ({"HEADROOM_HOME": "/h\udce9"}, 6, "Opening the home /h\\xe9: \\xe9 in it is not UTF-8. Rename it, or give"),
        ({"HEADROOM_STORE_URL": "nonsense"}, 6, "Reading HEADROOM_STORE_URL"),
        ({"HEADROOM_STORE_URL": f"postgresql://u:{planted.HORSE}@h:5432x/d"}, 6, "Reading HEADROOM_STORE_URL"),
        ({"HEADROOM_KEYS_URL": "nonsense"}, 6, "Reading HEADROOM_KEYS_URL"),
        ({"HEADROOM_KEYS_URL": f"postgresql://u:{planted.HORSE}@h:5432x/d"}, 6, "Reading HEADROOM_KEYS_URL: its port"),
        ({"HEADROOM_TRUSTED_PROXIES": "not-an-ip"}, 2, "Reading HEADROOM_TRUSTED_PROXIES: found 'not-an-ip'"),
        ({"HEADROOM_ALLOWED_ORIGINS": "dash.example"}, 2, "Reading HEADROOM_ALLOWED_ORIGINS: found 'dash.example'"),
    ],
)
def test_a_setting_that_cannot_be_read_ends_the_service_with_a_sentence(
    environ: dict[str, str], exit_code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], environ=environ) == exit_code
    error = capsys.readouterr().err
    assert sentence in error
    planted.check(error, "the sentence")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HEADROOM_STORE_URL": "nonsense"}, "HEADROOM_STORE_URL"),
        ({"HEADROOM_KEYS_URL": "nonsense"}, "HEADROOM_KEYS_URL"),
        ({"HEADROOM_STORE_URL": "nonsense", "HEADROOM_KEYS_URL": "sqlite:////nowhere/keys.db"}, None),
    ],
)
def test_a_command_on_keys_names_the_setting_that_says_where_they_are(
    environ: dict[str, str], named: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "list"], environ=environ) == (0 if named is None else 6)
    assert capsys.readouterr().err.startswith("" if named is None else f"headroom-service: Reading {named}: ")


def test_an_unknown_option_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--prot", "80"])
    assert ended.value.code == 2


@pytest.mark.parametrize("port", ["65536", "99999", "-1", "8000.0", "http", "", "٨", "9" * 5000])
def test_a_port_that_is_none_is_a_usage_error(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--port", port], environ={})
    assert ended.value.code == 2
    assert "ports are 0, for any free one, to 65535" in capsys.readouterr().err


def test_a_port_that_is_taken_ends_the_service_and_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "service", "--home", str(tmp_path), "--port", port]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 1
    assert port in run.stderr


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=lambda ending: ending.name)
def test_the_service_ends_in_order_with_its_last_lines_written(tmp_path: Path, ending: signal.Signals) -> None:
    port = servers.free_port()
    command = [sys.executable, "-m", "service", "--home", str(tmp_path), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        servers.wait_until_listening(port, process, tmp_path)
        last = httpx.get(f"http://{servers.LOOPBACK}:{port}/healthz")
        process.send_signal(ending)
        _, logged = process.communicate(timeout=60)
    finally:
        servers.stop(process)
    assert process.returncode == 0
    assert last.headers["x-request-id"].encode() in logged
    assert b"Finished server process" in logged


def test_one_process_serves_whatever_a_platform_would_have(tmp_path: Path) -> None:
    with servers.service(tmp_path, WEB_CONCURRENCY="2") as running:
        assert httpx.get(f"{running.url}/healthz").status_code == 200


def test_a_thread_that_hangs_in_the_store_does_not_keep_the_process() -> None:
    code = (
        "import os, signal, time; from concurrent.futures import ThreadPoolExecutor\n"
        "from service.commands.serve import install_shutdown_handlers\n"
        "ThreadPoolExecutor().submit(time.sleep, 600)\n"
        "install_shutdown_handlers(lambda: print('the last lines', flush=True))\n"
        "os.kill(os.getpid(), signal.SIGTERM)"
    )
    assert python(code) == "the last lines"


def test_a_log_that_nobody_reads_makes_no_request_wait(tmp_path: Path) -> None:
    """More lines than a pipe holds; then the pipe is gone."""
    port = servers.free_port()
    command = [sys.executable, "-m", "service", "--home", str(tmp_path), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        servers.wait_until_listening(port, process, tmp_path)
        with httpx.Client(base_url=f"http://{servers.LOOPBACK}:{port}", timeout=30) as client:
            unread = {client.get("/healthz").status_code for _ in range(500)}
            process.stderr.close()
            gone = {client.get("/healthz").status_code for _ in range(10)}
    finally:
        servers.stop(process)
    assert (unread, gone) == ({200}, {200})
