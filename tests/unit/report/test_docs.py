"""docs/reference/data-report.md says what the report does, and how much of it is drawn."""

from pathlib import Path

import pytest

from training.report import coverage, delays, flagged, markup
from training.report.evidence import DayState
from training.report.page import REPORT_SECTIONS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "reference" / "data-report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "promise",
    [
        *(f"| {state.words} |" for state in DayState),
        *(f"| {title} |" for title, _ in REPORT_SECTIONS.values()),
        f"| {coverage.SERIES_DRAWN} series:",
        f"up to {markup.DAYS_DRAWN} days, by week beyond; the newest {coverage.CALENDAR_DAYS} days",
        f"| {coverage.SERIES_LISTED} series |",
        f"| {delays.REVISION_MEASURES_DRAWN} measures drawn",
        f"| {delays.BEHIND_LISTED} |",
        f"| {flagged.SERIES_SHOWN} series: most suspect",
        f"the newest {flagged.FINDINGS_LISTED}; all are",
        f"| {flagged.PLACES_DRAWN} places drawn",
        f"{flagged.PLACES_LISTED} in the table",
    ],
)
def test_what_the_document_promises_is_so(promise: str) -> None:
    assert promise in DOCUMENT


def test_every_state_has_a_colour_of_its_own() -> None:
    assert set(coverage.COLOURS) == set(DayState)
    assert len(set(coverage.COLOURS.values())) == len(DayState)
