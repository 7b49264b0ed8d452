"""A backtest in MLflow: a child run for each recipe, and above them forecasts, leaderboard, scores and charts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric

from training.backtest.evaluation import Evaluation
from training.tracking.charts import charts, page, pit_histogram, reliability
from training.tracking.client import reach
from training.tracking.comparison import leaderboard_metrics, recipe_metrics
from training.tracking.provenance import RunCost
from training.tracking.runs import BACKTEST

CHARTS_FILE = "charts.html"


def log_backtest(
    tracking_uri: str,
    forecasts: Mapping[str, pd.DataFrame],
    evaluation: Evaluation,
    seconds: Mapping[str, float],
    *more: Sequence[str],
) -> None:
    """Log a child run for each recipe, and to the active run forecasts, leaderboard, scores and charts.

    `seconds` is how long candidates' means took to make. `more` are slices to score by besides the standard ones.
    Charts are of the first recipe named.
    """
    scores = evaluation.scores(*more)
    with reach(tracking_uri):
        for name in forecasts:
            _log_child(name, recipe_metrics(evaluation, name, seconds.get(name)))
        mlflow.log_metrics(leaderboard_metrics(evaluation, RunCost().metrics()))
        _log_files(forecasts, evaluation, scores)
        recipe, first = next(iter(forecasts.items()))
        if first["y"].notna().any():
            of_first = scores[scores["recipe"] == recipe]
            figures = [*charts(first, of_first), reliability(first, evaluation.levels), pit_histogram(of_first)]
            mlflow.log_text(page(figures), CHARTS_FILE)


def _log_child(name: str, metrics: Mapping[str, float]) -> None:
    with mlflow.start_run(run_name=name, nested=True, tags={"headroom.recipe": name}) as child:
        now = child.info.start_time
        MlflowClient().log_batch(child.info.run_id, [Metric(key, value, now, 0) for key, value in metrics.items()])


def _log_files(forecasts: Mapping[str, pd.DataFrame], evaluation: Evaluation, scores: pd.DataFrame) -> None:
    """Log every forecast and score of the backtest to the active run."""
    leaderboard = pd.concat(evaluation.tables(), names=["recipe"]).reset_index(level=0)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, frame in forecasts.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        leaderboard.to_csv(folder / "leaderboard.csv", index=False)
        leaderboard.to_html(folder / "leaderboard.html", index=False, float_format="{:.3f}".format)
        scores.to_csv(folder / "scores.csv", index=False)
        mlflow.log_artifacts(temporary, BACKTEST)
