"""Every command of README, tutorial and how-to is run, page by page, as a reader would run them."""

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from service.commands.serve import parser
from tests.architecture.repository import ROOT, documents
from tests.docs.pages import SHELL, Block, blocks, guides, name_of
from tests.docs.stories import Story
from tests.unit.cli.commands import headroom
from training.cli.main import app
from training.errors import TrainingError

COMMAND = re.compile(r"(?<![\w/.-])headroom ([a-z]+)((?: +(?:--[a-z-]+|[^`;|\n -][^`;|\n ]*))*)")
SERVICE_OPTION = re.compile(r"(?<![\w/.-])headroom-service[^`;|\n]*? (--[a-z-]+)")
DAYS = 240  # the twelve windows of the gate are after the first months, whose intervals are too narrow

NOT_RUN = {
    "README.md": ["make demo ", "source .venv/bin/activate"],
    "docs/tutorial/demo.md": ["make demo"],
    "docs/tutorial/own-file.md": ["source .venv/bin/activate"],
    "docs/how-to/briefing.md": ["30 5 * * *"],
    "docs/how-to/deploy.md": [
        "python3 -m venv /opt/headroom",
        "python3 -m venv /opt/headroom",
        "useradd ",
        "cp deploy/systemd/",
        "[Service]",
        "systemctl status ",
        "install --mode 644 deploy/crontab",
        "tail -n 20 /var/log/headroom/daily.log",
        "export HEADROOM_STORE_URL=",
        "export MLFLOW_TRACKING_URI=",
        "openssl req ",
        "docker compose ",
        "docker compose ",
        "docker build --target training",
        "docker build --target service",
        "kubectl create namespace",
        "kubectl apply",
        "kubectl get ",
        "kubectl create job doctor",
        "docker run ",
        "systemctl stop ",
        "docker compose ",
        "kubectl apply",
    ],
    "docs/how-to/operate.md": [
        "headroom train ",
        "headroom train ",
        "headroom train ",
        "headroom promote ",
        "psql ",
        'curl -s "$MLFLOW_TRACKING_URI/health"',
    ],
    "docs/how-to/retrain.md": ["mlflow ui ", "mlflow models serve "],
    "docs/how-to/secure.md": ["python3 -c "],
}
"""Blocks that a test cannot run: they install, never end, or need a server. Adding one is a decision."""


def test_what_is_not_run_is_listed() -> None:
    marked = {
        name_of(page): [block.first_line for block in page_blocks(page) if block.mark == "not run"] for page in guides()
    }
    assert {name: lines for name, lines in marked.items() if lines}.keys() == NOT_RUN.keys()
    for name, lines in NOT_RUN.items():
        assert len(marked[name]) == len(lines), name
        assert all(found.startswith(line) for found, line in zip(marked[name], lines, strict=True)), name


@pytest.mark.parametrize("page", guides(), ids=name_of)
def test_every_block_has_a_language_and_a_known_mark(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(block.language for block in blocks(text))
    assert {block.mark for block in blocks(text)} <= {"", "not run", "file", "run before"}
    assert re.findall(r"^(?: {4}|\t)(?:headroom|make|curl|python)\b", text, re.MULTILINE) == []


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_every_command_and_option_exists(page: Path) -> None:
    """In text and tables, too."""
    text = page.read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    commands = {name: {o for p in c.params for o in p.opts} for name, c in getattr(group, "commands", {}).items()}
    used = [(verb, set(re.findall(r"--[a-z-]+", options))) for verb, options in COMMAND.findall(text)]
    assert [(verb, options) for verb, options in used if not options <= commands.get(verb, set())] == []
    assert set(SERVICE_OPTION.findall(text)) <= set(service_options())


def test_every_make_target_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    text = "\n".join(page.read_text(encoding="utf-8") for page in [*documents(), ROOT / "CONTRIBUTING.md"])
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "test", "docs"} <= named <= set(targets)


