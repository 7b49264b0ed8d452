"""Time and memory of an ingest, and of a reading as of an instant.

Each is a process of its own, so that a peak is that of the one job. An ingest is what `headroom ingest` does: its time
has the start of Python's libraries in it, the archive's writing, and the review of all days. A reading is timed alone.
Seconds depend on what else a machine does: `pandas.read_csv` of the same file is timed before each ingest.
"""

import argparse
import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

MEASURES = ["attendances", "admissions", "discharges", "occupancy", "beds"]
FORMATS = ("csv", "wide", "parquet")
FIRST_DAY = date(2020, 1, 1)
SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
places = "places.csv"

[sources.daily]
path = "extract.{suffix}"
place = "code"
day = "date"
"""
GOAL_SECONDS = 35.0  # for the ingest of 10,000 series of 1,500 days as one long CSV, on two idle cores
LONG = 'measure = "what"\nvalue = "n"\n'
WIDE = "measures = {" + ", ".join(f'{name} = "{name}"' for name in MEASURES) + "}\n"
TIMED = """
import json, resource, sys, time
began = time.perf_counter()
from datetime import UTC, datetime
from pathlib import Path
import pandas as pd
from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.review import review
from training.system.reading import read_system
what, folder = sys.argv[1], Path(sys.argv[2])
file = read_system(folder / "system.toml")
archive = Archive(folder / "history", file.system.timezone)
if what == "ingest":
    summary = ingest(file, archive, folder / "quarantine", datetime.now(UTC))
    review(file, archive)
    rows = summary.new + summary.unchanged
else:
    began, used = time.perf_counter(), time.process_time()
    rows = len(pd.read_csv(folder / "extract.csv") if what == "pandas" else archive.as_of(datetime.now(UTC)))
seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - (0 if what == "ingest" else used)
mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "cpu seconds": cpu_seconds, "mib": mib}))
"""


def main() -> None:
    """Print a row for each number of series: seconds, peak memory, and what a value costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000], help="how many, in fives")
    parser.add_argument("--days", type=int, default=1_500)
    parser.add_argument("--format", choices=FORMATS, default="csv", help="csv: one long file; wide: a column a measure")
    parser.add_argument("--repeat", type=int, default=3, help="first ingests, of which minimum and median are printed")
    options = parser.parse_args()
    found = {n: measured(n, options.days, options.format, options.repeat) for n in options.series}
    table = pd.DataFrame(found).rename_axis(columns=f"series ({options.format}, {options.days} days)")
    print(table.to_string(float_format="{:,.2f}".format))
    costs, sizes = table.loc["ingest microseconds a value"], table.columns
    print(f"A value of {sizes[-1]} series costs {costs.iloc[-1] / costs.iloc[0]:.2f} times one of {sizes[0]}.")
    print(f"goal: 10,000 series of 1,500 days as one long CSV in at most {GOAL_SECONDS:.0f} s")


def measured(n_series: int, n_days: int, kind: str, n_ingests: int) -> dict[str, float]:
    """Seconds and peak MiB of first ingests, of the same again, and of reading what is known now."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, n_series, n_days, kind)
        firsts = pd.DataFrame([_first_ingest(folder, kind) for _ in range(n_ingests)])
        again, known = timed("ingest", folder), timed("as of", folder)
        assert {*firsts["rows"], again["rows"], known["rows"]} == {n_series * n_days}  # noqa: S101  # or it measures nothing
        return {
            "values": known["rows"],
            "ingest seconds, minimum": firsts["seconds"].min(),
            "ingest seconds, median": firsts["seconds"].median(),
            "ingest CPU seconds, median": firsts["cpu seconds"].median(),
            "ingest MiB": firsts["mib"].max(),
            "pandas.read_csv seconds, median": firsts["pandas seconds"].median(),
            "ingest / pandas.read_csv, median": (firsts["seconds"] / firsts["pandas seconds"]).median(),
            "again seconds": again["seconds"],
            "again MiB": again["mib"],
            "as of seconds": known["seconds"],
            "as of MiB": known["mib"],
            "ingest microseconds a value": firsts["seconds"].min() / known["rows"] * 1e6,
        }


def _first_ingest(folder: Path, kind: str) -> dict[str, float]:
    """Time one ingest into an empty archive, and `pandas.read_csv` of the same file before it (NaN for Parquet)."""
    shutil.rmtree(folder / "history", ignore_errors=True)
    pandas_seconds = float("nan") if kind == "parquet" else timed("pandas", folder)["seconds"]
    return timed("ingest", folder) | {"pandas seconds": pandas_seconds}


def timed(what: str, folder: Path) -> dict[str, float]:
    """One job in a process of its own."""
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", TIMED, what, str(folder)]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # our own
    if ended.returncode:
        sys.exit(ended.stderr)
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def write(folder: Path, n_series: int, n_days: int, kind: str) -> None:
    """A system and its extract: every place has each measure on each day, day by day, as hospital systems export."""
    places = [f"P{i:05d}" for i in range(n_series // len(MEASURES))]
    days = [str(FIRST_DAY + timedelta(days=i)) for i in range(n_days)]
    suffix, shape = ("parquet" if kind == "parquet" else "csv"), (WIDE if kind == "wide" else LONG)
    (folder / "system.toml").write_text(SYSTEM.format(suffix=suffix) + shape, encoding="utf-8")
    (folder / "places.csv").write_text("\n".join(["place", *places]) + "\n", encoding="utf-8")
    table = wide(places, days) if kind == "wide" else long(places, days)
    if kind == "parquet":
        pa.parquet.write_table(table, folder / "extract.parquet")
    else:
        pa.csv.write_csv(table, folder / "extract.csv")


def wide(places: list[str], days: list[str]) -> pa.Table:
    """A row for each day and place."""
    n_rows = len(days) * len(places)
    where = np.tile(np.arange(len(places), dtype=np.int32), len(days))
    when = np.repeat(np.arange(len(days), dtype=np.int32), len(places))
    counts = {name: counted(n_rows, seed) for seed, name in enumerate(MEASURES)}
    return pa.table({"code": texts(where, places), "date": texts(when, days), **counts})


def long(places: list[str], days: list[str]) -> pa.Table:
    """A row for each day, place and measure."""
    n_a_day = len(places) * len(MEASURES)
    where = np.tile(np.repeat(np.arange(len(places), dtype=np.int32), len(MEASURES)), len(days))
    what = np.tile(np.arange(len(MEASURES), dtype=np.int32), len(days) * len(places))
    when = np.repeat(np.arange(len(days), dtype=np.int32), n_a_day)
    columns = {"code": texts(where, places), "date": texts(when, days), "what": texts(what, MEASURES)}
    return pa.table({**columns, "n": counted(n_a_day * len(days), 0)})


def texts(codes: np.ndarray, words: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), words).cast(pa.string())


def counted(n_rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(100, n_rows)


if __name__ == "__main__":
    main()
