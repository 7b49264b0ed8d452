"""Made-up extracts of three hospitals over sixty days, and what init writes for a file."""

import math
import random
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from training.discovery.discover import discover
from training.discovery.looking import Options
from training.system.model import SystemFile
from training.system.reading import read_system

DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(60)]
SITES = {"RX1": "North Hospital", "RX2": "South Hospital", "RX3": "East Hospital"}
REGION = {"RX1": "North", "RX2": "South", "RX3": "North"}
BEDS = {"RX1": 241, "RX2": 487, "RX3": 733}

Cell = object
Rows = Iterable[Sequence[Cell]]


def arrivals(site: str, day: date) -> int:
    """A flow: more on weekdays, with noise that is the same each time."""
    noise = random.Random(f"{site} {day}").randrange(-15, 16)
    return BEDS[site] // 2 + noise + (20 if day.weekday() < 5 else 0)


def occupied(site: str, day: date) -> int:
    """A stock that moves slowly."""
    swing = 14 * math.sin((day - DAYS[0]).days / 9 + len(site))
    return BEDS[site] * 4 // 5 + round(swing) + random.Random(f"{day} {site}").randrange(3)


def csv_of(header: Sequence[str], rows: Rows, separator: str = ",") -> str:
    """The text of a file."""
    return "".join(separator.join(map(str, row)) + "\n" for row in (header, *rows))


def daily(header: Sequence[str], row: Callable[[str, date], Sequence[Cell]], separator: str = ",") -> str:
    """A file with one row a site and day."""
    return csv_of(header, (row(site, day) for day in DAYS for site in SITES), separator)


@dataclass(frozen=True)
class Written:
    """What init writes: the system file as it is read, its content, and the places."""

    system_file: SystemFile
    content: dict[str, dict[str, dict[str, object]]]

    @property
    def places(self) -> dict[str, str | None]:
        """The parent of each place but the root."""
        system = self.system_file.system
        return {p.id: p.parent for p in system.places if p.id != system.name}

    @property
    def names(self) -> dict[str, str]:
        return {place.id: place.name for place in self.system_file.system.places}

    def source(self, name: str = "daily") -> dict[str, object]:
        """The keys of a source, without its path."""
        return {key: value for key, value in self.content["sources"][name].items() if key != "path"}

    @property
    def measures(self) -> dict[str, object]:
        """The columns of each measure of all sources."""
        found: dict[str, object] = {}
        for source in self.content["sources"].values():
            measures = source["measures"]
            assert isinstance(measures, dict)
            found |= measures
        return found


def written(folder: Path, files: dict[str, str | bytes], options: Options = Options()) -> Written:  # noqa: B008
    """What init writes for files of these contents."""
    paths = []
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    draft = discover(paths, folder, options).draft
    target = folder / "system.toml"
    target.write_text(draft.toml, encoding="utf-8")
    (folder / "places.csv").write_text(draft.places_csv, encoding="utf-8")
    return Written(read_system(target), tomllib.loads(draft.toml))


def of_text(folder: Path, text: str | bytes, options: Options = Options()) -> Written:  # noqa: B008
    """What init writes for one CSV."""
    return written(folder, {"extract.csv": text}, options)
