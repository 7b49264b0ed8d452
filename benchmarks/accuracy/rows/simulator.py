"""Simulated systems in stable years, where the true distribution of what was to come is known."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scipy.stats import chisquare

from benchmarks.accuracy.data import every_so_many
from benchmarks.accuracy.progress import heading, log_progress
from benchmarks.accuracy.requirement import Requirement, at_least, at_most
from benchmarks.accuracy.runner import ForecastRunner
from benchmarks.accuracy.scoring import CASE, mean_of, row_losses
from publication.vocabulary import OCCUPANCY, quantile_column, series_key
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales
from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster
from training.simulate.places import nodes
from training.simulate.run import simulate
from training.simulate.scenario import Scenario
from training.simulate.world import LEVELS, World, sample_world, true_distribution
from training.system.reading import read_system

SEEDS = (1, 2, 3)
LAST_DAY = date(2025, 12, 31)
STABLE = Scenario(days=1461)
HORIZON = 28
CUTOFFS = 26  # two years, a horizon apart: no two of them forecast the same day
DRAWS = 1000
DECLARED = "beds"  # known ahead: there is nothing to forecast
ALLOWED = 1.04
CENSUS_HOURS = (8, 0)
FIRST_WEEK = 7
AS_GOOD_WITHIN = 1.03  # of the ratio to the truth where the census ends the day
SIGNIFICANT = 0.01
TRUTH = "the true distribution"
SAMPLE_SEED = 20


@dataclass(frozen=True)
class Simulated:
    """Our forecasts and the true distributions of the same cases, with losses; and the sites."""

    ours: pd.DataFrame
    truth: pd.DataFrame
    sites: frozenset[str]


def simulator(runner: ForecastRunner) -> list[Requirement]:
    """WIS over that of the truth on the same actuals, whether PITs are uniform, and occupancy at other censuses."""
    runs = {seed: _simulated(seed, runner.options.every, STABLE) for seed in SEEDS}
    data = f"Simulator, {len(SEEDS)} seeds, stable years"
    ours, truth = (pd.concat([getattr(run, name) for run in runs.values()]) for name in ("ours", "truth"))
    found = [
        at_most(data, f"{what} over the truth's", mean_of(ours, loss) / mean_of(truth, loss), ALLOWED, {})
        for what, loss in {"WIS, scaled": "scaled_wis", "WIS, counts": "wis"}.items()
    ]
    samples = {who: pd.concat([independent(run, who) for run in runs.values()]) for who in ("ours", "truth")}
    pits = {who: uniformity(sample) for who, sample in samples.items()}
    what = f"PIT uniform: chance of this or worse, {len(samples['ours'])} cases"
    uniform = at_least(data, what, pits["ours"], SIGNIFICANT, {TRUTH: pits["truth"]})
    return [*found, uniform, *_at_other_censuses(runner, list(runs.values()))]


def _at_other_censuses(runner: ForecastRunner, at_day_end: list[Simulated]) -> list[Requirement]:
    """WIS of the first week's occupancy over the truth's, counted at some hours of the day, and at its end."""
    data, ended = f"Simulator, {len(SEEDS)} seeds, census within the day", occupancy_ratio(at_day_end)
    found = []
    for hour in CENSUS_HOURS:
        counted = replace(STABLE, census_hour=hour)
        ratio = occupancy_ratio([_simulated(seed, runner.options.every, counted) for seed in SEEDS])
        what = f"WIS of occupancy over the truth's, leads 1-{FIRST_WEEK}, counted at {hour:02d}:00"
        found.append(at_most(data, what, ratio, AS_GOOD_WITHIN * ended, {"census at the end of the day": ended}))
    return found


def occupancy_ratio(runs: list[Simulated]) -> float:
    """Return our WIS of occupancy in the first week, in counts, over that of the true distributions."""
    ours, truth = (
        pd.concat([rows[rows["unique_id"].str.endswith(f"/{OCCUPANCY}")] for rows in of])
        for of in zip(*((run.ours, run.truth) for run in runs), strict=True)
    )
    return mean_of(ours, "wis", 1, FIRST_WEEK) / mean_of(truth, "wis", 1, FIRST_WEEK)


def independent(run: Simulated, who: str) -> pd.DataFrame:
    """One case for each cutoff and site, its measure and lead drawn by lot: the same cases whoever forecast them.

    Targets of different cutoffs do not overlap, sites have their own streams of chance (they share a slow regional
    level, far smaller than the noise of a count), and of one site's correlated measures and leads there is one.
    """
    rows: pd.DataFrame = getattr(run, who).sort_values(CASE)
    place = rows["unique_id"].map(lambda unique_id: series_key(unique_id).place)
    bottom = rows[place.isin(run.sites)].assign(place=place)
    return bottom.groupby(["cutoff", "place"]).sample(1, random_state=SAMPLE_SEED)


def uniformity(rows: pd.DataFrame) -> float:
    """P value of a chi-squared test that actuals fall between neighbouring quantiles as often as levels promise.

    A count stands for all that rounds to it, so it is moved by a random part of half a count first: the randomised PIT,
    looked at in the ten classes between the published levels. Nothing is assumed between levels.
    """
    chance = np.random.default_rng(SAMPLE_SEED)
    actuals = rows["y"].to_numpy() + chance.uniform(-0.5, 0.5, len(rows))
    quantiles = rows[[quantile_column(level) for level in LEVELS]].to_numpy()
    classes = (quantiles < actuals[:, None]).sum(axis=1)
    seen = np.bincount(classes, minlength=len(LEVELS) + 1)
    promised = np.diff([0.0, *LEVELS, 1.0]) * len(rows)
    return float(chisquare(seen, promised).pvalue)


def _simulated(seed: int, every: int, scenario: Scenario) -> Simulated:
    census = "" if scenario.census_hour is None else f", census at {scenario.census_hour:02d}:00"
    heading(f"simulator: seed {seed}{census}")
    history = read_simulated(seed, scenario)
    last = pd.Timestamp(LAST_DAY) - pd.Timedelta(days=HORIZON)
    cutoffs = every_so_many(list(pd.date_range(end=last, periods=CUTOFFS, freq=f"{HORIZON}D")), every)
    made = backtest_candidate(Forecaster(history, HORIZON), cutoffs, DEFAULT_CANDIDATE)
    made = made[made["unique_id"].map(lambda unique_id: series_key(unique_id).measure) != DECLARED]
    world = sample_world(seed, LAST_DAY, scenario, nodes(scenario.trusts, scenario.sites, scenario.wards))
    true = made[[*CASE, "y"]].merge(_truth(world, cutoffs).drop(columns="y"), on=CASE, validate="one_to_one")
    scales = mase_scales(history, cutoffs[0])
    ours, truth = row_losses(made, scales, LEVELS), row_losses(true, scales, LEVELS)
    sites = frozenset(code for code in world.truths)
    return Simulated(ours, truth, sites)


def read_simulated(seed: int, scenario: Scenario = STABLE) -> PointInTimeHistory:
    """Return the history of a simulated system in stable years, as the archive would have it."""
    with TemporaryDirectory() as folder:
        described = read_system(simulate(Path(folder) / "system", seed, LAST_DAY, scenario))
        archive = Archive(Path(folder) / "history", described.system.timezone)
        ingest(described, archive, Path(folder) / "quarantine", datetime.now(UTC))
        return PointInTimeHistory(archive.versions(), described.system, context=described.context)


def _truth(world: World, cutoffs: list[pd.Timestamp]) -> pd.DataFrame:
    frames = []
    for cutoff in cutoffs:
        frames.append(true_distribution(world, cutoff.date(), HORIZON, DRAWS))
        log_progress(f"the truth: {len(frames)} of {len(cutoffs)} cutoffs", len(frames), len(cutoffs))
    return pd.concat(frames, ignore_index=True)
