"""A stranger's test: whatever is broken, the commands of one section of the runbook end in a healthy system.

Faults that fire alerts of their own are in `test_alerts_of_a_hospital.py`, which follows the runbook, too.
"""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance import test_alerts_of_a_hospital
from tests.acceptance.deployed import RUNBOOK, Change, Deployed, Row, days_ago, deployed, unchanged
from tests.acceptance.journey import eventually
from tests.architecture.repository import ROOT
from tests.docs.pages import SHELL, blocks, headings, section
from tests.places import PlaceAbsentError, full

FOLLOWED_ELSEWHERE = {
    "Check the state": "every test ends with it",
    "Back up": "a restore needs a backup",
    "Forecasts are off target": "its commands are those of Inputs drift",
    "The champion is old": "its command is the first of Inputs drift",
}
DISK = "700m"
"""Of a disk that is filled: without the filling it has the room that the doctor asks for."""
STARTS_SECONDS = 120.0


def nothing(_of: Deployed) -> None:
    """Nothing is to be done by hand."""


def miss_mornings(of: Deployed) -> None:
    """No job has run for weeks."""
    of.reset()
    of.serve()


def kill_job(of: Deployed) -> None:
    """Kill a daily job as soon as it has recorded its start."""
    where = ("--system", str(of.system / "system.toml"), "--home", str(of.home))
    with (of.folder / "killed.log").open("wb") as log:
        job = subprocess.Popen([sys.executable, "-m", "training", "daily", *where], stdout=log, stderr=log, cwd=ROOT)
    try:
        assert eventually(lambda: n_without_end(of) > 0, STARTS_SECONDS)
    finally:
        job.kill()
        job.wait()
    assert n_without_end(of) > 0


def n_without_end(of: Deployed) -> int:
    """Return the number of runs of jobs that have no end."""
    with closing(sqlite3.connect(of.home / "publications.db")) as store:
        (found,) = store.execute("SELECT count(*) FROM job_runs WHERE exit_code IS NULL").fetchone()
    return int(found)


def mistype_places(row: Row) -> Row:
    """A tenth of the newest days name a place that is not in the tree."""
    return row | {"code": "RZZ99"} if days_ago(row) < 50 and days_ago(row) % 10 == 0 else row


def damage(file: str) -> Callable[[Deployed], None]:
    """Overwrite the middle of a file of the home, as a broken disk does."""

    def overwrite(of: Deployed) -> None:
        path = of.home / file
        with path.open("r+b") as opened:
            opened.seek(path.stat().st_size // 2 // 4096 * 4096)
            opened.write(b"\xff" * 8192)

    return overwrite


def remove(*names: str) -> Callable[[Deployed], None]:
    """Delete files and folders of the home."""

    def delete(of: Deployed) -> None:
        for name in names:
            path = of.home / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return delete


def backed_up(then: Callable[[Deployed], None]) -> Callable[[Deployed], None]:
    """A backup is made by the runbook's command; then the fault happens, and the service starts on what is left."""

    def happen(of: Deployed) -> None:
        of.follow("Back up")
        of.stop()
        then(of)

    return happen


def lose_home(of: Deployed) -> None:
    shutil.rmtree(of.home)


def stop_restore(of: Deployed) -> None:
    """Leave a home as a restore does that was killed between two parts."""
    (backup,) = (of.folder / "backup").iterdir()
    (of.home / "restore.unfinished").write_text(str(backup))
    (of.home / "keys.db").unlink()


def fill_disk(of: Deployed) -> None:
    """Move the home to a disk without room, where the job of the day ends with its exit code."""
    of.stop()
    aside = of.home.rename(of.folder / "aside")
    try:
        of.disks.enter_context(full(aside, of.home, DISK))
    except PlaceAbsentError as absent:
        pytest.skip(str(absent))
    finally:
        shutil.rmtree(aside)
    of.serve()
    of.run("daily", ends=7)


def make_room(of: Deployed) -> None:
    (of.home / "filling").unlink()


def delete_champion(of: Deployed) -> None:
    """Delete the alias in MLflow by hand."""
    with closing(sqlite3.connect(of.home / "mlflow.db")) as database, database:
        database.execute("DELETE FROM registered_model_aliases")


def restart(of: Deployed) -> None:
    """Start the service, which does not run."""
    of.serve()


@dataclass(frozen=True)
class Fault:
    """A fault of the extract or of what happens later, and the section of the runbook on it.

    `by_hand` is what the section has people do that is no command of its blocks; `afterwards` what it does last.
    `warns`: the doctor warns of it, and ends with 0, because the forecasts are as good as before.
    """

    heading: str
    happens: Callable[[Deployed], None] = nothing
    by_hand: Callable[[Deployed], None] = nothing
    sent: Change = unchanged
    afterwards: Callable[[Deployed], None] = nothing
    warns: bool = False


FAULTS = {
    "no job has run for weeks": Fault("The publication is late or stale", miss_mornings),
    "the scheduler stopped": Fault("A job did not run", miss_mornings),
    "a job was killed": Fault("A job did not end", kill_job, warns=True),
    "places are mistyped": Fault("Rows are quarantined", sent=mistype_places, by_hand=lambda of: of.send(), warns=True),
    "the disk is full": Fault("A disk is full", fill_disk, make_room),
    "the store is gone": Fault("The store is lost", remove("publications.db")),
    "the store's file is damaged": Fault("The store is damaged", damage("publications.db")),
    "MLflow's files are gone": Fault("MLflow is lost", remove("mlartifacts", "champions"), warns=True),
    "the alias is deleted": Fault("MLflow is lost", delete_champion),
    "the home is gone": Fault("Restore", backed_up(lose_home), afterwards=restart),
    "the keys are damaged": Fault("Restore", backed_up(damage("keys.db")), afterwards=restart),
    "MLflow's database is damaged": Fault("Restore", backed_up(damage("mlflow.db")), afterwards=restart),
    "a restore was killed": Fault("Restore", backed_up(stop_restore), afterwards=restart),
}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    for made, _key in deployed(tmp_path_factory.mktemp("hospital")):
        yield made


@pytest.mark.drill
@pytest.mark.filterwarnings("ignore")  # of the libraries that train and track
@pytest.mark.parametrize("name", FAULTS)
def test_the_commands_of_the_runbook_end_in_a_healthy_system(hospital: Deployed, name: str) -> None:
    fault, of = FAULTS[name], hospital
    of.reset()
    of.send(fault.sent)
    of.run("daily")
    of.serve()
    fault.happens(of)
    diagnosis = of.doctor()
    assert (diagnosis.returncode == 0) == fault.warns, diagnosis.stdout
    fault.by_hand(of)
    printed = of.follow(fault.heading)
    fault.afterwards(of)
    of.check_healthy(printed)


def test_every_section_with_commands_is_followed() -> None:
    runbook = Path(RUNBOOK).read_text(encoding="utf-8")
    with_commands = {
        heading
        for heading in headings(runbook)
        if any(block.language == SHELL for block in blocks(section(runbook, heading)))
    }
    followed = {of.heading for of in FAULTS.values()}
    followed |= {of.heading for of in test_alerts_of_a_hospital.FAULTS.values()}
    assert followed | FOLLOWED_ELSEWHERE.keys() == with_commands
