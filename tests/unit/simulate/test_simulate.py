"""The simulator's files, read back as anyone would read them, against its truth.csv and its declared constants."""

import filecmp
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.errors import UsageError
from training.simulate import simulate
from training.simulate.calendar import calendar
from training.simulate.network import trust_id
from training.simulate.truth import (
    BANK_HOLIDAY_DISCHARGES,
    CHRISTMAS_DAY_ATTENDANCES,
    WEEKDAY_ATTENDANCES,
    WEEKDAY_CONVERSION,
    WEEKDAY_DISCHARGES,
)
from training.system import EventKind, read_system

LAST_DAY = date(2026, 11, 21)
MEASURES = ["attendances", "admissions", "discharges", "occupancy", "beds"]


def read(folder: Path) -> pd.DataFrame:
    """The extract, one row per site and day, in order."""
    parts = [pd.read_csv(path, parse_dates=["date"]) for path in sorted(folder.glob("extract/*.csv"))]
    return pd.concat(parts).sort_values(["code", "date"], ignore_index=True)


def read_truth(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "truth.csv", parse_dates=["date"]).sort_values(["code", "date"], ignore_index=True)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("northshire"), seed=7, last_day=LAST_DAY).parent


@pytest.fixture(scope="module")
def history(folder: Path) -> pd.DataFrame:
    return read(folder)


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    return read_truth(folder)


def test_three_years_of_four_sites_end_on_the_last_day(history: pd.DataFrame) -> None:
    assert history["code"].unique().tolist() == ["RXA01", "RXA02", "RXB01", "RXB02"]
    per_site = history.groupby("code")["date"].agg(["min", "max", "nunique", "size"])
    assert per_site["max"].eq(pd.Timestamp(LAST_DAY)).all()
    assert per_site["nunique"].eq(1096).all()
    assert per_site["size"].eq(1096).all()


def test_occupancy_is_conserved_exactly(history: pd.DataFrame) -> None:
    change = history.groupby("code")["occupancy"].diff()
    unexplained = change - history["admissions"] + history["discharges"]
    assert unexplained.dropna().eq(0).all()


def test_counts_are_whole_and_never_negative(history: pd.DataFrame) -> None:
    assert (history[MEASURES].dtypes == "int64").all()
    assert history[MEASURES].min().min() >= 0
    assert (history["admissions"] <= history["attendances"]).all()


def test_occupancy_rates_are_those_of_full_hospitals(history: pd.DataFrame) -> None:
    rate = history["occupancy"] / history["beds"]
    assert 0.85 < rate.mean() < 0.95
    assert rate.between(0.8, 1.0).mean() > 0.8
    assert 0 < (rate > 1.0).mean() < 0.1
    assert rate.max() < 1.25


def test_pressure_is_higher_in_winter_than_in_summer(history: pd.DataFrame) -> None:
    month = history["date"].dt.month
    occupancy = history["occupancy"]
    assert occupancy[month.isin([12, 1, 2])].mean() > 1.05 * occupancy[month.isin([6, 7, 8])].mean()


