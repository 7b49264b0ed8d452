"""A small hospital whose extract is written as it stood on a morning, and the job that reads it at six o'clock."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

import pandas as pd
from rich.console import Console

from training.history.ingest import ingest
from training.jobs.context import Context, context
from training.settings import settings

SYSTEM = """
[system]
name = "{name}"
timezone = "Europe/London"
holidays = "GB-ENG"
horizon_days = {horizon}
places = "places.csv"

[sources.daily]
path = "extract.csv"
place = "place"
day = "day"
measure = "measure"
value = "value"
"""


def six_in_the_morning(day: date) -> datetime:
    return datetime.combine(day, time(6), UTC)


def hospital(folder: Path, places: Mapping[str, str], name: str = "north", horizon: int = 7) -> Path:
    """Write the system file and the places (place to parent); return the system file."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name},,North,system", *(f"{place},{parent},{place},site" for place, parent in places.items())]
    (folder / "places.csv").write_text("place,parent,name,kind\n" + "\n".join(lines) + "\n")
    (folder / "system.toml").write_text(SYSTEM.format(name=name, horizon=horizon))
    return folder / "system.toml"


def send(folder: Path, counts: pd.DataFrame) -> None:
    """Write a wide frame of counts as the hospital's extract; missing days have no row."""
    rows = counts.rename_axis("day").melt(var_name="series", value_name="value", ignore_index=False).dropna()
    split = rows["series"].str.split("/", expand=True)
    rows = rows.assign(place=split[0], measure=split[1]).reset_index()
    rows["day"] = rows["day"].dt.strftime("%Y-%m-%d")
    rows[["place", "day", "measure", "value"]].to_csv(folder / "extract.csv", index=False)


def morning(system: Path, home: Path, day: date, **environ: str) -> Context:
    """A job at six in the morning of the day."""
    return context(system, settings(home, environ), six_in_the_morning(day))


def received(job: Context) -> Context:
    """The job, its sources ingested."""
    ingest(job.system_file, job.archive, job.settings.quarantine, job.now)
    return job


def quiet() -> Console:
    return Console(quiet=True)
