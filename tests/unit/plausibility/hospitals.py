"""A hospital system of four sites with quiet counts, and faults to be laid into it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from training.system.model import SystemContext

MEASURES = (
    Measure("attendances", Kind.FLOW, "patients"),
    Measure("admissions", Kind.FLOW, "patients"),
    Measure("discharges", Kind.FLOW, "patients"),
    Measure("occupancy", Kind.STOCK, "beds"),
    Measure("beds", Kind.CAPACITY, "beds"),
)
SITES = ("A", "B", "C", "D", "E")
SYSTEM = System(
    "north", "Europe/London", 8, 7, (0.92,), (0.1, 0.5, 0.9), MEASURES,
    (Place("north", None, "North", "system"), *(Place(site, "north", site, "site") for site in SITES)),
)  # fmt: skip
QUIET = SystemContext("GB-ENG")
DAYS = 300
FIRST = pd.Timestamp("2023-01-02")
WEEK = np.array([1.1, 1.03, 1.0, 1.0, 1.0, 0.9, 0.92])

Fault = Callable[[pd.DataFrame], None]


def hospital(seed: int = 0, n_days: int = DAYS) -> pd.DataFrame:
    """Wide: Poisson flows with a weekly wave, an occupancy that follows them exactly, beds that hardly move."""
    random = np.random.default_rng(seed)
    days = pd.date_range(FIRST, periods=n_days, freq="D", name="ds")
    columns: dict[str, np.ndarray] = {}
    for i, site in enumerate(SITES):
        level = 60 + 20 * i
        census = 7 * level
        admissions = random.poisson(level * WEEK[days.weekday])
        discharges, occupancy = np.empty(n_days), np.empty(n_days)
        for day in range(n_days):
            discharges[day] = random.binomial(census, 1 / 7)
            census += int(admissions[day] - discharges[day])
            occupancy[day] = census
        columns |= {
            f"{site}/attendances": random.poisson(3 * level * WEEK[days.weekday]),
            f"{site}/admissions": admissions,
            f"{site}/discharges": discharges,
            f"{site}/occupancy": occupancy,
            f"{site}/beds": np.full(n_days, round(7.6 * level)),
        }
    return pd.DataFrame(columns, index=days, dtype=float)


def day(position: int) -> pd.Timestamp:
    return FIRST + pd.Timedelta(days=position)
