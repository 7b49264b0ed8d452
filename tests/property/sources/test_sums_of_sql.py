"""Whatever rows a source has, its days are those of SQL, or rows are listed in the quarantine."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.dirty_files import Change, changes_of, mutated
from tests.unit.history.small import Hospital
from training.errors import HistoryError

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SOURCE = """
[sources.rows]
path = "*.csv"
place = "site"
time = "at"
aggregate = "{aggregate}"
measures = {{ attendances = "{column}" }}
"""
SQL = """
    WITH texts AS (SELECT * FROM read_csv(?, header = true, all_varchar = true, delim = ',', quote = '"')),
    rows AS (
        SELECT site, TRY_CAST("at" AS TIMESTAMP)::DATE AS ds, TRY_CAST(n AS DOUBLE) AS n FROM texts
        WHERE site IN ('A', 'B') AND TRY_CAST("at" AS TIMESTAMP) IS NOT NULL
    )
    SELECT site || '/attendances', ds::VARCHAR, {value} FROM rows {where} GROUP BY ALL
"""
VALUES = {
    "sum": ("sum(n)", "WHERE n >= 0 AND n NOT IN ('inf'::DOUBLE)"),
    "count": ("count(*)::DOUBLE", ""),
}
FIRST = date(2026, 6, 1)
HOURS = b"site,at,n\r\n" + b"".join(
    f"{site},2026-06-0{day} {hour:02d}:00,{hour + day}\r\n".encode()
    for day in (1, 2)
    for hour in range(0, 24, 6)
    for site in "AB"
)
times = st.builds(
    lambda day, hour, minute: f"{FIRST + timedelta(days=day)}T{hour:02d}:{minute:02d}",
    st.integers(0, 3),
    st.integers(0, 23),
    st.sampled_from([0, 0, 0, 30]),
)
rows = st.lists(
    st.tuples(
        st.sampled_from(["A", "A", "B", "B", "Z", ""]),
        st.one_of(times, times, times, st.sampled_from(["", "noon", "2026-06-31T08:00", "03/06/2026 08:00"])),
        st.one_of(st.integers(0, 50).map(str), st.sampled_from(["", "x", "-5", "2.5", "inf"])),
    ),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("aggregate", VALUES)
@settings(max_examples=25)
@given(rows=rows)
def test_sums_and_counts_are_those_of_sql(aggregate: str, rows: list[tuple[str, str, str]]) -> None:
    value, where = VALUES[aggregate]
    column = "n" if aggregate == "sum" else "*"
    with TemporaryDirectory() as folder:
        hospital = Hospital(Path(folder), SOURCE.format(aggregate=aggregate, column=column))
        hospital.send("site,at,n\n" + "\n".join(",".join(row) for row in rows))
        sql = duckdb.connect().execute(SQL.format(value=value, where=where), [f"{folder}/extract.csv"]).fetchall()
        expected = {(unique_id, day): n for unique_id, day, n in sql}
        try:
            hospital.ingest(NOW)
        except HistoryError:
            assert expected == {}
            return
        known = hospital.known()
        assert {key: n for key, n in known.items() if key in expected} == expected
        assert {n for key, n in known.items() if key not in expected} <= {0.0}  # days without an event


@settings(max_examples=30)
@given(changes=changes_of(HOURS), aggregate=st.sampled_from(["sum", "count", "mean", "max", "census"]))
def test_a_damaged_file_ends_with_days_or_a_sentence(changes: list[Change], aggregate: str) -> None:
    with TemporaryDirectory() as folder:
        hospital = Hospital(Path(folder), SOURCE.format(aggregate=aggregate, column="n"))
        hospital.send(mutated(HOURS, changes))
        assert "extract.csv" in (sentence_of(hospital) or "extract.csv")


def sentence_of(hospital: Hospital) -> str | None:
    """Return why an ingest stops; None where it does not."""
    try:
        hospital.ingest(NOW)
    except HistoryError as error:
        return str(error)
    return None