@pytest.mark.parametrize(
    ("numerator", "denominator", "shape"),
    [
        ("attendances", None, WEEKDAY_ATTENDANCES),
        ("admissions", "attendances", WEEKDAY_CONVERSION),
        ("discharges", "yesterday", WEEKDAY_DISCHARGES),
    ],
)
def test_the_weekly_pattern_is_recovered(
    history: pd.DataFrame, numerator: str, denominator: str | None, shape: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    yesterday = history.groupby("code")["occupancy"].shift()
    ordinary = ~pd.Series(np.tile(_disturbed(), history["code"].nunique())) & yesterday.notna()
    frame = history.assign(yesterday=yesterday, one=1)[ordinary]
    per_weekday = frame.groupby(frame["date"].dt.weekday)[[numerator, denominator or "one"]].sum()
    observed = per_weekday.iloc[:, 0] / per_weekday.iloc[:, 1]
    np.testing.assert_allclose(observed / observed.mean(), shape, atol=0.02)


def _disturbed() -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    when = calendar(LAST_DAY, 1096)
    return when.bank_holiday | when.after_bank_holiday | when.christmas_day


def test_conversion_is_recovered(history: pd.DataFrame, truth: pd.DataFrame) -> None:
    sums = history.groupby("code")[["admissions", "attendances"]].sum()
    expected = truth.groupby("code")[["admissions", "attendances"]].sum()
    observed = sums["admissions"] / sums["attendances"]
    np.testing.assert_allclose(observed, expected["admissions"] / expected["attendances"], atol=0.004)


def test_expected_counts_are_the_mean_of_many_drawn_histories(tmp_path: Path) -> None:
    """The truth says 'expected': total admissions and mean occupancy of 40 sites must lie near it."""
    simulate(tmp_path, seed=3, last_day=LAST_DAY, days=400, trusts=1, sites=40)
    history, truth = read(tmp_path), read_truth(tmp_path)
    for measure in ("attendances", "admissions", "occupancy"):
        assert history[measure].sum() == pytest.approx(truth[measure].sum(), rel=0.005)
    pd.testing.assert_series_equal(history["beds"], truth["beds"])


def test_attendances_are_overdispersed_as_declared(history: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Variance of a negative binomial: mean + mean^2 / dispersion."""
    expected = truth["attendances"] + truth["attendances"] ** 2 / truth["dispersion"]
    squares = (history["attendances"] - truth["attendances"]) ** 2
    assert (squares / expected).mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("day", "measure", "factor"),
    [
        (date(2025, 12, 25), "attendances", CHRISTMAS_DAY_ATTENDANCES * WEEKDAY_ATTENDANCES[3]),
        (date(2026, 5, 25), "hazard", BANK_HOLIDAY_DISCHARGES),
    ],
)
def test_bank_holidays_have_their_declared_effect(truth: pd.DataFrame, day: date, measure: str, factor: float) -> None:
    """Against the mean of the site's surrounding fortnights, whose weekday factors average 1."""
    for _, site in truth.groupby("code"):
        around = site[(site["date"] - pd.Timestamp(day)).dt.days.abs().between(8, 14)]
        value = site.loc[site["date"] == pd.Timestamp(day), measure].item()
        assert value / around[measure].mean() == pytest.approx(factor, rel=0.03)


def test_every_step_of_the_beds_is_declared(folder: Path, history: pd.DataFrame) -> None:
    events = pd.read_csv(folder / "events.csv", parse_dates=["from", "to"])
    assert events.columns.tolist() == ["from", "to", "place", "measure", "kind", "note"]
    assert set(events["measure"]) == {"beds"}
    assert set(events["kind"]) == {"bed_change"}
    declared = {(e.place, day) for e in events.itertuples() for day in (e[1], e[2] + pd.Timedelta(days=1))}
    steps = history[history.groupby("code")["beds"].diff().fillna(0) != 0]
    assert len(steps) > 0
    assert {(row.code, row.date) for row in steps.itertuples()} <= declared


def test_planned_bed_changes_are_declared_ahead(folder: Path) -> None:
    events = pd.read_csv(folder / "events.csv", parse_dates=["from"])
    assert (events["from"] == pd.Timestamp("2026-12-01")).sum() == 4


def test_places_are_one_tree(folder: Path) -> None:
    places = pd.read_csv(folder / "places.csv").set_index("place")
    assert places.columns.tolist() == ["parent", "name", "kind"]
    assert places["kind"].tolist() == ["system", "trust", "trust", "site", "site", "site", "site"]
    assert set(places["parent"].dropna()) == {"northshire", "RXA", "RXB"}
    assert places["name"].is_unique


def test_the_system_file_has_the_designed_keys(folder: Path) -> None:
    described = tomllib.loads((folder / "system.toml").read_text())
    assert described["system"]["name"] == "northshire"
    assert described["system"]["timezone"] == "Europe/London"
    assert described["system"]["holidays"] == "GB-ENG"
    assert sorted(described["system"]) == sorted(
        ["name", "timezone", "holidays", "census_hour", "horizon_days", "thresholds", "quantiles", "places", "events"]
    )
    source = described["sources"]["daily"]
    assert source == {
        "path": "extract/*.csv",
        "place": "code",
        "day": "date",
        "measures": {measure: measure for measure in MEASURES},
    }


def test_our_own_reader_takes_every_file(folder: Path) -> None:
    read_back = read_system(folder / "system.toml")
    assert read_back.system.name == "northshire"
    assert [measure.name for measure in read_back.system.measures] == MEASURES
    assert list(read_back.system.under("northshire"))[1:4] == ["RXA", "RXA01", "RXA02"]
    assert {event.kind for event in read_back.events} == {EventKind.BED_CHANGE}
    assert {event.measure for event in read_back.events} == {"beds"}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    simulate(tmp_path, seed=7, last_day=LAST_DAY)
    assert files(tmp_path) == files(folder)
    _, mismatch, errors = filecmp.cmpfiles(folder, tmp_path, files(folder), shallow=False)
    assert (mismatch, errors) == ([], [])


def test_a_second_run_into_the_same_folder_changes_nothing(tmp_path: Path) -> None:
    simulate(tmp_path, seed=7, last_day=LAST_DAY, days=30)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    simulate(tmp_path, seed=7, last_day=LAST_DAY, days=30)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_another_seed_gives_another_history(history: pd.DataFrame, tmp_path: Path) -> None:
    simulate(tmp_path, seed=8, last_day=LAST_DAY)
    assert not read(tmp_path)["attendances"].equals(history["attendances"])


def test_a_site_does_not_depend_on_how_many_others_there_are(tmp_path: Path) -> None:
    few = read(simulate(tmp_path / "few", seed=7, last_day=LAST_DAY, days=100, trusts=2, sites=3).parent)
    many = read(simulate(tmp_path / "many", seed=7, last_day=LAST_DAY, days=100, trusts=2, sites=6).parent)
    same = many[many["code"].isin(few["code"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, few)


@pytest.mark.parametrize(
    ("trusts", "sites", "per_trust"), [(1, 1, [1]), (3, 7, [3, 2, 2]), (2, 2, [1, 1]), (1, 5, [5])]
)
def test_any_tree_can_be_asked_for(tmp_path: Path, trusts: int, sites: int, per_trust: list[int]) -> None:
    simulate(tmp_path, seed=1, last_day=LAST_DAY, days=10, trusts=trusts, sites=sites)
    places = pd.read_csv(tmp_path / "places.csv")
    of_kind = places[places["kind"] == "site"]
    assert of_kind.groupby("parent").size().tolist() == per_trust
    assert sorted(read(tmp_path)["code"].unique()) == sorted(of_kind["place"])


def test_one_day_of_history_is_enough(tmp_path: Path) -> None:
    simulate(tmp_path, seed=1, last_day=LAST_DAY, days=1)
    assert len(read(tmp_path)) == 4


def test_trust_codes_stay_distinct_in_large_systems() -> None:
    assert len({trust_id(i) for i in range(2000)}) == 2000
    assert [trust_id(0), trust_id(25), trust_id(26)] == ["RXA", "RXZ", "RYA"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda out: simulate(out, seed=1, last_day=LAST_DAY, trusts=3, sites=2),
            (
                "Simulating a system: 3 trusts cannot share 2 sites, since each trust has at least one. "
                "Give at least 3 sites, or fewer trusts."
            ),
        ),
        (
            lambda out: simulate(out, seed=1, last_day=LAST_DAY, trusts=0, sites=2),
            "Simulating a system: 0 trusts were asked for. Give at least 1 trust.",
        ),
        (
            lambda out: simulate(out, seed=1, last_day=LAST_DAY, days=0),
            "Simulating a system: 0 days were asked for. Give at least 1 day.",
        ),
        (
            lambda out: simulate(out, seed=-1, last_day=LAST_DAY),
            "Simulating a system: the seed is -1. Give a seed of 0 or more.",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, call: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        call(tmp_path)
    assert str(refusal.value) == sentence
    assert files(tmp_path) == []


def test_extracts_of_something_else_are_never_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "extract").mkdir()
    (tmp_path / "extract" / "real.csv").write_text("code,date\n")
    with pytest.raises(UsageError, match=r"already holds real\.csv"):
        simulate(tmp_path, seed=1, last_day=LAST_DAY)
    assert files(tmp_path) == ["extract/real.csv"]
