"""Each file of a simulated system is what its readers expect."""

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import holidays
import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, MEASURES, days_of, events, extract, files, truth
from training.errors import UsageError
from training.jobs.simulate import faults
from training.simulate.places import trust_id
from training.simulate.run import simulate
from training.simulate.scenario import FaultKind, Scenario
from training.system.reading import read_system


def test_three_years_of_four_sites_end_on_the_last_day(plain: Path) -> None:
    history = extract(plain)
    assert history["code"].unique().tolist() == ["RXA01", "RXA02", "RXB01", "RXB02"]
    per_site = history.groupby("code")["date"].agg(["min", "max", "nunique", "size"])
    assert per_site["max"].eq(pd.Timestamp(LAST_DAY)).all()
    assert per_site["nunique"].eq(1096).all()
    assert per_site["size"].eq(1096).all()


def test_places_are_one_tree(plain: Path) -> None:
    places = pd.read_csv(plain / "places.csv").set_index("place")
    assert places.columns.tolist() == ["parent", "name", "kind"]
    assert places["kind"].tolist() == ["system", "trust", "trust", "site", "site", "site", "site"]
    assert set(places["parent"].dropna()) == {"northshire", "RXA", "RXB"}
    assert places["name"].is_unique


def test_wards_hang_under_their_sites(warded: Path) -> None:
    places = pd.read_csv(warded / "places.csv").query("kind == 'ward'")
    assert places.groupby("parent").size().to_dict() == {"RXA01": 5, "RXA02": 5}
    assert places["name"].is_unique


def test_the_system_file_has_the_designed_keys(plain: Path) -> None:
    described = tomllib.loads((plain / "system.toml").read_text())
    assert described["system"]["name"] == "northshire"
    assert described["system"]["timezone"] == "Europe/London"
    assert described["system"]["holidays"] == "GB-ENG"
    assert set(described["system"]) == {
        *("name", "timezone", "holidays", "census_hour", "horizon_days", "thresholds", "quantiles"),
        *("places", "events", "school_terms"),
    }
    assert described["sources"]["daily"] == {
        "path": "extract/*.csv",
        "place": "code",
        "day": "date",
        "measures": {measure: measure for measure in MEASURES},
    }


