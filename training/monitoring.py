"""Live scores: issued forecasts are scored as a backtest scores its own, and averaged by slice."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import chain

import numpy as np
import pandas as pd

from publication.live_scores import SLICES, LiveScores, Losses, Score, Slice
from publication.model import Publication, PublicationSummary, SeriesForecast, System
from publication.vocabulary import quantile_column
from training.backtest.baselines import trusted_actuals
from training.backtest.scores import mase_scales, row_losses
from training.backtest.slices import regimes, with_slices
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


SCORED_DAYS = 91
"""Thirteen weeks of target days: enough for a coverage to mean something, soon enough to see it change."""

ROWS_AT_A_TIME = 300_000  # of forecasts: as many as a large publication has
N, SUM, COUNT = "n", "sum", "count"


def first_scored(last: date) -> date:
    """Return the first target day of live scores up to `last`."""
    return last - timedelta(days=SCORED_DAYS - 1)


def to_score(summaries: Iterable[PublicationSummary], last: date, horizon_days: int) -> list[PublicationSummary]:
    """Return the last revision for each cutoff whose leads may reach the scored days, oldest first."""
    first_cutoff = first_scored(last) - timedelta(days=horizon_days)
    in_reach = (summary for summary in summaries if first_cutoff <= summary.cutoff < last)
    by_cutoff: dict[date, PublicationSummary] = {}
    for summary in sorted(in_reach, key=lambda summary: (summary.cutoff, summary.revision)):
        by_cutoff[summary.cutoff] = summary
    return list(by_cutoff.values())


def score_issued(
    publications: Iterable[Publication],
    history: PointInTimeHistory,
    oldest: date,
    last: date,
    scored_at: datetime,
    rows_at_a_time: int = ROWS_AT_A_TIME,
) -> LiveScores | None:
    """Return the live scores of publications; scales are those known at the `oldest` cutoff.

    None where no forecast has an actual yet.
    """
    first = first_scored(last)
    scales = mase_scales(history, max(pd.Timestamp(oldest), history.first_day))
    parts: list[pd.DataFrame] = []
    cutoffs: set[pd.Timestamp] = set()
    issued = IssuedForecasts(history, pd.Timestamp(first), pd.Timestamp(last))
    for levels, rows in issued.batches(publications, rows_at_a_time):
        with_regimes = rows.assign(regime=regimes(rows, history.system, history.context, (first, last)))
        parts = [_added([*parts, _sums(row_losses(with_regimes, scales, levels))])]
        cutoffs.update(rows["cutoff"].unique())
    if not cutoffs:
        return None
    return LiveScores(
        system=history.system.name,
        scored_at=scored_at,
        first=first,
        last=last,
        n_publications=len(cutoffs),
        scores=_scores(parts[0]),
    )


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by slice the numbers of rows and fallbacks, and sum and count of each loss, in two levels of columns."""
    grouped = with_slices(rows, SLICES).groupby(list(SLICES), observed=True)
    losses = grouped[list(Losses._fields)]
    of_rows = pd.DataFrame({N: grouped.size(), "fallbacks": grouped["fallback"].sum()})
    summed = pd.concat({N: of_rows, SUM: losses.sum(), COUNT: losses.count()}, axis=1)
    summed.index = pd.MultiIndex.from_tuples([tuple(map(str, slice_)) for slice_ in summed.index], names=SLICES)
    return summed


def _added(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts).groupby(level=list(SLICES)).sum()


def _scores(summed: pd.DataFrame) -> tuple[Score, ...]:
    """Return mean losses; one that a forecast of the slice lacks is None, or means of slices could not be combined."""
    counts, n_rows = summed[COUNT].to_numpy(), summed[N][[N]].to_numpy()
    means = np.where(counts == n_rows, summed[SUM].to_numpy() / n_rows, np.nan)
    return tuple(
        Score(Slice(*of), int(n), int(fallbacks), Losses(*(None if np.isnan(loss) else loss for loss in losses)))
        for of, (n, fallbacks), losses in zip(summed.index, summed[N].to_numpy(), means.tolist(), strict=True)
    )
