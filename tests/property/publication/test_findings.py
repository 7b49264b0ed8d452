"""A publication with findings is read as it was written; one without any is written as before there were any."""

import gzip
from dataclasses import asdict, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from publication import document
from publication.model import Finding, Publication
from publication.vocabulary import Check, Treatment
from tests.unit.publication.tiny import CUTOFF, publication

PLAIN = publication()


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    last = CUTOFF - timedelta(days=draw(st.integers(0, 4000)))
    check = draw(st.sampled_from(Check))
    return Finding(
        series=draw(st.sampled_from([of.unique_id for of in PLAIN.series])),
        first=last - timedelta(days=draw(st.integers(0, 400))),
        last=last,
        check=check,
        severity=check.severity,
        reason=draw(st.text(st.characters(exclude_categories=["Cs"]))),
        treatment=draw(st.sampled_from(Treatment)),
    )


def read_again(issued: Publication) -> Publication:
    written, digest = document.write(issued)
    notes = [asdict(note) for note in issued.notes]
    return document.read(written, digest, notes=notes, issued_at=issued.issued_at, revision=issued.revision)


@given(st.lists(findings(), max_size=8))
def test_findings_are_read_as_they_were_written(found: list[Finding]) -> None:
    issued = replace(PLAIN, findings=tuple(found))
    assert read_again(issued) == issued
    assert document.digest(read_again(issued)) == document.digest(issued)
    assert (document.digest(issued) == document.digest(PLAIN)) == (not found)


@given(st.lists(findings(), min_size=1, max_size=8))
def test_a_document_without_the_field_has_none(found: list[Finding]) -> None:
    """As older code made it: what that code never wrote is not there."""
    assert b'"findings"' not in gzip.decompress(document.write(PLAIN)[0])
    assert read_again(PLAIN).findings == ()
    assert read_again(replace(PLAIN, findings=tuple(found))).findings == tuple(found)
