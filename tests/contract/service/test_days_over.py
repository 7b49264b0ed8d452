"""Days that are over: places are not ranked by them, and nothing is advised for them, from local midnight on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import norm

from publication.model import Publication
from publication.pressure import headroom_levels
from publication.store import Store, default_url
from tests.builders import build_publication, build_system
from tests.contract.service.client import Client, Clock, serve

Body = dict[str, Any]
CROWDED = {("RXH1", 0): -20.0, ("RXH1", 6): 10.0, ("RXK1", 0): 30.0, ("RXK1", 1): -5.0, ("RXK2", 20): -2.0}
"""Mean headroom by place and position of the day: everything else has 200 beds left."""
SPREAD = 6.0


def crowded(made: Publication) -> Publication:
    """Harbour General is worst on the first day, Kingsmoor Royal on the second, Moorside on the twenty-first."""
    levels = headroom_levels(made.system)

    def row(place: str, day: int) -> tuple[float, ...]:
        return tuple(norm(CROWDED.get((place, day), 200.0), SPREAD).ppf(levels).tolist())

    left = (replace(of, headroom=tuple(row(of.place, i) for i in range(len(of.beds)))) for of in made.headroom)
    return replace(made, headroom=tuple(left))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[Client]:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(crowded(build_publication(with_drivers=True, with_headroom=True)))
    with serve(store, clock) as running:
        yield running
    store.close()


def pressure(client: Client, query: str = "") -> Body:
    body: Body = client.get(f"/v1/pressure?{query}").json()
    return body


def of(body: Body, place: str) -> Body:
    return next(item for item in body["places"] if item["place"] == place)


MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

BY_NOW = [
    # instant, first place, its worst day, RXH1's worst day, peaks, days that are over
    (MIDNIGHT - SECOND, "RXH1", "2026-11-22", "2026-11-22", ["3", "7", "14"], 0),
    (MIDNIGHT, "RXK1", "2026-11-23", "2026-11-28", ["3", "7", "14"], 1),
    (MIDNIGHT + DAY - SECOND, "RXK1", "2026-11-23", "2026-11-28", ["3", "7", "14"], 1),
    (MIDNIGHT + DAY, "RXK2", "2026-12-12", "2026-11-28", ["3", "7", "14"], 2),
    (MIDNIGHT + 2 * DAY, "RXK2", "2026-12-12", "2026-11-28", ["7", "14"], 3),
    (MIDNIGHT + 5 * DAY, "RXK2", "2026-12-12", "2026-11-28", ["7", "14"], 6),
    (MIDNIGHT + 13 * DAY, "RXK2", "2026-12-12", None, [], 14),
]


@pytest.mark.parametrize(("now", "first", "worst", "worst_of_rxh1", "peaks", "n_over"), BY_NOW)
def test_places_are_ranked_and_advised_by_the_days_from_today_on(
    client: Client, clock: Clock, now: datetime, first: str, worst: str, worst_of_rxh1: str | None,
    peaks: list[str], n_over: int,
) -> None:  # fmt: skip
    clock.now = now
    body = pressure(client)
    today = date(2026, 11, 22) + timedelta(days=n_over)
    assert body["advice"]["from"] == today.isoformat()
    assert (body["places"][0]["place"], body["places"][0]["worst_day"]) == (first, worst)
    assert worst_of_rxh1 in (None, of(body, "RXH1")["worst_day"])
    for item in body["places"]:
        assert item["worst_day"] >= today.isoformat()
        assert [day["lead"] for day in item["days"]] == list(range(1, 29))
        assert list(item["peak"]) == peaks
    assert all(aid["ds"] >= today.isoformat() for aid in body["mutual_aid"])


def test_siblings_help_on_days_to_come(client: Client, clock: Clock) -> None:
    aid = [(item["to"], item["ds"]) for item in pressure(client)["mutual_aid"]]
    clock.pass_days(1)
    later = [(item["to"], item["ds"]) for item in pressure(client)["mutual_aid"]]
    assert ("RXH1", "2026-11-22") in aid
    assert ("RXK1", "2026-11-23") in later
    assert ("RXH1", "2026-11-28") in later


@pytest.mark.parametrize("age_days", [27, 28, 40, 400])
def test_when_every_day_is_over_the_days_are_listed_and_nothing_is_advised(
    client: Client, clock: Clock, age_days: int
) -> None:
    clock.pass_days(age_days)
    body = pressure(client)
    is_over = age_days >= 28
    assert body["advice"]["stale"] == is_over
    for item in body["places"]:
        assert len(item["days"]) == 28
        assert (item["worst_day"] is None) == is_over
        assert (item["discharges_needed"] is None) == is_over
        assert (item["driver"] is None) == is_over
    if is_over:
        assert body["advice"] == {
            "from": None,
            "stale": True,
            "note": "Every day of this publication is over: the last was 2026-12-19. Places are in no order, and "
            "nothing is advised.",
        }
        assert body["mutual_aid"] == []
        assert all(item["peak"] == {} for item in body["places"])
        tree = ["northshire", "RXH", "RXK", "RXH1", "RXH2", "RXK1", "RXK2"]
        assert [item["place"] for item in body["places"]] == tree


NOTES = [
    (0, None),
    (1, "1 day of this publication is over: places are ranked and advised from 2026-11-23 on."),
    (5, "5 days of this publication are over: places are ranked and advised from 2026-11-27 on."),
]


@pytest.mark.parametrize(("age_days", "note"), NOTES)
def test_a_note_says_how_many_days_are_over(client: Client, clock: Clock, age_days: int, note: str | None) -> None:
    clock.pass_days(age_days)
    assert pressure(client)["advice"]["note"] == note


def test_a_horizon_that_is_over_has_no_worst_day(client: Client, clock: Clock) -> None:
    clock.pass_days(2)
    body = pressure(client, "horizon=2")
    assert {item["worst_day"] for item in body["places"]} == {None}
    assert {len(item["days"]) for item in body["places"]} == {2}


@pytest.mark.parametrize(
    ("timezone", "cutoff", "midnight"),
    [
        ("Europe/London", date(2026, 7, 1), datetime(2026, 7, 2, 23, tzinfo=UTC)),
        ("America/Montreal", date(2026, 7, 1), datetime(2026, 7, 3, 4, tzinfo=UTC)),
        ("Australia/Sydney", date(2026, 1, 1), datetime(2026, 1, 2, 13, tzinfo=UTC)),
        ("Europe/London", date(2026, 3, 28), datetime(2026, 3, 29, 23, tzinfo=UTC)),  # a day of 23 hours
        ("Europe/London", date(2026, 10, 24), datetime(2026, 10, 26, tzinfo=UTC)),  # a day of 25 hours
    ],
)
def test_the_day_changes_at_midnight_of_the_system(
    tmp_path: Path, clock: Clock, timezone: str, cutoff: date, midnight: datetime
) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    system = build_system(timezone=timezone)
    store.issue(crowded(build_publication(cutoff, system=system, with_drivers=True, with_headroom=True)))
    clock.now = midnight - SECOND
    with serve(store, clock) as client:
        before = client.get("/v1/pressure")
        assert before.json()["places"][0]["worst_day"] == str(cutoff + DAY)
        clock.now = midnight
        after = client.get("/v1/pressure")
        assert after.json()["places"][0]["worst_day"] == str(cutoff + 2 * DAY)
    store.close()


@pytest.mark.parametrize("age_days", [0, 1, 2, 3, 26, 27])
def test_who_has_it_gets_304_until_midnight_and_a_new_body_after(client: Client, clock: Clock, age_days: int) -> None:
    clock.now = MIDNIGHT + (age_days - 1) * DAY + timedelta(hours=6)
    first = client.get("/v1/pressure?under=RXK")
    held = {"if_none_match": first.headers["etag"]}
    dated = {"if_modified_since": first.headers["last-modified"]}
    clock.now = MIDNIGHT + age_days * DAY - SECOND
    assert client.get("/v1/pressure?under=RXK", **held).status_code == 304
    assert client.get("/v1/pressure?under=RXK", **dated).status_code == 304
    clock.now += SECOND
    assert client.get("/v1/pressure?under=RXK", **dated).status_code == 200
    second = client.get("/v1/pressure?under=RXK", **held)
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    changed = parsedate_to_datetime(second.headers["last-modified"])
    assert changed == MIDNIGHT + age_days * DAY


def test_nothing_changes_any_more_once_every_day_is_over(client: Client, clock: Clock) -> None:
    clock.pass_days(28)
    first = client.get("/v1/pressure")
    clock.pass_days(100)
    assert client.get("/v1/pressure", if_none_match=first.headers["etag"]).status_code == 304


def test_a_scenario_begins_today_and_changes_no_day_that_is_over(client: Client, clock: Clock) -> None:
    """A tenth of those in bed leave a day: five more discharges a day free 5 beds on the first day, 9.5 on the next."""
    clock.pass_days(2)
    query = "beds=RXH1:%2B12&discharges=RXH1:%2B5/day"
    before, after = (of(pressure(client, wanted), "RXH1")["days"] for wanted in ("", query))
    assert after[:2] == before[:2]
    freed = [was["occupancy"]["0.5"] - now["occupancy"]["0.5"] for was, now in zip(before, after, strict=True)]
    assert freed[2:5] == pytest.approx([5.0, 9.5, 13.55], abs=1e-3)
    assert [now["beds"] - was["beds"] for was, now in zip(before, after, strict=True)] == pytest.approx(
        [0.0, 0.0] + [12.0] * 26
    )


def test_the_discharges_needed_are_those_of_today_on(client: Client, clock: Clock) -> None:
    """On 28 November RXH1 has 10 beds left on average, of 442: with 0.8, at least 5, where 36 are wanted (8 %)."""
    clock.pass_days(1)
    item = of(pressure(client), "RXH1")
    assert item["worst_day"] == "2026-11-28"
    beds = item["days"][6]["beds"]
    left = norm(10.0, SPREAD).ppf(0.2)
    wanted = -(-0.08 * beds // 1) - 0.5
    relief = sum(0.9**day for day in range(6))  # six discharges from the 23rd to the 28th
    assert item["discharges_needed"] == pytest.approx((wanted - left) / relief, abs=0.1)
    with_them = of(pressure(client, f"discharges=RXH1:{item['discharges_needed']}/day"), "RXH1")
    assert with_them["days"][6]["over"]["0.92"] <= 0.2 + 1e-3
