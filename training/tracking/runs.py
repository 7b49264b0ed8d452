"""Runs: what was done, on which data, by which code, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd

from training.backtest.evaluation import Evaluation
from training.backtest.scores import LOSSES
from training.tracking.client import reach
from training.tracking.code import code_version
from training.tracking.plots import charts, page, pit_histogram

CHARTS = "charts.html"
DATA_REPORT = "data-report.html"


@contextmanager
def run(tracking_uri: str, name: str, parameters: Mapping[str, object], data_digest: str) -> Iterator[str]:
    """One MLflow run with its parameters, the digest of its data and the version of its code; gives the run's id."""
    tags = {"headroom.data_digest": data_digest, "headroom.code_version": code_version()}
    with reach(tracking_uri):
        active = mlflow.start_run(run_name=name, tags=tags)
        mlflow.log_params(dict(parameters))
    try:
        yield active.info.run_id
    except BaseException:
        with reach(tracking_uri):
            mlflow.end_run("FAILED")
        raise
    with reach(tracking_uri):
        mlflow.end_run()


def log_backtest(
    tracking_uri: str, forecasts: Mapping[str, pd.DataFrame], evaluation: Evaluation, *more: Sequence[str]
) -> None:
    """Log, of each recipe by name, its scores as metrics; forecasts, leaderboard and all scores by slice as artifacts.

    `more` are slices to score by besides the usual ones. Charts are of the first recipe named.
    """
    tables, scores = evaluation.tables(), evaluation.scores(*more)
    leaderboard = pd.concat(dict(tables.items()), names=["recipe"]).reset_index(level=0)
    with reach(tracking_uri), TemporaryDirectory() as folder:
        for name, table in tables.items():
            mlflow.log_metrics(_metrics(name, table))
        for name, frame in forecasts.items():
            frame.to_parquet(Path(folder) / f"{name}.parquet", index=False)
        leaderboard.to_csv(Path(folder) / "leaderboard.csv", index=False)
        leaderboard.to_html(Path(folder) / "leaderboard.html", index=False, float_format="{:.3f}".format)
        scores.to_csv(Path(folder) / "scores.csv", index=False)
        mlflow.log_artifacts(folder, "backtest")
        recipe, first = next(iter(forecasts.items()))
        if first["y"].notna().any():
            pit = pit_histogram(scores[scores["recipe"] == recipe])
            mlflow.log_text(page([*charts(first), pit]), CHARTS)


def log_data_report(tracking_uri: str, html: str) -> None:
    """Log the page that shows what the data was like."""
    with reach(tracking_uri):
        mlflow.log_text(html, DATA_REPORT)


def _metrics(name: str, table: pd.DataFrame) -> dict[str, float]:
    """`recipe/measure/leads/loss` to value; a loss without a value is left out."""
    return {
        f"{name}/{row['measure']}/{row['leads']}/{loss}": float(row[loss])
        for _, row in table.iterrows()
        for loss in LOSSES
        if pd.notna(row[loss])
    }
