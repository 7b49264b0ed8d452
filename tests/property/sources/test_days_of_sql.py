"""Days of local clocks and instants, lacking hours, hidden counts, snapshots and doubtful numbers are those of SQL."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publication.vocabulary import Check
from tests.unit.history.small import Hospital
from training.errors import HistoryError

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SPRING, AUTUMN = date(2026, 3, 28), date(2026, 10, 24)
"""The days before those on which the clocks of London change: these have 23 and 25 hours."""
CLOCK_CHANGES = {SPRING + timedelta(days=1): 23, AUTUMN + timedelta(days=1): 25}
SOURCE = """
[sources.rows]
path = "*.csv"
place = "site"
time = "at"
aggregate = "{aggregate}"
measures = {{ attendances = "{column}" }}
{further}
"""
Days = dict[tuple[str, str], float]
sites = st.sampled_from("AB")
starts = st.sampled_from([SPRING, AUTUMN, date(2026, 6, 1)])
numbers = st.integers(0, 40).map(str)


def by_sql(folder: Path, query: str) -> Days:
    """The answer to a query over the texts of the extract, by series and day."""
    texts = f"(SELECT * FROM read_csv('{folder}/extract.csv', header = true, all_varchar = true, delim = ','))"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Europe/London'")
        rows = connection.execute(query.format(rows=texts)).fetchall()
    return {(f"{site}/attendances", str(day)): float(y) for site, day, y in rows}


def archived(
    folder: Path, rows: list[tuple[str, str, str]], aggregate: str, further: str = ""
) -> tuple[Days, set[tuple[str, str]]]:
    """The values of days, and the keys of those that are flagged as partial; nothing where all is rejected."""
    column = "*" if aggregate == "count" else "n"
    hospital = Hospital(folder, SOURCE.format(aggregate=aggregate, column=column, further=further))
    hospital.send("site,at,n\n" + "\n".join(",".join(row) for row in rows))
    try:
        hospital.ingest(NOW)
    except HistoryError:
        return {}, set()
    table = hospital.archive.as_of()
    checks = table["check"].eq(Check.PARTIAL_DAY.value) if "check" in table else [False] * len(table)
    keys = [(str(i), str(ds)[:10]) for i, ds in zip(table["unique_id"], table["ds"], strict=True)]
    return hospital.known(), {key for key, is_partial in zip(keys, checks, strict=True) if is_partial}


def in_utc_after(start: date, hours: int, minutes: int) -> str:
    """The instant so long after the midnight of a day in UTC."""
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return f"{first + timedelta(hours=hours, minutes=minutes):%Y-%m-%dT%H:%MZ}"


instants = st.builds(in_utc_after, starts, st.integers(0, 71), st.sampled_from([0, 30]))


@pytest.mark.parametrize(("aggregate", "value"), [("sum", "sum(n::DOUBLE)"), ("count", "count(*)")])
@settings(max_examples=15)
@given(rows=st.lists(st.tuples(sites, instants, numbers), min_size=1, max_size=60))
@example(rows=[("A", "2026-03-29T00:30Z", "1"), ("A", "2026-03-29T23:30Z", "2"), ("A", "2026-03-30T22:30Z", "4")])
@example(rows=[("A", "2026-10-24T22:30Z", "1"), ("A", "2026-10-24T23:30Z", "2"), ("A", "2026-10-25T23:30Z", "4")])
def test_instants_are_of_the_local_day(aggregate: str, value: str, rows: list[tuple[str, str, str]]) -> None:
    query = f'SELECT site, CAST("at" AS TIMESTAMPTZ)::DATE, {value} FROM {{rows}} GROUP BY ALL'
    with TemporaryDirectory() as name:
        known, _ = archived(Path(name), rows, aggregate)
        expected = by_sql(Path(name), query)
    assert {key: y for key, y in known.items() if key in expected} == expected
    assert {y for key, y in known.items() if key not in expected} <= {0.0}  # days without an event


@settings(max_examples=15)
@given(
    start=st.sampled_from([SPRING, AUTUMN]),
    lacking=st.sets(st.tuples(sites, st.integers(0, 2), st.integers(3, 23)), max_size=6),
    in_utc=st.booleans(),
)
@example(start=SPRING, lacking=set(), in_utc=True)
@example(start=AUTUMN, lacking=set(), in_utc=True)
@example(start=AUTUMN, lacking={("B", 1, 12)}, in_utc=False)
@example(start=SPRING, lacking={("A", 1, 23)}, in_utc=True)
def test_days_that_lack_hours_are_sums_and_flagged(
    start: date, lacking: set[tuple[str, int, int]], in_utc: bool
) -> None:
    """Every local hour of sixteen days is sent, but for a few: those days, and no others, are partial."""
    hours = {day: hours_of(start + timedelta(days=day), in_utc) for day in range(3)}
    gaps = {  # the day of 23 hours has no last one to lack
        (site, start + timedelta(days=day), hour) for site, day, hour in lacking if hour in dict(hours[day])
    }
    days = [start + timedelta(days=n) for n in range(-13, 3)]
    rows = [
        (site, at, str(position % 17))
        for site in "AB"
        for day in days
        for position, (hour, at) in enumerate(hours_of(day, in_utc))
        if (site, day, hour) not in gaps
    ]
    zoned = 'CAST("at" AS TIMESTAMPTZ)' if in_utc else 'CAST("at" AS TIMESTAMP)'
    with TemporaryDirectory() as name:
        known, partial = archived(Path(name), rows, "sum")
        assert known == by_sql(Path(name), f"SELECT site, {zoned}::DATE, sum(n::DOUBLE) FROM {{rows}} GROUP BY ALL")
    assert partial == {(f"{site}/attendances", str(day)) for site, day, _ in gaps}


def hours_of(day: date, in_utc: bool) -> list[tuple[int, str]]:
    """Each hour of a day that London's clocks show, and how it is written."""
    if not in_utc:
        skipped = 1 if CLOCK_CHANGES.get(day) == 23 else None
        return [(hour, f"{day}T{hour:02d}:00") for hour in range(24) if hour != skipped]
    is_summer = SPRING + timedelta(days=1) < day <= AUTUMN + timedelta(days=1)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=int(is_summer))
    n_hours = CLOCK_CHANGES.get(day, 24)
    return [(n, f"{first + timedelta(hours=n):%Y-%m-%dT%H:%MZ}") for n in range(n_hours)]


