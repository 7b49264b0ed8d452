"""Made-up extracts of three hospitals over forty-five days, in every form, and the values that each must give."""

import io
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest

from training.discovery.discover import discover
from training.discovery.looking import Options
from training.errors import TrainingError
from training.history.archive import Archive
from training.history.ingest import ingest
from training.system.reading import read_system

Cell = object
Rows = Sequence[Sequence[Cell]]
Values = dict[tuple[str, date], float]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
SYSTEM = "system"
DAYS = [date(2024, 2, 20) + timedelta(days=n) for n in range(45)]
HOURS = range(24)
SITES = {"H1": "Hôpital Nord", "H2": "Hôpital Sud", "H3": "Clinique Est"}
BEDS = {"H1": 31, "H2": 44, "H3": 58}
NEW_YORK = ZoneInfo("America/New_York")
SKIPPED = (date(2024, 3, 10), 2)
"""The hour that the clocks of New York skip."""


def _random(*parts: object) -> random.Random:
    return random.Random(" ".join(map(str, parts)))


def occupied(site: str, day: date, hour: int = 8) -> int:
    """A stock that moves slowly."""
    swing = round(5 * math.sin((day.toordinal() * 24 + hour) / 9))
    return BEDS[site] - 6 + swing + _random("occupied", site, day, hour).randrange(4)


def calls(site: str, day: date, hour: int) -> int:
    """A flow of an hour."""
    return BEDS[site] + _random("calls", site, day, hour).randrange(3, 30)


def arrivals(site: str, day: date) -> int:
    """The flow of a day."""
    return sum(calls(site, day, hour) for hour in HOURS)


def values(measure: str, of: Callable[[str, date], float], names: Iterable[str] = SITES) -> Values:
    """The values of a measure by series and day; `names` are the ids that the sites have in the file."""
    ids = zip(SITES, names, strict=False)
    return {(f"{name}/{measure}", day): float(of(site, day)) for site, name in ids for day in DAYS}


def of_snapshots(
    hours: Sequence[int] = HOURS, census: int = 8, sites: Iterable[str] = SITES, skipped: bool = False
) -> Values:
    """The values of snapshots at these hours: the census, and the mean and maximum of the day."""
    found: Values = {}
    for site in sites:
        for day in DAYS:
            seen = [occupied(site, day, hour) for hour in hours if not (skipped and (day, hour) == SKIPPED)]
            found[f"{site}/occupancy", day] = occupied(site, day, census)
            found[f"{site}/beds", day] = BEDS[site]
            found[f"{site}/occupancy_mean", day] = sum(seen) / len(seen)
            found[f"{site}/occupancy_max", day] = max(seen)
    return found


def csv(rows: Rows, separator: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    """The bytes of a text file; a cell with the separator is quoted."""
    lines = (separator.join(_quoted("" if cell is None else str(cell), separator) for cell in row) for row in rows)
    return "".join(line + end for line in lines).encode(encoding)


def _quoted(cell: str, separator: str) -> str:
    return f'"{cell}"' if separator in cell else cell


def workbook(sheets: dict[str, Rows]) -> bytes:
    """The bytes of a workbook."""
    book = openpyxl.Workbook()
    for number, (name, rows) in enumerate(sheets.items()):
        sheet = book.worksheets[0] if not number else book.create_sheet()
        sheet.title = name
        for row in rows:
            sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def xlsx(rows: Rows, sheet: str = "Data") -> bytes:
    """The bytes of a workbook of one sheet."""
    return workbook({sheet: rows})


def daily(header: Sequence[Cell], row: Callable[[str, date], Sequence[Cell]]) -> list[Sequence[Cell]]:
    """A header, and a row for each day and site."""
    return [header, *(row(site, day) for day in DAYS for site in SITES)]


def hourly(
    header: Sequence[Cell], row: Callable[[str, date, int], Sequence[Cell]], sites: Iterable[str] = SITES
) -> list[Sequence[Cell]]:
    """A header, and a row for each hour and site."""
    return [header, *(row(site, day, hour) for day in DAYS for hour in HOURS for site in sites)]


def shuffled(rows: Rows) -> list[Sequence[Cell]]:
    """The rows below the header in another order."""
    below = list(rows[1:])
    random.Random(4).shuffle(below)
    return [rows[0], *below]


def midnight(day: date) -> datetime:
    """A day as workbooks hold it."""
    return datetime(day.year, day.month, day.day)  # a cell has no zone


@dataclass(frozen=True)
class Case:
    """Files, and the values that they must give; or words of the sentence by which they are rejected."""

    name: str
    files: dict[str, bytes]
    expected: Values | str
    options: Options = field(default_factory=Options)

    def __str__(self) -> str:
        return self.name


def found(folder: Path, case: Case) -> Values:
    """The values of the files after init and an ingest."""
    paths = []
    for name, content in case.files.items():
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    draft = discover(paths, folder, case.options, SYSTEM).draft
    (folder / "system.toml").write_text(draft.toml, encoding="utf-8")
    (folder / "places.csv").write_text(draft.places_csv, encoding="utf-8")
    system_file = read_system(folder / "system.toml")
    archive = Archive(folder / "history", system_file.system.timezone)
    ingest(system_file, archive, folder / "quarantine", NOW)
    known = archive.as_of()
    ids, days = known["unique_id"].astype(str), pd.DatetimeIndex(known["ds"]).date
    return dict(zip(zip(ids, days, strict=True), known["y"].tolist(), strict=True))


def check(folder: Path, case: Case) -> None:
    """Fails unless every value is as expected, or the sentence has the expected words."""
    if isinstance(case.expected, str):
        with pytest.raises(TrainingError, match=case.expected):
            found(folder, case)
    else:
        assert found(folder, case) == pytest.approx(case.expected)
