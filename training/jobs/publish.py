"""`headroom publish`: the champion's forecasts into the store."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

import pandas as pd
from rich.console import Console

from publication.days import ONE_DAY, target_day, today
from publication.job_runs import JobName
from publication.model import Note, Publication
from publication.vocabulary import CONTENT_KINDS, NoteKind
from training.backtest.baselines import actuals
from training.errors import NothingPublishedError
from training.history.point_in_time import PointInTimeHistory
from training.history.recent_findings import findings_sentence, recent_findings, stopped_series
from training.history.review import weekly_total_flags
from training.jobs.context import Context, JobLock, hold
from training.jobs.export import export_newest
from training.jobs.recording import recorded
from training.jobs.registry import champion_or_cached, last_state, other_system, saved_state
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import RECENT_ACTUALS_DAYS, as_publication
from training.tracking.versions import LoadedModel

MOST_LATE_SERIES_NAMED = 8


def lateness_notes(history: PointInTimeHistory, cutoff: date) -> tuple[Note, ...]:
    """Return what a reader of the publication for the cutoff must know of the series that have not reached it."""
    day = pd.Timestamp(cutoff)
    return (*_behind(history, day), *_silent(history, day))


def held_back(history: PointInTimeHistory, cutoff: date, yesterday: date) -> Iterator[Note]:
    """Say why the cutoff is not yesterday, where it is not; the history may go on after the cutoff."""
    if cutoff >= yesterday:
        return
    later = history.latest.loc[pd.Timestamp(cutoff) + pd.Timedelta(days=1) : pd.Timestamp(yesterday)].dropna(how="all")
    found = "no series has a later value"
    if len(later):
        some = _named(sorted(map(str, later.columns[later.notna().any()])))
        found = f"later values are half counted, or of fewer than half of the prompt series: {some}"
    yield Note(NoteKind.CUTOFF, f"The cutoff is {cutoff} and not {yesterday}: {found}.")


def _behind(history: PointInTimeHistory, cutoff: pd.Timestamp) -> Iterator[Note]:
    """Series without a usable value on the cutoff: those that sent none, and those whose values are suspect."""
    late: list[str] = []
    suspect: list[str] = []
    for unique_id, days in sorted(history.days_behind(cutoff).items(), key=lambda item: (-item[1], item[0])):
        usable = cutoff - pd.Timedelta(days=days)
        after = history.latest.loc[usable + pd.Timedelta(days=1) : cutoff, unique_id]
        (suspect if after.notna().any() else late).append(f"{unique_id} ({usable:%Y-%m-%d})")
    if late:
        sentence = f"{_counted(late)} forecast from the last value, with wider intervals: {_named(late)}."
        yield Note(NoteKind.LATE, sentence)
    if suspect:
        sentence = f"{_counted(suspect)} suspect, and forecast from the last value that is not: {_named(suspect)}."
        yield Note(NoteKind.SUSPECT, sentence)


def _silent(history: PointInTimeHistory, cutoff: pd.Timestamp) -> Iterator[Note]:
    """Series of places that are open which have stopped reporting, and are not forecast."""
    stopped = stopped_series(history, cutoff)
    silent = [f"{i} ({last:%Y-%m-%d})" for i, last in stopped if history.is_open(i, cutoff)]
    if silent:
        sentence = (
            f"{_counted(silent)} silent for too long, not forecast and no part of the sums above (last value): "
            f"{_named(silent)}."
        )
        yield Note(NoteKind.SILENT, sentence)


def _counted(named: Sequence[str]) -> str:
    return "1 series is" if len(named) == 1 else f"{len(named)} series are"


def _named(series: Sequence[str]) -> str:
    more = len(series) - MOST_LATE_SERIES_NAMED
    return ", ".join(series[:MOST_LATE_SERIES_NAMED]) + (f" and {more} more" if more > 0 else "")


log = logging.getLogger("headroom")


def run(
    job: Context,
    console: Console,
    cutoff: date | None = None,
    as_of: datetime | None = None,
    allow_missing: bool = False,
) -> Publication:
    """Forecast with the champion for the cutoff (default: see `next_cutoff`), issue the publication and export it.

    Everything known at `as_of` (default: now) of the days up to the cutoff is used. Raises ExportError where it is
    issued, and could not be exported.
    """
    with recorded(job, JobName.PUBLISH) as notes, hold(job, JobLock.PUBLISHING):
        issued = _publish(job, console, cutoff, as_of, allow_missing)
        notes.cutoff, notes.message = issued.cutoff, cutoff_sentence(issued)
        export_newest(job, console)
        return issued


def cutoff_sentence(publication: Publication) -> str:
    """Return why the cutoff of a publication is not yesterday, or that it was asked for; '' where nothing held it."""
    return " ".join(note.text for note in publication.notes if note.kind is NoteKind.CUTOFF)


def next_cutoff(job: Context, as_of: datetime, allow_missing: bool = False) -> tuple[date, tuple[Note, ...]]:
    """Return the cutoff of the next publication, and notes on it: yesterday, where `allow_missing` says so.

    It is the day that most of the promptly reporting series have reached, never today, which is not over, and never
    before the cutoff that is published already. Raises NothingPublishedError where the horizon would be over.
    """
    now_day = today(job.now, job.system.timezone)
    history, yesterday = job.history(as_of), now_day - ONE_DAY
    reached = min(history.reached_day.date(), yesterday)
    day, notes = _not_before_the_last(job, yesterday if allow_missing else reached)
    horizon = job.system.horizon_days
    if target_day(day, horizon) < now_day:
        raise NothingPublishedError(
            f"Publishing {job.system.name}: the series have reached {day}, and the {horizon} days after it are over "
            f"(today is {now_day}). Ingest newer extracts; to publish what would have been published then, add "
            f"--cutoff {day}."
        )
    if allow_missing and reached < day:
        text = f"The cutoff is {day} by --allow-missing: most of the series have reached {reached} only."
        notes = (*notes, Note(NoteKind.CUTOFF, text))
    return day, (*notes, *held_back(history, day, yesterday))


def _not_before_the_last(job: Context, reached: date) -> tuple[date, tuple[Note, ...]]:
    """Return the day reached, or the cutoff of the newest publication where that is later, and a note on that."""
    newest = next(iter(job.store.summaries(job.system.name, limit=1)), None)
    if newest is None or newest.cutoff <= reached:
        return reached, ()
    stays = f"the cutoff stays at {newest.cutoff}, which is published already."
    return newest.cutoff, (Note(NoteKind.CUTOFF, f"The history reaches only {reached} by now; {stays}"),)


def _publish(
    job: Context, console: Console, cutoff: date | None, as_of: datetime | None, allow_missing: bool
) -> Publication:
    instant = as_of or job.now
    day, on_cutoff = (cutoff, ()) if cutoff is not None else next_cutoff(job, instant, allow_missing)
    model, on_model = champion_or_cached(job)
    at = pd.Timestamp(day)
    history = job.history(instant, day, issued_for=day).with_places_at(at)
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
    issued = _issued(job, history, forecaster, model, at, notes, instant)
    last_state(job).write(forecaster.state(model.version.recipe, at))
    _report(console, job, issued)
    return issued


def issue_past(job: Context, forecaster: Forecaster, model: LoadedModel, cutoff: date) -> Publication:
    """Issue what the morning of the job, `job.now`, publishes for the cutoff.

    The forecaster may be of a history that goes on: it forecasts from what was known at the hour of publication.
    """
    with hold(job, JobLock.PUBLISHING):
        at = pd.Timestamp(cutoff)
        history = job.history(job.now, cutoff, issued_for=cutoff).with_places_at(at)
        return _issued(job, history, forecaster, model, at, lateness_notes(history, cutoff), job.now)


def _issued(
    job: Context,
    history: PointInTimeHistory,
    forecaster: Forecaster,
    model: LoadedModel,
    at: pd.Timestamp,
    notes: Sequence[Note],
    as_of: datetime,
) -> Publication:
    """Issue the forecast for the cutoff `at`, with what the history, as known then, says of its days."""
    forecast = forecaster.forecast(model.version.recipe, at)
    recent = _recent(history, forecast.parts, at)
    digest = job.archive.digest(as_of, at.date())
    draft = as_publication(forecast, history, forecaster.fits, recent, model.champion, digest, job.now)
    flags = weekly_total_flags(job.system_file, job.archive)
    found = recent_findings(history, at, RECENT_ACTUALS_DAYS, draft.series_by_id, flags)
    return job.store.issue(replace(draft, notes=(*notes, *draft.notes), findings=found))


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
    sentence = findings_sentence(issued)
    console.print(f"  {sentence}", soft_wrap=True)
    log.info("Publication of %s for %s: %s", job.system.name, issued.cutoff, sentence)


def _recent(history: PointInTimeHistory, parts: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    days = pd.date_range(end=cutoff, periods=RECENT_ACTUALS_DAYS, freq="D")
    return actuals(history, parts, days)
