"""`headroom train`: fit, backtest, track, register the result as challenger."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

import pandas as pd
from rich.console import Console

from training.backtest.evaluation import evaluated
from training.backtest.run import backtest_candidate, backtest_champion, backtest_recipe
from training.backtest.windows import backtest_cutoffs
from training.errors import UsageError
from training.frames import long
from training.history.known import KnownHistory
from training.jobs.backtest import CHOSEN, leaderboard
from training.jobs.context import Context
from training.jobs.history import report_of
from training.jobs.registry import registry
from training.models.catalogue import candidate_names
from training.pipeline import Forecaster
from training.tracking.registry import Registered
from training.tracking.runs import log_backtest, log_data_report
from training.tracking.runs import run as tracked_run

WINDOWS = 8
STEP_DAYS = 6  # not seven: cutoffs fall on every weekday in turn
CHAMPION = "champion"
EXAMPLE_DAYS = 70


def run(job: Context, console: Console, candidates: str | None = None, cutoff: date | None = None) -> int:
    """Choose a recipe, judge it and the champion on the same windows, and register it; gives the challenger's version.

    With `cutoff`, everything after that day is hidden.
    """
    as_of = job.as_of(cutoff)
    names = candidate_names(candidates)
    forecaster = Forecaster(job.history(as_of, cutoff), job.system.horizon_days)
    newest = forecaster.history.last_complete_day
    cutoffs = _cutoffs(forecaster.history, forecaster.horizon)
    versions = registry(job)
    champion = versions.champion()
    parameters = {
        "candidates": ",".join(names),
        "windows": len(cutoffs),
        "step_days": STEP_DAYS,
        "horizon": forecaster.horizon,
        "last_day": f"{newest:%Y-%m-%d}",
        "as_of": as_of.isoformat(),
    }
    name = f"train to {newest:%Y-%m-%d}"
    with tracked_run(job.settings.tracking_uri, name, parameters, job.archive.digest(as_of, cutoff)) as run_id:
        forecaster.prepare(names, [*cutoffs, newest])  # in one go: the candidates' libraries work in batches
        recipe = forecaster.choose(names, newest)
        scored = _evaluate(job, forecaster, cutoffs, names, champion)
        description = _description(job, recipe, newest, scored, champion)
        version = versions.register(run_id, description, *_example(forecaster, recipe, newest))
        log_data_report(job.settings.tracking_uri, report_of(job, as_of, cutoff))
    console.print(leaderboard(scored))
    chosen = ", ".join(f"{measure}: {name}" for measure, name in recipe.items())
    console.print(f"Registered version {version} of {job.system.name} as challenger ({chosen}).", soft_wrap=True)
    return version


def _cutoffs(history: KnownHistory, horizon: int) -> list[pd.Timestamp]:
    """As many windows as the history has room for, up to `WINDOWS`; none for a system in its first weeks."""
    for windows in range(WINDOWS, 0, -1):
        try:
            return backtest_cutoffs(history, windows, STEP_DAYS, horizon)
        except UsageError:
            continue
    return []


def _evaluate(
    job: Context, forecaster: Forecaster, cutoffs: list[pd.Timestamp], names: list[str], champion: Registered | None
) -> dict[str, dict[str, float]]:
    """Overall scores of the chosen recipe, the champion and every candidate, on the same windows; all are tracked."""
    if not cutoffs:
        return {CHOSEN: {"fallback_share": 0.0}}
    frames = {CHOSEN: backtest_champion(forecaster, cutoffs, names)}
    if champion is not None:
        frames[CHAMPION] = backtest_recipe(forecaster, cutoffs, champion.recipe)
    frames |= {name: backtest_candidate(forecaster, cutoffs, name) for name in names}
    evaluation = evaluated(frames, forecaster.history, cutoffs[0])
    log_backtest(job.settings.tracking_uri, frames, evaluation)
    return evaluation.overall()


def _description(
    job: Context,
    recipe: Mapping[str, str],
    newest: pd.Timestamp,
    scored: Mapping[str, Mapping[str, float]],
    champion: Registered | None,
) -> dict[str, object]:
    """All that is kept of a version: what it needs to forecast, and what the gate needs to judge it."""
    return {
        "system": asdict(job.system),
        "holidays": job.system_file.circumstances.holidays,
        "recipe": recipe,
        "trained_to": newest.date().isoformat(),
        "scores": scored[CHOSEN],
        "champion_scores": scored.get(CHAMPION),
        "compared_with": None if champion is None else champion.champion.version,
    }


def _example(
    forecaster: Forecaster, recipe: Mapping[str, str], newest: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A history as the registered model takes it, and the rows it answers with: the model's signature."""
    known = forecaster.history.at(newest).tail(EXAMPLE_DAYS)
    return long(known), forecaster.forecast(recipe, newest).rows(forecaster.history.system.quantiles)
