"""`headroom backtest`: rolling-origin evaluation, tracked; one that was interrupted goes on where it stopped."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from publication.vocabulary import COVERAGES
from training.backtest.evaluation import evaluated
from training.backtest.options import BacktestOptions, backtest_cutoffs, common_weekday, within_train_window
from training.backtest.run import (
    REFIT_POLICY,
    Checkpoint,
    Cutoffs,
    backtest_candidates,
    key_of,
    last_of_refit,
    run_checkpointed,
    same_for_every_measure,
)
from training.backtest.scores import COUNTS, SKILLS, table
from training.files import check_output, output
from training.history.point_in_time import PointInTimeHistory
from training.jobs.context import Context
from training.jobs.registry import snapshot_of
from training.models.candidate import fit_day
from training.pipeline.forecaster import Forecaster
from training.tracking.client import connect
from training.tracking.provenance import code_version
from training.tracking.runs import BACKTEST, BacktestedRecipe, log_backtest
from training.tracking.runs import run as tracked_run

CHECKPOINTS_FOLDER = "backtests"
PRINTED_LOSSES = {
    "point forecasts": ["mae", "noise_floor", "mase", "rmsse", "bias", *SKILLS],
    "distributions": ["pinball", "wis", "scaled_wis", *(f"coverage_{p}" for p in COVERAGES), "pit_distance"],
}


def run(
    job: Context, console: Console, options: BacktestOptions, out: Path | None, scores_file: Path | None = None
) -> None:
    """Backtest, print and track the scores, and write forecasts and scores where a file is named."""
    options.check(job.system, scores_file)
    check_output("--forecasts", out)
    check_output("--scores", scores_file)
    horizon, history = options.horizon or job.system.horizon_days, job.history(job.now)
    last = None if options.last_cutoff is None else pd.Timestamp(options.last_cutoff)
    cutoffs = backtest_cutoffs(history, options.windows, options.step_days, horizon, last)
    checkpoint = checkpoint_of(job, options, horizon, cutoffs)
    connect(job.settings.tracking_uri, job.settings.artifacts, job.system.name)
    for sentence in _notes(options, cutoffs, checkpoint):
        console.print(sentence, soft_wrap=True)
    name, parameters = f"backtest to {cutoffs[-1]:%Y-%m-%d}", _parameters(options, horizon, cutoffs)
    with tracked_run(job.settings.tracking_uri, BACKTEST, name, parameters, snapshot_of(job, job.now)):
        forecaster_of = _forecasters(job, options, history, horizon)
        make = _maker(options, forecaster_of, history, cutoffs[-1])
        made = options.narrowed(run_checkpointed(cutoffs, make, checkpoint))
        frames = {name: made[made["candidate"] == name].drop(columns="candidate") for name in options.names}
        evaluation = evaluated(frames, history, cutoffs[0])
        backtested = _backtested(options, frames, forecaster_of(fit_day(cutoffs[-1])), cutoffs[-1])
        log_backtest(job.settings.tracking_uri, backtested, evaluation, options.slices)
    _write("--forecasts", out, pd.concat(frames.values(), ignore_index=True))
    _write("--scores", scores_file, evaluation.scores(options.slices))
    for name, some in evaluation.rows.items():
        for view in scores_tables(name, table(some, options.slices), options.slices):
            console.print(view)
    checkpoint.clear()


def checkpoint_of(job: Context, options: BacktestOptions, horizon: int, cutoffs: Cutoffs) -> Checkpoint:
    """Return the checkpoint of the backtest, under a digest of all that its forecasts depend on."""
    data = (job.archive.digest(job.now), len(job.archive.versions()))  # late vintages may leave the newest unchanged
    requested = (options.names, horizon, [f"{cutoff:%Y-%m-%d}" for cutoff in cutoffs], options.train_window_days)
    key = key_of([*data, code_version(), job.system, job.system_file.context, *requested])
    checkpoint = Checkpoint(job.settings.home / CHECKPOINTS_FOLDER / key)
    if options.no_resume:
        checkpoint.clear()
    return checkpoint


def _forecasters(
    job: Context, options: BacktestOptions, history: PointInTimeHistory, horizon: int
) -> Callable[[pd.Timestamp], Forecaster]:
    """Return the function that gives the forecaster of a refit day: one for all, or one for each training window."""
    days = options.train_window_days
    if days is None:
        expanding = Forecaster(history, horizon)
        return lambda _: expanding
    return lru_cache(maxsize=1)(lambda refit_day: Forecaster(_train_window(job, refit_day, days), horizon))


def _maker(
    options: BacktestOptions,
    forecaster_of: Callable[[pd.Timestamp], Forecaster],
    history: PointInTimeHistory,
    last: pd.Timestamp,
) -> Callable[[Cutoffs], pd.DataFrame]:
    """Return the function that makes the forecasts of cutoffs of one refit day."""

    def make(cutoffs: Cutoffs) -> pd.DataFrame:
        ahead = [last_of_refit(cutoffs, last)] if options.train_window_days is None else []
        return backtest_candidates(forecaster_of(fit_day(cutoffs[0])), cutoffs, options.names, history, ahead)

    return make


def _backtested(
    options: BacktestOptions, frames: Mapping[str, pd.DataFrame], forecaster: Forecaster, last: pd.Timestamp
) -> dict[str, BacktestedRecipe]:
    """Return the candidates with their forecasts, and as they were fitted for the last cutoff.

    With a training window each refit day has a forecaster of its own, and no seconds are known of all of them.
    """
    recipes = {name: same_for_every_measure(forecaster, name) for name in frames}
    seconds = {name: forecaster.seconds(name) for name in frames} if options.train_window_days is None else {}
    return {
        name: BacktestedRecipe(frame, forecaster.fitted(recipes[name], last), seconds.get(name))
        for name, frame in frames.items()
    }


def _train_window(job: Context, refit_day: pd.Timestamp, days: int) -> PointInTimeHistory:
    versions = job.archive.versions()
    seen = within_train_window(versions[versions["known_at"] <= pd.Timestamp(job.now)], refit_day, days)
    return PointInTimeHistory(seen, job.system, context=job.system_file.context)


def _notes(options: BacktestOptions, cutoffs: Cutoffs, checkpoint: Checkpoint) -> list[str]:
    """Return sentences to read before the scores."""
    notes = [f"History: {options.history}. Refit policy: {REFIT_POLICY}."]
    weekday = common_weekday(cutoffs)
    if weekday is not None:
        notes.append(
            f"All {len(cutoffs)} cutoffs are {weekday}s, because --step {options.step_days} is a multiple of 7: each "
            "lead is scored on one weekday alone. Another step, such as 5, takes weekdays in turn."
        )
    if done := checkpoint.n_saved:
        notes.append(f"An interrupted backtest goes on: {done} of its refit days are done (--no-resume: begin anew).")
    return notes


def _parameters(options: BacktestOptions, horizon: int, cutoffs: Cutoffs) -> dict[str, object]:
    return {
        "windows": options.windows,
        "step_days": options.step_days,
        "horizon": horizon,
        "first_cutoff": f"{cutoffs[0]:%Y-%m-%d}",
        "last_cutoff": f"{cutoffs[-1]:%Y-%m-%d}",
        "candidates": ",".join(options.names),
        "history": options.history,
        "refit": REFIT_POLICY,
    }


def _write(option: str, file: Path | None, frame: pd.DataFrame) -> None:
    if file is None:
        return
    with output(option, file):
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".csv":
            frame.to_csv(file, index=False)
        else:
            frame.to_parquet(file, index=False)


def scores_tables(recipe: str, scores: pd.DataFrame, by: Sequence[str]) -> list[Table]:
    """Return tables of the scores of a recipe: of its means, and of its distributions."""
    return [_view(f"{recipe}: {what}", scores, by, losses) for what, losses in PRINTED_LOSSES.items()]


def _view(title: str, scores: pd.DataFrame, by: Sequence[str], losses: Sequence[str]) -> Table:
    """Return one table; a loss that no slice has is left out."""
    shown = [name for name in losses if scores[name].notna().any()]
    view = Table(title=title)
    for name in by:
        view.add_column(name, no_wrap=True)
    for name in (*COUNTS, *shown):
        view.add_column(name.replace("_", " "), justify="right")
    for _, row in scores.iterrows():
        numbers = ("-" if pd.isna(row[c]) else f"{row[c]:.3f}" for c in shown)
        view.add_row(*(str(row[name]) for name in (*by, *COUNTS)), *numbers)
    return view


def leaderboard(scored: Mapping[str, Mapping[str, float]]) -> Table:
    """Return overall losses by recipe, best first."""
    shown = ["mase", "scaled_wis", "coverage_80", "coverage_95", "fallback_share"]
    view = Table("recipe", title="Leaderboard")
    for column in shown:
        view.add_column(column, justify="right")
    for recipe, losses in sorted(scored.items(), key=lambda item: item[1].get("scaled_wis", float("inf"))):
        view.add_row(recipe, *(f"{losses[c]:.3f}" if c in losses else "-" for c in shown))
    return view
