"""The system page: each number of its table is the API's, for a system of twenty places."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from publication.levels import EscalationLevel
from publication.model import Note, Place, Publication
from publication.store import Store, default_url
from publication.vocabulary import NoteKind
from tests.builders import CUTOFF, build_publication, build_system
from tests.contract.service.client import MORNING, Client, Clock, serve
from tests.html_tables import HtmlTable, table

N_SITES = 16
TREE = (
    Place("northshire", None, "Northshire", "system"),
    Place("RXA", "northshire", "Alder Trust", "trust"),
    Place("RXB", "northshire", "Brook Trust", "trust"),
    Place("RXC", "northshire", "Cliff Trust", "trust"),
    *(Place(f"S{n:02d}", f"RX{'ABC'[n % 3]}", f"Site {n:02d}", "site") for n in range(N_SITES)),
)
LEVELS = (
    EscalationLevel("Amber", "over 0.92 >= 0.3", "#c77700", "Call the site lead."),
    EscalationLevel("Red", "over 1.0 >= 0.9 or short 60 >= 0.05", "#8c1d04", "Call the executive."),
)
HOLIDAY = Note(NoteKind.HOLIDAY, "Friday 25 December: Christmas Day")


def twenty_places(cutoff: date = CUTOFF, scale: float = 1.0) -> Publication:
    """A system of twenty places with levels of escalation and drivers."""
    system = replace(build_system(places=TREE), levels=LEVELS)
    return build_publication(
        cutoff,
        system=system,
        scale=scale,
        streams={},
        fallbacks=(),
        with_drivers=True,
        with_headroom=True,
        notes=(HOLIDAY,),
    )


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Served on the morning after the cutoff, with yesterday's publication in the store."""
    home: Path = tmp_path_factory.mktemp("twenty")
    store = Store(default_url(home))
    store.prepare()
    store.issue(twenty_places(CUTOFF - timedelta(days=1), 0.99))
    store.issue(twenty_places())
    with serve(store, Clock()) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        yield client
    store.close()


@pytest.fixture(scope="module")
def shown(twenty: Client) -> HtmlTable:
    return table(twenty.get("/?kind=all&all=1").text, "morning")


@pytest.fixture(scope="module")
def served(twenty: Client) -> dict[str, Any]:
    return {place["place"]: place for place in twenty.get("/v1/pressure").json()["places"]}


def numbers(text: str) -> list[float]:
    """The numbers of a cell; a true minus sign is a minus."""
    return [
        float(found.replace(",", "")) for found in re.findall(r"-?[\d,]*\d\.?\d*", text.replace("\N{MINUS SIGN}", "-"))
    ]


def percents(chance: float) -> set[str]:
    """The texts that a chance may have: rounded, and never certain where it is not."""
    if 0 < chance <= 0.005:
        return {"<1 %"}
    if 0.995 <= chance < 1:
        return {">99 %"}
    return {f"{chance * 100:.0f} %"}


def place_of(row_head: str) -> str:
    return next(place.id for place in TREE if row_head.startswith(f"{place.name} "))


def test_the_table_has_every_place_once_the_worst_of_today_first(shown: HtmlTable, served: dict[str, Any]) -> None:
    listed = [place_of(row[0]) for row in shown.rows[1:]]
    assert sorted(listed) == sorted(place.id for place in TREE)
    exceeded = [sum(served[place]["days"][0]["over"].values()) for place in listed]
    assert exceeded == pytest.approx(sorted(exceeded, reverse=True), abs=2e-4)


@pytest.mark.parametrize(
    ("head", "day", "field"), [("Free today", 0, "headroom"), ("Free tomorrow", 1, "headroom"), ("Net", 0, "net_flow")]
)
def test_medians_and_intervals_are_those_of_the_api(
    shown: HtmlTable, served: dict[str, Any], head: str, day: int, field: str
) -> None:
    for name, cells in shown.by_place().items():
        values = served[place_of(name)]["days"][day][field]
        expected = [values[level] for level in ("0.5", "0.1", "0.9")]
        assert numbers(cells[head].replace("+", "").replace("\N{EN DASH}", " ")) == pytest.approx(expected, abs=0.51)


