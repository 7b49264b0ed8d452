"""`headroom daily`: what cron runs each morning."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from rich.console import Console

from publication.control import ControlState
from publication.days import today
from publication.errors import MalformedPublicationError, UnknownPublicationError
from publication.job_runs import JobName
from publication.live_scores import LiveScores
from publication.model import Publication
from training.errors import VersionUnreadableError
from training.jobs import ingest, promote, publish, score, train
from training.jobs.context import Context
from training.jobs.publish import cutoff_sentence
from training.jobs.recording import recorded
from training.jobs.registry import has_champion
from training.models.catalogue import DEFAULT_CANDIDATE

log = logging.getLogger("headroom")
SCORING_LOCK_TIMEOUT = timedelta(minutes=1)
"""Another job scores in seconds; forecasts do not wait longer for one that is stuck."""
RETRAINING_PROPOSED = (
    "Retraining is proposed for the signals above: run `headroom train --promote-if-better`, or let "
    "`headroom daily --retrain-on-drift` do so."
)
FIRST_CHAMPION_REASON = "The first champion: before it, nothing is published."


def run(
    job: Context,
    console: Console,
    cutoff: date | None = None,
    strict: bool = False,
    allow_missing: bool = False,
    retrain_on_drift: bool = False,
) -> Publication:
    """Ingest, score, publish; where no champion exists yet, or it cannot be read, train and promote the first one.

    If scoring fails, the publication is made all the same, and then the failure is raised. Where control has signals,
    a training is proposed after the publication; with `retrain_on_drift` it is run, and its challenger promoted if it
    passes the gate.

    With `cutoff`, everything after that day is hidden: what would have been done then. With `strict`, suspect values
    are rejected. With `allow_missing`, the cutoff is yesterday, whichever series have reached it.
    """
    with recorded(job, JobName.DAILY) as notes:
        _check_newest(job)
        ingest.run(job, console, strict)
        if cutoff is not None:
            job.history(job.as_of(cutoff), cutoff)  # a cutoff before the history is found before anything is trained
        scored = _scored(job, console, cutoff)
        issued = _published(job, console, cutoff, allow_missing)
        notes.cutoff, notes.message = issued.cutoff, cutoff_sentence(issued)
        if isinstance(scored, Exception):
            raise scored
        if scored is not None and scored.signals:
            _answer(job, console, scored.signals, cutoff, retrain_on_drift)
        return issued


def _check_newest(job: Context) -> None:
    """Say at once that the newest publication is damaged: it is issued again, as a new revision.

    Raises MalformedPublicationError where its row is damaged, too, so that none could be issued after it.
    """
    try:
        job.store.latest(job.system.name)
    except UnknownPublicationError:
        return
    except MalformedPublicationError as error:
        job.store.summaries(job.system.name, limit=1)
        log.error("%s It is issued again by this job.", error)


def _scored(job: Context, console: Console, cutoff: date | None) -> LiveScores | None | Exception:
    """Return the live scores, or what scoring failed with."""
    try:
        return score.run(job, console, cutoff, SCORING_LOCK_TIMEOUT)
    except Exception as error:  # noqa: BLE001  whatever it is, forecasts matter more
        log.error("Scoring failed, and the forecasts are published first: %s", error)
        return error


def _answer(
    job: Context, console: Console, signals: Sequence[ControlState], cutoff: date | None, retrain: bool
) -> None:
    """Propose a training, or run one, unless a version was trained since the newest signal was found."""
    newest = max(state.signal.found for state in signals if state.signal is not None)
    trained = _last_training(job)
    if trained is not None and today(trained, job.system.timezone) > newest:
        log.warning("A version was trained since the signals above began: nothing more is trained for them.")
    elif not retrain:
        log.warning(RETRAINING_PROPOSED)
    else:
        log.warning("Training for the signals above.")
        train.run(job, console, cutoff=cutoff)
        promote.if_better(job, console)


def _last_training(job: Context) -> datetime | None:
    outcomes = job.store.job_outcomes(job.system.name)
    succeeded = (of.last_success for of in outcomes if of.last.job == JobName.TRAIN)
    return next((run.ended_at for run in succeeded if run is not None), None)


def _published(job: Context, console: Console, cutoff: date | None, allow_missing: bool) -> Publication:
    """Publish with the champion, or with one trained now where there is none or it cannot be read."""
    reason = FIRST_CHAMPION_REASON
    if has_champion(job):
        try:
            return publish.run(job, console, cutoff, job.as_of(cutoff), allow_missing)
        except VersionUnreadableError as error:
            log.warning("%s A new first champion is trained now.", error.found)
            reason = f"A first champion anew. {error.found}"
    if cutoff is None:
        publish.next_cutoff(job, job.now, allow_missing)  # nothing is trained for a publication that cannot be made
    train.run(job, console, DEFAULT_CANDIDATE, cutoff)  # alone: the first morning waits for no comparison
    promote.run(job, console, force=True, reason=reason)  # without a champion nothing is published
    return publish.run(job, console, cutoff, job.as_of(cutoff), allow_missing)
