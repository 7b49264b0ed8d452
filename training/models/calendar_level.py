"""The calendar-adjusted level: calendar effects are divided out, the level is forecast, the effects multiplied in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from training.console import with_progress
from training.frames import BoolArray, FloatArray
from training.history.digests import pooled
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import (
    MIN_FIT_DAYS,
    MIN_SEASONAL_FIT_DAYS,
    SMOOTHING_LOOKBACK_DAYS,
    FitCache,
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
from training.models.effects import MA_COEFFICIENTS, Design, Effects, design, fitted_effects
from training.models.hyperparameters import listed
from training.models.level import SMOOTHING_CONSTANTS, Level, fitted_level, moving_averages

LEVEL_TRAINING_DAYS = 2192  # six years
MIN_LEVEL_DAYS = 7  # of a series that the fit of its measure serves
TRIED_HARMONICS = (0, 2, 5)  # Fourier terms of the year, from the fewest
TRIAL_DAYS = 365
TRIAL_LEADS = (7, 14, 28, 56, 84)
MIN_GAIN_PER_HARMONIC = 0.005  # share of the trial's loss that more harmonics must save


@dataclass(frozen=True)
class FittedLevel:
    """The effects and the level of one measure, fitted up to one day, and the hyper-parameters that were selected."""

    effects: Effects
    level: Level
    harmonics: int
    ma_coefficient: float

    @property
    def fitted_values(self) -> dict[str, object]:
        """The selected hyper-parameters, and the coefficients of the level at some leads."""
        return {"harmonics": self.harmonics, "ma_coefficient": self.ma_coefficient, **self.level.fitted_values}


@dataclass(frozen=True)
class CalendarLevel:
    """A candidate for every measure, or `only` one: multiplicative calendar effects around a level."""

    only: str = ""
    scope = Scope.MEASURE

    @property
    def settings(self) -> dict[str, object]:
        """The days that a fit may use, and the weights of the newest day in the averages that a level is made of."""
        return {"training_days": LEVEL_TRAINING_DAYS, "smoothing_constants": listed(SMOOTHING_CONSTANTS)}

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means for every cutoff; a series that is too short, or of a measure without a fit, fails."""
        means = empty_means(request)
        groups = by_fit_day(request.cutoffs)
        wanted = by_measure(filter(request.needs, request.history.latest.columns))
        for cutoffs in with_progress(groups.values(), "CalendarLevel by refit day", len(groups)):
            for measure in [self.only] if self.only else wanted:
                _forecast(request, cutoffs, measure, means)
        return means


@dataclass(frozen=True)
class PreparedLevel:
    """The fit of a measure, and the factors of its effects: (n_days, n_series)."""

    fitted: FittedLevel
    multiples: pd.DataFrame


def _forecast(request: ForecastRequest, cutoffs: Sequence[pd.Timestamp], measure: str, means: Means) -> None:
    """Fill in the means, or the failures, of one measure's series at the cutoffs of one refit day."""
    history, fits, horizon = request.history, request.fits, request.horizon
    for cutoff in cutoffs:
        days = history.imputed(cutoff)[_of(measure, history, cutoff)].count()
        for unique_id in days.index[days < MIN_LEVEL_DAYS]:
            means.failures[cutoff, unique_id] = f"{days[unique_id]} days are known, {MIN_LEVEL_DAYS} are needed"
        known = list(days.index[days >= MIN_LEVEL_DAYS])
        try:
            prepared = _prepared(history, fits, fit_day(cutoff), tuple(cutoffs), measure, horizon)
            prepared = prepared or _prepared(history, fits, cutoff, (cutoff,), measure, horizon)
            if prepared is not None and known:
                means.fill(cutoff, known, _means(prepared, history, cutoff, known, horizon))
            reason = None if prepared else f"fewer than {MIN_FIT_DAYS} days of {measure} were known to fit on"
        except Exception as error:  # noqa: BLE001  a library may fail in any way; other measures are not disturbed
            reason = f"{type(error).__name__}: {error}"
        if reason is not None:
            means.failures.update({(cutoff, unique_id): reason for unique_id in known})


def _of(measure: str, history: PointInTimeHistory, cutoff: pd.Timestamp) -> list[str]:
    """Return the measure's series that are known at the cutoff."""
    return by_measure(history.as_of(cutoff).columns).get(measure, [])


@lru_cache(maxsize=256)  # candidates that build on the levels of a measure need the same days again
def _prepared(
    history: PointInTimeHistory,
    fits: FitCache,
    day: pd.Timestamp,
    cutoffs: tuple[pd.Timestamp, ...],
    measure: str,
    horizon: int,
) -> PreparedLevel | None:
    """Return the fit of the day, with its effects on all days that forecasts at the cutoffs need."""
    fitted = fitted_on(history, fits, day, measure, horizon)
    if fitted is None:
        return None
    unique_ids = list(dict.fromkeys(i for cutoff in cutoffs for i in _of(measure, history, cutoff)))
    first = max(cutoffs[0] - pd.Timedelta(days=SMOOTHING_LOOKBACK_DAYS - 1), history.first_day)
    days = pd.date_range(first, cutoffs[-1] + pd.Timedelta(days=horizon))
    features = design(history, days, unique_ids, fitted.harmonics)
    return PreparedLevel(fitted, pd.DataFrame(np.exp(fitted.effects.on(features, unique_ids)), days, unique_ids))


