"""truth.csv: what each day's counts were drawn from, and what the extracts do not show of them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.arrays import FloatArray, IntArray
from training.simulate.effects import DISPERSION, ESCALATION_RATE
from training.simulate.mechanics import LONG
from training.simulate.world import World
from training.simulate.writing import Row, write_csv

OF_SITE = ("attendances", "dispersion", "conversion", "level", "long_share", "escalated", "waiting", "turned_away")
OF_BEDS = (
    *("beds", "escalation_beds", "transferred", "short_hazard", "long_hazard"),
    *("short_admissions", "long_admissions", "short_discharges", "long_discharges"),
    *("short_occupancy", "long_occupancy"),
)
HEADER = ("code", "date", *OF_SITE, *OF_BEDS)

Columns = dict[str, list[str]]


def write_truth(out: Path, world: World) -> None:
    """A line for each site, bottom place and day: blank where a column is not of that place."""
    write_csv(out / "truth.csv", HEADER, _rows(world))


def _rows(world: World) -> Iterator[Row]:
    blank = [""] * len(world.days)
    columns: dict[str, Columns] = {}
    for code, truth in world.truths.items():
        columns[code] = _of_site(world, code)
        for i, place in enumerate(truth.site.bottom):
            columns.setdefault(place, {}).update(_of_beds(world, code, i))
    by_place = {code: [of_place.get(name, blank) for name in HEADER[2:]] for code, of_place in columns.items()}
    for i, day in enumerate(world.days):
        for code, values in by_place.items():
            yield (code, day, *(column[i] for column in values))


def _of_site(world: World, code: str) -> Columns:
    truth, history, n_days = world.truths[code], world.histories[code], len(world.days)
    level = world.region_level + world.site_levels[code] + world.shock[:n_days]
    return {
        "attendances": _decimals(truth.attendances[:n_days] * np.exp(level)),
        "dispersion": [f"{DISPERSION:g}"] * n_days,
        "conversion": _decimals(truth.conversion[:n_days]),
        "level": _decimals(level),
        "long_share": _decimals(truth.long_share[:n_days]),
        "escalated": _whole(_escalated(world, code)),
        "waiting": _whole(history.waiting[:, 0]),
        "turned_away": _whole(history.turned_away[:, 0]),
    }


def _of_beds(world: World, code: str, bottom: int) -> Columns:
    truth, history, n_days = world.truths[code], world.histories[code], len(world.days)
    columns = {
        "beds": _whole(truth.beds[:n_days, bottom]),
        "escalation_beds": _whole(truth.escalation_beds[:n_days, bottom]),
        "transferred": _whole(history.transferred[:, 0, bottom].sum(axis=1)),
    }
    for stay, name in ((1 - LONG, "short"), (LONG, "long")):
        columns[f"{name}_hazard"] = _decimals(truth.hazard[:n_days, stay])
        columns[f"{name}_admissions"] = _whole(history.entering[:, 0, bottom, stay])
        columns[f"{name}_discharges"] = _whole(history.leaving[:, 0, bottom, stay])
        columns[f"{name}_occupancy"] = _whole(history.in_bed[:, 0, bottom, stay])
    return columns


def _escalated(world: World, code: str) -> IntArray:
    """1 on the days that follow a census at or above the rate of escalation; the first day's eve is not kept."""
    occupied = world.histories[code].in_bed[:, 0].sum(axis=(1, 2))
    before = np.concatenate([[0], occupied[:-1]])
    beds = world.truths[code].beds[: len(occupied)].sum(axis=1)
    return np.array(before >= ESCALATION_RATE * beds, dtype=np.int64)


def _decimals(values: FloatArray) -> list[str]:
    return [f"{value:.6f}" for value in values.tolist()]


def _whole(values: IntArray) -> list[str]:
    return list(map(str, values.tolist()))
