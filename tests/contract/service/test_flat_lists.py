"""Lists as flat rows: each form holds the same, filters select what pandas and DuckDB select, and names join."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import duckdb
import pandas as pd
import pytest

from publication.model import Place
from publication.store import Store, default_url
from publication.vocabulary import Check, Treatment
from tests.builders import (
    CUTOFF,
    FINDINGS,
    PLACES,
    build_live_scores,
    build_publication,
    build_system,
    counted_at_weekends,
    finding,
)
from tests.contract.service.client import Client, Clock, serve

SILENT = finding("RXK2/discharges", Check.SILENT, range(10), Treatment.NOT_FORECAST, "no value since 2026-11-11")
LISTS = ["places", "series", "actuals", "forecasts", "findings", "scores", "control", "publications"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """No discharges are forecast: Moorside's have stopped. Attendances of Kingsmoor Royal are counted at weekends."""
    store = Store(default_url(tmp_path_factory.mktemp("flat")))
    store.prepare()
    store.issue(build_publication(CUTOFF - timedelta(days=1)))
    made = counted_at_weekends(build_publication(findings=(*FINDINGS, SILENT)), "RXK1")
    store.issue(replace(made, series=tuple(of for of in made.series if of.key.measure != SILENT.key.measure)))
    store.save_live_scores(build_live_scores())
    with serve(store, Clock()) as running:
        yield running
    store.close()


def rows(client: Client, address: str) -> pd.DataFrame:
    """Return the rows of JSON, as pandas loads them."""
    answer = client.get(f"{address}{'&' if '?' in address else '?'}shape=rows")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["publication"]["cutoff"] == CUTOFF.isoformat()
    return pd.DataFrame(answer.json()["rows"])


