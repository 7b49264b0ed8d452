"""False signals of control in stable years, and days until a change is signalled, on simulated systems.

`python -m benchmarks.control [--years N] [--sites N] [--first-seed N] [--cache DIR]`. The learned ensemble forecasts
each day of a system's last year as the daily job does. Then all counts are raised by 10 % from one day on, and
intervals are made 25 % too narrow. Forecasts are saved in the cache, so a run that was interrupted goes on.
"""

import argparse
import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.rows.simulator import DECLARED, HORIZON, STABLE, read_simulated
from publication.control import ControlCheck, ControlState
from publication.vocabulary import quantile_column, series_key
from training.backtest.run import backtest_candidate
from training.backtest.scores import row_losses
from training.frames import WEEK, long
from training.history.point_in_time import PointInTimeHistory, known_at_day_end
from training.models.catalogue import DEFAULT_CANDIDATE
from training.monitoring.control import control_states
from training.monitoring.drift import drift_states, inputs_of
from training.pipeline.forecaster import Forecaster

YEAR_DAYS = 364
CHANGE_DAY = 182
"""Of the year: counts rise, or intervals become too narrow."""
FOLLOWED_DAYS = 42
LEVEL, WIDTH = 1.10, 0.75
TRAINED_EVERY_DAYS = 28
"""A champion is trained each month, as the crontab has it; control begins anew with it."""


@dataclass(frozen=True)
class Year:
    """A history, and forecasts of lead 1 for the days of its last year."""

    history: PointInTimeHistory
    rows: pd.DataFrame

    @property
    def days(self) -> pd.DatetimeIndex:
        """The days that are forecast."""
        return pd.DatetimeIndex(np.sort(self.rows["ds"].unique()))

    def controlled(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
        """Return the rows of some days with the columns that control reads; the baseline is the value a week before."""
        week_before = self.rows.sort_values("ds").groupby("unique_id")["y"].shift(WEEK)
        rows = self.rows.assign(seasonal_naive=week_before)
        rows = rows[rows["ds"].between(first, last) & ~rows["fallback"]]
        losses = row_losses(rows, pd.Series(dtype=float), self.history.system.quantiles)
        names = {"seasonal_naive_error": "last_week_mae", "error_vs_seasonal_naive": "mae_vs_last_week"}
        return losses.rename(columns=names)


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    options = _options()
    options.cache.mkdir(parents=True, exist_ok=True)
    false_signals = Counter[tuple[str, str]]()
    delays: list[tuple[str, str, float]] = []
    for seed in range(options.first_seed, options.first_seed + options.years):
        year = _year(seed, options.sites, options.cache)
        for state in _signals(year):
            false_signals[state.measure, str(state.check)] += 1
            print(f"system {seed}: false signal, {state}", flush=True)
        delays += _delays("intervals 25 % too narrow", _narrowed(year), ControlCheck.COVERAGE)
        delays += _delays("level 10 % higher", _raised(year, seed, options.cache), ControlCheck.BIAS)
        print(f"system {seed} is done", flush=True)
    print(f"\nFalse signals in {options.years} stable years of {options.sites} sites, by measure and check:")
    print(pd.Series(false_signals).unstack(fill_value=0).to_string() if false_signals else "none")
    print(f"\nDays until a change is signalled ({FOLLOWED_DAYS} are followed; later counts as missed):")
    table = pd.DataFrame(delays, columns=["change", "measure", "days"]).fillna(np.inf)
    print(table.groupby(["change", "measure"])["days"].agg(["median", "max", "count"]).to_string())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="False signals and delays of control on simulated systems.")
    parser.add_argument("--years", type=int, default=20, help="simulated systems, each with a year of forecasts")
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--cache", type=Path, default=Path("build/control"))
    return parser.parse_args()


def _year(seed: int, sites: int, cache: Path) -> Year:
    history = read_simulated(seed, replace(STABLE, sites=sites))
    days = pd.date_range(end=history.latest.index[-1], periods=YEAR_DAYS, freq="D")
    return Year(history, _lead_one(history, days, cache / f"{seed}-{sites}.parquet"))


def _lead_one(history: PointInTimeHistory, days: pd.DatetimeIndex, saved: Path) -> pd.DataFrame:
    """Return the forecasts of lead 1 for the days, made by the recipe that publishes."""
    if not saved.exists():
        cutoffs = list(days - pd.Timedelta(days=1))
        rows = backtest_candidate(Forecaster(history, HORIZON), cutoffs, DEFAULT_CANDIDATE)
        declared = rows["unique_id"].map(lambda unique_id: series_key(unique_id).measure) == DECLARED
        rows[(rows["lead"] == 1) & ~declared].to_parquet(saved)
    return pd.read_parquet(saved)


def _narrowed(year: Year) -> Year:
    """Return the year with intervals a quarter narrower from CHANGE_DAY on."""
    columns = [quantile_column(level) for level in year.history.system.quantiles]
    median = year.rows[quantile_column(0.5)].to_numpy()[:, None]
    width = np.where(year.rows["ds"] >= year.days[CHANGE_DAY], WIDTH, 1.0)[:, None]
    return Year(
        year.history,
        year.rows.assign(
            **pd.DataFrame(median + width * (year.rows[columns].to_numpy() - median), year.rows.index, columns)
        ),
    )


def _raised(year: Year, seed: int, cache: Path) -> Year:
    """Return the year with all counts but beds raised by a tenth from CHANGE_DAY on, forecast anew."""
    table, first = year.history.latest.copy(), year.days[CHANGE_DAY]
    counted = [i for i in table.columns if series_key(str(i)).measure != DECLARED]
    table.loc[first:, counted] = (table.loc[first:, counted] * LEVEL).round()
    history = known_at_day_end(long(table), year.history.system, year.history.context)
    days = year.days[CHANGE_DAY : CHANGE_DAY + FOLLOWED_DAYS]
    n_sites = len(counted)
    rows = _lead_one(history, days, cache / f"{seed}-{n_sites}-raised.parquet")
    return Year(history, pd.concat([year.rows[year.rows["ds"] < first], rows], ignore_index=True))


def _delays(change: str, year: Year, check: ControlCheck) -> Iterator[tuple[str, str, float]]:
    """Yield for each measure the days from the change to its signal, 1 on its first day; infinite where none comes."""
    since = min(CHANGE_DAY, len(year.days) - FOLLOWED_DAYS)
    first, last = year.days[since], year.days[since + FOLLOWED_DAYS - 1]
    for state in control_states(year.controlled(first, last), year.history.system, year.history.system.quantiles):
        if state.check is check:
            found = None if state.signal is None else pd.Timestamp(state.signal.found)
            yield change, state.measure, np.inf if found is None else (found - first).days + 1


def _signals(year: Year) -> Iterator[ControlState]:
    """Yield each signal that any day of the year would have shown, once for each champion."""
    system = year.history.system
    for begin in range(0, YEAR_DAYS, TRAINED_EVERY_DAYS):
        own = year.days[begin : begin + TRAINED_EVERY_DAYS]
        seen: set[tuple[str, ControlCheck]] = set()
        rows = year.controlled(own[0], own[-1])
        for day in own:
            states = control_states(rows[rows["ds"] <= day], system, system.quantiles)
            drift = drift_states(inputs_of(year.history, day), own[0] - pd.Timedelta(days=1), system)
            for state in (*states, *drift):
                if state.signal is not None and (state.measure, state.check) not in seen:
                    seen.add((state.measure, state.check))
                    yield state


if __name__ == "__main__":
    main()
