"""Gauges of the served publication and of the stores, read when Prometheus scrapes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter, methodcaller

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from publication import __version__
from publication.database import VERSION
from publication.days import DAYS_UNTIL_STALE, ONE_DAY, end_of_day
from publication.job_runs import INGESTED_ROWS, SUSPECT_VALUES, JobName, JobOutcome
from publication.live_scores import LiveScores, Losses
from publication.model import Publication, System
from publication.pressure import headroom_levels, level_of_day
from publication.vocabulary import COVERAGES, Check, NoteKind
from service.auth.key_cache import KeyCache
from service.auth.keys import Key
from service.observability import metrics
from service.observability.metrics import Metric
from service.publications.repository import Clock, PublicationRepository, StoreState
from service.publications.served import ServedPublication

MAX_SERIES_BEHIND = 100
"""Series with a sample of their own: a feed that is lost must not make thousands."""
MAX_PLACES_WITH_LEVEL = 100
"""Places with a sample of their level of escalation, for the same reason."""

MAX_KEYS_WITH_EXPIRY = 100
"""Keys with a sample of the instant at which they expire."""

Sample = tuple[tuple[str, ...], float]


class PublicationCollector(Collector):
    """Timestamps rather than ages: an alert computes the age, also of a service that has stopped."""

    def __init__(self, repository: PublicationRepository, key_cache: KeyCache, clock: Clock) -> None:
        self._repository = repository
        self._key_cache = key_cache
        self._clock = clock

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        status = self._repository.status
        yield _gauge(metrics.STORE_UP_METRIC, [((), float(status.store_up))])
        reached = status.store_reached_at
        yield _gauge(metrics.STORE_REACHED_METRIC, [((), reached.timestamp())] if reached else [])
        yield _gauge(metrics.STORE_CORRUPT_METRIC, [((), float(status.state is StoreState.CORRUPT))])
        yield _gauge(metrics.KEY_STORE_UP_METRIC, [((), float(self._key_cache.store_up))])
        yield _gauge(metrics.KEY_EXPIRES_METRIC, _key_expiries(self._key_cache.keys))
        yield _gauge(metrics.BUILD_METRIC, [((__version__, VERSION), 1)])
        for metric, samples in _of_jobs(self._repository.job_outcomes):
            yield _gauge(metric, samples)
        served = self._repository.newest
        for metric, samples in _of_publication(served, self._clock()) if served else ():
            yield _gauge(metric, samples)
        scores = self._repository.live_scores
        for metric, samples in _of_scores(scores) if scores else ():
            yield _gauge(metric, samples)
        for metric, samples in _of_control(scores, served.publication.system) if scores and served else ():
            yield _gauge(metric, samples)


def _key_expiries(keys: Iterable[Key]) -> list[Sample]:
    """Return when each key expires that is not revoked: a bounded number, the first to expire first."""
    valid = (key for key in keys if key.revoked_at is None)
    expiring = ((key.expires_at.timestamp(), key.name) for key in valid if key.expires_at is not None)
    return [((name,), instant) for instant, name in sorted(expiring)[:MAX_KEYS_WITH_EXPIRY]]


def _of_jobs(outcomes: Sequence[JobOutcome]) -> Iterator[tuple[Metric, list[Sample]]]:
    """Yield the last runs of each job, and what the last ingest that succeeded counted."""
    last = [of.last for of in outcomes]
    ended = [of.last_ended for of in outcomes if of.last_ended is not None]
    success = [of.last_success for of in outcomes if of.last_success is not None]
    yield metrics.JOB_START_METRIC, [((run.job,), run.started_at.timestamp()) for run in last]
    yield metrics.JOB_END_METRIC, [((run.job,), run.ended_at.timestamp()) for run in ended if run.ended_at]
    yield metrics.JOB_SUCCESS_METRIC, [((run.job,), run.ended_at.timestamp()) for run in success if run.ended_at]
    yield (
        metrics.JOB_DURATION_METRIC,
        [((run.job,), run.duration.total_seconds()) for run in ended if run.duration is not None],
    )
    yield metrics.JOB_EXIT_CODE_METRIC, [((run.job,), run.exit_code) for run in ended if run.exit_code is not None]
    counts = next((run.counts for run in success if run.job == JobName.INGEST), {})
    for metric, name in ((metrics.INGEST_ROWS_METRIC, INGESTED_ROWS), (metrics.INGEST_SUSPECT_METRIC, SUSPECT_VALUES)):
        yield metric, [((of,), count) for of, count in counts.get(name, {}).items()]


def _of_publication(served: ServedPublication, now: datetime) -> Iterator[tuple[Metric, list[Sample]]]:
    summary, system = served.summary, served.publication.system

    def ends(days_after_cutoff: int) -> float:
        return end_of_day(summary.cutoff + timedelta(days=days_after_cutoff), system.timezone).timestamp()

    yield metrics.CUTOFF_METRIC, [((), ends(0))]
    yield metrics.ISSUED_METRIC, [((), summary.issued_at.timestamp())]
    yield metrics.LATE_FROM_METRIC, [((), ends(1))]
    yield metrics.STALE_FROM_METRIC, [((), ends(DAYS_UNTIL_STALE))]
    yield metrics.REVISION_METRIC, [((), summary.revision)]
    yield metrics.SERIES_METRIC, [((), summary.n_series)]
    fallbacks = Counter(series.key.measure for series in served.publication.series if series.fallback)
    yield metrics.FALLBACKS_METRIC, [((measure.name,), fallbacks[measure.name]) for measure in system.measures]
    late = Counter(key.measure for key in served.publication.late_series)
    yield metrics.LATE_SERIES_METRIC, [((measure.name,), late[measure.name]) for measure in system.measures]
    notes = Counter(note.kind for note in served.publication.notes)
    yield metrics.NOTES_METRIC, [((kind.value,), notes[kind]) for kind in NoteKind]
    found = Counter(finding.check for finding in served.publication.findings)
    yield metrics.FINDINGS_METRIC, [((check.value, check.severity.value), found[check]) for check in Check]
    yield metrics.LAST_ACTUAL_METRIC, list(_last_actuals(served.publication))
    yield metrics.ESCALATION_METRIC, _escalation_levels(served.publication, served.days_over(now))
    champion = summary.champion
    yield metrics.CHAMPION_METRIC, [((champion.name, str(champion.version), champion.run_id), 1)]


def _last_actuals(publication: Publication) -> Iterator[Sample]:
    """Yield the instant since which late and silent series have no value: a bounded number, the oldest first."""
    behind = [of for of in publication.findings if of.check in (Check.LATE, Check.SILENT)]
    for of in sorted(behind, key=lambda of: (of.first, of.series))[:MAX_SERIES_BEHIND]:
        since = end_of_day(of.first - ONE_DAY, publication.system.timezone)
        yield (of.series, of.check.value), since.timestamp()


def _escalation_levels(publication: Publication, today: int) -> list[Sample]:
    """Return the position of the level of each place on the day at `today`: a bounded number, the highest first."""
    system = publication.system
    if not system.levels or today >= system.horizon_days:
        return []
    levels = headroom_levels(system)
    positions = {level: position for position, level in enumerate(system.levels, start=1)}
    found: list[Sample] = [
        ((of.place,), float(positions[level]) if level else 0.0)
        for of in publication.headroom
        for level in [level_of_day(system, levels, of.headroom[today], of.beds[today])]
    ]
    return sorted(found, key=lambda sample: sample[1], reverse=True)[:MAX_PLACES_WITH_LEVEL]


def _of_scores(scores: LiveScores) -> Iterator[tuple[Metric, list[Sample]]]:
    """Return the scores by measure, lead band and weeks: bounded, however many places there are."""
    by_slice = [
        ((score.of.measure or "", score.of.leads or "", str(score.of.weeks)), score)
        for score in scores.by_measure_leads_and_weeks
    ]

    def known(value: Callable[[Losses], float | None]) -> list[Sample]:
        values = ((labels, value(score.losses)) for labels, score in by_slice)
        return [(labels, loss) for labels, loss in values if loss is not None]

    yield metrics.SCORED_METRIC, [((), scores.scored_at.timestamp())]
    yield metrics.SCORED_FORECASTS_METRIC, [(labels, score.n) for labels, score in by_slice]
    for name, metric in metrics.SCORE_METRICS.items():
        yield metric, known(attrgetter(name))
    yield metrics.SKILL_METRIC, known(lambda losses: losses.skill)
    yield metrics.WIS_SKILL_METRIC, known(lambda losses: losses.wis_skill)
    shares = ((percent, known(methodcaller("coverage", percent))) for percent in COVERAGES)
    yield (
        metrics.COVERAGE_METRIC,
        [((*labels, _interval(percent)), share) for percent, samples in shares for labels, share in samples],
    )
    yield metrics.COVERAGE_TARGET_METRIC, [((_interval(percent),), percent / 100) for percent in COVERAGES]


def _interval(percent: int) -> str:
    return f"{percent / 100:g}"


def _of_control(scores: LiveScores, system: System) -> Iterator[tuple[Metric, list[Sample]]]:
    """Return the state of each check of each measure: bounded, however many places there are."""
    states = [((state.measure, state.check.value), state) for state in scores.control]
    known = [(labels, state.evidence) for labels, state in states]
    yield metrics.CONTROL_EVIDENCE_METRIC, [(labels, share) for labels, share in known if share is not None]
    yield metrics.CONTROL_SIGNAL_METRIC, [(labels, float(state.signal is not None)) for labels, state in states]
    yield (
        metrics.CONTROL_START_METRIC,
        [
            (labels, end_of_day(state.signal.since - ONE_DAY, system.timezone).timestamp())
            for labels, state in states
            if state.signal is not None
        ],
    )


def _gauge(metric: Metric, samples: list[Sample]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
