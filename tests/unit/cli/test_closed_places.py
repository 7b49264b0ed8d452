"""Homes, sources and results where this user may not read or write: a sentence, and before the work."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.places import PlaceAbsentError, closed, full, obeying_permissions, read_only
from tests.unit.cli.commands import headroom
from tests.unit.cli.forks import forked
from tests.unit.cli.test_bad_input import assert_rejected

HOME = ("HomeError", "--home (HEADROOM_HOME)")


@dataclass(frozen=True)
class Closed:
    """A closed part of a system (its folder) or its home, the command that meets it, and its end."""

    what: str
    places: Callable[[Path, Path], list[Path]]
    mode: int
    command: str
    exit_code: int
    says: tuple[str, ...]


CLOSED = [
    Closed("the home may not be written", lambda system, home: [home], 0o555, "ingest",
           6, (*HOME, "Opening the home", "Permission denied", "It belongs to the user")),
    Closed("the home may not be read", lambda system, home: [home], 0, "history",
           6, (*HOME, "Opening the home", "Permission denied")),
    Closed("the folder of the home is closed", lambda system, home: [home.parent], 0, "score",
           6, (*HOME, "Opening the home", "Permission denied")),
    Closed("locks of another user", lambda system, home: [home / "locks"], 0o555, "publish",
           6, (*HOME, "Locking publishing", "northshire.publishing.lock", "Permission denied")),
    Closed("an archive that may not be read", lambda system, home: [home / "history" / "northshire"], 0, "history",
           3, ("HistoryError", "Reading the archive", "Permission denied", "Make it readable")),
    Closed("batches that may not be read", lambda system, home: list(home.glob("history/*/*.parquet")), 0, "history",
           3, ("HistoryError", "Reading the archive", "Permission denied", "Make that file readable")),
    Closed("a folder of extracts that may not be listed", lambda system, home: [system / "extract"], 0, "ingest",
           3, ("HistoryError", "extract", "Permission denied", "Make it readable")),
    Closed("a folder of extracts that may only be listed", lambda system, home: [system / "extract"], 0o444, "ingest",
           3, ("HistoryError", "extract", "Permission denied", "Make it readable")),
    Closed("an extract", lambda system, home: list((system / "extract").iterdir()), 0, "ingest",
           3, ("HistoryError", "extract", "Permission denied", "Make it readable")),
    Closed("a system.toml", lambda system, home: [system / "system.toml"], 0, "ingest",
           3, ("SystemFileError", "system.toml: it cannot be read", "Permission denied")),
    Closed("places.csv", lambda system, home: [system / "places.csv"], 0, "ingest",
           3, ("SystemFileError", "places.csv: it cannot be read", "Permission denied")),
]  # fmt: skip


@pytest.mark.parametrize("row", CLOSED, ids=lambda row: row.what)
def test_what_is_closed_is_said(row: Closed, system: Path, own_home: Path) -> None:
    with skipping(), closed(*row.places(system.parent, own_home), mode=row.mode):
        ended = forked(row.command, "--system", system, "--home", own_home, first=obeying_permissions())
    assert_rejected(ended, row.exit_code, row.says)


def test_a_home_that_may_only_be_read_shows_its_history(system: Path, own_home: Path) -> None:
    with skipping(), closed(own_home, mode=0o555):
        ended = forked("history", "--system", system, "--home", own_home, first=obeying_permissions())
    assert ended.exit_code == 0, ended.err
    assert "values of 10 series" in ended.out


@contextmanager
def skipping() -> Iterator[None]:
    """Skip, saying so, what this machine cannot make."""
    try:
        yield
    except PlaceAbsentError as absent:
        pytest.skip(str(absent))


@pytest.mark.parametrize("command", ["ingest", "daily", "train", "publish", "migrate"])
def test_a_read_only_disk_is_said_before_the_work(command: str, system: Path, ingested: Path, tmp_path: Path) -> None:
    with ExitStack() as mounted:
        with skipping():
            home = mounted.enter_context(read_only(ingested, tmp_path / "disk"))
        ended = headroom(command, "--system", system, "--home", home)
    assert_rejected(ended, 6, (*HOME, "Opening the home", "Read-only file system"))


ROOM = "Make room"
FULL = [  # a full tmpfs still takes a page now and then, so which file meets the full disk first varies
    ("ingest", ("FullError", ROOM)),
    ("publish", ("FullError", ROOM)),
    ("score", ("FullError", ROOM)),
    ("train --candidates SeasonalNaive", ("FullError", ROOM)),
    ("history --out {home}/out.parquet", ("FullError", "--out", ROOM)),
]


@pytest.mark.parametrize(("command", "says"), FULL, ids=[command for command, _ in FULL])
def test_a_full_disk_is_said(command: str, says: tuple[str, ...], system: Path, ingested: Path, tmp_path: Path) -> None:
    extract = max((system.parent / "extract").iterdir())
    extract.write_text(extract.read_text().replace(",20", ",21"))  # something new to be written
    with ExitStack() as mounted:
        with skipping():
            home = mounted.enter_context(full(ingested, tmp_path / "disk"))
        verb, *options = command.format(home=home).split()
        ended = headroom(verb, "--system", system, "--home", home, *options)
    assert_rejected(ended, 7, says)


RESULTS = [
    ("history --out {there}/out.parquet", "--out"),
    ("history --report {there}/page.html", "--report"),
    ("backtest --windows 1 --candidates SeasonalNaive --forecasts {there}/f.parquet", "--forecasts"),
    ("backtest --windows 1 --candidates SeasonalNaive --scores {there}/s.csv", "--scores"),
    ("simulate --out {there}/system", "--out"),
]


@pytest.mark.parametrize(("command", "option"), RESULTS, ids=[command for command, _ in RESULTS])
@pytest.mark.parametrize("there", ["/proc", "/proc/nowhere/deep", "/dev/null/folder"])
def test_a_result_that_cannot_be_written_is_said_before_the_work(
    command: str, option: str, there: str, simulated: Path, ingested: Path
) -> None:
    verb, *options = command.format(there=there).split()
    where = () if verb == "simulate" else ("--system", simulated / "system.toml", "--home", ingested)
    ended = headroom(verb, *where, *options)
    assert_rejected(ended, 2, ("UsageError", option, there))
    assert ended.out == ""
