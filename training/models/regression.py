"""One scikit-learn regression for each measure, global over its series, on lags and calendar, through mlforecast."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.linear_model import PoissonRegressor

from publication.vocabulary import series_key
from training.console import with_progress
from training.features.calendar import calendar_features, event_features
from training.frames import WEEK, FloatArray, long
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import (
    MIN_FIT_DAYS,
    MIN_SEASONAL_FIT_DAYS,
    TRAINING_DAYS,
    ForecastRequest,
    Means,
    Scope,
    by_fit_day,
    data_digest,
    empty_means,
    fitting_view,
    target_days,
)
from training.models.hyperparameters import described, listed

Transform = Callable[..., np.ndarray] | tuple[Callable[..., np.ndarray], object]
LAGS = [1, 2, 7, 14, 21, 28]
ROLLING: dict[int, list[Transform]] = {1: [RollingMean(window_size=7), RollingMean(window_size=28)]}
LAG_LOOKBACK_DAYS = 64  # recent days given to the library for each forecast: enough for every lag and for the level
MIN_LAGGED_DAYS = 29  # that the longest lag or rolling mean needs
SCALING_DAYS = 8 * WEEK
LAGGED = ("lag", "rolling")  # prefixes of mlforecast's names for features of past values
MIN_LAGGED_LEVEL = 0.1  # of a scaled count, whose logarithm stands for that of less
MEAN, WEIGHT = "mean", "weight"
AT = "@"  # joins series and cutoff to one id, so that one call of the library forecasts every window of a refit day


@dataclass(frozen=True)
class Regression:
    """A candidate made of a scikit-learn regressor, fitted to series scaled to a level of 1; recursive by lead.

    `make` returns a new, unfitted regressor.
    """

    make: Callable[[], RegressorMixin]
    scope = Scope.MEASURE

    @property
    def settings(self) -> dict[str, object]:
        """The regressor with the parameters that are not the library's defaults, its lags, and the days it may use."""
        return {
            "regressor": described(self.make()),
            "training_days": TRAINING_DAYS,
            "lags": listed(LAGS),
        }

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means for every cutoff; a series that is too short, or of a measure without a fit, fails."""
        means = empty_means(request)
        groups = by_fit_day(request.cutoffs)
        for fit_on, cutoffs in with_progress(
            groups.items(), f"{self.make().__class__.__name__} by refit day", len(groups)
        ):
            for measure in _measures(request.history, cutoffs):
                self._forecast_measure(request, fit_on, cutoffs, measure, means)
        return means

    def _forecast_measure(
        self, request: ForecastRequest, fit_on: pd.Timestamp, cutoffs: list[pd.Timestamp], measure: str, means: Means
    ) -> None:
        """Fill in one measure's means at the cutoffs that share a refit day.

        Where that day knew too little, or a cutoff of the batch fails, each cutoff is fitted or forecast by itself: a
        forecast must not depend on the other cutoffs of a request.
        """
        observed = _observed(request.history, fit_on, measure)
        if observed.empty and cutoffs != [fit_on]:
            for cutoff in cutoffs:
                self._forecast_measure(request, cutoff, [cutoff], measure, means)
            return
        ids = {c: _forecastable(request.history, c, measure, means) for c in cutoffs}
        if observed.empty:
            reason = f"fewer than {MIN_FIT_DAYS} days of {measure} were known on {fit_on.date()} to fit on"
            means.failures.update({(c, unique_id): reason for c in cutoffs for unique_id in ids[c]})
            return
        try:
            for cutoff, frame in self._forecast_batch(request, observed, fit_on, ids).items():
                means.fill(cutoff, list(frame.columns), frame.to_numpy())
        except Exception as error:  # noqa: BLE001  a library may fail in any way; the series get their fallback
            if len(cutoffs) > 1:
                for cutoff in cutoffs:
                    self._forecast_measure(request, fit_on, [cutoff], measure, means)
                return
            reason = f"{type(error).__name__}: {error}"
            means.failures.update({(c, unique_id): reason for c in cutoffs for unique_id in ids[c]})

    def _forecast_batch(
        self,
        request: ForecastRequest,
        observed: pd.DataFrame,
        fit_on: pd.Timestamp,
        ids: Mapping[pd.Timestamp, list[str]],
    ) -> dict[pd.Timestamp, pd.DataFrame]:
        """Return a wide frame of means for each cutoff, by the regressor fitted to the observed series."""
        history, seasons = request.history, len(observed.dropna(how="all")) >= MIN_SEASONAL_FIT_DAYS
        name, measure = self.make().__class__.__name__, series_key(str(observed.columns[0])).measure
        seen = fitting_view(history, fit_on)
        rows = cache(lambda days: _training_rows(observed.tail(days), fit_on, seen, seasons))
        made_from = data_digest(seen, fit_on, measure)
        fitted = request.fits.of(
            name, fit_on, measure, made_from=made_from, make=lambda: self._fitted(rows(TRAINING_DAYS))
        )
        return _recursive_means(_library(fitted, rows(LAG_LOOKBACK_DAYS)), request, ids, seasons)

    def _fitted(self, training: pd.DataFrame) -> RegressorMixin:
        library = MLForecast({MEAN: self.make()}, freq="D", lags=LAGS, lag_transforms=ROLLING)
        return library.fit(training, static_features=[], weight_col=WEIGHT, keep_last_n=LAG_LOOKBACK_DAYS).models_[MEAN]


def _library(fitted: RegressorMixin, rows: pd.DataFrame) -> MLForecast:
    """Return the library around a fitted regressor; the rows show it how features are made."""
    library = MLForecast({MEAN: fitted}, freq="D", lags=LAGS, lag_transforms=ROLLING)
    library.preprocess(rows, static_features=[], weight_col=WEIGHT, keep_last_n=LAG_LOOKBACK_DAYS)
    library.models_ = {MEAN: fitted}
    return library


def _observed(history: PointInTimeHistory, fit_on: pd.Timestamp, measure: str) -> pd.DataFrame:
    """Return the series of the measure that are long enough to fit to, as known at the refit day."""
    if fit_on < history.first_day:
        return pd.DataFrame()
    observed = fitting_view(history, fit_on).as_of(fit_on).tail(TRAINING_DAYS)
    observed = observed[_of_measure(observed.columns, measure)]
    return observed.loc[:, observed.count() >= MIN_FIT_DAYS]


def _training_rows(
    observed: pd.DataFrame, fit_on: pd.Timestamp, history: PointInTimeHistory, seasons: bool
) -> pd.DataFrame:
    """Return long rows to fit to: values scaled to a level of 1, weight 0 for imputed ones, and the features."""
    filled = _counts(history, fit_on).loc[observed.index, observed.columns]
    rows = long(filled / level(filled))
    rows[WEIGHT] = long(observed.notna().astype(float).where(filled.notna()))["y"]
    return _with_features(rows, rows["unique_id"], history, seasons)


def _with_features(rows: pd.DataFrame, series: pd.Series, history: PointInTimeHistory, seasons: bool) -> pd.DataFrame:
    """Return the rows with the features of their `ds` at the place of their series."""
    known = history.context
    days = pd.DatetimeIndex(np.sort(rows["ds"].unique()))
    own = event_features(rows["ds"], series.to_list(), known, history.system)
    return rows.join(calendar_features(days, known.holidays, seasons, known.hidden_holidays), on="ds").assign(**own)


def _counts(history: PointInTimeHistory, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return the imputed counts, not negative even where more beds were declared than were ever occupied."""
    return history.imputed(cutoff).clip(lower=0.0)


