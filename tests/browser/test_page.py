"""The pages in a real browser: all is visible at each width, in print, in the dark, and without script."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from publication.vocabulary import SeriesKey
from tests.browser.checks import open_details, overflowing, sheets, unreached
from tests.browser.conftest import Open, Site, site
from tests.browser.publications import HOSTILE, full, many
from tests.builders import CUTOFF, build_live_scores, build_publication
from tests.contract.service.client import Clock

WIDTHS = (1920, 1280, 390)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("home"), Clock()) as running:
        week_ago = build_publication(CUTOFF - timedelta(days=7), with_headroom=True, scale=0.97)
        running.store.issue(week_ago)
        running.store.issue(build_publication(CUTOFF - timedelta(days=1), with_headroom=True, scale=0.98))
        running.store.save_live_scores(build_live_scores())
        running.issue(full())
        yield running


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("crowd"), Clock()) as running:
        running.issue(many(150))
        yield running


PAGES = (
    "/",
    "/?kind=all&all=1",
    "/?beds=RXH1:%2B12",
    "/places/RXH1",
    "/places/RXK1",
    "/places/RXK2",
    "/places/northshire",
    "/accuracy",
    "/accuracy?measure=occupancy&place=RXH1",
)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_off_and_nothing_scrolls_sideways(served: Site, open_page: Open, path: str, width: int) -> None:
    page = open_page(f"{served.url}{path}", width)
    open_details(page)
    assert overflowing(page) == []


@pytest.mark.parametrize("path", ["/", "/places/RXH1"])
@pytest.mark.parametrize(
    "options",
    [{"color_scheme": "dark"}, {"java_script_enabled": False}, {"color_scheme": "dark", "forced_colors": "active"}],
    ids=["dark", "without script", "high contrast"],
)
def test_every_number_is_there_in_any_mode(
    served: Site, open_page: Open, path: str, options: dict[str, object]
) -> None:
    plain = open_page(f"{served.url}{path}")
    page = open_page(f"{served.url}{path}", **options)
    of_interest = "main td, main .big, main .picture path"
    assert page.locator(of_interest).count() == plain.locator(of_interest).count() > 30
    assert page.locator("main").inner_text().split()[:40] == plain.locator("main").inner_text().split()[:40]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/?beds=RXH1:%2B12", "/places/RXH1", "/places/RXK2", "/accuracy"])
def test_axe_finds_nothing(served: Site, open_page: Open, path: str, scheme: str, width: int) -> None:
    page = open_page(f"{served.url}{path}", width, color_scheme=scheme)
    open_details(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", ["/places/NONE", "/?beds=nothing", "/nowhere"])
def test_an_error_is_a_page(served: Site, open_page: Open, path: str) -> None:
    page = open_page(f"{served.url}{path}", is_quiet=False)
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("link", name="The page of today")).to_be_visible()
    assert Axe().run(page).violations_count == 0
    assert overflowing(page) == []


def test_the_system_page_is_one_sheet_of_paper(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/")
    assert sheets(page) == 1


@pytest.mark.parametrize(
    ("width", "options"),
    [
        (1280, {}),
        (390, {"color_scheme": "dark"}),
        (390, {"java_script_enabled": False}),
        (1280, {"color_scheme": "dark", "forced_colors": "active"}),
    ],
    ids=["desktop", "phone in the dark", "phone without script", "high contrast"],
)
def test_control_is_read_in_any_mode_from_the_card_to_each_state(
    served: Site, open_page: Open, width: int, options: dict[str, object]
) -> None:
    page = open_page(f"{served.url}/", width, **options)
    page.get_by_role("link", name="2 signals of control").click()
    assert page.url.endswith("/accuracy#control")
    section = page.locator("#control")
    expect(section.get_by_role("heading", name="Control")).to_be_visible()
    expect(section.locator(".signals li").first).to_have_text(
        "Forecasts of occupancy one day ahead are too high, by 2.4% of the actual "
        "(RXK2/occupancy; since 2026-11-02, found on 2026-11-14)."
    )
    occupancy = section.locator("tbody tr").first.locator("td")
    for nth, text in ((0, "signal since Mon 2 Nov 2026"), (2, "no signal"), (7, "too little to check yet")):
        expect(occupancy.nth(nth)).to_be_visible()
        expect(occupancy.nth(nth)).to_have_text(text)
    assert overflowing(page) == []


def test_a_name_with_markup_is_text(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/places/RXK1")
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    assert "taken" not in page.title() or HOSTILE in page.title()
    page.goto(f"{served.url}/")
    expect(page.locator(".morning")).to_contain_text(HOSTILE)


def test_the_keyboard_reaches_every_link_and_field(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/")
    assert unreached(page) == 0


def test_the_form_answers_on_the_same_table_without_script(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/", java_script_enabled=False)
    page.get_by_label("Place", exact=True).fill("Harbour General")
    page.get_by_label("More beds").fill("12")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("This is a scenario, not the forecast.")).to_be_visible()
    assert page.url.endswith("/?beds=RXH1:+12")
    row = page.locator(".morning tr", has_text="Harbour General")
    expect(row.locator("td").nth(5)).to_have_text("+12")


def test_the_picture_of_occupancy_has_beds_thresholds_and_last_weeks_forecast(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/places/RXH1")
    section = page.locator("#occupancy")
    for css, n in (("beds", 1), ("threshold", 3), ("before-centre", 1), ("actual", 1), ("fan80", 1), ("centre", 1)):
        assert section.locator(f".plot path.{css}").count() == n, css
    for name in (
        "last week's forecast",
        "95 % of beds",
        "80 % prediction interval",
        "left out of training",
        "no value",
    ):
        expect(section.locator("figcaption")).to_contain_text(name)
    assert page.locator("h2").first.inner_text() != "Occupancy"
    assert page.locator(".series h2").first.inner_text().startswith("Occupancy")


def test_days_that_are_doubted_have_signs_of_their_own(served: Site, open_page: Open) -> None:
    marks = open_page(f"{served.url}/places/RXH1").locator("#occupancy .mark")
    signs = marks.all_inner_texts()
    assert (signs.count("\N{MULTIPLICATION SIGN}"), signs.count("\N{WHITE CIRCLE}")) == (7, 1)
    assert signs.count("\N{WHITE UP-POINTING TRIANGLE}") == 2
    assert "frozen" in str(marks.first.get_attribute("title"))


def test_the_picture_of_a_clinic_has_a_gap_on_the_days_it_is_closed(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/places/RXK1")
    (forecast,) = httpx.get(f"{served.url}/v1/forecasts/RXK1/attendances").json()["forecasts"]
    leads = [day["lead"] for day in forecast["days"]]
    n_stretches = sum(lead - 1 not in leads for lead in leads)
    drawn = page.locator("#attendances .plot path.centre").get_attribute("d")
    assert str(drawn).count("M") == n_stretches in (4, 5)  # weekends within 28 days


def test_the_drivers_of_another_day_are_shown_without_script(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/places/RXH1", java_script_enabled=False)
    page.locator(".drivers select").select_option("2026-11-25")
    page.locator(".drivers button").click()
    expect(page.locator("#drivers-title")).to_have_text("Drivers of Wed 25 Nov")
    (forecast,) = httpx.get(f"{served.url}/v1/forecasts/RXH1/occupancy").json()["forecasts"]
    drivers = next(day for day in forecast["drivers"] if day.pop("ds") == "2026-11-25")
    shown = [
        float(text.split()[0].replace("\N{MINUS SIGN}", "-")) for text in page.locator(".parts td").all_inner_texts()
    ]
    assert shown == [pytest.approx(drivers[name], abs=0.51) for name in list(drivers)[1:]]


def test_plotly_is_loaded_only_by_those_who_zoom(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/places/RXH1")
    scripts: list[str] = page.evaluate("performance.getEntriesByType('resource').map((of) => of.name)")
    assert not [name for name in scripts if "plotly" in name]
    page.get_by_role("button", name="Zoom into occupancy").click()
    expect(page.locator("#occupancy .js-plotly-plot")).to_be_visible()
    assert page.locator("#occupancy .js-fill").count() >= 3


def test_an_open_tab_turns_late_and_takes_a_new_publication_in_without_a_reload(
    tmp_path_factory: pytest.TempPathFactory, open_page: Open
) -> None:
    with site(tmp_path_factory.mktemp("moving"), Clock()) as moving:
        moving.issue(full())
        page = open_page(f"{moving.url}/")
        page.evaluate("window.isTheSame = true; document.querySelector('details.measures').open = true")
        status = page.locator("#status")
        expect(status).to_contain_text("Up to date")
        moving.clock.pass_days(1)
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(status).to_contain_text("Late")
        expect(page.locator("h1")).to_have_text("Today, Mon 23 Nov")
        moving.issue(full(CUTOFF + timedelta(days=1), 1.02))
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(status).to_contain_text("Up to date")
        expect(status).to_contain_text("data to Sun 22 Nov")
        assert page.evaluate("window.isTheSame") is True
        assert page.evaluate("document.querySelector('details.measures').open") is True


def test_an_open_tab_without_its_service_turns_late_by_the_clock(
    tmp_path_factory: pytest.TempPathFactory, open_page: Open
) -> None:
    with site(tmp_path_factory.mktemp("lost"), Clock()) as lost:
        lost.issue(full())
        page = open_page(f"{lost.url}/", is_quiet=False)
    page.clock.install(time="2026-11-23T07:00:00Z")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    status = page.locator("#status")
    expect(status).to_contain_text("Late")
    expect(status).to_contain_text("the service does not answer since")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_crowd_of_places_begins_with_twenty(crowd: Site, open_page: Open, width: int) -> None:
    page = open_page(f"{crowd.url}/", width)
    rows = page.locator(".morning tbody tr")
    expect(rows).to_have_count(20)
    assert overflowing(page) == []
    page.get_by_role("link", name="All 150 places").first.click()
    expect(rows).to_have_count(150)
    assert overflowing(page) == []


def test_the_table_of_a_series_has_the_numbers_of_the_api(served: Site, open_page: Open) -> None:
    page = open_page(f"{served.url}/places/RXK2")
    (forecast,) = httpx.get(f"{served.url}/v1/forecasts/RXK2/occupancy").json()["forecasts"]
    rows = page.locator("#occupancy table.days:not(.pressure) tbody tr")
    shown = {row.locator("time").get_attribute("datetime"): row.locator("td").all_text_contents() for row in rows.all()}
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
    fallback = SeriesKey("RXK2", "occupancy").unique_id
    assert fallback == forecast["unique_id"]
    expect(page.locator("#occupancy .fallback-note")).to_contain_text("AutoETS gave a value that is not a number")
