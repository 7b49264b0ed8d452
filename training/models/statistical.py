"""One statsforecast model for each series, with parameters refitted on a grid of days; holidays taken out before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from training.console import with_progress
from training.errors import UsageError
from training.features.calendar import HOLIDAY_PREFIX, holiday_features
from training.frames import FloatArray, stretch_start
from training.history.point_in_time import PointInTimeHistory
from training.models.arima import regressors
from training.models.calendar_level import fitted_on
from training.models.candidate import (
    SMOOTHING_LOOKBACK_DAYS,
    ForecastRequest,
    Key,
    Means,
    Scope,
    by_fit_day,
    by_measure,
    empty_means,
    fit_day,
    fitting_view,
    target_days,
)
from training.models.effects import Design, columns_of
from training.models.hyperparameters import described
from training.models.series_forecast import FittedETS, LibraryModel, Origin, forecast_series


class HolidayAdjuster:
    """Undisturbed counts over the holiday effects that the calendar-adjusted level has fitted.

    The fit of a refit day serves all its cutoffs, so that a day has the same adjusted count at each of them. Only the
    newest `lookback_days` before a refit day, and the days after it, are adjusted.
    """

    def __init__(self, request: ForecastRequest, lookback_days: int) -> None:
        self._history, self._horizon = request.history, request.horizon
        self._multiples = {
            day: _multiples(request, day, day - pd.Timedelta(days=lookback_days), cutoffs[-1])
            for day, cutoffs in by_fit_day(request.cutoffs).items()
        }

    def counts(self, cutoff: pd.Timestamp) -> FloatArray:
        """Return the counts known at the cutoff (n_days, n_series): undisturbed, without gaps, holidays and steps."""
        return self._without_holidays(self._history, cutoff)

    def fit_counts(self, day: pd.Timestamp) -> FloatArray:
        """Return the counts (n_days, n_series) to fit to on a refit day."""
        return self._without_holidays(fitting_view(self._history, day), day)

    def _without_holidays(self, history: PointInTimeHistory, cutoff: pd.Timestamp) -> FloatArray:
        table = history.steps(cutoff).removed_from(history.undisturbed(cutoff))
        values, multiples = table.to_numpy(dtype=float, copy=True), self._multiples[fit_day(cutoff)]
        days = table.index.isin(multiples.index)
        values[days] /= (
            multiples.reindex(index=table.index[days], columns=table.columns).fillna(1.0).to_numpy(dtype=float)
        )
        return values

    def with_holidays(self, means: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
        """Return means (horizon, n_series) after a cutoff with their holiday effects, at the level after a step."""
        days = target_days(cutoff, self._horizon)
        stepped = means * self._history.steps(cutoff).factors(list(means.columns))
        return stepped * self._multiples[fit_day(cutoff)].reindex(index=days, columns=means.columns).fillna(1.0)


def _multiples(request: ForecastRequest, day: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return the holiday effects as factors (n_days, n_series), fitted on a refit day to the series known then.

    The factors of a measure without a fit are 1.
    """
    history = request.history
    days = pd.date_range(max(first, history.first_day), last + pd.Timedelta(days=request.horizon))
    table = holiday_features(days, history.context.holidays, history.context.hidden_holidays)
    measures = by_measure(history.as_of(day).columns) if day >= history.first_day else {}
    if table.empty or not measures:  # where nobody has reported for weeks, no series is known
        return pd.DataFrame(index=days)
    features = Design(columns_of(table))
    found = [_of_measure(request, day, measure, of, features) for measure, of in measures.items()]
    unique_ids = [unique_id for of in measures.values() for unique_id in of]
    return pd.DataFrame(np.concatenate(found, axis=1), days, unique_ids)


def _of_measure(
    request: ForecastRequest,
    day: pd.Timestamp,
    measure: str,
    unique_ids: Sequence[str],
    features: Design,
) -> FloatArray:
    """Return the factors of one measure's series, (n_days, n_series)."""
    fitted = fitted_on(request.history, request.fits, day, measure, request.horizon)
    n_days = len(next(iter(features.tables.values())))
    if fitted is None:
        return np.ones((n_days, len(unique_ids)))
    return np.asarray(np.exp(fitted.effects.on(features, unique_ids, (f"{HOLIDAY_PREFIX}_",))))


MIN_SEGMENT_DAYS = 28
SERIES_WORTH_PROCESSES = 24  # below that, starting worker processes costs more time than it saves

Counts = Callable[[pd.Timestamp], FloatArray]
"""Cutoff to the counts (n_days, n_series) that models are run on: every day of the history, without gaps."""


