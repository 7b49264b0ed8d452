"""Init and ingest of hourly files of any layout change no number: days are those of DuckDB's SQL."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.acceptance.made_up_files import Case, Cell, Values, csv, found, xlsx

FIRST = date(2026, 3, 9)
"""Twenty-one days with the one on which London's clocks skip an hour: files by a local clock lack it."""
N_DAYS, SKIPPED = 21, datetime(2026, 3, 29, 1, tzinfo=UTC)
TIMES: dict[str, Callable[[datetime], list[Cell]]] = {
    "ISO": lambda at: [f"{at:%Y-%m-%d %H:%M}"],
    "ISO with T": lambda at: [f"{at:%Y-%m-%dT%H:%M:%S}"],
    "day first": lambda at: [f"{at:%d/%m/%Y %H:%M}"],
    "twelve hours": lambda at: [f"{at:%m/%d/%Y %I:%M %p}"],
    "day and clock": lambda at: [f"{at:%d.%m.%Y}", f"{at:%H:%M}"],
    "day and hour": lambda at: [f"{at:%Y-%m-%d}", at.hour],
    "four numbers": lambda at: [at.year, at.month, at.day, at.hour],
}
TIME_NAMES = {1: ["time"], 2: ["date", "hour"], 4: ["year", "month", "day", "hour"]}
SQL = {
    "sum": "SELECT site || '/calls', CAST(t AS DATE), sum(n) FROM rows GROUP BY ALL",
    "census": "SELECT site || '/occupancy', CAST(t AS DATE), arg_min(n, abs(hour(t) - 8) * 100 + hour(t)) FROM rows "
    "WHERE abs(hour(t) - 8) <= 3 GROUP BY ALL",
    "mean": "SELECT site || '/occupancy_mean', CAST(t AS DATE), avg(n) FROM rows GROUP BY ALL",
    "max": "SELECT site || '/occupancy_max', CAST(t AS DATE), max(n) FROM rows GROUP BY ALL",
}


def counts(sites: list[str], absent_share: float, seed: int) -> pd.DataFrame:
    """Random counts of each hour that London's clocks show, of which some are absent: `site`, `t`, `n`."""
    chosen = random.Random(seed)
    hours = [datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(hours=n) for n in range(24 * N_DAYS)]
    rows = [(site, at, chosen.randrange(20, 900)) for at in hours for site in sites if at != SKIPPED]
    rows = [row for row in rows if chosen.random() >= absent_share]
    table = pd.DataFrame(rows, columns=["site", "t", "n"])
    return table.assign(t=table["t"].dt.tz_localize(None))


def by_sql(rows: pd.DataFrame, *wanted: str) -> Values:
    """The days of rows, by DuckDB."""
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        answers = [answer for name in wanted for answer in connection.execute(SQL[name]).fetchall()]
    return {(unique_id, day): float(y) for unique_id, day, y in answers}


def file_of(rows: pd.DataFrame, time: str, name: str, total: bool, seed: int) -> list[list[Cell]]:
    """A header and the rows in any order, with their columns in any order."""
    chosen = random.Random(seed)
    first = TIMES[time](rows["t"].iloc[0])
    header: list[Cell] = ["hospital", *TIME_NAMES[len(first)], name]
    lines: list[list[Cell]] = [[site, *TIMES[time](t), n] for site, t, n in rows.itertuples(index=False)]
    if total:
        sums = rows.groupby("t", as_index=False)["n"].sum()
        lines += [["All hospitals", *TIMES[time](t), n] for t, n in sums.itertuples(index=False)]
    chosen.shuffle(lines)
    order = list(range(len(header)))
    chosen.shuffle(order)
    return [[line[at] for at in order] for line in (header, *lines)]


@settings(max_examples=10)
@given(
    time=st.sampled_from(sorted(TIMES)),
    kind=st.sampled_from(["calls", "occupied beds"]),
    sites=st.lists(st.sampled_from(["RX1", "RX2", "St Anne's", "\u00c9vora", "007"]), min_size=2, unique=True),
    separator=st.sampled_from([",", ";", "\t", "xlsx"]),
    total=st.booleans(),
    absent_share=st.sampled_from([0.0, 0.02]),
    seed=st.integers(0, 999),
)
@example("day first", "calls", ["RX1", "RX2"], ";", True, 0.02, 1)
@example("day and hour", "calls", ["RX1", "RX2"], ",", True, 0.0, 3)
@example("four numbers", "occupied beds", ["RX1", "007"], "xlsx", False, 0.0, 2)
def test_hours_become_the_days_of_sql(
    time: str, kind: str, sites: list[str], separator: str, total: bool, absent_share: float, seed: int
) -> None:
    rows = counts(sites, absent_share, seed)
    lines = file_of(rows, time, kind, total, seed)
    files = {"x.xlsx": xlsx(lines)} if separator == "xlsx" else {"x.csv": csv(lines, separator)}
    expected = by_sql(rows, "sum") if kind == "calls" else by_sql(rows, "census", "mean", "max")
    with TemporaryDirectory() as folder:
        assert found(Path(folder), Case("", files, {})) == pytest.approx(expected)


@settings(max_examples=6)
@given(
    sites=st.lists(st.sampled_from(["RX1", "RX2", "Nord", "\u00c9vora"]), min_size=1, unique=True),
    time=st.sampled_from(["ISO", "ISO with T", "day first"]),
    separator=st.sampled_from([",", ";", "xlsx"]),
    seed=st.integers(0, 999),
)
def test_events_are_counted_as_in_sql(sites: list[str], time: str, separator: str, seed: int) -> None:
    chosen = random.Random(seed)
    begin = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    at = [begin + timedelta(minutes=chosen.randrange(24 * 60 * N_DAYS)) for _ in range(60 * N_DAYS)]
    rows = pd.DataFrame({"site": [chosen.choice(sites) for _ in at], "t": [t.replace(tzinfo=None) for t in at]})
    lines: list[list[Cell]] = [["arrival", "hospital", "triage"]]
    lines += [[*TIMES[time](t), site, chosen.randrange(1, 6)] for site, t in rows.itertuples(index=False)]
    files = {"x.xlsx": xlsx(lines)} if separator == "xlsx" else {"x.csv": csv(lines, separator)}
    counted = "SELECT site || '/attendances', CAST(t AS DATE), count(*) FROM rows GROUP BY ALL"
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.register("rows", rows)
        expected = {(name, day): float(n) for name, day, n in connection.execute(counted).fetchall()}
        known = found(Path(folder), Case("", files, {}))
    assert {key: y for key, y in known.items() if y} == expected
