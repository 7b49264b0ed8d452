"""Findings are read as they were issued, from every store."""

from dataclasses import replace

from publication.document import digest
from publication.store import Store
from tests.builders import FINDINGS, build_publication


def test_findings_are_read_as_they_were_issued(store: Store) -> None:
    issued = store.issue(build_publication(findings=FINDINGS))
    read = store.latest()
    assert read == issued
    assert read.findings == FINDINGS
    assert read.findings_on("RXH1/occupancy") == FINDINGS[:1]
    assert read.findings_on("RXH2/occupancy") == ()


def test_another_finding_makes_a_revision(store: Store) -> None:
    first = store.issue(build_publication(findings=FINDINGS))
    assert store.issue(replace(first, findings=FINDINGS)).revision == 1
    other = store.issue(replace(first, findings=FINDINGS[1:]))
    assert (first.revision, other.revision) == (1, 2)
    assert digest(first) != digest(other)
