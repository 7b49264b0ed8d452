"""What a job says of the findings of a publication, in one line."""

from publication.model import Finding
from publication.vocabulary import Check
from tests.builders import FINDINGS, build_publication, finding
from training.history.recent_findings import findings_sentence

SUSPECT_EVERYWHERE = tuple(
    finding(f"{place}/beds", Check.SENTINEL, range(days))
    for place, days in (("RXK2", 2), ("RXK1", 3), ("RXH2", 2), ("RXH1", 9))
)


def said(*found: Finding) -> str:
    return findings_sentence(build_publication(findings=found))


def test_it_counts_by_check_and_names_the_series_with_most_suspect_values() -> None:
    assert said(*FINDINGS) == (
        "Findings of the last weeks: 1 frozen, 1 spike, 1 suppressed, 1 gap, 1 level shift. "
        "Most suspect days: RXH1/occupancy (7 days), RXH1/attendances (1 day)."
    )


def test_of_many_series_the_worst_three_are_named_and_equal_ones_by_name() -> None:
    assert said(*SUSPECT_EVERYWHERE) == (
        "Findings of the last weeks: 4 sentinel. "
        "Most suspect days: RXH1/beds (9 days), RXK1/beds (3 days), RXH2/beds (2 days)."
    )


def test_without_suspect_values_no_series_is_named() -> None:
    assert said(FINDINGS[2]) == "Findings of the last weeks: 1 gap."
    assert said() == "No day of the last weeks is doubted."
