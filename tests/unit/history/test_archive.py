import hashlib
import random
import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from publication.days import end_of_day
from publication.vocabulary import SeriesKey
from training.errors import HistoryError
from training.history.archive import Archive
from training.history.batches import BATCH_SCHEMA

NOW = datetime(2026, 12, 1, 6, tzinfo=UTC)
Row = tuple[str, str, str | None, str, float]


def values(*rows: Row) -> pd.DataFrame:
    """Accepted values as screening gives them: place, measure, stream, day, count."""
    table = pd.DataFrame(rows, columns=["place", "measure", "stream", "ds", "y"])
    table["ds"] = pd.to_datetime(table["ds"])
    table["known_at"] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[ns, UTC]")
    return table.assign(source="s", file="f.csv")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "history", "Europe/London")


def test_what_is_read_back_has_the_columns_types_and_order_of_a_long_frame(archive: Archive) -> None:
    archive.append(values(("B", "beds", None, "2026-01-02", 2), ("A", "beds", "x", "2026-01-01", 1)), NOW)
    archive.append(values(("B", "beds", None, "2026-01-01", 3)), NOW)
    for table in (archive.as_of(), archive.versions(), archive.as_of(datetime(2000, 1, 1, tzinfo=UTC))):
        assert {name: str(kind) for name, kind in table.dtypes.items()} == {
            "unique_id": "category",
            "ds": "datetime64[ns]",
            "y": "float64",
            "known_at": "datetime64[ns, UTC]",
        }
    table = archive.as_of()
    assert list(zip(table["unique_id"], table["ds"].dt.day, table["y"], strict=True)) == [
        ("A/beds/x", 1, 1.0),
        ("B/beds", 1, 3.0),
        ("B/beds", 2, 2.0),
    ]


@pytest.mark.parametrize(
    "key", [SeriesKey("A", "beds"), SeriesKey("A B", "attendances", "paediatric"), SeriesKey("\u00e9", "m")]
)
def test_series_are_named_as_everywhere_else(archive: Archive, key: SeriesKey) -> None:
    archive.append(values((key.place, key.measure, key.stream, "2026-01-01", 1)), NOW)
    assert archive.as_of()["unique_id"].tolist() == [key.unique_id]
    assert archive.append(values((key.place, key.measure, key.stream, "2026-01-01", 1)), NOW).tolist() == ["unchanged"]


@pytest.mark.parametrize("day", ["2026-01-01", "2026-03-28", "2026-03-29", "2026-07-01", "2026-10-25"])
def test_a_first_value_is_known_when_its_local_day_is_over(archive: Archive, day: str) -> None:
    archive.append(values(("A", "beds", None, day, 1)), NOW)
    end = end_of_day(date.fromisoformat(day), "Europe/London")
    assert archive.as_of()["known_at"].tolist() == [end]
    assert archive.as_of(end - timedelta(microseconds=1)).empty
    assert len(archive.as_of(end)) == 1


def test_an_instant_without_an_offset_is_local(archive: Archive) -> None:
    archive.append(values(("A", "beds", None, "2026-07-01", 1)), NOW)
    assert len(archive.as_of(datetime(2026, 7, 2, 0, 0))) == 1
    assert archive.as_of(datetime(2026, 7, 1, 23, 59)).empty


def test_an_archive_without_history_says_how_to_get_one(archive: Archive) -> None:
    readers: list[Callable[[], object]] = [archive.as_of, archive.versions, archive.digest]
    for read in readers:
        with pytest.raises(HistoryError, match="headroom ingest"):
            read()


def test_the_digest_is_the_hash_of_series_days_and_counts(archive: Archive) -> None:
    archive.append(values(("A", "beds", None, "1970-01-03", 7), ("B", "beds", None, "1970-01-01", 0.5)), NOW)
    by_hand = hashlib.sha256(b"A/beds\nB/beds" + struct.pack("<qq", 2, 0) + struct.pack("<dd", 7, 0.5))
    assert archive.digest() == f"sha256:{by_hand.hexdigest()}"


