"""Flagged days: which series are shown, what their pictures say, and the table of findings."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.plausibility.hospitals import SYSTEM, day, hospital
from tests.unit.report.reading import Page, numbers
from tests.unit.report.small import day as small_day
from tests.unit.report.small import evidence_of, lay, steady, system
from training.charts import page
from training.frames import long
from training.report import flagged as module
from training.report.evidence import Evidence, evidence
from training.report.flagged import flagged, most_flagged
from training.report.markup import CHECK_SYMBOL
from training.system.model import Event, EventKind, SystemContext

STRIKE = Event(day(200).date(), day(202).date(), None, None, EventKind.STRIKE, "")
ELSEWHERE = Event(day(210).date(), day(212).date(), "C", None, EventKind.CLOSURE, "")


@pytest.fixture(scope="module")
def faulty() -> Evidence:
    """A spike and a frozen feed long ago, and one zero on a new day."""
    table = hospital()
    lay(table, "A/attendances", 220, 3 * float(table["A/attendances"].iloc[220]))
    lay(table, "B/occupancy", 150, float(table["B/occupancy"].iloc[150]), n_days=11)
    lay(table, "D/attendances", 295, 0)
    rows = long(table)
    rows = rows.assign(known_at=rows["ds"].dt.tz_localize("UTC") + pd.Timedelta(days=1))
    context = SystemContext("GB-ENG", (STRIKE, ELSEWHERE))
    return evidence(rows, SYSTEM, context, rows["known_at"].max().to_pydatetime())


@pytest.fixture(scope="module")
def read(faulty: Evidence) -> Page:
    return Page(page("", flagged(faulty)))


def test_new_suspect_values_come_first_then_many(faulty: Evidence) -> None:
    assert most_flagged(faulty) == ["D/attendances", "B/occupancy", "A/attendances"]


def test_a_picture_marks_the_suspect_day_by_its_check(read: Page) -> None:
    drawn = read.pictures["flagged-3"]
    assert drawn.names == ["baseline", "value", "spike"]
    assert drawn.trace("spike")["x"] == [f"{day(220):%Y-%m-%d}"]
    assert drawn.trace("spike")["marker"]["symbol"] == CHECK_SYMBOL["spike"]


def test_every_check_has_a_shape_of_its_own() -> None:
    assert len(set(CHECK_SYMBOL.values())) == len(CHECK_SYMBOL)


def test_a_picture_shades_and_names_the_events_of_the_series_alone(read: Page) -> None:
    layout = read.pictures["flagged-3"].layout
    assert [shape["type"] for shape in layout["shapes"]] == ["rect"]
    assert [note["text"] for note in layout["annotations"]] == ["strike"]


def test_a_picture_shows_half_a_year_with_the_baseline(read: Page) -> None:
    drawn = read.pictures["flagged-2"]
    assert drawn.trace("value")["x"][-1] == f"{day(160 + 28):%Y-%m-%d}"
    baseline, value = numbers(drawn.trace("baseline")["y"]), numbers(drawn.trace("value")["y"])
    assert len(value) == 182
    assert np.nanmedian(np.abs(baseline / value - 1)) < 0.1


def test_the_caption_says_what_was_found(read: Page, faulty: Evidence) -> None:
    found = faulty.suspect[faulty.suspect["unique_id"] == "D/attendances"].iloc[0]
    assert read.captions["flagged-1"] == f"Sudden zero on Tue 24 Oct 2023: found 0, baseline {found['baseline']:.0f}."
    assert read.captions["flagged-2"].startswith("Frozen Fri 2 Jun 2023 to Sun 11 Jun 2023 (10 days): found")


def test_the_table_has_every_finding_newest_first(read: Page, faulty: Evidence) -> None:
    rows = read.text.split(f"{len(faulty.findings)} findings, newest first.")[1]
    positions = [rows.index(f"{i} {i[0]} suspect") for i in ("D/attendances", "A/attendances", "B/occupancy")]
    assert positions == sorted(positions)


def test_more_findings_than_are_listed_are_counted(faulty: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINDINGS_LISTED", 2)
    n = len(faulty.findings)
    text = Page(page("", flagged(faulty))).text
    assert f"{n} findings, newest first: the newest 2 of them; {n - 2} more are in the file of findings" in text


def test_a_quiet_history_says_so() -> None:
    read = Page(page("", flagged(evidence_of(steady("A/beds", range(20)), system("A")))))
    assert read.pictures == {}
    assert "No day of any series is suspect." in read.text
    assert "No check found anything." in read.text


def test_suspect_values_before_the_stretch_are_counted() -> None:
    rows = [row for row in steady("A/attendances", range(400)) if row[1] not in (small_day(60), small_day(390))]
    rows += [("A/attendances", small_day(i), 0.0, rows[0][3]) for i in (60, 390)]
    read = Page(page("", flagged(evidence_of(rows, system("A")))))
    assert "1 suspect day before it" in read.captions["flagged-1"]