def test_make_demo_runs_the_demo_that_is_tested() -> None:
    """tests/acceptance/test_demo.py runs `headroom demo` itself, for make would hide its exit code."""
    command = ["make", "--no-print-directory", "--dry-run", "-o", ".venv/.installed", "demo", "SERVE=0", "PORT=8080"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [".venv/bin/headroom", "demo", "--home", ".demo", "--port", "8080", "--no-serve"]


def test_every_exit_code_has_its_line_in_both_tables() -> None:
    codes = {str(error.exit_code) for error in every_subclass(TrainingError)} | {"1"}
    for name in ("how-to/operate.md", "reference/errors.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert sorted(codes - set(re.findall(r"^\| (\d) \|", text, re.MULTILINE))) == []


def every_subclass(of: type[TrainingError]) -> set[type[TrainingError]]:
    return {of, *(below for one in of.__subclasses__() for below in every_subclass(one))}


@pytest.mark.journey
@pytest.mark.parametrize("name", ["tutorial/own-file.md", "how-to/ingest.md", "how-to/secure.md"])
def test_a_page_without_a_model_is_a_story_that_runs(name: str, tmp_path: Path) -> None:
    assert commands_run(ROOT / "docs" / name, tmp_path)


@pytest.mark.drill
@pytest.mark.parametrize(
    "page", [page for page in guides() if page.name not in {"own-file.md", "ingest.md", "secure.md"}], ids=name_of
)
def test_a_page_with_a_model_is_a_story_that_runs(page: Path, tmp_path: Path, published: Path) -> None:
    assert commands_run(page, tmp_path, published)


def commands_run(page: Path, folder: Path, published: Path | None = None) -> list[Block]:
    """Return the commands of a page, run after their preparation. The story asserts that each succeeds."""
    story = PREPARED.get(page.name, start_empty)(folder, published or folder)
    ran = [block for block in page_blocks(page) if block.language == SHELL and block.mark != "not run"]
    for block in page_blocks(page):
        story.run(block)
    return ran


def start_empty(folder: Path, _published: Path) -> Story:
    return Story(folder)


def start_with_extract(folder: Path, _published: Path) -> Story:
    """A simulated system in the current folder, one row of its extract of an unknown place."""
    simulate(folder)
    newest = max((folder / "extract").iterdir())
    with newest.open("a") as rows:
        rows.write(newest.read_text().splitlines()[-1].replace("RXA02", "RXZ99") + "\n")
    return Story(folder)


def start_with_history(folder: Path, _published: Path) -> Story:
    """README's extract, with as many days as it takes."""
    newest = datetime.now(UTC).date() - timedelta(days=1)
    days = [newest - timedelta(days=back) for back in range(DAYS, -1, -1)]
    rows = [f"RXH1,{day},{300 + 7 * day.weekday() + day.day},{420 + day.day},452" for day in days]
    (folder / "extract").mkdir()
    (folder / "extract" / "2026.csv").write_text("\n".join(["code,date,ed_arrivals,ga_occupied,ga_open", *rows, ""]))
    return Story(folder)


def start_with_models(folder: Path, published: Path) -> Story:
    """The system in the current folder, its home in .headroom."""
    shutil.copytree(published / "system", folder, dirs_exist_ok=True)
    shutil.copytree(published / "home", folder / ".headroom")
    return Story(folder)


def start_deployed(folder: Path, published: Path) -> Story:
    """System and home where a server has them."""
    shutil.copytree(published / "system", folder / "etc" / "headroom")
    shutil.copytree(published / "home", folder / "var" / "lib" / "headroom")
    (folder / "backup").mkdir()
    return Story(folder, "/var/lib/headroom")


def start_demonstrated(folder: Path, published: Path) -> Story:
    shutil.copytree(published / "home", folder / ".demo")
    return Story(folder, ".demo")


PREPARED: dict[str, Callable[[Path, Path], Story]] = {
    "README.md": start_with_history,
    "briefing.md": start_with_models,
    "dashboards.md": start_with_models,
    "demo.md": start_demonstrated,
    "deploy.md": start_deployed,
    "export.md": start_with_models,
    "ingest.md": start_with_extract,
    "levels.md": start_with_models,
    "operate.md": start_deployed,
    "read-the-page.md": start_demonstrated,
    "retrain.md": start_with_models,
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated system with two versions of a quick model, and a publication."""
    folder = tmp_path_factory.mktemp("published")
    system = simulate(folder / "system")
    where = ("--system", system, "--home", folder / "home")
    for command in (
        ("ingest",),
        *2 * (("train", "--candidates", "SeasonalNaive"), ("promote", "--force", "--reason", "quick")),
        ("publish",),
    ):
        ended = headroom(command[0], *where, *command[1:])
        assert ended.exit_code == 0, ended.err
    return folder


def simulate(folder: Path) -> Path:
    ended = headroom("simulate", "--out", folder, "--seed", 7, "--days", DAYS, "--trusts", 1, "--sites", 2)
    assert ended.exit_code == 0, ended.err
    return folder / "system.toml"


def page_blocks(page: Path) -> list[Block]:
    return blocks(page.read_text(encoding="utf-8"))


def service_options() -> list[str]:
    """Every option of the service and of its commands on keys."""
    found: list[str] = []
    waiting = [parser()]
    while waiting:
        for action in waiting.pop()._actions:
            found += action.option_strings
            if isinstance(action.choices, dict):
                waiting += action.choices.values()
    return found
