"""Every declared effect size is recovered from the files: from the extracts where they show it, else from truth.csv."""

from pathlib import Path

import holidays
import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, days_of, events, extract, truth, write
from tests.unit.simulate.regression import Estimate, factors
from training.simulate import effects

STANDARD_ERRORS = 4.0  # twenty estimates of a frozen seed: none should be further away
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def bank_holidays(days: pd.Series) -> pd.Series:
    """From the library itself, not from the simulator's calendar."""
    off = holidays.country_holidays("GB", subdiv="ENG", years=range(days.dt.year.min() - 1, days.dt.year.max() + 1))
    return days.isin(pd.to_datetime(list(off)))


@pytest.fixture(scope="module")
def history(long: Path) -> pd.DataFrame:
    """The extracts, and what each day was like."""
    table, known = extract(long), events(long)
    day = table["date"]
    strikes, terms = known[known["kind"] == "strike"], pd.read_csv(long / "terms.csv", parse_dates=["from", "to"])
    diverts = known[known["kind"] == "divert"]
    diverted = {(row.place, day) for row in diverts.itertuples() for day in pd.date_range(row[1], row[2])}
    bank_holiday = bank_holidays(day)
    christmas = (day.dt.month == 12) & (day.dt.day == 25)
    return table.assign(
        yesterday=table.groupby("code")["occupancy"].shift(),
        bank_holiday=bank_holiday & ~christmas,
        christmas=christmas,
        after=bank_holidays(day - pd.Timedelta(days=1)) & ~bank_holiday,
        term=day.isin(days_of(terms)),
        strike=day.isin(days_of(strikes)),
        divert=[pair in diverted for pair in zip(table["code"], day, strict=True)],
        winter=np.cos(2 * np.pi * (day.dt.dayofyear - 15) / 365.25),
    )


def estimates(table: pd.DataFrame, counts: pd.Series, causes: list[str]) -> dict[str, Estimate]:
    """The causes' factors, and those of the weekdays, which are relative to Wednesday."""
    weekdays = {name: table["date"].dt.weekday == i for i, name in enumerate(WEEKDAYS) if name != "Wednesday"}
    return factors(counts, table["code"], table["date"], weekdays | {cause: table[cause] for cause in causes})


@pytest.fixture(scope="module")
def of_attendances(history: pd.DataFrame) -> dict[str, Estimate]:
    causes = ["bank_holiday", "christmas", "after", "term", "strike", "divert"]
    return estimates(history, history["attendances"], causes)


@pytest.fixture(scope="module")
def of_conversion(history: pd.DataFrame) -> dict[str, Estimate]:
    return estimates(history, history["admissions"] / history["attendances"], ["strike"])


@pytest.mark.parametrize(
    ("cause", "declared", "error"),
    [
        ("bank_holiday", effects.BANK_HOLIDAY_ATTENDANCES, 0.010),
        ("christmas", effects.CHRISTMAS_DAY_ATTENDANCES, 0.020),
        ("after", effects.AFTER_BANK_HOLIDAY_ATTENDANCES, 0.010),
        ("term", effects.SCHOOL_TERM_ATTENDANCES, 0.005),
        ("strike", effects.STRIKE_ATTENDANCES, 0.010),
        ("divert", effects.DIVERT_ATTENDANCES, 0.010),
        *((day, effects.WEEKDAY_ATTENDANCES[i] / effects.WEEKDAY_ATTENDANCES[2], 0.005)
          for i, day in enumerate(WEEKDAYS) if i != 2),
    ],
)  # fmt: skip
def test_what_multiplies_attendances(
    of_attendances: dict[str, Estimate], cause: str, declared: float, error: float
) -> None:
    estimate = of_attendances[cause]
    assert estimate.error < error
    assert abs(estimate.away_from(declared)) < STANDARD_ERRORS


