"""The calendar-adjusted level: calendar effects are divided out, the level is forecast, the effects multiplied in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from training.console import with_progress
from training.features.calendar import season_features
from training.frames import BoolArray, FloatArray, values_of
from training.history.point_in_time import PointInTimeHistory
from training.history.reporting import is_flow
from training.models.boosting import MIN_BOOSTED_DAYS, FittedBoosting, fitted_boosting
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
    data_digest,
    empty_means,
    fit_day,
    fitting_view,
    target_days,
)
from training.models.effects import MA_COEFFICIENTS, Design, Effects, design, fitted_effects
from training.models.hyperparameters import listed
from training.models.level import COMPLETE, SMOOTHING_CONSTANTS, Level, LevelParts, fitted_level, weekday_factors

LEVEL_TRAINING_DAYS = 2192  # six years
MIN_LEVEL_DAYS = 7  # of a series that the fit of its measure serves
MIN_CUTOFF_FIT_DAYS = 8  # of a series to fit to on the cutoff itself; such a fit serves no other day


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
class PreparedLevel:
    """The fit of a measure, and the factors of its effects (n_days, n_series); with boosting where it is fitted.

    `means` are those made without boosting, by cutoff and series: candidates that build on them need them again.
    """

    fitted: FittedLevel
    multiples: pd.DataFrame
    boosting: FittedBoosting | None = None
    means: dict[tuple[pd.Timestamp, tuple[str, ...]], FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class CalendarLevel:
    """A candidate for every measure, or `only` one: multiplicative calendar effects around a level.

    With `boosted`, trees correct its means; then it is a candidate for flows with years of history only. `parts` are
    those of the level; what is fitted without some of them is cached under keys of its own.
    """

    only: str = ""
    boosted: bool = False
    parts: LevelParts = COMPLETE
    scope = Scope.MEASURE

    @property
    def settings(self) -> dict[str, object]:
        """The days that a fit may use, and the weights of the newest day in the averages that a level is made of."""
        return {"training_days": LEVEL_TRAINING_DAYS, "smoothing_constants": listed(SMOOTHING_CONSTANTS)}

    @property
    def _name(self) -> str:
        return "BoostedLevel" if self.boosted else "CalendarLevel"

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means for every cutoff; a series that is too short, or of a measure without a fit, fails."""
        means = empty_means(request)
        groups = by_fit_day(request.cutoffs)
        wanted = by_measure(filter(request.needs, request.history.latest.columns))
        for cutoffs in with_progress(groups.values(), f"{self._name} by refit day", len(groups)):
            for measure in [self.only] if self.only else wanted:
                self._forecast(request, cutoffs, measure, means)
        return means

    def _forecast(self, request: ForecastRequest, cutoffs: Sequence[pd.Timestamp], measure: str, means: Means) -> None:
        """Fill in the means, or the failures, of one measure's series at the cutoffs of one refit day."""
        history = request.history
        for cutoff in cutoffs:
            days = _known_days(measure, history, cutoff)
            for unique_id in (i for i, count in days.items() if count < MIN_LEVEL_DAYS):
                means.failures[cutoff, unique_id] = f"{days[unique_id]} days are known, {MIN_LEVEL_DAYS} are needed"
            known = [unique_id for unique_id, count in days.items() if count >= MIN_LEVEL_DAYS]
            try:
                prepared = self._prepared(request, fit_day(cutoff), cutoffs, measure)
                prepared = prepared or self._prepared(request, cutoff, [cutoff], measure, MIN_CUTOFF_FIT_DAYS)
                reasons = self._unfitted(prepared, measure, known)
                fitted = [unique_id for unique_id in known if unique_id not in reasons]
                if prepared is not None and fitted:
                    means.fill(cutoff, fitted, _means(prepared, history, cutoff, fitted, request.horizon, self.parts))
            except Exception as error:  # noqa: BLE001  a library may fail in any way; other measures are not disturbed
                reasons = dict.fromkeys(known, f"{type(error).__name__}: {error}")
            means.failures.update({(cutoff, unique_id): reason for unique_id, reason in reasons.items()})

    def _prepared(
        self,
        request: ForecastRequest,
        day: pd.Timestamp,
        cutoffs: Sequence[pd.Timestamp],
        measure: str,
        least: int = MIN_FIT_DAYS,
    ) -> PreparedLevel | None:
        history, fits, horizon = request.history, request.fits, request.horizon
        prepared = _prepared(history, fits, day, tuple(cutoffs), measure, horizon, least, self.parts)
        if prepared is None or not self.boosted:
            return prepared
        fit = _boosting_on(history, fits, day, measure, horizon, self.parts)
        return replace(prepared, boosting=fit)

    def _unfitted(self, prepared: PreparedLevel | None, measure: str, unique_ids: Sequence[str]) -> dict[str, str]:
        """Return the series that nothing was fitted for, and why."""
        if prepared is None:
            return dict.fromkeys(unique_ids, f"fewer than {MIN_CUTOFF_FIT_DAYS} days of {measure} were known to fit on")
        if not self.boosted:
            return {}
        fitted = () if prepared.boosting is None else prepared.boosting.unique_ids
        why = f"boosting needs a flow with {MIN_BOOSTED_DAYS} days; {measure} is none, or has fewer"
        return {unique_id: why for unique_id in unique_ids if unique_id not in fitted}


