"""Places whose patients come, stay and leave by rules that are known."""

from dataclasses import replace

import numpy as np
import pandas as pd

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import FIRST_DAY, build_system

GOES_HOME = np.array([0.16, 0.14, 0.14, 0.15, 0.18, 0.09, 0.08])  # share of those in bed, by weekday
COME = 60.0
FULL = 0.95  # of the beds: from there on more go home
MORE_WHEN_FULL = 1.3


def flows_system(*places: str, horizon_days: int = 14) -> System:
    """Places below the root that count the four measures of beds."""
    return with_flows(build_system(dict.fromkeys(places, "north"), horizon_days))


def with_flows(system: System, *places: str) -> System:
    """The system with more places below its root, the four measures of beds, and thresholds at 0.85 and 0.95."""
    kinds = {"admissions": Kind.FLOW, "discharges": Kind.FLOW, "occupancy": Kind.STOCK, "beds": Kind.CAPACITY}
    others = [measure for measure in system.measures if measure.name not in kinds]
    measures = (*others, *(Measure(name, kind, "patients") for name, kind in kinds.items()))
    below = [Place(place, "north", place, "place") for place in places]
    return replace(system, measures=measures, places=(*system.places, *below), thresholds=(0.85, FULL))


def played(place: str, n_days: int, seed: int, beds: float = 1e6, leak: float = 0.0) -> pd.DataFrame:
    """Wide counts of a place where each patient goes home with the weekday's chance, and `leak` a day go unseen."""
    chance = np.random.default_rng(seed)
    days = pd.date_range(FIRST_DAY, periods=n_days, freq="D", name="ds")
    census, rows = COME / GOES_HOME.mean(), []
    for weekday in days.weekday:
        hazard = GOES_HOME[weekday] * (MORE_WHEN_FULL if census >= FULL * beds else 1.0)
        leaving, entering = chance.binomial(int(census), hazard), chance.poisson(COME)
        census = census + entering - leaving - leak
        rows.append((entering, leaving, round(census), beds))
    names = [f"{place}/{measure}" for measure in ("admissions", "discharges", "occupancy", "beds")]
    return pd.DataFrame(rows, days, names, dtype=float)
