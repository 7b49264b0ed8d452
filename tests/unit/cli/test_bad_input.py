"""Bad input: each row has what is wrong, the command, its exit code, and what its one sentence must say."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.planted import OPEN_SESAME
from tests.unit.cli.commands import Ended, headroom, process

UNREACHABLE_STORE = f"postgresql://u:{OPEN_SESAME}@127.0.0.1:1/x"
UNREACHABLE_MLFLOW = f"http://u:{OPEN_SESAME}@127.0.0.1:1"
SENTENCE = re.compile(r"\w+Error: [^\n]+[.?]\n")

Spoil = Callable[[Path], object]


def extract(folder: Path) -> Path:
    """The newest file of counts."""
    return max((folder / "extract").iterdir())


def replaced(found: str, by: str, path: Callable[[Path], Path]) -> Spoil:
    """Spoils a file by replacing the first occurrence of a text."""

    def spoil(folder: Path) -> None:
        text = path(folder).read_text()
        assert found in text
        path(folder).write_text(text.replace(found, by, 1))

    return spoil


def remove(pattern: str) -> Spoil:
    """Spoils a folder by removing files."""

    def spoil(folder: Path) -> None:
        for file in list(folder.glob(pattern)):
            file.unlink()

    return spoil


def system_toml(folder: Path) -> Path:
    return folder / "system.toml"


def write_extracts(folder: Path, edit: Callable[[str], str]) -> None:
    for file in (folder / "extract").iterdir():
        file.write_text(edit(file.read_text()))


@dataclass(frozen=True)
class Invalid:
    """A spoiled system, the command that meets it, and how it ends."""

    wrong: str
    spoil: Spoil
    command: str
    exit_code: int
    says: tuple[str, ...]


REJECTED = [
    Invalid("no system.toml", remove("system.toml"), "ingest",
            2, ("UsageError", "system.toml: there is no such file", "--system")),
    Invalid("an unknown key", replaced("census_hour", "sensus_hour", system_toml), "ingest",
            3, ("SystemFileError", "system.sensus_hour is not a known key", "Did you mean census_hour?")),
    Invalid("a key of the wrong kind", replaced("census_hour = 8", 'census_hour = "eight"', system_toml), "ingest",
            3, ("SystemFileError", "system.census_hour", "found 'eight'", "whole number")),
    Invalid("not TOML", replaced("[system]", "[system", system_toml), "ingest",
            3, ("SystemFileError", "it is not TOML", "Correct that line")),
    Invalid("no places file", remove("places.csv"), "ingest",
            3, ("SystemFileError", "places.csv")),
    Invalid("no source file", remove("extract/*.csv"), "ingest",
            3, ("HistoryError", "there is no file", "extract/*.csv", "sources.daily.path")),
    Invalid("no such column", lambda folder: write_extracts(folder, lambda text: text.replace("beds", "open_beds", 1)),
            "ingest", 3, ("HistoryError", "no column 'beds'", "Found code, date", "open_beds")),
    Invalid("an empty file", lambda folder: write_extracts(folder, lambda text: ""), "ingest",
            3, ("HistoryError", ".csv: it is empty", "Send the extract again")),
    Invalid("a header alone", lambda folder: write_extracts(folder, lambda text: text.split("\n")[0] + "\n"), "ingest",
            3, ("HistoryError", "a header but no rows")),
    Invalid("no place of the tree", lambda folder: write_extracts(folder, lambda text: text.replace("RXA", "ZZZ")),
            "ingest", 3, ("HistoryError", "not one of 200 rows could be accepted", "unknown place 200", "quarantine")),
    Invalid("nothing ingested yet", lambda folder: None, "backtest --windows 1",
            3, ("HistoryError", "holds no history", "headroom ingest")),
    Invalid("nothing ingested yet", lambda folder: None, "history",
            3, ("HistoryError", "holds no history", "headroom ingest")),
    Invalid("two cutoffs", lambda folder: None, "daily --cutoff 2026-02-03 --allow-missing",
            2, ("UsageError", "--allow-missing chooses the cutoff itself", "--cutoff")),
    Invalid("a cutoff before the history", lambda folder: None, "daily --cutoff 2001-02-03",
            4, ("NothingPublishedError", "for cutoff 2001-02-03", "the history begins on 20", "Choose a later cutoff")),
]  # fmt: skip


@pytest.mark.parametrize("row", REJECTED, ids=lambda row: f"{row.wrong}: {row.command}")
def test_it_is_rejected_in_a_sentence(row: Invalid, system: Path, home: Path) -> None:
    row.spoil(system.parent)
    verb, *options = row.command.split()
    ended = headroom(verb, "--system", system, "--home", home, *options)
    assert_rejected(ended, row.exit_code, row.says)


def test_nothing_is_stored_of_a_source_that_is_rejected(system: Path, home: Path) -> None:
    write_extracts(system.parent, lambda text: text.replace("RXA", "ZZZ"))
    headroom("ingest", "--system", system, "--home", home)
    assert list((home / "history").rglob("*.parquet")) == []
    (rejected,) = (home / "quarantine").iterdir()
    assert len(rows_of(rejected)) == 200


def assert_rejected(ended: Ended, exit_code: int, says: tuple[str, ...]) -> None:
    assert ended.exit_code == exit_code, ended
    assert "Traceback" not in ended.err
    last = ended.err.splitlines(keepends=True)[-1]
    assert SENTENCE.fullmatch(last), ended.err
    for fragment in says:
        assert fragment in last


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@dataclass(frozen=True)
class Quarantined:
    """One bad line among good ones, and its line in the quarantine."""

    wrong: str
    line: Callable[[str], str]
    column: str
    found: str
    reason: str


QUARANTINED = [
    Quarantined("a place that is not in the tree", lambda line: line.replace("RXA01", "RZZ99"),
                "code", "RZZ99", "unknown place: list it among the places, or in ignore_places"),
    Quarantined("text in a count", lambda line: line.rpartition(",")[0] + ",many",
                "beds", "many", "unreadable count: write a plain number, or leave the cell blank"),
    Quarantined("a negative count", lambda line: line.rpartition(",")[0] + ",-5",
                "beds", "-5", "negative count: a count is 0 or more: correct it, or leave the cell blank"),
    Quarantined("a day that is none", lambda line: line.replace("-", "/"),
                "date", "", 'unreadable day: it looks like a day: write day_format = "%Y/%m/%d"'),
]  # fmt: skip


@pytest.mark.parametrize("row", QUARANTINED, ids=lambda row: row.wrong)
def test_one_bad_line_is_quarantined_and_the_rest_is_accepted(row: Quarantined, system: Path, home: Path) -> None:
    file = extract(system.parent)
    lines = file.read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if line.startswith("RXA01"))
    lines[number] = row.line(lines[number])
    file.write_text("\n".join(lines) + "\n")
    ended = headroom("ingest", "--system", system, "--home", home)
    assert ended.exit_code == 0, ended.err
    (quarantine,) = (home / "quarantine").iterdir()
    assert f"Quarantined: 1 {row.reason.split(':')[0]}" in ended.out
    assert str(quarantine) in ended.out
    (rejected,) = rows_of(quarantine)
    assert (rejected["file"], rejected["line"]) == (f"extract/{file.name}", str(number + 1))
    assert (rejected["column"], rejected["reason"]) == (row.column, row.reason)
    assert row.found in rejected["found"]
    assert len(list((home / "history").rglob("*.parquet"))) == 1


USAGE = [
    ("backtest --horizon 85", ("--horizon", "84")),
    ("backtest --windows 0", ("--windows", "1")),
    ("backtest --windows 400", ("400 windows", "Ask for fewer windows")),
    ("backtest --windows 1 --candidates SeasonalNaive,Oracle", ("names 'Oracle'", "SeasonalNaive, AutoETS")),
    ("train --candidates Oracle", ("names 'Oracle'", "SeasonalNaive, AutoETS")),
    ("backtest --windows 1 --measure parking", ("--measure parking is not of this system", "occupancy")),
    ("backtest --windows 1 --place RZZ", ("--place RZZ is not of this system", "RXA")),
    ("history --as-of yesterday", ("--as-of 'yesterday' is not an instant", "2026-01-31")),
    ("backtest --windows 1 --forecasts .", ("--forecasts", "is a directory")),
    ("history --out .", ("--out", "is a directory")),
    ("publish --home pyproject.toml", ("pyproject.toml is a file", "Give a folder")),
    ("publish --cutoff 31.01.2026", ("--cutoff", "31.01.2026")),
    ("promote", ("no version is the challenger", "headroom train")),
    ("promote --force", ("--force needs --reason",)),
    ("daily --sytsem x", ("--sytsem",)),
    ("forecast", ("No such command 'forecast'",)),
]


@pytest.mark.parametrize(("command", "says"), USAGE, ids=[command for command, _ in USAGE])
def test_what_cannot_be_asked_is_a_usage_error(
    command: str, says: tuple[str, ...], simulated: Path, ingested: Path
) -> None:
    verb, *options = command.split()
    ended = headroom(verb, "--system", simulated / "system.toml", "--home", ingested, *options)
    assert ended.exit_code == 2, ended
    assert "Traceback" not in ended.err
    for fragment in says:
        assert fragment in ended.err


@pytest.mark.parametrize("command", ["publish", "rollback"])
def test_without_a_champion_nothing_is_published(command: str, simulated: Path, own_home: Path) -> None:
    ended = headroom(command, "--system", simulated / "system.toml", "--home", own_home)
    assert_rejected(ended, 4, ("NothingPublishedError", "no version is the champion", "headroom train"))


def test_a_store_out_of_reach_is_found_at_once_and_its_password_is_not_shown(simulated: Path, tmp_path: Path) -> None:
    command = ("daily", "--system", simulated / "system.toml", "--home", tmp_path)
    ended = process(*command, HEADROOM_STORE_URL=UNREACHABLE_STORE)
    assert_rejected(ended, 6, ("StoreUnreachableError", "at postgresql://***@127.0.0.1:1/x: ", "HEADROOM_STORE_URL"))
    assert not (tmp_path / "history").exists()


def test_an_mlflow_out_of_reach_is_one_line_and_its_password_is_not_shown(simulated: Path, own_home: Path) -> None:
    where = ("--system", simulated / "system.toml", "--home", own_home)
    ended = process("publish", *where, MLFLOW_TRACKING_URI=UNREACHABLE_MLFLOW)
    assert_rejected(
        ended, 6, ("OutOfReachError", "Talking to MLflow at http://***@127.0.0.1:1: ", "MLFLOW_TRACKING_URI")
    )
    assert ended.err.count("\n") == 1


def test_a_missing_system_file_ends_a_real_process_with_its_sentence(tmp_path: Path) -> None:
    ended = process("daily", "--system", tmp_path / "system.toml")
    assert_rejected(ended, 2, ("UsageError", "there is no such file"))
    assert ended.out == ""
