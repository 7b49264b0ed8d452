"""Ingests that are killed, meet each other or find the disk full: real processes. The archive stays complete."""

import os
import random
import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import filelock
import pandas as pd
import pytest

from tests.unit.cli.commands import headroom
from tests.unit.cli.forks import SECONDS, forked, start
from tests.unit.history.small import HEADER, NOW, WIDE, Hospital
from training.errors import DiskFullError, HistoryError
from training.history.archive import Archive
from training.history.batches import LOCK_NAME

KILLS = 30
N_DAYS = 1_500
FULL_AFTER_BYTES = 20_000


def ingest_of(hospital: Hospital) -> tuple[object, ...]:
    return ("ingest", "--system", hospital.folder / "system.toml", "--home", hospital.folder)


def extract(y: int) -> str:
    days = pd.date_range("2010-01-01", periods=N_DAYS).strftime("%Y-%m-%d")
    return HEADER + "".join(f"{place},{day},{y + i % 89},{i % 7}\n" for i, day in enumerate(days) for place in "AB")


@pytest.mark.journey
def test_an_ingest_killed_at_any_moment_leaves_the_archive_as_before_or_as_after(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(extract(1))
    hospital.ingest()
    before = hospital.archive.digest()
    (tmp_path / "other").mkdir()
    hospital.send(extract(2))
    after = Hospital(tmp_path / "other").send(extract(2))
    start(*ingest_of(after)).join()  # the first waits for the imports
    began = time.monotonic()
    start(*ingest_of(after)).join()
    seconds = time.monotonic() - began
    seen = set()
    for seed in range(KILLS):
        moment = random.Random(seed).uniform(0.0, 1.2) * seconds
        kill_after(hospital, moment, wait_for_lock=seed % 2 == 0)
        found = hospital.archive.digest()
        seen.add(found)
        if found != before:
            hospital.send(extract(1)).ingest(NOW + timedelta(days=seed))  # and on from there
            before = hospital.archive.digest()
            hospital.send(extract(2))
    assert seen <= {before, after.archive.digest()}
    assert headroom(*ingest_of(hospital)).exit_code == 0
    assert hospital.archive.digest() == after.archive.digest()
    assert list((tmp_path / "history" / "north").glob("*.unfinished")) == []


def kill_after(hospital: Hospital, seconds: float, wait_for_lock: bool) -> None:
    """Kill an ingest that long after its start, or a little after it has begun to write."""
    lock = hospital.folder / "history" / "north" / LOCK_NAME
    lock.unlink(missing_ok=True)
    process = start(*ingest_of(hospital))
    began = time.monotonic()
    while wait_for_lock and not lock.exists() and process.is_alive():
        time.sleep(0.001)
    if wait_for_lock:
        time.sleep(seconds / 100)
    else:
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    process.kill()
    process.join()


def test_what_a_killed_ingest_left_is_not_read_and_the_next_clears_it_away(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\n")
    hospital.ingest()
    left = tmp_path / "history" / "north" / "000002-x.unfinished"
    left.write_bytes(b"PAR1")
    assert hospital.known() == {("A/occupancy", "2026-01-01"): 3.0}
    hospital.ingest()
    assert not left.exists()


def test_two_ingests_at_once_take_turns(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(extract(1))
    both = [start(*ingest_of(hospital)) for _ in range(2)]
    for process in both:
        process.join(SECONDS)
    assert [process.exitcode for process in both] == [0, 0]
    assert len(hospital.batches()) == 1
    assert len(hospital.archive.versions()) == len(hospital.archive.as_of())


def test_an_ingest_that_waits_too_long_for_another_is_an_error(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\n")
    hospital.ingest()
    hospital.archive = Archive(tmp_path / "history" / "north", "Europe/London", timeout=timedelta(milliseconds=50))
    hospital.send(HEADER + "A,2026-01-01,4,\n")
    with filelock.FileLock(tmp_path / "history" / "north" / LOCK_NAME), pytest.raises(HistoryError) as raised:
        hospital.ingest()
    assert "another ingest is writing there. Wait for it, then try again." in str(raised.value)
    assert hospital.known() == {("A/occupancy", "2026-01-01"): 3.0}
    assert hospital.ingest().revised == 1


def test_a_lock_of_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\n")
    hospital.ingest()
    lock = tmp_path / "history" / "north" / LOCK_NAME
    hold = (
        f"import filelock, time; filelock.FileLock({str(lock)!r}).acquire(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    assert hospital.ingest().unchanged == 1


def full_disk() -> None:
    """From here on the process can write no file beyond a size, as if the disk were full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_AFTER_BYTES, FULL_AFTER_BYTES))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (extract(2), "history"),
        (extract(2) + "".join(f"X,2026-01-01,{i},\n" for i in range(2_000)), "quarantine"),
    ],
)
def test_a_full_disk_is_a_sentence_and_nothing_is_lost(tmp_path: Path, content: str, what: str) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\n")
    hospital.ingest()
    before = hospital.archive.versions()
    ended = forked(*ingest_of(hospital.send(content)), first=full_disk)
    assert ended.exit_code == 3, ended
    assert "Traceback" not in ended.err
    assert "HistoryError: Writing" in ended.err
    assert f"/{what}" in ended.err
    assert "File too large" in ended.err
    assert hospital.archive.versions().equals(before)
    assert [path.name for path in (tmp_path / what).glob("*.unfinished")] == []
    assert headroom(*ingest_of(hospital)).exit_code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\n")
    small = tmp_path / "history" / "north"
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a small disk")
    try:
        hospital.ingest()
        before = hospital.archive.versions()
        with pytest.raises(DiskFullError, match=r"Writing .*000002-.*: No space left on device.*Make room"):
            hospital.send(extract(2)).ingest()
        assert hospital.archive.versions().equals(before)
        assert list(small.glob("*.unfinished")) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("where", ["history", "quarantine"])
def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, where: str) -> None:
    hospital = Hospital(tmp_path, WIDE).send(HEADER + "A,2026-01-01,3,\nX,2026-01-01,3,\n")
    (tmp_path / where).write_text("a file where a folder should be")
    with pytest.raises(HistoryError, match=f"Writing .*{where}"):
        hospital.ingest()
