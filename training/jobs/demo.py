"""`headroom demo`: four weeks of mornings of a simulated system, then the service."""

import logging
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from publication.days import ONE_DAY, today
from publication.model import Publication
from publication.redaction import redact_url
from publication.vocabulary import Check, Severity
from training.files import check_home, output
from training.jobs import daily, ingest, promote, publish, score, train
from training.jobs.context import Context, context
from training.jobs.registry import champion_or_cached, has_champion, last_state, saved_state
from training.jobs.simulate import TIMEZONE
from training.pipeline.forecaster import Forecaster
from training.settings import Settings
from training.simulate.mornings import Morning, read_mornings, simulate_mornings
from training.simulate.scenario import Scenario

log = logging.getLogger("headroom")
DEMO_SEED = 1
DEMO_SYSTEM = Scenario(days=850, trusts=2, sites=4)
DEMO_CANDIDATE = "CalendarLevel"
"""A member of the default: it trains and publishes in a fifth of the time."""


def run(console: Console, settings: Settings, now: datetime, serve: bool, port: int) -> None:
    """Simulate two trusts of four sites, play their last mornings, and serve until interrupted."""
    check_home(settings.home)
    system = _system(console, settings.home / "system", now)
    job, mornings = context(system, settings, now), read_mornings(system)
    if mornings:
        with _warnings_alone():
            _play(job, console, mornings)
    else:  # another system was put there
        daily.run(job, console)
    console.print(f"Everything is under {settings.home}. MLflow: {how_to_see_mlflow(settings)}", soft_wrap=True)
    if not serve:
        return
    address = f"http://127.0.0.1:{port}"
    console.print(
        f"Open {address}/ (the page), {address}/accuracy, {address}/docs (the API) or {address}/metrics. Ctrl-C ends.",
        soft_wrap=True,
    )
    command = [sys.executable, "-m", "service", "--home", str(settings.home), "--port", str(port)]
    environment = {**os.environ, "HEADROOM_STORE_URL": settings.store_url}
    sys.stdout.flush()
    # In this process's place: what ends the demo ends the service, and the memory of the training is free again.
    os.execve(sys.executable, command, environment)  # noqa: S606  our own service


def how_to_see_mlflow(settings: Settings) -> str:
    """Return the address of the tracking server, or the command that shows a database, without a password."""
    shown = redact_url(settings.tracking_uri)
    if settings.tracking_uri.startswith(("http:", "https:")):
        return shown
    return f"mlflow ui --backend-store-uri {shlex.quote(shown)}"


def _system(console: Console, folder: Path, now: datetime) -> Path:
    """Return the simulated system of this home; an existing one is used again."""
    written = folder / "system.toml"
    if written.exists():
        console.print(f"Using the system simulated before in {folder}; delete that home to begin anew.", soft_wrap=True)
        return written
    with output("--home", folder):
        simulate_mornings(folder, DEMO_SEED, today(now, TIMEZONE) - ONE_DAY, DEMO_SYSTEM, TIMEZONE)
    days, sites, trusts = DEMO_SYSTEM.days, DEMO_SYSTEM.sites, DEMO_SYSTEM.trusts
    console.print(f"Simulated {days} days of {sites} sites in {trusts} trusts: {written}", soft_wrap=True)
    return written


def _play(job: Context, console: Console, mornings: Sequence[Morning]) -> None:
    """Publish the mornings that are not published yet, each from what had been sent by then, and score them."""
    published = {summary.cutoff for summary in job.store.summaries(job.system.name)}
    missing = [morning for morning in mornings if morning.cutoff not in published]
    if published:
        n_found = len(mornings) - len(missing)
        console.print(f"Found {n_found} of {len(mornings)} mornings published, the newest for {max(published)}.")
    if not missing:
        return
    silent = Console(quiet=True)
    ingest.run(job, silent)
    if not has_champion(job):
        _train_first(replace(job, now=missing[0].at), console, silent)
    model, _ = champion_or_cached(job)
    forecaster = Forecaster(job.history(job.now), job.system.horizon_days, state=saved_state(model))
    forecaster.prepare({*model.version.recipe.values()}, [pd.Timestamp(morning.cutoff) for morning in missing])
    for morning in missing:
        if morning is missing[-1]:
            score.run(job, silent)
        at = min(morning.at, job.now)
        issued = publish.issue_past(replace(job, now=at), forecaster, model, morning.cutoff)
        console.print(f"{morning.at:%Y-%m-%d}: {_line(issued)}", soft_wrap=True)
    newest = pd.Timestamp(missing[-1].cutoff)
    last_state(job).write(forecaster.state(model.version.recipe, newest))


def _train_first(morning: Context, console: Console, silent: Console) -> None:
    """Train and promote the first champion, on what was known on the first morning."""
    console.print(f"{morning.now:%Y-%m-%d}: training the first champion, {DEMO_CANDIDATE}", soft_wrap=True)
    train.run(morning, silent, DEMO_CANDIDATE)
    promote.run(morning, silent, force=True, reason=daily.FIRST_CHAMPION_REASON)


def _line(issued: Publication) -> str:
    """Say what a publication has, and what is doubted or late on its cutoff."""
    fallbacks = sum(series.fallback for series in issued.series)
    said = [f"published {len(issued.series)} series for {issued.cutoff}, {fallbacks} fallbacks"]
    newest = [finding for finding in issued.findings if finding.last == issued.cutoff]
    for word, found in (
        ("late", [of.key.place for of in newest if of.check is Check.LATE]),
        ("doubted", [of.series for of in newest if of.severity is Severity.SUSPECT]),
    ):
        if found:
            said.append(f"{word}: {', '.join(dict.fromkeys(found))}")
    return "; ".join(said)


@contextmanager
def _warnings_alone() -> Iterator[None]:
    """Log nothing below a warning: each morning logs what it publishes, and the demo has a line for it."""
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)
