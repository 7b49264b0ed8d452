"""`headroom backtest`: rolling-origin evaluation, tracked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from publication.vocabulary import series_key
from training.backtest.run import backtest_candidate, backtest_champion
from training.backtest.scores import mase_scales, scores
from training.backtest.windows import backtest_cutoffs
from training.errors import UsageError
from training.jobs.context import Context
from training.models.catalogue import CATALOGUE, candidate_names
from training.pipeline import Forecaster
from training.tracking.client import connect
from training.tracking.runs import log_backtest
from training.tracking.runs import run as tracked_run

CHOSEN = "chosen"


@dataclass(frozen=True)
class Plan:
    """What a backtest is asked: windows, and optionally candidates, places, measures and the last cutoff."""

    windows: int
    step_days: int
    horizon: int | None
    candidates: str | None
    measures: Sequence[str]
    places: Sequence[str]
    last_cutoff: date | None


def run(job: Context, console: Console, plan: Plan, out: Path | None) -> None:
    """Backtest, print and track the scores, and write the forecasts where `out` names a file."""
    _require_known("--measure", plan.measures, list(job.system.measure_by_name))
    _require_known("--place", plan.places, list(job.system.place_by_id))
    names = None if plan.candidates is None else candidate_names(plan.candidates)
    horizon = plan.horizon or job.system.horizon_days
    history = job.history(job.now)
    last = None if plan.last_cutoff is None else pd.Timestamp(plan.last_cutoff)
    cutoffs = backtest_cutoffs(history, plan.windows, plan.step_days, horizon, last)
    forecaster = Forecaster(history, horizon)
    connect(job.settings.tracking_uri, job.settings.artifacts, job.system.name)
    parameters = {
        "windows": plan.windows,
        "step_days": plan.step_days,
        "horizon": horizon,
        "first_cutoff": f"{cutoffs[0]:%Y-%m-%d}",
        "last_cutoff": f"{cutoffs[-1]:%Y-%m-%d}",
        "candidates": plan.candidates or f"chosen from {','.join(CATALOGUE)}",
    }
    name = f"backtest to {cutoffs[-1]:%Y-%m-%d}"
    with tracked_run(job.settings.tracking_uri, name, parameters, job.archive.digest(job.now)):
        frames = {recipe: _narrowed(frame, plan, job) for recipe, frame in _frames(forecaster, cutoffs, names).items()}
        scales = mase_scales(history, cutoffs[0])
        tables = {recipe: scores(frame, scales, job.system.quantiles) for recipe, frame in frames.items()}
        log_backtest(job.settings.tracking_uri, frames, tables)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        pd.concat(frames.values(), ignore_index=True).to_parquet(out, index=False)
    for recipe, table in tables.items():
        console.print(scores_table(recipe, table))


def _frames(forecaster: Forecaster, cutoffs: list[pd.Timestamp], names: list[str] | None) -> dict[str, pd.DataFrame]:
    if names is None:
        return {CHOSEN: backtest_champion(forecaster, cutoffs, list(CATALOGUE))}
    forecaster.prepare(names, cutoffs)
    return {name: backtest_candidate(forecaster, cutoffs, name) for name in names}


def _narrowed(frame: pd.DataFrame, plan: Plan, job: Context) -> pd.DataFrame:
    """The rows of the wanted measures and places. Parents stay sums of all their parts."""
    keys = frame["unique_id"].map(series_key)
    keep = keys.map(
        lambda key: (
            (not plan.measures or key.measure in plan.measures) and (not plan.places or key.place in plan.places)
        )
    )
    return frame[keep].reset_index(drop=True)


def _require_known(option: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            raise UsageError(f"{option} {name} is not of this system, which has {', '.join(known)}.")


def scores_table(recipe: str, table: pd.DataFrame) -> Table:
    """The scores of a recipe for a person to read."""
    shown = ["mae", "mase", "wis", "bias", "coverage_50", "coverage_80", "coverage_95"]
    view = Table("measure", "leads", title=f"{recipe}: rolling-origin scores")
    for column in ("n", "fallbacks", *shown):
        view.add_column(column, justify="right")
    for _, row in table.iterrows():
        numbers = ("-" if pd.isna(row[c]) else f"{row[c]:.3f}" for c in shown)
        view.add_row(row["measure"], str(row["leads"]), str(row["n"]), str(row["fallbacks"]), *numbers)
    return view


def leaderboard(scored: Mapping[str, Mapping[str, float]]) -> Table:
    """Overall losses by recipe, best first."""
    shown = ["mase", "scaled_wis", "coverage_80", "coverage_95", "fallback_share"]
    view = Table("recipe", title="Leaderboard")
    for column in shown:
        view.add_column(column, justify="right")
    for recipe, losses in sorted(scored.items(), key=lambda item: item[1].get("scaled_wis", float("inf"))):
        view.add_row(recipe, *(f"{losses[c]:.3f}" if c in losses else "-" for c in shown))
    return view
