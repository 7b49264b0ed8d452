"""Runs in MLflow: parameters, provenance, cost and reports; one run for each job.

A backtest has a child run for each recipe, and above them forecasts, leaderboard, scores and charts.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunStatus, RunTag, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from training.backtest.evaluation import Evaluation
from training.pipeline.fitted_recipe import FittedRecipe
from training.tracking.charts import charts, page, pit_histogram, reliability
from training.tracking.client import reach
from training.tracking.comparison import (
    leaderboard_metrics,
    recipe_metrics,
    recipe_pictures,
    recipes_by_lead,
    write_pictures,
)
from training.tracking.provenance import (
    HistorySnapshot,
    RunCost,
    code_version,
    installed_packages,
    machine_tags,
    measure_cost,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHARTS_FILE = "charts.html"
CHILD_TAG = "headroom.recipe"
DATA_REPORT_FILE, PACKAGES_FILE, GATE_FOLDER = "data-report.html", "environment.txt", "gate"
KIND_TAG = "headroom.kind"
TRAIN, BACKTEST = "train", "backtest"
KILLED = RunStatus.to_string(RunStatus.KILLED)


@contextmanager
def run(
    tracking_uri: str, kind: str, name: str, parameters: Mapping[str, object], data: HistorySnapshot
) -> Iterator[str]:
    """Record the block as a run with its parameters, data, code and cost; yields the run's id."""
    with reach(tracking_uri):
        marks = {KIND_TAG: kind, **data.tags(), "headroom.code_version": code_version(), **machine_tags()}
        active = mlflow.start_run(run_name=name, tags=marks)
        mlflow.log_params(dict(parameters))
        mlflow.log_input(data.dataset(), context=kind, tags={"as_of": data.as_of.isoformat()})
        mlflow.log_text(installed_packages(), PACKAGES_FILE)
    try:
        with measure_cost() as cost:
            yield active.info.run_id
    except BaseException:
        with reach(tracking_uri):
            mlflow.end_run("FAILED")
        raise
    with reach(tracking_uri):
        mlflow.log_metrics(cost.metrics())
        mlflow.end_run()


def log_data_report(tracking_uri: str, html: str) -> None:
    """Log the page of the data report."""
    with reach(tracking_uri):
        mlflow.log_text(html, DATA_REPORT_FILE)


def log_verdict(tracking_uri: str, run_id: str, table: pd.DataFrame, tags: Mapping[str, str]) -> None:
    """Log the table of a gate's checks to the run of the version that was checked, and the verdict as tags."""
    client = MlflowClient(tracking_uri, tracking_uri)
    with reach(tracking_uri):
        client.log_text(run_id, table.to_csv(index=False), f"{GATE_FOLDER}/checks.csv")
        client.log_text(run_id, table.to_html(index=False), f"{GATE_FOLDER}/checks.html")
        client.log_batch(run_id, tags=[RunTag(name, text) for name, text in tags.items()])


def name_champion(tracking_uri: str, run_id: str, day: str) -> None:
    """Name a run so that a person finds it in the list: `champion of 2026-03-03`."""
    with reach(tracking_uri):
        MlflowClient(tracking_uri, tracking_uri).update_run(run_id, name=f"champion of {day}")


def close_orphaned_runs(tracking_uri: str, system: str) -> int:
    """End the runs of a system that a killed job left running, and return their number.

    Only for a job that holds the lock of training: a run of a job that is alive would be ended too.
    """
    client = MlflowClient(tracking_uri, tracking_uri)
    with reach(tracking_uri):
        experiment = client.get_experiment_by_name(system)
        if experiment is None:
            return 0
        left = _running(client, experiment.experiment_id, KIND_TAG, TRAIN)
        for abandoned in left:
            for child in _running(client, experiment.experiment_id, MLFLOW_PARENT_RUN_ID, abandoned.info.run_id):
                client.set_terminated(child.info.run_id, KILLED)
            client.set_terminated(abandoned.info.run_id, KILLED)  # last: where this is killed too, it is found again
    return len(left)


def _running(client: MlflowClient, experiment_id: str, tag: str, value: str) -> list[Run]:
    """Return the runs of the experiment with the tag that were not ended."""
    query = f"attributes.status = 'RUNNING' AND tags.`{tag}` = '{value}'"
    return list(client.search_runs([experiment_id], query, ViewType.ACTIVE_ONLY))


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
