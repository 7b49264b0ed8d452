"""Pressure: complete, worst first, consistent, and shifted as asked."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import norm

from publication.pressure import headroom_levels
from publication.store import Store, default_url
from service.errors import MAX_PRINTED_VALUES
from tests.builders import build_publication
from tests.contract.service.client import Client, Clock, serve

Body = dict[str, Any]
PLACES = ["northshire", "RXH", "RXK", "RXH1", "RXH2", "RXK1", "RXK2"]
CROWDED = {"RXK1": 25.0, "RXH1": -3.0, "RXH2": 90.0}  # mean headroom on the fifth day: the others keep theirs


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Every place has headroom and drivers; at St Anne's there is room, at Harbour General none."""
    store = Store(default_url(tmp_path_factory.mktemp("pressure")))
    store.prepare()
    made = build_publication(with_drivers=True, with_headroom=True)
    levels = headroom_levels(made.system)
    left = tuple(
        replace(
            of,
            headroom=tuple(
                tuple(norm(CROWDED[of.place], 12).ppf(levels).tolist()) if i == 4 else row
                for i, row in enumerate(of.headroom)
            ),
        )
        if of.place in CROWDED
        else of
        for of in made.headroom
    )
    store.issue(replace(made, headroom=left))
    with serve(store, Clock()) as running:
        yield running
    store.close()


def pressure(client: Client, query: str = "") -> Body:
    body: Body = client.get(f"/v1/pressure?{query}").json()
    return body


def of(body: Body, place: str) -> Body:
    return next(item for item in body["places"] if item["place"] == place)


def test_every_place_has_every_day(client: Client) -> None:
    body = pressure(client)
    assert body["what_if"] == {"beds": {}, "discharges": {}}
    assert sorted(item["place"] for item in body["places"]) == sorted(PLACES)
    for item in body["places"]:
        assert [day["lead"] for day in item["days"]] == list(range(1, 29))
        assert list(item["peak"]) == ["3", "7", "14"]
        assert item["worst_day"] in [day["ds"] for day in item["days"]]
        assert item["driver"] == "residual"  # of the builder: 4 for the weekday, and a tenth of the mean less 4


def test_the_place_with_the_worst_day_comes_first(client: Client) -> None:
    def worst(item: Body) -> float:
        return max(float(sum(day["over"].values())) for day in item["days"])

    ranked = [worst(item) for item in pressure(client)["places"]]
    assert ranked == sorted(ranked, reverse=True)


def test_chances_fall_with_threshold_and_number_of_beds(client: Client) -> None:
    for item in pressure(client)["places"]:
        for day in item["days"]:
            for kind, keys in (("over", ["0.85", "0.92", "0.95", "1.0"]), ("short", ["1", "5", "10", "20"])):
                assert list(day[kind]) == keys
                assert all(a >= b for a, b in pairwise(day[kind].values()))
            assert day["over"]["1.0"] == day["short"]["1"]
            assert list(day["headroom"].values()) == sorted(day["headroom"].values())


def test_further_beds_shift_headroom_of_the_place_and_all_above_it(client: Client) -> None:
    before, after = pressure(client), pressure(client, "beds=RXH1:+12")
    assert after["what_if"]["beds"] == {"RXH1": 12}
    for place in PLACES:
        added = 12 if place in ("RXH1", "RXH", "northshire") else 0
        for was, now in zip(of(before, place)["days"], of(after, place)["days"], strict=True):
            assert now["beds"] == pytest.approx(was["beds"] + added)
            assert now["occupancy"] == was["occupancy"]
            assert now["headroom"] == pytest.approx({k: v + added for k, v in was["headroom"].items()}, abs=2e-4)
            assert all(now["over"][k] <= was["over"][k] for k in was["over"])
        assert of(after, place)["peak"] == of(before, place)["peak"]


