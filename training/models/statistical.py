"""One statsforecast model for each series, its parameters refitted on a grid of days and carried forward in between."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from training.frames import last_stretch
from training.history.known import KnownHistory
from training.models.candidate import Means, Windows, fit_day, nothing_yet
from training.progress import tracked

Values = NDArray[np.float64]
MEMORY_DAYS = 420  # sixty weeks: all that a model of the weekly pattern uses, at a fifth of the cost of six years
SHORTEST_FIT_DAYS = 28
SERIES_WORTH_PROCESSES = 24  # below that, starting worker processes costs more than it saves


class LibraryModel(Protocol):
    """What is used of a statsforecast model."""

    def fit(self, y: Values) -> "LibraryModel": ...
    def forward(self, y: Values, h: int) -> dict[str, Values]: ...


@dataclass(frozen=True)
class Origin:
    """One series at one cutoff: the values to fit on (of the refit grid's day) and the values to go on from."""

    cutoff: pd.Timestamp
    fit_on: pd.Timestamp
    fit_values: Values
    values: Values


@dataclass(frozen=True)
class Statistical:
    """A candidate made of a statsforecast model; `make` gives a new, unfitted one."""

    make: Callable[[], LibraryModel]

    def forecast(self, windows: Windows) -> Means:
        origins = _origins(windows)
        jobs = -1 if len(origins) >= SERIES_WORTH_PROCESSES else 1
        run = Parallel(n_jobs=jobs, return_as="generator")
        answers = run(delayed(forecast_series)(self.make(), series, windows.horizon) for series in origins.values())
        means = nothing_yet(windows)
        doing = f"{self.make().__class__.__name__} by series"
        for unique_id, answer in zip(origins, tracked(answers, doing, len(origins)), strict=True):
            for cutoff, result in answer.items():
                if isinstance(result, str):
                    means.failures[cutoff, unique_id] = result
                else:
                    means.by_cutoff[cutoff][unique_id] = result
        return means


def forecast_series(model: LibraryModel, origins: Sequence[Origin], horizon: int) -> dict[pd.Timestamp, Values | str]:
    """For each cutoff the means (horizon,), or the sentence that says why there are none."""
    answers: dict[pd.Timestamp, Values | str] = {}
    fitted_on: pd.Timestamp | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of constant series and the like; the result is what counts
        for origin in origins:
            try:
                if fitted_on != origin.fit_on:
                    model, fitted_on = model.fit(origin.fit_values), origin.fit_on
                answers[origin.cutoff] = np.asarray(model.forward(y=origin.values, h=horizon)["mean"], dtype=float)
            except Exception as error:  # noqa: BLE001  a library may fail in any way; the series gets its fallback
                fitted_on = None
                answers[origin.cutoff] = f"{type(error).__name__}: {error}"
    return answers


def _origins(windows: Windows) -> dict[str, list[Origin]]:
    """The origins of each series, in order of cutoff."""
    origins: dict[str, list[Origin]] = {}
    for cutoff in sorted(windows.cutoffs):
        fit_on = fit_day(cutoff)
        filled = windows.history.undisturbed(cutoff)
        past = _stretches(windows.history, fit_on) if fit_on >= windows.history.first_day else {}
        for unique_id, stretch in _stretches(windows.history, cutoff).items():
            before = past.get(unique_id, stretch)
            if len(before) < SHORTEST_FIT_DAYS or before is stretch:
                origin = Origin(cutoff, cutoff, stretch.to_numpy(), stretch.to_numpy())
            else:
                # The fitted state belongs to the first day fitted on, so what is carried forward begins there too.
                onwards = filled.loc[before.index[0] :, unique_id]
                origin = Origin(cutoff, fit_on, before.to_numpy(), onwards.to_numpy())
            origins.setdefault(unique_id, []).append(origin)
    return origins


def _stretches(history: KnownHistory, cutoff: pd.Timestamp) -> dict[str, pd.Series]:
    """The unbroken values that a model may use of each series at a cutoff."""
    observed, filled = history.at(cutoff), history.undisturbed(cutoff)
    lengths = {unique_id: min(len(last_stretch(values)), MEMORY_DAYS) for unique_id, values in observed.items()}
    return {str(unique_id): filled[unique_id].iloc[len(filled) - length :] for unique_id, length in lengths.items()}