@pytest.mark.parametrize(
    ("cause", "declared", "error"),
    [
        ("strike", effects.STRIKE_CONVERSION, 0.010),
        *((day, effects.WEEKDAY_CONVERSION[i] / effects.WEEKDAY_CONVERSION[2], 0.005)
          for i, day in enumerate(WEEKDAYS) if i != 2),
    ],
)  # fmt: skip
def test_what_multiplies_conversion(
    of_conversion: dict[str, Estimate], cause: str, declared: float, error: float
) -> None:
    estimate = of_conversion[cause]
    assert estimate.error < error
    assert abs(estimate.away_from(declared)) < STANDARD_ERRORS


@pytest.mark.parametrize(
    ("measure", "amplitude"), [("attendances", effects.WINTER_ATTENDANCES), ("conversion", effects.WINTER_CONVERSION)]
)
def test_the_yearly_wave_is_recovered(
    history: pd.DataFrame, of_attendances: dict[str, Estimate], measure: str, amplitude: float
) -> None:
    """Projection of the yearly means of eight complete years on the cosine, free of school terms."""
    table = history[history["date"] > history["date"].max() - pd.Timedelta(days=2922)]
    counts = table["attendances"] / np.where(table["term"], of_attendances["term"].factor, 1.0)
    values = counts if measure == "attendances" else table["admissions"] / table["attendances"]
    relative = values / values.groupby(table["code"]).transform("mean") - 1
    found = 2 * (relative * table["winter"]).mean()
    assert found == pytest.approx(amplitude, abs=0.008)  # two or three errors of the region's drift


def test_bank_holidays_and_strikes_hold_discharges_back(history: pd.DataFrame) -> None:
    """From the extracts alone: the share of yesterday's census that leaves, against the same weekdays nearby."""
    share = history["discharges"] / history["yesterday"]
    weekday = history["date"].dt.weekday
    baseline = share[~(history["bank_holiday"] | history["strike"] | history["christmas"])].groupby(weekday).mean()
    on_strike = (share / weekday.map(baseline))[history["strike"] & ~history["bank_holiday"]].mean()
    monday_off = share[history["bank_holiday"] & (weekday == 0)].mean() / baseline[0]
    assert on_strike == pytest.approx(effects.STRIKE_DISCHARGES, abs=0.03)
    assert monday_off == pytest.approx(effects.BANK_HOLIDAY_DISCHARGES / effects.WEEKDAY_DISCHARGES[0], abs=0.03)


def test_the_weekday_pattern_of_discharges_shows_in_the_extracts(history: pd.DataFrame) -> None:
    """Loosely: patients who stay over the weekend leave on Monday, so each weekday's census has other patients."""
    ordinary = history[~(history["bank_holiday"] | history["strike"])].dropna(subset="yesterday")
    sums = ordinary.groupby(ordinary["date"].dt.weekday)[["discharges", "yesterday"]].sum()
    share = sums["discharges"] / sums["yesterday"]
    np.testing.assert_allclose(share / share.mean(), effects.WEEKDAY_DISCHARGES, atol=0.06)


@pytest.fixture(scope="module")
def true_days(long: Path) -> pd.DataFrame:
    table = truth(long)
    day = table["date"]
    strikes = days_of(events(long).query("kind == 'strike'"))
    classes = {
        f"{stay}_yesterday": table.groupby("code")[f"{stay}_occupancy"].shift().fillna(0) for stay in ("short", "long")
    }
    day_type = np.where(day.dt.weekday >= 5, "weekend", "weekday")
    day_type = np.where(bank_holidays(day), "bank holiday", day_type)
    return table.assign(**classes, day_type=day_type, strike=day.isin(strikes))


@pytest.mark.parametrize(
    ("day_type", "declared"),
    [
        ("weekday", effects.WEEKDAY_LONG_SHARE),
        ("weekend", effects.WEEKEND_LONG_SHARE),
        ("bank holiday", effects.BANK_HOLIDAY_LONG_SHARE),
    ],
)
def test_the_share_of_long_stays_depends_on_the_type_of_day(
    true_days: pd.DataFrame, day_type: str, declared: float
) -> None:
    sums = true_days.loc[true_days["day_type"] == day_type, ["short_admissions", "long_admissions"]].sum()
    n = sums.sum()
    error = np.sqrt(declared * (1 - declared) / n)
    assert error < 0.003
    assert abs(sums["long_admissions"] / n - declared) < STANDARD_ERRORS * error


