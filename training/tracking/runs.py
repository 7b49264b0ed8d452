"""Runs in MLflow: parameters, provenance and scores; one run for each job, and a child run for each recipe."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
import plotly.graph_objects as go
from mlflow import MlflowClient
from mlflow.entities import Metric, Run, RunStatus, RunTag, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from publication.vocabulary import quantile_column, series_key
from training.backtest.evaluation import Evaluation
from training.backtest.scores import PIT_TENTHS, TABLE_LOSSES
from training.charts import page as html_page
from training.charts import picture, plain
from training.tracking.client import reach
from training.tracking.provenance import HistorySnapshot, code_version, installed_packages, machine_tags, measure_cost

BAND_COLOUR = "rgba(0, 94, 184, 0.18)"
MEAN_COLOUR = "rgb(0, 94, 184)"
ACTUAL_COLOUR = "rgb(33, 43, 50)"
OUTER_80 = {"q0.1", "q0.9"}


def page(figures: Sequence[go.Figure]) -> str:
    """Return the charts of one backtest as a page."""
    return html_page("Backtest", [picture(figure, f"chart-{i}") for i, figure in enumerate(figures, start=1)])


def charts(forecasts: pd.DataFrame, scores: pd.DataFrame) -> list[go.Figure]:
    """Return the charts to see first: the best and worst series of each measure, and the coverage of intervals.

    `scores` are those of the recipe that made the forecasts, long.
    """
    figures = [fan_chart(forecasts, unique_id, rank) for unique_id, rank in _best_and_worst(scores)]
    return [*figures, coverage_by_lead(forecasts)] if set(forecasts.columns) >= OUTER_80 else figures


def _best_and_worst(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """Return of each measure the series with the least and the greatest scaled WIS, labelled best and worst."""
    rows = scores[(scores["by"] == "series") & (scores["loss"] == "scaled_wis")]
    by_series = rows.set_index(rows["series"].astype(str))["value"]
    grouped = by_series.groupby(lambda unique_id: series_key(unique_id).measure)
    found = [((str(of.idxmin()), "best"), (str(of.idxmax()), "worst")) for _, of in grouped]
    return [pick for best, worst in found for pick in ((best,) if best[0] == worst[0] else (best, worst))]


def fan_chart(forecasts: pd.DataFrame, unique_id: str, rank: str) -> go.Figure:
    """Return the forecasts of one series in the newest window of a backtest, with its actuals."""
    series = forecasts[forecasts["unique_id"] == unique_id]
    window = series[series["cutoff"] == series["cutoff"].max()]
    figure = go.Figure()
    for low, high, label in (("q0.1", "q0.9", "80 %"), ("q0.25", "q0.75", "50 %")):
        if {low, high} <= set(window.columns):
            figure.add_scatter(x=window["ds"], y=window[low], mode="lines", line_width=0, showlegend=False)
            figure.add_scatter(
                x=window["ds"],
                y=window[high],
                mode="lines",
                line_width=0,
                fill="tonexty",
                fillcolor=BAND_COLOUR,
                name=f"{label} prediction interval",
            )
    figure.add_scatter(x=window["ds"], y=window["mean"], mode="lines", line_color=MEAN_COLOUR, name="mean")
    figure.add_scatter(x=window["ds"], y=window["y"], mode="markers", marker_color=ACTUAL_COLOUR, name="actual")
    figure.update_layout(
        title=f"{plain(unique_id)} ({rank} of its measure), cutoff {window['cutoff'].iloc[0]:%Y-%m-%d}",
        template="plotly_white",
    )
    return figure


def coverage_by_lead(forecasts: pd.DataFrame) -> go.Figure:
    """Return the share of actuals inside the 80 % prediction interval, by lead, against 80 %."""
    rows = forecasts[forecasts["y"].notna()]
    inside = (rows["y"] >= rows["q0.1"]) & (rows["y"] <= rows["q0.9"])
    share = inside.groupby(rows["lead"]).mean()
    figure = go.Figure(go.Scatter(x=share.index, y=share, mode="lines+markers", line_color=MEAN_COLOUR, name="covered"))
    figure.add_hline(y=0.8, line_dash="dash", line_color=ACTUAL_COLOUR)
    figure.update_layout(title="Coverage of the 80 % prediction interval", template="plotly_white")
    figure.update_xaxes(title="lead (days)")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return figure


def pit_histogram(scores: pd.DataFrame) -> go.Figure:
    """Return the percentage of actuals in each tenth of their forecast distribution, by measure: ideally ten.

    `scores` are one recipe's, long. A hollow in the middle means that intervals are too narrow, a hill that they are
    too wide, a slope that forecasts are too high (down to the right) or too low.
    """
    shares = scores[(scores["by"] == "measure") & scores["loss"].isin(PIT_TENTHS)]
    figure = go.Figure()
    for measure, some in shares.groupby("measure"):
        by_tenth = some.set_index("loss")["value"].reindex(PIT_TENTHS)
        figure.add_bar(x=[f"{tenth / 10:.1f}" for tenth in range(1, 11)], y=by_tenth, name=plain(str(measure)))
    figure.add_hline(y=0.1, line_dash="dash", line_color=ACTUAL_COLOUR)
    figure.update_layout(title="Where actuals fell in their forecast distributions (PIT)", template="plotly_white")
    figure.update_xaxes(title="tenth of the distribution, up to", type="category")
    figure.update_yaxes(tickformat=".0%")
    return figure


def reliability(forecasts: pd.DataFrame, levels: Sequence[float]) -> go.Figure:
    """Return the share of actuals at or below each published quantile, by measure, against its level: the diagonal.

    The reliability diagram of quantile forecasts (Pinson et al. 2007). Below the diagonal they are too low.
    """
    rows = forecasts[forecasts["y"].notna()]
    measures = rows["unique_id"].map({i: series_key(str(i)).measure for i in rows["unique_id"].unique()})
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line_color=ACTUAL_COLOUR, name="promised"))
    figure.data[0].line.dash = "dash"
    for measure, some in rows.groupby(measures):
        shares = [float((some["y"] <= some[quantile_column(level)]).mean()) for level in levels]
        figure.add_scatter(x=levels, y=shares, mode="lines+markers", name=plain(str(measure)))
    figure.update_layout(title="Reliability of the quantiles", template="plotly_white")
    figure.update_xaxes(title="level", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="actuals at or below", range=[0, 1], tickformat=".0%")
    return figure


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
