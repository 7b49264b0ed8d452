"""How long hourly rows take to become days, and how much memory they need: a sum, and a census of snapshots.

An ingest is a process of its own, with the start of Python's libraries in it and the review of all days. DuckDB makes
days of the same file in SQL, just before and just after it: seconds depend on what else a machine does, their ratio
less. All values are compared with those of SQL.
"""

import argparse
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from benchmarks.history import timed
from training.history.archive import Archive

FIRST_HOUR = datetime(2014, 1, 1)  # by the hospital's clock
GOAL_SECONDS, GOAL_MIB = 30.0, 2048.0
SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
places = "places.csv"

[sources.hourly]
path = "extract.csv"
place = "site"
time = "at"
aggregate = "{aggregate}"
measures = {{ {measure} = "n" }}
"""
MEASURES = {"sum": "attendances", "census": "occupancy"}
SQL = {
    "sum": 'SELECT site, CAST("at" AS DATE) AS ds, sum(n) AS y FROM read_csv(?) GROUP BY ALL',
    "census": """
        SELECT site, CAST("at" AS DATE) AS ds, arg_min(n, abs(hour("at") - 8)) AS y
        FROM read_csv(?) WHERE abs(hour("at") - 8) <= 3 GROUP BY ALL
    """,
}


def main() -> None:
    """Print seconds and peak memory of both aggregates, and the seconds of DuckDB."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--places", type=int, default=100)
    asked.add_argument("--years", type=int, default=11)
    options = asked.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        n_rows = write(folder, options.places, options.years)
        found = {aggregate: measured(folder, aggregate) for aggregate in MEASURES}
    print(pd.DataFrame(found).rename_axis(columns=f"{n_rows:,} rows").to_string(float_format="{:,.2f}".format))
    print(f"goal: at most {GOAL_SECONDS:.0f} s and {GOAL_MIB:,.0f} MiB on two cores")


def write(folder: Path, n_places: int, n_years: int) -> int:
    """Write the rows of each hour that a clock shows, as hospital systems export them, and return their number."""
    hours = pd.date_range(FIRST_HOUR, FIRST_HOUR + timedelta(days=365.25 * n_years), freq="h", inclusive="left")
    local = hours.to_series().dt.tz_localize("Europe/London", ambiguous=np.ones(len(hours), bool), nonexistent="NaT")
    hours = hours[local.notna().to_numpy()]
    random = np.random.default_rng(1)
    columns = {
        "site": np.tile([f"P{i:03d}" for i in range(n_places)], len(hours)),
        "at": np.repeat(hours.strftime("%Y-%m-%dT%H:%M").to_numpy(dtype=str), n_places),
        "n": random.poisson(6, len(hours) * n_places),
    }
    pa.csv.write_csv(pa.table(columns), folder / "extract.csv")
    places = "\n".join(f"P{i:03d}" for i in range(n_places))
    (folder / "places.csv").write_text(f"place\n{places}\n", encoding="utf-8")
    return len(columns["n"])


def measured(folder: Path, aggregate: str) -> dict[str, float]:
    """Seconds and peak MiB of one ingest, and its ratio to SQL over the same file. All values must equal SQL's."""
    system = SYSTEM.format(aggregate=aggregate, measure=MEASURES[aggregate])
    (folder / "system.toml").write_text(system, encoding="utf-8")
    for batch in (folder / "history").rglob("*.parquet"):
        batch.unlink()
    before, sql = by_sql(folder, aggregate)
    ours = timed("ingest", folder)
    after, _ = by_sql(folder, aggregate)
    compare(folder, sql)
    return {
        "days": ours["rows"],
        "seconds": ours["seconds"],
        "CPU seconds": ours["cpu seconds"],
        "MiB": ours["mib"],
        "DuckDB seconds": (before + after) / 2,
        "ratio": ours["seconds"] / ((before + after) / 2),
    }


def by_sql(folder: Path, aggregate: str) -> tuple[float, pd.DataFrame]:
    """The seconds that DuckDB needs, and the days that it gives."""
    began = time.perf_counter()
    with duckdb.connect() as connection:
        days = connection.execute(SQL[aggregate], [str(folder / "extract.csv")]).df()
    return time.perf_counter() - began, days


def compare(folder: Path, sql: pd.DataFrame) -> None:
    """End with a sentence where a value is not SQL's."""
    known = Archive(folder / "history", "Europe/London").as_of()
    known = known.assign(site=known["unique_id"].astype(str).str.partition("/")[0])
    both = known.merge(sql, on=["site", "ds"], how="outer", suffixes=("", "_sql"))
    wrong = both[both["y"].ne(both["y_sql"])]
    if len(wrong):
        sys.exit(f"{len(wrong)} of {len(both)} values are not those of SQL:\n{wrong.head()}")


if __name__ == "__main__":
    main()
