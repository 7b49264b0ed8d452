"""Long and wide frames, stretches and imputation, against values worked by hand."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import table_of
from training.frames import forecast_columns, imputed, long, stretch_start, values_of, wide, with_quantiles

NAN = float("nan")


def series(text: str) -> pd.Series:
    """`5x` is five values, `30.` is thirty days without: `60x 40. 60x`."""
    values: list[float] = []
    for part in text.split():
        values += [1.0 if part[-1] == "x" else NAN] * int(part[:-1])
    return pd.Series(values, index=pd.date_range("2022-01-01", periods=len(values), freq="D"))


def test_a_wide_frame_has_every_day_between_the_first_and_the_last() -> None:
    rows = pd.DataFrame(
        [("B", "2022-01-05", 4.0), ("A", "2022-01-02", 1.0)],
        columns=["unique_id", "ds", "y"],
    ).assign(ds=lambda frame: pd.to_datetime(frame["ds"]))
    table = wide(rows)
    assert list(table.columns) == ["A", "B"]
    assert [str(day.date()) for day in table.index] == ["2022-01-02", "2022-01-03", "2022-01-04", "2022-01-05"]
    assert table["A"].dropna().to_dict() == {pd.Timestamp("2022-01-02"): 1.0}


def test_long_and_wide_are_each_others_inverse() -> None:
    table = table_of({"A": [1, NAN, 3], "B": [NAN, 5, 6]})
    assert long(table)[["unique_id", "y"]].to_numpy().tolist() == [["A", 1.0], ["A", 3.0], ["B", 5.0], ["B", 6.0]]
    pd.testing.assert_frame_equal(wide(long(table)), table, check_freq=False)


@pytest.mark.parametrize(
    ("unique_ids", "expected"),
    [
        (["B", "A"], [[5.0, 1.0], [6.0, NAN]]),
        (["A", "X", "B"], [[1.0, NAN, 5.0], [NAN, NAN, 6.0]]),
        (["X"], [[NAN], [NAN]]),
        ([], [[], []]),
    ],
)
def test_the_values_of_some_series_are_missing_for_those_that_a_frame_has_not(
    unique_ids: list[str], expected: list[list[float]]
) -> None:
    np.testing.assert_array_equal(values_of(table_of({"A": [1, NAN], "B": [5, 6]}), unique_ids), expected)


def test_a_frame_without_any_series_has_only_missing_values() -> None:
    """The sums of a window before a second site opened: there are none."""
    nothing = pd.DataFrame(index=pd.date_range("2022-01-01", periods=2, name="ds"))
    np.testing.assert_array_equal(values_of(nothing, ["A", "B"]), np.full((2, 2), NAN))
    assert values_of(nothing, []).shape == (2, 0)


def test_an_empty_long_frame_is_an_empty_wide_one() -> None:
    assert wide(pd.DataFrame({"unique_id": [], "ds": pd.to_datetime([]), "y": []})).empty


@pytest.mark.parametrize(
    ("reported", "days_before", "length"),
    [
        ("100x", 0, 100),
        ("10. 90x", 10, 90),
        ("60x 27. 60x", 0, 147),  # a gap of four weeks less a day is a gap, not an end
        ("60x 28. 60x", 88, 60),  # the days either side of it are 29 apart
        ("60x 40. 56x", 100, 56),  # eight weeks stand alone
        ("60x 40. 55x", 0, 155),  # a day less does not
        ("60x 40. 60x 40. 10x", 100, 110),  # the newest stretch that can, with what follows
        ("60x 40. 40x 16.", 100, 56),  # days without a value at the end count as days
        ("30x 40. 10x", 0, 80),
        ("50.", 50, 0),
    ],
)
def test_the_last_stretch(reported: str, days_before: int, length: int) -> None:
    there = series(reported).notna().to_numpy()
    assert stretch_start(there) == days_before
    assert len(there) == days_before + length


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("midway between the weeks around it", {7: NAN}, {7: (0 + 140) / 2}),
        ("two weeks: a third of the way each", {7: NAN, 14: NAN}, {7: 210 / 3, 14: 420 / 3}),
        ("the end: the last week's weekday", {27: NAN}, {27: 200.0}),
        ("its own weekday, whatever its neighbours are", {8: NAN, 7: 9e6, 9: 9e6}, {8: (10 + 150) / 2}),
    ],
)
def test_a_gap_is_filled_from_the_same_weekday(what: str, given: dict[int, float], expected: dict[int, float]) -> None:
    values = [10.0 * day for day in range(28)]
    for day, y in given.items():
        values[day] = y
    filled = imputed(table_of({"A": values}))["A"]
    for day in range(28):
        assert filled.iloc[day] == pytest.approx(expected.get(day, values[day])), what


def test_days_before_the_first_value_stay_empty_and_values_are_never_changed() -> None:
    table = table_of({"A": [NAN, NAN, 7, 3, NAN, 5, 6, 7, 8, 9, 10], "B": [1.0] * 11})
    filled = imputed(table)
    assert filled["A"].isna().to_list() == [True, True] + [False] * 9
    pd.testing.assert_frame_equal(filled.where(table.notna()), table)


def test_a_weekday_never_seen_takes_the_level_of_its_neighbours() -> None:
    week = [10, 10, 10, 10, 10, NAN, NAN]  # reported on working days only
    filled = imputed(table_of({"A": [*week, *week, *week]}))["A"]
    assert filled.to_list() == [10.0] * 21


def test_imputation_does_not_look_at_other_series() -> None:
    alone = imputed(table_of({"A": [1, 2, NAN, 4, 5, 6, 7, 8, 9, 10]}))
    with_another = imputed(table_of({"A": [1, 2, NAN, 4, 5, 6, 7, 8, 9, 10], "B": [1e9] * 10}))
    assert with_another["A"].to_list() == alone["A"].to_list()


def test_the_contracted_columns_of_a_backtest() -> None:
    assert forecast_columns([0.1, 0.5, 0.975]) == (
        ["unique_id", "cutoff", "ds", "lead", "y", "mean", "q0.1", "q0.5", "q0.975", "model", "fallback"]
    )


def test_quantiles_are_joined_to_their_rows_whatever_the_index() -> None:
    rows = pd.DataFrame({"unique_id": ["A", "B"]}, index=[7, 3])
    found = with_quantiles(rows, np.array([[1.0, 2.0], [3.0, 4.0]]), [0.1, 0.9])
    assert found.to_dict("list") == {"unique_id": ["A", "B"], "q0.1": [1.0, 3.0], "q0.9": [2.0, 4.0]}


def test_a_bank_holiday_fills_no_other_day() -> None:
    """A Monday is missing between a bank holiday at 40 and an ordinary Monday at 100: it takes the ordinary one's."""
    values = [100.0, 90, 90, 90, 90, 80, 80] * 4
    values[7], values[14] = 40.0, NAN  # 2022-01-10 is the holiday
    table = table_of({"A": values})
    holiday = [pd.Timestamp("2022-01-10").date()]
    assert imputed(table)["A"].iloc[14] == 70.0
    assert imputed(table, holiday)["A"].iloc[14] == 100.0
    assert imputed(table, holiday)["A"].iloc[7] == 40.0


