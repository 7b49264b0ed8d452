"""A merged place's history is the sum of its predecessors', against sums made by SQL."""

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import LEVELS, build_system, counts, versions
from training.frames import long
from training.history.hierarchy import with_inherited
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecaster import Forecaster
from training.system.model import OpeningPeriod, SystemContext

MERGED = date(2022, 5, 1)
EVE = date(2022, 4, 30)
OPENING_PERIODS = {
    "A": OpeningPeriod(last=EVE),
    "B": OpeningPeriod(last=EVE),
    "M": OpeningPeriod(MERGED, succeeds=("A", "B")),
}
SYSTEM = build_system({"T": "north", "A": "T", "B": "T", "M": "T", "C": "north"}, levels=LEVELS)
LAST = pd.Timestamp("2022-06-30")


def reported() -> pd.DataFrame:
    """Wide: A and B until the eve of their merger, M from then on, C throughout."""
    levels = {"A": 40, "B": 60, "C": 80, "M": 100}
    table = pd.DataFrame({f"{p}/attendances": counts(179, level, i) for i, (p, level) in enumerate(levels.items())})
    table.loc[pd.Timestamp(MERGED) :, ["A/attendances", "B/attendances"]] = np.nan
    table.loc[: pd.Timestamp(EVE), "M/attendances"] = np.nan
    return table


def history(table: pd.DataFrame, opening_periods: dict[str, OpeningPeriod] = OPENING_PERIODS) -> PointInTimeHistory:
    return PointInTimeHistory(versions(table), SYSTEM, context=SystemContext(opening_periods=opening_periods))


def test_before_it_opened_a_place_inherits_the_sum() -> None:
    rows = versions(reported())
    found = with_inherited(rows, OPENING_PERIODS, LAST.date(), SYSTEM)
    with duckdb.connect() as connection:
        connection.register("reported", rows)
        expected = connection.execute(
            "SELECT 'M/attendances' AS unique_id, ds, sum(y) AS y FROM reported "
            "WHERE unique_id IN ('A/attendances', 'B/attendances') AND ds < DATE '2022-05-01' GROUP BY ds ORDER BY ds"
        ).df()
    merged = found[found["unique_id"] == "M/attendances"].reset_index(drop=True)
    before = merged[merged["ds"] < pd.Timestamp(MERGED)]
    assert len(before) == 118
    pd.testing.assert_frame_equal(before[["unique_id", "ds", "y"]], expected, check_dtype=False)
    after = rows[rows["unique_id"] == "M/attendances"]["y"].to_list()
    assert merged["y"].to_list()[118:] == after
    others = found[found["unique_id"] != "M/attendances"]
    assert len(others) == len(rows) - len(after)


def test_a_day_that_a_predecessor_lacks_stays_a_gap_and_own_values_stay() -> None:
    table = reported()
    table.loc["2022-02-03", "A/attendances"] = np.nan
    table.loc["2022-02-05", "M/attendances"] = 7.0
    merged = history(table).latest["M/attendances"]
    assert np.isnan(merged["2022-02-03"])
    assert merged["2022-02-05"] == 7.0
    assert merged["2022-02-06"] == table.loc["2022-02-06", ["A/attendances", "B/attendances"]].sum()


def test_a_predecessor_that_opened_later_is_not_waited_for() -> None:
    table = reported()
    table.loc[:"2022-01-31", "B/attendances"] = np.nan
    merged = history(table, OPENING_PERIODS | {"B": OpeningPeriod(date(2022, 2, 1), EVE)}).latest["M/attendances"]
    assert merged["2022-01-31"] == table.loc["2022-01-31", "A/attendances"]
    assert merged["2022-02-01"] == table.loc["2022-02-01", ["A/attendances", "B/attendances"]].sum()


def test_the_sum_is_known_when_the_last_of_them_is() -> None:
    rows = versions(reported())
    late = rows["unique_id"].eq("B/attendances") & rows["ds"].eq(pd.Timestamp("2022-03-01"))
    rows.loc[late, "known_at"] += pd.Timedelta(days=3)
    found = with_inherited(rows, OPENING_PERIODS, LAST.date(), SYSTEM).set_index(["unique_id", "ds"])["known_at"]
    assert found["M/attendances", pd.Timestamp("2022-03-01")] == rows.loc[late, "known_at"].item()


def test_a_chain_of_mergers_is_followed() -> None:
    opening_periods = OPENING_PERIODS | {
        "M": OpeningPeriod(MERGED, date(2022, 5, 31), ("A", "B")), "N": OpeningPeriod(date(2022, 6, 1), succeeds=("M",))
    }  # fmt: skip
    table = reported()
    table["N/attendances"] = table["M/attendances"].loc["2022-06-01":]
    table.loc["2022-06-01":, "M/attendances"] = np.nan
    rows = with_inherited(versions(table), opening_periods, LAST.date(), SYSTEM)
    chain = rows[rows["unique_id"] == "N/attendances"].set_index("ds")["y"]
    assert chain["2022-02-06"] == table.loc["2022-02-06", ["A/attendances", "B/attendances"]].sum()
    assert len(chain) == 179


@pytest.mark.parametrize(
    ("cutoff", "today", "forecast"),
    [
        ("2022-04-29", "2022-04-29", ["A", "B", "C"]),  # the merger is yet to come
        ("2022-05-01", "2022-05-01", ["C", "M"]),
        ("2022-06-30", "2022-06-30", ["C", "M"]),
        ("2022-04-29", "2022-06-30", ["C", "M"]),  # a backtest of today's tree
    ],
)
def test_who_is_forecast(cutoff: str, today: str, forecast: list[str]) -> None:
    known = history(reported().loc[:today]).as_of(pd.Timestamp(cutoff))
    assert list(known.columns) == [f"{place}/attendances" for place in forecast]


def test_a_place_that_closed_is_forecast_no_more() -> None:
    opening_periods = {"C": OpeningPeriod(last=date(2022, 6, 15))}
    table = reported()
    table.loc["2022-06-16":, "C/attendances"] = np.nan
    assert "C/attendances" in history(table, opening_periods).as_of(pd.Timestamp("2022-06-15"))
    assert "C/attendances" not in history(table, opening_periods).as_of(pd.Timestamp("2022-06-16"))


def test_the_forecast_of_a_merged_place_adds_up_the_day_after() -> None:
    table = reported().loc[:"2022-05-01"]
    forecast = Forecaster(history(table), 7).forecast({"attendances": "AutoETS"}, pd.Timestamp(MERGED))
    assert forecast.reasons == {}
    assert set(forecast.means.columns) == {"C/attendances", "M/attendances", "T/attendances", "north/attendances"}
    np.testing.assert_allclose(forecast.means["T/attendances"], forecast.means["M/attendances"])
    assert forecast.means["M/attendances"].between(60, 140).all()


def test_without_opening_periods_rows_are_as_they_were() -> None:
    rows = versions(reported())
    assert with_inherited(rows, {}, LAST.date(), SYSTEM) is rows
    assert long(history(reported(), {}).latest)["y"].sum() == rows["y"].sum()
