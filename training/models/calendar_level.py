"""The calendar-adjusted level: calendar effects taken out of the counts, the level forecast, the effects put back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.history.digests import pooled
from training.history.known import PointInTimeHistory
from training.models.candidate import (
    ForecastRequest,
    Means,
    Scope,
    by_fit_day,
    by_measure,
    empty_means,
    fit_day,
    fitting_view,
    target_days,
)
from training.models.effects import Design, Effects, design, fitted_effects
from training.models.fit_cache import FitCache
from training.models.level import Level, fitted_level, moving_averages
from training.progress import with_progress

Values = NDArray[np.float64]
TRAINING_DAYS = 2192  # six years
MEMORY_DAYS = 420  # of ratios that the averages are made from: the slowest has forgotten what was before
SHORTEST_FIT_DAYS = 56
SHORTEST_DAYS = 7
MEMORIES = (0.0, 0.3, 0.6, 0.8, 0.9)  # of the surprises' process: 0 is a random walk, towards 1 a steady level
HARMONICS = (0, 2, 5)  # waves of the year that are tried, from the fewest
SEASONS_TAKE_DAYS = 730  # of observed days: a year to learn the year's course from, another to see whether it holds
TRIAL_DAYS = 365
TRIAL_LEADS = (7, 14, 28, 56, 84)
MIN_GAIN_PER_HARMONIC = 0.005  # the share of the trial's loss that more waves must save


@dataclass(frozen=True)
class FittedLevel:
    """What was learnt of one measure on one day."""

    effects: Effects
    level: Level
    harmonics: int


@dataclass(frozen=True)
class CalendarLevel:
    """A candidate for every measure, or `only` one: multiplicative calendar effects around a level."""

    only: str = ""
    scope = Scope.MEASURE

    def forecast(self, windows: ForecastRequest) -> Means:
        means = empty_means(windows)
        groups = by_fit_day(windows.cutoffs)
        wanted = by_measure(filter(windows.needs, windows.history.latest.columns))
        with threadpool_limits(1):  # many small regressions: threads would only wait for one another
            for cutoffs in with_progress(groups.values(), "CalendarLevel by refit day", len(groups)):
                for measure in [self.only] if self.only else wanted:
                    _forecast(windows, cutoffs, measure, means)
        return means


@dataclass(frozen=True)
class PreparedSeries:
    """What was learnt of a measure, and what its effects multiply the level by: (n_days, n_series)."""

    fitted: FittedLevel
    multiples: pd.DataFrame


def _forecast(windows: ForecastRequest, cutoffs: Sequence[pd.Timestamp], measure: str, means: Means) -> None:
    """Fill in the means of one measure's series at the cutoffs of one refit day, or why there are none."""
    history, fits, horizon = windows.history, windows.fits, windows.horizon
    for cutoff in cutoffs:
        days = history.imputed(cutoff)[_of(measure, history, cutoff)].count()
        for unique_id in days.index[days < SHORTEST_DAYS]:
            means.failures[cutoff, unique_id] = f"{days[unique_id]} days are known, {SHORTEST_DAYS} are needed"
        known = list(days.index[days >= SHORTEST_DAYS])
        try:
            learnt = _ready(history, fits, fit_day(cutoff), tuple(cutoffs), measure, horizon)
            learnt = learnt or _ready(history, fits, cutoff, (cutoff,), measure, horizon)
            if learnt is not None and known:
                means.fill(cutoff, known, _means(learnt, history, cutoff, known, horizon))
            reason = None if learnt else f"fewer than {SHORTEST_FIT_DAYS} days of {measure} were known to fit on"
        except Exception as error:  # noqa: BLE001  a library may fail in any way; other measures are not disturbed
            reason = f"{type(error).__name__}: {error}"
        if reason is not None:
            means.failures.update({(cutoff, unique_id): reason for unique_id in known})


def _of(measure: str, history: PointInTimeHistory, cutoff: pd.Timestamp) -> list[str]:
    """The measure's series that are known at the cutoff."""
    return by_measure(history.as_of(cutoff).columns).get(measure, [])


@lru_cache(maxsize=256)  # candidates that build on the levels of a measure ask for the same days again
def _ready(
    history: PointInTimeHistory,
    fits: FitCache,
    day: pd.Timestamp,
    cutoffs: tuple[pd.Timestamp, ...],
    measure: str,
    horizon: int,
) -> PreparedSeries | None:
    """What was learnt on the day, with its effects on all days that the cutoffs look back to or ahead."""
    fitted = fitted_on(history, fits, day, measure, horizon)
    if fitted is None:
        return None
    unique_ids = list(dict.fromkeys(i for cutoff in cutoffs for i in _of(measure, history, cutoff)))
    first = max(cutoffs[0] - pd.Timedelta(days=MEMORY_DAYS - 1), history.first_day)
    days = pd.date_range(first, cutoffs[-1] + pd.Timedelta(days=horizon))
    features = design(history, days, unique_ids, fitted.harmonics)
    return PreparedSeries(fitted, pd.DataFrame(np.exp(fitted.effects.on(features, unique_ids)), days, unique_ids))


