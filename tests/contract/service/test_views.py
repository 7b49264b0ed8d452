"""A key of one place learns nothing of another: what it sees is the same whatever the others are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from publication.live_scores import LiveScores, Score
from publication.model import DayForecast, Headroom, Note, Publication, SeriesForecast
from publication.store import Store, default_url
from publication.vocabulary import Check, NoteKind, series_key
from tests.builders import (
    CUTOFF,
    ESCALATION_LEVELS,
    FINDINGS,
    PLACES,
    build_live_scores,
    build_publication,
    build_system,
    finding,
)
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch


@pytest.fixture(scope="module")
def client(issued_store: Store, bunch: Bunch) -> Iterator[Client]:
    with serve(issued_store, Clock(), keys=bunch.store) as running:
        yield running


READERS_ROUTES = [
    "/",
    "/places/RXH",
    "/v1/system",
    "/v1/series",
    "/v1/series?limit=2",
    "/v1/forecasts",
    "/v1/forecasts?format=csv",
    "/v1/forecasts?format=ndjson",
    "/v1/forecasts?limit=3",
    "/v1/forecasts?cutoff=2026-11-20",
    "/v1/forecasts/RXH/occupancy",
    "/v1/forecasts/RXH1/occupancy",
    "/v1/findings",
    "/v1/findings?format=csv",
    "/v1/findings?limit=1",
    "/v1/findings?under=RXK",
    "/places/RXH1",
    "/v1/pressure",
    "/v1/pressure?beds=RXH1:+12&discharges=RXH2:-4/day",
    "/v1/scores",
    "/v1/scores?by=series,leads",
    "/v1/scores?format=csv",
    "/v1/scores?weeks=4",
    "/v1/scores?by=lead",
    "/v1/scores?by=champion",
    "/v1/scores?by=quantile&format=csv",
    "/v1/control",
    "/v1/control?signal=true",
    "/accuracy",
    "/accuracy?place=RXH1&weeks=4",
    "/accuracy?place=RXK",
    "/v1/publications",
    *(
        f"/v1/{name}?{form}"
        for name in ("places", "series", "actuals", "forecasts", "findings", "scores", "control", "publications")
        for form in ("format=csv", "format=ndjson", "shape=rows")
    ),
    "/v1/pressure?format=csv",
    "/v1/pressure?format=ndjson&place=RXH1,RXH2",
    "/v1/pressure?shape=rows&limit=1&rate=0.8&aid_rate=0.8&aid_confidence=0.9",
    "/v1/places",
    "/v1/places?under=RXH1",
    "/v1/actuals",
    "/v1/actuals?place=RXH,RXH2&measure=beds&measure=occupancy&from=2026-11-19",
    "/v1/forecasts?from=2026-11-24&to=2026-11-25",
    "/readyz",
    "/docs",
    "/openapi.json",
    # rejections
    "/v1/forecasts?place=RXK",
    "/v1/forecasts?place=RXK1&under=northshire",
    "/v1/actuals?place=RXH,RXK1",
    "/v1/pressure?place=RXK1",
    "/v1/places?place=rxk1",
    "/v1/forecasts/RXK1/occupancy",
    "/v1/forecasts?stream=neonatal",
    "/v1/forecasts?measure=ambulances",
    "/v1/pressure?beds=RXK1:+5",
    "/v1/scores?under=RXK",
    "/v1/scores?leads=29-56",
    "/places/RXK1",
    "/v1/forecasts?cutoff=2020-01-01",
    "/v1/forecasts?horizon=99",
]
MINE = {"RXH", "RXH1", "RXH2"}
HOLIDAY = Note(NoteKind.HOLIDAY, "Friday 25 December: Christmas Day")
LONGER: dict[str | None, str] = {"01-07": "29-56", "08-14": "57-84"}


def scores_elsewhere_changed(live_scores: LiveScores) -> LiveScores:
    """The same of Harbour Trust; the others have been scored at longer leads, too, and found to be worse."""

    def other(score: Score) -> Score:
        if series_key(str(score.of.series)).place in MINE:
            return score
        return score._replace(
            n=score.n + 100, of=score.of._replace(leads=LONGER[score.of.leads]), losses=score.losses._replace(mae=99.0)
        )

    return replace(
        live_scores,
        scores=tuple(map(other, live_scores.scores)),
        by_lead=tuple(score._replace(n=score.n + 100) for score in live_scores.by_lead),
        by_champion=tuple(score._replace(n=score.n + 100) for score in live_scores.by_champion[::-1]),
        quantiles=tuple(share._replace(at_or_below=0.99) for share in live_scores.quantiles),
        control=tuple(state._replace(n_days=7, signal=None) for state in live_scores.control[1:]),
    )


def elsewhere_changed(publication: Publication) -> Publication:
    """The same of Harbour Trust; everything else has other numbers, names, models and notes."""

    def other_days(series: SeriesForecast) -> tuple[DayForecast, ...]:
        """Three times as many at Kingsmoor, so that the system has twice those more."""
        if series.key.place != "northshire":
            more = [2 * day.mean for day in series.days]
        else:
            more = [2 * day.mean for day in publication.series_by_id[series.key._replace(place="RXK").unique_id].days]
        return tuple(
            replace(day, mean=day.mean + extra, quantiles=tuple(q + extra for q in day.quantiles))
            for day, extra in zip(series.days, more, strict=True)
        )

    def other_series(series: SeriesForecast) -> SeriesForecast:
        if series.key.place in MINE:
            return series
        return replace(series, days=other_days(series), model="another", fallback=True, drivers=())

    def other_headroom(of: Headroom) -> Headroom:
        return of if of.place in MINE else replace(of, beds=tuple(3 * beds for beds in of.beds), net_flow=())

    places = publication.system.places
    renamed = tuple(place if place.id in MINE else replace(place, name=f"Renamed {place.id}") for place in places)
    return replace(
        publication,
        system=replace(publication.system, places=renamed),
        data_digest="sha256:other",
        notes=(
            HOLIDAY,
            Note(NoteKind.EVENT, "RXK1 is closed"),
            Note(NoteKind.LATE, "RXK1 was late", "RXK1"),
            *(
                Note(NoteKind.FALLBACK, "another place failed", series.key.place, series.unique_id)
                for series in publication.series
                if series.key.place not in MINE
            ),
        ),
        series=tuple(map(other_series, publication.series)),
        headroom=tuple(map(other_headroom, publication.headroom)),
        findings=(
            finding("northshire/attendances", Check.DISAGREEING_TOTAL, range(1, 2), reason="RXK1 is off"),
            *(of for of in publication.findings if of.key.place in MINE),
            finding("RXK2/beds", Check.SENTINEL, range(1, 3)),
        ),
    )


@pytest.fixture(scope="module")
def two_worlds(tmp_path_factory: pytest.TempPathFactory, bunch: Bunch) -> Iterator[tuple[Client, Client]]:
    """The same trust in two systems that have nothing else in common."""
    clients, stores = [], []
    worlds = ((lambda publication: publication, lambda scores: scores), (elsewhere_changed, scores_elsewhere_changed))
    for change, change_scores in worlds:
        store = Store(default_url(tmp_path_factory.mktemp("world")))
        store.prepare()
        for days_ago in (1, 0):
            made = build_publication(
                CUTOFF - timedelta(days=days_ago),
                with_drivers=True,
                with_headroom=True,
                recent_days=7,
                findings=FINDINGS if days_ago == 0 else (),
                system=build_system(levels=ESCALATION_LEVELS),
                notes=(HOLIDAY,),
            )
            store.issue(change(made))
        store.save_live_scores(change_scores(build_live_scores()))
        stores.append(store)
        clients.append(serve(store, Clock(), keys=bunch.store))
    with clients[0] as one, clients[1] as other:
        yield one, other
    for store in stores:
        store.close()


@pytest.mark.parametrize("address", READERS_ROUTES)
def test_a_key_of_one_place_gets_the_same_whatever_the_others_are(
    two_worlds: tuple[Client, Client], bunch: Bunch, address: str
) -> None:
    answers = [world.get(address, authorization=bunch.bearer("trust-h"), x_request_id="same") for world in two_worlds]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].content == answers[1].content
    assert dict(answers[0].headers) == dict(answers[1].headers)


@pytest.mark.parametrize("address", [address for address in READERS_ROUTES if address != "/openapi.json"])
def test_no_answer_to_a_key_of_one_place_names_another(
    two_worlds: tuple[Client, Client], bunch: Bunch, address: str
) -> None:
    answer = two_worlds[0].get(address, authorization=bunch.bearer("trust-h"))
    asked = {place.id for place in PLACES if place.id in address}
    for place in PLACES:
        if place.id not in MINE | asked | {"northshire"}:  # the publication is called by its system everywhere
            assert place.id not in answer.text
            assert place.name not in answer.text
    assert "Northshire" not in answer.text


def test_a_key_of_one_place_gets_holidays_and_levels_of_the_system(
    two_worlds: tuple[Client, Client], bunch: Bunch
) -> None:
    body = two_worlds[1].get("/v1/system", authorization=bunch.bearer("trust-h")).json()
    assert [note["text"] for note in body["publication"]["notes"]] == [HOLIDAY.text]
    assert [level["name"] for level in body["system"]["levels"]] == ["amber", "red"]


def test_a_place_of_others_is_as_unknown_as_one_that_does_not_exist(client: Client, bunch: Bunch) -> None:
    bodies = [
        client.get(f"/v1/forecasts?place={place}", authorization=bunch.bearer("trust-h"), x_request_id="same").text
        for place in ("RXK1", "RXJ1")
    ]
    assert bodies[0].replace("RXK1", "RXJ1") == bodies[1]


def test_the_view_of_a_place_adds_up_as_its_own_system(client: Client, bunch: Bunch) -> None:
    headers = {"authorization": bunch.bearer("trust-h")}
    system = client.get("/v1/system", **headers).json()["system"]
    assert [(place["id"], place["parent"]) for place in system["places"]] == [
        ("RXH", None),
        ("RXH1", "RXH"),
        ("RXH2", "RXH"),
    ]
    assert system["name"] == "RXH"
    assert {row["place"] for row in client.get("/v1/series", **headers).json()["series"]} == MINE
    (listed, *_) = client.get("/v1/publications", **headers).json()["publications"]
    assert (listed["digest"], listed["series"], listed["fallbacks"]) == (None, None, None)
