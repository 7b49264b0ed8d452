"""Events known ahead: an event or a holiday that is over is not listed, one that still lasts is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publication.model import Note
from publication.vocabulary import NoteKind
from service.page.ahead import bed_changes, known_ahead
from tests.builders import CUTOFF, build_publication

ONE_DAY = "Strike 2026-11-23 (everywhere)"
TWO_DAYS = "Strike 2026-11-23 to 2026-11-24 (RXH): since 2026-11-01 (planned)"
LONG = "Divert 2026-10-01 to 2026-12-31 (RXH)"
HOLIDAY = "Monday 23 November: Founders' Day"
MORE = "And 3 more events."


@pytest.mark.parametrize(
    ("days_over", "expected"),
    [
        (0, [HOLIDAY, ONE_DAY, TWO_DAYS, LONG, MORE]),
        (1, [HOLIDAY, ONE_DAY, TWO_DAYS, LONG, MORE]),  # today is 23 November
        (2, [TWO_DAYS, LONG, MORE]),
        (3, [LONG, MORE]),
    ],
)
def test_what_is_over_is_not_known_ahead(days_over: int, expected: list[str]) -> None:
    events = [Note(NoteKind.EVENT, text) for text in (ONE_DAY, TWO_DAYS, LONG, MORE)]
    made = build_publication(notes=(Note(NoteKind.HOLIDAY, HOLIDAY), *events), with_headroom=True)
    assert list(known_ahead(made, days_over))[: len(expected) + 1] == expected


@pytest.mark.parametrize(
    ("beds", "expected"),
    [
        ((90.0, 90.4, 90.0, 90.0), []),
        ((90.0, 90.0, 106.0, 106.0), [(3, "16 beds more")]),
        ((90.0, 89.0, 89.0, 90.0), [(2, "1 bed fewer"), (4, "1 bed more")]),
        ((90.0, 95.0, 94.0, 88.0), []),  # forecast from their history: nothing of it is known
    ],
)
def test_beds_that_open_or_close_are_known_and_those_that_go_up_and_down_are_not(
    beds: tuple[float, ...], expected: list[tuple[int, str]]
) -> None:
    made = build_publication(with_headroom=True)
    headroom = replace(made.headroom[0], beds=beds)
    assert bed_changes(made, headroom) == [(CUTOFF + timedelta(days=lead), change) for lead, change in expected]
