"""The reporting of series: prompt, late, suspect, incomplete or stopped; since when, why, and what was done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from publication.days import ONE_DAY, weekday_names
from publication.model import Finding, Publication, SeriesForecast
from publication.vocabulary import Check, Treatment


class ReportingState(StrEnum):
    """The state of a series at the cutoff.

    `prompt`: it has a usable value, or is not counted on the days since. `late`: it has none yet. `suspect`: its newest
    values are not used. `incomplete`: a part of it is silent, and its figures are without that part. `silent`: it has
    stopped, and is not forecast. `closed`: so has its place.
    """

    PROMPT = "prompt"
    LATE = "late"
    SUSPECT = "suspect"
    INCOMPLETE = "incomplete"
    SILENT = "silent"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Reporting:
    """The state of one series since a day: for how many days to the cutoff, why, and what the forecast did.

    `treatment` is None where nothing was done with the days of the series itself.
    """

    state: ReportingState
    since: date | None = None
    days: int = 0
    reason: str | None = None
    treatment: Treatment | None = None


STOPPED = {Check.SILENT: ReportingState.SILENT, Check.CLOSED: ReportingState.CLOSED}


def reporting_of(publication: Publication, series: SeriesForecast) -> Reporting:
    """Return the reporting of a series that is forecast."""
    found = publication.findings_on(series.unique_id)
    late = next((finding for finding in found if finding.check is Check.LATE), None)
    if late is not None:
        return _since(ReportingState.LATE, late)
    newest = (of for of in found if of.treatment is Treatment.LEFT_OUT and of.last == publication.cutoff)
    unused = next(newest, None)
    if unused is not None:
        return _since(ReportingState.SUSPECT, unused)
    if series.is_late(publication.cutoff):
        return _late_by_its_actuals(publication, series)
    if missing := publication.missing_parts.get(series.key):
        return _without(missing)
    if series.counted_on:
        return Reporting(ReportingState.PROMPT, reason=f"counted on {weekday_names(series.counted_on)} only")
    return Reporting(ReportingState.PROMPT)


def stopped_series(publication: Publication) -> Iterator[tuple[Finding, Reporting]]:
    """Yield the series that are not forecast any more, each with the finding that says so."""
    for finding in publication.findings:
        if finding.check in STOPPED:
            yield finding, _since(STOPPED[finding.check], finding)


def _without(silent: Sequence[Finding]) -> Reporting:
    """Return the reporting of a total without its silent parts: since the first of them stopped."""
    first, *others = silent
    more = f" and {len(others)} more" if others else ""
    reason = f"without {first.series}{more}: {first.reason}"
    return Reporting(ReportingState.INCOMPLETE, first.first, first.days, reason)


def _since(state: ReportingState, finding: Finding) -> Reporting:
    reason = finding.reason if state is not ReportingState.SUSPECT else f"{finding.check}: {finding.reason}"
    return Reporting(state, finding.first, finding.days, reason, finding.treatment)


def _late_by_its_actuals(publication: Publication, series: SeriesForecast) -> Reporting:
    """Return the lateness of a total whose parts are late, or of a publication of before there were findings."""
    newest, lead_extended = series.last_actual, Treatment.LEAD_EXTENDED
    if newest is None:
        return Reporting(ReportingState.LATE, reason="no recent value", treatment=lead_extended)
    since = newest.ds + ONE_DAY
    days = (publication.cutoff - newest.ds).days
    return Reporting(
        ReportingState.LATE, since, days, f"it, or a part of it, has no value since {newest.ds}", lead_extended
    )
