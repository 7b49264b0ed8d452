"""The requirements by the name of their row: what `--rows` takes."""

from collections.abc import Callable, Mapping

from benchmarks.accuracy.requirement import Requirement
from benchmarks.accuracy.rows import backtests, holidays, known_at, lockdown, race, simulator, small_counts
from benchmarks.accuracy.runner import ForecastRunner

ROWS: Mapping[str, Callable[[ForecastRunner], list[Requirement]]] = {
    "swast": backtests.swast,
    "portugal": backtests.portugal,
    "germany": backtests.germany,
    "known at 06:00": known_at.known_in_the_morning,
    "winter": backtests.winter,
    "lockdown": lockdown.lockdown,
    "holidays": holidays.holidays,
    "simulator": simulator.simulator,
    "small counts": small_counts.small_counts,
    "peers": race.race,
}
