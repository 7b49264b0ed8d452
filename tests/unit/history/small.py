"""A system of two sites whose extracts are written by hand, and the ingest of them."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.summary import IngestSummary
from training.system.model import SystemFile
from training.system.reading import read_system

SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
max_rejected_share = 1.0  # extracts of a few rows, most of them bad
[[places]]
place = "A"
[[places]]
place = "B"
"""
WIDE = """
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { occupancy = "occupied", beds = ["occupied", "free"] }
ignore_places = ["ALL"]
"""
HEADER = "code,date,occupied,free\n"
LONG = """
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measure = "what"
value = "n"
stream = "age"
known_at = "published"
"""
LONG_HEADER = "code,date,what,age,n,published\n"
NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


class Hospital:
    """The folder of a system: its file, its extracts, its archive and its quarantine."""

    def __init__(self, folder: Path, source: str = WIDE) -> None:
        self.folder = folder
        self._system_file = folder / "system.toml"
        self._system_file.write_text(SYSTEM + source, encoding="utf-8")
        self.archive = Archive(folder / "history" / "north", "Europe/London")
        self.quarantine = folder / "quarantine"

    @property
    def system_file(self) -> SystemFile:
        return read_system(self._system_file)

    def send(self, content: str | bytes, name: str = "extract.csv") -> "Hospital":
        """Write an extract."""
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def ingest(self, now: datetime = NOW) -> IngestSummary:
        return ingest(self.system_file, self.archive, self.quarantine, now)

    def known(self, instant: datetime | None = None) -> dict[tuple[str, str], float]:
        """Return the counts of the archive, by unique_id and day."""
        table = self.archive.as_of(instant)
        return {(i, str(ds)[:10]): y for i, ds, y in zip(table["unique_id"], table["ds"], table["y"], strict=True)}

    def batches(self) -> list[str]:
        return sorted(path.name.rpartition("-")[0] for path in (self.folder / "history" / "north").glob("*.parquet"))


def read_quarantine(file: Path | None) -> list[dict[str, str]]:
    """The rows of a quarantine file."""
    assert file is not None
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
