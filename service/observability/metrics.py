"""The catalogue of metrics, and the recording of requests. Each metric is documented and keeps its name."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.http.access_record import ANONYMOUS, AccessRecord
from service.observability.logs import RequestLog

METRIC_PREFIX = "headroom_"


class MetricType(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is exposed."""

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...] = ()


CUTOFF_METRIC = Metric(
    "headroom_publication_cutoff_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which the cutoff day of the served publication ended, in the system's time zone.",
)
ISSUED_METRIC = Metric(
    "headroom_publication_issued_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which the served publication was issued.",
)
LATE_FROM_METRIC = Metric(
    "headroom_publication_late_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time from which the served publication counts as late.",
)
STALE_FROM_METRIC = Metric(
    "headroom_publication_stale_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time from which the served publication counts as stale.",
)
REVISION_METRIC = Metric("headroom_publication_revision", MetricType.GAUGE, "Revision of the served publication.")
SERIES_METRIC = Metric("headroom_publication_series", MetricType.GAUGE, "Series in the served publication.")
FALLBACKS_METRIC = Metric(
    "headroom_publication_fallback_series",
    MetricType.GAUGE,
    "Series for which a fallback is published in the champion's stead.",
    ("measure",),
)
LATE_SERIES_METRIC = Metric(
    "headroom_publication_late_series",
    MetricType.GAUGE,
    "Series whose newest actual is older than the cutoff of the served publication.",
    ("measure",),
)
NOTES_METRIC = Metric(
    "headroom_publication_notes",
    MetricType.GAUGE,
    "Notes of the served publication, by subject: late series, a cutoff that is not yesterday, fallbacks, events, ...",
    ("kind",),
)
FINDINGS_METRIC = Metric(
    "headroom_publication_findings",
    MetricType.GAUGE,
    "Findings of the served publication, runs of days of a series that a check doubts, by check and severity.",
    ("check", "severity"),
)
LAST_ACTUAL_METRIC = Metric(
    "headroom_publication_series_last_actual_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which the last day with a value ended, of the late and silent series that are behind longest.",
    ("unique_id", "state"),
)
ESCALATION_METRIC = Metric(
    "headroom_place_escalation_level",
    MetricType.GAUGE,
    "Level of escalation of a place today: 0 for none, 1 for the lowest; the places with the highest levels.",
    ("place",),
)
CHAMPION_METRIC = Metric(
    "headroom_champion_info",
    MetricType.GAUGE,
    "The registered version that made the served publication; always 1.",
    ("name", "version", "run_id"),
)
STORE_UP_METRIC = Metric(
    "headroom_store_up",
    MetricType.GAUGE,
    "1 when the last poll of the publication store got an answer, else 0.",
)
STORE_CORRUPT_METRIC = Metric(
    "headroom_store_corrupt",
    MetricType.GAUGE,
    "1 when the newest publication in the store is damaged, or the served one is no longer in it, else 0.",
)
STORE_REACHED_METRIC = Metric(
    "headroom_store_last_success_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which the publication store last answered.",
)
JOB_START_METRIC = Metric(
    "headroom_job_last_start_timestamp_seconds", MetricType.GAUGE, "Unix time at which a job last began.", ("job_name",)
)
JOB_END_METRIC = Metric(
    "headroom_job_last_end_timestamp_seconds", MetricType.GAUGE, "Unix time at which a job last ended.", ("job_name",)
)
JOB_SUCCESS_METRIC = Metric(
    "headroom_job_last_success_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which a job last ended with exit code 0.",
    ("job_name",),
)
JOB_DURATION_METRIC = Metric(
    "headroom_job_last_duration_seconds", MetricType.GAUGE, "Seconds that the last run of a job took.", ("job_name",)
)
JOB_EXIT_CODE_METRIC = Metric(
    "headroom_job_last_exit_code", MetricType.GAUGE, "Exit code of the last run of a job that ended.", ("job_name",)
)
INGEST_ROWS_METRIC = Metric(
    "headroom_ingest_rows",
    MetricType.GAUGE,
    "Rows of the last ingest that succeeded, by what became of them.",
    ("outcome",),
)
INGEST_SUSPECT_METRIC = Metric(
    "headroom_ingest_suspect_values",
    MetricType.GAUGE,
    "Days of series in the past fortnight that a check holds suspect, at the last ingest that succeeded.",
    ("check",),
)
SCORED_METRIC = Metric(
    "headroom_scores_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which issued forecasts were last scored against actuals.",
)
SCORE_LABELS = ("measure", "leads", "weeks")
SCORED_FORECASTS_METRIC = Metric(
    "headroom_scores_forecasts",
    MetricType.GAUGE,
    "Forecasts that the scores are means of, by measure, lead band and weeks of target days.",
    SCORE_LABELS,
)
SCORE_METRICS = {
    loss: Metric(
        f"headroom_scores_{loss}",
        MetricType.GAUGE,
        f"{meaning}, by measure, lead band and weeks of target days.",
        SCORE_LABELS,
    )
    for loss, meaning in (
        ("mae", "Mean absolute error of issued forecasts"),
        ("bias", "Mean error, forecast minus actual, of issued forecasts"),
        ("wis", "Mean weighted interval score of issued forecasts"),
        ("mase", "Mean absolute error over that of seasonal naive"),
        ("scaled_wis", "Mean weighted interval score over the error of seasonal naive"),
    )
}
SKILL_METRIC = Metric(
    "headroom_scores_skill_ratio",
    MetricType.GAUGE,
    "1 - mean absolute error over that of seasonal naive on the same cases; above 0 is better.",
    SCORE_LABELS,
)
WIS_SKILL_METRIC = Metric(
    "headroom_scores_wis_skill_ratio",
    MetricType.GAUGE,
    "1 - mean weighted interval score over that of seasonal naive, its mean absolute error; above 0 is better.",
    SCORE_LABELS,
)
COVERAGE_METRIC = Metric(
    "headroom_scores_coverage_ratio",
    MetricType.GAUGE,
    "Share of actuals inside the central prediction interval, whose label is the share that it promises.",
    (*SCORE_LABELS, "interval"),
)
COVERAGE_TARGET_METRIC = Metric(
    "headroom_scores_coverage_target_ratio",
    MetricType.GAUGE,
    "Share of actuals that a central prediction interval promises to hold.",
    ("interval",),
)
CONTROL_EVIDENCE_METRIC = Metric(
    "headroom_control_evidence_ratio",
    MetricType.GAUGE,
    "Evidence that a measure has departed from what a check expects, over the limit: at 1 a signal begins.",
    ("measure", "check"),
)
CONTROL_SIGNAL_METRIC = Metric(
    "headroom_control_signal",
    MetricType.GAUGE,
    "1 while a check of a measure has a signal, else 0.",
    ("measure", "check"),
)
CONTROL_START_METRIC = Metric(
    "headroom_control_signal_start_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which the day began on which the change behind a signal is likely to have begun.",
    ("measure", "check"),
)
REQUESTS_METRIC = Metric(
    "headroom_http_requests_total",
    MetricType.COUNTER,
    "Answered requests by method, route template and status.",
    ("method", "route", "status"),
)
DURATION_METRIC = Metric(
    "headroom_http_request_duration_seconds",
    MetricType.HISTOGRAM,
    "Seconds from request to the end of the answer, by route template.",
    ("route",),
)

