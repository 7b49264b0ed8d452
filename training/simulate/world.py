"""A complete simulated system: everything drawn, nothing written yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.random import Generator, SeedSequence, default_rng

from publication.vocabulary import ATTENDANCES, SeriesKey
from training.frames import FloatArray, IntArray, forecast_columns, with_quantiles
from training.simulate.calendar import (
    Calendar,
    calendar,
    draw_lockdown,
    future_levels,
    lockdown_log_factor,
    past_level,
    strikes,
)
from training.simulate.places import Merger, Node, Place, SimulatedTree, draw_merger, places
from training.simulate.scenario import Scenario
from training.simulate.sites import SiteHistory, SiteTruth, initial_state, occupancy_at, simulate_days, site_truth
from training.system.model import Event
from training.system.schema import MAX_HORIZON_DAYS


def rng_for(seed: int, *name: str) -> Generator:
    """The stream of this name: the same for the same seed, in any process and with any other streams."""
    return default_rng(SeedSequence(seed, spawn_key=tuple("/".join(name).encode())))


MEASURES = ("attendances", "admissions", "discharges", "occupancy", "beds")

Measured = dict[tuple[str, str], IntArray]  # by place and measure: (n_days, n_draws)


@dataclass(frozen=True)
class World:
    """The truth and the history of every site; `calendar` goes on beyond the history as far as anything is declared."""

    seed: int
    last_day: date
    calendar: Calendar
    tree: SimulatedTree
    truths: Mapping[str, SiteTruth]
    histories: Mapping[str, SiteHistory]
    region_level: FloatArray  # (n_days,): of the log, as all levels
    site_levels: Mapping[str, FloatArray]
    shock: FloatArray  # (n_days + those to come,): what a lockdown adds to every log level
    strikes: tuple[Event, ...] = ()
    lockdown: date | None = None
    merger: Merger | None = None
    census_hour: int | None = None  # of the local day; None: the census ends the day of the flows

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the history."""
        return self.calendar.days[: len(self.region_level)]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place that reports."""
        return places(self.tree, self.merger)

    @cached_property
    def counts(self) -> Measured:
        """Return the history of each site and bottom place; shape (n_days, 1)."""
        return measured(self, self.histories, 0, "census")


def sample_world(seed: int, last_day: date, scenario: Scenario, nodes: Sequence[Node]) -> World:
    """Draw the system with this tree, which may have any depth."""
    tree, n_days = SimulatedTree(tuple(nodes)), scenario.days
    first_day = last_day - timedelta(days=n_days - 1)
    when = calendar(first_day, n_days + MAX_HORIZON_DAYS)
    lockdown = draw_lockdown(rng_for(seed, "lockdown"), first_day, n_days) if scenario.lockdown else None
    shock = lockdown_log_factor(when, lockdown) if lockdown else np.zeros(len(when.days))
    shared = strikes(rng_for(seed, "strikes"), first_day, last_day) if scenario.strikes else ()
    region = past_level(rng_for(seed, "region"), n_days)
    levels = {site.code: past_level(rng_for(seed, "level", site.code), n_days) for site in tree.sites}
    truths = {
        site.code: site_truth(rng_for(seed, "site", site.code), site, when, last_day, shared) for site in tree.sites
    }
    common = region + shock[:n_days]
    histories = {site.code: _history(seed, truths[site.code], common + levels[site.code]) for site in tree.sites}
    merger = draw_merger(rng_for(seed, "merger"), tree, first_day, n_days) if scenario.merger else None
    hour = scenario.census_hour
    return World(seed, last_day, when, tree, truths, histories, region, levels, shock, shared, lockdown, merger, hour)


def measured(world: World, histories: Mapping[str, SiteHistory], first: int, *stream: str) -> Measured:
    """Return the counts of each site and bottom place on the days from index `first` on.

    `stream` names the stream of chance by which flows fall before or after the census of their day.
    """
    counts: Measured = {}
    for code, history in histories.items():
        counts[code, ATTENDANCES] = history.attendances
        n_days, n_draws = history.attendances.shape
        beds = world.truths[code].beds[first : first + n_days]
        occupancy = history.in_bed.sum(axis=3)
        if world.census_hour is not None:
            occupancy = occupancy_at(world.census_hour, history, rng_for(world.seed, *stream, code))
        for i, place in enumerate(world.truths[code].site.bottom):
            counts[place, "admissions"] = history.entering[:, :, i].sum(axis=2)
            counts[place, "discharges"] = history.leaving[:, :, i].sum(axis=2)
            counts[place, "occupancy"] = occupancy[:, :, i]
            counts[place, "beds"] = np.broadcast_to(beds[:, i, None], (n_days, n_draws))
    return counts


def total(counts: Measured, place: Place, measure: str) -> IntArray | None:
    """Return the counts of a place: the sum over its sites or bottom places; None where it has none."""
    parts = place.sites if measure == ATTENDANCES else place.bottom
    return _sum(counts[part, measure] for part in sorted(parts)) if parts else None


def _sum(arrays: Iterable[IntArray]) -> IntArray:
    together: IntArray = np.sum(list(arrays), axis=0)
    return together


def _history(seed: int, truth: SiteTruth, level: FloatArray) -> SiteHistory:
    rng = rng_for(seed, "history", truth.site.code)
    return simulate_days(truth, initial_state(truth, rng), 0, level[:, None], rng)


LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
MODEL = "truth"


def true_distribution(world: World, cutoff: date, horizon: int, n_draws: int) -> pd.DataFrame:
    """A row for every place, measure and lead, in the columns of a backtest's forecasts.

    The mechanics are played forward `n_draws` times from the patients in bed, those who wait and the levels at the end
    of `cutoff`; declared events and beds are known. A lockdown is known from its first day on and never before.
    """
    counts = _futures(world, cutoff, horizon, n_draws)
    days = [cutoff + timedelta(days=lead) for lead in range(1, horizon + 1)]
    series = {
        SeriesKey(place.code, measure).unique_id: _series(world, place, measure, drawn, days)
        for place in world.places
        for measure in MEASURES
        if (drawn := total(counts, place, measure)) is not None
    }
    values = np.concatenate([series[unique_id] for unique_id in sorted(series)])
    rows = pd.DataFrame(
        {
            "unique_id": np.repeat(sorted(series), horizon),
            "cutoff": pd.Timestamp(cutoff),
            "ds": np.tile(np.array(days, dtype="datetime64[ns]"), len(series)),
            "lead": np.tile(np.arange(1, horizon + 1), len(series)),
            "y": values[:, 0],
            "mean": values[:, 1],
            "model": MODEL,
            "fallback": False,
        }
    )
    rows = with_quantiles(rows, values[:, 2:], LEVELS)[forecast_columns(LEVELS)]
    return rows[rows["mean"].notna()].reset_index(drop=True)


def _futures(world: World, cutoff: date, horizon: int, n_draws: int) -> Measured:
    """Return sampled counts of every site and bottom place; shape (horizon, n_draws)."""
    today = world.calendar.index(cutoff)
    common = _levels(world, cutoff, "region", world.region_level, horizon, n_draws)
    if world.lockdown is not None and cutoff >= world.lockdown:
        common = common + world.shock[today + 1 : today + 1 + horizon, None]
    histories = {}
    for code, truth in world.truths.items():
        own = _levels(world, cutoff, code, world.site_levels[code], horizon, n_draws)
        rng = rng_for(world.seed, "truth", f"{cutoff}", "site", code)
        state = world.histories[code].state_after(today, n_draws)
        histories[code] = simulate_days(truth, state, today + 1, common + own, rng)
    return measured(world, histories, today + 1, "truth", f"{cutoff}", "census")


def _levels(world: World, cutoff: date, whose: str, past: FloatArray, horizon: int, n_draws: int) -> FloatArray:
    rng = rng_for(world.seed, "truth", f"{cutoff}", "level", whose)
    return future_levels(rng, np.full(n_draws, past[world.calendar.index(cutoff)]), horizon)


def _series(world: World, place: Place, measure: str, drawn: IntArray, days: Sequence[date]) -> FloatArray:
    """Return the actuals, the mean and the quantiles of `drawn`; NaN on days on which the place does not report.

    `drawn` has the shape (horizon, n_draws), the result (horizon, 2 + n_levels).
    """
    happened = np.full(len(days), np.nan)
    past = total(world.counts, place, measure)
    if past is not None:
        known = past[world.calendar.index(days[0]) :, 0][: len(days)]
        happened[: len(known)] = known
    # The smallest count whose probability of not being passed is at least the level.
    quantiles = np.quantile(drawn, LEVELS, axis=1, method="inverted_cdf")
    series = np.column_stack([happened, drawn.mean(axis=1), *quantiles])
    series[[not place.reports_on(day) for day in days]] = np.nan
    return series