def _means(
    prepared: PreparedLevel, history: PointInTimeHistory, cutoff: pd.Timestamp, unique_ids: list[str], horizon: int
) -> FloatArray:
    """Return means (horizon, n_series)."""
    steps = history.steps(cutoff)
    recent = steps.removed_from(history.imputed(cutoff))[unique_ids].tail(SMOOTHING_LOOKBACK_DAYS)
    multiples = prepared.multiples[unique_ids]
    averages = moving_averages(recent.to_numpy() / multiples.loc[recent.index].to_numpy())
    levels = prepared.fitted.level.ahead(averages[:, -1])
    means: FloatArray = levels * multiples.loc[target_days(cutoff, horizon)].to_numpy()
    return means * steps.factors(unique_ids)


def fitted_for(
    history: PointInTimeHistory, fits: FitCache, cutoff: pd.Timestamp, measure: str, horizon: int
) -> FittedLevel | None:
    """Return the fit of the cutoff's refit day, or of the cutoff itself if there is none; None if neither is."""
    fitted = fitted_on(history, fits, fit_day(cutoff), measure, horizon)
    return fitted or fitted_on(history, fits, cutoff, measure, horizon)


def fitted_on(
    history: PointInTimeHistory, fits: FitCache, day: pd.Timestamp, measure: str, horizon: int
) -> FittedLevel | None:
    """Return the fit of the measure to what was known on a day, None with too little data; fitted once, then cached."""
    seen = fitting_view(history, day)
    digests = seen.digests(day, 0)
    return fits.of(
        CalendarLevel.__name__,
        day,
        measure,
        horizon,
        made_from=pooled(digests, by_measure(digests).get(measure, [])).hex(),
        make=lambda: _fitted(seen, day, measure, horizon),
    )


def _fitted(history: PointInTimeHistory, day: pd.Timestamp, measure: str, horizon: int) -> FittedLevel | None:
    if day < history.first_day:
        return None
    known = history.as_of(day).tail(LEVEL_TRAINING_DAYS)
    long_enough = known.columns[known.count() >= MIN_FIT_DAYS]
    unique_ids = by_measure(long_enough).get(measure)
    if not unique_ids:
        return None
    known = known[unique_ids].dropna(how="all")
    first = known.index[0]
    filled = history.imputed(day).loc[first:, unique_ids]
    observed = history.as_of(day).loc[first:, unique_ids].notna().to_numpy()
    features = design(history, pd.DatetimeIndex(filled.index), unique_ids, max(TRIED_HARMONICS))
    seasons = int(observed.any(axis=1).sum()) >= MIN_SEASONAL_FIT_DAYS
    ma_coefficient = _ma_coefficient(filled, observed, features.only("weekday_"))
    harmonics = _harmonics(filled, observed, features, ma_coefficient, horizon) if seasons else 0
    effects, level = _fit(filled, observed, features.without(harmonics), ma_coefficient, horizon)
    return FittedLevel(effects, level, harmonics, ma_coefficient)


def _fit(
    filled: pd.DataFrame, observed: BoolArray, features: Design, ma_coefficient: float, horizon: int
) -> tuple[Effects, Level]:
    effects, _ = fitted_effects(filled, observed, features, ma_coefficient)
    adjusted = filled.to_numpy() / np.exp(effects.on(features, list(filled.columns)))
    return effects, fitted_level(adjusted, observed, horizon)


def _ma_coefficient(filled: pd.DataFrame, observed: BoolArray, features: Design) -> float:
    """Return the coefficient with the smallest innovations (maximum likelihood), one for all series of a measure."""

    def loss(ma_coefficient: float) -> float:
        _, innovations = fitted_effects(filled, observed, features, ma_coefficient)
        squares = np.nanmean(np.where(observed, innovations, np.nan) ** 2, axis=0)
        return float(np.mean(np.log(squares + 1e-6)))

    return min(MA_COEFFICIENTS, key=loss)


def _harmonics(filled: pd.DataFrame, observed: BoolArray, features: Design, ma_coefficient: float, horizon: int) -> int:
    """Return the number of harmonics that forecasts the last year best, fitted to the years before it."""
    losses = {n: _trial_loss(filled, observed, features.without(n), ma_coefficient, horizon) for n in TRIED_HARMONICS}
    best = TRIED_HARMONICS[0]
    for n in TRIED_HARMONICS[1:]:
        if losses[n] < losses[best] * (1 - MIN_GAIN_PER_HARMONIC):
            best = n
    return best


def _trial_loss(
    filled: pd.DataFrame, observed: BoolArray, features: Design, ma_coefficient: float, horizon: int
) -> float:
    """Return the mean absolute error of the last year, in Poisson standard deviations, of a fit to the days before."""
    past = len(filled) - TRIAL_DAYS
    effects, level = _fit(filled.iloc[:past], observed[:past], features.rows(0, past), ma_coefficient, horizon)
    multiples = np.exp(effects.on(features, list(filled.columns)))
    averages = moving_averages(filled.to_numpy() / multiples)
    losses = []
    for lead in (lead for lead in TRIAL_LEADS if lead <= horizon):
        means = level.at_lead(averages[:, past:-lead], lead) * multiples[past + lead :]
        actuals = np.where(observed, filled.to_numpy(), np.nan)[past + lead :]
        losses.append(np.nanmean(np.abs(means - actuals) / np.sqrt(np.maximum(means, 1.0))))
    return float(np.mean(losses)) if losses else np.inf
