"""Every command in every surrounding: a designed exit code, and where it is not 0 one sentence that names the cause.

The complete product is a drill (`make drills`); a selection runs always.
"""

import argparse
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.main import get_command

from service.commands.serve import parser
from tests.acceptance.surroundings.places import SITE, Place, copied, ingested, published
from tests.acceptance.surroundings.processes import Ended, Start
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.places import PlaceAbsentError, as_anyone, closed, full, read_only
from training.cli.main import app

HIDING = Path(__file__).parent / "hidden_libraries.py"
NOT_UTF_8 = "\udce9"
SENTENCE_ENDS = (".", "?")

pytestmark = MLFLOW_WARNINGS

WHERE = ("--system", "{system}", "--home", "{home}")
COMMANDS: dict[str, tuple[str, ...]] = {
    "simulate": ("--out", "{out}", "--days", "90", "--trusts", "1", "--sites", "1"),
    "ingest": WHERE,
    "history": WHERE,
    "backtest": (*WHERE, "--windows", "1", "--candidates", "SeasonalNaive"),
    "train": (*WHERE, "--candidates", "SeasonalNaive"),
    "promote": (*WHERE, "--force", "--reason", f"{SITE} dr{NOT_UTF_8}ll"),
    "rollback": WHERE,
    "migrate": WHERE,
    "publish": WHERE,
    "export": WHERE,
    "score": WHERE,
    "briefing": (*WHERE, "--text"),
    "daily": WHERE,
    "doctor": WHERE,
    "backup": (*WHERE, "--out", "{out}"),
    "restore": ("{backup}", *WHERE, "--replace"),
    "repair": WHERE,
    "demo": ("--home", "{home}", "--no-serve"),
}
WITHOUT_SYSTEM_OR_HOME = {"init"}
"""Commands that need neither, nor the network: any file is tried in `tests/property/discovery`."""
SERVE = "headroom-service"
KEYS: dict[str, tuple[str, ...]] = {
    "create": ("board", "--place", SITE),
    "list": (),
    "expire": ("desk", "--date", "2030-01-31"),
    "revoke": ("desk",),
}
SUBJECTS = (*COMMANDS, SERVE, *(f"keys {action}" for action in KEYS))
READS_A_SYSTEM = {*COMMANDS} - {"simulate", "migrate"}
USES_A_HOME = {*SUBJECTS} - {"simulate"}

Enter = Callable[[Place], AbstractContextManager[tuple[Place, Start]]]


@dataclass(frozen=True)
class Surrounding:
    """A change to a place and to a process, and the exit codes that are not 0; `says`: the cause, by code.

    `is_ready`: what /readyz says where the service serves all the same.
    """

    enter: Enter
    codes: dict[str, int] = field(default_factory=dict)
    says: dict[int, str] = field(default_factory=dict)
    is_ready: str = '"status":"ready"'


def codes(*groups: tuple[set[str], int]) -> dict[str, int]:
    """One exit code for every subject of a group; a later group prevails."""
    return {subject: code for group, code in groups for subject in group}


def started(start: Start, change: Callable[[Place], Place] = lambda place: place) -> Enter:
    """A change to the place, and what the process is started with."""

    @contextmanager
    def enter(place: Place) -> Iterator[tuple[Place, Start]]:
        yield change(place), start

    return enter


def without_artifacts(place: Place) -> Place:
    shutil.rmtree(place.home / "mlartifacts", ignore_errors=True)
    return place


@contextmanager
def of_another_user(place: Place) -> Iterator[tuple[Place, Start]]:
    with closed(place.home, mode=0o555):
        yield replace(place, out=place.home / "out"), Start(prefix=as_anyone())


@contextmanager
def on_a_read_only_disk(place: Place) -> Iterator[tuple[Place, Start]]:
    with read_only(place.home, place.home.with_name("disk")) as home:
        yield replace(place, home=home, out=home / "out"), Start()


@contextmanager
def on_a_full_disk(place: Place) -> Iterator[tuple[Place, Start]]:
    with full(place.home, place.home.with_name("disk")) as home:
        yield replace(place, home=home, out=home / "out"), Start()


