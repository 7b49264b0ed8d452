"""The true distribution of what is to come, given everything that is true at the end of a day."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from publication.vocabulary import SeriesKey
from training.arrays import FloatArray, IntArray
from training.frames import forecast_columns, with_quantiles
from training.simulate.calendar import future_levels
from training.simulate.mechanics import simulate_days
from training.simulate.places import Place
from training.simulate.world import MEASURES, Measured, World, measured, rng_for, total

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
    """What every site and bottom place may count; shape (horizon, n_draws)."""
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
    return measured(world.truths, histories, today + 1)


def _levels(world: World, cutoff: date, whose: str, past: FloatArray, horizon: int, n_draws: int) -> FloatArray:
    rng = rng_for(world.seed, "truth", f"{cutoff}", "level", whose)
    return future_levels(rng, np.full(n_draws, past[world.calendar.index(cutoff)]), horizon)


def _series(world: World, place: Place, measure: str, drawn: IntArray, days: Sequence[date]) -> FloatArray:
    """What happened, the mean and the quantiles of `drawn`; NaN on days on which the place does not report.

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
