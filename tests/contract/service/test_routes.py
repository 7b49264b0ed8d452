"""Every v1 route answers as its schema says, and says of which publication."""

import pytest
from pydantic import BaseModel

from publication.document import digest
from service.routes import schemas
from service.routes.control_schemas import ControlAnswer
from tests.builders import CUTOFF, PLACES, build_publication
from tests.contract.service.client import Client

ROUTES: list[tuple[str, type[BaseModel]]] = [
    ("/v1/system", schemas.SystemAnswer),
    ("/v1/publications", schemas.PublicationsAnswer),
    ("/v1/series", schemas.SeriesAnswer),
    ("/v1/forecasts", schemas.ForecastsAnswer),
    ("/v1/forecasts/RXH/occupancy", schemas.DetailAnswer),
    ("/v1/forecasts/RXH/attendances/adult", schemas.DetailAnswer),
    ("/v1/scores", schemas.ScoresAnswer),
    ("/v1/scores?by=series,leads,regime", schemas.ScoresAnswer),
    ("/v1/control", ControlAnswer),
    ("/readyz", schemas.ReadyAnswer),
]


@pytest.mark.parametrize(("address", "schema"), ROUTES)
def test_a_body_is_what_its_schema_says(client: Client, address: str, schema: type[BaseModel]) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    schema.model_validate_json(response.content)


@pytest.mark.parametrize("address", [address for address, _ in ROUTES])
def test_every_body_names_its_publication(client: Client, address: str) -> None:
    assert client.get(address).json()["publication"] == {
        "system": "northshire",
        "cutoff": "2026-11-21",
        "revision": 1,
        "issued_at": "2026-11-22T05:02:11Z",
        "digest": digest(build_publication()),
        "champion": {"name": "northshire", "version": 7, "run_id": "4f1c9a"},
        "data_digest": "sha256:data",
        "notes": [],
        "freshness": "fresh",
    }


def test_the_service_is_alive_whatever_it_serves(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


def test_the_system_lists_the_tree_of_places(client: Client) -> None:
    places = client.get("/v1/system").json()["system"]["places"]
    assert [(place["id"], place["parent"]) for place in places] == [(place.id, place.parent) for place in PLACES]


def test_publications_are_listed_newest_first_with_their_revisions(client: Client) -> None:
    listed = client.get("/v1/publications").json()["publications"]
    assert [(item["cutoff"], item["revision"], item["fallbacks"]) for item in listed] == [
        ("2026-11-21", 1, 1),
        ("2026-11-20", 2, 1),
        ("2026-11-20", 1, 1),
        ("2026-11-14", 1, 1),
    ]
    assert client.get("/v1/publications?limit=2").json()["publications"] == listed[:2]


def test_series_show_unit_last_actual_and_why_a_fallback_stands_in(client: Client) -> None:
    series = {item["unique_id"]: item for item in client.get("/v1/series").json()["series"]}
    assert len(series) == 49
    assert series["RXH1/occupancy"]["unit"] == "beds"
    assert series["RXH1/occupancy"]["last_actual"]["ds"] == CUTOFF.isoformat()
    assert [key for key, item in series.items() if item["fallback"]] == ["RXK2/occupancy"]
    reason = "AutoETS gave a value that is not a number on 2026-11-24"
    about = {"kind": "fallback", "place": "RXK2", "series": "RXK2/occupancy"}
    assert series["RXK2/occupancy"]["notes"] == [about | {"text": reason}]
    assert series["RXH1/occupancy"]["notes"] == []


def test_series_take_the_same_filters_as_forecasts(client: Client) -> None:
    series = client.get("/v1/series?under=RXK&measure=attendances&stream=adult").json()["series"]
    assert [item["unique_id"] for item in series] == [f"{place}/attendances/adult" for place in ("RXK", "RXK1", "RXK2")]


def test_one_series_carries_its_recent_actuals_and_the_reason_of_its_fallback(client: Client) -> None:
    (forecast,) = client.get("/v1/forecasts/RXK2/occupancy").json()["forecasts"]
    assert len(forecast["recent"]) == 56
    assert forecast["recent"][-1]["ds"] == "2026-11-21"
    assert forecast["fallback"] is True
    (note,) = forecast["notes"]
    assert note["text"].startswith("AutoETS gave")
    assert len(forecast["days"]) == 28