def test_the_digest_does_not_depend_on_batches_nor_on_when_they_arrived(tmp_path: Path) -> None:
    first: Row = ("A", "beds", None, "2026-01-01", 1)
    second: Row = ("A", "beds", None, "2026-01-02", 2)
    digests = set()
    orders: list[list[list[Row]]] = [[[first, second]], [[second], [first]], [[first], [second]]]
    for number, batches in enumerate(orders):
        archive = Archive(tmp_path / str(number), "Europe/London")
        for batch in batches:
            archive.append(values(*batch), NOW + timedelta(days=number))
        digests.add(archive.digest())
    assert len(digests) == 1


def test_the_digest_moves_with_a_revision_and_not_with_what_is_known_later(archive: Archive) -> None:
    archive.append(values(("A", "beds", None, "2026-01-01", 1)), NOW)
    before = archive.digest()
    archive.append(values(("A", "beds", None, "2026-01-01", 2)), NOW)
    assert archive.digest() != before
    assert archive.digest(NOW - timedelta(seconds=1)) == before


def test_the_digest_to_a_day_does_not_see_later_days(archive: Archive) -> None:
    archive.append(values(("A", "beds", None, "2026-01-01", 1)), NOW)
    before = archive.digest()
    archive.append(values(("A", "beds", None, "2026-01-02", 1)), NOW)
    assert archive.digest() != before
    assert archive.digest(last_day=date(2026, 1, 1)) == before


def test_a_batch_has_the_documented_columns_and_types(archive: Archive, tmp_path: Path) -> None:
    archive.append(values(("A", "beds", None, "2026-01-01", 1)), NOW)
    (batch,) = (tmp_path / "history").glob("*.parquet")
    table = pq.read_table(batch)
    assert table.schema.remove_metadata() == BATCH_SCHEMA
    assert table.to_pylist() == [
        {
            "place": "A",
            "measure": "beds",
            "stream": None,
            "ds": date(2026, 1, 1),
            "y": 1.0,
            "known_at": datetime(2026, 1, 2, tzinfo=UTC),
            "ingested_at": NOW,
            "source": "s",
            "file": "f.csv",
        }
    ]


@pytest.mark.parametrize("seed", range(8))
def test_a_batch_with_one_changed_bit_is_named_and_not_read(archive: Archive, tmp_path: Path, seed: int) -> None:
    archive.append(values(("A", "beds", None, "2026-01-01", 1), ("A", "beds", None, "2026-01-02", 2)), NOW)
    archive.append(values(("B", "beds", None, "2026-01-01", 3)), NOW)
    damaged = sorted((tmp_path / "history").glob("*.parquet"))[seed % 2]
    content, draws = bytearray(damaged.read_bytes()), random.Random(seed)
    content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
    damaged.write_bytes(content)
    again = Archive(tmp_path / "history", "Europe/London")
    for read in (again.versions, again.as_of, again.digest):
        with pytest.raises(HistoryError, match=f"{re.escape(damaged.name)} is damaged.*Restore it from a backup"):
            read()


def test_a_batch_whose_name_has_no_digest_is_read_as_it_is(archive: Archive, tmp_path: Path) -> None:
    archive.append(values(("A", "beds", None, "2026-01-01", 1)), NOW)
    [batch] = (tmp_path / "history").glob("*.parquet")
    batch.rename(batch.with_name("000001-20260101T060000000000Z.parquet"))
    assert Archive(tmp_path / "history", "Europe/London").as_of()["y"].to_list() == [1.0]


def test_an_unfinished_batch_is_not_read(archive: Archive, tmp_path: Path) -> None:
    archive.append(values(("A", "beds", None, "2026-01-01", 1)), NOW)
    before = archive.versions()
    (tmp_path / "history" / "000002-x.unfinished").write_bytes(b"PAR1")
    assert archive.versions().equals(before)
