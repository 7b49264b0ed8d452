"""The forecasts of one series by a statsforecast model, refitted on a grid of days; what is fitted can be saved."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from statsforecast.models import AutoETS

from training.frames import FloatArray
from training.history.digests import digest_of
from training.models.arima import independent


class FittedModel(Protocol):
    """The interface of a fitted statsforecast model: `forward(y, h)`, with X and X_future if it `uses_exog`."""

    @property
    def forward(self) -> Callable[..., dict[str, FloatArray]]: ...


class LibraryModel(FittedModel, Protocol):
    """The interface of a statsforecast model: that of a fitted one, and `fit(y)`, with X if it `uses_exog`."""

    @property
    def fit(self) -> Callable[..., "LibraryModel"]: ...


@dataclass(frozen=True)
class FittedETS:
    """The fit of AutoETS to one series: all that it needs to forecast, and small enough to be saved.

    `parameters` are alpha, beta, gamma and phi, NaN where the `components` have none, and then the first states.
    """

    components: str
    season_length: int
    n_params: int
    parameters: tuple[float, ...]

    def forward(self, y: FloatArray, h: int) -> dict[str, FloatArray]:
        """Return `mean` (h,) of the `h` days after the counts, as the library's own model does.

        Of constant counts, such as beds, that is the constant; for them the library would fit anew each time.
        """
        if is_constant(y):
            return {"mean": np.full(h, float(y[0]))}
        model = AutoETS(season_length=self.season_length)
        model.model_ = {
            "components": self.components,
            "m": self.season_length,
            "n_params": self.n_params,
            "par": np.array(self.parameters),
            "fit": None,  # the optimiser's report, which forecasts do not use
        }
        found: dict[str, FloatArray] = model.forward(y=y, h=h)
        return found


def is_constant(y: FloatArray) -> bool:
    """Return whether all counts are the same."""
    return bool((y == y[0]).all())


LAST_VALUE = 0.9999
"""The smoothing constant that AutoETS finds for constant counts: the largest one that it allows."""


def ets_of_constant(value: float) -> FittedETS:
    """Return the fit of AutoETS to constant counts: simple smoothing. The library searches for it up to 0.3 s."""
    return FittedETS("ANNN", 1, 3, (LAST_VALUE, np.nan, np.nan, np.nan, value))


def fitted_ets(model: LibraryModel) -> FittedETS | None:
    """Return what a fitted AutoETS has found; None for any other model."""
    if type(model) is not AutoETS:
        return None
    found = model.model_
    return FittedETS(found["components"], int(found["m"]), int(found["n_params"]), tuple(map(float, found["par"])))


@dataclass(frozen=True)
class Origin:
    """One series at one cutoff: the values to fit to (those of the refit day) and the values to forecast from.

    Both begin `start` days after the history does. The newest value is `behind` days before the cutoff; the forecast
    starts there.
    """

    cutoff: pd.Timestamp
    fit_on: pd.Timestamp
    start: int
    fit_values: FloatArray
    values: FloatArray
    behind: int

    @cached_property
    def made_from(self) -> str:
        """The digest of the values to fit to, in hexadecimal digits."""
        return digest_of([self.fit_values.tobytes()]).hex()

    def takes_time(self, known: Mapping[str, FittedETS]) -> bool:
        """Return whether there is something to fit: values that are not constant, without a `known` fit."""
        return self.made_from not in known and bool(np.ptp(self.fit_values) > 0)


@dataclass(frozen=True)
class SeriesAnswer:
    """For each cutoff the means (horizon,) of one series, or the reason why there are none.

    `fits` has what was fitted to get them, by the day and the digest of the values.
    """

    means: dict[pd.Timestamp, FloatArray | str] = field(default_factory=dict)
    fits: dict[tuple[pd.Timestamp, str], FittedETS] = field(default_factory=dict)


def forecast_series(
    library: LibraryModel,
    origins: Sequence[Origin],
    horizon: int,
    exog: FloatArray | None,
    known: Mapping[str, FittedETS],
) -> SeriesAnswer:
    """Return the means at each cutoff. Nothing is fitted to values of which the fit is `known`, by their digest.

    `exog` are regressors (n_days, n_features) from the first day of the history on.
    """
    answer = SeriesAnswer()
    model: FittedModel = library
    fitted: Origin | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of constant series and the like; the result is what counts
        for origin in origins:
            try:
                if fitted is None or (fitted.fit_on, fitted.start) != (origin.fit_on, origin.start):
                    model = known.get(origin.made_from) or _fitted(library, origin, exog, answer)
                    fitted = origin
                answer.means[origin.cutoff] = _checked(_ahead(model, fitted, origin, horizon, exog), horizon)
            except Exception as error:  # noqa: BLE001  a library may fail in any way; the series gets its fallback
                fitted = None
                answer.means[origin.cutoff] = f"{type(error).__name__}: {error}"
    return answer


def _fitted(model: LibraryModel, origin: Origin, exog: FloatArray | None, answer: SeriesAnswer) -> FittedModel:
    """Return the model fitted to the values of an origin; where the fit can be saved, the answer gets it."""
    if exog is None:
        if type(model) is AutoETS and is_constant(origin.fit_values):
            fit: FittedETS | None = ets_of_constant(float(origin.fit_values[0]))
        else:
            found = model.fit(origin.fit_values)
            fit = fitted_ets(found)
        if fit is None:
            return found
        answer.fits[origin.fit_on, origin.made_from] = fit
        return fit
    table = exog[origin.start : origin.start + len(origin.fit_values)]
    return model.fit(origin.fit_values, X=table[:, independent(table)])


def _ahead(model: FittedModel, fitted: Origin, origin: Origin, horizon: int, exog: FloatArray | None) -> FloatArray:
    """Return means of the days after the cutoff, with the columns of `exog` that the model was fitted to."""
    days = origin.behind + horizon
    if exog is None:
        return model.forward(y=origin.values, h=days)["mean"][origin.behind :]
    columns = independent(exog[fitted.start : fitted.start + len(fitted.fit_values)])
    now = origin.start + len(origin.values)
    past, future = exog[origin.start : now, columns], exog[now : now + days, columns]
    return model.forward(y=origin.values, h=days, X=past, X_future=future)["mean"][origin.behind :]


def _checked(means: FloatArray, horizon: int) -> FloatArray | str:
    """Return the means, or the reason why they cannot be used."""
    means = np.asarray(means, dtype=float)
    if means.shape != (horizon,):
        return f"it gave {means.size} numbers for {horizon} days"
    return means if np.isfinite(means).all() else "it gave no number"
