"""A backtest in MLflow: a child run for each recipe, and above them forecasts, leaderboard, scores and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from training.backtest.evaluation import Evaluation
from training.pipeline.fitted_recipe import FittedRecipe
from training.tracking.charts import charts, page, pit_histogram, reliability
from training.tracking.client import reach
from training.tracking.comparison import leaderboard_metrics, recipe_metrics
from training.tracking.pictures import recipe_pictures, recipes_by_lead, write_pictures
from training.tracking.provenance import RunCost
from training.tracking.runs import BACKTEST

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHARTS_FILE = "charts.html"
CHILD_TAG = "headroom.recipe"


@dataclass(frozen=True)
class BacktestedRecipe:
    """The forecasts of a recipe at each cutoff, and the recipe as it was fitted for the last of them.

    `seconds` is how long its means took to make, None where it is not known.
    """

    forecasts: pd.DataFrame
    fitted: FittedRecipe
    seconds: float | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of the windows, and those of the recipe."""
        return {**_of_windows(self.forecasts), **self.fitted.parameters}


def log_backtest(
    tracking_uri: str,
    recipes: Mapping[str, BacktestedRecipe],
    evaluation: Evaluation,
    *more: Sequence[str],
) -> None:
    """Log a child run for each recipe, and to the active run forecasts, leaderboard, scores and charts.

    `more` are slices to score by besides the standard ones. Charts are of the first recipe named.
    """
    scores = evaluation.scores(*more)
    with reach(tracking_uri):
        for name, recipe in recipes.items():
            _log_child(name, recipe, evaluation)
        mlflow.log_metrics(leaderboard_metrics(evaluation, RunCost().metrics()))
        _log_files(recipes, evaluation, scores)
        if any(len(rows) for rows in evaluation.rows.values()):
            _log_pictures({"scaled-wis-by-lead": recipes_by_lead(evaluation.rows)})
        _log_charts(*next(iter(recipes.items())), evaluation, scores)


def _log_child(name: str, recipe: BacktestedRecipe, evaluation: Evaluation) -> None:
    """Log the run of one recipe: its parameters, metrics and pictures."""
    metrics = recipe_metrics(evaluation, name, recipe.seconds)
    with mlflow.start_run(run_name=name, nested=True, tags={CHILD_TAG: name}) as child:
        now = child.info.start_time
        MlflowClient().log_batch(
            child.info.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in metrics.items()],
            params=[Param(key, str(value)) for key, value in recipe.parameters.items()],
        )
        _log_pictures(recipe_pictures(name, evaluation.rows[name], evaluation.levels, recipe.fitted.weights))


def _log_pictures(figures: Mapping[str, "Figure"]) -> None:
    """Log pictures to the active run, in no folder: MLflow compares only such files of several runs."""
    with TemporaryDirectory() as temporary:
        write_pictures(figures, Path(temporary))
        mlflow.log_artifacts(temporary)


def _of_windows(forecasts: pd.DataFrame) -> dict[str, object]:
    """Return the parameters of the windows that forecasts were made in."""
    if forecasts.empty:
        return {}
    cutoffs = forecasts["cutoff"].drop_duplicates().sort_values()
    steps = cutoffs.diff().dropna().dt.days
    return {
        "series": forecasts["unique_id"].nunique(),
        "horizon": int(forecasts["lead"].max()),
        "windows": len(cutoffs),
        **({} if steps.empty else {"step_days": int(steps.min())}),
        "first_cutoff": f"{cutoffs.iloc[0]:%Y-%m-%d}",
        "last_cutoff": f"{cutoffs.iloc[-1]:%Y-%m-%d}",
    }


def _log_charts(name: str, recipe: BacktestedRecipe, evaluation: Evaluation, scores: pd.DataFrame) -> None:
    """Log the page of interactive charts of one recipe to the active run."""
    forecasts, of_recipe = recipe.forecasts, scores[scores["recipe"] == name]
    if forecasts["y"].notna().any():
        figures = [*charts(forecasts, of_recipe), reliability(forecasts, evaluation.levels), pit_histogram(of_recipe)]
        mlflow.log_text(page(figures), CHARTS_FILE)


def _log_files(recipes: Mapping[str, BacktestedRecipe], evaluation: Evaluation, scores: pd.DataFrame) -> None:
    """Log every forecast and score of the backtest to the active run."""
    leaderboard = pd.concat(evaluation.tables(), names=["recipe"]).reset_index(level=0)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, recipe in recipes.items():
            recipe.forecasts.to_parquet(folder / f"{name}.parquet", index=False)
        leaderboard.to_csv(folder / "leaderboard.csv", index=False)
        leaderboard.to_html(folder / "leaderboard.html", index=False, float_format="{:.3f}".format)
        scores.to_csv(folder / "scores.csv", index=False)
        mlflow.log_artifacts(temporary, BACKTEST)
