"""Forecasts from 8 to 119 days of history: their error compared with seasonal naive's, and what 80 % intervals cover.

`python -m benchmarks.short_histories [--systems swast,mixed] [--lengths 8,14] [--horizons 7,28] [--starts N]
[--gaps none,punched]`. Stretches of real systems, and of a simulated one, stand for hospitals that have just begun to
report: from days that are spread over the days for development, complete or with gaps punched in.
"""

import argparse
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS, read_history
from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.rows.simulator import DECLARED, STABLE, read_simulated
from benchmarks.calibration.development import SPANS
from publication.days import end_of_day
from publication.vocabulary import series_key
from training.frames import WEEK, long, values_of
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster

LENGTHS = (8, 14, 21, 28, 42, 56, 84, 119)
MIXED = "mixed"
MIXED_SEED = 26  # of the simulated system; `benchmarks.accuracy` scores others
HORIZONS = {"swast": (7, 28, 84), "portugal": (7, 28), "germany": (7, 28, 84), "winter": (7, 28), MIXED: (7, 28, 84)}
MOST_PLACES = 6
STARTS = 12
INNER = (0.1, 0.9)
GAPS_SEED = 84
MISSING_SHARE = 0.05  # of the values, where gaps are punched
OUTAGE_DAYS = (3, 5)  # the shortest and the longest outage of all series
FEWEST_DAYS_WITH_OUTAGE = 14
MOST_ERROR, FIRST_BETTER = 1.0, 21  # better than seasonal naive from so many days on
COVERS = (0.75, 0.88)
LEAST_ERROR = 1e-9  # of seasonal naive, that an error is divided by


@dataclass(frozen=True)
class Scored:
    """Series of some stretches: the error of each over seasonal naive's, and the share of days in the interval."""

    errors: pd.Series
    covered: pd.Series

    @property
    def error(self) -> float:
        """The median over the series."""
        return float(self.errors.median())

    @property
    def coverage(self) -> float:
        """The mean over the series."""
        return float(self.covered.mean())


def together(found: Iterable[Scored]) -> Scored:
    """Return the series of all of them."""
    errors, covered = zip(*((of.errors, of.covered) for of in found), strict=True)
    return Scored(pd.concat(errors), pd.concat(covered))


def read(name: str) -> PointInTimeHistory:
    """Return the history of a system; `mixed` is a simulated one that counts patients from the door to the bed."""
    return read_simulated(MIXED_SEED, STABLE) if name == MIXED else read_history(PROTOCOLS[name].system)


