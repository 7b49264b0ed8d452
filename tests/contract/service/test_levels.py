"""Levels of escalation and net flow: by place and day, in a scenario, for a key of one place, and in metrics."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from publication.levels import EscalationLevel
from publication.model import Headroom, Place, Publication
from publication.pressure import headroom_levels
from publication.store import Store, default_url
from service.observability.collector import MAX_PLACES_WITH_LEVEL
from tests.builders import build_publication, build_system
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch

Body = dict[str, Any]
LEVELS = (
    EscalationLevel("amber", "over 0.95 >= 40 %", "gold", ""),
    EscalationLevel("red", "over 1 >= 45 % or short 5 >= 90 %", "#d4351c", "Open beds."),
)
BEDS = 100.0
SPARE = {"RXH1": (4.5, 5.5, 15.5), "RXH2": (14.5, 14.5, 14.5)}  # median headroom of three days; elsewhere 30
# Each percent of chance is a bed of headroom. Where the median is 4.5, P(over 0.95), fewer than 4.5 beds free, is 50 %,
# and P(over 1), fewer than -0.5, is 45 %. Each bed more is a percent less.
EXPECTED = {"RXH1": ["red", "amber", None], "RXH2": ["amber", "amber", "amber"], "RXH": [None, None, None]}


def with_spare(made: Publication) -> Publication:
    """The publication of three days with headroom around `SPARE`, one bed for each percent, and net flow."""
    levels = headroom_levels(made.system)

    def of(place: str) -> Headroom:
        spare = SPARE.get(place, (30.0,) * 3)
        rows = tuple(tuple(median + 100 * (level - 0.5) for level in levels) for median in spare)
        three = ((80.0, 90.0, 100.0),) * 3
        flow = () if place == "RXK1" else ((-9.0, 1.0, 9.0), (-8.0, 2.0, 8.0), (-7.0, 3.0, 7.0))
        return Headroom(place, (BEDS,) * 3, three, rows, (0.5, 1.25, 2.0), (), flow)

    return replace(made, headroom=tuple(of(place.id) for place in made.system.places))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    found = Store(default_url(tmp_path_factory.mktemp("levels")))
    found.prepare()
    system = build_system(horizon_days=3, quantiles=(0.1, 0.5, 0.9), levels=LEVELS)
    found.issue(with_spare(build_publication(system=system)))
    yield found
    found.close()


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[Client]:
    with serve(store, Clock()) as running:
        yield running


def days(client: Client, place: str, query: str = "", **headers: str) -> list[Body]:
    body = client.get(f"/v1/pressure?{query}", **headers).json()
    return next(list(item["days"]) for item in body["places"] if item["place"] == place)


def levels(client: Client, place: str, query: str = "") -> list[str | None]:
    return [day["level"] for day in days(client, place, query)]


@pytest.mark.parametrize("place", EXPECTED)
def test_each_day_has_the_highest_level_reached(client: Client, place: str) -> None:
    assert levels(client, place) == EXPECTED[place]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("beds=RXH1:+1", ["amber", "amber", None]),
        ("beds=RXH1:+20", [None, None, None]),
        ("beds=RXH1:-20", ["red", "red", "red"]),
        ("beds=RXH2:-20", ["red", "amber", None]),
        ("discharges=RXH1:+8/day", ["amber", None, None]),
    ],
)
def test_a_scenario_has_levels_of_its_own(client: Client, query: str, expected: list[str | None]) -> None:
    assert levels(client, "RXH1", query) == expected


def test_net_flow_is_given_where_both_flows_are_counted(client: Client) -> None:
    assert [day["net_flow"] for day in days(client, "RXH1")] == [
        {"0.1": -9.0, "0.5": 1.0, "0.9": 9.0},
        {"0.1": -8.0, "0.5": 2.0, "0.9": 8.0},
        {"0.1": -7.0, "0.5": 3.0, "0.9": 7.0},
    ]
    assert [day["net_flow"] for day in days(client, "RXK1")] == [None, None, None]


def test_further_discharges_lower_net_flow_by_the_beds_they_free_on_the_day(client: Client) -> None:
    """Two a day free 1, 2.5 and 4 beds by the three days: 1, 1.5 and 1.5 more each day. Beds change no flow."""
    changed = "discharges=RXH1:+2/day"
    assert [day["net_flow"]["0.5"] for day in days(client, "RXH1", changed)] == [0.0, 0.5, 1.5]
    assert [day["net_flow"]["0.5"] for day in days(client, "northshire", changed)] == [0.0, 0.5, 1.5]
    assert [day["net_flow"]["0.5"] for day in days(client, "RXH2", changed)] == [1.0, 2.0, 3.0]
    assert [day["net_flow"]["0.5"] for day in days(client, "RXH1", "beds=RXH1:+5")] == [1.0, 2.0, 3.0]
    assert [day["net_flow"] for day in days(client, "RXK1", "discharges=RXK1:+2/day")] == [None, None, None]


def test_the_system_lists_its_levels_from_the_lowest(client: Client) -> None:
    assert client.get("/v1/system").json()["system"]["levels"] == [
        {"name": "amber", "when": "over 0.95 >= 40 %", "colour": "gold", "action": ""},
        {"name": "red", "when": "over 1 >= 45 % or short 5 >= 90 %", "colour": "#d4351c", "action": "Open beds."},
    ]


def test_a_key_of_one_place_has_the_levels_of_the_system(store: Store, bunch: Bunch) -> None:
    key = bunch.bearer("trust-h")
    with serve(store, Clock(), keys=bunch.store) as client:
        places = client.get("/v1/pressure", authorization=key).json()["places"]
        system = client.get("/v1/system", authorization=key).json()["system"]
    assert {of["place"]: [day["level"] for day in of["days"]] for of in places} == EXPECTED
    assert [level["name"] for level in system["levels"]] == ["amber", "red"]


def present_levels(client: Client) -> dict[str, float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    [found] = [family for family in families if family.name == "headroom_place_escalation_level"]
    return {sample.labels["place"]: sample.value for sample in found.samples}


ALL_CALM = dict.fromkeys(("northshire", "RXH", "RXK", "RXK1", "RXK2"), 0.0)


@pytest.mark.parametrize(
    ("days_later", "expected"),
    [
        (0, {**ALL_CALM, "RXH1": 2.0, "RXH2": 1.0}),
        (1, {**ALL_CALM, "RXH1": 1.0, "RXH2": 1.0}),
        (2, {**ALL_CALM, "RXH1": 0.0, "RXH2": 1.0}),
        (3, {}),
    ],
)
def test_metrics_have_the_level_of_today(store: Store, days_later: int, expected: dict[str, float]) -> None:
    clock = Clock()
    clock.now += timedelta(days=days_later)
    with serve(store, clock) as client:
        assert present_levels(client) == expected


def test_a_system_without_levels_has_no_level_and_no_sample(tmp_path: Path) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(with_spare(build_publication(system=build_system(horizon_days=3, quantiles=(0.1, 0.5, 0.9)))))
    with serve(store, Clock()) as client:
        assert client.get("/v1/system").json()["system"]["levels"] == []
        assert levels(client, "RXH1") == [None, None, None]
        assert present_levels(client) == {}
    store.close()


def test_metrics_have_so_many_places_the_highest_levels_first(tmp_path: Path) -> None:
    root = Place("northshire", None, "Northshire", "system")
    sites = tuple(Place(f"S{n}", "northshire", f"Site {n}", "site") for n in range(MAX_PLACES_WITH_LEVEL))
    under_pressure = (Place("RXH2", "northshire", "Quay", "site"), Place("RXH1", "northshire", "Harbour", "site"))
    system = build_system(
        horizon_days=3, quantiles=(0.1, 0.5, 0.9), places=(root, *sites, *under_pressure), levels=LEVELS
    )
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(with_spare(build_publication(system=system, recent_days=1)))
    with serve(store, Clock()) as client:
        found = present_levels(client)
    store.close()
    assert len(found) == MAX_PLACES_WITH_LEVEL
    assert (found["RXH1"], found["RXH2"], found["northshire"]) == (2.0, 1.0, 0.0)
