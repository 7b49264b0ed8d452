"""Live scores: slices, filters, and that newer ones are noticed."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from publication.store import Store
from tests.builders import CUTOFF, ISSUED_AT, PLACES, QUANTILES, build_live_scores, build_publication
from tests.contract.service.client import Client, Clock, serve

LIVE_SCORES = build_live_scores()


def scores(client: Client, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/scores?{query}").json()["scores"]
    return found


@pytest.mark.parametrize(
    ("query", "slices"),
    [
        ("", [("beds", "01-07"), ("beds", "08-14"), ("occupancy", "01-07"), ("occupancy", "08-14")]),
        ("by=measure", [("beds", None), ("occupancy", None)]),
        ("by=leads", [(None, "01-07"), (None, "08-14")]),
        ("by=leads,measure&leads=08-14", [("beds", "08-14"), ("occupancy", "08-14")]),
        ("by=measure&measure=beds", [("beds", None)]),
        ("by=regime", [(None, None)]),
    ],
)
def test_each_slice_has_a_row(client: Client, query: str, slices: list[tuple[str | None, str | None]]) -> None:
    assert [(row["measure"], row["leads"]) for row in scores(client, query)] == slices


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("by=series&place=RXH", ["RXH"]),
        ("by=series&under=RXH", ["RXH", "RXH1", "RXH2"]),
        ("by=series", sorted(place.id for place in PLACES)),
    ],
)
def test_series_have_their_place_and_measure(client: Client, query: str, places: list[str]) -> None:
    rows = scores(client, query)
    assert [(row["place"], row["measure"]) for row in rows] == [
        (place, measure) for place in places for measure in ("beds", "occupancy")
    ]
    assert all(row["unique_id"] == f"{row['place']}/{row['measure']}" for row in rows)


def test_means_are_over_all_forecasts_of_the_slice_and_null_where_there_is_nothing_to_judge_by(client: Client) -> None:
    """The first two live scores are of beds at RXH: 7 forecasts with an error of 1, 14 with one of 2."""
    (row,) = scores(client, "by=series&place=RXH&measure=beds")
    assert (row["n"], row["fallbacks"], row["mae"]) == (7 + 14, 1 + 2, round((7 * 1 + 14 * 2) / 21, 4))
    assert (row["bias"], row["coverage_80"]) == (-round((7 * 0.5 + 14 * 1) / 21, 4), 0.75)
    assert (row["mase"], row["scaled_wis"]) == (None, None)


def test_it_says_what_was_scored_and_when(client: Client) -> None:
    answer = client.get("/v1/scores")
    assert answer.json()["live_scores"] == {
        "scored_at": "2026-11-22T05:02:11Z",
        "first": "2026-08-23",
        "last": "2026-11-21",
        "publications": 91,
    }


def test_as_a_table_it_has_the_same_rows(client: Client) -> None:
    rows = scores(client, "by=series,leads")
    table = list(csv.DictReader(io.StringIO(client.get("/v1/scores?by=series,leads&format=csv").text)))
    assert table == [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    lines = client.get("/v1/scores?by=series,leads", accept="application/x-ndjson").text.splitlines()
    assert len(lines) == len(rows)


@pytest.mark.parametrize(
    ("query", "status", "parameter", "allowed"),
    [
        ("leads=29-56", 404, "leads", "01-07, 08-14"),
        ("regime=lockdown", 404, "regime", "stable"),
        ("by=ward", 422, "by", "any of series, measure, leads, regime, separated by commas"),
        ("by=series,lead", 422, "by", "or one of lead, champion, quantile, of all places together"),
        ("by=lead&place=RXH", 422, "place", "none: scores by lead are of all places together"),
        ("by=quantile&leads=01-07", 422, "leads", "none: scores by quantile are of all places together"),
        ("by=champion&weeks=4", 422, "weeks", "13: scores by champion are of all weeks"),
        ("weeks=5", 422, "weeks", "4, 13"),
        ("by=", 422, "by", "any of series, measure, leads, regime, separated by commas"),
        ("place=RXJ", 404, "place", "RXH"),
        ("cutoff=2026-11-21", 422, "cutoff", "the parameters"),
    ],
)
def test_an_unknown_slice_is_rejected_with_those_that_exist(
    client: Client, query: str, status: int, parameter: str, allowed: str
) -> None:
    answer = client.get(f"/v1/scores?{query}")
    (finding,) = answer.json()["errors"]
    assert (answer.status_code, finding["parameter"]) == (status, parameter)
    assert allowed in finding["allowed"]


def test_before_anything_is_scored_there_are_none(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        body = client.get("/v1/scores").json()
        assert (body["live_scores"], body["scores"]) == (None, [])
        assert client.get("/v1/scores?leads=01-07").json()["errors"][0]["allowed"] == "nothing has been scored yet"


def test_newer_live_scores_are_noticed_and_have_a_tag_of_their_own(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    empty_store.save_live_scores(LIVE_SCORES)
    later = replace(LIVE_SCORES, scored_at=ISSUED_AT + timedelta(hours=1), scores=LIVE_SCORES.scores[4:])
    with serve(empty_store, clock) as client:
        for _ in range(2):
            first = client.get("/v1/scores?by=series")
        assert client.get("/v1/scores?by=series", if_none_match=first.headers["etag"]).status_code == 304
        empty_store.save_live_scores(later)
        noticed = client.get_until(
            "/v1/scores?by=series", lambda answer: answer.headers["etag"] != first.headers["etag"]
        )
    assert noticed.json()["live_scores"]["scored_at"] == "2026-11-22T06:02:11Z"
    assert len(noticed.json()["scores"]) == len(first.json()["scores"]) - 1
    assert noticed.headers["last-modified"] == "Sun, 22 Nov 2026 06:02:11 GMT"


def test_what_tells_of_two_things_is_known_by_its_tag_alone(empty_store: Store, clock: Clock) -> None:
    """`daily` scores and publishes as of one instant: the same second may have two bodies."""
    empty_store.issue(build_publication(CUTOFF - timedelta(days=1), issued_at=ISSUED_AT))
    empty_store.save_live_scores(LIVE_SCORES)
    with serve(empty_store, clock) as client:
        for address in ("/v1/scores", "/v1/publications"):
            first = client.get(address)
            since = {"if_modified_since": first.headers["last-modified"]}
            assert client.get(address, **since).status_code == 200
            assert client.get(address, if_none_match=first.headers["etag"], **since).status_code == 304
        first = client.get("/v1/forecasts")
        assert client.get("/v1/forecasts", if_modified_since=first.headers["last-modified"]).status_code == 304


def test_live_scores_outlive_the_places_that_a_publication_has_no_more(empty_store: Store, clock: Clock) -> None:
    remaining = [place for place in PLACES if place.id != "RXK2"]
    complete = build_publication(CUTOFF)
    empty_store.issue(
        replace(
            complete,
            system=replace(complete.system, places=tuple(remaining)),
            series=tuple(s for s in complete.series if s.key.place == "RXH1"),
        )
    )
    empty_store.save_live_scores(LIVE_SCORES)
    with serve(empty_store, clock) as client:
        assert "RXK2" not in {row["place"] for row in scores(client, "by=series")}


def test_four_weeks_have_rows_of_their_own(client: Client) -> None:
    """Of beds at RXH, 2 forecasts err by half a bed, 4 by one."""
    (row,) = scores(client, "by=series&place=RXH&measure=beds&weeks=4")
    assert (row["weeks"], row["n"], row["mae"], row["publications"]) == (4, 6, round((2 * 0.5 + 4 * 1) / 6, 4), 20)
    assert {row["weeks"] for row in scores(client, "")} == {13}


def test_baselines_are_served_with_the_error_on_their_cases(client: Client) -> None:
    """Every error of occupancy is two thirds of last week's, and four fifths of yesterday's."""
    for row in scores(client, "measure=occupancy&by=series,leads"):
        assert row["mae_vs_last_week"] / row["last_week_mae"] == pytest.approx(2 / 3, abs=1e-4)
        assert row["mae_vs_yesterday"] / row["yesterday_mae"] == pytest.approx(4 / 5, abs=1e-4)


@pytest.mark.parametrize(
    ("query", "columns", "rows"),
    [
        (
            "by=lead&measure=beds",
            ("measure", "lead", "weeks", "n"),
            [("beds", lead, 13, 30 * lead) for lead in (1, 2, 8)],
        ),
        (
            "by=lead&measure=beds,occupancy",
            ("measure", "lead"),
            [(measure, lead) for measure in ("beds", "occupancy") for lead in (1, 2, 8)],
        ),
        ("by=lead&measure=beds&weeks=4", ("lead", "publications", "mae"), [(1, 8, 1.0), (2, 8, 2.0), (8, 8, 8.0)]),
        (
            "by=champion&measure=beds",
            ("champion", "first_cutoff", "last_cutoff", "lead", "mae"),
            [
                *((6, "2026-08-23", "2026-10-31", lead, 6.0 + lead) for lead in (1, 2, 8)),
                *((7, "2026-11-01", "2026-11-20", lead, 7.0 + lead) for lead in (1, 2, 8)),
            ],
        ),
        (
            "by=quantile&measure=occupancy&weeks=4",
            ("quantile", "at_or_below", "n"),
            [(level, round(level / 2 + 0.25, 4), 900) for level in QUANTILES],
        ),
    ],
)
def test_scores_of_all_places_together(
    client: Client, query: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    assert [tuple(row[name] for name in columns) for row in scores(client, query)] == rows
    table = list(csv.DictReader(io.StringIO(client.get(f"/v1/scores?{query}&format=csv").text)))
    assert [tuple(row[name] for name in columns) for row in table] == [tuple(map(str, row)) for row in rows]
