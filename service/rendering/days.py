"""The days of one series as text: a template for all of them, filled at once. Thousands of series wait for this."""

from collections.abc import Callable

from publication.days import target_day
from publication.model import DayForecast, Publication, SeriesForecast
from publication.packed import Packed
from service.selection import Selection

Template = Callable[[str, int], str]
"""Of a day, by its date and lead: `%r` for the mean and each quantile, in which a float is written as JSON has it."""


class Days:
    """The selected days of any series of a publication."""

    def __init__(self, publication: Publication, selection: Selection, day: Template, between: str) -> None:
        self._columns = [0, *(1 + i for i, _ in selection.quantiles(publication.system))]
        self._horizon = selection.horizon
        leads = range(1, (selection.horizon or publication.system.horizon_days) + 1)
        self._template = between.join(day(target_day(publication.cutoff, lead).isoformat(), lead) for lead in leads)

    def text(self, series: SeriesForecast) -> str:
        return self._template % _packed(series).numbers(self._horizon, self._columns)


def _packed(series: SeriesForecast) -> Packed[DayForecast]:
    """The days as the store gives them."""
    if not isinstance(series.days, Packed):
        raise TypeError(f"The days of {series.unique_id} are not packed: it was not read from a store.")
    return series.days