@pytest.mark.parametrize("stay", ["short", "long"])
def test_each_class_leaves_by_the_weekday(true_days: pd.DataFrame, stay: str) -> None:
    """Discharges over patients at risk, in an ordinary week without escalation."""
    ordinary = true_days[
        (true_days["day_type"] != "bank holiday") & ~true_days["strike"] & true_days["escalated"].eq(0)
    ]
    ordinary = ordinary[ordinary[f"{stay}_yesterday"] > 0]
    sums = ordinary.groupby(ordinary["date"].dt.weekday)[[f"{stay}_discharges", f"{stay}_yesterday"]].sum()
    share = sums.iloc[:, 0] / sums.iloc[:, 1]
    np.testing.assert_allclose(share / share.mean(), effects.WEEKDAY_DISCHARGES, atol=0.015)


def test_the_two_stays_are_as_long_as_declared(true_days: pd.DataFrame) -> None:
    """Complete weeks: the mean of the weekday factors is 1, so the share that leaves is one over the stay."""
    rate = {stay: true_days[f"{stay}_hazard"].groupby(true_days["code"]).mean() for stay in ("short", "long")}
    ratio = rate["short"] / rate["long"]
    np.testing.assert_allclose(ratio, effects.LONG_STAY_DAYS / effects.SHORT_STAY_DAYS, rtol=1e-4)
    left = true_days.groupby("code")[["long_discharges", "long_yesterday"]].sum()
    np.testing.assert_allclose(left.iloc[:, 0] / left.iloc[:, 1], rate["long"], rtol=0.05)


@pytest.mark.parametrize(("escalated", "declared"), [(0, 1.0), (1, effects.ESCALATION_DISCHARGES)])
def test_escalation_pulls_discharges_forward(true_days: pd.DataFrame, escalated: int, declared: float) -> None:
    chosen = true_days[(true_days["escalated"] == escalated) & (true_days["short_yesterday"] > 0)]
    expected = sum((chosen[f"{stay}_yesterday"] * chosen[f"{stay}_hazard"]).sum() for stay in ("short", "long"))
    happened = (chosen["short_discharges"] + chosen["long_discharges"] - chosen["transferred"]).sum()
    error = np.sqrt(expected) / expected  # binomial counts vary less than this
    assert error < 0.005
    assert abs(happened / expected - declared) < STANDARD_ERRORS * error


def test_a_site_is_escalated_after_a_census_at_the_declared_rate(true_days: pd.DataFrame) -> None:
    later = true_days[true_days["short_yesterday"] > 0]
    rate = (later["short_yesterday"] + later["long_yesterday"]) / later["beds"]
    assert (later["escalated"] == (rate >= effects.ESCALATION_RATE)).all()
    np.testing.assert_array_equal(true_days["escalation_beds"], np.floor(0.08 * true_days["beds"]))
    assert effects.ESCALATION_SHARE == 0.08


def test_attendances_are_overdispersed_as_declared(long: Path) -> None:
    """Variance of a negative binomial: mean + mean^2 / dispersion."""
    history, table = extract(long), truth(long)
    expected = table["attendances"] + table["attendances"] ** 2 / effects.DISPERSION
    squares = (history["attendances"] - table["attendances"]) ** 2
    assert (squares / expected).mean() == pytest.approx(1.0, abs=0.04)
    assert (table["dispersion"] == effects.DISPERSION).all()


def test_the_level_drifts_as_declared(true_days: pd.DataFrame) -> None:
    """Region and site have the same memory, so their sum is autoregressive with twice the variance."""
    before = true_days.groupby("code")["level"].shift()
    pair = pd.DataFrame({"before": before, "now": true_days["level"]}).dropna()
    slope = (pair["before"] * pair["now"]).sum() / (pair["before"] ** 2).sum()
    shock = (pair["now"] - effects.LEVEL_DECAY * pair["before"]).std()
    declared = effects.LEVEL_SD * np.sqrt(2 * (1 - effects.LEVEL_DECAY**2))
    assert slope == pytest.approx(effects.LEVEL_DECAY, abs=0.004)
    assert shock == pytest.approx(declared, rel=0.04)