@dataclass(frozen=True)
class Statistical:
    """A candidate made of a statsforecast model; `make` returns a new, unfitted one.

    If `with_regressors`, the model gets calendar and event features; one that would ignore them raises UsageError.
    Otherwise it gets counts without holidays and events, and holiday effects are multiplied into its means.
    """

    make: Callable[[], LibraryModel]
    lookback_days: int = SMOOTHING_LOOKBACK_DAYS
    with_regressors: bool = False
    scope = Scope.SERIES

    @property
    def settings(self) -> dict[str, object]:
        """The model with the parameters that are not the library's defaults, and the days it may use."""
        return {"model": described(self.make()), "lookback_days": self.lookback_days}

    def __post_init__(self) -> None:
        if self.with_regressors and not getattr(self.make(), "uses_exog", False):
            raise UsageError(
                f"Making a candidate of {self._name()}: it ignores regressors. "
                "Leave out with_regressors=True, or take a model that uses them (AutoARIMA, ARIMA)."
            )

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means for every cutoff; a series for which the library fails has its error as reason."""
        history = request.history
        if self.with_regressors:
            return self._forecast(
                request,
                lambda cutoff: history.imputed(cutoff).to_numpy(),
                lambda day: fitting_view(history, day).imputed(day).to_numpy(),
            )
        adjuster = HolidayAdjuster(request, self.lookback_days)
        means = self._forecast(request, adjuster.counts, adjuster.fit_counts)
        means.by_cutoff = {cutoff: adjuster.with_holidays(table, cutoff) for cutoff, table in means.by_cutoff.items()}
        return means

    def _forecast(self, request: ForecastRequest, counts: Counts, fit_counts: Counts) -> Means:
        """Return means from the counts at a cutoff, by models fitted to the counts on a refit day."""
        origins = _origins(request, self.lookback_days, counts, fit_counts)
        if not origins:
            return empty_means(request)
        last = max(request.cutoffs) + pd.Timedelta(days=request.horizon)
        features = regressors(request.history, last, list(origins)) if self.with_regressors else {}
        who = described(self.make())
        fitted = {unique_id: _fitted_before(request, who, unique_id, series) for unique_id, series in origins.items()}
        n_to_fit = sum(any(one.takes_time(fitted[i]) for one in series) for i, series in origins.items())
        run = Parallel(n_jobs=-1 if n_to_fit >= SERIES_WORTH_PROCESSES else 1, return_as="generator")
        answers = run(
            delayed(forecast_series)(self.make(), series, request.horizon, features.get(unique_id), fitted[unique_id])
            for unique_id, series in origins.items()
        )
        made = with_progress(answers, f"{self._name()} by series", len(origins))
        by_series = dict(zip(origins, made, strict=True))
        for unique_id, answer in by_series.items():
            request.fits.add({_key(who, unique_id, *of): fit for of, fit in answer.fits.items()})
        return _by_cutoff(request, {unique_id: answer.means for unique_id, answer in by_series.items()})

    def _name(self) -> str:
        return self.make().__class__.__name__


def _fitted_before(
    request: ForecastRequest, who: str, unique_id: str, series: Sequence[Origin]
) -> dict[str, FittedETS]:
    """Return what was fitted to the values of the origins before, by their digests."""
    found = {one.made_from: request.fits.get(_key(who, unique_id, one.fit_on, one.made_from)) for one in series}
    return {made_from: fit for made_from, fit in found.items() if isinstance(fit, FittedETS)}


def _key(who: str, unique_id: str, fit_on: pd.Timestamp, made_from: str) -> Key:
    """Return the key of the fit of a model, described by `who`, to one series."""
    return (who, f"{fit_on:%Y-%m-%d}", unique_id, made_from)


def _by_cutoff(request: ForecastRequest, answers: Mapping[str, Mapping[pd.Timestamp, FloatArray | str]]) -> Means:
    """Return the answers of each series as means by cutoff."""
    means = empty_means(request)
    for cutoff in request.cutoffs:
        made = {unique_id: answer[cutoff] for unique_id, answer in answers.items() if cutoff in answer}
        means.failures.update({(cutoff, i): result for i, result in made.items() if isinstance(result, str)})
        found = {unique_id: result for unique_id, result in made.items() if not isinstance(result, str)}
        if found:
            means.fill(cutoff, list(found), np.column_stack(list(found.values())))
    return means


@dataclass(frozen=True)
class Segment:
    """The unbroken values of a series that a model may use, from `start` days after the history begins.

    They end with the newest value, `behind` days before the cutoff.
    """

    start: int
    values: FloatArray
    behind: int

    @property
    def is_fittable(self) -> bool:
        """True for enough values that are not constant: a model of a constant would never leave it."""
        return len(self.values) >= MIN_SEGMENT_DAYS and bool(np.ptp(self.values) > 0)


def _origins(
    request: ForecastRequest, lookback_days: int, counts: Counts, fit_counts: Counts
) -> dict[str, list[Origin]]:
    """Return the origins of each series that is needed, in order of cutoff."""
    history = request.history
    origins: dict[str, list[Origin]] = {}
    for fit_on, cutoffs in by_fit_day(request.cutoffs).items():
        is_known = fit_on >= history.first_day
        seen = fitting_view(history, fit_on)
        past = _segments(seen.as_of(fit_on), fit_counts(fit_on), lookback_days) if is_known else {}
        for cutoff in cutoffs:
            known = counts(cutoff)
            for column, (unique_id, now) in enumerate(_segments(history.as_of(cutoff), known, lookback_days).items()):
                if not request.needs(unique_id):
                    continue
                before = past.get(unique_id, now)
                if cutoff != fit_on and before is not now and before.is_fittable:
                    # The fitted state belongs to the first day fitted to: the values to forecast from begin there too.
                    onwards = known[before.start : len(known) - now.behind, column]
                    origin = Origin(cutoff, fit_on, before.start, before.values, onwards, now.behind)
                else:
                    origin = Origin(cutoff, cutoff, now.start, now.values, now.values, now.behind)
                origins.setdefault(unique_id, []).append(origin)
    return origins


def _segments(observed: pd.DataFrame, counts: FloatArray, lookback_days: int) -> dict[str, Segment]:
    """Return the segment of each series at a cutoff, in the order of the columns."""
    there = observed.notna().to_numpy()
    found = {}
    for column, unique_id in enumerate(observed.columns):
        start = max(stretch_start(there[:, column]), len(there) - lookback_days)
        behind = int(there[::-1, column].argmax())
        found[str(unique_id)] = Segment(start, counts[start : len(there) - behind, column], behind)
    return found
