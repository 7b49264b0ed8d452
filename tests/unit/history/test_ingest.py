from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.unit.history.small import HEADER, LONG, LONG_HEADER, NOW, Hospital, read_quarantine
from training.errors import HistoryError
from training.history.summary import FileSummary

ROWS = "A,2026-01-01,3,4\nB,2026-01-01,5,\nALL,2026-01-01,8,4\nX,2026-01-01,1,1\nA,2026-01-01,3,4\n"


def test_the_summary_counts_what_became_of_every_file(tmp_path: Path) -> None:
    summary = Hospital(tmp_path).send(HEADER + ROWS, "a.csv").send(HEADER + "B,2026-01-02,-3,1\n", "b.csv").ingest()
    assert summary.files == (
        FileSummary("daily", "a.csv", 5, 3, 0, 0, 1, 1, {"repeated row": 2, "unknown place": 1}),
        FileSummary("daily", "b.csv", 1, 0, 0, 0, 0, 0, {"negative count": 2}),
    )
    assert (summary.rows, summary.new, summary.revised, summary.unchanged) == (6, 3, 0, 0)
    assert (summary.empty, summary.ignored) == (1, 1)
    assert summary.quarantined == {"repeated row": 2, "unknown place": 1, "negative count": 2}
    assert len(read_quarantine(summary.quarantine)) == 5


def test_the_same_files_twice_change_nothing(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + ROWS)
    hospital.ingest()
    before, batches = hospital.archive.versions(), hospital.batches()
    again = hospital.ingest(NOW + timedelta(days=1))
    assert (again.new, again.revised, again.unchanged) == (0, 0, 3)
    assert hospital.batches() == batches == ["000001-20260301T060000000000Z"]
    assert hospital.archive.versions().equals(before)


