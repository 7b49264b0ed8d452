"""Beds freed by one more discharge a day, at the census of each place."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import build_history, build_system
from training.pipeline.forecaster import Forecaster
from training.pipeline.pressure import headroom

HORIZON = 3
N_DAYS = 120
KINDS = {"admissions": Kind.FLOW, "discharges": Kind.FLOW, "occupancy": Kind.STOCK, "beds": Kind.CAPACITY}
MEASURES = tuple(Measure(name, kind, "patients") for name, kind in KINDS.items())


def place(name: str, early_share: float, size: int) -> pd.DataFrame:
    """Return a place from which 20 * size and 30 * size patients leave in turn, a share of them before the census."""
    leaving = size * np.tile([20.0, 30.0], N_DAYS // 2)
    entering = np.random.default_rng(size).permutation(leaving)
    at_day_start = 100.0 * size + np.cumsum(entering - leaving) - (entering - leaving)
    census = at_day_start + 0.5 * entering - early_share * leaving
    counts = dict(zip(KINDS, (entering, leaving, census, np.full(N_DAYS, 200.0 * size)), strict=True))
    days = pd.date_range("2024-01-01", periods=N_DAYS, freq="D", name="ds")
    return pd.DataFrame({f"{name}/{measure}": values for measure, values in counts.items()}, index=days)


def test_a_discharge_frees_its_bed_at_the_census_after_it() -> None:
    """A: all discharges before its census. B, twice as large: a quarter. C counts no flows, and the hour is 06:00.

    The parent of all has the share of discharges that are early: (1 * 1 + 2 * 0.25) / 3 = 0.5.
    """
    without = place("C", 1.0, 1)[["C/occupancy", "C/beds"]]
    table = pd.concat([place("A", 1.0, 1), place("B", 0.25, 2), without], axis=1)
    system = build_system(dict.fromkeys("ABC", "north"), HORIZON)
    history = build_history(table, replace(system, census_hour=6, measures=MEASURES))
    found = {of.place: of for of in headroom(Forecaster(history, HORIZON).forecast({}, table.index[-1]), history)}
    for name, early_share in (("A", 1.0), ("B", 0.25), ("C", 0.25), ("north", 0.5)):
        measures = [f"{i}/{{}}" for i in ("AB" if name == "north" else name)]
        recent = table.tail(56)
        stays = 1.0
        if name != "C":
            leaving, in_bed = (sum(recent[i.format(m)].mean() for i in measures) for m in ("discharges", "occupancy"))
            stays = 1 - leaving / in_bed
        ends = [1, 1 + stays, 1 + stays + stays**2]
        late = 1 - early_share
        expected = [early_share, early_share * ends[1] + late, early_share * ends[2] + late * ends[1]]
        assert found[name].beds_freed == pytest.approx(expected, abs=2e-3), name
