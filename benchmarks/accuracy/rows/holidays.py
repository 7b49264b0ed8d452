"""Gain of holiday features on the days that they are for."""

import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS
from benchmarks.accuracy.requirement import Requirement, less_than
from benchmarks.accuracy.runner import ForecastRunner
from benchmarks.accuracy.scoring import mean_of
from training.system.bank_holidays import bank_holidays

NAMES = {"swast": "SWAST", "portugal": "Portugal"}
REDUCTION = 0.30
WITHOUT = "without holiday features"


def holidays(runner: ForecastRunner) -> list[Requirement]:
    """MAE of all leads whose target day is a bank holiday or the day after one."""
    found = []
    for name, data in NAMES.items():
        country = runner.history(PROTOCOLS[name].system).context.holidays
        ours, without = (on_special_days(rows, country) for rows in (runner.ours(name), runner.without_holidays(name)))
        theirs = {WITHOUT: mean_of(without, "mae")}
        what = f"MAE on holidays and days after ({ours['ds'].nunique()} days)"
        found.append(less_than(f"Holidays, {data}", what, mean_of(ours, "mae"), theirs, REDUCTION))
    return found


def on_special_days(rows: pd.DataFrame, country: str) -> pd.DataFrame:
    """The rows of bank holidays and of the days after them."""
    years = range(rows["ds"].min().year - 1, rows["ds"].max().year + 1)
    special = pd.DatetimeIndex(sorted(day for year in years for day in bank_holidays(country, year)))
    return rows[rows["ds"].isin(special.union(special + pd.Timedelta(days=1)))]
