"""`headroom train`: fit, backtest, track, register the result as challenger."""

import logging
import time
from collections.abc import Mapping
from datetime import date

import pandas as pd
from rich.console import Console

from training.backtest.evaluation import NO_RECORD, BacktestSummary, Evaluation, evaluated, track_record
from training.backtest.options import SELECTED, backtest_cutoffs
from training.backtest.run import backtest_candidate, backtest_recipe
from training.errors import UsageError, VersionUnreadableError
from training.frames import long
from training.history.identity import identity_of
from training.history.known import PointInTimeHistory
from training.jobs.alone import JobLock, alone
from training.jobs.backtest import leaderboard
from training.jobs.context import Context
from training.jobs.history import report_of
from training.jobs.registry import data_of, other_system, registry, source_names
from training.models.catalogue import candidate_names
from training.pipeline import Forecast, Forecaster, Recipe
from training.pipeline.state import State
from training.tracking.provenance import code_version
from training.tracking.registry import Registered, Registry
from training.tracking.runs import TRAIN, close_orphaned_runs, log_backtest, log_data_report
from training.tracking.runs import run as tracked_run
from training.tracking.versions import Version

log = logging.getLogger("headroom")
WINDOWS = 8
STEP_DAYS = 6  # not seven: cutoffs fall on every weekday in turn
CHAMPION = "champion"
EXAMPLE_DAYS, EXAMPLE_SERIES = 70, 8  # of the input that MLflow keeps with a model, and tries the model on


def run(job: Context, console: Console, candidates: str | None = None, cutoff: date | None = None) -> int:
    """Choose a recipe, judge it and the champion on the same windows, and register it; gives the challenger's version.

    With `cutoff`, everything after that day is hidden.
    """
    with alone(job, JobLock.TRAINS):
        return _train(job, console, candidates, cutoff)


def _train(job: Context, console: Console, candidates: str | None, cutoff: date | None) -> int:
    as_of, uri = job.as_of(cutoff), job.settings.tracking_uri
    names = candidate_names(candidates)
    forecaster = Forecaster(job.history(as_of, cutoff), job.system.horizon_days)
    newest = forecaster.history.reached_day
    cutoffs = _cutoffs(forecaster.history, forecaster.horizon)
    versions = registry(job)
    _clear_away(job, versions, console)
    champion = _readable_champion(versions)
    compared = _comparable(job, champion, forecaster.history)
    parameters = {
        "candidates": ",".join(names),
        "windows": len(cutoffs),
        "step_days": STEP_DAYS,
        "horizon": forecaster.horizon,
        "last_day": f"{newest:%Y-%m-%d}",
        "compared_with": "none" if champion is None else champion.champion.version,
    }
    data = data_of(job, as_of, cutoff)
    with tracked_run(uri, TRAIN, f"train to {newest:%Y-%m-%d}", parameters, data):
        forecaster.prepare(names, [*cutoffs, newest])  # in one go: the candidates' libraries work in batches
        recipe = forecaster.choose(names, cutoffs[0] if cutoffs else newest)
        evaluation = _evaluate(job, forecaster, cutoffs, recipe, names, compared)
        state, forecast, seconds = _first_publication(forecaster, recipe, newest)
        version = Version(
            system=job.system,
            identity=identity_of(forecaster.history, source_names(job), newest.date()),
            context=job.system_file.context,
            recipe=recipe,
            trained_to=newest.date(),
            data_digest=data.digest,
            code_version=code_version(),
            record=_record(job, evaluation, SELECTED, seconds),
            champion_record=_record_of(job, compared, evaluation),
            compared_with=None if champion is None else champion.champion.version,
        )
        example = long(forecaster.history.as_of(newest).iloc[-EXAMPLE_DAYS:, :EXAMPLE_SERIES])
        with alone(job, JobLock.MOVES_ALIASES):
            number = versions.register(version, state, example, forecast.rows(job.system.quantiles))
        log_data_report(uri, report_of(job, as_of, cutoff))
    console.print(leaderboard({} if evaluation is None else evaluation.overall()))
    chosen = ", ".join(f"{measure}: {name}" for measure, name in recipe.items())
    console.print(f"Registered version {number} of {job.system.name} as challenger ({chosen}).", soft_wrap=True)
    return number


