"""A hospital system on its way from files to forecasts: real commands, a real service."""

import csv
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pandas as pd

from tests import planted, servers
from tests.architecture.repository import ROOT
from tests.unit.cli.commands import Ended, clean_environ, headroom

NOTICED_SECONDS = 20.0
COUNTS = ("rows", "new", "revised", "unchanged", "superseded", "empty", "ignored", "quarantined")


def ingested(out: str) -> dict[str, int]:
    """The numbers of an ingest table, added up over its files."""
    lines = [re.findall(r"(?<=\u2502) *(\d+) *(?=\u2502)", line) for line in out.splitlines()]
    rows = [[int(number) for number in numbers] for numbers in lines if len(numbers) == len(COUNTS)]
    return dict(zip(COUNTS, map(sum, zip(*rows, strict=True)), strict=True))


@dataclass(frozen=True)
class Journey:
    """One system, its home, and the service that is running over that home."""

    system: Path
    home: Path
    address: str
    last_day: date

    @property
    def where(self) -> tuple[object, ...]:
        """The options that every command takes."""
        return ("--system", self.system, "--home", self.home)

    def headroom(self, command: str, *options: object, allowed: tuple[int, ...] = (0,)) -> Ended:
        """A command, which must end with an allowed exit code."""
        ended = headroom(command, *self.where, *options)
        assert ended.exit_code in allowed, ended.err
        return ended

    def newest_value(self, unique_id: str, *as_of: str) -> float:
        """Return the count of `headroom history` for the last day of a series."""
        out = self.home / "out" / "history.parquet"
        self.headroom("history", "--out", out, *as_of)
        known = pd.read_parquet(out)
        assert list(known.columns) == ["unique_id", "ds", "y", "known_at"]
        series = known[(known["unique_id"] == unique_id) & (known["ds"] == pd.Timestamp(self.last_day))]
        return float(series["y"].item())

    def count(self, place: str, day: date, measure: str) -> float:
        """A count as the extract has it."""
        (row,) = (row for row in self._rows(day) if (row["code"], row["date"]) == (place, day.isoformat()))
        return float(row[measure])

    def add_to_newest_count(self, place: str, measure: str, more: int) -> None:
        rows = self._rows(self.last_day)
        for row in rows:
            if (row["code"], row["date"]) == (place, self.last_day.isoformat()):
                row[measure] = str(int(row[measure]) + more)
        with self._file(self.last_day).open("w", newline="") as lines:
            writer = csv.DictWriter(lines, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def _rows(self, day: date) -> list[dict[str, str]]:
        with self._file(day).open(newline="") as lines:
            return list(csv.DictReader(lines))

    def _file(self, day: date) -> Path:
        return self.system.parent / "extract" / f"{day.year}.csv"


def yesterday_in(folder: Path) -> date:
    """The last day of the extracts of a simulated system."""
    newest = max((folder / "extract").iterdir())
    with newest.open(newline="") as lines:
        return max(date.fromisoformat(row["date"]) for row in csv.DictReader(lines))


@contextmanager
def service(home: Path) -> Iterator[str]:
    """The address of `python -m service` over a home, as long as the block runs."""
    home.mkdir(parents=True, exist_ok=True)
    port, log = servers.free_port(), home / "service.log"
    command = [sys.executable, "-m", "service", "--home", str(home), "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=clean_environ(), stdout=output, stderr=output)
    try:
        servers.wait_until_listening(port, process, log)
        yield f"http://{servers.LOOPBACK}:{port}"
    finally:
        servers.stop(process)
    planted.check(log.read_bytes(), "the log of the service")


def ready(address: str) -> bool:
    return httpx.get(f"{address}/readyz").status_code == 200


def eventually(holds: Callable[[], bool], seconds: float = NOTICED_SECONDS) -> bool:
    """Return whether it holds before the time is up."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(0.1)
    return False
