"""Calendar features, against days looked up by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from training.features.calendar import calendar_features, fourier_terms, holiday_features, special_days
from training.system.bank_holidays import bank_holidays, named_holidays

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
    ("day", "weekday", "marks"),
    [
        ("2022-06-01", 2, {"before"}),
        ("2022-06-02", 3, {"day", "is_spring_bank_holiday"}),
        ("2022-06-03", 4, {"day"}),  # a jubilee does not come round: no name of its own
        ("2022-06-04", 5, {"after_on_weekend"}),
        ("2022-06-05", 6, set()),
        ("2022-09-19", 0, {"day"}),
        ("2022-12-17", 5, set()),
        ("2022-12-18", 6, {"before_christmas"}),
        ("2022-12-24", 5, {"christmas_eve"}),
        ("2022-12-25", 6, {"day", "is_christmas_day"}),  # unlike others, Christmas is itself on a Sunday too
        ("2022-12-26", 0, {"day", "is_boxing_day"}),
        ("2022-12-28", 2, {"christmas_gap"}),
        ("2022-12-31", 5, {"new_years_eve"}),
        ("2023-01-03", 1, {"early_january"}),
        ("2023-04-06", 3, {"before"}),
        ("2023-04-07", 4, {"day", "is_good_friday"}),
        ("2023-04-08", 5, {"between_1"}),
        ("2023-04-09", 6, {"between_2"}),
        ("2023-04-10", 0, {"day", "is_easter_monday"}),
        ("2023-04-11", 1, {"after", "after_easter_monday"}),
    ],
)
def test_the_features_of_a_day(day: str, weekday: int, marks: set[str]) -> None:
    found = calendar_features(pd.DatetimeIndex([day]), "GB-ENG", seasons=False).iloc[0]
    assert set(found.index[found == 1]) == {f"holiday_{mark}" for mark in marks} | (
        {f"weekday_{weekday}"} if weekday else set()
    )
    assert set(found.unique()) <= {0.0, 1.0}


def test_a_substitute_holiday_has_the_name_of_the_day_that_it_replaces() -> None:
    assert named_holidays("GB-ENG", 2022)[date(2022, 12, 27)] == ("christmas_day",)


@pytest.mark.parametrize(
    ("country", "day", "mark"),
    [
        ("PT", "2019-12-26", "after_christmas"),  # no holiday in Portugal
        ("PT", "2019-06-20", "is_corpus_christi"),
        ("DE-BY", "2019-06-20", "is_corpus_christi"),
        ("SA", "2024-12-25", None),  # an ordinary day where Christmas is no holiday
    ],
)
def test_the_holidays_are_those_of_the_country(country: str, day: str, mark: str | None) -> None:
    found = holiday_features(pd.DatetimeIndex([day]), country).iloc[0]
    assert [name for name in found.index[found == 1] if name != "holiday_day"] == ([f"holiday_{mark}"] if mark else [])


def test_a_day_has_the_same_features_with_any_other_days() -> None:
    days = pd.date_range("2021-12-20", "2022-12-31", freq="D")
    together = calendar_features(days, "GB-ENG", seasons=True)
    for day in days[::37]:
        alone = calendar_features(pd.DatetimeIndex([day]), "GB-ENG", seasons=True)
        pd.testing.assert_frame_equal(alone, together.loc[[day]], check_freq=False)


def test_special_days_are_those_on_and_around_bank_holidays() -> None:
    days = pd.date_range("2021-12-16", "2022-01-08")
    ordinary = {str(day.date()) for day in days[~special_days(days, "GB-ENG")]}
    assert ordinary == {"2021-12-16", "2021-12-17", "2022-01-06", "2022-01-07", "2022-01-08"}
    assert not special_days(days, "").any()


def test_without_a_country_there_are_no_bank_holidays() -> None:
    found = calendar_features(pd.date_range("2022-01-01", "2022-12-31", freq="D"), "", seasons=False)
    assert list(found) == [f"weekday_{day}" for day in range(1, 7)]


def test_fourier_terms_are_smooth_and_periodic_over_the_year() -> None:
    waves = fourier_terms(pd.date_range("2021-01-01", "2022-12-31", freq="D"), harmonics=3)
    assert waves.shape == (730, 6)
    steepest = np.abs(np.diff(waves.to_numpy(), axis=0)).max()
    assert steepest < 3 * 2 * np.pi / 365 + 0.02  # at the year's end by a quarter of a day more
    assert waves.loc["2021-03-01"].to_numpy() == pytest.approx(waves.loc["2022-03-01"].to_numpy())
