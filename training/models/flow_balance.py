"""The balance of flows: who is in bed tomorrow is who is in bed today, and who comes in, less who leaves.

Where a place counts occupancy, admissions and discharges, the last two are forecast, day by day: admissions by the
calendar-adjusted level, discharges by a hazard on the census that has been reached (`discharges.py`). The census starts
at the last known one, and follows from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.history.digests import pooled
from training.history.known import PointInTimeHistory
from training.history.ledger import ADMISSIONS, FlowCounts, FlowSeries, by_place, flow_series, read_flow_counts
from training.models.calendar_level import CalendarLevel
from training.models.candidate import (
    ForecastRequest,
    Means,
    by_fit_day,
    empty_means,
    fit_day,
    fitting_view,
    target_days,
)
from training.models.discharges import Hazard, causes, fitted_hazard, recent_admissions, update_ewma
from training.models.effects import design
from training.models.fit_cache import FitCache
from training.progress import with_progress

Values = NDArray[np.float64]
TRAINING_DAYS = 1096
SHORTEST_DAYS = 180  # of a place that all three are known of
SEASONS_TAKE_DAYS = 730
HARMONICS = 2  # waves of the year in the hazard
MEMORY_DAYS = 420
CORRECTED_OVER_DAYS = 14.0  # half-life of the recent days by which the hazard, and what is unexplained, are corrected
USUAL_DAYS = 7.0  # so many days' worth of no need for a correction
SETTLES_IN_DAYS = 4  # beyond which the census scatters no further: a fuller place discharges more
UNBALANCED = "the place does not count occupancy, admissions and discharges, or not for long enough"
SCATTER = 1.5  # of a day's census beside that of its discharges alone: admissions scatter too


class FlowBalance:
    """A candidate for occupancy and discharges of the places that count both, and admissions; it fails elsewhere."""

    def forecast(self, windows: ForecastRequest) -> Means:
        means = empty_means(windows)
        if flow_series(list(windows.history.latest.columns)):
            _forecast_all(windows, means)
        for cutoff, table in means.by_cutoff.items():
            missing = table.columns[table.isna().any()]
            means.failures.update({(cutoff, unique_id): UNBALANCED for unique_id in missing})
        return means


def _forecast_all(windows: ForecastRequest, means: Means) -> None:
    """Fill in occupancy and discharges of every place that balances, at all cutoffs."""
    entering = CalendarLevel(only=ADMISSIONS).forecast(windows)
    groups = by_fit_day(windows.cutoffs)
    with threadpool_limits(1):  # many small regressions: threads would only wait for one another
        for cutoffs in with_progress(groups.values(), "FlowBalance by refit day", len(groups)):
            _forecast(windows, cutoffs, entering, means)


def _forecast(windows: ForecastRequest, cutoffs: Sequence[pd.Timestamp], entering: Means, means: Means) -> None:
    """Fill in occupancy and discharges of every place that balances, at the cutoffs of one refit day."""
    history, fits, horizon = windows.history, windows.fits, windows.horizon
    ready = cache(lambda day, ahead_of: _ready(history, fits, day, ahead_of, horizon))
    for cutoff in cutoffs:
        learnt = ready(fit_day(cutoff), tuple(cutoffs)) or ready(cutoff, (cutoff,))
        admissions = entering.by_cutoff[cutoff]
        places = [] if learnt is None else _known(learnt.flow_series, admissions)
        if learnt is not None and places:
            learnt = learnt.of(places)
            come = by_place(admissions, [b.admissions for b in learnt.flow_series])
            census, leaving = _ahead(history, cutoff, learnt, come)
            means.fill(cutoff, [b.occupancy for b in learnt.flow_series], census)
            means.fill(cutoff, [b.discharges for b in learnt.flow_series], leaving)


def _known(places: Sequence[FlowSeries], admissions: pd.DataFrame) -> list[int]:
    """Of which places, by position, every part still reports, and the admissions have a forecast."""
    reporting, forecast = set(admissions.columns), set(admissions.columns[admissions.notna().all()])
    return [i for i, b in enumerate(places) if reporting.issuperset(b.parts) and forecast.issuperset(b.admissions)]


@dataclass(frozen=True)
class PreparedFlows:
    """The hazard of the places that balanced on one day; what the calendar multiplies it by (n_days, n_places)."""

    flow_series: tuple[FlowSeries, ...]
    hazard: Hazard
    multiples: pd.DataFrame

    def of(self, places: Sequence[int]) -> "PreparedFlows":
        """Of some of the places, by position."""
        hazard = Hazard(self.hazard.effects, self.hazard.coefficients[places], self.hazard.spread[places])
        return PreparedFlows(tuple(self.flow_series[i] for i in places), hazard, self.multiples.iloc[:, list(places)])


def _ready(
    history: PointInTimeHistory, fits: FitCache, day: pd.Timestamp, cutoffs: Sequence[pd.Timestamp], horizon: int
) -> PreparedFlows | None:
    """What was learnt on the day, with its effects on all days that the cutoffs look back to or ahead."""
    fitted = fitted_on(history, fits, day)
    if fitted is None:
        return None
    hazard = fitted.hazard
    first = max(cutoffs[0] - pd.Timedelta(days=MEMORY_DAYS - 1), history.first_day)
    days = pd.date_range(first, cutoffs[-1] + pd.Timedelta(days=horizon))
    names = [b.discharges for b in fitted.flow_series]
    multiples = np.exp(hazard.effects.on(design(history, days, names, fitted.harmonics), names))
    return PreparedFlows(fitted.flow_series, hazard, pd.DataFrame(multiples, days, names))


@dataclass(frozen=True)
class FittedFlows:
    """The places that balanced for long enough, what was learnt of their discharges, and the hazard's yearly waves."""

    flow_series: tuple[FlowSeries, ...]
    hazard: Hazard
    harmonics: int


