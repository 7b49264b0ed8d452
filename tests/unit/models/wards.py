"""Simulated places with known rules of admission and discharge."""

from dataclasses import replace

import numpy as np
import pandas as pd

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import FIRST_DAY, build_system

LEAVING_SHARE = np.array([0.16, 0.14, 0.14, 0.15, 0.18, 0.09, 0.08])  # of patients in bed, by weekday
DAILY_ADMISSIONS = 60.0
FULL = 0.95  # occupancy rate above which more patients leave
MORE_WHEN_FULL = 1.3


def flows_system(*places: str, horizon_days: int = 14) -> System:
    """Return a system whose places below the root count the four measures of beds."""
    return with_flows(build_system(dict.fromkeys(places, "north"), horizon_days))


def with_flows(system: System, *places: str) -> System:
    """Return the system with more places below its root, the four measures of beds, and thresholds 0.85 and 0.95."""
    kinds = {"admissions": Kind.FLOW, "discharges": Kind.FLOW, "occupancy": Kind.STOCK, "beds": Kind.CAPACITY}
    others = [measure for measure in system.measures if measure.name not in kinds]
    measures = (*others, *(Measure(name, kind, "patients") for name, kind in kinds.items()))
    below = [Place(place, "north", place, "place") for place in places]
    return replace(system, measures=measures, places=(*system.places, *below), thresholds=(0.85, FULL))


def simulated(place: str, n_days: int, seed: int, beds: float = 1e6, leak: float = 0.0) -> pd.DataFrame:
    """Return wide counts of a place where patients leave by the share of the weekday, and `leak` a day uncounted."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST_DAY, periods=n_days, freq="D", name="ds")
    census, rows = DAILY_ADMISSIONS / LEAVING_SHARE.mean(), []
    for weekday in days.weekday:
        hazard = LEAVING_SHARE[weekday] * (MORE_WHEN_FULL if census >= FULL * beds else 1.0)
        leaving, entering = rng.binomial(int(census), hazard), rng.poisson(DAILY_ADMISSIONS)
        census = census + entering - leaving - leak
        rows.append((entering, leaving, round(census), beds))
    names = [f"{place}/{measure}" for measure in ("admissions", "discharges", "occupancy", "beds")]
    return pd.DataFrame(rows, days, names, dtype=float)
