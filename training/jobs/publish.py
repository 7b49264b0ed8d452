"""`headroom publish`: the champion's forecasts into the store."""

import logging
from dataclasses import replace
from datetime import date, datetime

import pandas as pd
from rich.console import Console

from publication.days import ONE_DAY, target_day, today
from publication.model import Note, Publication
from publication.vocabulary import CONTENT_KINDS, NoteKind
from training.backtest.baselines import actuals
from training.errors import NothingPublishedError
from training.history.late_series import held_back, lateness_notes
from training.history.point_in_time import PointInTimeHistory
from training.jobs.context import Context
from training.jobs.lock import JobLock, hold
from training.jobs.registry import champion_or_cached, last_state, other_system, saved_state
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import RECENT_ACTUALS_DAYS, as_publication

log = logging.getLogger("headroom")


def run(job: Context, console: Console, cutoff: date | None = None, as_of: datetime | None = None) -> Publication:
    """Forecast with the champion for the cutoff (default: see `next_cutoff`) and issue the publication.

    Everything known at `as_of` (default: now) of the days up to the cutoff is used.
    """
    with hold(job, JobLock.PUBLISHING):
        return _publish(job, console, cutoff, as_of)


def next_cutoff(job: Context, as_of: datetime) -> tuple[date, tuple[Note, ...]]:
    """Return the cutoff of the next publication, and notes on it.

    It is the day that most of the promptly reporting series have reached, never today, which is not over, and never
    before the cutoff that is published already. Raises NothingPublishedError where the horizon would be over.
    """
    now_day = today(job.now, job.system.timezone)
    history, yesterday = job.history(as_of), now_day - ONE_DAY
    day, notes = _not_before_the_last(job, min(history.reached_day.date(), yesterday))
    horizon = job.system.horizon_days
    if target_day(day, horizon) < now_day:
        raise NothingPublishedError(
            f"Publishing {job.system.name}: the series have reached {day}, and the {horizon} days after it are over "
            f"(today is {now_day}). Ingest newer extracts; to publish what would have been published then, add "
            f"--cutoff {day}."
        )
    return day, (*notes, *held_back(history, day, yesterday))


def _not_before_the_last(job: Context, reached: date) -> tuple[date, tuple[Note, ...]]:
    """Return the day reached, or the cutoff of the newest publication where that is later, and a note on that."""
    newest = next(iter(job.store.headings(job.system.name, limit=1)), None)
    if newest is None or newest.cutoff <= reached:
        return reached, ()
    stays = f"the cutoff stays at {newest.cutoff}, which is published already."
    return newest.cutoff, (Note(NoteKind.CUTOFF, f"The history reaches only {reached} by now; {stays}"),)


def _publish(job: Context, console: Console, cutoff: date | None, as_of: datetime | None) -> Publication:
    store = job.store  # before the work: a store out of reach is found at once
    instant = as_of or job.now
    day, on_cutoff = (cutoff, ()) if cutoff is not None else next_cutoff(job, instant)
    model, on_model = champion_or_cached(job)
    history = job.history(instant, day, issued_for=day)
    at = pd.Timestamp(day)
    if history.as_of(at).empty:
        raise NothingPublishedError(
            f"Publishing {job.system.name} for cutoff {day}: no series has a value in the four weeks before it "
            f"(the newest is of {history.latest.index[-1]:%Y-%m-%d}). Ingest newer extracts, or choose an earlier "
            "cutoff."
        )
    foreign = other_system(job, model.version, model.champion.version, history)
    if foreign is not None:
        raise NothingPublishedError(foreign)
    notes = (*on_model, *on_cutoff, *lateness_notes(history, day))
    state = saved_state(model).with_more(last_state(job).read())
    forecaster = Forecaster(history, job.system.horizon_days, state=state)
    forecast = forecaster.forecast(model.version.recipe, at)
    recent = _recent(history, forecast.parts, at)
    draft = as_publication(
        forecast, history, forecaster.fits, recent, model.champion, job.archive.digest(instant, day), job.now
    )
    issued = store.issue(replace(draft, notes=(*notes, *draft.notes)))
    last_state(job).write(forecaster.state(model.version.recipe, at))
    _report(console, job, issued)
    return issued


def _report(console: Console, job: Context, issued: Publication) -> None:
    """Print what was published, and print and log how."""
    fallbacks = sum(series.fallback for series in issued.series)
    console.print(
        f"Published {job.system.name} for cutoff {issued.cutoff}, revision {issued.revision}: "
        f"{len(issued.series)} series, {fallbacks} fallbacks, champion version {issued.champion.version}.",
        soft_wrap=True,
    )
    for note in issued.notes:
        if note.kind not in CONTENT_KINDS:
            console.print(f"  {note.text}", soft_wrap=True)
            log.info("Publication of %s for %s: %s", job.system.name, issued.cutoff, note.text)


def _recent(history: PointInTimeHistory, parts: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    days = pd.date_range(end=cutoff, periods=RECENT_ACTUALS_DAYS, freq="D")
    return actuals(history, parts, days)
