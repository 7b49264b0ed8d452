"""The pages of 2,000 places in a real browser."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.checks import overflowing, sheets, unreached
from tests.browser.conftest import Open, Site, site
from tests.browser.publications import many
from tests.contract.service.client import Clock

N_SITES = 1818  # with 182 trusts, and the system


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("region"), Clock()) as running:
        running.issue(many(N_SITES, ("occupancy", "beds"), horizon_days=14))
        yield running


@pytest.mark.parametrize("width", [1920, 1280, 390])
def test_two_thousand_places_begin_with_twenty(region: Site, open_page: Open, width: int) -> None:
    page = open_page(f"{region.url}/", width)
    expect(page.locator(".morning tbody tr")).to_have_count(20)
    expect(page.get_by_role("link", name=f"All {N_SITES} places").first).to_be_visible()
    assert overflowing(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_among_two_thousand_places(region: Site, open_page: Open, scheme: str) -> None:
    found = Axe().run(open_page(f"{region.url}/", 390, color_scheme=scheme))
    assert found.violations_count == 0, found.generate_report()


def test_each_of_two_thousand_places_is_found_by_a_part_of_its_name(region: Site, open_page: Open) -> None:
    page = open_page(f"{region.url}/?kind=all&all=1")
    rows = page.locator(".morning tbody tr:visible")
    expect(rows).to_have_count(N_SITES + 182 + 1)
    page.get_by_role("searchbox").fill("number 1234")
    page.get_by_role("button", name="Find").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Hospital number 1234")


def test_the_morning_of_two_thousand_places_is_one_sheet_and_needs_no_mouse(region: Site, open_page: Open) -> None:
    page = open_page(f"{region.url}/")
    assert unreached(page) == 0
    assert sheets(page) == 1


def test_two_thousand_places_need_no_script(region: Site, open_page: Open) -> None:
    plain = open_page(f"{region.url}/").locator("main td").count()
    assert open_page(f"{region.url}/", java_script_enabled=False).locator("main td").count() == plain > 100