def _means(
    ready: PreparedSeries, history: PointInTimeHistory, cutoff: pd.Timestamp, unique_ids: list[str], horizon: int
) -> Values:
    """Means (horizon, n_series)."""
    steps = history.steps(cutoff)
    recent = steps.removed_from(history.imputed(cutoff))[unique_ids].tail(MEMORY_DAYS)
    multiples = ready.multiples[unique_ids]
    averages = moving_averages(recent.to_numpy() / multiples.loc[recent.index].to_numpy())
    means: Values = ready.fitted.level.ahead(averages[:, -1]) * multiples.loc[target_days(cutoff, horizon)].to_numpy()
    return means * steps.factors(unique_ids)


def fitted_for(
    history: PointInTimeHistory, fits: FitCache, cutoff: pd.Timestamp, measure: str, horizon: int
) -> FittedLevel | None:
    """What was learnt on the cutoff's refit day, or on the cutoff itself where that day knew too little."""
    return fitted_on(history, fits, fit_day(cutoff), measure, horizon) or fitted_on(
        history, fits, cutoff, measure, horizon
    )


def fitted_on(
    history: PointInTimeHistory, fits: FitCache, day: pd.Timestamp, measure: str, horizon: int
) -> FittedLevel | None:
    """What can be learnt of the measure from what was known on a day; None where that is too little. Learnt once."""
    seen = fitting_view(history, day)
    digests = seen.digests(day, 0)
    return fits.of(
        CalendarLevel.__name__,
        day,
        measure,
        horizon,
        made_from=pooled(digests, by_measure(digests).get(measure, [])).hex(),
        make=lambda: _learnt(seen, day, measure, horizon),
    )


def _learnt(history: PointInTimeHistory, day: pd.Timestamp, measure: str, horizon: int) -> FittedLevel | None:
    if day < history.first_day:
        return None
    known = history.as_of(day).tail(TRAINING_DAYS)
    long_enough = known.columns[known.count() >= SHORTEST_FIT_DAYS]
    unique_ids = by_measure(long_enough).get(measure)
    if not unique_ids:
        return None
    known = known[unique_ids].dropna(how="all")
    first = known.index[0]
    filled = history.imputed(day).loc[first:, unique_ids]
    observed = history.as_of(day).loc[first:, unique_ids].notna().to_numpy()
    features = design(history, pd.DatetimeIndex(filled.index), unique_ids, max(HARMONICS))
    seasons = int(observed.any(axis=1).sum()) >= SEASONS_TAKE_DAYS
    memory = _memory(filled, observed, features.only("weekday_"))
    harmonics = _harmonics(filled, observed, features, memory, horizon) if seasons else 0
    effects, level = _fit(filled, observed, features.without(harmonics), memory, horizon)
    return FittedLevel(effects, level, harmonics)


def _fit(
    filled: pd.DataFrame, observed: NDArray[np.bool_], features: Design, memory: float, horizon: int
) -> tuple[Effects, Level]:
    effects, _ = fitted_effects(filled, observed, features, memory)
    ratios = filled.to_numpy() / np.exp(effects.on(features, list(filled.columns)))
    return effects, fitted_level(ratios, observed, horizon)


def _memory(filled: pd.DataFrame, observed: NDArray[np.bool_], features: Design) -> float:
    """The memory that leaves the smallest surprises: the likelihood's choice, the same for a whole measure."""

    def loss(memory: float) -> float:
        _, left = fitted_effects(filled, observed, features, memory)
        squares = np.nanmean(np.where(observed, left, np.nan) ** 2, axis=0)
        return float(np.mean(np.log(squares + 1e-6)))

    return min(MEMORIES, key=loss)


def _harmonics(filled: pd.DataFrame, observed: NDArray[np.bool_], features: Design, memory: float, horizon: int) -> int:
    """How many waves of the year forecast the last year best, learnt from the years before it."""
    losses = {n: _trial(filled, observed, features.without(n), memory, horizon) for n in HARMONICS}
    best = HARMONICS[0]
    for n in HARMONICS[1:]:
        if losses[n] < losses[best] * (1 - MIN_GAIN_PER_HARMONIC):
            best = n
    return best


def _trial(filled: pd.DataFrame, observed: NDArray[np.bool_], features: Design, memory: float, horizon: int) -> float:
    """Mean absolute error of the last year, over the spread of a count, with all that is learnt from before it."""
    past = len(filled) - TRIAL_DAYS
    effects, level = _fit(filled.iloc[:past], observed[:past], features.rows(0, past), memory, horizon)
    multiples = np.exp(effects.on(features, list(filled.columns)))
    averages = moving_averages(filled.to_numpy() / multiples)
    losses = []
    for lead in (lead for lead in TRIAL_LEADS if lead <= horizon):
        means = level.at_lead(averages[:, past:-lead], lead) * multiples[past + lead :]
        actuals = np.where(observed, filled.to_numpy(), np.nan)[past + lead :]
        losses.append(np.nanmean(np.abs(means - actuals) / np.sqrt(np.maximum(means, 1.0))))
    return float(np.mean(losses)) if losses else np.inf
