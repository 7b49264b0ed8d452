"""FlowBalance, at simulated places with known rules."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.models.wards import DAILY_ADMISSIONS, FULL, LEAVING_SHARE, MORE_WHEN_FULL, flows_system, simulated
from tests.unit.pipeline.histories import build_history, poisoned, versions
from training.history.patient_flow import flow_series
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import ForecastRequest, Means, fit_day
from training.models.flow_balance import FLOWS_INCOMPLETE, FittedFlows, FlowBalance
from training.system.model import SystemContext

HORIZON = 14
N_DAYS = 500
NOTHING_DECLARED = SystemContext()


def forecast(table: pd.DataFrame, *back: int, places: tuple[str, ...] = ("A",)) -> Means:
    """Return means at the last day, or so many days before it."""
    history = build_history(table, flows_system(*places), NOTHING_DECLARED)
    cutoffs = [pd.Timestamp(table.index[-1]) - pd.Timedelta(days=days) for days in back or (0,)]
    return FlowBalance().forecast(ForecastRequest(history, cutoffs, HORIZON))


@pytest.mark.parametrize(
    ("unique_ids", "expected"),
    [
        (["A/occupancy", "A/admissions", "A/discharges"], [("A/occupancy", ["A/admissions"], None)]),
        (["A/occupancy", "A/admissions", "A/discharges", "A/beds"], [("A/occupancy", ["A/admissions"], "A/beds")]),
        (["A/occupancy", "A/admissions"], []),
        (["A/occupancy", "B/admissions", "A/discharges"], []),
        (["A/admissions", "A/discharges", "A/beds"], []),
        (
            ["A/occupancy", "A/admissions/elective", "A/admissions/emergency", "A/discharges"],
            [("A/occupancy", ["A/admissions/elective", "A/admissions/emergency"], None)],
        ),
        (
            ["A/occupancy/icu", "A/admissions/icu", "A/admissions/other", "A/discharges/icu"],
            [("A/occupancy/icu", ["A/admissions/icu"], None)],
        ),
        (["A/occupancy/icu", "A/admissions", "A/discharges/icu"], []),
    ],
)
def test_flow_series_need_occupancy_admissions_and_discharges(
    unique_ids: list[str], expected: list[tuple[str, list[str], str | None]]
) -> None:
    assert [(b.occupancy, list(b.admissions), b.beds) for b in flow_series(unique_ids)] == expected


def test_discharges_are_the_weekdays_share_of_occupancy() -> None:
    """At seven neighbouring cutoffs lead 1 is every weekday in turn."""
    table = simulated("A", N_DAYS, 1)
    means = forecast(table, *range(1, 8)).by_cutoff
    for cutoff, frame in means.items():
        true = table.loc[cutoff, "A/occupancy"] * LEAVING_SHARE[frame.index[0].weekday()]
        assert frame["A/discharges"].iloc[0] == pytest.approx(true, rel=0.06)


def test_an_excess_of_patients_decays_as_they_leave() -> None:
    """A hundred more are moved in on the last day: the expected excess shrinks by each weekday's share."""
    table = simulated("A", N_DAYS, 2)
    before = forecast(table).by_cutoff[table.index[-1]]["A/occupancy"]
    table.loc[table.index[-1], ["A/occupancy", "A/admissions"]] += 100
    moved = forecast(table).by_cutoff[table.index[-1]]["A/occupancy"]
    true = 100 * np.cumprod(1 - LEAVING_SHARE[pd.DatetimeIndex(before.index).weekday])
    excess = (moved - before).to_numpy()
    assert excess[:3] == pytest.approx(true[:3], rel=0.15)
    assert np.all(np.diff(excess[:10]) < 0)


def test_the_census_follows_from_the_last_known_one_and_the_flows() -> None:
    table = simulated("A", N_DAYS, 3)
    means = forecast(table).by_cutoff[table.index[-1]]
    before = np.concatenate([[table["A/occupancy"].iloc[-1]], means["A/occupancy"].to_numpy()[:-1]])
    entering = means["A/occupancy"] - before + means["A/discharges"]
    assert entering.to_numpy() == pytest.approx(DAILY_ADMISSIONS, rel=0.05)


def test_uncounted_discharges_are_expected_to_continue() -> None:
    table = simulated("A", N_DAYS, 4, leak=6.0)
    means = forecast(table).by_cutoff[table.index[-1]]
    counted = DAILY_ADMISSIONS - 6.0
    assert means["A/discharges"].mean() == pytest.approx(counted, rel=0.05)
    assert means["A/occupancy"].iloc[-1] == pytest.approx(table["A/occupancy"].tail(56).mean(), rel=0.06)


def test_more_patients_leave_above_the_threshold_where_they_did_before() -> None:
    beds = round(DAILY_ADMISSIONS / LEAVING_SHARE.mean() / 0.94)
    table = simulated("A", 1200, 5, beds)
    full = table["A/occupancy"] >= FULL * beds
    assert 0.1 < full.mean() < 0.9
    newest = [np.flatnonzero(days)[-12:] for days in (full, ~full)]
    back = [len(table) - 1 - int(day) for day in np.concatenate(newest)]
    ratios: dict[bool, list[float]] = {True: [], False: []}
    for cutoff, frame in forecast(table, *back).by_cutoff.items():
        plain = table.loc[cutoff, "A/occupancy"] * LEAVING_SHARE[frame.index[0].weekday()]
        ratios[bool(full[cutoff])].append(frame["A/discharges"].iloc[0] / plain)
    assert np.mean(ratios[True]) / np.mean(ratios[False]) == pytest.approx(MORE_WHEN_FULL, abs=0.1)


