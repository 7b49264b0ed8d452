"""The summary of a backtest for the gate, on rows few enough to count by hand."""

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_system
from training.backtest.evaluation import LARGE_PLACES, large_places, summarise

SYSTEM = build_system()


def rows(*cases: tuple[str, str, str, float, float, bool, bool]) -> pd.DataFrame:
    columns = ["unique_id", "cutoff", "day", "y", "scaled_wis", "coverage_80", "fallback"]
    table = pd.DataFrame(cases, columns=columns).assign(cutoff=lambda table: pd.to_datetime(table["cutoff"]), lead=7)
    return table.assign(ds=table["cutoff"] + pd.Timedelta(days=7))


def test_every_part_is_a_plain_mean_over_its_rows() -> None:
    found = summarise(
        rows(
            ("A/attendances", "2026-01-01", "ordinary", 90.0, 0.2, True, False),
            ("A/occupancy", "2026-01-01", "holiday", 300.0, 0.6, True, False),
            ("A/attendances", "2026-01-07", "ordinary", 95.0, 0.4, False, True),
            ("B/attendances", "2026-01-07", "holiday", 20.0, 0.8, True, False),
        ),
        SYSTEM,
        publish_seconds=3.0,
    )
    assert found.windows == pytest.approx({"2026-01-01": 0.4, "2026-01-07": 0.6})
    assert found.measures == pytest.approx({"attendances": 1.4 / 3, "occupancy": 0.6})
    assert found.large_places == pytest.approx({"A": 0.4, "B": 0.8})
    assert found.holidays == pytest.approx(0.7)
    assert (found.holiday_days, found.horizon_days, found.parent_coverage_80) == (2, 7, None)
    assert (found.coverage_80, found.fallback_share, found.publish_seconds) == (0.75, 0.25, 3.0)


def test_sums_have_a_coverage_of_their_own_and_a_holiday_counts_once() -> None:
    table = rows(
        ("A/attendances", "2026-01-01", "holiday", 90.0, 0.2, True, False),
        ("B/attendances", "2026-01-01", "holiday", 20.0, 0.2, True, False),
        ("T1/attendances", "2026-01-01", "holiday", 110.0, 0.2, False, False),
        ("north/attendances", "2026-01-01", "holiday", 110.0, 0.2, True, False),
    )
    found = summarise(table, SYSTEM)
    assert (found.coverage_80, found.parent_coverage_80, found.holiday_days) == (0.75, 0.5, 1)


def test_what_was_not_measured_is_none() -> None:
    found = summarise(rows(("A/attendances", "2026-01-01", "ordinary", 9.0, float("nan"), True, False)), SYSTEM)
    assert (found.windows, found.measures, found.large_places, found.holidays) == ({}, {}, {}, None)
    assert found.publish_seconds is None


def test_large_places_are_those_below_that_count_most() -> None:
    """Sums are no places of their own: what goes wrong there goes wrong in a part."""
    sizes = {f"P{n:02d}": float(n) for n in range(1, LARGE_PLACES + 4)} | {SYSTEM.name: 999.0}
    table = rows(*((f"{p}/attendances", "2026-01-01", "ordinary", y, 0.1, True, False) for p, y in sizes.items()))
    found = large_places(table, table["unique_id"].str.partition("/")[0], SYSTEM)
    assert list(found) == [f"P{n:02d}" for n in range(LARGE_PLACES + 3, 3, -1)]
