"""The page in a real browser: the charts are drawn, and the tables show the numbers of the API."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest

from publication.model import Actual, Publication, SeriesForecast
from publication.store import Store, default_url
from publication.vocabulary import Check, Treatment
from tests import servers
from tests.builders import build_publication, counted_at_weekends, finding

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
    "--enable-logging=stderr",
)
SECONDS = 120
SERIES_OF_A_PLACE = 7
DOUBTED = "RXH1/occupancy"


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)} is on the PATH")
    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, browser: str) -> Iterator[str]:
    """The real service over a publication of yesterday."""
    home = tmp_path_factory.mktemp("home")
    store = Store(default_url(home))
    store.prepare()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    store.issue(counted_at_weekends(doubted(build_publication(yesterday)), "RXK1"))
    store.close()
    with servers.service(home) as running:
        yield running.url


def doubted(made: Publication) -> Publication:
    """Occupancy of RXH1 was frozen for a week; a small count has a stand-in; two days have no value."""
    found = (
        finding(DOUBTED, Check.FROZEN, range(10, 17), cutoff=made.cutoff),
        finding(DOUBTED, Check.SUPPRESSED, range(4, 5), Treatment.USED, cutoff=made.cutoff),
        finding(DOUBTED, Check.GAP, range(6, 8), Treatment.IMPUTED, "no value", cutoff=made.cutoff),
    )
    missing = {made.cutoff - timedelta(days=ago) for ago in (6, 7)}

    def without(of: SeriesForecast) -> SeriesForecast:
        if of.unique_id != DOUBTED:
            return of
        return replace(of, recent=tuple(Actual(a.ds, None if a.ds in missing else a.y) for a in of.recent))

    return replace(made, series=tuple(map(without, made.series)), findings=found)


@pytest.fixture(scope="module")
def doubted_page(browser: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return page(browser, f"{address}/places/RXH1", tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def place_page(browser: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return page(browser, f"{address}/places/RXK2", tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def clinic_page(browser: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return page(browser, f"{address}/places/RXK1", tmp_path_factory.mktemp("profile"))


def page(browser: str, address: str, profile: Path) -> tuple[str, str]:
    """The page of one place after its scripts have run, and what the browser's console said."""
    command = [browser, *OPTIONS, f"--user-data-dir={profile}", "--dump-dom", address]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    return run.stdout, "\n".join(line for line in run.stderr.splitlines() if "CONSOLE" in line)


def test_every_series_has_its_fan_chart_drawn(place_page: tuple[str, str]) -> None:
    html, console = place_page
    charts = html.split('data-unique-id="')[1:]
    assert len(charts) == SERIES_OF_A_PLACE, console
    for chart in charts:
        drawing = chart.split("<details")[0]
        assert len(re.findall(r'class="trace scatter[^"]*"', drawing)) == 8, (
            console
        )  # 3 bands of 2 edges, median, actuals
        fills = re.findall(r'<path class="js-fill"[^>]* d="(M[^"]{40,})"', drawing) + re.findall(
            r'<path[^>]* d="(M[^"]{40,})"[^>]*class="js-fill"', drawing
        )
        assert len(fills) == 3
        for name in ("50 %", "80 %", "95 %", "median", "actual"):
            assert name in drawing
    assert "could not be drawn" not in html


def test_the_browser_has_nothing_to_complain_of(place_page: tuple[str, str]) -> None:
    assert place_page[1] == ""


def test_the_chart_of_a_clinic_has_gaps_on_the_days_it_is_closed(clinic_page: tuple[str, str], address: str) -> None:
    html, console = clinic_page
    drawing = html.split('data-unique-id="RXK1/attendances"')[1].split("<details")[0]
    (forecast,) = httpx.get(f"{address}/v1/forecasts/RXK1/attendances").json()["forecasts"]
    leads = [day["lead"] for day in forecast["days"]]
    n_stretches = sum(lead - 1 not in leads for lead in leads)
    assert n_stretches in (4, 5)  # weekends within 28 days
    assert len(re.findall(r'class="trace scatter[^"]*"', drawing)) == n_stretches * 7 + 1, console
    assert len(re.findall(r'class="legendtext"', drawing)) == 5  # each name once: 3 bands, median, actual
    assert console == ""


def test_days_that_are_doubted_have_marks_of_a_shape_and_a_name_of_their_own(doubted_page: tuple[str, str]) -> None:
    html, console = doubted_page
    drawing = html.split(f'data-unique-id="{DOUBTED}"')[1].split("<details")[0]
    traces = re.split(r'<g class="trace scatter', drawing)[1:]
    points = sorted(found for trace in traces if (found := len(re.findall(r'<path class="point', trace))))
    assert points == [1, 2, 7, 56 - 2], console  # used, without a value, left out, and the actuals that there are
    for name in ("left out of training", "flagged, used as it is", "no value"):
        assert name in drawing
    other = html.split('data-unique-id="RXH1/beds"')[1].split("<details")[0]
    assert "left out of training" not in other
    assert console == ""


def test_the_strip_says_what_is_doubted_and_where(doubted_page: tuple[str, str]) -> None:
    strip = doubted_page[0].split('<section class="doubts"')[1].split("</section>")[0]
    assert "7 days of 1 series suspect" in strip
    assert "2 days of 1 series without a value" in strip
    assert strip.count("<tr class=") == 3


def test_the_table_has_the_numbers_of_the_api(place_page: tuple[str, str], address: str) -> None:
    html, _ = place_page
    (forecast,) = httpx.get(f"{address}/v1/forecasts/RXK2/occupancy").json()["forecasts"]
    section = unescape(html.split('id="occupancy"')[1].split("</section>")[0])
    rows = re.findall(r'<time datetime="([^"]+)">[^<]*</time></th><td>([^<]+)</td>\s*((?:<td>[^<]+</td>\s*)+)', section)
    shown = {ds: [median, *re.findall(r"<td>([^<]+)</td>", rest)] for ds, median, rest in rows}
    assert shown == {
        day["ds"]: [
            f"{day['quantiles']['0.5']:.0f}",
            *(
                f"{day['quantiles'][low]:.0f}\N{EN DASH}{day['quantiles'][high]:.0f}"
                for low, high in (("0.25", "0.75"), ("0.1", "0.9"), ("0.025", "0.975"))
            ),
        ]
        for day in forecast["days"]
    }
    assert "AutoETS gave a value that is not a number" in section
