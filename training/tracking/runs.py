"""Runs in MLflow: parameters, provenance, cost and reports; one run for each job."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run, RunStatus, RunTag, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from training.tracking.client import reach
from training.tracking.provenance import HistorySnapshot, code_version, installed_packages, machine_tags, measure_cost

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
