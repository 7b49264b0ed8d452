"""Invariants of a publication, checked before it is issued. Each rule gives a sentence for every breach it finds."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from publication.days import ONE_DAY, counted_leads, target_day
from publication.errors import MalformedPublicationError
from publication.model import Finding, Publication, SeriesForecast, System
from publication.pressure import headroom_levels
from publication.vocabulary import DRIVERS, Check, Kind, NoteKind, SeriesKey

TOLERANCE = 1e-6
MAX_PRINTED_BREACHES = 5

LEVELS_THAT_REACH = (0.25, 0.75)
"""A mean is only held to quantiles at or outside these: skewness takes it out of a narrower middle."""

SMALL_COUNT_MARGIN = 1.0
"""Quantiles of rare events are whole numbers, often all 0: their mean may lie up to one count outside."""

TAIL_MARGIN = 1.0
"""Counts are skewed upwards: their mean may lie above the highest quantile by so many times the outer interval."""

Rule = Callable[[Publication], Iterator[str]]


def series_are_distinct(publication: Publication) -> Iterator[str]:
    """No series is published twice, and each belongs to a place and a measure of the system."""
    seen: set[str] = set()
    for series in publication.series:
        if series.unique_id in seen:
            yield f"{series.unique_id} is published twice"
        seen.add(series.unique_id)
        if series.key.place not in publication.system.place_by_id:
            yield f"{series.unique_id} is of a place that the system does not have"
        if series.key.measure not in publication.system.measure_by_name:
            yield f"{series.unique_id} is of a measure that the system does not have"


def horizon_is_complete(publication: Publication) -> Iterator[str]:
    """Every series has each lead from 1 to the horizon once, in order, on the right day; but no day of a weekday on
    which it says it is never counted."""
    for series in publication.series:
        leads = counted_leads(publication.cutoff, publication.system.horizon_days, series.counted_on)
        if [(day.lead, day.ds) for day in series.days] != [(n, target_day(publication.cutoff, n)) for n in leads]:
            but = " of the weekdays it is counted on" if series.counted_on else ""
            yield f"{series.unique_id} does not have each lead from 1 to {publication.system.horizon_days}{but} once"


def weekdays_are_of_flows(publication: Publication) -> Iterator[str]:
    """Only flows are not forecast on some weekdays, which are named in order and are not all seven: who lies in a bed
    is there, counted or not."""
    for series in publication.series:
        counted_on = series.counted_on
        if not counted_on:
            continue
        if list(counted_on) != sorted(set(counted_on)) or not set(counted_on) < set(range(7)):
            yield f"{series.unique_id} is counted on weekdays {counted_on}, which are not some of 0 to 6 in order"
        measure = publication.system.measure_by_name.get(series.key.measure)
        if measure is not None and measure.kind is not Kind.FLOW:
            yield f"{series.unique_id} is a {measure.kind} that lacks days: only a flow may"


def values_are_finite_and_not_negative(publication: Publication) -> Iterator[str]:
    """Counts and rates: every mean and quantile is a number and not below 0."""
    for series in publication.series:
        for day in series.days:
            if not all(math.isfinite(value) and value >= 0 for value in (day.mean, *day.quantiles)):
                yield f"{series.unique_id} on {day.ds} has a value that is negative or not a number"


def quantiles_increase(publication: Publication) -> Iterator[str]:
    """One quantile for each level, none below the one before it."""
    n_levels = len(publication.system.quantiles)
    for series in publication.series:
        for day in series.days:
            if len(day.quantiles) != n_levels:
                yield f"{series.unique_id} on {day.ds} has {len(day.quantiles)} quantiles, not {n_levels}"
            elif list(day.quantiles) != sorted(day.quantiles):
                yield f"{series.unique_id} on {day.ds} has quantiles that cross"


def means_are_within_their_intervals(publication: Publication) -> Iterator[str]:
    """Every mean lies within the outer quantiles of its day, with the margins that skewness takes."""
    if not holds_means(publication.system.quantiles):
        return
    for series in publication.series:
        for day in (day for day in series.days if day.quantiles):
            least, most = mean_bounds(day.quantiles[0], day.quantiles[-1])
            if day.mean < least - TOLERANCE or day.mean > most + TOLERANCE:
                yield (
                    f"{series.unique_id} on {day.ds} has a mean of {day.mean}, outside its quantiles "
                    f"{day.quantiles[0]} to {day.quantiles[-1]}"
                )


def holds_means(levels: Sequence[float]) -> bool:
    """Return whether quantiles at these levels reach far enough to hold a mean."""
    return levels[0] <= LEVELS_THAT_REACH[0] and levels[-1] >= LEVELS_THAT_REACH[1]


def mean_bounds(lowest: float, highest: float) -> tuple[float, float]:
    """Return the least and the greatest mean that go with the outer quantiles of a day."""
    return lowest - SMALL_COUNT_MARGIN, highest + SMALL_COUNT_MARGIN + TAIL_MARGIN * (highest - lowest)


def actuals_are_finite(publication: Publication) -> Iterator[str]:
    """Every recent actual is a number, or absent."""
    for series in publication.series:
        for actual in series.recent:
            if actual.y is not None and not math.isfinite(actual.y):
                yield f"{series.unique_id} has an actual on {actual.ds} that is not a number"


def parents_add_up(publication: Publication) -> Iterator[str]:
    """The mean of a parent equals the sum of its children's means, to `TOLERANCE`, on every day.

    Its children are the nearest published series of the places below it; at a place without any, its streams. One that
    is not counted on the weekday adds nothing, and no part has a day that its parent lacks. Rates do not add up.
    """
    published = publication.series_by_id
    streams = _streams(publication)
    for series in publication.series:
        if not publication.system.is_additive(series.key.measure):
            continue
        below = _below(publication.system, series.key, published)
        parts = [published[key.unique_id] for key in below] or streams.get(series.key)
        if not parts:
            continue
        totals: dict[int, list[float]] = {day.lead: [] for day in series.days}
        for part in parts:
            for day in part.days:
                totals.setdefault(day.lead, []).append(day.mean)
        for day in series.days:
            total = math.fsum(totals.pop(day.lead, ()))
            if not abs(total - day.mean) <= TOLERANCE:
                yield f"{series.unique_id} on {day.ds} is {day.mean}, its parts add up to {total}"
        if totals and series.counted_on:
            yield f"{series.unique_id} lacks days that its parts have: the first is lead {min(totals)}"


def drivers_add_up(publication: Publication) -> Iterator[str]:
    """Drivers are complete for every day that has any, and add up to its mean, to `TOLERANCE`."""
    for series in publication.series:
        if series.drivers and len(series.drivers) != len(series.days):
            yield f"{series.unique_id} has drivers of {len(series.drivers)} days, not {len(series.days)}"
            continue
        for day, values in zip(series.days, series.drivers, strict=False):
            if len(values) != len(DRIVERS):
                yield f"{series.unique_id} on {day.ds} has {len(values)} drivers, not {len(DRIVERS)}"
            elif not abs(math.fsum(values) - day.mean) <= TOLERANCE:  # a NaN must not pass
                yield f"{series.unique_id} on {day.ds} is {day.mean}, its drivers add up to {math.fsum(values)}"


def headroom_is_complete(publication: Publication) -> Iterator[str]:
    """Headroom is of the system's places, each once, with every day and level, increasing, and finite.

    Net flow is given for every day or for none, and may be below 0.
    """
    horizon, levels = publication.system.horizon_days, publication.system.quantiles
    n_fine, seen = len(headroom_levels(publication.system)), set[str]()
    for of in publication.headroom:
        if of.place in seen or of.place not in publication.system.place_by_id:
            yield f"headroom of {of.place} is given twice, or is of a place that the system does not have"
        seen.add(of.place)
        n_days = {len(of.beds), len(of.occupancy), len(of.headroom), len(of.beds_freed), len(of.net_flow) or horizon}
        if n_days != {horizon}:
            yield f"headroom of {of.place} does not have each of {horizon} days"
        peaks = [peak.quantiles for peak in of.peaks]
        at_levels = (of.occupancy, peaks, of.net_flow)
        for rows, n_levels in ((of.headroom, n_fine), *((rows, len(levels)) for rows in at_levels)):
            if any(len(row) != n_levels or list(row) != sorted(row) for row in rows):
                yield f"headroom of {of.place} has quantiles that cross, or not {n_levels} of them"
        numbers = (
            *of.beds,
            *of.beds_freed,
            *(v for rows in (of.headroom, *at_levels) for row in rows for v in row),
        )
        if not all(map(math.isfinite, numbers)) or any(value < 0 for value in (*of.beds, *of.beds_freed)):
            yield f"headroom of {of.place} has a value that is not a number, or beds or freed beds below 0"


def fallbacks_have_one_reason(publication: Publication) -> Iterator[str]:
    """At most one note says why a fallback is published for a series: the digest is of one."""
    explained = Counter(note.series for note in publication.notes if note.kind is NoteKind.FALLBACK and note.series)
    for unique_id, n_notes in explained.items():
        if n_notes > 1:
            yield f"{n_notes} notes say why {unique_id} is a fallback"


def findings_are_of_the_system(publication: Publication) -> Iterator[str]:
    """A finding is on a place and a measure of the system, with the severity of its check."""
    for finding in publication.findings:
        try:
            key = finding.key
        except ValueError as error:
            yield f"a finding is on no series: {error}"
            continue
        if key.place not in publication.system.place_by_id:
            yield f"a finding is on {finding.series}, of a place that the system does not have"
        if key.measure not in publication.system.measure_by_name:
            yield f"a finding is on {finding.series}, of a measure that the system does not have"
        if finding.severity is not finding.check.severity:
            yield f"a finding on {finding.series} is {finding.severity}, and its check {finding.check} is not"


def findings_are_runs_of_days(publication: Publication) -> Iterator[str]:
    """The days of a finding are in order and not after the cutoff; two of one check and series have days between."""
    by_check: dict[tuple[str, Check], list[Finding]] = {}
    for finding in publication.findings:
        by_check.setdefault((finding.series, finding.check), []).append(finding)
        if not finding.first <= finding.last <= publication.cutoff:
            yield (
                f"a finding on {finding.series} is of {finding.first} to {finding.last}, which are not in order up to "
                f"the cutoff {publication.cutoff}"
            )
    for (unique_id, check), found in by_check.items():
        ordered = sorted(found, key=lambda finding: finding.first)
        for one, following in pairwise(ordered):
            if check.concerns_days and following.first <= one.last + ONE_DAY:
                yield f"two findings of {check} on {unique_id} meet on {following.first}: they are one"


def _streams(publication: Publication) -> dict[SeriesKey, list[SeriesForecast]]:
    """The streams of each series that is all of a measure, published or not."""
    streams: dict[SeriesKey, list[SeriesForecast]] = {}
    for series in publication.series:
        if series.key.stream is not None:
            streams.setdefault(series.key._replace(stream=None), []).append(series)
    return streams


def _below(system: System, key: SeriesKey, published: dict[str, SeriesForecast]) -> list[SeriesKey]:
    """The nearest published series of the places below that of `key`."""
    children = (key._replace(place=child) for child in system.children(key.place))
    return [part for child in children for part in _nearest(system, child, published)]


def _nearest(system: System, key: SeriesKey, published: dict[str, SeriesForecast]) -> list[SeriesKey]:
    return [key] if key.unique_id in published else _below(system, key, published)


RULES: tuple[Rule, ...] = (
    series_are_distinct,
    horizon_is_complete,
    weekdays_are_of_flows,
    values_are_finite_and_not_negative,
    quantiles_increase,
    means_are_within_their_intervals,
    actuals_are_finite,
    parents_add_up,
    drivers_add_up,
    headroom_is_complete,
    fallbacks_have_one_reason,
    findings_are_of_the_system,
    findings_are_runs_of_days,
)


def check(publication: Publication) -> None:
    """Raises MalformedPublicationError, naming the first breaches, unless every rule holds."""
    breaches = [f"{rule.__name__}: {sentence}" for rule in RULES for sentence in rule(publication)]
    if not publication.series:
        breaches.append("the publication has no series")
    if breaches:
        printed = "; ".join(breaches[:MAX_PRINTED_BREACHES])
        raise MalformedPublicationError(
            f"Issuing the publication of {publication.system.name} for {publication.cutoff}: "
            f"{len(breaches)} breach(es) of its invariants: {printed}. Nothing was written."
        )
