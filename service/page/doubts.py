"""The strip of a page on its data: how many days are doubted or missing, where, and what was done with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from publication.model import Finding, Place, Publication
from publication.vocabulary import Check, Severity, Treatment
from service.page import wording

MOST_PLACES_LINKED = 6
MOST_FINDINGS_LISTED = 30
TREATMENTS = {
    Treatment.LEFT_OUT: "left out of training",
    Treatment.IMPUTED: "filled in for the models",
    Treatment.LEAD_EXTENDED: "forecast from the last value, with wider intervals",
    Treatment.NOT_FORECAST: "not forecast",
    Treatment.USED: "used as it is",
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding in words."""

    series: str
    days: str
    check: str
    severity: str
    treatment: str
    reason: str


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is doubted. `rows` are the findings in words, `n_more` those that are not among them."""

    sentences: tuple[str, ...]
    places: tuple[Place, ...]
    n_more_places: int
    rows: tuple[FindingRow, ...]
    n_more: int


def doubts(publication: Publication, places: Collection[str] | None = None) -> Doubts | None:
    """Return what is doubted at some places (None: at all of them); None where nothing is, nor missing."""
    found = [of for of in publication.findings if places is None or of.key.place in places]
    concerned = [of for of in found if of.severity is Severity.SUSPECT or of.check in SENTENCES]
    if not concerned:
        return None
    at = list(dict.fromkeys(of.key.place for of in concerned)) if places is None else []
    listed = [] if places is None else found
    return Doubts(
        sentences=tuple(_sentences(concerned)),
        places=tuple(publication.system.place_by_id[place] for place in at[:MOST_PLACES_LINKED]),
        n_more_places=max(len(at) - MOST_PLACES_LINKED, 0),
        rows=tuple(map(_row, listed[:MOST_FINDINGS_LISTED])),
        n_more=max(len(listed) - MOST_FINDINGS_LISTED, 0),
    )


SENTENCES = {
    Check.EXCLUDED: "{days} of {series} left out by events.csv",
    Check.SUPPRESSED: "{days} of {series} with a stand-in for a small count",
    Check.GAP: "{days} of {series} without a value",
    Check.LATE: "{series} late, the latest by {longest}",
    Check.SILENT: "{series} silent and not forecast",
}
"""Of other checks than those of suspect days."""


def _sentences(found: Sequence[Finding]) -> list[str]:
    suspect = [of for of in found if of.severity is Severity.SUSPECT]
    sentences = [_counted("{days} of {series} suspect", suspect)] if suspect else []
    for check, sentence in SENTENCES.items():
        if of_check := [of for of in found if of.check is check]:
            sentences.append(_counted(sentence, of_check))
    return sentences


def _counted(sentence: str, found: Sequence[Finding]) -> str:
    days, series = sum(of.days for of in found), len({of.series for of in found})
    return sentence.format(
        days=_days(days),
        series="1 series" if series == 1 else f"{series:,} series",
        longest=_days(max(of.days for of in found)),
    )


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n:,} days"


def _row(finding: Finding) -> FindingRow:
    first, last = wording.day(finding.first), wording.day(finding.last)
    return FindingRow(
        series=wording.title(finding.key),
        days=first if finding.days == 1 else f"{first} to {last}",
        check=finding.check.value,
        severity=finding.severity.value,
        treatment=TREATMENTS[finding.treatment],
        reason=finding.reason,
    )
