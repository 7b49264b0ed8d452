"""Calendar features, against days looked up by hand."""

import pandas as pd
import pytest

from training.features.calendar import calendar
from training.system.bank_holidays import bank_holidays

# gov.uk/bank-holidays, England and Wales, 2022.
ENGLAND_2022 = (
    "2022-01-03",  # New Year's Day, in lieu
    "2022-04-15",
    "2022-04-18",
    "2022-05-02",
    "2022-06-02",  # spring bank holiday, moved
    "2022-06-03",  # platinum jubilee
    "2022-08-29",
    "2022-09-19",  # state funeral
    "2022-12-26",
    "2022-12-27",  # Christmas Day, in lieu
)


def test_weekday_bank_holidays_of_england_in_2022_are_those_the_government_listed() -> None:
    found = {day.isoformat() for day in bank_holidays("GB-ENG", 2022) if day.weekday() < 5}
    assert found == set(ENGLAND_2022)


@pytest.mark.parametrize(
    ("day", "weekday", "holiday", "after", "gap"),
    [
        ("2022-06-01", 2, 0, 0, 0),
        ("2022-06-02", 3, 1, 0, 0),
        ("2022-06-03", 4, 1, 0, 0),  # the day after a bank holiday is a bank holiday itself
        ("2022-06-04", 5, 0, 1, 0),
        ("2022-06-05", 6, 0, 0, 0),
        ("2022-09-19", 0, 1, 0, 0),
        ("2022-12-27", 1, 1, 0, 0),
        ("2022-12-28", 2, 0, 1, 1),
        ("2022-12-31", 5, 0, 0, 1),
        ("2023-01-03", 1, 0, 1, 0),
    ],
)
def test_the_features_of_a_day(day: str, weekday: int, holiday: int, after: int, gap: int) -> None:
    found = calendar(pd.DatetimeIndex([day]), "GB-ENG", seasons=False).iloc[0]
    flags = {f"weekday_{i}": float(i == weekday) for i in range(1, 7)}
    assert found.to_dict() == {**flags, "bank_holiday": holiday, "after_bank_holiday": after, "christmas_gap": gap}


def test_a_day_has_the_same_features_whichever_days_stand_beside_it() -> None:
    days = pd.date_range("2021-12-20", "2022-12-31", freq="D")
    together = calendar(days, "GB-ENG", seasons=True)
    for day in days[::37]:
        alone = calendar(pd.DatetimeIndex([day]), "GB-ENG", seasons=True)
        pd.testing.assert_frame_equal(alone, together.loc[[day]], check_freq=False)


def test_without_a_country_there_are_no_bank_holidays() -> None:
    found = calendar(pd.date_range("2022-01-01", "2022-12-31", freq="D"), "", seasons=False)
    assert found[["bank_holiday", "after_bank_holiday"]].to_numpy().sum() == 0


def test_the_season_comes_round_once_a_year_and_only_where_asked() -> None:
    days = pd.DatetimeIndex(["2021-07-01", "2022-07-01", "2022-01-01"])
    seasons = calendar(days, "", seasons=True).filter(like="season")
    assert seasons.shape == (3, 4)
    assert seasons.iloc[0].to_list() == pytest.approx(seasons.iloc[1].to_list())
    assert seasons["season_cos_1"].iloc[0] == pytest.approx(-1.0, abs=0.02)
    assert seasons["season_cos_1"].iloc[2] == pytest.approx(1.0, abs=0.02)
    assert calendar(days, "", seasons=False).filter(like="season").empty
