"""Findings as JSON and as tables, with the same columns; and their numbers by check."""

from collections.abc import Iterable, Sequence

from publication.model import Finding
from publication.vocabulary import Check
from service.rendering.bodies import Json
from service.rendering.tables import Table

FINDING_COLUMNS = (
    "unique_id",
    "place",
    "measure",
    "stream",
    "first",
    "last",
    "days",
    "check",
    "severity",
    "treatment",
    "reason",
)


def finding_body(finding: Finding) -> Json:
    """Return one item of the list of findings, by the names of the columns."""
    return {
        "unique_id": finding.series,
        **finding.key._asdict(),
        "first": finding.first.isoformat(),
        "last": finding.last.isoformat(),
        "days": finding.days,
        "check": finding.check.value,
        "severity": finding.severity.value,
        "treatment": finding.treatment.value,
        "reason": finding.reason,
    }


def findings_table(findings: Iterable[Finding]) -> Table:
    return Table(FINDING_COLUMNS, (tuple(finding_body(finding).values()) for finding in findings))


def counts_body(findings: Sequence[Finding]) -> list[Json]:
    """Return the number of findings, of their days and of their series, for each check that has any."""
    by_check: dict[Check, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    return [
        {
            "check": check.value,
            "severity": check.severity.value,
            "findings": len(by_check[check]),
            "days": sum(finding.days for finding in by_check[check]),
            "series": len({finding.series for finding in by_check[check]}),
        }
        for check in Check
        if check in by_check
    ]
