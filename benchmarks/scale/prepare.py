"""The steps that make a system of `benchmarks.scale` ready: simulate, ingest, and register a champion.

The champion is the default candidate, registered without a backtest and without a state: a training of ten thousand
series would take hours, and what is measured is publishing from the state of the day before. For the same reason the
means that candidates had in past windows are seasonal naive's in each state, under the keys of the candidates. Fits,
and all that is made at the cutoffs that are published, are the candidates' own. What a number is changes no time.
"""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from benchmarks.scale.systems import DAY_BEFORE, LAST_DAY, SEED, YEARS_3_DAYS, ScaleSystem
from training.backtest.evaluation import NO_SUMMARY
from training.backtest.run import same_for_every_measure
from training.frames import long
from training.history.ingest import ingest
from training.history.point_in_time import known_at_day_end
from training.jobs import promote
from training.jobs.context import Context, context
from training.jobs.registry import last_state, registry, snapshot_of, source_names
from training.models.candidate import ForecastRequest, Means, Scope, scope_of
from training.models.catalogue import CATALOGUE, DEFAULT_CANDIDATE, FALLBACK, SeasonalNaive
from training.pipeline.forecaster import Forecaster
from training.pipeline.means import with_members
from training.pipeline.state import PipelineState
from training.settings import settings
from training.simulate.run import simulate
from training.simulate.scenario import Scenario
from training.tracking.provenance import code_version
from training.tracking.runs import TRAIN
from training.tracking.runs import run as tracked_run
from training.tracking.versions import Version, identity_of

EXAMPLE_DAYS, EXAMPLE_SERIES = 70, 8


def main() -> None:
    """Make one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["simulate", "ingest", "register", "windows"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trusts", type=int, required=True)
    parser.add_argument("--sites", type=int, required=True)
    options = parser.parse_args()
    system = ScaleSystem(0, options.folder)
    if options.step == "simulate":
        scenario = Scenario(YEARS_3_DAYS, options.trusts, options.sites)
        simulate(system.file.parent, SEED, LAST_DAY, scenario)
        return
    job = context(system.file, settings(system.home, {}), datetime.now(UTC))
    if options.step == "ingest":
        ingest(job.system_file, job.archive, job.settings.quarantine, job.now)
    elif options.step == "register":
        _register(job)
    else:
        _save_windows(job)


def _register(job: Context) -> None:
    """Register the default candidate for every measure, and promote it."""
    history = job.history(job.now, DAY_BEFORE)
    newest = history.reached_day
    data = snapshot_of(job, job.now, DAY_BEFORE)
    versions = registry(job)
    version = Version(
        system=job.system,
        identity=identity_of(history, source_names(job), newest.date()),
        context=job.system_file.context,
        recipe=same_for_every_measure(Forecaster(history, job.system.horizon_days), DEFAULT_CANDIDATE),
        trained_to=newest.date(),
        data_digest=data.digest,
        code_version=code_version(),
        summary=NO_SUMMARY,
    )
    example = long(history.as_of(newest).iloc[-EXAMPLE_DAYS:, :EXAMPLE_SERIES])
    naive = Forecaster(known_at_day_end(example, job.system), job.system.horizon_days).forecast({}, newest)
    with tracked_run(job.settings.tracking_uri, TRAIN, "registered for benchmarks.scale", {}, data):
        versions.register(version, PipelineState(), example, naive.rows(job.system.quantiles))
    promote.run(job, Console(quiet=True), force=True, reason="benchmarks.scale")


@dataclass(frozen=True)
class StandIn:
    """Seasonal naive under the scope, and so under the keys, of another candidate."""

    scope: Scope

    def forecast(self, request: ForecastRequest) -> Means:
        """Return seasonal naive's means."""
        return SeasonalNaive().forecast(request)


def _save_windows(job: Context) -> None:
    """Save a state that has the means of every member in the windows before the first cutoff that is published."""
    at = pd.Timestamp(DAY_BEFORE)
    history = job.history(job.now, DAY_BEFORE, issued_for=DAY_BEFORE).with_places_at(at)
    forecaster = Forecaster(history, job.system.horizon_days)
    recipe = same_for_every_measure(forecaster, DEFAULT_CANDIDATE)
    for name in with_members([DEFAULT_CANDIDATE, FALLBACK]):
        if name != DEFAULT_CANDIDATE:
            CATALOGUE[name] = StandIn(scope_of(CATALOGUE[name]))
    forecaster.prepare([DEFAULT_CANDIDATE], [at])
    last_state(job).write(forecaster.state(recipe, at))


if __name__ == "__main__":
    main()
