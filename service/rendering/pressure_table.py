"""Pressure as a table: CSV, lines of JSON, and rows in a JSON body."""

from collections.abc import Iterator
from functools import cache

from publication.model import Publication
from publication.pressure import SHORT_BY
from service.queries.pressure import PlacePressure
from service.queries.selection import CSV, NDJSON, ROWS, Form
from service.queries.system_pressure import PressureSelection, Ranking
from service.rendering.bodies import Json, json_text, json_value
from service.rendering.pressure import NULL, PressureFormat, place_fields
from service.rendering.pressure_numbers import Filling
from service.rendering.tables import ROWS_END, csv_cells, csv_line, rows_start

PRESSURE_PLACE_COLUMNS = ("rank", "place", "parent", "name", "kind", "cutoff")
NO_CELL = ""
N_ADVICE = 3
"""Cells of a row that are advice, or say that there is none: is_worst_day, driver and discharges_needed."""


def pressure_table(
    publication: Publication, wanted: PressureSelection, ranking: Ranking, form: Form, block: Json
) -> Iterator[bytes]:
    """Yield a body with a row for each place and day, place by place, worst first; `block` is for JSON alone.

    What is advised stands in the row of the worst day.
    """
    rows = _Rows(PressureFormat(publication, wanted.series), form)
    places = (rows.of(rank, place) for rank, place in enumerate(ranking.places, start=1) if place.shown)
    if form is CSV:
        yield csv_line((*PRESSURE_PLACE_COLUMNS, *rows.day_columns))
    if form in (CSV, NDJSON):
        yield from (f"{part}\n".encode() for part in places)
        return
    yield rows_start(block)
    for n, part in enumerate(places):
        yield f"{',' if n else ''}{part}".encode()
    yield ROWS_END


class _Rows:
    """The rows of any place, each as a line of CSV or as an object."""

    def __init__(self, names: PressureFormat, form: Form) -> None:
        self._names = names
        self._is_csv = form is CSV
        self._between = "," if form is ROWS else "\n"
        self._none = NO_CELL if self._is_csv else NULL
        self._level = cache(self._cell)
        self._filling = cache(self._made_filling)
        self._no_advice = [self._cell(value) for value in (False, None, None)]
        quantiles = [f"{name}_{level}" for name in ("occupancy", "headroom", "net_flow") for level in names.columns]
        chances = [*(f"over_{threshold}" for threshold in names.thresholds), *(f"short_{beds}" for beds in SHORT_BY)]
        advised = ("level", "is_worst_day", "driver", "discharges_needed")
        self.day_columns = ("ds", "lead", "beds", *quantiles, *chances, *advised)

    def of(self, rank: int, pressure: PlacePressure) -> str:
        """Return those of one place, one a day."""
        names, shown = self._names, pressure.shown
        fields = {"rank": rank, **place_fields(names, pressure), "cutoff": names.cutoff.isoformat()}
        place = csv_cells(fields.values()) if self._is_csv else json_text(fields)[:-1]
        advice = self._no_advice * len(shown)
        if pressure.worst is not None:
            start, of_worst = (
                N_ADVICE * shown.index(pressure.worst),
                (True, pressure.driver, pressure.discharges_needed),
            )
            advice[start : start + N_ADVICE] = map(self._cell, of_worst)
        levels = map(self._level, pressure.level_names)
        filling = self._filling(shown, bool(pressure.of.net_flow))
        return filling.of([*names.numbers.texts(pressure), place, self._none, *levels, *advice])

    def _made_filling(self, shown: range, has_flow: bool) -> Filling:
        """Return that of the rows of these days. After the numbers come the place, no number, levels, and advice."""
        numbers, n_days = self._names.numbers, len(shown)
        place = numbers.n_texts(n_days, has_flow=has_flow)
        none, level, advice = place + 1, place + 2, place + 2 + n_days
        order: list[int] = []
        for day, at in enumerate(numbers.positions(n_days, has_flow=has_flow)):
            order += [place, at.beds, *at.occupancy, *at.headroom]
            order += at.net_flow or [none] * len(self._names.columns)
            order += [*at.over, *at.short, level + day, *range(advice, advice + N_ADVICE)]
            advice += N_ADVICE
        return Filling(self._between.join(map(self._template, shown)), order)

    def _template(self, position: int) -> str:
        """Return a row of this day, with a place for the text of each other cell."""
        day, lead, *others = self.day_columns
        values = {day: self._cell(self._names.day(position)), lead: str(position + 1), **dict.fromkeys(others, "%s")}
        if self._is_csv:
            return ",".join(["%s", *values.values()])
        return f"%s,{','.join(f'{json_value(name)}:{value}' for name, value in values.items())}}}"

    def _cell(self, value: str | float | None) -> str:
        """Return the text of one cell."""
        if value is None:
            return self._none
        return csv_cells([value]) if self._is_csv else json_value(value)
