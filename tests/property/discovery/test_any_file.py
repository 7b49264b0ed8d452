"""Whatever file init is given, it ends with a system that reads back, or with a sentence; and it changes no number."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from training.discovery.discover import discover
from training.discovery.looking import Options
from training.errors import TrainingError
from training.sources.reading import read_source
from training.system.reading import read_system

FIRST = date(2024, 2, 20)
SHORTEST_SENTENCE = 20
separators = st.sampled_from([",", ";", "\t", "|"])
cells = st.one_of(
    st.text(st.sampled_from(list('aA1 .,;-/%<"\n\u00e9\u2028\x00')), max_size=6),
    st.integers(-5, 99_999).map(str),
    st.dates(date(1960, 1, 1), date(2030, 1, 1)).map(str),
    st.dates(date(2020, 1, 1), date(2024, 1, 1)).map(lambda day: day.strftime("%d/%m/%Y")),
    st.sampled_from(
        ["date", "site", "code", "arrivals", "occupied beds", "Total", "<5", "1.234", "1,5", "n/a", "8:00", "A&E"]
    ),
)
tables = st.lists(st.lists(cells, min_size=0, max_size=6), max_size=12)
suffixes = st.sampled_from([".csv", ".txt", ".xlsx", ".parquet", ".csv.gz", ".zip", ".xls"])


def ends_well(name: str, content: bytes) -> bool:
    """Whether a file gives a system that is read back, or is rejected by a sentence."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            draft = discover([path], Path(folder), Options()).draft
        except TrainingError as refusal:
            return len(str(refusal)) > SHORTEST_SENTENCE
        target = Path(folder) / "system.toml"
        target.write_text(draft.toml, encoding="utf-8")
        (Path(folder) / "places.csv").write_text(draft.places_csv, encoding="utf-8")
        read_system(target)
        return True


@given(st.binary(max_size=400), suffixes)
@example(b"", ".csv")
@example(b"PK\x03\x04", ".zip")
@example(b"\x1f\x8b\x08", ".csv.gz")
def test_bytes_end_with_a_system_or_a_sentence(content: bytes, suffix: str) -> None:
    assert ends_well(f"extract{suffix}", content)


@given(tables, separators, st.sampled_from(["utf-8", "utf-16", "cp1252"]))
@example([["date", "x"], ["2024-01-01", "1"], ["2024-01-02", "2"]], ",", "utf-8")
@example([["date", ""], ["2024-01-01", "1"]], ",", "utf-8")
@example([["2024-01-01", "2024-01-02"], ["1", "2"], ["3", "4"]], ",", "utf-8")
@example([['"', "date"], ["1", "2024-01-01"]], ";", "utf-8")
@settings(max_examples=80)
def test_tables_end_with_a_system_or_a_sentence(rows: list[list[str]], separator: str, encoding: str) -> None:
    text = "\n".join(separator.join(row) for row in rows)
    assert ends_well("extract.csv", text.encode(encoding, errors="replace"))


NAMES = st.sampled_from(
    [
        *(
            "date",
            "Datum",
            "time",
            "hour",
            "year",
            "month",
            "day",
            "published",
            "week_ending",
            "",
            "id",
            "site",
            "code",
        ),
        *("hospital name", "region", "unit", "age group", "indicator", "value", "n", "arrivals", "admitted_at", "left"),
        *("occupied", "beds", "free beds", "available", "Total", "2024-03-01", "2024-03-02 / x", "note", "a/b", "%"),
    ]
)
KINDS = st.sampled_from(
    ["day", "dmy", "time", "clock", "hour", "count", "few", "code", "name", "blank", "rate", "same"]
)


def cell(kind: str, number: int, chosen: random.Random) -> str:
    """A cell of a column of this kind, in the row of this number; sometimes dirt."""
    if chosen.random() < 0.03:
        return chosen.choice(["", "-", "n/a", "<5", "Notes:", "x", "1.234", "Total", "0"])
    day = FIRST + timedelta(days=number // 3)
    return {
        "day": str(day),
        "dmy": f"{day:%d/%m/%Y}",
        "time": f"{day} {chosen.randrange(24):02d}:{chosen.randrange(60):02d}",
        "clock": f"{number % 24:02d}:00",
        "hour": str(number % 24),
        "count": str(chosen.randrange(500)),
        "few": str(chosen.randrange(3)),
        "code": f"R{number % 3}",
        "name": ["St Anne", "North/South", "Total"][number % 3],
        "blank": "",
        "rate": f"{chosen.random():.3f}",
        "same": "7",
    }[kind]


@given(st.lists(st.tuples(NAMES, KINDS), min_size=1, max_size=7), st.integers(1, 90), separators, st.integers(0, 99))
@settings(max_examples=100)
def test_columns_of_any_kinds_end_with_a_system_or_a_sentence(
    columns: list[tuple[str, str]], n_rows: int, separator: str, seed: int
) -> None:
    chosen = random.Random(seed)
    rows = [[cell(kind, number, chosen) for _, kind in columns] for number in range(n_rows)]
    text = "\n".join(separator.join(row) for row in ([name for name, _ in columns], *rows))
    assert ends_well("extract.csv", text.encode())


def extract(
    sites: Sequence[str], n_days: int, day_format: str, separator: str, thousands: bool, seed: int
) -> tuple[str, dict[tuple[str, date], int]]:
    """A daily file, and the count of each site and day."""
    chosen = random.Random(seed)
    counts = {(site, FIRST + timedelta(days=n)): chosen.randrange(200, 5000) for n in range(n_days) for site in sites}
    rows = [
        separator.join((site, day.strftime(day_format), f"{count:,}".replace(",", ".") if thousands else str(count)))
        for (site, day), count in counts.items()
    ]
    chosen.shuffle(rows)
    return "\n".join((separator.join(("hospital", "day", "admissions")), *rows)) + "\n", counts


@given(
    st.lists(st.sampled_from(["RX1", "RX2", "St Anne's", "\u00c9vora", "007", "7"]), min_size=2, unique=True),
    st.integers(20, 50),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%d %b %Y", "%Y%m%d"]),
    st.sampled_from([";", "\t", "|"]),
    st.booleans(),
    st.integers(0, 999),
)
@settings(max_examples=25)
def test_no_number_changes(
    sites: list[str], n_days: int, day_format: str, separator: str, thousands: bool, seed: int
) -> None:
    text, counts = extract(sites, n_days, day_format, separator, thousands, seed)
    assume(any(count < 1000 for count in counts.values()))  # or nothing says that 1.234 are thousands
    with TemporaryDirectory() as folder:
        path = Path(folder) / "extract.csv"
        path.write_text(text, encoding="utf-8")
        draft = discover([path], Path(folder), Options()).draft
        target = Path(folder) / "system.toml"
        target.write_text(draft.toml, encoding="utf-8")
        (Path(folder) / "places.csv").write_text(draft.places_csv, encoding="utf-8")
        (source,) = read_system(target).sources
        (read,) = read_source(source, Path(folder))
    rows = read.rows.astype(str)
    assert (source.place, source.columns) == ("hospital", {"admissions": ("admissions",)})
    days = pd.to_datetime(rows["day"], format=source.day_format or "%Y-%m-%d").dt.date
    sign = source.notation.thousands or "x"
    found = {
        (s, d): int(c.replace(sign, "")) for s, d, c in zip(rows["hospital"], days, rows["admissions"], strict=True)
    }
    assert found == counts
