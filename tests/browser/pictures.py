"""Pictures of the pages, for the docs and to be looked at: each page in each width and mode, and each state.

`python -m tests.browser.pictures OUT [--docs FOLDER] [--only WORD]` writes OUT/NAME.png, and those that the docs show
into FOLDER, with fewer colours.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from publication.model import Publication
from publication.vocabulary import SeriesKey
from tests.browser import publications
from tests.browser.conftest import PAGE_MILLISECONDS, chromium, site
from tests.builders import CUTOFF
from tests.contract.service.client import Clock

PAPER_PIXELS = 1054  # of A4 landscape between its margins
COLOURS_IN_DOCS = 256  # less than half the bytes of all colours, and no difference to see


@dataclass(frozen=True)
class Picture:
    """One picture: a page, the width of the window, and how the browser shows it. `docs`: the height there, or 0."""

    name: str
    path: str = "/"
    width: int = 1280
    scheme: Literal["light", "dark"] = "light"
    with_script: bool = True
    is_print: bool = False
    docs: int = 0


@dataclass(frozen=True)
class State:
    """A publication to serve, so many days after it was issued, and the pictures of it."""

    name: str
    made: Callable[[], tuple[Publication, ...]]
    pictures: tuple[Picture, ...]
    days_later: int = 0
    with_scores: bool = False


def mornings() -> tuple[Publication, ...]:
    """Publications of a week ago, of yesterday and of today."""
    days_ago = {7: publications.BEDS_MORE, 1: publications.BEDS_MORE_YESTERDAY, 0: publications.BEDS_MORE}
    return tuple(
        publications.morning(CUTOFF - timedelta(days=ago), beds_more=more, scale=0.99 if ago == 7 else 1.0)
        for ago, more in days_ago.items()
    )


def with_fallbacks() -> tuple[Publication, ...]:
    measures = (SeriesKey("RXH1", "occupancy"), SeriesKey("RXK2", "occupancy"), SeriesKey("RXK3", "admissions"))
    return (publications.morning(fallbacks=measures),)


def doubted() -> tuple[Publication, ...]:
    return (publications.doubted(publications.morning()),)


def without_history() -> tuple[Publication, ...]:
    return (publications.morning(recent_days=0),)


SYSTEM = (
    Picture("system-1920", width=1920),
    Picture("system", docs=960),
    Picture("system-390", width=390),
    Picture("system-dark", scheme="dark"),
    Picture("system-no-script", with_script=False),
    Picture("system-print", width=PAPER_PIXELS, is_print=True),
    Picture("system-all-kinds", "/?kind=all"),
    Picture("scenario", "/?beds=RXH2:%2B12&discharges=RXH1:%2B5/day", docs=620),
    Picture("scenario-390", "/?beds=RXH2:%2B12&discharges=RXH1:%2B5/day", 390),
    Picture("place", "/places/RXH2", docs=1000),
    Picture("place-390", "/places/RXH2", 390),
    Picture("place-dark", "/places/RXH2", scheme="dark"),
    Picture("place-print", "/places/RXH2", PAPER_PIXELS, is_print=True),
    Picture("place-trust", "/places/RXH"),
    Picture("accuracy", "/accuracy?measure=occupancy", docs=1000),
    Picture("accuracy-390", "/accuracy?measure=occupancy", 390),
    Picture("accuracy-of-place", "/accuracy?measure=occupancy&place=RXH2"),
    Picture("problem", "/places/RXZ9"),
    Picture("problem-390", "/?beds=nothing", 390),
)
STATES = (
    State("system", mornings, SYSTEM, with_scores=True),
    State("late", mornings, (Picture("state-late", docs=420), Picture("place-late", "/places/RXH2")), 1, True),
    State("stale", mornings, (Picture("state-stale", docs=420), Picture("place-stale", "/places/RXH2")), 5, True),
    State("over", mornings, (Picture("state-over", docs=300), Picture("place-over", "/places/RXH2")), 40),
    State(
        "fallbacks",
        with_fallbacks,
        (Picture("state-fallbacks"), Picture("state-fallbacks-place", "/places/RXH1", docs=760)),
    ),
    State("doubts", doubted, (Picture("state-doubts", docs=520), Picture("place-doubts", "/places/RXH1"))),
    State(
        "no beds",
        lambda: (publications.without_beds(),),
        (Picture("state-no-beds", docs=560), Picture("place-no-beds", "/places/RXH1")),
    ),
    State(
        "no history",
        without_history,
        (Picture("state-no-history"), Picture("state-no-history-place", "/places/RXH2", docs=760)),
    ),
    State("empty", tuple, (Picture("state-empty", docs=300), Picture("state-empty-390", width=390))),
    State(
        "crowd",
        lambda: (publications.many(150),),
        (
            Picture("crowd"),
            Picture("crowd-390", width=390),
            Picture("crowd-all", "/?all=1"),
            Picture("crowd-all-print", "/?all=1", PAPER_PIXELS, is_print=True),
        ),
    ),
)


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="where those that the docs show are written")
    parser.add_argument("--only", default="", metavar="WORD", help="states with this word in their name")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for state in STATES:
            if options.only in state.name:
                _write(state, browser, options.out, options.docs)


def _write(state: State, browser: Browser, out: Path, docs: Path | None) -> None:
    clock = Clock()
    with tempfile.TemporaryDirectory() as home, site(Path(home), clock) as running:
        if state.with_scores:  # before the publications: the poll that finds those has read the scores before
            running.store.save_live_scores(publications.plausible_scores())
        for made in state.made():
            running.issue(made)
        clock.pass_days(state.days_later)
        for picture in state.pictures:
            with _opened(browser, f"{running.url}{picture.path}", picture) as page:
                page.screenshot(path=out / f"{picture.name}.png", full_page=True)
                if picture.docs and docs is not None:
                    page.set_viewport_size({"width": picture.width, "height": picture.docs})
                    _save_small(page.screenshot(), docs / f"page-{picture.name}.png")
            print(out / f"{picture.name}.png")  # noqa: T201


def _save_small(screenshot: bytes, path: Path) -> None:
    with Image.open(BytesIO(screenshot)) as image:
        image.quantize(COLOURS_IN_DOCS, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def _opened(browser: Browser, address: str, picture: Picture) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": picture.width, "height": 900},
        device_scale_factor=1,
        color_scheme=picture.scheme,
        java_script_enabled=picture.with_script,
    )
    context.set_default_timeout(PAGE_MILLISECONDS)
    page = context.new_page()
    if picture.is_print:
        page.emulate_media(media="print")
    page.goto(address, wait_until="load")
    yield page
    context.close()


if __name__ == "__main__":
    main()
