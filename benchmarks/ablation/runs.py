"""Forecasts of one system with the complete recipe, and without each part: the same cutoffs, means made once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from benchmarks.ablation.parts import COMPLETE_RECIPE, Part, Recipe
from benchmarks.ablation.systems import AblationSystem
from benchmarks.accuracy.data import every_so_many
from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.scoring import mean_of, row_losses
from training.backtest.baselines import with_actuals
from training.backtest.run import same_for_every_measure
from training.backtest.scores import mase_scales
from training.calibration.counts import CountMixture, PastCounts
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import SeriesQuantiles
from training.frames import BoolArray, FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import Candidate
from training.models.catalogue import CATALOGUE, Combination, LearnedEnsemble
from training.pipeline.forecaster import Forecaster

Candidates = Mapping[str, Candidate | Combination | LearnedEnsemble]


@dataclass(frozen=True)
class Figures:
    """Mean losses over the cases of one run, and the number of its cutoffs."""

    mase: float
    scaled_wis: float
    covers_80: float
    n_cutoffs: int


class Switch:
    """The rules of a recipe, which can be changed while a forecaster has its means."""

    def __init__(self) -> None:
        self.recipe = COMPLETE_RECIPE

    def calibrate(
        self, means: FloatArray, past: PastErrors, groups: Sequence[str], levels: Sequence[float]
    ) -> SeriesQuantiles:
        """Return quantiles by the rule of the recipe."""
        return self.recipe.calibrate(means, past, groups, levels)

    def count(
        self, means: FloatArray, past: PastCounts, groups: Sequence[str], is_count: BoolArray, levels: Sequence[float]
    ) -> CountMixture:
        """Return the quantiles of small counts by the rule of the recipe."""
        return self.recipe.count(means, past, groups, is_count, levels)


class Run:
    """Forecasts of one history at some cutoffs, with any recipe."""

    def __init__(self, history: PointInTimeHistory, horizon: int, cutoffs: Sequence[pd.Timestamp]) -> None:
        self.history = history
        self._cutoffs = cutoffs
        self._switch = Switch()
        self._forecaster = Forecaster(history, horizon, self._switch.calibrate, count=self._switch.count)

    def forecasts(self, recipe: Recipe) -> pd.DataFrame:
        """Return what the recipe would have published at each cutoff, with the actuals."""
        levels, self._switch.recipe = self.history.system.quantiles, recipe
        with registered(recipe.candidates):
            self._forecaster.prepare([recipe.candidate], self._cutoffs)
            by_measure = same_for_every_measure(self._forecaster, recipe.candidate)
            frames = []
            for cutoff in self._cutoffs:
                forecast = recipe.sums(self._forecaster.forecast(by_measure, cutoff), levels)
                frames.append(with_actuals(self.history, forecast, forecast.rows(levels)))
        return pd.concat(frames, ignore_index=True)


@contextmanager
def registered(candidates: Candidates) -> Iterator[None]:
    """Add candidates to the catalogue, as `docs/explanation/method.md` says, and take them out at the end.

    Raises ValueError for a name that is there: its means would be taken for the new one's.
    """
    if taken := set(candidates) & set(CATALOGUE):
        raise ValueError(f"the catalogue has {', '.join(sorted(taken))} already")
    CATALOGUE.update(candidates)
    try:
        yield
    finally:
        for name in candidates:
            del CATALOGUE[name]


def measured(
    name: str, system: AblationSystem, parts: Mapping[str, Part], every: int, report: Callable[[str], None] = heading
) -> tuple[Figures, dict[str, Figures]]:
    """Return the figures of the complete recipe, and those without each part that the system has.

    `parts` are by name; all are scored on the same cases.
    """
    history = system.read()
    cutoffs = every_so_many(system.cutoffs(history), every)
    scales = mase_scales(history, cutoffs[len(cutoffs) // 3])  # the first year has hardly any weeks to compare
    complete_run = Run(history, system.horizon, cutoffs)

    def figures(run: Run, recipe: Recipe) -> Figures:
        rows = run.forecasts(recipe)
        scored = row_losses(rows[rows["unique_id"].isin(system.series(history))], scales, history.system.quantiles)
        mase, scaled_wis, covers_80 = (mean_of(scored, loss) for loss in ("mase", "scaled_wis", "covers_80"))
        return Figures(mase, scaled_wis, covers_80, len(cutoffs))

    report(f"{name}: the complete recipe at {len(cutoffs)} cutoffs")
    complete = figures(complete_run, COMPLETE_RECIPE)
    report(f"{name}: {complete}")
    without = {}
    for key, part in parts.items():
        if not part.is_in(history):
            continue
        if part.without.holidays:
            without[key] = figures(complete_run, part.without)
        elif system.read_without_holidays is not None:
            without[key] = figures(Run(system.read_without_holidays(), system.horizon, cutoffs), part.without)
        else:
            continue
        report(f"{name}: without {part.name}: {without[key]}")
    return complete, without
