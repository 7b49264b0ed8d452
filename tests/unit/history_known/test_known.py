"""The history known at a cutoff, compared with a reader of vintages that takes them one by one."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure, System
from publication.vocabulary import Kind, SeriesKey, series_key
from tests.unit.pipeline.histories import (
    awkward,
    awkward_system,
    build_history,
    build_system,
    day_end,
    four_sites,
    replayed,
    table_of,
    versions,
)
from training.errors import HistoryError, NothingPublishedError
from training.frames import long
from training.history.hierarchy import bottom_series
from training.history.point_in_time import PointInTimeHistory, known_at_day_end
from training.system.model import Event, EventKind, SystemContext

NAN = float("nan")
DAY = pd.Timedelta(days=1)


def revised(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Vintages of which a third are delivered or corrected up to three weeks late, some of them twice."""
    random = np.random.default_rng(seed)
    clean = versions(table)
    frames = [clean[random.random(len(clean)) < 0.9]]
    for _ in range(2):
        again = clean[random.random(len(clean)) < 0.2]
        late = pd.to_timedelta(random.integers(1, 21 * 24, len(again)), unit="h")
        frames.append(again.assign(y=again["y"] + random.integers(1, 9, len(again)), known_at=again["known_at"] + late))
    return pd.concat(frames, ignore_index=True).sample(frac=1.0, random_state=seed)


@pytest.mark.parametrize("back", [0, 1, 6, 20, 45])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_cutoff_sees_the_newest_value_known_at_its_end(seed: int, back: int) -> None:
    table = four_sites(80)
    vintages = revised(table, seed)
    cutoff = pd.Timestamp(table.index[-1]) - back * DAY
    known = PointInTimeHistory(vintages, build_system()).as_of(cutoff)
    assert known.index[-1] == cutoff
    found = {(row.unique_id, row.ds): row.y for row in long(known).itertuples(index=False)}
    assert found == replayed(vintages, cutoff)


def test_a_series_without_a_trusted_value_is_not_forecast_and_its_parent_is_its_parts_or_itself() -> None:
    """A new ward sends test data for a month, and events.csv says so."""
    table = table_of({"A/attendances": [50.0] * 40, "B/attendances": [9.0] * 40, "T1/attendances": [60.0] * 40})
    table.iloc[:25, 1] = NAN
    exclude = Event(date(2022, 1, 1), date(2022, 3, 1), "B", None, EventKind.EXCLUDE, "a test")
    history = build_history(table, context=SystemContext("", (exclude,)))
    assert list(history.as_of(pd.Timestamp(table.index[39])).columns) == ["A/attendances"]
    exclude = replace(exclude, place="T1")
    history = build_history(table[["T1/attendances"]], context=SystemContext("", (exclude,)))
    assert history.as_of(pd.Timestamp(table.index[39])).empty


def test_an_instant_after_midnight_is_too_late_and_midnight_itself_is_not() -> None:
    clean = versions(four_sites(60))
    cutoff = pd.Timestamp(clean["ds"].max())
    on_time = pd.DataFrame(
        {"unique_id": "A/attendances", "ds": cutoff - DAY, "y": 111.0, "known_at": day_end(cutoff)}, index=[0]
    )
    too_late = on_time.assign(y=222.0, known_at=day_end(cutoff) + pd.Timedelta(microseconds=1))
    history = PointInTimeHistory(pd.concat([clean, on_time, too_late], ignore_index=True), build_system())
    assert history.as_of(cutoff).loc[cutoff - DAY, "A/attendances"] == 111.0
    assert history.latest.loc[cutoff - DAY, "A/attendances"] == 222.0


def test_the_day_ends_by_the_hospitals_own_clock() -> None:
    """On 10 June 2022 London's midnight is 23:00 UTC: a value known at 23:30 UTC belongs to the next day."""
    table = four_sites(170)
    cutoff = pd.Timestamp("2022-06-10")
    late = pd.DataFrame(
        {
            "unique_id": ["A/attendances", "B/attendances"],
            "ds": cutoff,
            "y": [47.0, 99.0],
            "known_at": pd.to_datetime(["2022-06-10T22:59:00Z", "2022-06-10T23:30:00Z"]),
        }
    )
    rest = versions(table)
    rest = rest[~((rest["ds"] == cutoff) & rest["unique_id"].isin(late["unique_id"]))]
    known = PointInTimeHistory(pd.concat([rest, late], ignore_index=True), build_system()).as_of(cutoff)
    assert known.loc[cutoff, "A/attendances"] == 47.0
    assert known["B/attendances"].isna()[cutoff]