def _recursive_means(
    library: MLForecast, request: ForecastRequest, ids: Mapping[pd.Timestamp, list[str]], seasons: bool
) -> dict[pd.Timestamp, pd.DataFrame]:
    """Return a wide frame of means for each cutoff, from one call of the library."""
    recent = {c: _counts(request.history, c)[ids[c]].tail(LAG_LOOKBACK_DAYS) for c in ids}
    levels = {c: level(frame) for c, frame in recent.items()}
    past = pd.concat([long((frame / levels[c]).add_suffix(f"{AT}{c.date()}")) for c, frame in recent.items()])
    future = pd.concat(
        [
            pd.DataFrame({"unique_id": f"{unique_id}{AT}{c.date()}", "ds": target_days(c, request.horizon)})
            for c in ids
            for unique_id in ids[c]
        ],
        ignore_index=True,
    )
    given, wanted = (
        _with_features(rows, rows["unique_id"].str.rpartition(AT)[0], request.history, seasons)
        for rows in (past.reset_index(drop=True), future)
    )
    answer = library.predict(request.horizon, new_df=given, X_df=wanted)
    answer = answer.pivot(index="ds", columns="unique_id", values=MEAN)
    return {
        c: (answer.reindex(target_days(c, request.horizon))[[f"{i}{AT}{c.date()}" for i in ids[c]]])
        .set_axis(ids[c], axis=1)
        .mul(levels[c])
        for c in ids
    }


def level(filled: pd.DataFrame) -> pd.Series:
    """Return the mean of each series' last eight weeks, at least 1 so that an empty ward can be divided by it."""
    return filled.tail(SCALING_DAYS).mean().clip(lower=1.0)


def _forecastable(history: PointInTimeHistory, cutoff: pd.Timestamp, measure: str, means: Means) -> list[str]:
    """Return the series that are long enough for every lag; add the others to the failures."""
    filled = history.imputed(cutoff)
    days = filled[_of_measure(filled.columns, measure)].count()
    for unique_id in days.index[days < MIN_LAGGED_DAYS]:
        means.failures[cutoff, unique_id] = f"{days[unique_id]} days are known, {MIN_LAGGED_DAYS} are needed"
    return list(days.index[days >= MIN_LAGGED_DAYS])


def _measures(history: PointInTimeHistory, cutoffs: list[pd.Timestamp]) -> list[str]:
    return sorted({series_key(unique_id).measure for c in cutoffs for unique_id in history.as_of(c).columns})


def _of_measure(unique_ids: pd.Index, measure: str) -> list[str]:
    return [unique_id for unique_id in unique_ids if series_key(unique_id).measure == measure]


class LogLagPoisson(PoissonRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """Poisson regression with lagged counts in logs.

    Its mean is the exponential of a sum: with plain lags, recursive forecasts would explode.
    """

    def fit(self, X: pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None) -> "LogLagPoisson":  # noqa: N803
        """Fit to features and scaled counts as scikit-learn does, and return the model."""
        super().fit(_with_logs(X), y, sample_weight)
        return self

    def predict(self, X: pd.DataFrame) -> FloatArray:  # noqa: N803
        """Return means (n_rows,)."""
        return np.asarray(super().predict(_with_logs(X)))


def _with_logs(features: pd.DataFrame) -> pd.DataFrame:
    lagged = [name for name in features if str(name).startswith(LAGGED)]
    return features.assign(**{str(name): np.log(np.maximum(features[name], MIN_LAGGED_LEVEL)) for name in lagged})
