"""Slices of forecasts."""

import pandas as pd
import pytest

from training.backtest.slices import SLICERS, kinds_of_day, with_slices


def forecasts(*cells: tuple[str, int, str]) -> pd.DataFrame:
    """Of unique_id, lead and ds."""
    return pd.DataFrame(list(cells), columns=["unique_id", "lead", "ds"]).astype({"ds": "datetime64[ns]"})


@pytest.mark.parametrize(
    ("unique_id", "lead", "ds", "expected"),
    [
        ("A/attendances", 1, "2026-01-05", ("attendances", "A/attendances", "01-07", "Monday")),
        ("A/attendances/adult", 7, "2026-01-11", ("attendances", "A/attendances/adult", "01-07", "Sunday")),
        ("A/occupancy", 8, "2026-01-12", ("occupancy", "A/occupancy", "08-14", "Monday")),
        ("A/occupancy", 14, "2026-01-14", ("occupancy", "A/occupancy", "08-14", "Wednesday")),
        ("A/occupancy", 15, "2026-01-17", ("occupancy", "A/occupancy", "15-28", "Saturday")),
        ("A/occupancy", 84, "2026-03-29", ("occupancy", "A/occupancy", "57-84", "Sunday")),
    ],
)
def test_what_a_forecast_says_itself(unique_id: str, lead: int, ds: str, expected: tuple[str, ...]) -> None:
    names = ("measure", "series", "leads", "weekday")
    found = with_slices(forecasts((unique_id, lead, ds)), names)
    assert tuple(found[list(names)].iloc[0]) == expected


@pytest.mark.parametrize(
    ("ds", "country", "kind"),
    [
        ("2025-12-24", "GB-ENG", "ordinary"),
        ("2025-12-25", "GB-ENG", "holiday"),
        ("2025-12-26", "GB-ENG", "holiday"),  # a holiday after a holiday is a holiday
        ("2025-12-27", "GB-ENG", "day after"),
        ("2025-12-28", "GB-ENG", "ordinary"),
        ("2026-01-01", "GB-ENG", "holiday"),
        ("2026-01-02", "GB-ENG", "day after"),  # across the year
        ("2026-01-02", "GB-SCT", "holiday"),
        ("2025-12-25", "", "ordinary"),  # a system without bank holidays
    ],
)
def test_holidays_the_days_after_them_and_ordinary_days(ds: str, country: str, kind: str) -> None:
    assert kinds_of_day(forecasts(("A/occupancy", 1, ds)), country).tolist() == [kind]


def test_slices_come_in_the_order_that_a_person_expects() -> None:
    days = [f"2026-01-0{day}" for day in (4, 1, 3, 2)]
    rows = forecasts(*(("A/occupancy", lead, ds) for lead, ds in zip((57, 1, 29, 8), days, strict=True)))
    rows = with_slices(rows, ("leads", "weekday")).assign(day=kinds_of_day(rows, "GB-ENG"))
    for name, expected in {
        "leads": ["01-07", "08-14", "29-56", "57-84"],
        "weekday": ["Thursday", "Friday", "Saturday", "Sunday"],
        "day": ["ordinary", "holiday", "day after"],
    }.items():
        assert list(rows.groupby(name, observed=True).size().index) == expected


@pytest.mark.parametrize("name", ["day", "regime"])
def test_a_slice_that_needs_the_history_says_so(name: str) -> None:
    rows = forecasts(("A/occupancy", 1, "2026-01-01"))
    with pytest.raises(KeyError, match="with_baselines_and_slices"):
        with_slices(rows, (name,))
    assert with_slices(rows.assign(**{name: "x"}), (name,))[name].tolist() == ["x"]
    assert name in SLICERS
