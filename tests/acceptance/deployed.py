"""A simulated hospital as a server has it: its files where the runbook expects them, and a service that reads them."""

import csv
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests import servers
from tests.acceptance.journey import eventually
from tests.architecture.repository import ROOT
from tests.docs.pages import SHELL, blocks, section
from tests.docs.stories import PRINTED_ADDRESS, Story
from tests.unit.cli.commands import Ended, headroom_at, process

RUNBOOK = ROOT / "docs" / "how-to" / "operate.md"
DAYS = 1096
"""Drift of the level is found from two years of windows, each compared with the year before it."""
TRAINED_DAYS_AGO = 40
KEY = "prometheus"

Row = dict[str, str]
Change = Callable[[Row], Row | None]
"""A change of a row of the extract; None where the row is not sent."""


def unchanged(row: Row) -> Row:
    return row


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def days_ago(row: Row) -> int:
    """Return how long before yesterday the day of a row was."""
    return (yesterday() - date.fromisoformat(row["date"])).days


@dataclass
class Deployed:
    """System, home and backups below a folder. Its champion was trained, and published, some weeks ago.

    `simulated` are the rows of each file of the extract.
    """

    folder: Path
    simulated: dict[str, list[Row]] = field(default_factory=dict)
    service_port: int = field(default_factory=servers.free_port)
    disks: ExitStack = field(default_factory=ExitStack)
    _service: ExitStack = field(default_factory=ExitStack)

    @property
    def system(self) -> Path:
        return self.folder / "etc" / "headroom"

    @property
    def home(self) -> Path:
        return self.folder / "var" / "lib" / "headroom"

    @property
    def address(self) -> str:
        return f"http://{servers.LOOPBACK}:{self.service_port}"

    def make(self) -> str:
        """Simulate the system, and save the home as it was on the morning of the training. Return Prometheus' key."""
        size = ("--seed", 7, "--days", DAYS, "--trusts", 1, "--sites", 2)
        assert headroom_at(datetime.now(UTC), "simulate", "--out", self.system, *size).exit_code == 0
        for file in sorted((self.system / "extract").iterdir()):
            with file.open(newline="") as lines:
                self.simulated[file.name] = list(csv.DictReader(lines))
        trained = datetime.combine(yesterday() - timedelta(days=TRAINED_DAYS_AGO - 1), time(6), UTC)
        self.send(lambda row: row if days_ago(row) >= TRAINED_DAYS_AGO else None)
        self.run("ingest", at=trained)
        for _ in range(2):  # so that there is a version before
            self.run("train", "--candidates", "SeasonalNaive", at=trained)
            self.run("promote", "--force", "--reason", "quick", at=trained)
        self.run("publish", at=trained)
        key = servers.make_key(self.home, KEY, "--scope", "metrics")
        shutil.copytree(self.home, self.folder / "saved")
        return key

    def reset(self) -> None:
        """End the service, and go back to the home of some weeks ago, and to no backups."""
        self.stop()
        self.disks.close()
        for place in (self.home, self.folder / "backup"):
            shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder / "saved", self.home)
        (self.folder / "backup").mkdir()

    def send(self, change: Change = unchanged) -> None:
        """Write the extract, of rows that are changed in between."""
        for name, rows in self.simulated.items():
            sent = [row for row in (change(dict(row)) for row in rows) if row is not None]
            with (self.system / "extract" / name).open("w", newline="") as lines:
                writer = csv.DictWriter(lines, list(sent[0] if sent else rows[0]))
                writer.writeheader()
                writer.writerows(sent)

    def run(self, command: str, *options: object, at: datetime | None = None, ends: int = 0) -> Ended:
        """A command, which must end with the exit code. It is a process of its own, unless it is for another instant.

        MLflow's library holds a database open that `reset` replaces.
        """
        where = (command, "--system", self.system / "system.toml", "--home", self.home, *options)
        ended = process(*where) if at is None else headroom_at(at, *where)
        assert ended.exit_code == ends, ended.err
        return ended

    def keys(self, *command: str) -> None:
        ended = servers.run_service(self.home, "keys", *command)
        assert ended.returncode == 0, ended.stderr

    def serve(self) -> None:
        self._service.enter_context(servers.service(self.home, port=self.service_port, HEADROOM_POLL_SECONDS="1"))

    def stop(self) -> None:
        self._service.close()

    def follow(self, heading: str) -> str:
        """Run every command of a section of the runbook in order, and return what they printed."""
        found = [block.text for block in blocks(section(RUNBOOK.read_text(), heading)) if block.language == SHELL]
        assert found, f"{heading} has no commands"
        return "".join(self._bash(commands).stdout for commands in found)

    def doctor(self) -> "subprocess.CompletedProcess[str]":
        """Return the end of `headroom doctor`, as the runbook has it."""
        (doctor, *_) = blocks(section(RUNBOOK.read_text(), "Check the state"))
        assert doctor.text.startswith("headroom doctor ")
        return self._bash(doctor.text)

    def check_healthy(self, printed: str) -> None:
        """Fail where the doctor finds a fault; `printed` is what was done before."""
        assert eventually(lambda: self.doctor().returncode == 0), f"{printed}\n{self.doctor().stdout}"

    def _bash(self, commands: str) -> "subprocess.CompletedProcess[str]":
        return Story(self.folder).follow(commands.replace(PRINTED_ADDRESS, self.address))


def damage_newest(home: Path) -> None:
    """Cut the newest document short in its file, as a broken disk does."""
    with sqlite3.connect(home / "publications.db") as file:
        file.execute(
            "UPDATE publications SET document = substr(document, 1, length(document) / 2) "
            "WHERE id = (SELECT max(id) FROM publications)"
        )
    file.close()


def deployed(folder: Path) -> Iterator[tuple[Deployed, str]]:
    """Yield a deployed system and Prometheus' key; its service is stopped in the end."""
    made = Deployed(folder)
    try:
        yield made, made.make()
    finally:
        made.stop()
        made.disks.close()