@pytest.mark.parametrize(("head", "measure"), [("In", "admissions"), ("Out", "discharges")])
def test_flows_are_those_of_the_api(shown: HtmlTable, twenty: Client, head: str, measure: str) -> None:
    forecasts = twenty.get(f"/v1/forecasts?measure={measure}&horizon=1").json()["forecasts"]
    by_place = {of["place"]: of["days"][0]["quantiles"] for of in forecasts}
    for name, cells in shown.by_place().items():
        expected = [by_place[place_of(name)][level] for level in ("0.5", "0.1", "0.9")]
        assert numbers(cells[head].replace("\N{EN DASH}", " ")) == pytest.approx(expected, abs=0.51)


def test_chances_and_rates_are_those_of_the_api(shown: HtmlTable, served: dict[str, Any]) -> None:
    for name, cells in shown.by_place().items():
        today = served[place_of(name)]["days"][0]
        assert cells["Above 95 %"] in percents(today["over"]["0.95"])
        assert cells["No bed"] in percents(today["short"]["1"])
        assert cells["Beds occupied"] == f"{100 * today['occupancy']['0.5'] / today['beds']:.0f} %"


def test_the_worst_day_and_the_discharges_it_needs_are_those_of_the_api(
    shown: HtmlTable, served: dict[str, Any], twenty: Client
) -> None:
    leaving = {
        of["place"]: [day["mean"] for day in of["days"]]
        for of in twenty.get("/v1/forecasts?measure=discharges").json()["forecasts"]
    }
    for name, cells in shown.by_place().items():
        place = served[place_of(name)]
        lead = next(day["lead"] for day in place["days"] if day["ds"] == place["worst_day"])
        assert (
            cells["Worst day"].split()[0] in ("Today", "Tomorrow")
            or str(int(place["worst_day"][-2:])) in cells["Worst day"]
        )
        needed, expected = place["discharges_needed"], sum(leaving[place["place"]][:lead]) / lead
        if needed:
            more, others = numbers(cells["Discharges needed a day"])
            assert [more, others] == pytest.approx([needed, expected], abs=0.51)
        else:
            assert cells["Discharges needed a day"] == "none"


def test_squares_say_by_letter_and_title_what_the_api_says(shown: HtmlTable, served: dict[str, Any]) -> None:
    limits = (0.05, 0.2, 0.5, 0.8)
    for row, titles in zip(shown.rows[1:], shown.titles[1:], strict=True):
        days = served[place_of(row[0])]["days"][:14]
        letters = "".join("ABCDE"[sum(day["over"]["0.95"] >= limit for limit in limits)] for day in days)
        assert row[-1] == letters
        said = [title for title in titles if "above 95 %" in title]
        assert len(said) == 14
        for title, day in zip(said, days, strict=True):
            over, short = re.findall(r"(\d+) %(?: above| no bed)", title)
            expected = [100 * day["over"]["0.95"], 100 * day["short"]["1"]]
            assert [float(over), float(short)] == pytest.approx(expected, abs=0.51)
            assert (f"{day['level']};" in title) == (day["level"] is not None)


def test_the_change_is_measured_from_yesterdays_publication(shown: HtmlTable, twenty: Client) -> None:
    before = {p["place"]: p for p in twenty.get(f"/v1/pressure?cutoff={CUTOFF - timedelta(days=1)}").json()["places"]}
    now = {p["place"]: p for p in twenty.get("/v1/pressure").json()["places"]}
    for name, cells in shown.by_place().items():
        place = place_of(name)
        change = now[place]["days"][0]["headroom"]["0.5"] - before[place]["days"][1]["headroom"]["0.5"]
        assert numbers(cells["Since yesterday"].replace("+", "")) == [pytest.approx(change, abs=0.51)]


def test_levels_of_escalation_are_at_their_places(shown: HtmlTable, served: dict[str, Any]) -> None:
    reached = {place: of["days"][0]["level"] for place, of in served.items()}
    assert set(reached.values()) == {"Amber", "Red"}
    for row in shown.rows[1:]:
        level = reached[place_of(row[0])]
        assert [of.name for of in LEVELS if of.name in row[0]] == [level]


