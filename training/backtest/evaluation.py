"""Several recipes judged on the same windows, beside the same references, by every slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from training.backtest.evidence import with_baselines_and_slices
from training.backtest.judged import row_losses
from training.backtest.scores import BY, COUNTS, LOSSES, long_scores, mase_scales, overall_of, table
from training.history.known import PointInTimeHistory

SLICINGS = (("measure",), BY, ("series",), ("measure", "weekday"), ("measure", "day"), ("measure", "regime"))
RECIPE = "recipe"


@dataclass(frozen=True)
class Evaluation:
    """By the name of each recipe, its forecasts with the losses of each; those without an actual are left out.

    `levels` are those of the quantiles.
    """

    rows: Mapping[str, pd.DataFrame]
    levels: Sequence[float]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The scores of each recipe by measure and lead band."""
        return {recipe: table(rows, BY)[[*BY, *COUNTS, *LOSSES]] for recipe, rows in self.rows.items()}

    def overall(self) -> dict[str, dict[str, float]]:
        """Each loss of each recipe over all its rows, and its share of fallbacks."""
        return {recipe: overall_of(rows) for recipe, rows in self.rows.items()}

    def scores(self, *more: Sequence[str]) -> pd.DataFrame:
        """Every loss by every slice, and by the slices of `more`, in one long frame; `recipe` first."""
        parts = {recipe: long_scores(rows, [*SLICINGS, *more]) for recipe, rows in self.rows.items()}
        return pd.concat(parts, names=[RECIPE]).reset_index(level=0).reset_index(drop=True)


def evaluated(
    forecasts: Mapping[str, pd.DataFrame], history: PointInTimeHistory, first_cutoff: pd.Timestamp
) -> Evaluation:
    """Judge the forecasts of recipes by name; scales and references are those known at the first cutoff."""
    together = pd.concat(dict(forecasts.items()), names=[RECIPE]).reset_index(level=0).reset_index(drop=True)
    beside = with_baselines_and_slices(together, history, first_cutoff)
    rows = row_losses(beside, mase_scales(history, first_cutoff), history.system.quantiles)
    by_recipe = {name: rows[rows[RECIPE] == name].drop(columns=RECIPE) for name in forecasts}
    return Evaluation(by_recipe, history.system.quantiles)