def test_a_place_loses_no_more_beds_than_it_has_and_its_parents_no_more_either(client: Client) -> None:
    before, after = pressure(client), pressure(client, "beds=RXH1:-99999")
    for was, lost, now in zip(
        of(before, "RXH")["days"], of(before, "RXH1")["days"], of(after, "RXH")["days"], strict=True
    ):
        assert now["beds"] == pytest.approx(was["beds"] - lost["beds"])
        assert now["headroom"]["0.5"] == pytest.approx(was["headroom"]["0.5"] - lost["beds"], abs=2e-4)
    assert {day["beds"] for day in of(after, "RXH1")["days"]} == {0.0}


def test_a_place_sends_no_more_patients_home_than_it_may_have(client: Client) -> None:
    before, after = pressure(client), pressure(client, "discharges=RXH1:99999/day")
    for was, emptied, now in zip(
        of(before, "RXH")["days"], of(before, "RXH1")["days"], of(after, "RXH")["days"], strict=True
    ):
        gone = was["occupancy"]["0.5"] - now["occupancy"]["0.5"]
        assert gone == pytest.approx(emptied["occupancy"]["0.975"], abs=2e-4)
    assert {value for day in of(after, "RXH1")["days"] for value in day["occupancy"].values()} == {0.0}


def test_further_discharges_empty_beds_more_each_day_until_those_would_have_left_anyway(client: Client) -> None:
    before, after = pressure(client), pressure(client, "discharges=RXK1:%2B5/day")
    freed = [
        was["occupancy"]["0.5"] - now["occupancy"]["0.5"]
        for was, now in zip(of(before, "RXK1")["days"], of(after, "RXK1")["days"], strict=True)
    ]
    assert freed[:2] == pytest.approx([5.0, 9.5], abs=1e-3)  # a tenth of the first five would have left on the second
    assert freed[-1] == pytest.approx(5 * (1 - 0.9**28) / 0.1, abs=0.01)
    for was, now in zip(of(before, "RXK")["days"], of(after, "RXK")["days"], strict=True):
        moved = was["occupancy"]["0.5"] - now["occupancy"]["0.5"]
        assert now["headroom"]["0.5"] - was["headroom"]["0.5"] == pytest.approx(moved, abs=2e-4)
    peak = [of(body, "RXK1")["peak"]["7"]["0.9"] for body in (before, after)]
    assert peak[0] - peak[1] == pytest.approx((5.0 + 9.5) / 2, abs=0.01)  # half way between the first two days


def test_no_change_is_no_change(client: Client) -> None:
    assert pressure(client, "beds=RXH1:0")["places"] == pressure(client)["places"]
    assert pressure(client, "beds=RXH1:+12,RXK:-3")["places"] == pressure(client, "beds=RXK:-3,RXH1:12")["places"]


def test_the_discharges_needed_keep_the_place_calm_with_80_percent(client: Client) -> None:
    item = of(pressure(client), "RXH1")
    needed = item["discharges_needed"]
    assert item["worst_day"] == item["days"][4]["ds"]
    assert needed > 0
    with_them, with_fewer = (
        of(pressure(client, f"discharges=RXH1:+{extra:.1f}/day"), "RXH1")["days"][4]["over"]["0.92"]
        for extra in (needed, needed - 1)
    )
    assert with_them <= 0.2 < with_fewer


def test_a_sibling_with_room_helps_one_without(client: Client) -> None:
    aid = pressure(client)["mutual_aid"]
    first = next(item for item in aid if item["to"] == "RXH1")
    assert first["from"] == "RXH2"
    item = of(pressure(client), "RXH1")
    assert first["ds"] == item["worst_day"]
    assert first["over_0.95_before"] == item["days"][4]["over"]["0.95"]
    assert first["over_0.95_after"] <= 0.2 < first["over_0.95_before"]
    # 374 beds, of which 0.95 x 374 = 355.3: the chance that more than 355 are occupied, by a normal of sd 12
    beds = round(item["days"][4]["beds"])
    assert first["over_0.95_before"] == pytest.approx(norm(beds + 3, 12).sf(int(0.95 * beds) + 0.5), abs=2e-3)
    assert first["over_0.95_after"] == pytest.approx(
        norm(beds + 3 - first["beds"], 12).sf(int(0.95 * beds) + 0.5), abs=2e-3
    )