def stretches(table: pd.DataFrame, spans: Sequence[tuple[str, str]], days: int, starts: int) -> Iterator[pd.DataFrame]:
    """Yield wide stretches of so many days within one of the spans each, spread evenly; with the complete series.

    Where there are many places, they are some of them.
    """
    places = list(dict.fromkeys(series_key(str(unique_id)).place for unique_id in table.columns))
    some = set(places[:: 1 + (len(places) - 1) // MOST_PLACES])
    chosen = table.loc[:, [series_key(str(unique_id)).place in some for unique_id in table.columns]]
    within = [chosen.loc[first:last].index for first, last in spans]
    inside = [day for index in within for day in index[: max(len(index) - days + 1, 0)]]
    for position in np.linspace(0, len(inside) - 1, min(starts, len(inside))).astype(int):
        stretch = chosen.loc[inside[position] :].iloc[:days].dropna(axis=1)
        if stretch.shape[1]:
            yield stretch


def complete(past: pd.DataFrame) -> pd.DataFrame:
    """Return the days as they are."""
    return past


def punched(past: pd.DataFrame) -> pd.DataFrame:
    """Return the days with gaps: a share of the values, and an outage of some days in all series.

    The first and the last day stay, so that the length is that of the stretch. Very short stretches have no outage.
    """
    chance = np.random.default_rng([GAPS_SEED, past.index[0].toordinal(), len(past)])
    missing = chance.random(past.shape) < MISSING_SHARE
    if len(past) >= FEWEST_DAYS_WITH_OUTAGE:
        length = int(chance.integers(OUTAGE_DAYS[0], OUTAGE_DAYS[1] + 1))
        first = int(chance.integers(1, len(past) - length))
        missing[first : first + length] = True
    missing[[0, -1]] = False
    return past.mask(missing)


GAPS: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {"none": complete, "punched": punched}


def seasonal_naive(past: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Return the newest known value of each weekday, for each day ahead; the mean where no value of it is known."""
    weekdays = pd.DatetimeIndex(past.index).weekday
    newest = past.groupby(weekdays).last().reindex(range(WEEK)).fillna(past.mean())
    ahead = pd.date_range(past.index[-1] + pd.Timedelta(days=1), periods=horizon)
    return newest.loc[ahead.weekday].set_axis(ahead)


def known_only(past: pd.DataFrame, history: PointInTimeHistory) -> PointInTimeHistory:
    """Return the history in which these days are all that was ever reported; each is known at its end."""
    rows = long(past).dropna(subset="y")
    ends = {day: pd.Timestamp(end_of_day(day.date(), history.system.timezone)) for day in past.index}
    return PointInTimeHistory(rows.assign(known_at=rows["ds"].map(ends)), history.system, context=history.context)


def scored(history: PointInTimeHistory, past: pd.DataFrame, future: pd.DataFrame) -> Scored:
    """Return the losses of the `future` days of the series, forecast from the `past` ones."""
    recipe, horizon = {measure.name: DEFAULT_CANDIDATE for measure in history.system.measures}, len(future)
    forecast = Forecaster(known_only(past, history), horizon).forecast(recipe, pd.Timestamp(past.index[-1]))
    counted = [str(i) for i in future.columns if series_key(str(i)).measure != DECLARED]
    actuals = future[counted].to_numpy()
    errors = np.abs(values_of(forecast.means, pd.Index(counted)) - actuals).mean(axis=0)
    naive = np.abs(seasonal_naive(past, horizon)[counted].to_numpy() - actuals).mean(axis=0)
    at = forecast.means.columns.get_indexer(pd.Index(counted))
    low, high = (forecast.quantiles[at, :, history.system.quantiles.index(level)].T for level in INNER)
    return Scored(
        pd.Series(errors / np.maximum(naive, LEAST_ERROR), counted),
        pd.Series(((actuals >= low) & (actuals <= high)).mean(axis=0), counted),
    )


def measured(
    history: PointInTimeHistory,
    spans: Sequence[tuple[str, str]],
    length: int,
    horizon: int,
    starts: int,
    punch: Callable[[pd.DataFrame], pd.DataFrame],
) -> Scored | None:
    """Return the losses of the stretches of one length; None where no span is as long."""
    found = [
        scored(history, punch(stretch.iloc[:length]), stretch.iloc[length:])
        for stretch in stretches(history.latest, spans, length + horizon, starts)
    ]
    return together(found) if found else None


@dataclass(frozen=True)
class Row:
    """The losses of one system at one horizon, with or without gaps, by length."""

    system: str
    gaps: str
    horizon: int
    by_length: Mapping[int, Scored]


def measured_rows(
    systems: Sequence[str], gaps: Sequence[str], lengths: Sequence[int], horizons: Sequence[int], starts: int
) -> Iterator[Row]:
    """Yield a row for each system, kind of gaps and horizon."""
    for name in systems:
        history = read(name)
        every_day = [(str(history.first_day.date()), str(history.last_complete_day.date()))]
        of_system = partial(measured, history, SPANS.get(name, every_day))
        for horizon in [h for h in HORIZONS[name] if h in horizons]:
            for kind in gaps:
                by_length: dict[int, Scored] = {}
                for length in lengths:
                    found = of_system(length, horizon, starts, GAPS[kind])
                    if found is not None:
                        by_length[length] = found
                        heading(f"{name}, {horizon} days ahead, gaps {kind}, {length} days: {_cell(found, length)}")
                yield Row(name, kind, horizon, by_length)


def lines(rows: Sequence[Row], lengths: Sequence[int]) -> list[str]:
    """Return two tables of Markdown: by system, and of all systems by length; what misses its bar is bold."""
    header = ["system", "gaps", "horizon", *(f"{length} days" for length in lengths)]
    table = [header, ["---"] * len(header)]
    for row in rows:
        cells = [_cell(row.by_length.get(length), length) for length in lengths]
        table.append([row.system, row.gaps, str(row.horizon), *cells])
    short = [["days known", "error over seasonal naive's", "80 % covers"], ["---"] * 3]
    for length in lengths:
        of_length = [row.by_length[length] for row in rows if length in row.by_length]
        if of_length:
            error, coverage = (
                float(np.mean([getattr(of, name) for of in of_length])) for name in ("error", "coverage")
            )
            short.append([str(length), _error(error, length), _coverage(coverage)])
    return [*_markdown(table), "", *_markdown(short)]


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(found: Scored | None, length: int) -> str:
    return "" if found is None else f"{_error(found.error, length)}, {_coverage(found.coverage)}"


def _error(error: float, length: int) -> str:
    return f"**{error:.2f}**" if length >= FIRST_BETTER and error >= MOST_ERROR else f"{error:.2f}"


def _coverage(share: float) -> str:
    return f"{share:.2f}" if COVERS[0] <= round(share, 2) <= COVERS[1] else f"**{share:.2f}**"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.short_histories", description=__doc__)
    parser.add_argument("--systems", default=",".join(HORIZONS))
    parser.add_argument("--lengths", default=",".join(map(str, LENGTHS)))
    parser.add_argument("--horizons", default="7,28,84")
    parser.add_argument("--gaps", default=",".join(GAPS), help="none (complete days), punched")
    parser.add_argument("--starts", type=int, default=STARTS, help="stretches of each length")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    warnings.simplefilter("ignore")  # libraries warn of each series that is short or constant
    lengths, horizons = ([int(part) for part in text.split(",")] for text in (options.lengths, options.horizons))
    systems, gaps = options.systems.split(","), options.gaps.split(",")
    rows = list(measured_rows(systems, gaps, lengths, horizons, options.starts))
    print("\n".join(lines(rows, lengths)))


if __name__ == "__main__":
    main()
