"""Series that are late, suspect or stopped: since when, why, and what was done; in API, metrics and pages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest

from publication.model import Actual, Publication, SeriesForecast
from publication.store import Store, default_url
from publication.vocabulary import Check, Treatment
from service.observability.collector import MAX_SERIES_BEHIND
from tests.builders import build_publication, counted_at_weekends, finding
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch
from tests.contract.service.test_metrics import scrape

LATE = "no value since 2026-11-17; its values typically come 3 days after the day"
FINDINGS = (
    finding("RXH1/occupancy", Check.FROZEN, range(6)),
    finding("RXK1/admissions", Check.FROZEN, range(2, 9)),
    finding("RXH2/attendances", Check.LATE, range(4), Treatment.LEAD_EXTENDED, LATE),
    finding("RXK1/attendances/minor", Check.SILENT, range(35), Treatment.NOT_FORECAST, "no value since 2026-10-17"),
    finding("RXK2/beds/surge", Check.SILENT, range(40), Treatment.NOT_FORECAST, "no value since 2026-10-12"),
    finding(
        "RXH2/beds/surge", Check.CLOSED, range(3), Treatment.NOT_FORECAST, "its place closed; last value 2026-11-18"
    ),
)


def without_parents_actual(made: Publication) -> Publication:
    """The trust has no actual since its part is late; so has a series of before there were findings."""
    missing = {date(2026, 11, day) for day in range(18, 22)}

    def lacking(of: SeriesForecast) -> SeriesForecast:
        if of.unique_id not in ("RXH2/attendances", "RXH/attendances"):
            return of
        return replace(of, recent=tuple(Actual(a.ds, None if a.ds in missing else a.y) for a in of.recent))

    return replace(made, series=tuple(map(lacking, made.series)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    made = without_parents_actual(build_publication())
    store.issue(replace(counted_at_weekends(made, "RXK2"), findings=FINDINGS))
    yield store
    store.close()


@pytest.fixture(scope="module")
def behind(store: Store) -> Iterator[Client]:
    with serve(store, Clock()) as running:
        running.get_until("/readyz", lambda ready: ready.status_code == 200)
        yield running


def reporting(client: Client, unique_id: str) -> dict[str, Any]:
    series = client.get("/v1/series").json()["series"]
    found: dict[str, Any] = next(of["reporting"] for of in series if of["unique_id"] == unique_id)
    return found


PROMPT = {"state": "prompt", "since": None, "days": 0, "reason": None, "treatment": None}
CASES = {
    "RXH1/attendances": PROMPT,
    "RXK1/admissions": PROMPT,  # its frozen days are over
    "RXK2/attendances": PROMPT | {"reason": "counted on Saturday and Sunday only"},
    "RXH1/occupancy": {
        "state": "suspect", "since": "2026-11-16", "days": 6, "treatment": "left out",
        "reason": "frozen: found 866 on its first day, baseline 851",
    },
    "RXH2/attendances": {
        "state": "late", "since": "2026-11-18", "days": 4, "treatment": "lead extended", "reason": LATE,
    },
    "RXH/attendances": {
        "state": "late", "since": "2026-11-18", "days": 4, "treatment": "lead extended",
        "reason": "it, or a part of it, has no value since 2026-11-17",
    },
    "RXK/attendances": {
        "state": "incomplete", "since": "2026-10-18", "days": 35, "treatment": None,
        "reason": "without RXK1/attendances/minor: no value since 2026-10-17",
    },
    "RXK/attendances/adult": PROMPT,
    "RXK2/beds": PROMPT,  # a stream of it is silent, but it is counted by itself
    "RXK/beds": PROMPT,
}  # fmt: skip


@pytest.mark.parametrize("unique_id", CASES)
def test_each_series_says_how_far_it_is_behind(behind: Client, unique_id: str) -> None:
    assert reporting(behind, unique_id) == CASES[unique_id]


STOPPED = {
    "RXK1/attendances/minor": {
        "state": "silent", "since": "2026-10-18", "days": 35, "treatment": "not forecast",
        "reason": "no value since 2026-10-17",
    },
    "RXH2/beds/surge": {
        "state": "closed", "since": "2026-11-19", "days": 3, "treatment": "not forecast",
        "reason": "its place closed; last value 2026-11-18",
    },
    "RXK2/beds/surge": {
        "state": "silent", "since": "2026-10-13", "days": 40, "treatment": "not forecast",
        "reason": "no value since 2026-10-12",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["RXK1/attendances/minor", "RXK2/beds/surge", "RXH2/beds/surge"]),
        ("under=RXH", ["RXH2/beds/surge"]),
        ("under=RXK", ["RXK1/attendances/minor", "RXK2/beds/surge"]),
        ("measure=occupancy", []),
        ("place=RXH2&limit=1", ["RXH2/beds/surge"]),
        ("limit=5&after=RXH/beds", []),
    ],
)
def test_series_that_have_stopped_are_listed_on_the_first_page(behind: Client, query: str, expected: list[str]) -> None:
    stopped = behind.get(f"/v1/series?{query}").json()["not_forecast"]
    assert [of["unique_id"] for of in stopped] == expected
    assert all(of["reporting"] == STOPPED[of["unique_id"]] for of in stopped)


def test_late_series_have_a_sample_each_and_others_none(behind: Client) -> None:
    name = "headroom_publication_series_last_actual_timestamp_seconds"
    samples = {labels: value for (found, labels), value in scrape(behind).items() if found == name}
    assert samples == {  # the seventeenth, and two days in summer time, were the last days with a value
        (("state", "late"), ("unique_id", "RXH2/attendances")): datetime(2026, 11, 18, tzinfo=UTC).timestamp(),
        (("state", "silent"), ("unique_id", "RXK1/attendances/minor")): datetime(
            2026, 10, 17, 23, tzinfo=UTC
        ).timestamp(),
        (("state", "silent"), ("unique_id", "RXK2/beds/surge")): datetime(2026, 10, 12, 23, tzinfo=UTC).timestamp(),
    }


def test_a_lost_feed_makes_no_more_samples_than_are_promised(empty_store: Store, clock: Clock) -> None:
    streams = [f"RXH/beds/{n:03d}" for n in range(MAX_SERIES_BEHIND + 20)]
    found = tuple(
        finding(series, Check.SILENT, range(30 + n), Treatment.NOT_FORECAST) for n, series in enumerate(streams)
    )
    empty_store.issue(build_publication(findings=found))
    with serve(empty_store, clock) as client:
        shown = [
            dict(labels) for name, labels in scrape(client) if name.endswith("series_last_actual_timestamp_seconds")
        ]
    assert [of["unique_id"] for of in shown] == streams[: -MAX_SERIES_BEHIND - 1 : -1]  # behind longest, first


def test_pages_say_since_when_and_what_was_done(behind: Client) -> None:
    index, place = (unescape(behind.get(address).text) for address in ("/", "/places/RXH2"))
    assert "1 series late, the latest by 4 days" in index
    assert "2 series silent and not forecast" in index
    without = "Incomplete since Sun 18 Oct (without RXK1/attendances/minor: no value since 2026-10-17)."
    assert f'title="{without}">incomplete</abbr>' in index
    said = f"Late since Wed 18 Nov ({LATE}): forecast from the last value, with wider intervals."
    assert said in place
    assert f'title="{said}">late</abbr>' in index
    assert "its place closed; last value 2026-11-18" in place


def test_a_key_of_a_place_sees_the_stopped_series_of_its_part(store: Store, bunch: Bunch) -> None:
    with serve(store, Clock(), keys=bunch.store) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        seen = {
            name: client.get("/v1/series", authorization=bunch.bearer(name)).json()["not_forecast"]
            for name in ("trust-h", "site")
        }
    assert seen["site"][0]["unique_id"] == "RXK2/beds/surge"
    assert {name: len(found) for name, found in seen.items()} == {"trust-h": 1, "site": 1}