def _clear_away(job: Context, versions: Registry, console: Console) -> None:
    """What a job that was killed left behind; no other is running while this one has the home to itself."""
    ended = close_orphaned_runs(job.settings.tracking_uri, job.system.name)
    deleted = versions.prune_versions()
    if ended or deleted:
        left = ", ".join(map(str, deleted)) or "none"
        console.print(f"A job was killed before: {ended} runs ended, half-registered versions deleted: {left}.")


def _readable_champion(versions: Registry) -> Registered | None:
    """The champion to compare with; none where its files are lost: that keeps nobody from training another."""
    try:
        return versions.champion()
    except VersionUnreadableError as error:
        log.warning("%s The challenger is compared with no champion.", error.found)
        return None


def _cutoffs(history: PointInTimeHistory, horizon: int) -> list[pd.Timestamp]:
    """As many windows as the history has room for, up to `WINDOWS`; none for a system in its first weeks."""
    for windows in range(WINDOWS, 0, -1):
        try:
            return backtest_cutoffs(history, windows, STEP_DAYS, horizon)
        except UsageError:
            continue
    return []


def _comparable(job: Context, champion: Registered | None, history: PointInTimeHistory) -> Registered | None:
    """The champion, unless it was trained on another system of the same name: then there is nothing to compare with."""
    if champion is None:
        return None
    foreign = other_system(job, champion.version, champion.champion.version, history)
    if foreign is not None:
        log.warning("Training goes on without a comparison. %s", foreign)
    return champion if foreign is None else None


def _evaluate(
    job: Context,
    forecaster: Forecaster,
    cutoffs: list[pd.Timestamp],
    recipe: Recipe,
    names: list[str],
    champion: Registered | None,
) -> Evaluation | None:
    """The recipe, the champion's and every candidate scored on the same windows, and tracked; None without any.

    The recipe was chosen from data before the windows, and is what is registered: the same recipe ties with itself.
    """
    if not cutoffs:
        return None
    frames = {SELECTED: backtest_recipe(forecaster, cutoffs, recipe)}
    if champion is not None:
        same = dict(champion.version.recipe) == dict(recipe)
        frames[CHAMPION] = frames[SELECTED] if same else backtest_recipe(forecaster, cutoffs, champion.version.recipe)
    frames |= {name: backtest_candidate(forecaster, cutoffs, name) for name in names}
    evaluation = evaluated(frames, forecaster.history, cutoffs[0])
    log_backtest(job.settings.tracking_uri, frames, evaluation, {name: forecaster.seconds(name) for name in names})
    return evaluation


def _first_publication(forecaster: Forecaster, recipe: Recipe, newest: pd.Timestamp) -> tuple[State, Forecast, float]:
    """The state that a version brings along, what it forecasts with it, and in how many seconds.

    What cannot forecast is not registered: this raises.
    """
    forecaster.prepare(sorted(set(recipe.values())), [newest])
    forecaster.forecast(recipe, newest)
    state = forecaster.state(recipe, newest)
    began = time.perf_counter()
    forecast = Forecaster(forecaster.history, forecaster.horizon, state=state).forecast(recipe, newest)
    return state, forecast, time.perf_counter() - began


def _record_of(job: Context, champion: Registered | None, evaluation: Evaluation | None) -> BacktestSummary | None:
    """The champion's on the challenger's windows; the time it took to publish is that of its own training."""
    if champion is None:
        return None
    return _record(job, evaluation, CHAMPION, champion.version.record.publish_seconds)


def _record(job: Context, evaluation: Evaluation | None, recipe: str, publish_seconds: float | None) -> BacktestSummary:
    rows: Mapping[str, pd.DataFrame] = {} if evaluation is None else evaluation.rows
    return track_record(rows[recipe], job.system, publish_seconds) if recipe in rows else NO_RECORD
