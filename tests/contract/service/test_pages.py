"""The operations page, its assets, and the headers for the browser."""

import re
from html import unescape

import pytest

from publication.model import Note, Place
from publication.store import Store
from publication.vocabulary import NoteKind
from tests.builders import PLACES, build_publication, build_system
from tests.contract.service.client import Client, Clock, serve

ELSEWHERE = re.compile(r"""(?:src|href|url|fetch)\s*[=(]\s*["']?(?:https?:)?//""")


def test_the_page_lists_every_place_with_every_measure(client: Client) -> None:
    html = unescape(client.get("/").text)
    for place in PLACES:
        assert f'<a href="/places/{place.id}">{place.name}</a>' in html
    for measure in ("Attendances", "Admissions", "Discharges", "Occupancy", "Beds"):
        assert measure in html


def test_the_page_says_of_which_publication_it_is(client: Client) -> None:
    html = client.get("/").text
    for word in ("Northshire", "Sat 21 Nov;", "Sun 22 Nov 2026, 05:02", "northshire version 7", "Up to date"):
        assert word in html


def test_the_page_is_of_today(client: Client) -> None:
    assert "<h1>Today, Sun 22 Nov</h1>" in client.get("/").text


def test_a_place_shows_every_day_of_every_series_as_a_table(client: Client) -> None:
    html = client.get("/places/RXH1").text
    assert html.count("<table") == html.count("<figure") == html.count("data-address") == html.count("<caption>") == 7
    assert html.count("<time ") == 7 * 28
    assert html.count('scope="row"') == 7 * 28
    assert "confidence" not in html


def test_a_fallback_is_labelled_with_its_reason(client: Client) -> None:
    reason = "AutoETS gave a value that is not a number on 2026-11-24"
    assert reason in client.get("/places/RXK2").text
    assert reason in client.get("/").text
    assert reason not in client.get("/places/RXK1").text


def test_names_are_escaped_wherever_they_stand(empty_store: Store, clock: Clock) -> None:
    hostile = Place("northshire", None, '<script>alert("x")</script>', "system")
    empty_store.issue(
        build_publication(
            system=build_system(places=(hostile, *PLACES[1:])), notes=(Note(NoteKind.EVENT, "<b>note</b>"),)
        )
    )
    with serve(empty_store, clock) as client:
        pages = client.get("/").text + client.get("/places/northshire").text
    assert "<script>alert" not in pages
    assert "<b>note" not in pages
    assert "&lt;script&gt;alert" in pages


@pytest.mark.parametrize("address", ["/", "/places/RXH", "/docs"])
def test_nothing_is_loaded_from_elsewhere(client: Client, address: str) -> None:
    assert not ELSEWHERE.search(client.get(address).text)


@pytest.mark.parametrize("address", ["/", "/places/RXH"])
def test_everything_a_page_loads_is_there(client: Client, address: str) -> None:
    html = client.get(address).text
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert assets
    for asset in assets:
        response = client.get(unescape(asset))
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_asset_without_its_version_is_asked_for_again(client: Client) -> None:
    assert client.get("/static/page.js").headers["cache-control"] == "no-cache"


def test_plotly_comes_from_the_wheel_and_zipped(client: Client) -> None:
    response = client.get("/static/plotly.min.js", accept_encoding="gzip")
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < len(response.content) / 2.5
    assert b"plotly.js v" in response.content[:200]


@pytest.mark.parametrize("address", ["/", "/places/RXH", "/places/NONE", "/v1/forecasts", "/docs", "/static/page.js"])
def test_every_answer_carries_the_security_headers(client: Client, address: str) -> None:
    headers = client.get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self'" if address in {"/", "/places/RXH", "/docs"} else "default-src 'none'")
    for part in ("frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"script-src[^;]*unsafe", policy)


def test_pages_have_no_inline_script(client: Client) -> None:
    for address in ("/", "/places/RXH"):
        assert not re.search(r"<script(?![^>]*\bsrc=)", client.get(address).text)


def test_the_documentation_loads_its_own_files(client: Client) -> None:
    html = client.get("/docs").text
    for asset in re.findall(r'(?:src|href)="(/docs/assets/[^"]+)"', html):
        assert client.get(asset).status_code == 200
    assert "/openapi.json" in html
