"""Bytes and seconds of the pages over a slow line: 1.5 Mbit/s and 150 ms for each request and its response.

Needs Chromium. `python -m benchmarks.pages [--places 150 2000] [--rounds 5]` makes a region of so many places and
issues three publications of it. It opens the system page, with 20 rows and with all, and the page of a place in a
browser with an empty cache. The bars are for a region of 150 places. Bytes are those of every response with its
headers, as they are sent.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser

from benchmarks.flow import SITES_PER_TRUST
from benchmarks.serving.region import publication
from publication.days import today
from publication.store import Store, default_url
from tests import servers
from tests.browser.conftest import chromium

BITS_A_SECOND, ROUND_TRIP_MS = 1_500_000, 150
BITS_OF_A_BYTE = 8
ZONE = "Europe/London"
PUBLISHED_DAYS_AGO = (8, 2)  # before the one that is measured: a week and a day before its cutoff
PLACE = "S7"
NO_BAR = "no bar"
LARGEST_PAINT = """() => new Promise((resolve) => {
  let last = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) last = entry.startTime;
    requestAnimationFrame(() => setTimeout(() => resolve(last)));
  }).observe({ type: "largest-contentful-paint", buffered: true });
})"""


@dataclass(frozen=True)
class Bar:
    """The most that a page may take."""

    kilobytes: float
    seconds: float


@dataclass(frozen=True)
class Opened:
    """A page that was opened once: bytes of its document and of all responses, and its largest contentful paint."""

    document: int
    all_bytes: int
    seconds: float


BARS: Mapping[str, Bar] = {"system page": Bar(60, 1.0), "place page": Bar(100, 1.5)}
ADDRESSES: Mapping[str, str] = {
    "system page": "/",
    "system page, every place": "/?kind=all&all=1",
    "place page": f"/places/{PLACE}",
}
BARRED_PLACES = 150


def main() -> None:
    """Print a row for each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=int, nargs="+", default=[BARRED_PLACES, 2000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| page | places | document, kB | all, kB | bar | largest paint, s | bar | first answer, s |")
    print("|---|---|---|---|---|---|---|---|")
    with chromium() as browser:
        for n_places in options.places:
            with _region(n_places) as (url, first_answers):
                for page, address in ADDRESSES.items():
                    opened = [_open(browser, f"{url}{address}") for _ in range(options.rounds)]
                    print(_row(page, n_places, opened, first_answers[page]), flush=True)


def _row(page: str, n_places: int, opened: list[Opened], first_answer: float) -> str:
    bar = BARS.get(page) if n_places == BARRED_PLACES else None
    kilobytes, seconds = max(of.all_bytes for of in opened) / 1000, min(of.seconds for of in opened)
    cells = (
        page,
        f"{n_places:,}",
        f"{max(of.document for of in opened) / 1000:.1f}",
        f"{kilobytes:.1f}",
        _verdict(kilobytes, bar.kilobytes if bar else None),
        f"{seconds:.2f}",
        _verdict(seconds, bar.seconds if bar else None),
        f"{first_answer:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _verdict(measured: float, most: float | None) -> str:
    if most is None:
        return NO_BAR
    return f"{most:g}: {'met' if measured <= most else 'missed'}"


@contextmanager
def _region(n_places: int) -> Iterator[tuple[str, Mapping[str, float]]]:
    """A service over a region of so many places, and the seconds of the first answer of each page after a publication.

    The service runs already, and has rendered the pages of the publication before.
    """
    newest = today(datetime.now(UTC), ZONE)
    n_sites = (n_places - 1) * SITES_PER_TRUST // (SITES_PER_TRUST + 1)  # the others are trusts, and the region
    with TemporaryDirectory() as folder:
        home = Path(folder)
        for days_ago in PUBLISHED_DAYS_AGO:
            _issue(home, newest - timedelta(days=days_ago), n_sites)
        with servers.service(home) as service, httpx.Client(base_url=service.url, timeout=120) as client:
            _wait_for(client, newest - timedelta(days=PUBLISHED_DAYS_AGO[-1]))
            for address in ADDRESSES.values():
                client.get(address).raise_for_status()
            _issue(home, newest - timedelta(days=1), n_sites)
            _wait_for(client, newest - timedelta(days=1))
            yield service.url, {page: _seconds(client, address) for page, address in ADDRESSES.items()}


def _issue(home: Path, cutoff: date, n_sites: int) -> None:
    store = Store(default_url(home))
    store.prepare()
    store.issue(publication(cutoff, n_sites))
    store.close()


def _wait_for(client: httpx.Client, cutoff: date) -> None:
    """Return once the publication of this cutoff is served."""
    give_up = time.monotonic() + 10 * servers.START_SECONDS
    while client.get("/readyz").json().get("publication", {}).get("cutoff") != cutoff.isoformat():
        if time.monotonic() > give_up:
            raise RuntimeError(f"The service does not serve the publication of {cutoff}. See its log in its home.")
        time.sleep(0.05)


def _seconds(client: httpx.Client, address: str) -> float:
    began = time.perf_counter()
    client.get(address).raise_for_status()
    return time.perf_counter() - began


def _open(browser: Browser, address: str) -> Opened:
    """Open a page over the slow line, in a context whose cache is empty."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    sent: dict[str, int] = {}
    documents: list[str] = []
    devtools.on(
        "Network.requestWillBeSent", lambda of: documents.append(of["requestId"]) if of["type"] == "Document" else None
    )
    devtools.on("Network.loadingFinished", lambda of: sent.update({of["requestId"]: int(of["encodedDataLength"])}))
    devtools.send("Network.enable")
    bytes_a_second = BITS_A_SECOND / BITS_OF_A_BYTE
    conditions = {"offline": False, "latency": ROUND_TRIP_MS}
    speeds = {"downloadThroughput": bytes_a_second, "uploadThroughput": bytes_a_second}
    devtools.send("Network.emulateNetworkConditions", conditions | speeds)
    page.goto(address, wait_until="networkidle", timeout=120_000)
    milliseconds: float = page.evaluate(LARGEST_PAINT)
    context.close()
    return Opened(sent[documents[0]], sum(sent.values()), milliseconds / 1000)


if __name__ == "__main__":
    main()
