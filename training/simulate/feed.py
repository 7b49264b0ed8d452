"""The extracts as a hospital sends them, cell by cell, before they are written; a fault can change any of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from publication.vocabulary import ATTENDANCES
from training.simulate.places import Place
from training.simulate.world import MEASURES, World, total

HEADER = ("code", "date", *MEASURES)
HEADER_LINES = 1


@dataclass(eq=False, slots=True)
class Line:
    """A row of an extract as text; a count that the place does not have is blank."""

    cells: list[str]

    def __getitem__(self, measure: str) -> str:
        return self.cells[HEADER.index(measure)]

    def __setitem__(self, measure: str, text: str) -> None:
        self.cells[HEADER.index(measure)] = text

    def copy(self) -> "Line":
        return Line(list(self.cells))


@dataclass
class Feed:
    """Files of lines in order. `at` finds the line of a place's code and day, also when it was taken out."""

    days: Sequence[date]
    places: Sequence[Place]  # those that have lines
    files: dict[str, list[Line]] = field(default_factory=dict)
    at: dict[tuple[str, date], Line] = field(default_factory=dict)

    def codes(self, measure: str, day: date | None = None) -> list[str]:
        """The places whose lines have the measure: at some time, or on the day."""
        concerned = [place for place in self.places if measure in measures_of(place)]
        return [place.code for place in concerned if day is None or place.reports_on(day)]

    def sites(self) -> list[list[str]]:
        """The codes that come together: each site with its bottom places, under the codes they have in its days."""
        return [[site.code, *self._parts(site)] for site in self.places if site.counts_arrivals]

    def _parts(self, site: Place) -> list[str]:
        return [
            place.code
            for place in self.places
            if place is not site and place.valid_from == site.valid_from and place.bottom <= site.bottom
        ]

    def numbers(self) -> dict[int, int]:
        """The line number of each line, by its identity; the header is line 1."""
        return {
            id(line): number
            for lines in self.files.values()
            for number, line in enumerate(lines, HEADER_LINES + 1)
        }  # fmt: skip


def feed(world: World) -> Feed:
    """Everything that happened, one wide file for each year, day by day."""
    reporting = [place for place in world.places if place.counts_beds or place.counts_arrivals]
    filled = Feed(world.days, reporting)
    columns = {place.code: _columns(world, place) for place in reporting}
    for i, day in enumerate(world.days):
        lines = filled.files.setdefault(extract_name(day), [])
        for place in reporting:
            if place.reports_on(day):
                line = Line([place.code, day.isoformat(), *(column[i] for column in columns[place.code])])
                lines.append(line)
                filled.at[place.code, day] = line
    return filled


def extract_name(day: date) -> str:
    """The file that has this day."""
    return f"{day.year:04d}.csv"


def revised_name(days: Sequence[date]) -> str:
    """A file of corrections; its name comes after that of every other extract, as a later file's does."""
    return f"{days[-1].year:04d}_revised.csv"


def measures_of(place: Place) -> list[str]:
    """Return the measures that the extracts count at a place."""
    return [measure for measure in MEASURES if (place.counts_arrivals if measure == ATTENDANCES else place.counts_beds)]


def _columns(world: World, place: Place) -> list[list[str]]:
    return [list(_column(world, place, measure)) for measure in MEASURES]


def _column(world: World, place: Place, measure: str) -> Iterator[str]:
    counts = total(world.counts, place, measure) if measure in measures_of(place) else None
    if counts is None:
        return iter([""] * len(world.days))
    return map(str, counts[:, 0].tolist())
