"""The pages of what real jobs published in a real browser: the demo, and a winter of English hospitals."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import servers
from tests.browser.checks import open_details, overflowing, sheets, unreached
from tests.browser.conftest import Open
from tests.unit.cli.commands import clean_environ

pytestmark = pytest.mark.drill

NHS_WINTER = servers.ROOT / "benchmarks" / "systems" / "nhs_winter.toml"
REAL_DATA = servers.ROOT.parent / "shared" / "data"
TRUSTS = 20
CHEAP = "CalendarLevel"
NEWEST_REPORTED = date(2022, 4, 3)
DAYS_BEFORE_NEWEST = (7, 1, 0)
"""Cutoffs that are published."""
JOB_SECONDS = 600
WIDTHS = (1920, 1280, 390)
PLACE_OF_SYSTEM = {"demo": "/places/northshire", "nhs winter": "/places/ENG"}
SYSTEMS = [pytest.param(name, id=name) for name in PLACE_OF_SYSTEM]


def headroom(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "training", *arguments, "--home", str(home)]
    ended = subprocess.run(
        command,
        cwd=servers.ROOT,
        capture_output=True,
        text=True,
        timeout=JOB_SECONDS,
        check=False,
        env=clean_environ(),
    )
    assert ended.returncode == 0, ended.stderr


def some_trusts(folder: Path, newest: date) -> Path:
    """The system file of the first trusts of the winter: training on all of them takes as long as all other drills.

    Their days are moved, so that the newest is another: a page of days that are over shows none of them.
    """
    for report in (REAL_DATA / "nhs_winter_sitrep").glob("sitrep_*.csv"):
        rows = pd.read_csv(report, dtype=str, keep_default_na=False)
        rows["date"] = (pd.to_datetime(rows["date"]) + (newest - NEWEST_REPORTED)).dt.strftime("%Y-%m-%d")
        rows.to_csv(folder / report.name, index=False)
    with NHS_WINTER.with_name("nhs_winter_places.csv").open(encoding="utf-8") as file:
        places = list(csv.DictReader(file))
    used, left_out = places[: 1 + TRUSTS], places[1 + TRUSTS :]
    with (folder / "nhs_winter_places.csv").open("w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(used[0]))
        writer.writeheader()
        writer.writerows(used)
    ignored = ", ".join(f'"{place["place"]}"' for place in left_out)
    text = NHS_WINTER.read_text(encoding="utf-8").replace("../../../shared/data/nhs_winter_sitrep/", "")
    system = folder / "system.toml"
    system.write_text(text.replace('["ENG", "ENG_T1"', f'["ENG", "ENG_T1", {ignored}'), encoding="utf-8")
    return system


def publish_winter(home: Path) -> None:
    """The last winter, by a candidate that takes seconds."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real data (../shared/data) is absent")
    home.mkdir(exist_ok=True)
    newest = datetime.now(UTC).date() - timedelta(days=1)
    of = ("--system", str(some_trusts(home, newest)))
    headroom(home, "ingest", *of)
    headroom(home, "train", *of, "--candidates", CHEAP)
    headroom(home, "promote", *of, "--force", "--reason", "the cheapest, for pictures")
    for days in DAYS_BEFORE_NEWEST:
        headroom(home, "publish", *of, "--cutoff", f"{newest - timedelta(days=days)}")
    headroom(home, "score", *of)


@pytest.fixture(scope="module", params=SYSTEMS)
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a service, and that of the page of its root place."""
    home = tmp_path_factory.mktemp("home")
    if request.param == "demo":
        headroom(home, "demo", "--no-serve")
    else:
        publish_winter(home)
    with servers.service(home) as running:
        yield running.url, PLACE_OF_SYSTEM[request.param]


def addresses(url: str, root: str) -> list[str]:
    """The pages: those of the system, of its root, of its worst place, and of accuracy."""
    worst = httpx.get(f"{url}/v1/pressure?limit=1").json()["places"][0]["place"]
    paths = ("/", "/?kind=all&all=1", root, f"/places/{worst}", f"/?beds={worst}:%2B12", "/accuracy")
    return [f"{url}{path}" for path in paths]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_real_is_cut_off(published: tuple[str, str], open_page: Open, width: int) -> None:
    for address in addresses(*published):
        page = open_page(address, width)
        open_details(page)
        assert overflowing(page) == [], address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_real(published: tuple[str, str], open_page: Open, scheme: str, width: int) -> None:
    for address in addresses(*published):
        page = open_page(address, width, color_scheme=scheme)
        open_details(page)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}\n{found.generate_report()}"


def test_every_real_number_is_there_without_script(published: tuple[str, str], open_page: Open) -> None:
    for address in addresses(*published):
        plain, without = (open_page(address, java_script_enabled=has_script) for has_script in (True, False))
        cells = "main td, main .big, main svg path"
        assert plain.locator(cells).count() == without.locator(cells).count() > 10, address


def test_a_real_morning_is_one_sheet_and_needs_no_mouse(published: tuple[str, str], open_page: Open) -> None:
    url, _ = published
    page = open_page(f"{url}/")
    assert unreached(page) == 0
    assert sheets(page) == 1
