"""The complete data report: every section is there, valid, and self-contained, whatever the history is like."""

import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure
from publication.vocabulary import Kind
from tests.unit.plausibility.hospitals import MEASURES, SYSTEM, day, hospital
from tests.unit.report.reading import Page
from tests.unit.report.small import AS_OF, NOTHING, lay, steady, system, version, versions
from training.frames import long
from training.report.page import report_page
from training.system.model import Event, EventKind, OpeningPeriod, SystemContext

MB = 1_000_000
SECTIONS = ["coverage", "revisions", "delays", "flagged", "balance"]
STREAM = "A/attendances/paediatric"


def known_next_morning(table: pd.DataFrame) -> pd.DataFrame:
    rows = long(table)
    return rows.assign(known_at=rows["ds"].dt.tz_localize("UTC") + pd.Timedelta(hours=32))


@pytest.fixture(scope="module")
def page() -> Page:
    table = hospital()
    lay(table, "A/attendances", 220, 3 * float(table["A/attendances"].iloc[220]))
    lay(table, "B/admissions", 250, np.nan, n_days=3)
    rows = known_next_morning(table)
    late = rows.tail(500).assign(y=lambda t: t["y"] + 2, known_at=lambda t: t["known_at"] + pd.Timedelta(days=2))
    fault = Event(day(100).date(), day(110).date(), "C", None, EventKind.DATA_FAULT, "")
    as_of = late["known_at"].max().to_pydatetime()
    return Page(report_page(pd.concat([rows, late]), SYSTEM, SystemContext("GB-ENG", (fault,)), as_of))


def test_every_section_is_there_under_a_heading(page: Page) -> None:
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS
    assert page.tags.count("h1") == 1
    assert page.tags.count("h2") == len(SECTIONS) + 1


def test_every_picture_has_a_sentence_and_a_place_of_its_own(page: Page) -> None:
    assert page.captions.keys() == page.pictures.keys() >= {"calendar", "revisions-by-age", "flagged-1", "residuals"}
    assert all(len(caption) > 20 for caption in page.captions.values())
    assert len(page.ids) == len(set(page.ids))


def test_nothing_comes_from_elsewhere_or_goes_there(page: Page) -> None:
    assert {link[0] for link in page.links} == {"#"}
    assert {link[1:] for link in page.links} <= set(page.ids)
    for picture in page.pictures.values():
        assert "sendChartToCloud" not in str(picture.config["modeBarButtons"])


def test_the_head_says_what_was_known_and_what_was_found(page: Page) -> None:
    assert "First day Mon 2 Jan 2023 Last day Sat 28 Oct 2023 Last complete day Sat 28 Oct 2023" in page.text
    assert "Series 25 Values 7,497 Revised values 500 (6.7 %)" in page.text
    assert "spike suspect 1 1 1 one day far from the days around it" in page.text
    assert "gap noted 1 1 3" in page.text


def test_the_same_history_gives_the_same_page() -> None:
    rows = versions(steady("A/beds", range(30)))
    pages = {report_page(rows.sample(frac=1, random_state=i), system("A"), NOTHING, AS_OF) for i in range(2)}
    assert len(pages) == 1


def test_names_are_shown_letter_by_letter() -> None:
    names = {"A&E": "<script>alert(1)</script> & <b>Sons</b>", "north": "North </title><i>"}
    rows = [*steady("A&E/attendances", range(60)), *steady("<b>x/beds", range(60))]
    rows = [row for row in rows if row[1] != rows[50][1]] + [version("A&E/attendances", 50, 0.0)]
    html = report_page(versions(rows), system("A&E", "<b>x", names=names), NOTHING, AS_OF)
    read = Page(html)
    assert not {"b", "i"} & set(read.tags)
    assert read.tags.count("script") == 2 + len(read.pictures)
    assert "A&E/attendances, <script>alert(1)</script> & <b>Sons</b>" in read.text
    labels = read.pictures["calendar-recent"].layout["yaxis"]["ticktext"]
    assert set(labels) == {"A&amp;E/attendances", "&lt;b&gt;x/beds"}