def table(client: Client, address: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(client.get(f"{address}{'&' if '?' in address else '?'}format=csv").text))


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The values as objects, None where there is none."""
    return frame.astype(object).where(frame.notna(), None)


@pytest.mark.parametrize("name", LISTS)
def test_every_form_of_a_list_holds_the_same(client: Client, name: str) -> None:
    in_csv, in_rows = table(client, f"/v1/{name}"), rows(client, f"/v1/{name}")
    lines = client.get(f"/v1/{name}", accept="application/x-ndjson").text.splitlines()
    assert list(in_csv.columns) == list(in_rows.columns)
    assert len(in_csv) > 0
    pd.testing.assert_frame_equal(pd.DataFrame(map(json.loads, lines)), in_rows)
    pd.testing.assert_frame_equal(plain(in_csv), plain(in_rows))


def test_rows_of_forecasts_are_those_of_the_nested_list(client: Client) -> None:
    body = client.get("/v1/forecasts").json()
    meta: list[str | list[str]] = ["unique_id", "place", "measure", "stream", "model", "fallback"]
    nested = pd.json_normalize(body["forecasts"], record_path="days", meta=meta)
    nested = nested.rename(columns=lambda name: name.replace("quantiles.", "q"))
    nested["cutoff"] = body["publication"]["cutoff"]
    flat_rows = rows(client, "/v1/forecasts")
    pd.testing.assert_frame_equal(nested[list(flat_rows.columns)], flat_rows, check_dtype=False)


def test_rows_of_actuals_are_those_of_the_nested_list(client: Client) -> None:
    nested = pd.json_normalize(
        client.get("/v1/actuals").json()["actuals"],
        record_path="days",
        meta=["unique_id", "place", "measure", "stream", "unit"],
    )
    found = rows(client, "/v1/actuals")
    pd.testing.assert_frame_equal(plain(nested[list(found.columns)]), plain(found))
    doubted = found[found["check"].notna()].groupby(["unique_id", "check"]).size().to_dict()
    assert doubted == {
        ("RXH1/occupancy", "frozen"): 7,
        ("RXH1/attendances", "spike"): 1,
        ("RXK2/admissions", "gap"): 2,
        ("RXK1/attendances/adult", "suppressed"): 1,
    }


def test_actuals_of_one_series_are_those_of_its_detail(client: Client) -> None:
    (detail,) = client.get("/v1/forecasts/RXH1/occupancy").json()["forecasts"]
    (listed,) = client.get("/v1/actuals?place=RXH1&measure=occupancy").json()["actuals"]
    assert listed["days"] == detail["recent"]
    assert len(listed["days"]) == 56


def test_actuals_of_sites_add_up_to_their_parents_by_a_join_with_places(client: Client) -> None:
    """The builder rounds each actual to an integer, so a parent of two is within one of their sum."""
    actuals, places = table(client, "/v1/actuals?measure=occupancy"), table(client, "/v1/places")
    [(off,)] = duckdb.execute(
        """
        SELECT max(abs(parents.y - sums.y)) FROM actuals AS parents
        JOIN (SELECT places.parent, ds, sum(y) AS y FROM actuals JOIN places USING (place) GROUP BY ALL) AS sums
        ON parents.place = sums.parent AND parents.ds = sums.ds
        """
    ).fetchall()
    assert 0 <= off <= 1
    assert {"actuals", "places"} <= set(locals())  # DuckDB reads them by name


def test_places_have_their_parents_names_and_depths(client: Client) -> None:
    found = client.get("/v1/places").json()["places"]
    assert [(item["place"], item["parent"], item["name"], item["kind"]) for item in found] == [
        (place.id, place.parent, place.name, place.kind) for place in PLACES
    ]
    assert [item["depth"] for item in found] == [0, 1, 1, 2, 2, 2, 2]
    assert [item["place"] for item in client.get("/v1/places?under=RXK").json()["places"]] == ["RXK", "RXK1", "RXK2"]


def test_series_have_unit_last_actual_and_state_and_stopped_ones_no_model(client: Client) -> None:
    found = {row["unique_id"]: row for row in client.get("/v1/series?shape=rows").json()["rows"]}
    prompt = {"unit": "beds", "model": "combination", "last_actual_ds": "2026-11-21", "state": "prompt"}
    assert found["RXH1/occupancy"].items() >= prompt.items()
    stopped = {"unit": "discharges", "model": None, "state": "silent", "since": "2026-11-12", "last_actual_y": None}
    assert found["RXK2/discharges"].items() >= (stopped | {"treatment": "not forecast"}).items()


@pytest.mark.parametrize("name", ["places", "series", "actuals", "forecasts", "findings"])
@pytest.mark.parametrize("query", ["place=RXH1,RXK2", "place=RXH1&place=RXK2", "place=RXK2,RXH1,RXK2"])
def test_several_places_are_those_of_each(client: Client, name: str, query: str) -> None:
    everything = rows(client, f"/v1/{name}")
    expected = everything[everything["place"].isin(["RXH1", "RXK2"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows(client, f"/v1/{name}?{query}"), expected, check_dtype=False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("measure=beds,occupancy&place=RXH1", {"RXH1/beds", "RXH1/occupancy"}),
        ("measure=beds&measure=occupancy&place=RXH1", {"RXH1/beds", "RXH1/occupancy"}),
        ("measure=beds&under=RXH&place=RXH1,RXK1", {"RXH1/beds"}),
        ("measure=beds&under=RXH&place=RXK1", set()),
        ("measure=attendances,beds&stream=adult&place=RXH1", {"RXH1/attendances/adult"}),
    ],
)
def test_filters_narrow_each_other(client: Client, query: str, expected: set[str]) -> None:
    assert {item["unique_id"] for item in client.get(f"/v1/forecasts?{query}").json()["forecasts"]} == expected
    assert {item["unique_id"] for item in client.get(f"/v1/series?{query}").json()["series"]} == expected


@pytest.mark.parametrize("name", ["forecasts", "actuals"])
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("from=2026-11-20", "2026-11-20", "9999"),
        ("to=2026-11-24", "0000", "2026-11-24"),
        ("from=2026-11-19&to=2026-11-23", "2026-11-19", "2026-11-23"),
        ("from=2026-11-27&to=2026-11-27", "2026-11-27", "2026-11-27"),
        ("from=2025-01-01&to=2027-12-31", "0000", "9999"),
    ],
)
def test_days_from_and_to_are_those_that_pandas_selects(
    client: Client, name: str, query: str, first: str, last: str
) -> None:
    """Weekend series among them, whose days are not all."""
    everything = table(client, f"/v1/{name}")
    expected = everything[everything["ds"].between(first, last)].reset_index(drop=True)
    found = table(client, f"/v1/{name}?{query}")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_horizon_and_from_narrow_each_other(client: Client) -> None:
    found = table(client, "/v1/forecasts?place=RXH1&measure=beds&horizon=5&from=2026-11-24")
    assert found["lead"].tolist() == [3, 4, 5]


@pytest.mark.parametrize("query", ["from=2031-01-01", "to=2020-01-01", "from=9999-12-31", "to=0001-01-01"])
@pytest.mark.parametrize("name", ["forecasts", "actuals"])
def test_days_outside_give_an_empty_list_in_each_form(client: Client, name: str, query: str) -> None:
    address = f"/v1/{name}?place=RXH1,RXK1&{query}"
    assert {len(item["days"]) for item in client.get(address).json()[name]} == {0}
    assert client.get(f"{address}&shape=rows").json()["rows"] == []
    assert len(client.get(f"{address}&format=csv").text.splitlines()) == 1
    assert client.get(f"{address}&format=ndjson").text == ""


def test_one_series_takes_days_too_with_its_drivers(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store(default_url(tmp_path_factory.mktemp("driven")))
    store.prepare()
    store.issue(build_publication(with_drivers=True))
    with serve(store, Clock()) as running:
        (one,) = running.get("/v1/forecasts/RXH/beds?from=2026-11-25&to=2026-11-26").json()["forecasts"]
    store.close()
    for part in ("days", "drivers"):
        assert [day["ds"] for day in one[part]] == ["2026-11-25", "2026-11-26"]
    assert [sum(v for k, v in day.items() if k != "ds") for day in one["drivers"]] == pytest.approx(
        [day["mean"] for day in one["days"]]
    )


@pytest.mark.parametrize(
    ("query", "checks"),
    [
        ("from=2026-11-14", ["frozen", "gap", "silent"]),
        ("to=2026-11-01", ["spike", "level shift"]),
        ("from=2026-11-20&to=2026-11-20", ["frozen", "silent"]),
        ("from=2026-11-21", ["silent"]),
    ],
)
def test_findings_are_those_that_touch_the_days(client: Client, query: str, checks: list[str]) -> None:
    found = client.get(f"/v1/findings?{query}").json()["findings"]
    assert [item["check"] for item in found] == checks


def test_the_next_page_keeps_lists_days_and_shape(client: Client) -> None:
    address: str | None = (
        "/v1/forecasts?place=RXH1,RXK1&measure=beds&measure=occupancy&from=2026-11-24&to=2026-11-25&limit=1&shape=rows"
    )
    found: list[tuple[str, str]] = []
    n_pages = 0
    while address is not None:
        answer = client.get(address)
        found += [(row["unique_id"], row["ds"]) for row in answer.json()["rows"]]
        address = answer.links.get("next", {}).get("url")
        n_pages += 1
    assert n_pages == 4
    assert found == [
        (f"{place}/{measure}", day)
        for place in ("RXH1", "RXK1")
        for measure in ("occupancy", "beds")
        for day in ("2026-11-24", "2026-11-25")
    ]


@pytest.mark.parametrize(
    ("address", "status", "parameter"),
    [
        ("/v1/forecasts?from=2026-11-25&to=2026-11-24", 422, "from"),
        ("/v1/actuals?from=yesterday", 422, "from"),
        ("/v1/findings?to=2026-02-30", 422, "to"),
        ("/v1/forecasts?from=2026-11-25&from=2026-11-26", 422, "from"),
        ("/v1/forecasts?first=2026-11-25", 422, "first"),
        ("/v1/series?shape=flat", 422, "shape"),
        ("/v1/series?shape=rows&shape=rows", 422, "shape"),
        ("/v1/system?shape=rows", 422, "shape"),
        ("/v1/places?measure=beds", 422, "measure"),
        ("/v1/places?place=RXH,RXZ", 404, "place"),
        ("/v1/actuals?place=RXH,", 404, "place"),
        ("/v1/actuals?place=RXH&place=", 404, "place"),
        ("/v1/actuals?measure=beds,bed", 404, "measure"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_names_it(
    client: Client, address: str, status: int, parameter: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_a_place_whose_id_has_a_comma_is_selected_by_it(empty_store: Store, clock: Clock) -> None:
    places = (*PLACES, Place("RXH3, annex", "RXH", "Annex", "site"))
    empty_store.issue(build_publication(system=build_system(places=places)))
    with serve(empty_store, clock) as client:
        for query, expected in (
            ("place=RXH3,%20annex", {"RXH3, annex"}),
            ("place=RXH3,%20annex&place=RXH1,RXH2", {"RXH1", "RXH2", "RXH3, annex"}),
        ):
            found = client.get(f"/v1/places?{query}").json()["places"]
            assert {item["place"] for item in found} == expected