MORNING = "06:00"


def arriving(table: pd.DataFrame, at: dict[str, str], days_late: int = 0) -> pd.DataFrame:
    """Vintages of which each series becomes known at a local time of the day after (and `days_late` days later)."""
    rows = versions(table)
    times = rows["unique_id"].astype(str).map(at).fillna("00:00")
    local = (rows["ds"] + (1 + days_late) * DAY).dt.strftime("%Y-%m-%d ") + times
    return rows.assign(known_at=pd.to_datetime(local).dt.tz_localize("Europe/London").dt.tz_convert("UTC"))


@pytest.mark.parametrize(
    ("what", "at", "declared", "hour"),
    [
        ("known at midnight", {}, None, 0),
        ("at six, and an hour to spare", dict.fromkeys(map(str, four_sites(1)), MORNING), None, 7),
        ("the last of them at twenty past seven", {"A/attendances": "05:00", "B/attendances": "07:20"}, None, 9),
        ("an hour before midnight", {"A/attendances": "23:30"}, None, 23),
        ("as declared, whatever arrives", {"A/attendances": "05:00"}, 9, 9),
        ("declared as midnight", {"A/attendances": "05:00"}, 0, 0),
    ],
)
def test_the_hour_at_which_the_system_publishes(what: str, at: dict[str, str], declared: int | None, hour: int) -> None:
    context = SystemContext(publication_hour=declared)
    assert PointInTimeHistory(arriving(four_sites(60), at), build_system(), context=context).publication_hour == hour


@pytest.mark.parametrize(
    ("what", "nights"),
    [
        ("winter", "2022-02-10"),
        ("the night of 23 hours", "2022-03-26"),
        ("of 25", "2022-10-29"),
        ("summer", "2022-06-10"),
    ],
)
def test_a_window_sees_what_was_known_at_that_hour_and_nothing_later(what: str, nights: str) -> None:
    """Each day is known at six, and corrected by three at half past seven."""
    table, cutoff = four_sites(320), pd.Timestamp(nights)
    vintages = arriving(table, dict.fromkeys(map(str, table), MORNING))
    corrected = vintages.assign(y=vintages["y"] + 3, known_at=vintages["known_at"] + pd.Timedelta(minutes=90))
    both = pd.concat([vintages, corrected], ignore_index=True)
    known = PointInTimeHistory(both, build_system()).as_of(cutoff)
    expected = table[list(known.columns)]
    assert list(known.loc[cutoff]) == list(expected.loc[cutoff])
    assert list(known.loc[cutoff - DAY]) == list(expected.loc[cutoff - DAY] + 3)  # corrected a day ago


def test_a_series_that_takes_two_days_is_late_in_each_window_and_moves_no_hour() -> None:
    table = four_sites(120)
    prompt = arriving(table.drop(columns="B/attendances"), dict.fromkeys(map(str, table), MORNING))
    vintages = pd.concat([arriving(table[["B/attendances"]], {}, days_late=2), prompt], ignore_index=True)
    history = PointInTimeHistory(vintages, build_system())
    assert history.publication_hour == 7
    for cutoff in map(pd.Timestamp, table.index[[60, 90]]):
        assert dict(history.days_behind(cutoff)) == {"B/attendances": 2}
    assert history.typical_delay("B/attendances") == 2
    assert history.typical_delay("A/attendances") == 0


def test_the_cutoff_that_is_issued_sees_late_values_and_the_others_do_not() -> None:
    table = four_sites(60)
    cutoff = pd.Timestamp(table.index[-1])
    late = pd.DataFrame(
        {"unique_id": "A/attendances", "ds": [cutoff - 3 * DAY, cutoff], "y": 51.0, "known_at": day_end(cutoff) + DAY}
    )
    history = PointInTimeHistory(
        pd.concat([versions(table), late], ignore_index=True), build_system(), issued_for=cutoff
    )
    assert history.as_of(cutoff)["A/attendances"].tail(4).to_list()[::3] == [51.0, 51.0]
    before = history.as_of(cutoff - DAY)
    assert before["A/attendances"][cutoff - 3 * DAY] == table["A/attendances"][cutoff - 3 * DAY]


