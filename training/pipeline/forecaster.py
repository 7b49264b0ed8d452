"""From known history to a forecast: means, fallbacks, calibration, sums."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import pandas as pd

from publication.vocabulary import series_key
from training.calibration.counts import count_quantiles
from training.calibration.quantiles import Calibration, fitted_quantiles
from training.errors import NothingPublishedError
from training.history.hierarchy import summing
from training.history.point_in_time import DelayedHistory, PointInTimeHistory
from training.models.candidate import REFIT_EVERY_DAYS, FitCache, by_fit_day, fit_day, target_days
from training.models.catalogue import FALLBACK
from training.pipeline.fitted_recipe import FittedRecipe, fitted_recipe
from training.pipeline.forecast import Forecast, Recipe
from training.pipeline.margins import Margins, SmallCounts, means_within, upper_bounds
from training.pipeline.means import EnsembleWeights, MeansCache, same_for_all
from training.pipeline.rest_days import RestDays
from training.pipeline.state import PipelineState
from training.pipeline.system_paths import DECIMALS, SystemPaths, summarise
from training.pipeline.windows import WindowForecasts

DELAYED_VIEWS_CACHED = 2  # views of the history with delays: each holds many of its days
EXPLODED = 10.0  # times the largest value known: no hospital's count goes there in twelve weeks
SMALLEST_LIMIT = 100.0  # an empty ward may fill


class Forecaster:
    """Forecasts of one system from its known history; `calibrate` makes quantiles of past errors, `count` of counts.

    What a `state` was saved with is not made again where the history still gives the same. Each cutoff is forecast from
    the history with its own places, in every window too. A cutoff at which series are behind is forecast from a view of
    that history in which they are as far behind in every window.
    """

    def __init__(
        self,
        history: PointInTimeHistory,
        horizon: int,
        calibrate: Calibration = fitted_quantiles,
        state: PipelineState | None = None,
        count: SmallCounts = count_quantiles,
    ) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate
        self._count = count
        self._means = MeansCache(history, horizon)
        self._means.load_state(PipelineState() if state is None else state)
        self._means_of = cache(self._means_of_places)
        self._undelayed = cache(self._pipeline_of_places)
        self._delayed = lru_cache(maxsize=DELAYED_VIEWS_CACHED)(self._pipeline_of_delays)

    @property
    def fits(self) -> FitCache:
        """The parts that candidates have fitted to the history."""
        return self._means.fits

    def prepare(self, candidates: Iterable[str], cutoffs: Sequence[pd.Timestamp]) -> None:
        """Make the candidates' means at the cutoffs, and in the windows before them, in one go.

        A cutoff at which series are behind is passed over: its windows are of a view of their own.
        """
        names = list(candidates)
        by_places: dict[PointInTimeHistory, list[pd.Timestamp]] = {}
        for cutoff in cutoffs:
            view = self.history.with_places_at(cutoff)
            if not view.days_behind(cutoff):
                by_places.setdefault(view, []).append(cutoff)
        for view, some in by_places.items():
            self._undelayed(view).prepare(names, some)

    def forecast(self, recipe: Recipe, cutoff: pd.Timestamp) -> Forecast:
        """Return what would be published at the cutoff: bottom series and parents, coherent, with quantiles.

        A measure that the recipe does not name gets the fallback. Raises NothingPublishedError where no series reports.
        """
        return self._at(cutoff).forecast(recipe, cutoff)

    def seconds(self, candidate: str) -> float:
        """Return how long the means of a candidate, and of its members, have taken to make."""
        return self._means.seconds(candidate)

    def state(self, recipe: Recipe, cutoff: pd.Timestamp) -> PipelineState:
        """Return what was made and fitted to forecast with the recipe at the cutoff: later cutoffs need it too."""
        return self._at(cutoff).state(recipe, cutoff)

    def fitted(self, recipe: Recipe, cutoff: pd.Timestamp) -> FittedRecipe:
        """Return the recipe with the parameters and weights that it forecasts with at the cutoff."""
        return self._at(cutoff).fitted(recipe, cutoff)

    def _at(self, cutoff: pd.Timestamp) -> "Pipeline":
        history = self.history.with_places_at(cutoff)
        delays = history.days_behind(cutoff)
        return self._delayed(history, tuple(sorted(delays.items()))) if delays else self._undelayed(history)

    def _means_of_places(self, history: PointInTimeHistory) -> MeansCache:
        """Return the cache of a history with the places of some cutoffs; saved means, fits and times are shared."""
        return self._means if history is self.history else self._means.of_view(history)

    def _pipeline_of_places(self, history: PointInTimeHistory) -> "Pipeline":
        return Pipeline(history, self._means_of(history), self._calibrate, self._count)

    def _pipeline_of_delays(self, history: PointInTimeHistory, delays: tuple[tuple[str, int], ...]) -> "Pipeline":
        """Return a pipeline whose windows see the series as far behind; it shares the means that were made."""
        view = DelayedHistory(history, dict(delays))
        return Pipeline(view, self._means.of_view(view), self._calibrate, self._count)


@dataclass(frozen=True)
class BottomMeans:
    """Means of the bottom series, wide; `models` names what made each, `reasons` says why a fallback was needed."""

    means: pd.DataFrame
    models: Mapping[str, str]
    reasons: Mapping[str, str]


class Pipeline:
    """The steps from one view of a history to its forecasts; each step is a part of its own."""

    def __init__(
        self, history: PointInTimeHistory, means: MeansCache, calibrate: Calibration, count: SmallCounts
    ) -> None:
        self._history = history
        self._means = means
        self._rest = RestDays(history)
        self._windows = WindowForecasts(history, means, self._rest)
        self._margins = Margins(history, means.horizon, calibrate, count, self._rest)

    def prepare(self, names: Iterable[str], cutoffs: Sequence[pd.Timestamp]) -> None:
        """Make the means of candidates at the cutoffs and in their windows."""
        everywhere = {window for cutoff in cutoffs for window in self._windows.before(cutoff)} | set(cutoffs)
        candidates = list(dict.fromkeys([FALLBACK, *names]))
        for some in _batches(everywhere, self._history.frames_held):
            for name in candidates:
                self._means.make(name, some)

    def forecast(self, recipe: Recipe, cutoff: pd.Timestamp) -> Forecast:
        """Return the forecast of the recipe."""
        names = self._candidates(recipe, cutoff)
        self.prepare(sorted(set(names.values())), [cutoff])
        weights = self._windows.weights(names.values(), cutoff)
        made = self._with_fallbacks(names, cutoff, weights)
        bottom = self._rest.zero_means(made.means, cutoff).round(DECIMALS)
        past = self._windows.published(made.models, cutoff, weights)
        actuals = self._windows.actuals(made.models, cutoff)
        paths = self._margins.calibrate(bottom, made.models, past, actuals, self._windows.before(cutoff))
        return self._assembled(recipe, made, bottom, paths, cutoff)

    def state(self, recipe: Recipe, cutoff: pd.Timestamp) -> PipelineState:
        """Return means in the windows, and fits on the refit day and at the cutoff, of the recipe's candidates.

        What was fitted to all series of a measure, or to all, on the refit days of the windows is there too: where one
        series is late, all means of its measure are made again in every window.
        """
        names, windows = {*recipe.values(), FALLBACK}, self._windows.before(cutoff)
        return self._means.state(names, windows, (fit_day(cutoff), cutoff), {*map(fit_day, windows)})

    def fitted(self, recipe: Recipe, cutoff: pd.Timestamp) -> FittedRecipe:
        """Return the recipe with what was fitted for the cutoff, and what it was fitted to."""
        names = set(recipe.values())
        self.prepare(sorted(names), [cutoff])
        fits = self._means.fits.of_days((fit_day(cutoff), cutoff))
        fitted = fitted_recipe(recipe, fits, self._windows.weights(names, cutoff))
        windows = self._windows.before(cutoff)
        data = {
            "history_days": (cutoff - self._history.first_day).days + 1,
            "refit_day": f"{fit_day(cutoff):%Y-%m-%d}",
            "refit_every_days": REFIT_EVERY_DAYS,
            "calibration_windows": len(windows),
        }
        return replace(fitted, parameters={**fitted.parameters, **data})

    def _candidates(self, recipe: Recipe, cutoff: pd.Timestamp) -> dict[str, str]:
        """Return the candidate of each bottom series that reports. Raises NothingPublishedError where none does."""
        names = {unique_id: _candidate(recipe, unique_id) for unique_id in self._history.as_of(cutoff).columns}
        if names:
            return names
        raise NothingPublishedError(
            f"Forecasting {self._history.system.name} for cutoff {cutoff.date()}: no series has a usable value "
            "in the four weeks before it. Ingest newer extracts, or choose another cutoff."
        )

    def _assembled(
        self, recipe: Recipe, made: BottomMeans, bottom: pd.DataFrame, paths: SystemPaths, cutoff: pd.Timestamp
    ) -> Forecast:
        """Return the forecast of bottom series and parents from the final means and paths of the bottom."""
        parts, levels = summing(self._history.system, list(bottom.columns)), self._history.system.quantiles
        found = summarise(paths, parts, levels, len(bottom))
        means = (means_within(bottom, found.quantiles, parts, found.means, levels) @ parts).round(DECIMALS)
        return Forecast(
            cutoff=cutoff,
            means=means,
            quantiles=found.quantiles,
            models={i: made.models.get(i, _candidate(recipe, i)) for i in means.columns},
            reasons=made.reasons,
            parts=parts,
            paths=paths,
            counted_on=self._rest.of_series(parts, cutoff),
        )

    def _with_fallbacks(self, names: Mapping[str, str], cutoff: pd.Timestamp, weights: EnsembleWeights) -> BottomMeans:
        """Return rounded means of the bottom series, with the fallback's where a candidate failed."""
        days = target_days(cutoff, self._means.horizon)
        means, naive = (
            pd.DataFrame(self._means.combine(chosen, cutoff, weights), days, list(names))
            for chosen in (names, same_for_all(FALLBACK, list(names)))
        )
        reasons = self._failures(means, names, cutoff)
        means[list(reasons)] = naive[list(reasons)]
        models = {unique_id: FALLBACK if unique_id in reasons else name for unique_id, name in names.items()}
        most = upper_bounds(self._history, cutoff, list(names))
        return BottomMeans(means.clip(lower=0.0).clip(upper=most, axis=1).round(DECIMALS), models, reasons)

    def _failures(self, means: pd.DataFrame, names: Mapping[str, str], cutoff: pd.Timestamp) -> dict[str, str]:
        """Return why, for each series whose means are missing or far beyond what is known of it."""
        limits = (self._history.as_of(cutoff).max() * EXPLODED).clip(lower=SMALLEST_LIMIT)
        exploded = (means.abs() > limits).any()
        reasons = {
            unique_id: f"{names[unique_id]} went beyond {limits[unique_id]:g}, far from any value known"
            for unique_id in means.columns[exploded]
        }
        for unique_id in means.columns[means.isna().any()]:
            why = self._means.failure(names[unique_id], cutoff, unique_id)
            reasons[unique_id] = f"{names[unique_id]} failed: {why}"
        return reasons


def _batches(cutoffs: Collection[pd.Timestamp], most: int) -> Iterator[list[pd.Timestamp]]:
    """Yield the cutoffs in batches whose frames, and those of their refit days, are at most as many as are held.

    Every candidate then finds the frames that the one before it has used.
    """
    by_day = by_fit_day(cutoffs)
    if len(cutoffs) + len(by_day) <= most:
        yield sorted(cutoffs)
        return
    for some in by_day.values():
        size = max(most - 1, 1)
        yield from (some[start : start + size] for start in range(0, len(some), size))


def _candidate(recipe: Recipe, unique_id: str) -> str:
    return recipe.get(series_key(unique_id).measure, FALLBACK)
