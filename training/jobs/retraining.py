"""Retraining on signals of control: proposed, or run once for each."""

import logging
from collections.abc import Sequence
from datetime import date, datetime

from rich.console import Console

from publication.control import ControlState
from publication.days import today
from publication.job_runs import JobName
from training.jobs import promote, train
from training.jobs.context import Context

log = logging.getLogger("headroom")

RETRAINING_PROPOSED = (
    "Retraining is proposed for the signals above: run `headroom train --promote-if-better`, or let "
    "`headroom daily --retrain-on-drift` do so."
)


def answer_signals(
    job: Context, console: Console, signals: Sequence[ControlState], cutoff: date | None, *, retrain: bool
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