@pytest.mark.parametrize(
    ("query", "n_rows"),
    [
        ("", N_SITES),
        ("?kind=trust", 3),
        ("?kind=all", 20),
        ("?kind=all&find=cliff", 1),
        ("?find=site 03", 1),
        ("?find=nowhere", 1),
    ],
)
def test_kinds_of_place_and_names_are_chosen_without_script(twenty: Client, query: str, n_rows: int) -> None:
    assert len(table(twenty.get(f"/{query}").text, "morning").rows) - 1 == n_rows


def test_a_name_that_no_place_has_leaves_a_sentence(twenty: Client) -> None:
    assert "No place of this kind and name counts beds." in twenty.get("/?find=nowhere").text


def test_a_scenario_is_on_the_same_table_and_marked(twenty: Client) -> None:
    html = twenty.get("/?beds=S01:%2B12&discharges=S02:%2B5/day&all=1").text
    assert "This is a scenario, not the forecast." in html
    assert "Site 01: +12 beds; Site 02: +5 discharges a day" in html
    asked = twenty.get("/v1/pressure?beds=S01:%2B12&discharges=S02:%2B5/day").json()["places"]
    by_place = {place["place"]: place["days"][0] for place in asked}
    cells = {place_of(name): of for name, of in table(html, "morning").by_place().items()}
    assert cells["S01"]["Change by the scenario"] == "+12"
    assert cells["S03"]["Change by the scenario"] == "0"
    for place in ("S01", "S02", "S03"):
        assert numbers(cells[place]["Free today"])[0] == pytest.approx(by_place[place]["headroom"]["0.5"], abs=0.51)


@pytest.mark.parametrize(
    ("form", "address"),
    [
        ("place=S01&more_beds=12&more_discharges=", "/?beds=S01:+12"),
        ("place=site 01&more_beds=&more_discharges=5", "/?discharges=S01:+5/day"),
        ("place=s01&more_beds=-4&beds=S02:%2B3", "/?beds=S01:-4,S02:+3"),
        ("place=S01&more_beds=2&beds=S01:%2B9&kind=all", "/?kind=all&beds=S01:+2"),
    ],
)
def test_the_form_leads_to_an_address_that_can_be_shared(twenty: Client, form: str, address: str) -> None:
    response = twenty.get(f"/?{form}")
    assert (response.status_code, response.headers["location"]) == (303, address)
    assert twenty.get(address.replace("+", "%2B")).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("?place=S99&more_beds=1", 404, "S99"),
        ("?place=S01&more_beds=many", 422, "a number, -99,999 to 99,999"),
        ("?place=S01&more_beds=nan", 422, "a number"),
        ("?beds=S99:%2B1", 404, "S99"),
        ("?beds=S01", 422, "RXH:+12"),
        (f"?find={'x' * 201}", 422, "find"),
    ],
)
def test_a_mistake_is_a_page_with_a_sentence(twenty: Client, query: str, status: int, sentence: str) -> None:
    response = twenty.get(f"/{query}", accept="text/html,*/*;q=0.8")
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert sentence in response.text


def test_what_is_known_ahead_is_named(twenty: Client) -> None:
    assert "Friday 25 December: Christmas Day" in twenty.get("/").text


@pytest.mark.parametrize(
    ("days_passed", "words"),
    [
        (0, ("Up to date", "Today, Sun 22 Nov")),
        (0.8, ("Late", "Today, Mon 23 Nov", "; next expected today, about 05:02")),
        (1, ("Late", "Today, Mon 23 Nov", "the next was expected today, about 05:02")),
        (5, ("Stale", "Today, Fri 27 Nov", "the next was expected Mon 23 Nov")),
        (40, ("Stale", "Every day of this publication is over.", "Nothing is ranked or advised.")),
    ],
)
def test_today_never_vanishes_and_old_advice_is_not_given(
    tmp_path: Path, days_passed: float, words: tuple[str, ...]
) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(twenty_places())
    with serve(store, Clock(MORNING + timedelta(days=days_passed))) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        html = client.get("/").text
    store.close()
    for word in words:
        assert word in html
    assert ('class="morning' in html) == (days_passed < 28)
