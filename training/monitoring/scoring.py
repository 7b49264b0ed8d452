"""The ledger: issued forecasts scored as a backtest scores its own, and averaged by every slice."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from publication.ledger import SLICES, LiveScores, Losses, Score, Slice
from publication.model import Publication, PublicationSummary
from training.backtest.judged import row_losses
from training.backtest.regimes import regimes
from training.backtest.scores import mase_scales
from training.backtest.slices import with_slices
from training.history.known import PointInTimeHistory
from training.monitoring.issued import Issued

SCORED_DAYS = 91
"""Thirteen weeks of target days: enough for a coverage to mean something, soon enough to see it change."""

ROWS_AT_A_TIME = 300_000  # of forecasts: as many as a large publication has
N, SUM, COUNT = "n", "sum", "count"


def first_scored(last: date) -> date:
    """The first of the target days that a ledger up to `last` is about."""
    return last - timedelta(days=SCORED_DAYS - 1)


def to_score(headings: Iterable[PublicationSummary], last: date, horizon_days: int) -> list[PublicationSummary]:
    """The last revision for each cutoff whose leads may reach the scored days, oldest first."""
    first_cutoff = first_scored(last) - timedelta(days=horizon_days)
    in_reach = (heading for heading in headings if first_cutoff <= heading.cutoff < last)
    by_cutoff: dict[date, PublicationSummary] = {}
    for heading in sorted(in_reach, key=lambda heading: (heading.cutoff, heading.revision)):
        by_cutoff[heading.cutoff] = heading
    return list(by_cutoff.values())


def score_issued(
    publications: Iterable[Publication],
    history: PointInTimeHistory,
    oldest: date,
    last: date,
    scored_at: datetime,
    rows_at_a_time: int = ROWS_AT_A_TIME,
) -> LiveScores | None:
    """The ledger of the publications, `oldest` being the first cutoff: what was known by then gives the scales.

    None where no forecast has an actual yet.
    """
    first = first_scored(last)
    scales = mase_scales(history, max(pd.Timestamp(oldest), history.first_day))
    parts: list[pd.DataFrame] = []
    cutoffs: set[pd.Timestamp] = set()
    issued = Issued(history, pd.Timestamp(first), pd.Timestamp(last))
    for levels, rows in issued.batches(publications, rows_at_a_time):
        told = rows.assign(regime=regimes(rows, history.system, history.context, (first, last)))
        parts = [_added([*parts, _sums(row_losses(told, scales, levels))])]
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
    """By slice: how many rows and fallbacks, and the sum and count of each loss, under two levels of columns."""
    grouped = with_slices(rows, SLICES).groupby(list(SLICES), observed=True)
    losses = grouped[list(Losses._fields)]
    of_rows = pd.DataFrame({N: grouped.size(), "fallbacks": grouped["fallback"].sum()})
    summed = pd.concat({N: of_rows, SUM: losses.sum(), COUNT: losses.count()}, axis=1)
    summed.index = pd.MultiIndex.from_tuples([tuple(map(str, slice_)) for slice_ in summed.index], names=SLICES)
    return summed


def _added(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts).groupby(level=list(SLICES)).sum()


def _scores(summed: pd.DataFrame) -> tuple[Score, ...]:
    """A loss is told where every forecast of the slice has it: else means of slices could not be put together."""
    counts, n_rows = summed[COUNT].to_numpy(), summed[N][[N]].to_numpy()
    means = np.where(counts == n_rows, summed[SUM].to_numpy() / n_rows, np.nan)
    return tuple(
        Score(Slice(*of), int(n), int(fallbacks), Losses(*(None if np.isnan(loss) else loss for loss in losses)))
        for of, (n, fallbacks), losses in zip(summed.index, summed[N].to_numpy(), means.tolist(), strict=True)
    )
