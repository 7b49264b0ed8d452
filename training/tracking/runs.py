"""Runs in MLflow: parameters, provenance and scores; one run for each job, and a child run for each recipe."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Run, RunStatus, RunTag, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from training.backtest.evaluation import Evaluation
from training.backtest.scores import TABLE_LOSSES
from training.tracking.client import reach
from training.tracking.plots import charts, page, pit_histogram, reliability
from training.tracking.provenance import HistorySnapshot, code_version, installed_packages, machine_tags, measure_cost

CHARTS_FILE, DATA_REPORT_FILE, PACKAGES_FILE, GATE_FOLDER = "charts.html", "data-report.html", "environment.txt", "gate"
BACKTEST = "backtest"
KIND_TAG = "headroom.kind"
TRAIN = "train"
KILLED = RunStatus.to_string(RunStatus.KILLED)
SLICED = ("measure,day", "measure,regime", "measure,weekday")
SLICED_LOSSES = ("mae", "mase", "scaled_wis", "coverage_80")


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
    tables, scores = evaluation.tables(), evaluation.scores(*more)
    leaderboard = pd.concat(dict(tables.items()), names=["recipe"]).reset_index(level=0)
    overall = evaluation.overall()
    with reach(tracking_uri), TemporaryDirectory() as folder:
        for name, table in tables.items():
            metrics = {**_by_lead(table), **_by_slice(scores[scores["recipe"] == name]), **overall[name]}
            _log_child(name, metrics | ({"duration_seconds": seconds[name]} if name in seconds else {}))
        mlflow.log_metrics(
            {f"{name}/{loss}": value for name, losses in overall.items() for loss, value in losses.items()}
        )
        for name, frame in forecasts.items():
            frame.to_parquet(Path(folder) / f"{name}.parquet", index=False)
        leaderboard.to_csv(Path(folder) / "leaderboard.csv", index=False)
        leaderboard.to_html(Path(folder) / "leaderboard.html", index=False, float_format="{:.3f}".format)
        scores.to_csv(Path(folder) / "scores.csv", index=False)
        mlflow.log_artifacts(folder, BACKTEST)
        recipe, first = next(iter(forecasts.items()))
        if first["y"].notna().any():
            of_first = scores[scores["recipe"] == recipe]
            mlflow.log_text(
                page([*charts(first, of_first), reliability(first, evaluation.levels), pit_histogram(of_first)]),
                CHARTS_FILE,
            )


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


def _log_child(name: str, metrics: Mapping[str, float]) -> None:
    with mlflow.start_run(run_name=name, nested=True, tags={"headroom.recipe": name}) as child:
        now = child.info.start_time
        MlflowClient().log_batch(child.info.run_id, [Metric(key, value, now, 0) for key, value in metrics.items()])


def _by_lead(table: pd.DataFrame) -> dict[str, float]:
    """Return `measure/leads/loss` to value; a loss without a value is left out."""
    return {
        f"{row['measure']}/{row['leads']}/{loss}": float(row[loss])
        for _, row in table.iterrows()
        for loss in TABLE_LOSSES
        if pd.notna(row[loss])
    }


def _by_slice(scores: pd.DataFrame) -> dict[str, float]:
    """Return `measure/slice/loss` to value, of the main slices and losses."""
    rows = scores[scores["by"].isin(SLICED) & scores["loss"].isin(SLICED_LOSSES)]
    sliced = rows.apply(lambda row: row[row["by"].partition(",")[2]], axis=1) if len(rows) else rows["by"]
    names = rows["measure"].astype(str) + "/" + sliced.astype(str) + "/" + rows["loss"].astype(str)
    return {name: float(value) for name, value in zip(names, rows["value"], strict=True)}