KEY_REQUESTS_METRIC = Metric(
    "headroom_key_requests_total",
    MetricType.COUNTER,
    "Answered requests by the name of the key that was sent, and status.",
    ("key", "status"),
)
AUTH_REJECTIONS_METRIC = Metric(
    "headroom_auth_rejections_total",
    MetricType.COUNTER,
    "Requests that were not let in, by reason.",
    ("reason",),
)
KEY_STORE_UP_METRIC = Metric(
    "headroom_key_store_up", MetricType.GAUGE, "1 when the last poll of the keys got an answer, else 0."
)

KEY_EXPIRES_METRIC = Metric(
    "headroom_key_expires_timestamp_seconds",
    MetricType.GAUGE,
    "Unix time at which a key that is not revoked expires, or expired; of the keys that do so first.",
    ("key",),
)
BUILD_METRIC = Metric(
    "headroom_build_info",
    MetricType.GAUGE,
    "The release of Headroom and of its tables; always 1.",
    ("version", "tables"),
)

METRIC_CATALOGUE: tuple[Metric, ...] = (
    CUTOFF_METRIC,
    ISSUED_METRIC,
    LATE_FROM_METRIC,
    STALE_FROM_METRIC,
    REVISION_METRIC,
    SERIES_METRIC,
    FALLBACKS_METRIC,
    LATE_SERIES_METRIC,
    NOTES_METRIC,
    FINDINGS_METRIC,
    LAST_ACTUAL_METRIC,
    ESCALATION_METRIC,
    CHAMPION_METRIC,
    STORE_UP_METRIC,
    STORE_REACHED_METRIC,
    STORE_CORRUPT_METRIC,
    JOB_START_METRIC,
    JOB_END_METRIC,
    JOB_SUCCESS_METRIC,
    JOB_DURATION_METRIC,
    JOB_EXIT_CODE_METRIC,
    INGEST_ROWS_METRIC,
    INGEST_SUSPECT_METRIC,
    SCORED_METRIC,
    SCORED_FORECASTS_METRIC,
    *SCORE_METRICS.values(),
    SKILL_METRIC,
    WIS_SKILL_METRIC,
    COVERAGE_METRIC,
    COVERAGE_TARGET_METRIC,
    CONTROL_EVIDENCE_METRIC,
    CONTROL_SIGNAL_METRIC,
    CONTROL_START_METRIC,
    REQUESTS_METRIC,
    DURATION_METRIC,
    KEY_REQUESTS_METRIC,
    AUTH_REJECTIONS_METRIC,
    KEY_STORE_UP_METRIC,
    KEY_EXPIRES_METRIC,
    BUILD_METRIC,
)

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class RequestMetrics:
    """Counts and times requests in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(metric: Metric) -> Counter:
            return Counter(metric.name, metric.help, metric.labels, registry=registry)

        # Looking up a labelled child takes longer than counting with it; there are few of them.
        self._requests = cache(counter(REQUESTS_METRIC).labels)
        self._by_key = cache(counter(KEY_REQUESTS_METRIC).labels)
        self._rejected = cache(counter(AUTH_REJECTIONS_METRIC).labels)
        self._durations = cache(
            Histogram(
                DURATION_METRIC.name,
                DURATION_METRIC.help,
                DURATION_METRIC.labels,
                registry=registry,
                buckets=DURATION_BUCKETS,
            ).labels
        )

    def observe(self, method: str, route: str, status: int, duration_seconds: float, key: str | None) -> None:
        self._requests(method, route, str(status)).inc()
        self._durations(route).observe(duration_seconds)
        if key is not None:
            self._by_key(key, str(status)).inc()

    def reject(self, reason: str) -> None:
        self._rejected(reason).inc()


class RequestRecorder:
    """Counts requests and logs them. The address is not logged: a caller may have written a key into it."""

    def __init__(self, metrics: RequestMetrics, log: RequestLog | None = None) -> None:
        self._metrics = metrics
        self._log = log

    def record(self, access: AccessRecord) -> None:
        """Count the request and write its line."""
        key = None if access.key == ANONYMOUS else access.key
        self._metrics.observe(access.method, access.route, access.status, access.duration_seconds, key)
        if self._log is not None:
            self._log.write(access)