def hiding(hidden: str, **environ: str) -> Enter:
    """Processes in which libraries are as if they were not installed."""

    @contextmanager
    def enter(place: Place) -> Iterator[tuple[Place, Start]]:
        folder = place.out.with_name("site")
        folder.mkdir()
        shutil.copy(HIDING, folder / "sitecustomize.py")
        yield place, Start(environ={"HIDDEN": hidden, **environ}, imported_first=(folder,))

    return enter


def system_of_bytes(place: Place) -> Place:
    system = place.system.rename(place.system.with_name(f"s{NOT_UTF_8}"))
    return replace(place, system=system, out=place.out.with_name(f"out{NOT_UTF_8}"))


def extract_of_bytes(place: Place) -> Place:
    for file in [*place.system.glob("extract/*.csv"), *place.demo_system.glob("extract/*.csv")]:
        file.rename(file.with_name(f"b{NOT_UTF_8}.csv"))
    return place


def home_of_bytes(place: Place) -> Place:
    return replace(place, home=place.home.rename(place.home.with_name(f"h{NOT_UTF_8}")))


def files_of_other_languages(place: Place) -> Place:
    """The system file names its files by letters that no C locale has."""
    for folder in (place.system, place.demo_system):
        toml = folder / "system.toml"
        text = toml.read_text(encoding="utf-8").replace("places.csv", "plätze.csv").replace("*.csv", "Łódź.csv")
        toml.write_text(text, encoding="utf-8")
        (folder / "places.csv").rename(folder / "plätze.csv")
        (extract,) = (folder / "extract").iterdir()
        extract.rename(extract.with_name("Łódź.csv"))
    return place


def named_with_a_colon(place: Place) -> Place:
    for folder in (place.system, place.demo_system):
        toml = folder / "system.toml"
        toml.write_text(toml.read_text(encoding="utf-8").replace('"northshire"', '"north:1"'), encoding="utf-8")
    return place


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SURROUNDINGS: dict[str, Surrounding] = {
    "artifacts lost": Surrounding(
        started(Start(), without_artifacts), {"promote": 6}, {6: "MLflow has lost its files"}
    ),
    "MLflow's database down": Surrounding(
        started(Start(environ={"MLFLOW_TRACKING_URI": "postgresql://127.0.0.1:1/mlflow"})),
        codes(({"backtest", "train", "promote", "rollback"}, 6)),
        {6: "Talking to MLflow at postgresql://127.0.0.1:1/mlflow"},
    ),
    "home of another user": Surrounding(
        of_another_user,
        codes((USES_A_HOME, 6), ({"history", SERVE}, 0), ({"simulate"}, 2)),
        {2: "Permission denied", 6: "home"},
        is_ready="The publication store has not been read yet",  # SQLite writes next to a database, too
    ),
    "home on a read-only disk": Surrounding(
        on_a_read_only_disk,
        codes((USES_A_HOME, 6), ({"history", SERVE}, 0), ({"simulate"}, 2)),
        {2: "Read-only file system", 6: "disk"},
        is_ready="The publication store has not been read yet",
    ),
    "home on a full disk": Surrounding(
        on_a_full_disk,
        codes((USES_A_HOME, 7), ({"history", SERVE}, 0), ({"simulate"}, 7)),
        {7: "disk"},
        is_ready="The publication store has not been read yet",  # SQLite writes next to a database, too
    ),
    "console of Windows-1252": Surrounding(started(Start(environ={"PYTHONIOENCODING": "cp1252"}))),
    "C locale": Surrounding(started(Start(environ=C_LOCALE), files_of_other_languages)),
    "system folder not UTF-8": Surrounding(
        started(Start(), system_of_bytes), {"simulate": 2, "backup": 2}, {2: "out\\xe9: \\xe9 in it is not UTF-8"}
    ),
    "extract not UTF-8": Surrounding(started(Start(), extract_of_bytes)),
    "home not UTF-8": Surrounding(
        started(Start(), home_of_bytes), codes((USES_A_HOME, 6)), {6: "\\xe9 in it is not UTF-8. Rename it"}
    ),
    "no time-zone data": Surrounding(
        hiding("tzdata", PYTHONTZPATH=""),
        codes((READS_A_SYSTEM, 3), ({"simulate"}, 2)),
        {2: "this Python has no time-zone data", 3: "this Python has no time-zone data"},
        is_ready="Reading the time zone 'Europe/London': this Python has no time-zone data",
    ),
    "without the extra": Surrounding(
        hiding("*"), codes(({*SUBJECTS}, 2)), {2: "is not installed. Install what this needs: `pip install '"}
    ),
    "name that MLflow cannot hold": Surrounding(
        started(Start(environ={"HEADROOM_SYSTEM_NAME": "north:1"}), named_with_a_colon),
        codes((READS_A_SYSTEM, 3), ({*SUBJECTS} - {*COMMANDS}, 2)),
        {
            2: "HEADROOM_SYSTEM_NAME: found 'north:1'; it contains ':'",
            3: "system.name: found 'north:1': it contains ':'",
        },
    ),
}
QUICK = [
    ("simulate", "no time-zone data"),
    ("ingest", "console of Windows-1252"),
    ("ingest", "extract not UTF-8"),
    ("ingest", "home on a full disk"),
    ("backup", "home on a full disk"),
    ("restore", "home on a full disk"),
    ("keys create", "home on a full disk"),
    ("history", "C locale"),
    ("daily", "name that MLflow cannot hold"),
    ("migrate", "home not UTF-8"),
    ("publish", "without the extra"),
    (SERVE, "home not UTF-8"),
    ("backup", "C locale"),
    ("restore", "C locale"),
    ("keys list", "C locale"),
    ("keys create", "without the extra"),
]


