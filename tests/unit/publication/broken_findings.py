"""Findings that break a rule, each with the sentence that says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from publication.model import Finding, Publication
from publication.vocabulary import Check, Severity, Treatment


def frozen(first: int, last: int, unique_id: str = "RXA01/occupancy") -> Finding:
    """A frozen feed on these days of November 2026."""
    days = date(2026, 11, first), date(2026, 11, last)
    return Finding(unique_id, *days, Check.FROZEN, Severity.SUSPECT, "found 4", Treatment.LEFT_OUT)


BROKEN_FINDINGS: dict[str, tuple[Callable[[Publication], Publication], str]] = {
    "finding on no series": (
        lambda p: replace(p, findings=(frozen(1, 2, "RXA01"),)),
        "findings_are_of_the_system: a finding is on no series: 'RXA01' is not place/measure or place/measure/stream",
    ),
    "finding at an unknown place": (
        lambda p: replace(p, findings=(frozen(1, 2, "RZZ/occupancy"),)),
        "findings_are_of_the_system: a finding is on RZZ/occupancy, of a place that the system does not have",
    ),
    "finding of an unknown measure": (
        lambda p: replace(p, findings=(frozen(1, 2, "RXA01/parking"),)),
        "findings_are_of_the_system: a finding is on RXA01/parking, of a measure that the system does not have",
    ),
    "finding of another severity than its check": (
        lambda p: replace(p, findings=(replace(frozen(1, 2), severity=Severity.NOTED),)),
        "findings_are_of_the_system: a finding on RXA01/occupancy is noted, and its check frozen is not",
    ),
    "finding backwards": (
        lambda p: replace(p, findings=(frozen(3, 2),)),
        "findings_are_runs_of_days: a finding on RXA01/occupancy is of 2026-11-03 to 2026-11-02, which are not in",
    ),
    "finding after the cutoff": (
        lambda p: replace(p, findings=(frozen(20, 22),)),
        "findings_are_runs_of_days: a finding on RXA01/occupancy is of 2026-11-20 to 2026-11-22, which are not in",
    ),
    "findings that touch": (
        lambda p: replace(
            p,
            findings=(
                frozen(3, 4),
                frozen(1, 2),
            ),
        ),
        "findings_are_runs_of_days: two findings of frozen on RXA01/occupancy meet on 2026-11-03: they are one",
    ),
}
