"""The requirements by the name of their row: what `--rows` takes."""

from collections.abc import Callable, Mapping

from benchmarks.accuracy.requirement import Requirement
from benchmarks.accuracy.rows import backtests, holidays, lockdown, race, simulator, small_counts
from benchmarks.accuracy.runner import ForecastRunner

ROWS: Mapping[str, Callable[[ForecastRunner], list[Requirement]]] = {
    "swast": backtests.swast,
    "portugal": backtests.portugal,
    "germany": backtests.germany,
    "winter": backtests.winter,
    "lockdown": lockdown.lockdown,
    "holidays": holidays.holidays,
    "simulator": simulator.simulator,
    "small counts": small_counts.small_counts,
    "peers": race.race,
}
