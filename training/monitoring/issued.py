"""Issued forecasts as a backtest has its own: a row for each, with its actual."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain

import numpy as np
import pandas as pd

from publication.model import Publication, SeriesForecast, System
from publication.vocabulary import quantile_column
from training.backtest.baselines import trusted_actuals
from training.frames import forecast_columns
from training.history.hierarchy import bottom_series, summing
from training.history.point_in_time import PointInTimeHistory


class IssuedForecasts:
    """Issued forecasts for the days from `first` to `last`, with their actuals."""

    def __init__(self, history: PointInTimeHistory, first: pd.Timestamp, last: pd.Timestamp) -> None:
        self._history = history
        self._days = pd.date_range(first, last, freq="D", name="ds")
        self._observed = cache(self._actuals)

    def batches(
        self, publications: Iterable[Publication], rows_at_a_time: int
    ) -> Iterator[tuple[tuple[float, ...], pd.DataFrame]]:
        """Yield quantile levels, and so many rows (or some more) at a time, as a backtest has them, with actuals."""
        held: list[pd.DataFrame] = []
        levels: tuple[float, ...] = ()
        for publication in publications:
            is_full = sum(map(len, held)) >= rows_at_a_time
            if held and (is_full or publication.system.quantiles != levels):
                yield levels, pd.concat(held, ignore_index=True)
                held = []
            levels = publication.system.quantiles
            held.append(self.rows(publication))
        if held:
            yield levels, pd.concat(held, ignore_index=True)

    def rows(self, publication: Publication) -> pd.DataFrame:
        """Return rows with the columns of a backtest; series that the system no longer has are left out."""
        system = self._history.system
        current = [
            series
            for series in publication.series
            if series.key.place in system.place_by_id and series.key.measure in system.measure_by_name
        ]
        rows = _rows(publication, current)
        observed = self._observed(publication.system, tuple(sorted(of.unique_id for of in publication.series)))
        day = self._days.get_indexer(pd.DatetimeIndex(rows["ds"]))
        y = observed.to_numpy()[day, observed.columns.get_indexer(pd.Index(rows["unique_id"]))]
        levels = publication.system.quantiles
        known = rows.assign(y=np.where(day >= 0, y, np.nan)).dropna(subset="y", ignore_index=True)
        return known[forecast_columns(levels)]

    def _actuals(self, system: System, unique_ids: tuple[str, ...]) -> pd.DataFrame:
        """Return actuals of the published bottom series, and of the parents that they had then: trees change.

        Days that are not to be trusted have none, nor has a parent where one of its parts has left the history with
        its place.
        """
        parts = summing(system, bottom_series(system, unique_ids))
        observed = trusted_actuals(self._history, parts, self._days)
        is_removed = ~parts.index.isin(self._history.latest.columns)
        return observed.mask(np.broadcast_to((parts.to_numpy()[is_removed] > 0).any(axis=0), observed.shape))


def _rows(publication: Publication, forecasts: Sequence[SeriesForecast]) -> pd.DataFrame:
    """Return a row for each series and lead that it has."""
    levels = publication.system.quantiles
    numbers = np.array(
        [(day.lead, day.mean, *day.quantiles) for day in chain.from_iterable(series.days for series in forecasts)],
        dtype=float,
    ).reshape(-1, 2 + len(levels))
    leads, n_days = numbers[:, 0].astype(np.int64), [len(series.days) for series in forecasts]
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.array([series.unique_id for series in forecasts], dtype=object), n_days),
            "cutoff": pd.Timestamp(publication.cutoff),
            "ds": pd.Timestamp(publication.cutoff) + pd.to_timedelta(leads, unit="D"),
            "lead": leads,
            "mean": numbers[:, 1],
            **{quantile_column(level): numbers[:, 2 + i] for i, level in enumerate(levels)},
            "model": np.repeat(np.array([series.model for series in forecasts], dtype=object), n_days),
            "fallback": np.repeat(np.array([series.fallback for series in forecasts], dtype=bool), n_days),
        }
    )