def test_sites_differ_within_the_declared_ranges(tmp_path: Path) -> None:
    """Two hundred sites on one Saturday in term: no other effect than those divided out here."""
    folder = write(tmp_path, seed=4, days=1, sites=200, trusts=20)
    assert pd.Timestamp(LAST_DAY).weekday() == 5
    table = truth(folder)
    winter = np.cos(2 * np.pi * (LAST_DAY.timetuple().tm_yday - 15) / 365.25)
    undisturbed = ~table["code"].isin(events(folder).query("kind == 'divert' and `from` <= '2026-11-21'")["place"])
    size = table["attendances"] / np.exp(table["level"]) / 0.95 / 1.03 / (1 + 0.025 * winter)
    conversion = table["conversion"] / 0.96 / (1 + 0.04 * winter)
    stay = 0.75 / table["short_hazard"] / effects.SHORT_STAY_DAYS
    mix = effects.WEEKDAY_LONG_SHARE * 5 / 7 + effects.WEEKEND_LONG_SHARE * 2 / 7
    steady = size * conversion * stay * (mix * effects.LONG_STAY_DAYS + (1 - mix) * effects.SHORT_STAY_DAYS)
    for values, (low, high), slack in (
        (size[undisturbed], effects.ATTENDANCES_PER_DAY, 0.001),
        (conversion, effects.CONVERSION, 0.001),
        (stay, effects.STAY_FACTOR, 0.001),
        ((table["beds"] / steady)[undisturbed], effects.BEDS_PER_STEADY_CENSUS, 0.03),
    ):
        assert low * (1 - slack) < values.min() < low + 0.1 * (high - low) + slack * low
        assert high - 0.1 * (high - low) - slack * high < values.max() < high * (1 + slack)


def test_wards_differ_within_the_declared_range(warded: Path) -> None:
    beds = truth(warded).dropna(subset="beds").groupby("code")["beds"].median()
    by_site = beds / beds.groupby(beds.index.str[:5]).transform("mean")
    low, high = effects.WARD_SIZE
    assert by_site.between(low / high, high / low).all()
    assert by_site.std() > 0.05


def test_winter_wards_and_refits_are_as_large_and_long_as_declared(long: Path) -> None:
    known = events(long).query("kind == 'bed_change'")
    beds = truth(long).groupby("code")["beds"].agg(lambda days: days.mode().iloc[0])
    changed = known["note"].str.extract(r"^([+-]\d+) beds: (winter ward|refit)$").set_axis(["beds", "why"], axis=1)
    share = changed["beds"].astype(int) / known["place"].map(beds)
    winter = changed["why"] == "winter ward"
    np.testing.assert_allclose(share[winter], effects.WINTER_WARD_SHARE, atol=0.001)
    np.testing.assert_allclose(share[~winter], -effects.REFIT_SHARE, atol=0.001)
    months = known.loc[winter, ["from", "to"]].apply(lambda column: column.dt.strftime("%m-%d"))
    assert months.drop_duplicates().to_numpy().tolist() == [["12-01", "03-31"]]
    assert ((known["to"] - known["from"]).dt.days + 1)[~winter].eq(effects.REFIT_DAYS).all()
    assert 0 < (~winter).sum() <= 9
    assert not known.loc[~winter, "place"].duplicated().any()


def test_diverts_and_strikes_are_as_many_and_long_as_declared(long: Path) -> None:
    known = events(long)
    length = (known["to"] - known["from"]).dt.days + 1
    diverts, strikes = known["kind"] == "divert", known["kind"] == "strike"
    assert diverts.sum() == 9 * round(effects.DIVERTS_PER_YEAR * (2922 + 84) / 365.25)
    assert strikes.sum() == 8 * effects.STRIKES_PER_YEAR + 1
    assert set(length[diverts]) == set(range(1, effects.DIVERT_LONGEST_DAYS + 1))
    assert set(length[strikes]) == set(range(1, effects.STRIKE_LONGEST_DAYS + 1))
