"""Sums of losses of issued forecasts by slice: added up batch by batch, then divided into live scores."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from publication.live_scores import (
    MOST_WEEKS,
    SCORED_WEEKS,
    SLICES,
    ChampionPeriod,
    LeadScore,
    Losses,
    QuantileShare,
    Score,
    Slice,
)
from publication.vocabulary import quantile_column
from training.backtest.slices import with_slices
from training.frames import WEEK

N, SUM, COUNT = "n", "sum", "count"
PERIOD = "period"
"""Number of the period of a champion that a row's publication is of."""


class SlicedSums(NamedTuple):
    """Numbers of rows, and sums and counts of their losses, by slice: frames with two levels of columns."""

    series: pd.DataFrame
    leads: pd.DataFrame
    champions: pd.DataFrame
    quantiles: pd.DataFrame


def sums_of(rows: pd.DataFrame, last: date, levels: Sequence[float]) -> SlicedSums:
    """Return the sums of rows that have their losses, a `regime` and a `period`. Each cutoff is in one batch alone."""
    sliced = with_slices(rows, SLICES)
    parts = ((weeks, _of_last_weeks(sliced, last, weeks)) for weeks in SCORED_WEEKS)
    of_weeks = {weeks: part for weeks, part in parts if len(part)}
    return SlicedSums(
        series=pd.concat(_sums(part, SLICES, weeks) for weeks, part in of_weeks.items()),
        leads=pd.concat(_sums(part, ("measure", "lead"), weeks) for weeks, part in of_weeks.items()),
        champions=_sums(sliced, (PERIOD, "measure", "lead")),
        quantiles=pd.concat(_below(part, level, weeks) for weeks, part in of_weeks.items() for level in levels),
    )


def added(parts: Sequence[SlicedSums]) -> SlicedSums:
    """Return the sums of several batches."""
    return SlicedSums(*(_added(frames) for frames in zip(*parts, strict=True)))


def _added(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    together = pd.concat(frames)
    return together.groupby(level=list(together.index.names)).sum()


def _of_last_weeks(rows: pd.DataFrame, last: date, weeks: int) -> pd.DataFrame:
    return rows[rows["ds"] > pd.Timestamp(last - timedelta(days=WEEK * weeks))]


def _sums(rows: pd.DataFrame, by: Sequence[str], weeks: int | None = None) -> pd.DataFrame:
    """Return number of rows, fallbacks and cutoffs, and sum and count of each loss."""
    grouped = rows.groupby(list(by), observed=True)
    losses = grouped[list(Losses._fields)]
    of_rows = {N: grouped.size(), "fallbacks": grouped["fallback"].sum(), "publications": grouped["cutoff"].nunique()}
    summed = pd.concat({N: pd.DataFrame(of_rows), SUM: losses.sum(), COUNT: losses.count()}, axis=1)
    return _indexed(summed, by, {} if weeks is None else {"weeks": weeks})


def _below(rows: pd.DataFrame, level: float, weeks: int) -> pd.DataFrame:
    """Return by measure the number of rows and cutoffs, and how many actuals are at or below the quantile."""
    is_below = (rows["y"] <= rows[quantile_column(level)]).groupby(rows["measure"], observed=True)
    cutoffs = rows["cutoff"].groupby(rows["measure"], observed=True)
    of_rows = pd.DataFrame({N: is_below.size(), "publications": cutoffs.nunique()})
    summed = pd.concat({N: of_rows, SUM: pd.DataFrame({"at_or_below": is_below.sum()})}, axis=1)
    return _indexed(summed, ("measure",), {"quantile": level, "weeks": weeks})


def _indexed(summed: pd.DataFrame, by: Sequence[str], more: Mapping[str, float]) -> pd.DataFrame:
    """Return the sums with plain values in the index, not categories: batches do not share those."""
    values = [(*(key if isinstance(key, tuple) else (key,)), *more.values()) for key in summed.index]
    plain = [tuple(map(_plain, value)) for value in values]
    return summed.set_axis(pd.MultiIndex.from_tuples(plain, names=[*by, *more]))


def _plain(value: object) -> str | int | float:
    if isinstance(value, int | np.integer):
        return int(value)
    return value if isinstance(value, float) else str(value)


def series_scores(summed: pd.DataFrame) -> tuple[Score, ...]:
    """Return mean losses; one that a forecast of the slice lacks is None, or means of slices could not be combined."""
    counts, n_rows = summed[COUNT].to_numpy(), summed[N][[N]].to_numpy()
    means = np.where(counts == n_rows, summed[SUM].to_numpy() / n_rows, np.nan)
    return tuple(
        Score(Slice(*of), int(n), int(fallbacks), _losses(losses), int(publications))
        for of, (n, fallbacks, publications), losses in zip(
            summed.index, summed[N].to_numpy(), means.tolist(), strict=True
        )
    )


def lead_scores(summed: pd.DataFrame) -> tuple[LeadScore, ...]:
    """Return mean losses over the forecasts that have them."""
    return tuple(
        LeadScore(measure, lead, weeks, n, fallbacks, losses, publications)
        for (measure, lead, weeks), (n, fallbacks, publications), losses in _means(summed)
    )


def champion_scores(summed: pd.DataFrame, periods: Mapping[int, ChampionPeriod]) -> tuple[LeadScore, ...]:
    """Return the scores of the newest two periods; none where one champion published all."""
    newest = sorted(set(summed.index.get_level_values(PERIOD)))[-2:]
    if len(newest) < 2:
        return ()
    return tuple(
        LeadScore(measure, lead, MOST_WEEKS, n, fallbacks, losses, publications, periods[period])
        for (period, measure, lead), (n, fallbacks, publications), losses in _means(summed)
        if period in newest
    )


def quantile_shares(summed: pd.DataFrame) -> tuple[QuantileShare, ...]:
    """Return the shares of actuals at or below each quantile."""
    return tuple(
        QuantileShare(measure, level, weeks, int(n), float(below / n), int(publications))
        for (measure, level, weeks), (n, publications), below in zip(
            summed.index, summed[N].to_numpy(), summed[SUM]["at_or_below"], strict=True
        )
    )


def _means(summed: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], tuple[int, int, int], Losses]]:
    """Yield index, counts and mean losses of each row. A coverage is left out where some forecasts lack its levels."""
    counts, n_rows = summed[COUNT].to_numpy(), summed[N][[N]].to_numpy()
    is_coverage = np.array([name.startswith("coverage") for name in Losses._fields])
    means = summed[SUM].to_numpy() / np.where(counts > 0, counts, np.nan)
    means[is_coverage & (counts < n_rows)] = np.nan
    for of, numbers, losses in zip(summed.index, summed[N].to_numpy().tolist(), means.tolist(), strict=True):
        yield of, tuple(numbers), _losses(losses)


def _losses(values: Sequence[float]) -> Losses:
    return Losses(*(None if np.isnan(value) else value for value in values))