def test_every_command_has_its_entry() -> None:
    """A command that is new, or gone, must be entered here."""
    assert {*COMMANDS, *WITHOUT_SYSTEM_OR_HOME} == set(getattr(get_command(app), "commands", ()))
    assert set(KEYS) == actions_of_keys()


def actions_of_keys() -> set[str]:
    """The names below `headroom-service keys`, from its own parser."""
    names = choices(parser())
    return set(choices(names["keys"]))


def choices(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (found,) = (action.choices for action in of._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found)


@pytest.fixture(scope="module")
def with_a_history(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return ingested(tmp_path_factory.mktemp("ingested"))


@pytest.fixture(scope="module")
def with_a_publication(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return published(tmp_path_factory.mktemp("published"))


@pytest.mark.parametrize(("subject", "surrounding"), QUICK, ids=[f"{what} in {where}" for what, where in QUICK])
def test_no_traceback(subject: str, surrounding: str, with_a_history: Place, tmp_path: Path) -> None:
    check(subject, SURROUNDINGS[surrounding], copied(with_a_history, tmp_path))


@pytest.mark.drill
@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("surrounding", SURROUNDINGS)
def test_no_traceback_at_all(subject: str, surrounding: str, with_a_publication: Place, tmp_path: Path) -> None:
    check(subject, SURROUNDINGS[surrounding], copied(with_a_publication, tmp_path))


def check(subject: str, surrounding: Surrounding, place: Place) -> None:
    try:
        with surrounding.enter(place) as (changed, start):
            ended = run(subject, changed, start)
    except PlaceAbsentError as absent:
        pytest.skip(str(absent))
    code = surrounding.codes.get(subject, 0)
    assert ended.exit_code == code, ended
    assert "Traceback" not in ended.out + ended.err
    assert "UnicodeEncodeError" not in ended.out + ended.err
    if code:
        assert surrounding.says[code] in ended.last_words, ended
        assert ended.last_words.endswith(SENTENCE_ENDS)
    elif subject == SERVE:
        assert surrounding.is_ready in ended.ready.replace('": ', '":')


def run(subject: str, place: Place, start: Start) -> Ended:
    """The command at the place, as a process."""
    if subject == SERVE:
        return start.serve(place.home)
    if subject.startswith("keys "):
        action = subject.removeprefix("keys ")
        return start.run("service", "--home", place.home, "keys", action, *KEYS[action])
    filled = {"{system}": place.system_file, "{home}": place.home, "{out}": place.out, "{backup}": place.backup}
    return start.run("training", subject, *(filled.get(word, word) for word in COMMANDS[subject]))