def fitted_on(history: PointInTimeHistory, fits: FitCache, day: pd.Timestamp) -> FittedFlows | None:
    """What can be learnt from what was known on the day; None where no place balanced. Learnt once."""
    seen = fitting_view(history, day)
    return fits.of(
        FlowBalance.__name__, day, made_from=pooled(seen.digests(day, 0)).hex(), make=lambda: _learnt(seen, day)
    )


def _learnt(history: PointInTimeHistory, day: pd.Timestamp) -> FittedFlows | None:
    if day < history.first_day:
        return None
    known = history.as_of(day).tail(TRAINING_DAYS)
    long_enough = set(known.columns[known.count() >= SHORTEST_DAYS])
    places = [b for b in flow_series(list(known.columns)) if long_enough.issuperset(b.parts)]
    if not places:
        return None
    ledger, days = read_flow_counts(history, day, places, TRAINING_DAYS)
    observed = by_place(known.loc[days].isna(), [b.parts for b in places]) == 0
    names = [b.discharges for b in places]
    harmonics = HARMONICS if int(observed.any(axis=1).sum()) >= SEASONS_TAKE_DAYS else 0
    features = design(history, days, names, harmonics)
    hazard = fitted_hazard(ledger, observed, features, names, history.system.thresholds)
    return FittedFlows(tuple(places), hazard, harmonics)


def _ahead(
    history: PointInTimeHistory, cutoff: pd.Timestamp, learnt: PreparedFlows, entering: Values
) -> tuple[Values, Values]:
    """Census and discharges, each (horizon, n_places), where so many enter (horizon, n_places)."""
    ledger, days = read_flow_counts(history, cutoff, learnt.flow_series, MEMORY_DAYS)
    to_come = target_days(cutoff, len(entering))
    hazard, thresholds, averages = learnt.hazard, history.system.thresholds, recent_admissions(ledger.admissions)
    past = causes(ledger.occupancy, averages, ledger.beds, thresholds, np.zeros(len(learnt.flow_series)))[:-1]
    correction, unexplained = _corrections(ledger, hazard.discharges(past, learnt.multiples.loc[days[1:]].to_numpy()))
    multiples = correction * learnt.multiples.loc[to_come].to_numpy()
    census, mix, beds = ledger.occupancy[-1], averages[-1], ledger.beds[-1] + _beds_added(history, learnt, to_come)
    found = np.empty((2, *entering.shape))
    for lead in range(len(entering)):
        spread = SCATTER * hazard.spread * min(lead, SETTLES_IN_DAYS) ** 0.5
        today = causes(census, mix, beds[lead], thresholds, spread)
        leaving = np.maximum(hazard.discharges(today, multiples[lead]), 0.0)
        census = np.maximum(census + entering[lead] - leaving + unexplained, 0.0)
        mix = update_ewma(mix, entering[lead])
        found[:, lead] = census, leaving
    return found[0], found[1]


def _beds_added(history: PointInTimeHistory, learnt: PreparedFlows, to_come: pd.DatetimeIndex) -> Values:
    """By how many beds declared changes move the last known number, on each day to come: (horizon, n_places)."""
    days = pd.DatetimeIndex([to_come[0] - pd.Timedelta(days=1), *to_come])
    steps = history.bed_steps(days, [b.beds or b.occupancy for b in learnt.flow_series])
    return np.asarray(steps[1:] - steps[0])


def _corrections(ledger: FlowCounts, usual: Values) -> tuple[Values, Values]:
    """By what recent discharges were more than `usual` (n_days - 1, n_places), and what flows leave unexplained a day.

    Both (n_places,), from the newest days, and drawn towards 1 and 0.
    """
    weights = 0.5 ** (np.arange(len(usual))[::-1] / CORRECTED_OVER_DAYS)
    leaving = ledger.discharges[1:]
    prior = USUAL_DAYS * leaving.mean(axis=0)
    correction = (weights @ leaving + prior) / np.maximum(weights @ usual + prior, 1e-9)
    gaps = np.diff(ledger.occupancy, axis=0) - ledger.admissions[1:] + leaving
    return correction, weights @ gaps / (weights.sum() + USUAL_DAYS)
