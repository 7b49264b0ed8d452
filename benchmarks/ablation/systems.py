"""The systems that parts are measured on: cutoffs of development days alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS, read_history
from benchmarks.accuracy.rows.simulator import DECLARED, HORIZON, STABLE, read_simulated
from benchmarks.accuracy.small_wards import HORIZON as WARDS_HORIZON
from benchmarks.accuracy.small_wards import simulated_wards
from benchmarks.calibration.development import PERIODS
from benchmarks.short_histories import LENGTHS, known_only
from publication.vocabulary import series_key
from training.history.point_in_time import PointInTimeHistory

SEED = 26  # of simulated systems; `benchmarks.accuracy` scores others
SIMULATED_CUTOFFS = 26
YOUNG_FIRST_DAYS = {"swast": "2016-04-04", "portugal": "2018-09-03", "germany": "2021-08-02"}
YOUNG_HORIZON = 28
MORNING_CENSUS = replace(STABLE, census_hour=8)


@dataclass(frozen=True)
class AblationSystem:
    """A system: how its history is read, and what of it is scored at which cutoffs.

    `read_without_holidays` reads the history for which no day is a bank holiday, where that is to be measured.
    """

    read: Callable[[], PointInTimeHistory]
    horizon: int
    cutoffs: Callable[[PointInTimeHistory], Sequence[pd.Timestamp]]
    series: Callable[[PointInTimeHistory], Sequence[str]]
    read_without_holidays: Callable[[], PointInTimeHistory] | None = None


def _real(name: str) -> AblationSystem:
    protocol = PROTOCOLS[name]
    read = partial(read_history, protocol.system)
    cutoffs = PERIODS[name]
    return AblationSystem(read, protocol.horizon, lambda _: cutoffs, protocol.series, partial(read, holidays=False))


def _last_cutoffs(history: PointInTimeHistory) -> list[pd.Timestamp]:
    """Return cutoffs a horizon apart: no two of them forecast the same day."""
    last = history.last_complete_day - pd.Timedelta(days=HORIZON)
    return list(pd.date_range(end=last, periods=SIMULATED_CUTOFFS, freq=f"{HORIZON}D"))


def _forecast_series(history: PointInTimeHistory) -> list[str]:
    """Return the bottom series that are not declared ahead."""
    return [str(i) for i in history.latest.columns if series_key(str(i)).measure != DECLARED]


def _young(name: str) -> AblationSystem:
    """Return a system that began to report on a day for development, at cutoffs after 8 to 119 days."""
    protocol, first = PROTOCOLS[name], pd.Timestamp(YOUNG_FIRST_DAYS[name])
    cutoffs = [first + pd.Timedelta(days=length - 1) for length in LENGTHS]
    last = cutoffs[-1] + pd.Timedelta(days=YOUNG_HORIZON)

    def read() -> PointInTimeHistory:
        history = read_history(protocol.system)
        return known_only(history.latest.loc[first:last], history)

    return AblationSystem(read, YOUNG_HORIZON, lambda _: cutoffs, protocol.series)


SYSTEMS = {
    **{name: _real(name) for name in PERIODS},
    "hospitals": AblationSystem(
        partial(read_simulated, SEED, MORNING_CENSUS), HORIZON, _last_cutoffs, _forecast_series
    ),
    "wards": AblationSystem(partial(simulated_wards, SEED), WARDS_HORIZON, _last_cutoffs, _forecast_series),
    **{f"young-{name}": _young(name) for name in YOUNG_FIRST_DAYS},
}
"""Real systems, simulated hospitals that count at 08:00, simulated wards with a few admissions a day, young systems."""
