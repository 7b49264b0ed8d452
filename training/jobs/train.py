"""`headroom train`: fit, backtest, track, register the result as challenger."""

import logging
import time
from collections.abc import Mapping
from datetime import date

import pandas as pd
from rich.console import Console

from publication.job_runs import JobName
from training.backtest.evaluation import NO_SUMMARY, BacktestSummary, Evaluation, evaluated, summarise
from training.backtest.options import backtest_cutoffs
from training.backtest.run import backtest_recipe, same_for_every_measure
from training.errors import UsageError, VersionUnreadableError
from training.frames import long
from training.history.point_in_time import PointInTimeHistory
from training.jobs.backtest import leaderboard
from training.jobs.context import Context, JobLock, hold
from training.jobs.history import report_of
from training.jobs.recording import recorded
from training.jobs.registry import other_system, registry, snapshot_of, source_names
from training.models.catalogue import candidate_names
from training.pipeline.forecast import Forecast, Recipe
from training.pipeline.forecaster import Forecaster
from training.pipeline.state import PipelineState
from training.tracking.provenance import code_version
from training.tracking.registry import Registered, Registry
from training.tracking.runs import TRAIN, BacktestedRecipe, close_orphaned_runs, log_backtest, log_data_report
from training.tracking.runs import run as tracked_run
from training.tracking.versions import Version, identity_of

log = logging.getLogger("headroom")
TRAINING_WINDOWS = 12
STEP_DAYS = 6  # not seven: cutoffs fall on every weekday in turn
CHAMPION_RECIPE = "champion"
EXAMPLE_DAYS, EXAMPLE_SERIES = 70, 8  # of the input example that MLflow stores with a model, and tries it with


def run(job: Context, console: Console, candidates: str | None = None, cutoff: date | None = None) -> int:
    """Fit a candidate, score it and the champion on the same windows, register it, and return its version.

    The first of the comma-separated `candidates` is trained (default: the learned ensemble); the others are scored on
    the same windows. With `cutoff`, everything after that day is hidden.
    """
    with recorded(job, JobName.TRAIN), hold(job, JobLock.TRAINING):
        return _train(job, console, candidates, cutoff)


def _train(job: Context, console: Console, candidates: str | None, cutoff: date | None) -> int:
    as_of, uri = job.as_of(cutoff), job.settings.tracking_uri
    names = candidate_names(candidates)
    forecaster = Forecaster(job.history(as_of, cutoff), job.system.horizon_days)
    newest = forecaster.history.reached_day
    cutoffs = _cutoffs(forecaster.history, forecaster.horizon)
    versions = registry(job)
    _remove_orphans(job, versions, console)
    champion = _readable_champion(versions)
    compared = _comparable(job, champion, forecaster.history)
    parameters = _parameters(names, len(cutoffs), forecaster, champion)
    data = snapshot_of(job, as_of, cutoff)
    with tracked_run(uri, TRAIN, f"train to {newest:%Y-%m-%d}", parameters, data):
        forecaster.prepare(names, [*cutoffs, newest])  # in one go: the candidates' libraries work in batches
        recipe = same_for_every_measure(forecaster, names[0])
        evaluation = _evaluate(job, forecaster, cutoffs, names, compared)
        state, forecast, seconds = _first_publication(forecaster, recipe, newest)
        version = Version(
            system=job.system,
            identity=identity_of(forecaster.history, source_names(job), newest.date()),
            context=job.system_file.context,
            recipe=recipe,
            trained_to=newest.date(),
            data_digest=data.digest,
            code_version=code_version(),
            summary=_summary(job, evaluation, names[0], seconds),
            champion_summary=_champion_summary(job, compared, evaluation),
            compared_with=None if champion is None else champion.ref.version,
        )
        example = long(forecaster.history.with_places_at(newest).as_of(newest).iloc[-EXAMPLE_DAYS:, :EXAMPLE_SERIES])
        with hold(job, JobLock.ALIASES):
            number = versions.register(version, state, example, forecast.rows(job.system.quantiles))
        log_data_report(uri, report_of(job, as_of, cutoff))
    console.print(leaderboard({} if evaluation is None else evaluation.overall()))
    console.print(f"Registered version {number} of {job.system.name} as challenger ({names[0]}).", soft_wrap=True)
    return number


def _parameters(
    names: list[str], n_windows: int, forecaster: Forecaster, champion: Registered | None
) -> dict[str, object]:
    """Return the parameters of the run."""
    return {
        "candidates": ",".join(names),
        "windows": n_windows,
        "step_days": STEP_DAYS,
        "horizon": forecaster.horizon,
        "last_day": f"{forecaster.history.reached_day:%Y-%m-%d}",
        "compared_with": "none" if champion is None else champion.ref.version,
    }


