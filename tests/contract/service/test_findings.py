"""Findings of a publication in every form, by every filter, page by page, on actuals, in metrics and on the pages."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from io import StringIO

import pandas as pd
import pytest

from publication.store import Store, default_url
from publication.vocabulary import Check
from tests.builders import CUTOFF, FINDINGS, build_publication, finding
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch
from tests.contract.service.test_metrics import scrape, value

FROZEN = {
    "unique_id": "RXH1/occupancy", "place": "RXH1", "measure": "occupancy", "stream": None,
    "first": "2026-11-14", "last": "2026-11-20", "days": 7, "check": "frozen", "severity": "suspect",
    "treatment": "left out", "reason": "found 866 on its first day, baseline 851",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication(CUTOFF - timedelta(days=1)))
    store.issue(build_publication(findings=FINDINGS))
    yield store
    store.close()


@pytest.fixture(scope="module")
def doubted(store: Store) -> Iterator[Client]:
    with serve(store, Clock()) as running:
        running.get_until("/readyz", lambda ready: ready.status_code == 200)
        yield running


def listed(client: Client, query: str = "") -> list[str]:
    return [item["check"] for item in client.get(f"/v1/findings?{query}").json()["findings"]]


EVERY = ["frozen", "spike", "gap", "suppressed", "level shift"]


@pytest.mark.parametrize(
    ("query", "checks"),
    [
        ("", EVERY),
        ("severity=suspect", EVERY[:2]),
        ("severity=noted", EVERY[2:]),
        ("check=gap", ["gap"]),
        ("check=level%20shift", ["level shift"]),
        ("check=sentinel", []),
        ("place=RXH1", ["frozen", "spike"]),
        ("place=RXH", ["level shift"]),
        ("under=RXH", ["frozen", "spike", "level shift"]),
        ("measure=attendances", ["spike", "suppressed"]),
        ("stream=adult", ["suppressed"]),
        ("under=RXH&severity=suspect&measure=occupancy", ["frozen"]),
        ("cutoff=2026-11-20", []),
        ("cutoff=2026-11-21&revision=1", EVERY),
        ("limit=2", EVERY[:2]),
        ("limit=2&after=1", EVERY[1:3]),
        ("after=99", []),
    ],
)
def test_filters_choose_the_findings(doubted: Client, query: str, checks: list[str]) -> None:
    assert listed(doubted, query) == checks


def test_an_item_has_every_column_in_every_form(doubted: Client) -> None:
    query = "severity=suspect"
    items = doubted.get(f"/v1/findings?{query}").json()["findings"]
    assert items[0] == FROZEN
    lines = doubted.get(f"/v1/findings?{query}", accept="application/x-ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == items
    answer = doubted.get(f"/v1/findings?{query}", accept="text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    table = pd.read_csv(StringIO(answer.text), keep_default_na=False)
    assert list(table.columns) == list(FROZEN)
    assert table.to_dict("records")[0] == FROZEN | {"stream": ""}


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_pages_put_together_are_the_list(doubted: Client, limit: int) -> None:
    seen, address = [], f"/v1/findings?limit={limit}"
    while address:
        answer = doubted.get(address)
        seen.append([item["check"] for item in answer.json()["findings"]])
        address = answer.links.get("next", {}).get("url", "")
    assert [check for page in seen for check in page] == EVERY
    assert len(seen) == -(-len(EVERY) // limit)


def test_the_next_page_keeps_filters_publication_and_form(doubted: Client) -> None:
    address = doubted.get("/v1/findings?under=RXH&severity=suspect&limit=1&format=csv").links["next"]["url"]
    for part in (
        "under=RXH",
        "severity=suspect",
        "limit=1",
        "after=1",
        "cutoff=2026-11-21",
        "revision=1",
        "format=csv",
    ):
        assert part in address
    assert "spike" in doubted.get(address).text


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("check=strange", 422, "check"),
        ("severity=bad", 422, "severity"),
        ("limit=0", 422, "limit"),
        ("after=-1", 422, "after"),
        ("format=xml", 422, "format"),
        ("horizon=3", 422, "horizon"),
        ("place=RZZ", 404, "place"),
        ("measure=ambulances", 404, "measure"),
        ("cutoff=2020-01-01", 404, "cutoff"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_names_it(
    doubted: Client, query: str, status: int, parameter: str
) -> None:
    answer = doubted.get(f"/v1/findings?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (status, parameter)


@pytest.mark.parametrize("form", ["json", "csv", "ndjson"])
def test_the_caller_who_has_the_list_gets_304(doubted: Client, form: str) -> None:
    first = doubted.get(f"/v1/findings?format={form}")
    assert doubted.get(f"/v1/findings?format={form}", if_none_match=first.headers["etag"]).status_code == 304
    assert (
        doubted.get(f"/v1/findings?format={form}", if_modified_since=first.headers["last-modified"]).status_code == 304
    )


def test_the_system_counts_them_by_check(doubted: Client) -> None:
    counts = doubted.get("/v1/system").json()["findings"]
    assert counts[0] == {"check": "frozen", "severity": "suspect", "findings": 1, "days": 7, "series": 1}
    assert {of["check"]: (of["findings"], of["days"], of["series"]) for of in counts} == {
        "frozen": (1, 7, 1), "spike": (1, 1, 1), "suppressed": (1, 1, 1), "gap": (1, 2, 1), "level shift": (1, 1, 1),
    }  # fmt: skip


def test_each_doubted_actual_says_by_which_check(doubted: Client) -> None:
    (forecast,) = doubted.get("/v1/forecasts/RXH1/occupancy").json()["forecasts"]
    flagged = {of["ds"]: of["check"] for of in forecast["recent"] if "check" in of}
    assert flagged == {f"2026-11-{day}": "frozen" for day in range(14, 21)}
    assert forecast["findings"] == [FROZEN]
    (clean,) = doubted.get("/v1/forecasts/RXH2/occupancy").json()["forecasts"]
    assert not any("check" in of for of in clean["recent"])
    assert clean["findings"] == []


def test_a_level_shift_is_on_the_series_and_flags_no_day(doubted: Client) -> None:
    (forecast,) = doubted.get("/v1/forecasts/RXH/beds").json()["forecasts"]
    assert [of["check"] for of in forecast["findings"]] == ["level shift"]
    assert not any("check" in of for of in forecast["recent"])


def test_of_two_checks_of_a_day_the_more_severe_is_named_and_days_before_the_actuals_are_not(
    empty_store: Store, clock: Clock
) -> None:
    found = (
        finding("RXH1/beds", Check.FROZEN, range(2, 90)),
        finding("RXH1/beds", Check.SENTINEL, range(3, 4)),
        finding("RXH1/beds", Check.SUPPRESSED, range(2, 4)),
    )
    empty_store.issue(build_publication(findings=found, recent_days=10))
    with serve(empty_store, clock) as client:
        (forecast,) = client.get("/v1/forecasts/RXH1/beds").json()["forecasts"]
    days = [CUTOFF - timedelta(days=ago) for ago in reversed(range(10))]
    checks = [*["frozen"] * 6, "sentinel", "frozen", None, None]
    assert [(date.fromisoformat(of["ds"]), of.get("check")) for of in forecast["recent"]] == list(
        zip(days, checks, strict=True)
    )


def test_metrics_count_them_by_check_and_name_every_check(doubted: Client) -> None:
    samples = scrape(doubted)
    assert value(samples, "publication_findings", check="frozen", severity="suspect") == 1
    assert value(samples, "publication_findings", check="gap", severity="noted") == 1
    assert value(samples, "publication_findings", check="sentinel", severity="suspect") == 0
    assert sum(name == "headroom_publication_findings" for name, _ in samples) == len(Check)


def test_the_page_of_the_system_says_how_many_days_are_doubted_and_where(doubted: Client) -> None:
    html = unescape(doubted.get("/").text)
    strip = html.split('<section class="doubts"')[1].split("</section>")[0]
    assert "8 days of 2 series suspect" in strip
    assert "2 days of 1 series without a value" in strip
    assert "1 day of 1 series with a stand-in for a small count" in strip
    for place in ("RXH1", "RXK1", "RXK2"):
        assert f'<a href="/places/{place}">' in strip
    assert 'href="/v1/findings?format=csv"' in strip


def test_the_page_of_a_place_lists_its_own(doubted: Client) -> None:
    html = unescape(doubted.get("/places/RXH1").text)
    strip = html.split('<section class="doubts"')[1].split("</section>")[0]
    for text in (
        "Occupancy",
        "Sat 14 Nov to Fri 20 Nov",
        "frozen",
        "left out of training",
        "Fri 1 Nov",
        "/v1/findings?place=RXH1",
    ):
        assert (text in strip) == (text != "Fri 1 Nov")
    assert "RXK2" not in strip
    assert "7 recent days are marked as doubted" in html
    assert '<section class="doubts"' not in doubted.get("/places/RXH2").text


def test_without_findings_there_is_no_strip(client: Client) -> None:
    assert '<section class="doubts"' not in client.get("/").text
    assert client.get("/v1/findings").json()["findings"] == []
    assert client.get("/v1/system").json()["findings"] == []


def test_a_key_of_a_place_sees_the_findings_of_its_part(store: Store, bunch: Bunch) -> None:
    with serve(store, Clock(), keys=bunch.store) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        answers = {
            name: client.get("/v1/findings", authorization=bunch.bearer(name)).json()["findings"]
            for name in ("reader", "trust-h", "site")
        }
        counts = client.get("/v1/system", authorization=bunch.bearer("site")).json()["findings"]
        others = client.get("/v1/findings?place=RXH1", authorization=bunch.bearer("site"))
        nobody = client.get("/v1/findings")
        rejected = client.get("/v1/findings", authorization=bunch.bearer("scraper"))
    assert {name: [of["unique_id"] for of in found] for name, found in answers.items()} == {
        "reader": [of.series for of in FINDINGS],
        "trust-h": ["RXH1/occupancy", "RXH1/attendances", "RXH/beds"],
        "site": ["RXK2/admissions"],
    }
    assert [of["check"] for of in counts] == ["gap"]
    assert (others.status_code, nobody.status_code, rejected.status_code) == (404, 401, 403)
