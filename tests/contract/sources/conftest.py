"""The same system whose counts come from every kind of source."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contract.store.databases import new_postgresql_database
from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.summary import IngestSummary
from training.system.reading import read_system

NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
max_rejected_share = 1.0
[[places]]
place = "A"
[[places]]
place = "B"
[[places]]
place = "M\u00fcnster"
[sources.daily]
place = "code"
day = "date"
"""
WIDE = 'measures = { occupancy = "occupied", beds = ["occupied", "free"] }\n'


@dataclass(frozen=True)
class Extracts:
    """A folder with a system and whatever its source is."""

    folder: Path

    def ingest(self, source: str, counts: str = WIDE) -> IngestSummary:
        """Return the ingest of a source whose table has these keys."""
        (self.folder / "system.toml").write_text(SYSTEM + counts + source, encoding="utf-8")
        return ingest(read_system(self.folder / "system.toml"), self.archive, self.folder / "quarantine", NOW)

    @property
    def archive(self) -> Archive:
        return Archive(self.folder / "history", "Europe/London")

    def known(self) -> dict[tuple[str, str], float]:
        known = self.archive.as_of()
        return {(i, str(ds)[:10]): y for i, ds, y in zip(known["unique_id"], known["ds"], known["y"], strict=True)}


@pytest.fixture
def extracts(tmp_path: Path) -> Extracts:
    return Extracts(tmp_path)


@pytest.fixture
def new_database(postgresql_url: str) -> Callable[[], str]:
    """Makes an empty PostgreSQL database and gives its URL."""
    return lambda: new_postgresql_database(postgresql_url)