def _of(measure: str, history: PointInTimeHistory, cutoff: pd.Timestamp) -> list[str]:
    """Return the measure's series that are known at the cutoff."""
    return by_measure(history.as_of(cutoff).columns).get(measure, [])


def _known_days(measure: str, history: PointInTimeHistory, cutoff: pd.Timestamp) -> dict[str, int]:
    """Return the number of days of each of these series, with those that were filled."""
    unique_ids = _of(measure, history, cutoff)
    counts = (~np.isnan(values_of(history.imputed(cutoff), unique_ids))).sum(axis=0)
    return dict(zip(unique_ids, counts.tolist(), strict=True))


@lru_cache(maxsize=256)  # candidates that build on the levels of a measure need the same days again
def _prepared(
    history: PointInTimeHistory,
    fits: FitCache,
    day: pd.Timestamp,
    cutoffs: tuple[pd.Timestamp, ...],
    measure: str,
    horizon: int,
    least: int,
    parts: LevelParts,
) -> PreparedLevel | None:
    """Return the fit of the day, with its effects on all days that forecasts at the cutoffs need."""
    fitted = fitted_on(history, fits, day, measure, horizon, least, parts)
    if fitted is None:
        return None
    unique_ids = list(dict.fromkeys(i for cutoff in cutoffs for i in _of(measure, history, cutoff)))
    first = max(cutoffs[0] - pd.Timedelta(days=SMOOTHING_LOOKBACK_DAYS - 1), history.first_day)
    days = pd.date_range(first, cutoffs[-1] + pd.Timedelta(days=horizon))
    features = design(history, days, unique_ids, fitted.harmonics)
    return PreparedLevel(fitted, pd.DataFrame(np.exp(fitted.effects.on(features, unique_ids)), days, unique_ids))


def _means(
    prepared: PreparedLevel,
    history: PointInTimeHistory,
    cutoff: pd.Timestamp,
    unique_ids: list[str],
    horizon: int,
    parts: LevelParts,
) -> FloatArray:
    """Return means (horizon, n_series); made once where they are made without boosting."""
    if prepared.boosting is not None:
        return _made_means(prepared, history, cutoff, unique_ids, horizon, parts)
    key = cutoff, tuple(unique_ids)
    if key not in prepared.means:
        prepared.means[key] = _made_means(prepared, history, cutoff, unique_ids, horizon, parts)
    return prepared.means[key]


def _made_means(
    prepared: PreparedLevel,
    history: PointInTimeHistory,
    cutoff: pd.Timestamp,
    unique_ids: list[str],
    horizon: int,
    parts: LevelParts,
) -> FloatArray:
    steps = history.steps(cutoff)
    recent = steps.removed_from(history.imputed(cutoff))[unique_ids].tail(SMOOTHING_LOOKBACK_DAYS)
    multiples = prepared.multiples[unique_ids]
    adjusted = recent.to_numpy() / multiples.loc[recent.index].to_numpy()
    levels = prepared.fitted.level.ahead(adjusted)
    days = target_days(cutoff, horizon)
    means: FloatArray = levels * multiples.loc[days].to_numpy()
    if prepared.boosting is None and parts.weekdays:
        observed = history.as_of(cutoff)[unique_ids].reindex(recent.index).notna().to_numpy()
        means *= weekday_factors(adjusted, observed, horizon)
    elif prepared.boosting is not None:  # trees see the weekday's deviation themselves
        known = history.announced_at(cutoff).context
        calendar = season_features(days, known.holidays, known.hidden_holidays)
        means *= prepared.boosting.factors(adjusted, calendar, unique_ids)
    return means * steps.factors(unique_ids)


def fitted_for(
    history: PointInTimeHistory, fits: FitCache, cutoff: pd.Timestamp, measure: str, horizon: int
) -> FittedLevel | None:
    """Return the fit of the cutoff's refit day, or of the cutoff itself if there is none; None if neither is."""
    fitted = fitted_on(history, fits, fit_day(cutoff), measure, horizon)
    return fitted or fitted_on(history, fits, cutoff, measure, horizon, MIN_CUTOFF_FIT_DAYS)


