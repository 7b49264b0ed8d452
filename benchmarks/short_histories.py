"""Forecasts from 8 to 119 days of history: their error compared with seasonal naive's, and what 80 % intervals cover.

`python -m benchmarks.short_histories [--systems swast,portugal] [--lengths 8,14] [--horizons 7,28] [--starts N]`.
Stretches of real systems, from days spread over their histories, stand for hospitals that have just begun to report.
"""

import argparse
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS, read_history
from publication.days import end_of_day
from training.frames import WEEK, long, values_of
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster

LENGTHS = (8, 14, 21, 28, 42, 56, 84, 119)
HORIZONS = {"swast": (7, 28, 84), "portugal": (7, 28), "germany": (7, 28, 84)}
FIRST_START = 200  # the first days of some systems are those on which places joined
MOST_SERIES = 12
STARTS = 12
INNER = (0.1, 0.9)


@dataclass(frozen=True)
class Scored:
    """One stretch of one system: by series the error over seasonal naive's, and the share of days in the interval."""

    errors: pd.Series
    covered: pd.Series


def stretches(history: PointInTimeHistory, days: int, starts: int) -> Iterator[pd.DataFrame]:
    """Yield wide stretches of the history, spread evenly over it; of many series some."""
    table = history.latest.iloc[FIRST_START:]
    some = table.iloc[:, :: 1 + (table.shape[1] - 1) // MOST_SERIES]
    for start in np.linspace(0, len(some) - days - 1, starts).astype(int):
        yield some.iloc[start : start + days].dropna(axis=1)


def scored(history: PointInTimeHistory, stretch: pd.DataFrame, length: int, horizon: int) -> Scored:
    """Return the losses of the days after the first `length` of a stretch."""
    past, future = stretch.iloc[:length], stretch.iloc[length : length + horizon]
    rows = long(past)
    ends = {day: pd.Timestamp(end_of_day(day.date(), history.system.timezone)) for day in past.index}
    known = PointInTimeHistory(rows.assign(known_at=rows["ds"].map(ends)), history.system, context=history.context)
    recipe = {measure.name: DEFAULT_CANDIDATE for measure in history.system.measures}
    forecast = Forecaster(known, horizon).forecast(recipe, pd.Timestamp(past.index[-1]))
    actuals = future.to_numpy()
    naive = np.tile(past.iloc[-WEEK:].to_numpy(), (-(-horizon // WEEK), 1))[:horizon]
    errors = np.abs(values_of(forecast.means, future.columns) - actuals).mean(axis=0)
    at = forecast.means.columns.get_indexer(future.columns)
    low, high = (forecast.quantiles[at, :, history.system.quantiles.index(level)].T for level in INNER)
    return Scored(
        pd.Series(errors / np.maximum(np.abs(naive - actuals).mean(axis=0), 1e-9), future.columns),
        pd.Series(((actuals >= low) & (actuals <= high)).mean(axis=0), future.columns),
    )


def lines(systems: Sequence[str], lengths: Sequence[int], horizons: Sequence[int], starts: int) -> Iterator[str]:
    """Yield a table of Markdown, a row for each system, horizon and length."""
    yield "| system | horizon | days known | error over seasonal naive's | 80 % covers |"
    yield "|---|---|---|---|---|"
    for name in systems:
        history = read_history(PROTOCOLS[name].system, measure=PROTOCOLS[name].measure)
        for horizon in [h for h in HORIZONS[name] if h in horizons]:
            for length in lengths:
                found = [scored(history, s, length, horizon) for s in stretches(history, length + horizon, starts)]
                error = np.median(np.concatenate([of.errors for of in found]))
                covered = np.mean(np.concatenate([of.covered for of in found]))
                yield f"| {name} | {horizon} | {length} | {error:.3f} | {covered:.3f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.short_histories", description=__doc__)
    parser.add_argument("--systems", default=",".join(HORIZONS))
    parser.add_argument("--lengths", default=",".join(map(str, LENGTHS)))
    parser.add_argument("--horizons", default="7,28,84")
    parser.add_argument("--starts", type=int, default=STARTS, help="stretches of each length")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    warnings.simplefilter("ignore")  # libraries warn of each series that is short or constant
    lengths, horizons = ([int(part) for part in text.split(",")] for text in (options.lengths, options.horizons))
    for line in lines(options.systems.split(","), lengths, horizons, options.starts):
        print(line, flush=True)


if __name__ == "__main__":
    main()
