"""Ours compared with Prophet and skforecast on all four real systems: the same series, cutoffs and history, timed."""

from benchmarks.accuracy.requirement import Requirement, less_than
from benchmarks.accuracy.runner import OURS, ForecastRunner

NAMES = {"swast": "SWAST", "portugal": "Portugal", "germany": "Germany ICU", "winter": "NHS winter"}
TO_BE_FASTER_THAN = ("Prophet",)


def race(runner: ForecastRunner) -> list[Requirement]:
    """WIS in counts and scaled, and wall seconds, at every fourth cutoff."""
    found = []
    for name, system in NAMES.items():
        run, data = runner.race(name), f"Peers, {system}"
        for what, loss in {"WIS, scaled": "scaled_wis", "WIS, counts": "wis"}.items():
            theirs = {peer: float(rows[loss].mean()) for peer, rows in run.rows.items()}
            found.append(less_than(data, what, theirs.pop(OURS), theirs))
        rivals = {peer: taken for peer, taken in run.seconds.items() if peer in TO_BE_FASTER_THAN}
        others = {peer: taken for peer, taken in run.seconds.items() if peer not in (OURS, *rivals)}
        found.append(less_than(data, "wall seconds", run.seconds[OURS], rivals, others=others))
    return found