@pytest.mark.parametrize("name", ["plain", "warded", "long", "dirty"])
def test_our_own_reader_takes_every_file(name: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(name)
    read_back = read_system(folder / "system.toml")
    assert read_back.system.name == "northshire"
    assert [measure.name for measure in read_back.system.measures] == MEASURES
    assert [place.id for place in read_back.system.places] == pd.read_csv(folder / "places.csv")["place"].tolist()


def test_every_step_of_the_beds_is_declared_with_its_size(plain: Path) -> None:
    """Beds rebuilt from the notes of events.csv: a constant base is left over."""
    history, known = extract(plain), events(plain).query("kind == 'bed_change'")
    steps = np.zeros(len(history))
    for event in known.to_dict("records"):
        there = (history["code"] == event["place"]) & history["date"].between(event["from"], event["to"])
        steps[there] += int(event["note"].split()[0])
    base = history["beds"] - steps
    assert history.groupby("code")["beds"].nunique().min() > 1
    assert base.groupby(history["code"]).nunique().eq(1).all()


def test_what_is_planned_is_declared_ahead(plain: Path) -> None:
    known = events(plain)
    assert (known["from"] == pd.Timestamp("2026-12-01")).sum() == 4
    assert known["from"].max() <= pd.Timestamp(LAST_DAY) + pd.Timedelta(days=84)


def test_school_terms_are_like_those_of_an_english_county(plain: Path) -> None:
    """Six a year, Monday to Friday, about 190 working days; never at Christmas, Easter or in August."""
    terms = pd.read_csv(plain / "terms.csv", parse_dates=["from", "to"])
    assert terms["place"].isna().all()
    assert set(terms["from"].dt.weekday) == {0}
    assert set(terms["to"].dt.weekday) == {4}
    assert (terms["from"] > terms["to"].shift()).iloc[1:].all()
    days = days_of(terms)
    year = days[(days >= pd.Timestamp("2024-09-01")) & (days < pd.Timestamp("2025-08-31"))]
    off = holidays.country_holidays("GB", subdiv="ENG", years=[2024, 2025])
    assert 188 <= sum(day.weekday() < 5 and day.date() not in off for day in year) <= 196
    out_of_term = ["2024-10-28", "2024-12-25", "2025-02-17", "2025-04-18", "2025-05-26", "2025-08-13", "2026-04-03"]
    assert not set(pd.to_datetime(out_of_term)) & set(days)


def test_truth_has_the_beds_that_the_extracts_show(warded: Path) -> None:
    shown, table = extract(warded).dropna(subset="beds"), truth(warded).dropna(subset="beds")
    assert shown["beds"].tolist() == table["beds"].tolist()
    assert shown["occupancy"].tolist() == (table["short_occupancy"] + table["long_occupancy"]).tolist()


@pytest.mark.parametrize(
    ("trusts", "sites", "per_trust"), [(1, 1, [1]), (3, 7, [3, 2, 2]), (2, 2, [1, 1]), (1, 5, [5])]
)
def test_sites_are_dealt_to_the_trusts(tmp_path: Path, trusts: int, sites: int, per_trust: list[int]) -> None:
    simulate(tmp_path, seed=1, last_day=LAST_DAY, days=10, trusts=trusts, sites=sites)
    places = pd.read_csv(tmp_path / "places.csv")
    of_kind = places[places["kind"] == "site"]
    assert of_kind.groupby("parent").size().tolist() == per_trust
    assert sorted(extract(tmp_path)["code"].unique()) == sorted(of_kind["place"])


def test_one_day_of_history_is_enough(tmp_path: Path) -> None:
    simulate(tmp_path, seed=1, last_day=LAST_DAY, days=1)
    assert len(extract(tmp_path)) == 4


def test_trust_codes_stay_distinct_in_large_systems() -> None:
    assert len({trust_id(i) for i in range(2000)}) == 2000
    assert [trust_id(0), trust_id(25), trust_id(26)] == ["RXA", "RXZ", "RYA"]


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (Scenario(trusts=3, sites=2),
         "3 trusts cannot share 2 sites, since each trust has at least one. Give at least 3 sites, or fewer trusts."),
        (Scenario(trusts=0, sites=2), "0 trusts were asked for. Give at least 1 trust."),
        (Scenario(days=0), "0 days were asked for. Give at least 1 day."),
        (Scenario(wards=41), "41 wards for each site were asked for. Give 0 to 40."),
        (Scenario(days=27, strikes=True), "27 days are too few for strikes. Give at least 28 days."),
        (Scenario(days=89, lockdown=True), "89 days are too few for a lockdown. Give at least 90 days."),
        (Scenario(days=59, merger=True), "59 days are too few for a merger. Give at least 60 days."),
        (Scenario(sites=2, merger=True), "a merger needs two sites in one trust. Give more sites than trusts."),
        (Scenario(days=239, faults=(FaultKind.GAP,)), "239 days are too few for faults. Give at least 240 days."),
        (Scenario(trusts=1, sites=1, faults=(FaultKind.GAP,)),
         "faults need two sites, since one of them reports late. Give at least 2 sites, 3 with a merger."),
        (Scenario(horizon=85), "a horizon of 85 days was asked for. Give 1 to 84."),
        (Scenario(draws=0), "0 draws were asked for. Give at least 1."),
        (Scenario(days=10, truth_days=(date(2026, 11, 22),)),
         "the truth for 2026-11-22 was asked for. Give a day of the history, 2026-11-12 to 2026-11-21."),
    ],
)  # fmt: skip
def test_an_impossible_scenario_is_rejected_and_nothing_is_written(
    tmp_path: Path, scenario: Scenario, sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        simulate(tmp_path, 1, LAST_DAY, scenario)
    assert str(raised.value) == f"Simulating a system: {sentence}"
    assert files(tmp_path) == {}


def test_a_negative_seed_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the seed is -1\. Give a seed of 0 or more\."):
        simulate(tmp_path, -1, LAST_DAY)


@pytest.mark.parametrize(
    ("inject_faults", "sentence"),
    [
        (lambda out: (out / "extract" / "real.csv").write_text("code,date\n"), r"extract already holds real\.csv"),
        (lambda out: (out / "truth" / "2020-01-01.parquet").write_bytes(b""), r"holds 2020-01-01\.parquet"),
        (lambda out: (out / "faults.csv").write_text("fault\n"), r"already holds faults\.csv"),
    ],
)
def test_files_of_something_else_are_never_mixed_in(
    tmp_path: Path, inject_faults: Callable[[Path], object], sentence: str
) -> None:
    (tmp_path / "extract").mkdir()
    (tmp_path / "truth").mkdir()
    inject_faults(tmp_path)
    before = files(tmp_path)
    with pytest.raises(UsageError, match=sentence):
        simulate(tmp_path, seed=1, last_day=LAST_DAY)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ([], []),
        (["gap"], [FaultKind.GAP]),
        (["text, gap", "spike"], [FaultKind.GAP, FaultKind.SPIKE, FaultKind.TEXT]),
        (["gap,all"], list(FaultKind)),
    ],
)
def test_faults_are_named_in_any_order(options: list[str], kinds: list[FaultKind]) -> None:
    assert list(faults(options)) == kinds


def test_an_unknown_fault_is_rejected_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"--faults: found 'spke', which is no fault\. Did you mean spike\?"):
        faults(["gap,spke"])
