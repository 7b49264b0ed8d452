"""docs/reference/data-report.md says what the report does, and how much of it is drawn."""

from pathlib import Path

import pytest

from training.history.report import calendars, coverage, flagged, lags, residuals, revisions
from training.history.report.page import SECTIONS
from training.history.report.states import DayState

DOCUMENT = (Path(__file__).parents[3] / "docs" / "reference" / "data-report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "promise",
    [
        *(f"| {state.words} |" for state in DayState),
        *(f"| {title} |" for title, _ in SECTIONS.values()),
        f"| {coverage.SERIES_DRAWN} series:",
        f"up to {coverage.DAYS_DRAWN} days, by week beyond; the newest {coverage.RECENT_DAYS} days",
        f"| {coverage.SERIES_LISTED} series |",
        f"| {revisions.MEASURES_DRAWN} measures drawn",
        f"| {lags.BEHIND_LISTED} |",
        f"| {flagged.SERIES_SHOWN} series: most suspect",
        f"the newest {flagged.FINDINGS_LISTED}; all are",
        f"| {residuals.PLACES_DRAWN} places drawn",
        f"{residuals.PLACES_LISTED} in the table",
    ],
)
def test_what_the_document_promises_is_so(promise: str) -> None:
    assert promise in DOCUMENT


def test_every_state_has_a_colour_of_its_own() -> None:
    assert set(calendars.COLOURS) == set(DayState)
    assert len(set(calendars.COLOURS.values())) == len(DayState)
