"""One statsforecast model for each series, its parameters refitted on a grid of days and carried forward in between."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from training.errors import UsageError
from training.frames import stretch_start
from training.models.arima import independent, regressors
from training.models.candidate import ForecastRequest, Means, Scope, by_fit_day, empty_means, fitting_view
from training.models.holiday_adjustment import HolidayAdjuster
from training.progress import with_progress

Values = NDArray[np.float64]
MEMORY_DAYS = 420  # sixty weeks: all that a model of the weekly pattern uses, at a fifth of the cost of six years
SHORTEST_FIT_DAYS = 28
SERIES_WORTH_PROCESSES = 24  # below that, starting worker processes costs more than it saves

Counts = Callable[[pd.Timestamp], Values]
"""Of a cutoff, the counts (n_days, n_series) that models go on from: every day of the history, without gaps."""


class LibraryModel(Protocol):
    """What is used of a statsforecast model: `fit(y)` and `forward(y, h)`, with X and X_future if it `uses_exog`."""

    @property
    def fit(self) -> Callable[..., "LibraryModel"]: ...
    @property
    def forward(self) -> Callable[..., dict[str, Values]]: ...


@dataclass(frozen=True)
class Origin:
    """One series at one cutoff: the values to fit on (of the refit grid's day) and the values to go on from.

    Both begin `start` days after the history does. The newest value stands `behind` days before the cutoff: that is
    where the forecast sets out from.
    """

    cutoff: pd.Timestamp
    fit_on: pd.Timestamp
    start: int
    fit_values: Values
    values: Values
    behind: int


@dataclass(frozen=True)
class Statistical:
    """A candidate made of a statsforecast model; `make` gives a new, unfitted one.

    With `told`, it is given the calendar and declared disturbances. A model that would silently ignore them is refused:
    it gets counts without holidays and disturbances, and holidays are put back into its means.
    """

    make: Callable[[], LibraryModel]
    memory_days: int = MEMORY_DAYS
    told: bool = False
    scope = Scope.SERIES

    def __post_init__(self) -> None:
        if self.told and not getattr(self.make(), "uses_exog", False):
            raise UsageError(
                f"Making a candidate of {self._name()}: it ignores regressors. "
                "Leave out told=True, or take a model that uses them (AutoARIMA, ARIMA)."
            )

    def forecast(self, windows: ForecastRequest) -> Means:
        history = windows.history
        if self.told:
            return self._forecast(
                windows,
                lambda cutoff: history.imputed(cutoff).to_numpy(),
                lambda day: fitting_view(history, day).imputed(day).to_numpy(),
            )
        ordinary = HolidayAdjuster(windows, self.memory_days)
        means = self._forecast(windows, ordinary.counts, ordinary.fit_counts)
        means.by_cutoff = {cutoff: ordinary.put_back(table, cutoff) for cutoff, table in means.by_cutoff.items()}
        return means

    def _forecast(self, windows: ForecastRequest, counts: Counts, fit_counts: Counts) -> Means:
        """Means of the counts that the models see at a cutoff, and are fitted to on a refit day."""
        origins = _origins(windows, self.memory_days, counts, fit_counts)
        if not origins:
            return empty_means(windows)
        last = max(windows.cutoffs) + pd.Timedelta(days=windows.horizon)
        features = regressors(windows.history, last, list(origins)) if self.told else {}
        jobs = -1 if len(origins) >= SERIES_WORTH_PROCESSES else 1
        run = Parallel(n_jobs=jobs, return_as="generator")
        answers = run(
            delayed(forecast_series)(self.make(), series, windows.horizon, features.get(unique_id))
            for unique_id, series in origins.items()
        )
        made = with_progress(answers, f"{self._name()} by series", len(origins))
        return _gathered(windows, dict(zip(origins, made, strict=True)))

    def _name(self) -> str:
        return self.make().__class__.__name__


def forecast_series(
    model: LibraryModel, origins: Sequence[Origin], horizon: int, told: Values | None = None
) -> dict[pd.Timestamp, Values | str]:
    """For each cutoff the means (horizon,), or the sentence that says why there are none.

    `told` are regressors (n_days, n_features) from the first day of the history on.
    """
    answers: dict[pd.Timestamp, Values | str] = {}
    fitted: Origin | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of constant series and the like; the result is what counts
        for origin in origins:
            try:
                if fitted is None or (fitted.fit_on, fitted.start) != (origin.fit_on, origin.start):
                    model, fitted = _fitted(model, origin, told), origin
                answers[origin.cutoff] = _whole(_ahead(model, fitted, origin, horizon, told), horizon)
            except Exception as error:  # noqa: BLE001  a library may fail in any way; the series gets its fallback
                fitted = None
                answers[origin.cutoff] = f"{type(error).__name__}: {error}"
    return answers


def _gathered(windows: ForecastRequest, answers: Mapping[str, Mapping[pd.Timestamp, Values | str]]) -> Means:
    """The answers of each series, by cutoff."""
    means = empty_means(windows)
    for cutoff in windows.cutoffs:
        made = {unique_id: answer[cutoff] for unique_id, answer in answers.items() if cutoff in answer}
        means.failures.update({(cutoff, i): result for i, result in made.items() if isinstance(result, str)})
        found = {unique_id: result for unique_id, result in made.items() if not isinstance(result, str)}
        if found:
            means.fill(cutoff, list(found), np.column_stack(list(found.values())))
    return means


def _fitted(model: LibraryModel, origin: Origin, told: Values | None) -> LibraryModel:
    if told is None:
        return model.fit(origin.fit_values)
    table = told[origin.start : origin.start + len(origin.fit_values)]
    return model.fit(origin.fit_values, X=table[:, independent(table)])


def _ahead(model: LibraryModel, fitted: Origin, origin: Origin, horizon: int, told: Values | None) -> Values:
    """The model's means of the days after the cutoff; of the regressors it gets the columns that it was fitted on."""
    days = origin.behind + horizon
    if told is None:
        return model.forward(y=origin.values, h=days)["mean"][origin.behind :]
    columns = independent(told[fitted.start : fitted.start + len(fitted.fit_values)])
    now = origin.start + len(origin.values)
    past, future = told[origin.start : now, columns], told[now : now + days, columns]
    return model.forward(y=origin.values, h=days, X=past, X_future=future)["mean"][origin.behind :]


def _whole(means: Values, horizon: int) -> Values | str:
    """The means, or what is wrong with them."""
    means = np.asarray(means, dtype=float)
    if means.shape != (horizon,):
        return f"it gave {means.size} numbers for {horizon} days"
    return means if np.isfinite(means).all() else "it gave no number"


@dataclass(frozen=True)
class Segment:
    """The unbroken values that a model may use of a series: from `start` days after the history begins.

    They end with its newest value, `behind` days before the cutoff.
    """

    start: int
    values: Values
    behind: int

    @property
    def teaches(self) -> bool:
        """Whether a model can be carried on from it: that of a constant stays at its value, come what may."""
        return len(self.values) >= SHORTEST_FIT_DAYS and bool(np.ptp(self.values) > 0)


def _origins(windows: ForecastRequest, memory_days: int, counts: Counts, fit_counts: Counts) -> dict[str, list[Origin]]:
    """The origins of each series that is needed, in order of cutoff."""
    history = windows.history
    origins: dict[str, list[Origin]] = {}
    for fit_on, cutoffs in by_fit_day(windows.cutoffs).items():
        is_known = fit_on >= history.first_day
        seen = fitting_view(history, fit_on)
        past = _stretches(seen.as_of(fit_on), fit_counts(fit_on), memory_days) if is_known else {}
        for cutoff in cutoffs:
            known = counts(cutoff)
            for column, (unique_id, now) in enumerate(_stretches(history.as_of(cutoff), known, memory_days).items()):
                if not windows.needs(unique_id):
                    continue
                before = past.get(unique_id, now)
                if cutoff != fit_on and before is not now and before.teaches:
                    # The fitted state belongs to the first day fitted on, so what is carried on begins there too.
                    onwards = known[before.start : len(known) - now.behind, column]
                    origin = Origin(cutoff, fit_on, before.start, before.values, onwards, now.behind)
                else:
                    origin = Origin(cutoff, cutoff, now.start, now.values, now.values, now.behind)
                origins.setdefault(unique_id, []).append(origin)
    return origins


def _stretches(observed: pd.DataFrame, counts: Values, memory_days: int) -> dict[str, Segment]:
    """What a model may use of each series at a cutoff, in the order of its columns."""
    there = observed.notna().to_numpy()
    found = {}
    for column, unique_id in enumerate(observed.columns):
        start = max(stretch_start(there[:, column]), len(there) - memory_days)
        behind = int(there[::-1, column].argmax())
        found[str(unique_id)] = Segment(start, counts[start : len(there) - behind, column], behind)
    return found