def test_a_changed_value_is_revised_and_the_old_one_stays_known_as_of_before(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\n")
    hospital.ingest()
    later = NOW + timedelta(days=1)
    summary = hospital.send(HEADER + "A,2026-01-01,4,\nA,2026-01-02,6,\n").ingest(later)
    assert (summary.new, summary.revised, summary.unchanged) == (1, 1, 0)
    assert hospital.known(later - timedelta(microseconds=1))["A/occupancy", "2026-01-01"] == 3.0
    assert hospital.known(later)["A/occupancy", "2026-01-01"] == 4.0


def test_rolling_extracts_may_overlap_and_the_last_file_by_name_counts(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-01-01,3,\nA,2026-01-02,5,\n", "monday.csv")
    hospital.ingest()
    hospital.send(HEADER + "A,2026-01-02,6,\nA,2026-01-03,7,\n", "tuesday.csv")
    second = hospital.ingest(NOW + timedelta(days=1))
    assert (second.new, second.revised, second.unchanged, second.superseded) == (1, 1, 1, 1)
    assert second.quarantine is None
    third = hospital.ingest(NOW + timedelta(days=2))
    assert (third.new, third.revised, third.unchanged, third.superseded) == (0, 0, 3, 1)
    assert [y for _, y in sorted(hospital.known().items())] == [3.0, 6.0, 7.0]


def test_a_value_that_goes_back_is_a_third_vintage(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path)
    for day, y in enumerate([3, 4, 3]):
        hospital.send(f"{HEADER}A,2026-01-01,{y},\n").ingest(NOW + timedelta(days=day))
    assert hospital.archive.versions()["y"].tolist() == [3.0, 4.0, 3.0]


def test_a_day_that_is_revised_before_it_is_over_ends_with_the_revision(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    hospital = Hospital(tmp_path).send(HEADER + "A,2026-03-01,3,\n")
    hospital.ingest(noon)
    hospital.send(HEADER + "A,2026-03-01,9,\n").ingest(noon + timedelta(hours=1))
    assert hospital.known() == {("A/occupancy", "2026-03-01"): 9.0}
    assert hospital.known(datetime(2026, 3, 2, tzinfo=UTC)) == {("A/occupancy", "2026-03-01"): 9.0}


@pytest.mark.parametrize(
    ("published", "instant"),
    [
        ("2026-01-05", datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026-07-05", datetime(2026, 7, 4, 23, tzinfo=UTC)),  # the local day starts in summer time
        ("2026-07-05T09:30", datetime(2026, 7, 5, 8, 30, tzinfo=UTC)),
        ("2026-07-05 09:30:15", datetime(2026, 7, 5, 8, 30, 15, tzinfo=UTC)),
        ("2026-07-05T09:30:00+02:00", datetime(2026, 7, 5, 7, 30, tzinfo=UTC)),
        ("2026-07-05T09:30:00Z", datetime(2026, 7, 5, 9, 30, tzinfo=UTC)),
    ],
)
def test_known_at_is_what_the_source_says(tmp_path: Path, published: str, instant: datetime) -> None:
    hospital = Hospital(tmp_path, LONG).send(f"{LONG_HEADER}A,2026-01-01,beds,,3,{published}\n")
    hospital.ingest()
    assert hospital.archive.as_of()["known_at"].tolist() == [instant]


@pytest.mark.parametrize("order", [["03", "05", "08"], ["08", "05", "03"], ["05", "08", "03"]])
def test_publications_may_be_ingested_in_any_order(tmp_path: Path, order: list[str]) -> None:
    values = {"03": 10, "05": 12, "08": 10}
    hospital = Hospital(tmp_path, LONG)
    for i, day in enumerate(order * 2):
        content = f"{LONG_HEADER}A,2026-01-01,beds,,{values[day]},2026-01-{day}\n"
        hospital.send(content).ingest(NOW + timedelta(days=i))
    assert len(hospital.batches()) == 3
    known = [hospital.known(datetime(2026, 1, day, tzinfo=UTC)) for day in (3, 4, 5, 7, 8, 9)]
    assert [next(iter(table.values())) for table in known] == [10, 10, 12, 12, 10, 10]
    assert hospital.known(datetime(2026, 1, 2, 23, tzinfo=UTC)) == {}


def test_a_publication_that_is_corrected_without_a_new_instant_counts_as_corrected(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, LONG)
    for i, y in enumerate([10, 11, 11]):
        hospital.send(f"{LONG_HEADER}A,2026-01-01,beds,,{y},2026-01-03\n").ingest(NOW + timedelta(days=i))
    assert hospital.known() == {("A/beds", "2026-01-01"): 11.0}
    assert len(hospital.batches()) == 2


def test_one_file_may_hold_several_vintages_of_a_day(tmp_path: Path) -> None:
    rows = "A,2026-01-01,beds,,10,2026-01-02\nA,2026-01-01,beds,,11,2026-01-03\n"
    hospital = Hospital(tmp_path, LONG).send(LONG_HEADER + rows)
    assert hospital.ingest().new == 2
    assert hospital.ingest(NOW + timedelta(days=1)).unchanged == 2
    assert hospital.archive.versions()["y"].tolist() == [10.0, 11.0]


@pytest.mark.parametrize(
    ("body", "fragments"),
    [
        (
            "X,2026-01-01,1,1\nA,never,1,1\n",
            ["extract.csv", "not one of 2 rows", "unknown place 1", "unreadable day 1"],
        ),
        ("A,2026-01-01\n", ["not one of 1 rows", "wrong number of cells 1"]),
        ("A,2026-01-01,-2,\n", ["not one of 1 rows", "negative count 2"]),
        ("A,2026-01-01,-1,\n", ["not one of 1 rows", "sentinel 2"]),
    ],
)
def test_a_run_that_can_accept_nothing_is_rejected_and_names_the_quarantine(
    tmp_path: Path, body: str, fragments: list[str]
) -> None:
    hospital = Hospital(tmp_path).send(HEADER + body)
    with pytest.raises(HistoryError) as raised:
        hospital.ingest()
    (file,) = hospital.quarantine.iterdir()
    for fragment in [*fragments, str(file), "Nothing was changed"]:
        assert fragment in str(raised.value)
    assert read_quarantine(file)
    assert hospital.batches() == []


def test_a_column_of_instants_that_cannot_be_read_stops_the_run(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, LONG).send(f"{LONG_HEADER}A,2026-01-01,beds,,3,soon\nA,2026-01-02,beds,,3,\n")
    with pytest.raises(HistoryError, match="unreadable known_at 2"):
        hospital.ingest()


def test_a_run_without_a_single_value_is_rejected(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send(HEADER + "ALL,2026-01-01,1,1\nA,2026-01-01,,\n")
    with pytest.raises(
        HistoryError, match=r"not one of 2 rows has a value \(1 rows of ignored places, 2 blank counts\)"
    ):
        hospital.ingest()
    assert not hospital.quarantine.exists()


def test_a_missing_file_changes_nothing_even_when_another_source_is_sound(tmp_path: Path) -> None:
    second = '\n[sources.other]\npath = "absent/x.csv"\nplace = "p"\nday = "d"\nmeasures = { beds = "n" }\n'
    from_one_file = '[sources.one]\npath = "extract.csv"\nplace = "code"\nday = "date"\nmeasures = { beds = "free" }\n'
    hospital = Hospital(tmp_path, from_one_file + second).send(HEADER + ROWS)
    with pytest.raises(HistoryError, match=r"absent/x\.csv"):
        hospital.ingest()
    assert hospital.batches() == []


def test_the_ingest_is_named_by_its_instant_in_utc(tmp_path: Path) -> None:
    now = datetime(2026, 7, 1, 6, 30, tzinfo=timezone(timedelta(hours=1)))
    hospital = Hospital(tmp_path).send(HEADER + ROWS)
    summary = hospital.ingest(now)
    assert summary.quarantine == hospital.quarantine / "20260701T053000000000Z.csv"
    assert hospital.batches() == ["000001-20260701T053000000000Z"]


@pytest.mark.parametrize(
    ("n_bad", "line", "stops"),
    [
        (1, "A,{},x,x\n", False),
        (2, "A,{},x,x\n", True),
        (2, "A,{},1,x\n", True),
        (2, "X,{},1,1\n", True),
        (2, "A,2026-01-01,5,5\n", True),  # duplicates with another value
        (9, "A,2026-01-01,0,0\n", False),  # repeated rows
        (9, "ALL,{},x,x\n", False),
    ],
)
@pytest.mark.parametrize("where", ["[system]", "[sources.daily]"])
def test_more_rejected_rows_than_max_rejected_share_stop_the_ingest(
    tmp_path: Path, n_bad: int, line: str, stops: bool, where: str
) -> None:
    """Of twenty rows one may be rejected at 5 %."""
    days = [f"2026-01-{day:02d}" for day in range(1, 29)]
    good = "".join(f"A,{day},0,0\n" for day in days[: 20 - n_bad])
    hospital = Hospital(tmp_path).send(HEADER + good + "".join(line.format(day) for day in days[-n_bad:]))
    text = (tmp_path / "system.toml").read_text()
    if where == "[system]":
        text = text.replace("max_rejected_share = 1.0", "max_rejected_share = 0.05")
    else:
        text = text.replace(where, f"{where}\nmax_rejected_share = 0.05")
    (tmp_path / "system.toml").write_text(text)
    if not stops:
        assert hospital.ingest().new > 0
        return
    with pytest.raises(HistoryError) as raised:
        hospital.ingest()
    (quarantine,) = hospital.quarantine.iterdir()
    for said in (
        "extract.csv: 2 of 20 rows (10.0%)",
        "source daily is 5.0%",
        "Nothing was changed",
        "raise max_rejected_share",
    ):
        assert said in str(raised.value)
    assert str(quarantine) in str(raised.value)
    assert hospital.batches() == []
