"""The files of a simulated system, read as anyone would read them."""

from datetime import date
from pathlib import Path

import pandas as pd

from training.simulate.run import simulate
from training.simulate.scenario import Scenario

LAST_DAY = date(2026, 11, 21)
MEASURES = ["attendances", "admissions", "discharges", "occupancy", "beds"]
FLOWS_OF_BEDS = ["admissions", "discharges", "occupancy"]


def write(out: Path, seed: int, **options: object) -> Path:
    """The folder of a simulated system with these options."""
    return simulate(out, seed, LAST_DAY, Scenario(**options)).parent  # type: ignore[arg-type]


def extract(folder: Path) -> pd.DataFrame:
    """The extracts, one row per place and day, in order."""
    parts = [pd.read_csv(path, parse_dates=["date"]) for path in sorted(folder.glob("extract/*.csv"))]
    return pd.concat(parts).sort_values(["code", "date"], ignore_index=True)


def truth(folder: Path) -> pd.DataFrame:
    """truth.csv, in the same order."""
    return pd.read_csv(folder / "truth.csv", parse_dates=["date"]).sort_values(["code", "date"], ignore_index=True)


def events(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "events.csv", parse_dates=["from", "to"])


def days_of(rows: pd.DataFrame) -> pd.DatetimeIndex:
    """Every day between `from` and `to` of each row."""
    spans = [pd.date_range(first, last) for first, last in zip(rows["from"], rows["to"], strict=True)]
    return pd.DatetimeIndex([day for span in spans for day in span])


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of every file."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