def test_filled_differs_from_at_in_gaps_only() -> None:
    history = build_history(awkward(120), awkward_system(7))
    cutoff = history.latest.index[-1]
    observed, filled = history.as_of(cutoff), history.imputed(cutoff)
    assert list(observed.columns) == list(filled.columns)
    pd.testing.assert_frame_equal(filled.where(observed.notna()), observed)
    assert filled["gappy/attendances"].notna().all()
    assert observed["gappy/attendances"].isna().any()


@pytest.mark.parametrize(("silent_days", "reports"), [(0, True), (27, True), (28, False)])
def test_a_series_silent_for_four_weeks_no_longer_reports(silent_days: int, reports: bool) -> None:
    table = four_sites(90)
    table.loc[table.index[90 - silent_days] if silent_days else table.index[-1] + DAY :, "B/attendances"] = NAN
    history = build_history(table)
    assert ("B/attendances" in history.as_of(pd.Timestamp(table.index[-1])).columns) is reports


def test_a_cutoff_before_the_history_is_rejected_in_words() -> None:
    with pytest.raises(NothingPublishedError) as raised:
        build_history(four_sites(60)).as_of(pd.Timestamp("2021-12-31"))
    assert str(raised.value) == (
        "Forecasting north for cutoff 2021-12-31: the history begins on 2022-01-03. "
        "Choose a later cutoff, or ingest older extracts."
    )


@pytest.mark.parametrize(
    ("what", "last_days", "expected"),
    [
        ("all report", [[1, 1, 1, 1]], "2022-01-31"),
        ("a day without anyone", [[1, 1, 1, 1], [NAN, NAN, NAN, NAN]], "2022-01-31"),
        ("half of them", [[1, NAN, 1, NAN], [1, 1, NAN, NAN]], "2022-01-30"),
        ("a gap inside does not matter", [[NAN, 1, 1, 1], [1, 1, 1, 1]], "2022-02-01"),
        ("one of four is silent for a fortnight, then is no longer waited for", [[1, 1, 1, NAN]] * 14, "2022-02-13"),
        ("thirteen days are not yet a fortnight", [[1, 1, 1, NAN]] * 13, "2022-01-30"),
    ],
)
def test_the_last_complete_day(what: str, last_days: list[list[float]], expected: str) -> None:
    rows = [[5.0] * 4] * 28 + last_days  # 28 days, to 30 January
    columns = {f"{site}/attendances": [row[i] for row in rows] for i, site in enumerate("ABCD")}
    history = build_history(table_of(columns))
    assert str(history.last_complete_day.date()) == expected, what


def test_nine_in_ten_are_enough_for_a_complete_day() -> None:
    places = {f"S{i}": "north" for i in range(10)}
    table = table_of({f"S{i}/attendances": [5.0] * 40 for i in range(10)})
    table.iloc[-2:, 0] = NAN
    assert build_history(table, build_system(places)).last_complete_day == table.index[-1]
    table.iloc[-1:, 1] = NAN
    assert build_history(table, build_system(places)).last_complete_day == table.index[-2]


@pytest.mark.parametrize(
    ("what", "last_days", "expected"),
    [
        ("all report", [[1, 1, 1, 1]], "2022-01-31"),
        ("a day without anyone", [[1, 1, 1, 1], [NAN, NAN, NAN, NAN]], "2022-01-31"),
        ("half of them are enough", [[1, NAN, 1, NAN]], "2022-01-31"),
        ("fewer than half are not, on the first day", [[1, 1, 1, 1], [1, NAN, NAN, NAN]], "2022-01-31"),
        ("two days later the others are not waited for", [[1, NAN, NAN, NAN]] * 2, "2022-02-01"),
        ("a gap inside does not matter", [[NAN, 1, 1, 1], [1, 1, 1, 1]], "2022-02-01"),
        ("one of four is silent", [[1, 1, 1, NAN]] * 3, "2022-02-02"),
        ("three of four come a week late", [[1, NAN, NAN, NAN]] * 7, "2022-02-06"),
        ("one of four is frozen, which is suspect and yet has been sent", [[1, 1, 1, 7]] * 9, "2022-02-08"),
    ],
)
def test_the_day_that_the_prompt_series_have_reached(what: str, last_days: list[list[float]], expected: str) -> None:
    rows = [[5.0] * 4] * 28 + last_days  # 28 days, to 30 January
    columns = {f"{site}/attendances": [row[i] for row in rows] for i, site in enumerate("ABCD")}
    history = build_history(table_of(columns))
    assert str(history.reached_day.date()) == expected, what


