"""The days of one series as text: a template for all of them, filled at once. Thousands of series wait for this."""

from collections.abc import Callable

import orjson

from publication.days import target_day
from publication.model import DayForecast, Publication, SeriesForecast, System
from publication.packed import Packed
from service.selection import Selection

Template = Callable[[str, int], str]
"""Of a day, by its date and lead: `%s` for the mean and each quantile."""


class Figures:
    """The selected numbers of any series, day after day, as JSON writes them: the mean, then the quantiles."""

    def __init__(self, system: System, selection: Selection) -> None:
        self._columns = [0, *(1 + i for i, _ in selection.quantiles(system))]
        self._horizon = selection.horizon

    def of(self, series: SeriesForecast) -> tuple[str, ...]:
        numbers = _packed(series).numbers(self._horizon, self._columns)
        return tuple(orjson.dumps(numbers)[1:-1].decode().split(","))  # in a fifth of the time of `repr` for each


def days_template(publication: Publication, selection: Selection, day: Template, between: str) -> str:
    """The selected days of any series, to be filled with its figures."""
    leads = range(1, (selection.horizon or publication.system.horizon_days) + 1)
    return between.join(day(target_day(publication.cutoff, lead).isoformat(), lead) for lead in leads)


def _packed(series: SeriesForecast) -> Packed[DayForecast]:
    """The days as the store gives them."""
    if not isinstance(series.days, Packed):
        raise TypeError(f"The days of {series.unique_id} are not packed: it was not read from a store.")
    return series.days
