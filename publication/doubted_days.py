"""Days of recent actuals that a check doubts."""

from datetime import date

from publication.days import ONE_DAY
from publication.model import Publication, SeriesForecast
from publication.vocabulary import Check


def checks_by_day(publication: Publication, series: SeriesForecast) -> dict[date, Check]:
    """Return the days of a series' recent actuals that are doubted, each with the most severe check."""
    found = [finding for finding in publication.findings_on(series.unique_id) if finding.check.concerns_days]
    if not found or not series.recent:
        return {}
    severity, first = list(Check), series.recent[0].ds
    doubted: dict[date, Check] = {}
    for finding in sorted(found, key=lambda finding: severity.index(finding.check), reverse=True):
        start = max(finding.first, first)
        for after in range((finding.last - start).days + 1):
            doubted[start + after * ONE_DAY] = finding.check
    return doubted
