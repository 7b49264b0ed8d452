"""What is served and how the store is, read at the moment Prometheus asks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from publication.days import DAYS_UNTIL_STALE, end_of_day
from publication.ledger import LiveScores
from publication.vocabulary import COVERAGES
from service.auth.key_cache import KeyCache
from service.observability import metrics
from service.observability.metrics import Metric
from service.publications.poller import StorePoller
from service.publications.served import ServedPublication

Sample = tuple[tuple[str, ...], float]


class PublicationCollector(Collector):
    """Timestamps rather than ages: an alert works the age out itself, and a dead service does not look young."""

    def __init__(self, poller: StorePoller, key_cache: KeyCache) -> None:
        self._poller = poller
        self._key_cache = key_cache

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seen = self._poller.seen
        yield _gauge(metrics.STORE_UP, [((), float(seen.store_up))])
        reached = seen.store_reached_at
        yield _gauge(metrics.STORE_REACHED, [((), reached.timestamp())] if reached else [])
        yield _gauge(metrics.KEYS_UP, [((), float(self._key_cache.store_up))])
        served = self._poller.newest
        for metric, samples in _of_publication(served) if served else ():
            yield _gauge(metric, samples)
        ledger = self._poller.ledger
        for metric, samples in _of_ledger(ledger) if ledger else ():
            yield _gauge(metric, samples)


def _of_publication(served: ServedPublication) -> Iterator[tuple[Metric, list[Sample]]]:
    heading, system = served.heading, served.publication.system

    def ends(days_after_cutoff: int) -> float:
        return end_of_day(heading.cutoff + timedelta(days=days_after_cutoff), system.timezone).timestamp()

    yield metrics.CUTOFF, [((), ends(0))]
    yield metrics.ISSUED, [((), heading.issued_at.timestamp())]
    yield metrics.LATE_FROM, [((), ends(1))]
    yield metrics.STALE_FROM, [((), ends(DAYS_UNTIL_STALE))]
    yield metrics.REVISION, [((), heading.revision)]
    yield metrics.SERIES, [((), heading.n_series)]
    fallbacks = Counter(series.key.measure for series in served.publication.series if series.fallback)
    yield metrics.FALLBACKS, [((measure.name,), fallbacks[measure.name]) for measure in system.measures]
    late = Counter(key.measure for key in served.publication.late_series)
    yield metrics.LATE_SERIES, [((measure.name,), late[measure.name]) for measure in system.measures]
    yield metrics.REMARKS, [((), len(served.publication.remarks))]
    champion = heading.champion
    yield metrics.CHAMPION, [((champion.name, str(champion.version), champion.run_id), 1)]


def _of_ledger(ledger: LiveScores) -> Iterator[tuple[Metric, list[Sample]]]:
    """By measure and lead band: bounded, however many places there are."""
    by_slice = [((score.of.measure or "", score.of.leads or ""), score) for score in ledger.by_measure_and_leads]
    yield metrics.SCORED, [((), ledger.scored_at.timestamp())]
    yield metrics.SCORED_FORECASTS, [(labels, score.n) for labels, score in by_slice]
    for name, metric in metrics.SCORE.items():
        told = ((labels, getattr(score.losses, name)) for labels, score in by_slice)
        yield metric, [(labels, loss) for labels, loss in told if loss is not None]
    kept = (
        ((*labels, f"{percent / 100:g}"), score.losses.coverage(percent))
        for labels, score in by_slice
        for percent in COVERAGES
    )
    yield metrics.COVERAGE, [(labels, share) for labels, share in kept if share is not None]


def _gauge(metric: Metric, samples: list[Sample]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
