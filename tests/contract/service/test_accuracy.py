"""The accuracy page: every cell is the API's, every state is said, and a key of a place sees its part alone."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from publication.live_scores import LeadScore, LiveScores
from publication.model import Place
from publication.store import Store, default_url
from tests.builders import PLACES, build_live_scores, build_publication, build_system
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch

WARDS = tuple(Place(f"W{i:02}", "RXH1", f"Ward {i}", "ward") for i in range(1, 14))
TWENTY = (*PLACES, *WARDS)
NAMES = {place.id: place.name for place in TWENTY}
SECTIONS = ("control", "errors", "coverage", "calibration", "places", "measures", "champion")


@dataclass
class Table:
    """A table as a reader finds it: cells of its rows, and the address of its CSV."""

    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    csv: str = ""


class TablesParser(HTMLParser):
    """The table of each section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, Table] = {}
        self._section, self._into, self._in_cell = "", list[str](), False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "section":
            self._section = own["id"]
            self.tables[self._section] = Table()
        elif tag == "tr":
            self._into = []
            self.tables[self._section].rows.append(self._into)
        elif tag in ("td", "th"):
            self._in_cell = True
            self._into.append("")
        elif tag == "a" and own.get("href", "").endswith("format=csv") and self._section:
            self.tables[self._section].csv = own["href"]
        elif tag == "footer":
            self._section = ""

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self._into[-1] += data.strip()


def tables(client: Client, address: str) -> dict[str, Table]:
    found = TablesParser(client.get(address).text).tables
    for table in found.values():
        table.columns, *table.rows = table.rows
    return found


def csv_of(client: Client, table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(table.csv).text)))


