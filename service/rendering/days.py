"""The days of one series as text: a template for all of them, filled at once. Thousands of series wait for this."""

from collections.abc import Callable
from functools import cache

import orjson

from publication.days import counted_leads, target_day
from publication.model import DayForecast, Publication, SeriesForecast
from publication.packed import PackedRows
from service.queries.selection import Selection

Template = Callable[[str, int], str]
"""Of a day, by its date and lead: `%s` for the mean and each quantile."""

Fill = Callable[[SeriesForecast, tuple[str, ...]], str]
"""Makes the text of a series' selected days of its figures."""


class DayValues:
    """The selected numbers of any series, day after day, as JSON writes them: the mean, then the quantiles."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        self._columns = [0, *(1 + i for i, _ in selection.quantiles(publication.system))]
        self._rows = selection.horizon
        self._cutoff = publication.cutoff

    def of(self, series: SeriesForecast) -> tuple[str, ...]:
        rows = self._rows
        if series.counted_on and rows is not None:
            rows = len(counted_leads(self._cutoff, rows, series.counted_on))
        numbers = _packed(series).numbers(rows, self._columns)
        return tuple(orjson.dumps(numbers)[1:-1].decode().split(","))  # in a fifth of the time of `repr` for each


def days_filler(publication: Publication, selection: Selection, day: Template, between: str) -> Fill:
    """What fills the selected days of any series with its figures; there is one template for each set of weekdays."""
    cutoff, horizon = publication.cutoff, selection.horizon or publication.system.horizon_days

    @cache
    def template(counted_on: tuple[int, ...]) -> str:
        leads = counted_leads(cutoff, horizon, counted_on)
        return between.join(day(target_day(cutoff, lead).isoformat(), lead) for lead in leads)

    every_day = template(())

    def fill(series: SeriesForecast, figures: tuple[str, ...]) -> str:
        if not series.counted_on:
            return every_day % figures
        counted = template(series.counted_on)
        return counted % figures if counted else ""

    return fill


def _packed(series: SeriesForecast) -> PackedRows[DayForecast]:
    """The days as the store gives them."""
    if not isinstance(series.days, PackedRows):
        raise TypeError(f"The days of {series.unique_id} are not packed: it was not read from a store.")
    return series.days