def test_a_half_counted_last_day_and_a_day_of_zeros_are_not_reached() -> None:
    table = four_sites(118)  # to an ordinary Saturday
    for last in (0.4 * table.iloc[-8], 0.0 * table.iloc[-8]):
        table.iloc[-1] = last.round()
        assert build_history(table).reached_day == table.index[-2]


def test_a_clinic_of_the_weekend_is_not_late_on_a_friday_and_is_on_a_sunday() -> None:
    table = four_sites(96)  # to Friday 8 April
    weekday = pd.DatetimeIndex(table.index).dayofweek
    table.loc[weekday < 5, "C/attendances"] = NAN
    friday = table.index[-1]
    assert friday.dayofweek == 4
    assert build_history(table).days_behind(friday) == {}
    sunday = pd.concat([table, four_sites(98).iloc[-2:].assign(**{"C/attendances": NAN})])
    assert build_history(sunday).days_behind(sunday.index[-1]) == {"C/attendances": 7}


def test_a_series_known_once_a_month_reports_for_two_months() -> None:
    table = four_sites(200).assign(**{"B/beds": NAN})
    table.loc[pd.DatetimeIndex(table.index).day == 1, "B/beds"] = 50.0
    history = build_history(table, with_beds(build_system()))
    assert history.as_of(pd.Timestamp("2022-04-30"))["B/beds"].count() == 3
    assert history.days_behind(pd.Timestamp("2022-04-30")) == {"B/beds": 29}
    table.loc["2022-04-02":, "B/beds"] = NAN
    stopped = build_history(table, with_beds(build_system()))
    assert "B/beds" in stopped.as_of(pd.Timestamp("2022-05-29")).columns
    assert "B/beds" not in stopped.as_of(pd.Timestamp("2022-06-05")).columns


def with_beds(system: System) -> System:
    return replace(system, measures=(*system.measures, Measure("beds", Kind.CAPACITY, "beds")))


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (["A/occupancy", "T1/occupancy", "north/occupancy"], ["A/occupancy"]),
        (["T1/occupancy", "C/occupancy"], ["C/occupancy", "T1/occupancy"]),
        (["A/occupancy", "T1/attendances"], ["A/occupancy", "T1/attendances"]),
        (["A/attendances", "A/attendances/adult"], ["A/attendances/adult"]),
        (["A/attendances/adult", "T1/attendances/adult", "T1/attendances"], ["A/attendances/adult"]),
        (["A/attendances/adult", "T1/attendances/child"], ["A/attendances/adult", "T1/attendances/child"]),
    ],
)
def test_only_what_has_no_reporting_part_is_forecast_directly(reported: list[str], expected: list[str]) -> None:
    assert bottom_series(build_system(), reported) == expected


def test_the_totals_of_a_stream_are_the_same_measure_above_with_and_without_it() -> None:
    found = {key.unique_id for key in build_system().totals_of(series_key("A/attendances/adult"))}
    assert found == {
        "A/attendances",
        "T1/attendances",
        "T1/attendances/adult",
        "north/attendances",
        "north/attendances/adult",
    }
    assert build_system().totals_of(SeriesKey("north", "occupancy")) == set()


def test_values_alone_are_taken_as_known_when_their_day_was_over() -> None:
    table = four_sites(70)
    history = known_at_day_end(long(table), build_system())
    for day, following in pairwise(table.index[-3:]):
        pd.testing.assert_frame_equal(history.as_of(day), table.loc[:day, sorted(table.columns)], check_freq=False)
        assert following not in history.as_of(day).index


def test_a_series_of_a_place_that_the_system_no_longer_has_is_left_aside() -> None:
    table = four_sites(60).assign(**{"gone/attendances": 5.0, "A/parking": 7.0})
    known = build_history(table)
    assert set(known.latest.columns) == set(four_sites(60).columns)
    assert "gone/attendances" not in known.as_of(table.index[-1])


def test_an_archive_of_another_system_is_an_error() -> None:
    with pytest.raises(HistoryError, match="none of its 1 series, such as gone/attendances, is of a place"):
        build_history(table_of({"gone/attendances": [1.0, 2.0]}))
