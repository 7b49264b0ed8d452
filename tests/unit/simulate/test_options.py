"""Strikes, a lockdown and a merger, seen in the files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, events, extract, truth, write
from training.simulate import effects


def test_strikes_are_declared_for_the_entire_system_and_one_is_to_come(long: Path, plain: Path) -> None:
    strikes = events(long).query("kind == 'strike'")
    assert strikes[["place", "measure"]].isna().all().all()
    assert set(events(plain)["kind"]) == {"bed_change", "divert"}
    ahead = (strikes["from"] - pd.Timestamp(LAST_DAY)).dt.days
    assert (ahead > 0).sum() == 1
    assert 5 <= ahead.max() <= 15
    apart = strikes["from"].iloc[1:].to_numpy() - strikes["to"].iloc[:-1].to_numpy()
    assert apart.min() > pd.Timedelta(days=7)


@pytest.fixture(scope="module")
def lockdown(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame, Path]:
    """Truth without and with a lockdown, of the same seed."""
    folder = tmp_path_factory.mktemp("lockdown")
    options: dict[str, object] = {"days": 730, "trusts": 1, "sites": 3}
    without, with_it = write(folder / "without", 3, **options), write(folder / "with", 3, **options, lockdown=True)
    return truth(without), truth(with_it), with_it


def test_a_lockdown_halves_attendances_within_two_weeks_and_recovers_over_months(
    lockdown: tuple[pd.DataFrame, pd.DataFrame, Path],
) -> None:
    without, with_it, _ = lockdown
    factor = (with_it["attendances"] / without["attendances"]).to_numpy().reshape(3, -1)
    np.testing.assert_allclose(factor, np.broadcast_to(factor[0], factor.shape), rtol=1e-4)
    first = int(np.argmax(factor[0] < 0.999))
    assert 0.3 * 730 < first < 0.65 * 730
    np.testing.assert_allclose(factor[0, :first], 1.0)
    assert int(np.argmin(factor[0])) == first + effects.LOCKDOWN_FALL_DAYS - 1
    assert factor[0].min() == pytest.approx(effects.LOCKDOWN_ATTENDANCES, abs=1e-4)
    half_way = factor[0, first + effects.LOCKDOWN_FALL_DAYS - 1 + effects.LOCKDOWN_HALF_LIFE_DAYS]
    assert half_way == pytest.approx(np.sqrt(effects.LOCKDOWN_ATTENDANCES), abs=1e-4)


def test_a_lockdown_empties_beds_and_is_declared_nowhere(lockdown: tuple[pd.DataFrame, pd.DataFrame, Path]) -> None:
    *_, folder = lockdown
    assert set(events(folder)["kind"]) == {"bed_change", "divert"}
    history = extract(folder)
    rate = (history["occupancy"] / history["beds"]).groupby(history["date"]).mean()
    assert rate.min() < 0.65
    assert rate.iloc[0:200].mean() > 0.85


def test_a_merger_is_declared_in_the_places(merged: Path) -> None:
    places = pd.read_csv(merged / "places.csv", parse_dates=["valid_from", "valid_to"]).set_index("place")
    assert places.columns.tolist() == ["parent", "name", "kind", "valid_from", "valid_to", "succeeds"]
    assert places["succeeds"].dropna().to_dict() == {"RXA01M": "RXA01;RXA02"}
    ends = places.loc[["RXA01", "RXA02"], "valid_to"]
    assert ends.nunique() == 1
    assert places.loc["RXA01M", "valid_from"] == ends.iloc[0] + pd.Timedelta(days=1)
    assert places.loc["RXA03", ["valid_from", "valid_to"]].isna().all()
    assert places.loc["RXA01M", "parent"] == "RXA"


def test_rows_use_the_old_codes_before_a_merger_and_the_new_one_after(merged: Path) -> None:
    spans = extract(merged).groupby("code")["date"].agg(["min", "max", "size"])
    first, last, size = spans["min"].to_dict(), spans["max"].to_dict(), spans["size"].to_dict()
    assert last["RXA01"] == last["RXA02"] == first["RXA01M"] - pd.Timedelta(days=1)
    assert size["RXA01"] + size["RXA01M"] == 366 == size["RXA03"]


def test_patients_carry_over_a_merger(merged: Path) -> None:
    """The successor's occupancy the day before is its predecessors' sum."""
    history = extract(merged).set_index(["code", "date"])
    first = history.loc["RXA01M"].index.min()
    before = sum(int(history.loc[(old, first - pd.Timedelta(days=1)), "occupancy"]) for old in ("RXA01", "RXA02"))
    day = history.loc[("RXA01M", first)]
    assert day["occupancy"] == before + day["admissions"] - day["discharges"]


def test_a_merger_changes_no_count(merged: Path, tmp_path: Path) -> None:
    apart = extract(write(tmp_path, seed=5, days=366, trusts=1, sites=3)).drop(columns="code")
    together = extract(merged).drop(columns="code")
    pd.testing.assert_frame_equal(together.groupby("date").sum(), apart.groupby("date").sum())


def test_events_are_listed_under_the_codes_of_their_days(merged: Path) -> None:
    places = pd.read_csv(merged / "places.csv", parse_dates=["valid_from", "valid_to"]).set_index("place")
    known = events(merged)
    begins, ends = known["place"].map(places["valid_from"]), known["place"].map(places["valid_to"])
    assert not (known["from"] < begins).any()
    assert not (known["to"] > ends).any()
    assert {"RXA01", "RXA02", "RXA03", "RXA01M"} == set(known["place"])


def test_wards_move_with_their_sites(tmp_path: Path) -> None:
    folder = write(tmp_path, seed=5, days=100, trusts=1, sites=3, wards=2, merger=True)
    places = pd.read_csv(folder / "places.csv").set_index("place")
    heirs = places["succeeds"].dropna()
    assert heirs.to_dict() == {
        "RXA01M": "RXA01;RXA02", "RXA01W01M": "RXA01W01", "RXA01W02M": "RXA01W02",
        "RXA02W01M": "RXA02W01", "RXA02W02M": "RXA02W02",
    }  # fmt: skip
    assert places.loc[heirs.index[1:], "parent"].eq("RXA01M").all()
    history = extract(folder)
    for new, old in heirs.iloc[1:].items():
        ward = history[history["code"].isin([new, old])].sort_values("date")
        assert len(ward) == 100
        flow = (ward["admissions"] - ward["discharges"]).iloc[1:]
        assert ward["occupancy"].diff().iloc[1:].eq(flow).all()
