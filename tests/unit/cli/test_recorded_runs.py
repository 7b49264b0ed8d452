"""Every run of a job is in the store: as plain SQL reads it, whatever the job ended with."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publication.store import default_url
from tests.contract.store.witness import ask
from tests.unit.cli.commands import headroom, headroom_at

NOWHERE = "postgresql://nobody:secret@127.0.0.1:1/none"
COLUMNS = "job, exit_code, cutoff IS NOT NULL, message, duration_seconds > 0"


def runs(home: Path, columns: str = COLUMNS) -> list[tuple[object, ...]]:
    return ask(default_url(home), f"SELECT {columns} FROM job_runs ORDER BY id")


def test_an_ingest_is_recorded_with_what_it_counted(system: Path, home: Path) -> None:
    """Ten series of a hundred days; then the last row comes again, with a text for a number."""
    ended = headroom("ingest", "--system", system, "--home", home)
    assert ended.exit_code == 0, ended.err
    extract = max((system.parent / "extract").iterdir())
    place, day, *counts = extract.read_text().splitlines()[-1].split(",")
    extract.write_text(extract.read_text() + ",".join((place, day, *counts[:-1], "many")) + "\n")
    headroom("ingest", "--system", system, "--home", home)
    assert runs(home) == [("ingest", 0, 0, "", 1), ("ingest", 0, 0, "", 1)]
    counts_of = [json.loads(str(counts)) for (counts,) in runs(home, "counts")]
    assert counts_of[0]["rows"]["new"] == 1000
    assert counts_of[0]["rows"]["quarantined"] == 0
    (quarantined,) = (home / "quarantine").iterdir()
    n_quarantined = len(quarantined.read_text().splitlines()) - 1
    assert (counts_of[1]["rows"]["new"], counts_of[1]["rows"]["quarantined"]) == (0, n_quarantined)
    assert n_quarantined > 0
    assert set(counts_of[1]["suspect_values"]) > {"frozen", "spike", "sentinel"}


def test_the_instant_of_a_run_is_that_of_its_clock(system: Path, home: Path) -> None:
    headroom_at(datetime(2026, 12, 1, 5, 30, tzinfo=UTC), "ingest", "--system", system, "--home", home)
    assert runs(home, "started_at, system") == [("2026-12-01 05:30:00.000000", system_name(system))]


def system_name(system: Path) -> str:
    return next(line for line in system.read_text().splitlines() if line.startswith("name")).split('"')[1]


FAILURES = {
    "extracts that are gone": ("ingest", 3, "HistoryError: "),
    "a publication without a champion": ("publish", 4, "NothingPublishedError: "),
    "no challenger": ("promote", 2, "UsageError: Promoting "),
    "no champion to leave": ("rollback", 4, "NothingPublishedError: "),
}


@pytest.mark.parametrize(("command", "exit_code", "sentence"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_recorded_with_its_exit_code_and_sentence(
    command: str, exit_code: int, sentence: str, system: Path, own_home: Path
) -> None:
    if command == "ingest":
        for extract in (system.parent / "extract").iterdir():
            extract.unlink()
    ended = headroom(command, "--system", system, "--home", own_home)
    job, code, _, message, _ = runs(own_home)[-1]
    assert (job, code, ended.exit_code) == (command, exit_code, exit_code)
    assert str(message).startswith(sentence)
    assert str(message) in ended.err


def test_daily_is_recorded_with_the_steps_that_it_reached(system: Path, own_home: Path) -> None:
    places = system.parent / "places.csv"
    extract = max((system.parent / "extract").iterdir())
    extract.write_text(extract.read_text().splitlines()[0] + "\n" + "?\n" * 2000)
    ended = headroom("daily", "--system", system, "--home", own_home)
    assert (ended.exit_code, places.exists()) == (3, True)
    assert [(job, code) for job, code, *_ in runs(own_home)[-2:]] == [("daily", 3), ("ingest", 3)]


def test_a_step_begins_when_it_does_and_not_with_its_job(system: Path, own_home: Path) -> None:
    for extract in (system.parent / "extract").glob("*.csv"):
        extract.unlink()
    headroom_at(datetime(2026, 12, 1, 5, 30, tzinfo=UTC), "daily", "--system", system, "--home", own_home)
    (_, daily), (_, ingest) = runs(own_home, "job, started_at")[-2:]
    assert str(daily) == "2026-12-01 05:30:00.000000" < str(ingest)


def test_without_a_store_an_ingest_goes_on_and_says_that_it_is_not_recorded(
    system: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ended = headroom("ingest", "--system", system, "--home", home, HEADROOM_STORE_URL=NOWHERE)
    assert (ended.exit_code, "The run of ingest is not recorded." in caplog.text) == (0, True)
    assert "secret" not in caplog.text
    assert list((home / "history").rglob("*.parquet"))


@pytest.mark.parametrize("command", ["daily", "score", "publish"])
def test_without_a_store_the_jobs_that_need_it_end_before_their_work(command: str, system: Path, home: Path) -> None:
    ended = headroom(command, "--system", system, "--home", home, HEADROOM_STORE_URL=NOWHERE)
    assert (ended.exit_code, ended.err.count("StoreUnreachableError")) == (6, 1)
    assert not (home / "history").exists()