def test_a_series_of_holidays_alone_is_filled_from_them() -> None:
    table = table_of({"A": [5.0, NAN, 5.0]})
    assert imputed(table, [day.date() for day in table.index])["A"].to_list() == [5.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("what", "missing"),
    [
        ("a 72-hour outage", [30, 31, 32]),
        ("working days only", [day for day in range(70) if day % 7 in (5, 6)]),
        ("two winters", list(range(20, 50))),
        ("every second day", list(range(1, 69, 2))),
    ],
)
def test_an_imputed_history_is_complete_and_near(what: str, missing: list[int]) -> None:
    truth = [100.0 + 10 * (day % 7) for day in range(70)]
    table = table_of({"A": [NAN if day in missing else y for day, y in enumerate(truth)]})
    filled = imputed(table)["A"]
    assert filled.notna().all(), what
    assert filled.between(100, 160).all()
    assert (filled.isna() | table["A"].isna()).sum() == len(missing)


def test_two_values_for_one_day_are_rejected() -> None:
    rows = pd.DataFrame({"unique_id": "A", "ds": pd.to_datetime(["2022-01-01"] * 2), "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match="two values for one day"):
        wide(rows)


def test_series_may_come_as_categories_in_any_order() -> None:
    rows = pd.DataFrame({"unique_id": ["B", "A"], "ds": pd.to_datetime(["2022-01-01"] * 2), "y": [1.0, 2.0]})
    rows["unique_id"] = pd.Categorical(rows["unique_id"], categories=["C", "B", "A"])
    assert wide(rows).to_dict("list") == {"A": [2.0], "B": [1.0]}