AWKWARD = {
    "a single value": [version("A/beds", 0, 5.0)],
    "two values a year apart": [version("A/beds", 0, 5.0), version("A/beds", 365, 5.0)],
    "one series": steady("A/occupancy", range(200)),
    "all of them zero": [version("A/attendances", i, 0.0) for i in range(50)],
    "a stream": steady(STREAM, range(90)),
    "winters alone": [row for year in (0, 365, 730) for row in steady("A/occupancy", range(year, year + 120))],
    "known before the day is over": [version("A/beds", i, 9.0, after_days=-0.6) for i in range(9)],
    "revised from zero alone": [version("A/beds", 0, 0.0), version("A/beds", 0, 4.0, after_days=1)],
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_histories_have_a_complete_page(name: str) -> None:
    read = Page(report_page(versions(AWKWARD[name]), system("A"), NOTHING, datetime(2027, 6, 1, tzinfo=UTC)))
    assert [i for i in read.ids if i in SECTIONS] == SECTIONS
    assert "nan" not in read.text.lower().split()


def test_every_day_may_be_suspect() -> None:
    rows = versions(steady("A/attendances", range(60)))
    closed = SystemContext(opening_periods={"A": _closed_before(rows)})
    read = Page(report_page(rows, system("A"), closed, AS_OF))
    assert "60 suspect" in read.text
    assert "outside opening period" in read.pictures["flagged-1"].names


def test_a_system_without_beds_and_with_a_measure_of_its_own() -> None:
    calls = Measure("ambulance_responses", Kind.FLOW, "responses")
    of = system("A", measures=[measure for measure in MEASURES if measure.kind is not Kind.CAPACITY] + [calls])
    rows = [*steady("A/ambulance_responses", range(50)), version("A/ambulance_responses", 1, 80, after_days=2)]
    read = Page(report_page(versions(rows), of, NOTHING, AS_OF))
    assert "Ambulance responses are revised most" in read.text


def test_series_may_come_as_a_categorical_with_names_that_are_not_there() -> None:
    rows = versions(steady("A/beds", range(20)))
    coded = rows.assign(unique_id=pd.Categorical(rows["unique_id"], categories=["gone/beds", "A/beds"]))
    assert report_page(coded, system("A"), NOTHING, AS_OF) == report_page(rows, system("A"), NOTHING, AS_OF)


def test_a_place_that_took_over_another_is_drawn_with_the_days_it_inherits() -> None:
    took_over = {"A": OpeningPeriod(last=day(29).date()), "B": OpeningPeriod(first=day(30).date(), succeeds=("A",))}
    first = day(0)
    rows = [(i, first + pd.Timedelta(days=n), 40.0 + n % 7, AS_OF) for i, n in [("A/beds", n) for n in range(30)]]
    rows += [("B/beds", first + pd.Timedelta(days=n), 40.0 + n % 7, AS_OF) for n in range(30, 60)]
    read = Page(report_page(versions(rows), system("A", "B"), SystemContext(opening_periods=took_over), AS_OF))
    assert "A/beds A 30 0 0 0 30" in read.text
    assert "B/beds B 60 0 0 0 0" in read.text


def test_hundreds_of_series_over_years_make_a_page_of_bounded_size() -> None:
    read, seconds = _many(n_places=60, n_days=1100)
    assert len(read.html.encode()) < 8 * MB
    assert len(read.pictures["calendar"].layout["yaxis"]["ticktext"]) == 60
    assert seconds < 20


def _many(n_places: int, n_days: int) -> tuple[Page, float]:
    random = np.random.default_rng(0)
    names = [f"P{i:03}" for i in range(n_places)]
    ids = [f"{name}/{measure.name}" for name in names for measure in MEASURES]
    days = pd.date_range("2020-01-01", periods=n_days, name="ds")
    table = pd.DataFrame(random.poisson(80, (n_days, len(ids))).astype(float), days, ids)
    table = table.mask(random.random(table.shape) < 0.01)
    rows = known_next_morning(table)
    late = rows.sample(frac=0.1, random_state=0)
    late = late.assign(y=late["y"] + 1, known_at=late["known_at"] + pd.Timedelta(days=3))
    started = time.perf_counter()
    html = report_page(pd.concat([rows, late]), system(*names), NOTHING, late["known_at"].max().to_pydatetime())
    return Page(html), time.perf_counter() - started


def _closed_before(rows: pd.DataFrame) -> OpeningPeriod:
    return OpeningPeriod(last=rows["ds"].min().date() - pd.Timedelta(days=1))