def counted_at_eight(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the same patients, a quarter of the admissions and a twentieth of the discharges before the census."""
    rng, early = np.random.default_rng(seed), table.copy()
    entering, leaving = (table[f"A/{flow}"].astype(int) for flow in ("admissions", "discharges"))
    at_day_start = table["A/occupancy"] - entering + leaving
    early["A/occupancy"] = at_day_start + rng.binomial(entering, 0.25) - rng.binomial(leaving, 0.05)
    return early


def test_the_census_of_tomorrow_morning_follows_from_the_patients_of_tonight() -> None:
    """At 08:00: those in bed at the end of the cutoff, and the early part of the weekday's flows; on average exact.

    Each is as far off as the early flows of one day are, 4.4 patients, and hardly more.
    """
    at_day_end = simulated("A", N_DAYS, 10)
    table = counted_at_eight(at_day_end, 11)
    errors, surplus = [], []
    for cutoff, frame in forecast(table, *range(1, 57)).by_cutoff.items():
        tonight, leaving = at_day_end["A/occupancy"][cutoff], LEAVING_SHARE[frame.index[0].weekday()]
        true = tonight + 0.25 * DAILY_ADMISSIONS - 0.05 * leaving * tonight
        surplus.append(frame["A/occupancy"].iloc[0] - true)
        errors.append(frame["A/occupancy"].iloc[0] - table["A/occupancy"].shift(-1)[cutoff])
    assert np.mean(surplus) == pytest.approx(0.0, abs=1.0)
    assert np.std(surplus) < 2.0
    assert np.std(errors) < 5.5


def test_the_same_patients_are_forecast_alike_at_any_census() -> None:
    """Discharges, which no census changes, and occupancy a week ahead."""
    at_day_end = simulated("A", N_DAYS, 12)
    one, other = (forecast(t).by_cutoff[t.index[-1]] for t in (at_day_end, counted_at_eight(at_day_end, 13)))
    assert other["A/discharges"].to_numpy() == pytest.approx(one["A/discharges"].to_numpy(), rel=0.03)
    later = one["A/occupancy"] - 0.75 * DAILY_ADMISSIONS + 0.95 * one["A/discharges"]
    assert other["A/occupancy"].iloc[6] == pytest.approx(later.iloc[6], rel=0.01)


def test_without_shares_every_census_ends_its_day_and_no_fit_is_shared() -> None:
    """Counted at 08:00. A forecast with shares is the same before and after one without them."""
    table = counted_at_eight(simulated("A", N_DAYS, 14), 15)
    request = ForecastRequest(build_history(table, flows_system("A"), NOTHING_DECLARED), [table.index[-1]], HORIZON)
    first, without, again = (FlowBalance(fit).forecast(request) for fit in (True, False, True))
    parts = [
        part for part in request.fits.of_days([fit_day(table.index[-1])]).values() if isinstance(part, FittedFlows)
    ]
    shares = [(float(part.shares.admissions[0]), float(part.shares.discharges[0])) for part in parts]
    assert shares[0] == pytest.approx((0.25, 0.05), abs=0.1)
    assert shares[1:] == [(1.0, 1.0)]
    cutoff = table.index[-1]
    pd.testing.assert_frame_equal(again.by_cutoff[cutoff], first.by_cutoff[cutoff])
    difference = (without.by_cutoff[cutoff] - first.by_cutoff[cutoff])["A/occupancy"].abs()
    assert difference.max() > 1.0


def test_it_fails_with_a_reason_at_other_places() -> None:
    table = simulated("A", N_DAYS, 6).join(simulated("B", N_DAYS, 7)[["B/occupancy", "B/beds"]])
    means = forecast(table, places=("A", "B"))
    cutoff = table.index[-1]
    answered = {"A/occupancy", "A/discharges"}
    assert {i for i in table if means.by_cutoff[cutoff][i].notna().all()} == answered
    assert means.failures == {(cutoff, i): FLOWS_INCOMPLETE for i in table if i not in answered}


def test_a_poisoned_future_changes_nothing() -> None:
    vintages = versions(simulated("A", N_DAYS, 8))
    cutoff = vintages["ds"].max() - pd.Timedelta(days=60)
    clean, bad = (
        FlowBalance().forecast(
            ForecastRequest(
                PointInTimeHistory(v, flows_system("A", "late"), context=NOTHING_DECLARED), [cutoff], HORIZON
            )
        )
        for v in (vintages, poisoned(vintages, cutoff, "late/occupancy"))
    )
    pd.testing.assert_frame_equal(bad.by_cutoff[cutoff], clean.by_cutoff[cutoff], check_exact=True)


def test_means_do_not_depend_on_the_other_cutoffs_of_the_request() -> None:
    table = simulated("A", N_DAYS, 9)
    alone, among = forecast(table, 30), forecast(table, 0, 30, 31, 90)
    cutoff = table.index[-31]
    pd.testing.assert_frame_equal(alone.by_cutoff[cutoff], among.by_cutoff[cutoff])