def agrees(cell: str, value: str | float, scale: float = 1.0) -> bool:
    """Return whether a cell is the number, rounded to as many digits as the cell has."""
    text = cell.replace("\N{MINUS SIGN}", "-").replace(",", "").removesuffix(" %")
    decimals = len(text.partition(".")[2])
    return abs(float(text) - scale * float(value)) <= 0.5 * float(10**-decimals) + 1e-9


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A system of twenty places."""
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication(system=build_system(places=TWENTY)))
    store.save_live_scores(build_live_scores(places=TWENTY))
    with serve(store, Clock()) as running:
        running.get_until("/v1/scores", lambda answer: bool(answer.json().get("scores")))
        yield running
    store.close()


CHOICES = [
    "/accuracy",
    "/accuracy?weeks=4",
    "/accuracy?place=RXH1&measure=occupancy",
    "/accuracy?place=RXH1&measure=occupancy&weeks=4",
    "/accuracy?place=W03&weeks=4",
    "/accuracy?measure=beds&place=northshire",
]


def skill(row: dict[str, str]) -> float | None:
    theirs = float(row["last_week_mae"])
    return 100 * (theirs - float(row["mae_vs_last_week"])) / theirs if theirs else None


def error_cells_agree(cells: list[str], row: dict[str, str]) -> bool:
    expected = skill(row)
    return (
        agrees(cells[0], row["mae"])
        and agrees(cells[1], row["last_week_mae"])
        and agrees(cells[2], row["yesterday_mae"])
        and (cells[3] == "\N{EN DASH}" if expected is None else agrees(cells[3], expected))
    )


@pytest.mark.parametrize("address", CHOICES)
def test_errors_are_those_of_the_api(client: Client, address: str) -> None:
    table = tables(client, address)["errors"]
    rows = csv_of(client, table)
    assert [cells[0] for cells in table.rows] == ["1\N{EN DASH}7", "8\N{EN DASH}14"]
    for cells, row in zip(table.rows, rows, strict=True):
        assert error_cells_agree(cells[1:], row)
        assert agrees(cells[5], row["bias"])


@pytest.mark.parametrize("address", CHOICES)
def test_coverage_is_that_of_the_api(client: Client, address: str) -> None:
    table = tables(client, address)["coverage"]
    rows = csv_of(client, table)
    assert len(rows) == (2 if "place=" in address else 3)
    for cells, row in zip(table.rows, rows, strict=True):
        assert cells[0] == (row["lead"] or {"01-07": "1\N{EN DASH}7", "08-14": "8\N{EN DASH}14"}[row["leads"]])
        for cell, percent in zip(cells[1:4], (50, 80, 95), strict=True):
            assert agrees(cell, row[f"coverage_{percent}"], 100)
        assert (cells[4], cells[5]) == (f"{int(row['n']):,}", row["publications"])


@pytest.mark.parametrize("address", CHOICES)
def test_calibration_is_that_of_the_api(client: Client, address: str) -> None:
    table = tables(client, address)["calibration"]
    rows = csv_of(client, table)
    if "place=" in address:
        [row] = rows
        assert [cells[0] for cells in table.rows] == ["50 %", "80 %", "95 %"]
        assert all(agrees(cells[1], row[f"coverage_{cells[0][:2]}"], 100) for cells in table.rows)
    else:
        for cells, row in zip(table.rows, rows, strict=True):
            assert agrees(cells[0], row["quantile"], 100)
            assert agrees(cells[1], row["at_or_below"], 100)


@pytest.mark.parametrize("address", CHOICES)
def test_places_and_measures_are_those_of_the_api(client: Client, address: str) -> None:
    found = tables(client, address)
    by_name = {NAMES[row["place"]]: row for row in csv_of(client, found["places"]) if row["leads"] == "01-07"}
    listed = [cells[0] for cells in found["places"].rows]
    if "RXH1" in address:
        assert listed == ["Harbour General", *(place.name for place in WARDS)]
    elif "W03" in address:
        assert listed == ["Ward 3"]
    else:
        assert listed == ["Northshire", "Harbour Trust", "Kingsmoor Trust"]
    for cells in found["places"].rows:
        assert error_cells_agree(cells[1:], by_name[cells[0]])
        assert agrees(cells[5], by_name[cells[0]]["coverage_80"], 100)
    by_measure = {row["measure"]: row for row in csv_of(client, found["measures"]) if row["leads"] == "01-07"}
    assert [cells[0] for cells in found["measures"].rows] == ["Occupancy, beds", "Beds"]
    for cells in found["measures"].rows:
        assert error_cells_agree(cells[1:], by_measure[cells[0].partition(",")[0].lower()])


def test_champions_are_compared_at_the_leads_of_both(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Before, leads 1 and 2 err by 2 and 8; after, by 1 and 3, of 10 and 30 forecasts. Lead 3 is of one alone.

    With the newer weights, the error before is (10 * 2 + 30 * 8) / 40 = 6.5, after (10 * 1 + 30 * 3) / 40 = 2.5.
    Last week's is 10 and 10 before, 5 and 5 after: better by 35 % and by 50 %.
    """
    built = build_live_scores()
    template = {score.champion.version: score for score in built.by_champion if score.champion}
    changed = [
        at_lead(template[version], lead, n, mae, last_week)
        for version, lead, n, mae, last_week in (
            (6, 1, 400, 2.0, 10.0), (6, 2, 300, 8.0, 10.0), (6, 3, 200, 99.0, 99.0),
            (7, 1, 10, 1.0, 5.0), (7, 2, 30, 3.0, 5.0),
        )
    ]  # fmt: skip
    html = page_of(tmp_path_factory, replace(built, by_champion=tuple(changed)))
    rows = TablesParser(html).tables["champion"].rows[1:]
    assert [cells[0][:9] for cells in rows] == ["version 6", "version 7"]
    assert [cells[1:4] for cells in rows] == [["6.5", "10", "35 %"], ["2.5", "5.0", "50 %"]]


def at_lead(score: LeadScore, lead: int, n: int, mae: float, last_week: float) -> LeadScore:
    losses = score.losses._replace(mae=mae, mae_vs_last_week=mae, last_week_mae=last_week)
    return score._replace(measure="occupancy", lead=lead, n=n, losses=losses, publications=20)


def page_of(tmp_path_factory: pytest.TempPathFactory, live_scores: LiveScores | None) -> str:
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication())
    if live_scores is not None:
        store.save_live_scores(live_scores)
    with serve(store, Clock()) as client:
        client.get_until("/readyz", lambda answer: answer.status_code == 200)
        if live_scores is not None:
            client.get_until("/v1/scores", lambda answer: answer.json()["live_scores"] is not None)
        html = client.get("/accuracy").text
    store.close()
    return html


