"""Pressure as a table: the rows are those of the nested JSON, the filters are those of pandas, targets are reached."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import duckdb
import pandas as pd
import pytest

from publication.store import Store, default_url
from tests.builders import build_publication
from tests.contract.service.client import Client, Clock, serve

PLACES = ["northshire", "RXH", "RXK", "RXH1", "RXH2", "RXK1", "RXK2"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    store = Store(default_url(tmp_path_factory.mktemp("pressure")))
    store.prepare()
    store.issue(build_publication(with_drivers=True, with_headroom=True))
    with serve(store, Clock()) as running:
        yield running
    store.close()


def nested(client: Client, query: str = "") -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/v1/pressure?{query}").json()
    return body


def table(client: Client, query: str = "") -> pd.DataFrame:
    return pd.read_csv(StringIO(client.get(f"/v1/pressure?format=csv&{query}").text))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "beds=RXH1:+12&discharges=RXK2:-3/day",
        "under=RXK&horizon=3&quantiles=0.1,0.9",
        "limit=2",
        "rate=0.85&confidence=0.9",
    ],
)
def test_rows_are_those_of_the_nested_json(client: Client, query: str) -> None:
    body = nested(client, query)
    names = {"occupancy": "occupancy_q", "headroom": "headroom_q", "over": "over_", "short": "short_"}
    expected = [
        {"place": place["place"], "parent": place["parent"], "name": place["name"], "ds": day["ds"]}
        | {"lead": day["lead"], "beds": day["beds"]}
        | {f"{column}{key}": value for kind, column in names.items() for key, value in day[kind].items()}
        | {"is_worst_day": day["ds"] == place["worst_day"]}
        | {"needed": place["discharges_needed"] if day["ds"] == place["worst_day"] else None}
        for place in body["places"]
        for day in place["days"]
    ]
    found = table(client, query).rename(columns={"discharges_needed": "needed"})
    wanted = pd.DataFrame(expected)
    found_columns = found[list(wanted.columns)]
    pd.testing.assert_frame_equal(
        found_columns.astype(object).where(found_columns.notna(), None),
        wanted.astype(object).where(wanted.notna(), None),
    )
    assert found.groupby("place")["is_worst_day"].sum().eq(1).all()
    assert found.drop_duplicates("place")["rank"].tolist() == list(range(1, len(body["places"]) + 1))


def test_every_form_holds_the_same_rows(client: Client) -> None:
    in_rows = client.get("/v1/pressure?shape=rows").json()
    lines = client.get("/v1/pressure?format=ndjson").text.splitlines()
    assert in_rows["rows"] == [json.loads(line) for line in lines]
    assert list(in_rows["rows"][0]) == list(table(client).columns)
    assert len(lines) == len(PLACES) * 28


def test_beds_of_sites_add_up_to_their_parents(client: Client) -> None:
    pressure = table(client)
    sums = duckdb.execute("SELECT parent AS place, ds, sum(beds) AS beds FROM pressure GROUP BY ALL").df()
    both = sums.merge(pressure, on=["place", "ds"])
    assert len(both) == 3 * 28
    assert both["beds_x"].to_numpy() == pytest.approx(both["beds_y"].to_numpy(), abs=1e-3)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("place=RXH1", ["RXH1"]),
        ("place=RXH1,RXK2", ["RXH1", "RXK2"]),
        ("place=RXH1&place=RXK2&under=RXK", ["RXK2"]),
        ("under=RXH", ["RXH", "RXH1", "RXH2"]),
    ],
)
def test_places_are_those_that_are_selected(client: Client, query: str, places: list[str]) -> None:
    assert sorted(item["place"] for item in nested(client, query)["places"]) == places


def test_a_limit_gives_the_worst(client: Client) -> None:
    everything = [item["place"] for item in nested(client)["places"]]
    for n in (1, 3, 100):
        assert [item["place"] for item in nested(client, f"limit={n}")["places"]] == everything[:n]


def test_places_are_ranked_by_the_days_that_are_selected(client: Client) -> None:
    for item in nested(client, "from=2026-11-24&to=2026-11-27")["places"]:
        assert [day["ds"] for day in item["days"]] == ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"]
        chances = {day["ds"]: sum(day["over"].values()) for day in item["days"]}
        assert chances[item["worst_day"]] == pytest.approx(max(chances.values()))
    assert {item["worst_day"] for item in nested(client, "from=2027-01-01")["places"]} == {None}


@pytest.mark.parametrize(("rate", "confidence"), [(0.92, 0.8), (0.85, 0.8), (0.95, 0.93), (1.0, 0.875), (0.85, 0.55)])
def test_the_discharges_needed_reach_the_target_that_is_asked_for(
    client: Client, rate: float, confidence: float
) -> None:
    """A tenth of a discharge is given at most too much; of thresholds the chance is published."""
    asked = f"place=RXH1&rate={rate}&confidence={confidence}"
    (before,) = nested(client, asked)["places"]
    needed, worst = before["discharges_needed"], before["worst_day"]

    def chance(extra: float) -> float:
        query = f"place=RXH1&discharges=RXH1:{extra:.1f}/day" if extra > 0 else "place=RXH1"
        (item,) = nested(client, query)["places"]
        return next(float(day["over"][str(rate)]) for day in item["days"] if day["ds"] == worst)

    assert chance(needed) <= 1 - confidence + 1e-4
    assert needed == 0 or chance(needed - 0.2) > 1 - confidence


def test_targets_are_echoed_and_name_the_chances_of_mutual_aid(client: Client) -> None:
    body = nested(client, "aid_rate=0.85&aid_confidence=0.6&rate=0.9")
    assert body["targets"] == {"rate": 0.9, "confidence": 0.8, "aid_rate": 0.85, "aid_confidence": 0.6}
    for item in body["mutual_aid"]:
        assert {"over_0.85_before", "over_0.85_after"} <= item.keys()
        assert item["over_0.85_before"] > 0.4
    assert nested(client)["targets"] == {"rate": 0.92, "confidence": 0.8, "aid_rate": 0.95, "aid_confidence": 0.8}


def test_a_scenario_gives_the_same_after_others_were_computed(client: Client, clock: Clock, empty_store: Store) -> None:
    """A service that has just begun holds nothing of the places that a scenario does not touch."""
    scenarios = ["beds=RXH1:-60", "discharges=RXK:+4/day", "beds=RXH1:-60,RXK2:+8&discharges=RXH2:2/day"]
    empty_store.issue(build_publication(with_drivers=True, with_headroom=True))
    for query in scenarios:
        with serve(empty_store, clock) as fresh:
            expected = nested(fresh, query)
        assert nested(client, query)["places"] == expected["places"]
        assert nested(client, query)["mutual_aid"] == expected["mutual_aid"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("rate=0", "rate"),
        ("rate=-1", "rate"),
        ("rate=nan", "rate"),
        ("rate=inf", "rate"),
        ("rate=92", "rate"),
        ("rate=0.9,0.8", "rate"),
        ("confidence=1", "confidence"),
        ("confidence=0", "confidence"),
        ("confidence=80", "confidence"),
        ("aid_rate=", "aid_rate"),
        ("aid_confidence=1e-9", "aid_confidence"),
        ("limit=0", "limit"),
        ("quantiles=0.123", "quantiles"),
        ("measure=beds", "measure"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_names_it(client: Client, query: str, parameter: str) -> None:
    answer = client.get(f"/v1/pressure?{query}")
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]