def fitted_on(
    history: PointInTimeHistory,
    fits: FitCache,
    day: pd.Timestamp,
    measure: str,
    horizon: int,
    least: int = MIN_FIT_DAYS,
    parts: LevelParts = COMPLETE,
) -> FittedLevel | None:
    """Return the fit of the measure to what was known on a day; fitted once, then cached.

    It is None where no series has the `least` number of days.
    """
    seen = fitting_view(history, day)
    return fits.of(
        CalendarLevel.__name__,
        day,
        measure,
        horizon,
        least,
        *_variant(parts),
        made_from=data_digest(seen, day, measure),
        make=lambda: _fitted(seen, day, measure, horizon, least, parts),
    )


def _variant(parts: LevelParts) -> tuple[LevelParts, ...]:
    """Return what the key of a fit without some parts has more than that of the complete one."""
    return () if parts == COMPLETE else (parts,)


def _fitted(
    history: PointInTimeHistory, day: pd.Timestamp, measure: str, horizon: int, least: int, parts: LevelParts
) -> FittedLevel | None:
    if day < history.first_day:
        return None
    known = history.as_of(day).tail(LEVEL_TRAINING_DAYS)
    long_enough = known.columns[known.count() >= least]
    unique_ids = by_measure(long_enough).get(measure)
    if not unique_ids:
        return None
    known = known[unique_ids].dropna(how="all")
    first = known.index[0]
    filled = history.imputed(day).loc[first:, unique_ids]
    observed = history.as_of(day).loc[first:, unique_ids].notna().to_numpy()
    seasons = int(observed.any(axis=1).sum()) >= MIN_SEASONAL_FIT_DAYS
    harmonics = parts.waves if seasons and is_flow(known.columns, history.system).all() else 0
    features = design(history, pd.DatetimeIndex(filled.index), unique_ids, harmonics)
    ma_coefficient = _ma_coefficient(filled, observed, features.only("weekday_"))
    effects, level = _fit(filled, observed, features, ma_coefficient, horizon, parts)
    return FittedLevel(effects, level, harmonics, ma_coefficient)


def _boosting_on(
    history: PointInTimeHistory, fits: FitCache, day: pd.Timestamp, measure: str, horizon: int, parts: LevelParts
) -> FittedBoosting | None:
    """Return the boosting fitted to what was known on a day; None for stocks and for too short a history."""
    seen = fitting_view(history, day)
    return fits.of(
        FittedBoosting.__name__,
        day,
        measure,
        horizon,
        *_variant(parts),
        made_from=data_digest(seen, day, measure),
        make=lambda: _fitted_boosting(
            seen, day, measure, lambda: fitted_on(history, fits, day, measure, horizon, parts=parts)
        ),
    )


def _fitted_boosting(
    history: PointInTimeHistory, day: pd.Timestamp, measure: str, fit_level: Callable[[], FittedLevel | None]
) -> FittedBoosting | None:
    known = history.as_of(day).tail(LEVEL_TRAINING_DAYS)
    known = known[by_measure(known.columns).get(measure, [])]
    known = known.loc[:, is_flow(known.columns, history.system)].dropna(how="all")
    known = known.loc[:, known.count() >= MIN_BOOSTED_DAYS]
    fitted = None if known.empty else fit_level()
    if fitted is None:
        return None
    filled = history.imputed(day).loc[known.index, known.columns].bfill()
    days, unique_ids = pd.DatetimeIndex(filled.index), list(filled.columns)
    multiples = np.exp(fitted.effects.on(design(history, days, unique_ids, fitted.harmonics), unique_ids))
    calendar = season_features(days, history.context.holidays, history.context.hidden_holidays)
    return fitted_boosting(filled, known.notna().to_numpy(), multiples, fitted.level, calendar)


def _fit(
    filled: pd.DataFrame,
    observed: BoolArray,
    features: Design,
    ma_coefficient: float,
    horizon: int,
    parts: LevelParts,
) -> tuple[Effects, Level]:
    effects, _ = fitted_effects(filled, observed, features, ma_coefficient)
    adjusted = filled.to_numpy() / np.exp(effects.on(features, list(filled.columns)))
    return effects, fitted_level(adjusted, observed, horizon, parts)


def _ma_coefficient(filled: pd.DataFrame, observed: BoolArray, features: Design) -> float:
    """Return the coefficient with the smallest innovations (maximum likelihood), one for all series of a measure."""

    def loss(ma_coefficient: float) -> float:
        _, innovations = fitted_effects(filled, observed, features, ma_coefficient)
        squares = np.nanmean(np.where(observed, innovations, np.nan) ** 2, axis=0)
        return float(np.mean(np.log(squares + 1e-6)))

    return min(MA_COEFFICIENTS, key=loss)