local_times = st.builds(
    lambda start, day, hour, minute: f"{start + timedelta(days=day)}T{hour:02d}:{minute:02d}",
    starts,
    st.integers(0, 2),
    st.integers(3, 23),
    st.sampled_from([0, 15, 59]),
)
CENSUS = """
    WITH snapshots AS (
        SELECT site, CAST("at" AS TIMESTAMP) AS t, CAST(n AS DOUBLE) AS y, row_number() OVER () AS line FROM {rows}
    ), nearest AS (
        SELECT *, abs(date_diff('minute', date_trunc('day', t) + INTERVAL 8 HOUR, t)) AS away FROM snapshots
    )
    SELECT site, t::DATE, arg_min(y, (away, t, -line)) FROM nearest WHERE away <= 180 GROUP BY ALL
"""
OF_SNAPSHOTS = """
    WITH lines AS (SELECT *, row_number() OVER () AS line FROM {{rows}}),
    last AS (SELECT site, CAST("at" AS TIMESTAMP) AS t, arg_max(CAST(n AS DOUBLE), line) AS y FROM lines GROUP BY ALL)
    SELECT site, t::DATE, {aggregate}(y) FROM last GROUP BY ALL
"""


@pytest.mark.parametrize(
    ("aggregate", "query"),
    [("census", CENSUS), ("mean", OF_SNAPSHOTS.format(aggregate="avg")), ("max", OF_SNAPSHOTS.format(aggregate="max"))],
)
@settings(max_examples=15)
@given(rows=st.lists(st.tuples(sites, local_times, numbers), min_size=1, max_size=60))
@example(rows=[("A", "2026-03-29T05:00", "1"), ("A", "2026-03-29T11:00", "2"), ("A", "2026-03-29T05:00", "3")])
def test_snapshots_are_those_of_sql(aggregate: str, query: str, rows: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as name:
        known, _ = archived(Path(name), rows, aggregate)
        expected = by_sql(Path(name), query)
    assert known == pytest.approx(expected)


KNOWN_SUMS = """
    SELECT site, CAST("at" AS TIMESTAMP)::DATE, sum({number}) AS y FROM {{rows}} GROUP BY ALL HAVING y IS NOT NULL
"""
hidden = st.one_of(numbers, numbers, st.sampled_from(["<5", "5-9", "closed", ""]))
NOTATION = 'suppressed = { "<5" = 2.5, "5-9" = 7 }\nmissing = ["closed"]'
REPLACED = "CASE n WHEN '<5' THEN 2.5 WHEN '5-9' THEN 7 ELSE TRY_CAST(n AS DOUBLE) END"


@settings(max_examples=20)
@given(rows=st.lists(st.tuples(sites, local_times, hidden), min_size=1, max_size=40))
def test_hidden_counts_are_their_stand_ins_and_words_no_counts(rows: list[tuple[str, str, str]]) -> None:
    query = KNOWN_SUMS.format(number=REPLACED)
    with TemporaryDirectory() as name:
        known, partial = archived(Path(name), rows, "sum", NOTATION)
        assert known == by_sql(Path(name), query)
    blank = {(f"{site}/attendances", at[:10]) for site, at, n in rows if n in ("closed", "")}
    assert blank & known.keys() <= partial


@settings(max_examples=20)
@given(
    rows=st.lists(
        st.tuples(
            sites, local_times, st.one_of(st.integers(0, 999).map(str), st.sampled_from(["1.234", "2.500", "0.5"]))
        ),
        min_size=1,
        max_size=40,
    )
)
def test_a_number_with_two_meanings_has_one_of_them_or_its_day_is_flagged(rows: list[tuple[str, str, str]]) -> None:
    """Nobody says what the point means: each sum is one of SQL's, or lacks the number and is flagged as partial."""
    with TemporaryDirectory() as name:
        known, partial = archived(Path(name), rows, "sum")
        as_fractions, as_thousands, plain = (
            by_sql(Path(name), KNOWN_SUMS.format(number=f"TRY_CAST({number} AS DOUBLE)"))
            for number in ("n", "replace(n, '.', '')", "CASE WHEN n NOT LIKE '%.%' THEN n END")
        )
    for key, y in known.items():
        is_read = y in (pytest.approx(as_fractions[key]), pytest.approx(as_thousands[key]))
        assert is_read or (key in partial and y == pytest.approx(plain[key]))
