"""`headroom publish`: the champion's forecasts into the store."""

from dataclasses import replace
from datetime import date, datetime

import pandas as pd
from rich.console import Console

from publication.model import Publication
from training.backtest.actuals import actuals
from training.errors import NothingPublishedError
from training.history.known import KnownHistory
from training.jobs.alone import Alone, alone
from training.jobs.context import Context
from training.jobs.registry import publishing
from training.pipeline import Forecaster
from training.pipeline.publishing import RECENT_DAYS, as_publication


def run(job: Context, console: Console, cutoff: date | None = None, as_of: datetime | None = None) -> Publication:
    """Forecast with the champion for the cutoff (default: the last complete day) and issue the publication.

    Everything known at `as_of` (default: now) of the days up to the cutoff is used.
    """
    with alone(job, Alone.PUBLISHES):
        return _publish(job, console, cutoff, as_of)


def _publish(job: Context, console: Console, cutoff: date | None, as_of: datetime | None) -> Publication:
    store = job.store  # before the work: a store out of reach is found at once
    whole, remarks = publishing(job)
    instant = as_of or job.now
    day = cutoff or job.history(instant).last_complete_day.date()
    history = job.history(instant, day, issued_for=day)
    at = pd.Timestamp(day)
    if history.at(at).empty:
        raise NothingPublishedError(
            f"Publishing {job.system.name} for cutoff {day}: no series has a value in the four weeks before it "
            f"(the newest is of {history.newest.index[-1]:%Y-%m-%d}). Ingest newer extracts, or choose an earlier "
            "cutoff."
        )
    forecast = Forecaster(history, job.system.horizon_days, state=whole.state).forecast(whole.version.recipe, at)
    recent = _recent(history, forecast.parts, at)
    draft = as_publication(forecast, history, recent, whole.champion, job.archive.digest(instant, day), job.now)
    issued = store.issue(replace(draft, remarks=(*remarks, *draft.remarks)))
    fallbacks = sum(series.fallback for series in issued.series)
    console.print(
        f"Published {job.system.name} for cutoff {issued.cutoff}, revision {issued.revision}: "
        f"{len(issued.series)} series, {fallbacks} fallbacks, champion version {issued.champion.version}.",
        soft_wrap=True,
    )
    return issued


def _recent(history: KnownHistory, parts: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    days = pd.date_range(end=cutoff, periods=RECENT_DAYS, freq="D")
    return actuals(history, parts, days)