def test_help_on_one_day_is_not_counted_on_another(tmp_path: Path) -> None:
    """Harbour General is helped on the fifth day, its worst. On the second, St Anne's worst, it is short itself."""
    made = build_publication(with_drivers=True, with_headroom=True)
    levels = headroom_levels(made.system)
    crowded = {("RXH1", 4): -5.0, ("RXH2", 4): 90.0, ("RXH1", 1): 20.0, ("RXH2", 1): 23.0}

    def row(place: str, day: int) -> tuple[float, ...]:
        return tuple(norm(crowded.get((place, day), 90.0), 6).ppf(levels).tolist())

    left = tuple(
        replace(of, headroom=tuple(row(of.place, day) for day in range(len(of.headroom)))) for of in made.headroom
    )
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(replace(made, headroom=left))
    with serve(store, Clock()) as client:
        body = pressure(client)
    store.close()
    assert [of(body, place)["worst_day"] for place in ("RXH1", "RXH2")] == ["2026-11-26", "2026-11-23"]
    second_day = {place: of(body, place)["days"][1]["over"]["0.95"] for place in ("RXH1", "RXH2")}
    assert min(second_day.values()) > 0.2
    assert [(aid["from"], aid["to"], aid["ds"]) for aid in body["mutual_aid"]] == [("RXH2", "RXH1", "2026-11-26")]


@pytest.mark.parametrize("query", [
    "beds=" + ",".join(f"RXZ{n % 30}:1" for n in range(3000)),
    "&".join(f"x{n}" for n in range(2000)),
])  # fmt: skip
def test_of_thousands_of_mistakes_some_are_listed(client: Client, query: str) -> None:
    errors = client.get(f"/v1/pressure?{query}").json()["errors"]
    assert len({error["parameter"] + error["found"] for error in errors}) == MAX_PRINTED_VALUES


@pytest.mark.parametrize(
    ("query", "places", "days"), [("under=RXH", 3, 28), ("under=RXK2", 1, 28), ("horizon=2", 7, 2)]
)
def test_filters(client: Client, query: str, places: int, days: int) -> None:
    body = pressure(client, query)
    assert len(body["places"]) == places
    assert {len(item["days"]) for item in body["places"]} == {days}
    shown = {item["place"] for item in body["places"]}
    assert all({item["from"], item["to"]} <= shown for item in body["mutual_aid"])


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("beds=RXH", 422, "beds"),
        ("beds=RXH:", 422, "beds"),
        ("beds=RXH:lots", 422, "beds"),
        ("beds=RXH:nan", 422, "beds"),
        ("beds=RXH:1e5", 422, "beds"),
        ("beds=RXH:+1,RXH:+2", 422, "beds"),
        ("beds=RXH:+999999", 422, "beds"),
        ("beds=RXH:+5/day", 422, "beds"),
        ("discharges=RXH:+5/week", 422, "discharges"),
        ("discharges=:+5", 422, "discharges"),
        ("beds=RZZ:+5", 404, "beds"),
        ("under=RZZ", 404, "under"),
        ("horizon=99", 422, "horizon"),
        ("measure=occupancy", 422, "measure"),
        ("beds=RXH:%2B1&beds=RXK:%2B1", 422, "beds"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_names_it(
    client: Client, query: str, status: int, parameter: str
) -> None:
    answer = client.get(f"/v1/pressure?{query}")
    assert answer.status_code == status
    assert [finding["parameter"] for finding in answer.json()["errors"]] == [parameter]


def test_a_publication_without_headroom_has_no_places_and_says_so(tmp_path: Path) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(build_publication())
    with serve(store, Clock()) as running:
        assert pressure(running)["places"] == []
        answer = running.get("/v1/pressure?beds=RXH:+5")
        assert answer.status_code == 404
        assert "no pressure is published" in answer.json()["detail"]
    store.close()
