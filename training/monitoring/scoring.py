"""Live scores: issued forecasts are scored as a backtest scores its own, and averaged by slice."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import pandas as pd

from publication.live_scores import MOST_WEEKS, ChampionPeriod, LiveScores
from publication.model import Publication, PublicationSummary
from training.backtest.baselines import REFERENCES, with_references
from training.backtest.scores import error_of, mase_scales, reference_error_column, row_losses
from training.backtest.slices import regimes
from training.frames import WEEK
from training.history.point_in_time import PointInTimeHistory
from training.monitoring.control import CONTROL_COLUMNS, control_states
from training.monitoring.issued import IssuedForecasts
from training.monitoring.sums import (
    PERIOD,
    SlicedSums,
    added,
    champion_scores,
    lead_scores,
    quantile_shares,
    series_scores,
    sums_of,
)

SCORED_DAYS = WEEK * MOST_WEEKS
ROWS_AT_A_TIME = 300_000  # of forecasts: as many as a large publication has
BASELINE_LOSSES = {
    error_of("seasonal_naive"): "last_week_mae",
    reference_error_column("seasonal_naive"): "mae_vs_last_week",
    error_of("yesterday"): "yesterday_mae",
    reference_error_column("yesterday"): "mae_vs_yesterday",
}


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


class _Champions:
    """The version that published each cutoff, noted as the publications are read, oldest first."""

    def __init__(self) -> None:
        self._periods: dict[date, int] = {}
        self._versions: list[int] = []

    def noted(self, publications: Iterable[Publication]) -> Iterator[Publication]:
        for publication in publications:
            version = publication.champion.version
            if not self._versions or self._versions[-1] != version:
                self._versions.append(version)
            self._periods[publication.cutoff] = len(self._versions) - 1
            yield publication

    def period_of(self, cutoffs: pd.Series) -> pd.Series:
        """Return the number of the period of each cutoff."""
        return cutoffs.map({pd.Timestamp(cutoff): period for cutoff, period in self._periods.items()})

    @property
    def newest(self) -> int:
        """The number of the newest period."""
        return len(self._versions) - 1

    def periods(self, scored: Iterable[pd.Timestamp]) -> dict[int, ChampionPeriod]:
        """Return each period that has scored cutoffs, by its number, with the first and the last of them."""
        cutoffs: dict[int, list[date]] = {}
        for day in sorted(scored):
            cutoffs.setdefault(self._periods[day.date()], []).append(day.date())
        return {number: ChampionPeriod(self._versions[number], of[0], of[-1]) for number, of in cutoffs.items()}


def score_issued(
    publications: Iterable[Publication],
    history: PointInTimeHistory,
    oldest: date,
    last: date,
    scored_at: datetime,
    rows_at_a_time: int = ROWS_AT_A_TIME,
) -> LiveScores | None:
    """Return the live scores of publications, oldest first, one for each cutoff.

    Scales are those known at the `oldest` cutoff. None where no forecast has an actual yet.
    """
    first = first_scored(last)
    scales = mase_scales(history, max(pd.Timestamp(oldest), history.first_day))
    parts: list[SlicedSums] = []
    lead_one: list[pd.DataFrame] = []
    cutoffs: set[pd.Timestamp] = set()
    champions = _Champions()
    issued = IssuedForecasts(history, pd.Timestamp(first), pd.Timestamp(last))
    for levels, rows in issued.batches(champions.noted(publications), rows_at_a_time):
        if rows.empty:
            continue
        sliced = _with_baselines(rows, history).assign(
            regime=regimes(rows, history.system, history.context, (first, last)),
            **{PERIOD: champions.period_of(rows["cutoff"])},
        )
        losses = row_losses(sliced, scales, levels).rename(columns=BASELINE_LOSSES)
        parts = [added([*parts, sums_of(losses, last, levels)])]
        is_controlled = (losses["lead"] == 1) & ~losses["fallback"]
        lead_one.append(losses.loc[is_controlled, [*CONTROL_COLUMNS, PERIOD]])
        cutoffs.update(map(pd.Timestamp, rows["cutoff"].unique()))
    if not cutoffs:
        return None
    summed = parts[0]
    controlled = pd.concat(lead_one, ignore_index=True)
    return LiveScores(
        system=history.system.name,
        scored_at=scored_at,
        first=first,
        last=last,
        n_publications=len(cutoffs),
        scores=series_scores(summed.series),
        by_lead=lead_scores(summed.leads),
        by_champion=champion_scores(summed.champions, champions.periods(cutoffs)),
        quantiles=quantile_shares(summed.quantiles),
        control=control_states(controlled[controlled[PERIOD] == champions.newest], history.system, levels),
    )


def _with_baselines(rows: pd.DataFrame, history: PointInTimeHistory) -> pd.DataFrame:
    """Return the rows with the references of a backtest, as known at each cutoff; NaN before the history begins."""
    known = with_references(rows[rows["cutoff"] >= history.first_day], history)
    for cutoff in known["cutoff"].unique():  # each is in one batch: of a large region, a hundred would fill the memory
        history.with_places_at(pd.Timestamp(cutoff)).as_of.cache_clear()
    return rows.join(known[list(REFERENCES)])