def test_before_anything_is_scored_the_page_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    html = page_of(tmp_path_factory, None)
    assert "Nothing is scored yet" in html
    assert "<table" not in html


def test_few_publications_have_no_number_and_no_dot(tmp_path_factory: pytest.TempPathFactory) -> None:
    built = build_live_scores()
    few = replace(
        built,
        scores=tuple(score._replace(publications=6) for score in built.scores),
        by_lead=tuple(score._replace(publications=6) for score in built.by_lead),
        by_champion=tuple(score._replace(publications=6) for score in built.by_champion),
        quantiles=tuple(share._replace(publications=6) for share in built.quantiles),
    )
    html = page_of(tmp_path_factory, few)
    assert "<svg" not in html
    for name, table in TablesParser(html).tables.items():
        assert name == "control" or all(cells[1] == "too few yet" for cells in table.rows[1:]), name


def test_a_measure_that_is_not_scored_says_so(client: Client) -> None:
    html = client.get("/accuracy?measure=admissions").text
    assert "No forecast of this measure at this place has an actual in these weeks." in html


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [("place=RXJ", 404, "place"), ("measure=ambulances", 404, "measure"), ("weeks=5", 422, "weeks")],
)
def test_what_there_is_not_is_a_problem_that_says_what_there_is(
    client: Client, query: str, status: int, parameter: str
) -> None:
    answer = client.get(f"/accuracy?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (status, parameter)


def test_each_choice_is_a_link_and_the_chosen_one_is_marked(client: Client) -> None:
    html = client.get("/accuracy?place=RXH1&weeks=4").text
    for link, name in (
        ('/accuracy?measure=occupancy&amp;place=RXH1&amp;weeks=13"', "13 weeks"),
        ('/accuracy?measure=occupancy&amp;place=RXH1&amp;weeks=4" aria-current="true"', "4 weeks"),
        ('/accuracy?measure=beds&amp;place=RXH1&amp;weeks=4"', "Beds"),
        ('/accuracy?measure=occupancy&amp;weeks=4"', "All places together"),
        ('/accuracy?measure=occupancy&amp;place=RXH&amp;weeks=4"', "Harbour Trust"),
        ('/accuracy?measure=occupancy&amp;place=W01&amp;weeks=4"', "Ward 1"),
    ):
        assert f'<a href="{link}>{name}</a>' in html


def test_headings_do_not_skip_a_level_and_pictures_have_words(client: Client) -> None:
    html = client.get("/accuracy").text
    levels = [int(part[0]) for part in html.split("<h")[1:] if part[0].isdigit()]
    assert levels[0] == 1
    assert all(lower - higher <= 1 for higher, lower in pairwise(levels))
    assert html.count("<svg") == html.count('role="img" aria-label="Share') == 4
    assert set(TablesParser(html).tables) == set(SECTIONS)


def test_names_of_places_are_texts(tmp_path_factory: pytest.TempPathFactory) -> None:
    hostile = (Place("northshire", None, '<script>alert("x")</script>', "system"), *PLACES[1:])
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication(system=build_system(places=hostile)))
    store.save_live_scores(build_live_scores(places=hostile))
    with serve(store, Clock()) as client:
        client.get_until("/v1/scores", lambda answer: bool(answer.json().get("scores")))
        html = client.get("/accuracy?place=northshire").text
    store.close()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_a_key_of_a_place_sees_no_scores_of_all_places_together(issued_store: Store, bunch: Bunch) -> None:
    with serve(issued_store, Clock(), keys=bunch.store) as client:
        key = {"authorization": bunch.bearer("trust-h")}
        client.get_until("/v1/scores", lambda answer: bool(answer.json().get("scores")), **key)
        html = client.get("/accuracy", authorization=bunch.bearer("trust-h")).text
        answers = [
            client.get(f"/v1/scores?by={by}", authorization=bunch.bearer("trust-h")).json()["scores"]
            for by in ("lead", "champion", "quantile")
        ]
    assert answers == [[], [], []]
    found = TablesParser(html).tables
    assert "champion" not in found
    assert [cells[0] for cells in found["places"].rows[1:]] == ["Harbour Trust", "Harbour General", "St Anne's & Quay"]
    assert "Kingsmoor" not in html
