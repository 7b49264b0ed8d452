"""Help is quick, and every command has it."""

import subprocess
import sys

import pytest
import typer

from tests.unit.cli.commands import headroom
from training.cli.main import app

COMMANDS = {
    "simulate": ("--out", "--seed", "--days", "--trusts", "--sites"),
    "ingest": ("--system", "--home"),
    "history": ("--system", "--home", "--as-of", "--out"),
    "backtest": ("--system", "--home", "--windows", "--step", "--horizon", "--candidates", "--measure",
                 "--place", "--cutoff", "--forecasts"),
    "train": ("--system", "--home", "--candidates"),
    "promote": ("--system", "--home", "--force", "--reason"),
    "rollback": ("--system", "--home"),
    "publish": ("--system", "--home", "--cutoff"),
    "daily": ("--system", "--home", "--cutoff"),
    "demo": ("--home", "--no-serve", "--port"),
}  # fmt: skip
HEAVY = ("pandas", "numpy", "mlflow", "sqlalchemy", "sklearn", "duckdb", "pyarrow")


def test_the_commands_are_those_that_were_promised() -> None:
    group = typer.main.get_command(app)
    assert set(COMMANDS) <= set(getattr(group, "commands", {}))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_its_options(command: str) -> None:
    ended = headroom(command, "--help")
    assert (ended.exit_code, ended.err) == (0, "")
    assert [option for option in COMMANDS[command] if option not in ended.out] == []


def test_help_loads_no_heavy_library() -> None:
    program = (
        "import sys; sys.argv = ['headroom', '--help']\n"
        "from training.cli.main import main\n"
        "try: main()\n"
        f"finally: print('loaded:', sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "backtest" in ran.stdout
    assert ran.stdout.endswith("loaded: []\n")
