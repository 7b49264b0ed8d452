"""`headroom score`: issued forecasts against the actuals now known, as live scores."""

import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pandas as pd
from rich.console import Console
from rich.table import Table

from publication.control import sentence
from publication.errors import MalformedPublicationError, UnknownPublicationError
from publication.job_runs import JobName
from publication.live_scores import LiveScores, Losses, Score
from publication.model import Publication, PublicationSummary
from publication.store import Store
from training.jobs.context import LOCK_TIMEOUT, Context, JobLock, hold
from training.jobs.recording import recorded
from training.monitoring.drift import drift_states, inputs_of
from training.monitoring.scoring import score_issued, to_score

log = logging.getLogger("headroom")

NOTHING_TO_SCORE = (
    "Nothing to score yet: no day that was forecast for {system} has an actual. What was scored before stays."
)

LOSSES_OF_TABLE = [name for name in Losses._fields if not name.startswith("mae_vs")]


def run(
    job: Context, console: Console, cutoff: date | None = None, timeout: timedelta = LOCK_TIMEOUT
) -> LiveScores | None:
    """Score the forecasts that were issued for the last thirteen weeks, save the live scores and print them.

    With `cutoff`, everything after that day is hidden; live scores of later days, where there are any, remain.
    Returns None, and saves nothing, where there is nothing to score.
    """
    with recorded(job, JobName.SCORE), hold(job, JobLock.SCORING, timeout):
        live_scores = _scored(job, job.as_of(cutoff), cutoff)
        if live_scores is None:
            console.print(NOTHING_TO_SCORE.format(system=job.system.name), soft_wrap=True)
            return None
        job.store.save_live_scores(live_scores)
    console.print(_sentence(live_scores), soft_wrap=True)
    console.print(_table(live_scores.by_measure_and_leads))
    for state in live_scores.signals:
        log.warning("Signal: %s", sentence(state))
    return live_scores


def _scored(job: Context, as_of: datetime, cutoff: date | None) -> LiveScores | None:
    summaries = job.store.summaries(job.system.name)
    if not summaries:
        return None
    history = job.history(as_of, cutoff)
    last = history.latest.index[-1].date()
    wanted = to_score(summaries, last, job.system.horizon_days)
    if not wanted:
        return None
    found = score_issued(_read(job.store, wanted), history, wanted[0].cutoff, last, job.now)
    if found is None:
        return None
    trained = pd.Timestamp(_first_cutoff_of_champion([summary for summary in summaries if summary.cutoff <= last]))
    drift = drift_states(inputs_of(history, pd.Timestamp(last)), trained, history.system)
    return replace(found, control=(*found.control, *drift))


def _first_cutoff_of_champion(summaries: Sequence[PublicationSummary]) -> date:
    """Return the first cutoff that the version of the newest publication published: it was trained on no later day."""
    by_cutoff = sorted(summaries, key=lambda summary: (summary.cutoff, summary.revision), reverse=True)
    version = by_cutoff[0].champion.version
    own = itertools.takewhile(lambda summary: summary.champion.version == version, by_cutoff)
    return min(summary.cutoff for summary in own)


def _read(store: Store, summaries: Sequence[PublicationSummary]) -> Iterator[Publication]:
    """Yield one publication at a time; a damaged one is left out, and logged."""
    for summary in summaries:
        try:
            yield store.latest(summary.system, summary.cutoff, summary.revision)
        except (MalformedPublicationError, UnknownPublicationError) as error:
            log.error("Scoring goes on without the publication for %s: %s", summary.cutoff, error)


def _sentence(scores: LiveScores) -> str:
    return (
        f"Scored {scores.n_publications} publications of {scores.system} on {scores.first} to {scores.last}, "
        "against the actuals now known:"
    )


def _table(scores: Sequence[Score]) -> Table:
    view = Table("measure", "leads")
    for name in ("n", "fallbacks", *LOSSES_OF_TABLE):
        view.add_column(name.replace("_", " "), justify="right")
    for score in scores:
        losses = score.losses._asdict()
        shown = ("-" if losses[name] is None else f"{losses[name]:.3f}" for name in LOSSES_OF_TABLE)
        view.add_row(score.of.measure, score.of.leads, str(score.n), str(score.fallbacks), *shown)
    return view
