"""The archive against a replay in plain Python, for any sequence of ingests read at any instant."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from publication.days import end_of_day
from training.history.archive import Archive

ZONE = "Europe/London"
FIRST = date(2026, 3, 28)  # the clocks change on the second of these days
MIDNIGHT = datetime(2026, 3, 28, tzinfo=UTC)

Key = tuple[str, date]
Batch = tuple[int, dict[Key, float], dict[tuple[str, date, int], float]]
Vintage = tuple[Key, float, datetime]

keys = st.tuples(st.sampled_from(["A", "B"]), st.integers(0, 3).map(lambda n: FIRST + timedelta(days=n)))
counts = st.sampled_from([0.0, 1.0, 2.5])
hours = st.integers(0, 120)
stated_keys = st.tuples(st.just("C"), keys.map(lambda key: key[1]), hours)
batches = st.tuples(hours, st.dictionaries(keys, counts, max_size=4), st.dictionaries(stated_keys, counts, max_size=4))


def after(n_hours: int) -> datetime:
    return MIDNIGHT + timedelta(hours=n_hours)


def replay(sequence: list[Batch]) -> list[Vintage]:
    """Every vintage in the order of its ingest, one value at a time."""
    vintages: list[Vintage] = []
    for now, values, stated in sequence:
        seen = list(vintages)
        for key, y in values.items():
            before = newest([vintage for vintage in seen if vintage[0] == key])
            if before is None:
                vintages.append((key, y, end_of_day(key[1], ZONE)))
            elif before[1] != y:
                vintages.append((key, y, max(after(now), before[2])))
        for (place, day, hour), y in stated.items():
            same = [vintage for vintage in seen if vintage[0] == (place, day) and vintage[2] == after(hour)]
            if not same or same[-1][1] != y:
                vintages.append(((place, day), y, after(hour)))
    return vintages


def newest(vintages: list[Vintage]) -> Vintage | None:
    """The last known; of those known at one instant, the last ingested."""
    found = None
    for vintage in vintages:
        if found is None or vintage[2] >= found[2]:
            found = vintage
    return found


def known_at(vintages: list[Vintage], instant: datetime) -> list[tuple[str, date, float, datetime]]:
    table = []
    for key in sorted({vintage[0] for vintage in vintages}):
        found = newest([vintage for vintage in vintages if vintage[0] == key and vintage[2] <= instant])
        if found is not None:
            table.append((f"{key[0]}/beds", key[1], found[1], found[2]))
    return table


def frame(values: dict[Key, float], stated: dict[tuple[str, date, int], float]) -> pd.DataFrame:
    rows: list[tuple[str, date, float, datetime | None]] = [(place, day, y, None) for (place, day), y in values.items()]
    rows += [(place, day, y, after(hour)) for (place, day, hour), y in stated.items()]
    table = pd.DataFrame(rows, columns=["place", "ds", "y", "known_at"])
    table["ds"] = pd.to_datetime(table["ds"])
    table["known_at"] = pd.to_datetime(table["known_at"], utc=True).astype("datetime64[ns, UTC]")
    return table.assign(measure="beds", stream=None, source="s", file="f")


def rows_of(table: pd.DataFrame) -> list[tuple[str, date, float, datetime]]:
    columns = (table["unique_id"], table["ds"].dt.date, table["y"], table["known_at"])
    return list(zip(*columns, strict=True))


@settings(max_examples=20, deadline=None)
@given(sequence=st.lists(batches, min_size=1, max_size=4), instants=st.lists(hours, min_size=1, max_size=3))
def test_as_of_any_instant_is_what_a_replay_knows(sequence: list[Batch], instants: list[int]) -> None:
    with TemporaryDirectory() as folder:
        archive = Archive(Path(folder), ZONE)
        for now, values, stated in sequence:
            archive.append(frame(values, stated), after(now))
        vintages = replay(sequence)
        if not vintages:
            return
        for hour in instants:
            assert rows_of(archive.as_of(after(hour))) == known_at(vintages, after(hour))
        assert rows_of(archive.as_of()) == known_at(vintages, datetime.max.replace(tzinfo=UTC))
        assert len(archive.versions()) == len(vintages)


@settings(max_examples=10, deadline=None)
@given(sequence=st.lists(batches, min_size=1, max_size=3))
def test_the_last_ingest_again_changes_nothing(sequence: list[Batch]) -> None:
    with TemporaryDirectory() as folder:
        archive = Archive(Path(folder), ZONE)
        for now, values, stated in sequence:
            archive.append(frame(values, stated), after(now))
        before = sorted(Path(folder).iterdir())
        _, values, stated = sequence[-1]
        assert set(archive.append(frame(values, stated), after(200))) <= {"unchanged"}
        assert sorted(Path(folder).iterdir()) == before
