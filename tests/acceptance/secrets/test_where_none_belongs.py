"""An address with a password where none belongs: what is said of it quotes it without the password."""

from pathlib import Path

import pytest

from tests import planted, servers
from tests.acceptance.secrets.cases import fill
from tests.unit.cli.commands import process

ADDRESS = fill("postgresql://hr:H1@127.0.0.1:1/hr")
SIGNED = fill("https://files.example/x.csv?sig=H1")
SYSTEM = """
[system]
name = "northshire"
timezone = "Europe/London"
[[places]]
place = "northshire"
[sources.daily]
url = "postgresql://hr:{password}@127.0.0.1:1/hr"
query = "select 1"
place = "code"
day = "date"
measures = {{ beds = "beds" }}
"""
OPTIONS = {
    "the system": ("ingest", "--system", ADDRESS),
    "an instant": ("history", "--system", "SYSTEM", "--as-of", ADDRESS),
    "a file": ("history", "--system", "SYSTEM", "--report", f"/proc/{ADDRESS}"),
    "candidates": ("backtest", "--system", "SYSTEM", "--candidates", ADDRESS),
    "a day": ("publish", "--system", "SYSTEM", "--cutoff", ADDRESS),
    "a command": (ADDRESS,),
    "more than there is": ("ingest", "--system", "SYSTEM", ADDRESS),
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A system file whose source has a password in it."""
    file = tmp_path / "system.toml"
    file.write_text(SYSTEM.format(password=planted.BATTERY))
    return file


@pytest.mark.parametrize("arguments", OPTIONS.values(), ids=OPTIONS.keys())
def test_an_argument_is_quoted_without_its_password(arguments: tuple[str, ...], written: Path, tmp_path: Path) -> None:
    """`process` searches what it says."""
    given = [str(written) if word == "SYSTEM" else word for word in arguments]
    ended = process(*given, HEADROOM_HOME=str(tmp_path / "home"))
    assert ended.exit_code in (2, 3, 4)
    assert "hr:***@127.0.0.1:1/hr" in ended.err


@pytest.mark.parametrize("arguments", [("--port", ADDRESS), (ADDRESS,), ("keys", "create", "x", "--expires", ADDRESS)])
def test_an_argument_of_the_service_too(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ended = servers.run_service(tmp_path, *arguments)
    assert ended.returncode == 2
    assert "hr:***@127.0.0.1:1/hr" in ended.stderr


@pytest.mark.parametrize("key", ["timezone", "holidays", "events", "school_terms", "name"])
@pytest.mark.parametrize("address", [ADDRESS, SIGNED], ids=["a password", "a signature"])
def test_a_key_of_the_system_file_is_quoted_without_its_secret(key: str, address: str, tmp_path: Path) -> None:
    file = tmp_path / "system.toml"
    lines = [line for line in SYSTEM.format(password="x").splitlines() if not line.startswith(f"{key} =")]
    lines.insert(lines.index("[system]") + 1, f'{key} = "{address}"')
    file.write_text("\n".join(lines))
    ended = process("ingest", "--system", file, "--home", tmp_path / "home")
    assert ended.exit_code == 3
    assert "***" in ended.err


@pytest.mark.parametrize("password", [planted.BATTERY, "${HIS_WORD}"], ids=["in the file", "in a variable"])
def test_the_password_of_a_source_is_in_no_traceback(password: str, failing: str, tmp_path: Path) -> None:
    file = tmp_path / "system.toml"
    file.write_text(SYSTEM.format(password=password))
    ended = process(
        "ingest", "--system", file, "--home", tmp_path / "home", PYTHONPATH=failing, HIS_WORD=planted.BATTERY
    )
    assert ended.exit_code == 1
    assert "RuntimeError: no answer to" in ended.err
    assert "DEBUG driver connecting: " in ended.err
    assert "'password': '***'" in ended.err