def _remove_orphans(job: Context, versions: Registry, console: Console) -> None:
    """Remove the runs and versions of a job that was killed; none is running while this job holds the lock."""
    ended = close_orphaned_runs(job.settings.tracking_uri, job.system.name)
    deleted = versions.prune_versions()
    if ended or deleted:
        left = ", ".join(map(str, deleted)) or "none"
        console.print(f"A job was killed before: {ended} runs ended, half-registered versions deleted: {left}.")


def _readable_champion(versions: Registry) -> Registered | None:
    """Return the champion to compare with; None where its files are lost, so that another can be trained."""
    try:
        return versions.champion()
    except VersionUnreadableError as error:
        log.warning("%s The challenger is compared with no champion.", error.found)
        return None


def _cutoffs(history: PointInTimeHistory, horizon: int) -> list[pd.Timestamp]:
    """Return as many cutoffs as the history has room for, `TRAINING_WINDOWS` at most; none in the first weeks."""
    for windows in range(TRAINING_WINDOWS, 0, -1):
        try:
            return backtest_cutoffs(history, windows, STEP_DAYS, horizon)
        except UsageError:
            continue
    return []


def _comparable(job: Context, champion: Registered | None, history: PointInTimeHistory) -> Registered | None:
    """Return the champion, unless it was trained on another system of the same name."""
    if champion is None:
        return None
    foreign = other_system(job, champion.version, champion.ref.version, history)
    if foreign is not None:
        log.warning("Training goes on without a comparison. %s", foreign)
    return champion if foreign is None else None


def _evaluate(
    job: Context,
    forecaster: Forecaster,
    cutoffs: list[pd.Timestamp],
    names: list[str],
    champion: Registered | None,
) -> Evaluation | None:
    """Score and track every candidate, and the champion's recipe, on the same windows; None without windows."""
    if not cutoffs:
        return None
    recipes = {name: same_for_every_measure(forecaster, name) for name in names}
    if champion is not None:
        recipes[CHAMPION_RECIPE] = dict(champion.version.recipe)
    backtested = _backtested(forecaster, cutoffs, recipes)
    frames = {name: recipe.forecasts for name, recipe in backtested.items()}
    evaluation = evaluated(frames, forecaster.history, cutoffs[0])
    log_backtest(job.settings.tracking_uri, backtested, evaluation)
    return evaluation


def _backtested(
    forecaster: Forecaster, cutoffs: list[pd.Timestamp], recipes: Mapping[str, dict[str, str]]
) -> dict[str, BacktestedRecipe]:
    """Return each recipe with its forecasts at the cutoffs; the same recipe has the same, and ties with itself."""
    found: dict[str, BacktestedRecipe] = {}
    for name, recipe in recipes.items():
        same = next((found[other].forecasts for other in found if recipes[other] == recipe), None)
        forecasts = backtest_recipe(forecaster, cutoffs, recipe) if same is None else same
        seconds = None if name == CHAMPION_RECIPE else forecaster.seconds(name)
        found[name] = BacktestedRecipe(forecasts, forecaster.fitted(recipe, cutoffs[-1]), seconds)
    return found


def _first_publication(
    forecaster: Forecaster, recipe: Recipe, newest: pd.Timestamp
) -> tuple[PipelineState, Forecast, float]:
    """Return the state that a version carries, its forecast, and the seconds that it takes.

    A version that cannot forecast is not registered: this raises.
    """
    forecaster.prepare(sorted(set(recipe.values())), [newest])
    forecaster.forecast(recipe, newest)
    state = forecaster.state(recipe, newest)
    began = time.perf_counter()
    forecast = Forecaster(forecaster.history, forecaster.horizon, state=state).forecast(recipe, newest)
    return state, forecast, time.perf_counter() - began


def _champion_summary(
    job: Context, champion: Registered | None, evaluation: Evaluation | None
) -> BacktestSummary | None:
    """Return the champion's summary on the challenger's windows; its publish time is that of its own training."""
    if champion is None:
        return None
    return _summary(job, evaluation, CHAMPION_RECIPE, champion.version.summary.publish_seconds)


def _summary(
    job: Context, evaluation: Evaluation | None, recipe: str, publish_seconds: float | None
) -> BacktestSummary:
    rows: Mapping[str, pd.DataFrame] = {} if evaluation is None else evaluation.rows
    return summarise(rows[recipe], job.system, publish_seconds) if recipe in rows else NO_SUMMARY
