"""The commands that are given to someone at night exist."""

import re

import typer

from tests.architecture.repository import ROOT
from training.cli import app
from training.errors import TrainingError

RUNBOOK = (ROOT / "docs" / "how-to" / "operate.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"\bheadroom ([a-z]+)((?: +(?:--[a-z-]+|[^`;|\n -][^`;|\n ]*))*)")


def test_every_command_and_option_of_the_runbook_exists() -> None:
    group = typer.main.get_command(app)
    commands = {name: {o for p in c.params for o in p.opts} for name, c in getattr(group, "commands", {}).items()}
    used = [(verb, set(re.findall(r"--[a-z-]+", options))) for verb, options in COMMAND.findall(RUNBOOK)]
    assert len(used) >= 8
    assert [(verb, options) for verb, options in used if not options <= commands.get(verb, set())] == []


def test_every_exit_code_has_its_line_in_both_tables() -> None:
    codes = {str(error.exit_code) for error in TrainingError.__subclasses__()} | {"1"}
    errors = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    for page in (RUNBOOK, errors):
        assert sorted(codes - set(re.findall(r"^\| (\d) \|", page, re.MULTILINE))) == []
