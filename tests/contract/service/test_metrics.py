"""Metrics: each in the catalogue is exposed, none is exposed that is not, and their values are right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from publication.job_runs import JobName, JobRun
from publication.model import Actual, Note
from publication.store import Store
from publication.vocabulary import Check, NoteKind
from service.observability.metrics import METRIC_CATALOGUE, METRIC_PREFIX
from tests.builders import ESCALATION_LEVELS, ISSUED_AT, build_live_scores, build_publication, build_system, finding
from tests.contract.service.client import Cable, Client, Clock, serve
from tests.contract.service.keys import make_bunch

OF_THE_CLIENT = ("process_", "python_")
"""Prefixes of the metrics that the Prometheus client has for any process in Python."""
INGESTED = JobRun(
    "northshire",
    JobName.INGEST,
    datetime(2026, 11, 22, 5, 1, tzinfo=UTC),
    duration=timedelta(seconds=12.5),
    exit_code=0,
    counts={"rows": {"new": 49, "quarantined": 2}, "suspect_values": {"frozen": 7, "spike": 0}},
)
FAILED = replace(INGESTED, job=JobName.DAILY, exit_code=6, counts={})

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(client: Client) -> Samples:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(samples: Samples, name: str, /, **labels: str) -> float:
    return samples[METRIC_PREFIX + name, tuple(sorted(labels.items()))]


def record(store: Store, run: JobRun) -> None:
    store.end_job(store.start_job(run), run)


def test_what_is_exposed_is_what_the_catalogue_says(empty_store: Store, clock: Clock, tmp_path: Path) -> None:
    levelled = build_system(levels=ESCALATION_LEVELS)
    empty_store.issue(
        build_publication(system=levelled, findings=(finding("RXH/beds", Check.LATE),), with_headroom=True)
    )
    empty_store.save_live_scores(build_live_scores())
    record(empty_store, INGESTED)
    bunch = make_bunch(tmp_path)
    both = bunch.bearer("both")
    with serve(empty_store, clock, keys=bunch.store) as client:
        client.get("/v1/system")
        client.get("/v1/system", authorization=both)
        families = list(text_string_to_metric_families(client.get("/metrics", authorization=both).text))
    bunch.store.close()
    catalogue = {metric.name.removesuffix("_total"): metric for metric in METRIC_CATALOGUE}
    ours = [family for family in families if not family.name.startswith(OF_THE_CLIENT)]
    assert {family.name for family in ours} == set(catalogue)
    assert {"process_resident_memory_bytes", "process_open_fds", "python_info"} < {family.name for family in families}
    for family in ours:
        metric = catalogue[family.name]
        assert (family.type, family.documentation) == (metric.type.value, metric.help)
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        assert labels == set(metric.labels)


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=abc", "text/plain; version=x", "*/*;q=z"])
def test_what_cannot_be_accepted_gets_plain_text(client: Client, accept: str) -> None:
    response = client.get("/metrics", accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")


def test_names_keep_to_the_conventions() -> None:
    for metric in METRIC_CATALOGUE:
        assert metric.name.startswith(METRIC_PREFIX)
        assert (metric.type == "counter") == metric.name.endswith("_total")
        assert not metric.name.endswith(("_ms", "_minutes", "_days", "_age_seconds"))


def test_no_label_has_a_name_that_prometheus_gives_itself() -> None:
    """It would rename ours to exported_job, and every query by it would find nothing."""
    assert [metric.name for metric in METRIC_CATALOGUE if {"job", "instance"} & set(metric.labels)] == []


def test_the_served_publication_has_metrics_of_its_timestamps(client: Client) -> None:
    samples = scrape(client)
    # November: London is on UTC, so the cutoff day ends at midnight UTC.
    expected = {
        "publication_cutoff_timestamp_seconds": datetime(2026, 11, 22, tzinfo=UTC),
        "publication_issued_timestamp_seconds": datetime(2026, 11, 22, 5, 2, 11, tzinfo=UTC),
        "publication_late_timestamp_seconds": datetime(2026, 11, 23, tzinfo=UTC),
        "publication_stale_timestamp_seconds": datetime(2026, 11, 24, tzinfo=UTC),
        "store_last_success_timestamp_seconds": datetime(2026, 11, 22, 6, tzinfo=UTC),
    }
    assert {name: value(samples, name) for name in expected} == {
        name: instant.timestamp() for name, instant in expected.items()
    }


@pytest.mark.parametrize("weeks", [4, 13])
def test_scores_by_measure_lead_band_and_weeks_have_their_targets_too(client: Client, weeks: int) -> None:
    samples = scrape(client)
    occupancy = {"measure": "occupancy", "leads": "01-07", "weeks": str(weeks)}
    built = build_live_scores()
    of_places = [score for score in built.scores if score.of[1:] == ("occupancy", "01-07", "stable", weeks)]
    n = sum(score.n for score in of_places)
    assert value(samples, "scores_forecasts", **occupancy) == n
    mean = sum(score.n * (score.losses.mae or 0) for score in of_places) / n
    assert value(samples, "scores_mae", **occupancy) == pytest.approx(mean)
    assert value(samples, "scores_coverage_ratio", interval="0.8", **occupancy) == 0.75
    assert value(samples, "scores_coverage_target_ratio", interval="0.8") == 0.8
    assert value(samples, "scores_timestamp_seconds") == ISSUED_AT.timestamp()


def test_scores_of_four_weeks_are_not_those_of_thirteen(client: Client) -> None:
    samples = scrape(client)
    of_weeks = [value(samples, "scores_forecasts", measure="beds", leads="01-07", weeks=weeks) for weeks in ("4", "13")]
    # the scores of beds, days 1 to 7, are every fourth from the first on: 7 * 1, 7 * 5, ... 7 * 25 forecasts
    assert of_weeks == [sum(7 * i // 3 for i in range(1, 26, 4)), sum(7 * i for i in range(1, 26, 4))]


@pytest.mark.parametrize(
    ("metric", "skill"),
    # MAE is two thirds of same as last week, WIS a quarter of MAE: a sixth of same as last week
    [("scores_skill_ratio", 1 / 3), ("scores_wis_skill_ratio", 5 / 6)],
)
@pytest.mark.parametrize("weeks", ["4", "13"])
def test_skill_is_exported_where_there_is_something_to_compare_with(
    client: Client, metric: str, skill: float, weeks: str
) -> None:
    samples = scrape(client)
    assert value(samples, metric, measure="occupancy", leads="01-07", weeks=weeks) == pytest.approx(skill)
    for name in (metric, "scores_mase"):
        with pytest.raises(KeyError):  # nothing to judge beds by
            value(samples, name, measure="beds", leads="01-07", weeks=weeks)


def test_series_fallbacks_and_champion_have_metrics(client: Client) -> None:
    samples = scrape(client)
    assert value(samples, "publication_series") == 49
    assert value(samples, "publication_revision") == 1
    assert value(samples, "publication_fallback_series", measure="occupancy") == 1
    assert value(samples, "publication_fallback_series", measure="beds") == 0
    assert value(samples, "champion_info", name="northshire", version="7", run_id="4f1c9a") == 1


@pytest.mark.parametrize(
    ("method", "address", "labels"),
    [
        ("GET", "/v1/forecasts?horizon=3", {"method": "GET", "route": "/v1/forecasts", "status": "200"}),
        ("GET", "/v1/forecasts/RXH/beds", {"method": "GET", "route": "/v1/forecasts/{unique_id}", "status": "200"}),
        ("GET", "/v1/forecasts/no/such", {"method": "GET", "route": "/v1/forecasts/{unique_id}", "status": "404"}),
        ("HEAD", "/places/RXH", {"method": "HEAD", "route": "/places/{place}", "status": "200"}),
        ("GET", "/invented/1234", {"method": "GET", "route": "unknown", "status": "404"}),
        ("BREW", "/invented", {"method": "other", "route": "unknown", "status": "404"}),
        ("POST", "/v1/series", {"method": "POST", "route": "/v1/series", "status": "405"}),
        ("GET", "/docs/assets/favicon.png", {"method": "GET", "route": "/docs/assets/{name}", "status": "200"}),
        ("GET", "/openapi.json", {"method": "GET", "route": "/openapi.json", "status": "200"}),
    ],
)
def test_requests_are_counted_by_route_template(
    issued_store: Store, clock: Clock, method: str, address: str, labels: dict[str, str]
) -> None:
    with serve(issued_store, clock) as client:
        client.get(address, method)
        samples = scrape(client)
    assert value(samples, "http_requests_total", **labels) == 1
    assert value(samples, "http_request_duration_seconds_count", route=labels["route"]) == 1


def test_a_lost_store_is_reported_and_the_publication_stays(issued_store: Store, clock: Clock) -> None:
    cable = Cable(issued_store)
    with serve(cable, clock) as client:
        assert value(scrape(client), "store_up") == 1
        cable.pulled = True
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "unreachable"))
        samples = scrape(client)
    assert value(samples, "store_up") == 0
    assert value(samples, "store_last_success_timestamp_seconds") == clock.now.timestamp()
    assert value(samples, "publication_series") == 49


def test_runs_of_jobs_have_metrics_before_anything_is_published(empty_store: Store, clock: Clock) -> None:
    """Daily ended with 6 yesterday, after a success the day before; today's has begun."""
    day = timedelta(days=1)
    record(empty_store, INGESTED)
    record(empty_store, replace(FAILED, started_at=FAILED.started_at - 2 * day, exit_code=0))
    record(empty_store, replace(FAILED, started_at=FAILED.started_at - day))
    empty_store.start_job(FAILED)
    with serve(empty_store, clock) as client:
        samples = scrape(client)
    began = datetime(2026, 11, 22, 5, 1, tzinfo=UTC).timestamp()
    assert {
        name: value(samples, f"job_{name}", job_name="daily")
        for name in (
            "last_start_timestamp_seconds",
            "last_end_timestamp_seconds",
            "last_success_timestamp_seconds",
            "last_exit_code",
            "last_duration_seconds",
        )
    } == {
        "last_start_timestamp_seconds": began,
        "last_end_timestamp_seconds": began - 86_400 + 12.5,
        "last_success_timestamp_seconds": began - 2 * 86_400 + 12.5,
        "last_exit_code": 6,
        "last_duration_seconds": 12.5,
    }
    assert value(samples, "ingest_rows", outcome="quarantined") == 2
    assert value(samples, "ingest_suspect_values", check="frozen") == 7
    assert value(samples, "ingest_suspect_values", check="spike") == 0


def test_a_run_that_ends_is_seen_without_a_restart(issued_store: Store, clock: Clock) -> None:
    with serve(issued_store, clock) as client:
        assert not any(name.startswith("headroom_job") for name, _ in scrape(client))
        record(issued_store, FAILED)
        client.get_until("/metrics", lambda answer: 'job_last_exit_code{job_name="daily"} 6.0' in answer.text)


def test_keys_that_expire_have_a_metric_and_others_none(issued_store: Store, clock: Clock, tmp_path: Path) -> None:
    bunch = make_bunch(tmp_path)
    with serve(issued_store, clock, keys=bunch.store) as client:
        families = text_string_to_metric_families(client.get("/metrics", authorization=bunch.bearer("both")).text)
        family = next(of for of in families if of.name == "headroom_key_expires_timestamp_seconds")
    found = {sample.labels["key"]: sample.value for sample in family.samples}
    bunch.store.close()
    valid_keys = [key for key in bunch.store.read().keys if key.revoked_at is None and key.expires_at is not None]
    assert found == {key.name: key.expires_at.timestamp() for key in valid_keys if key.expires_at}
    assert 0 < len(found) < len(bunch.store.read().keys)


def test_without_a_publication_there_are_no_metrics_of_one(empty_store: Store, clock: Clock) -> None:
    with serve(empty_store, clock) as client:
        names = {name for name, _ in scrape(client)}
    assert "headroom_store_up" in names
    assert not any(name.startswith("headroom_publication") for name in names)


def test_openmetrics_is_given_to_who_asks_for_it(client: Client) -> None:
    response = client.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_late_series_and_notes_are_counted(empty_store: Store, clock: Clock) -> None:
    """Two sites sent no beds for the cutoff; a note names them."""
    made = build_publication()
    late = ("RXH1/beds", "RXK2/beds")
    series = tuple(
        replace(of, recent=(*of.recent[:-1], Actual(made.cutoff, None))) if of.unique_id in late else of
        for of in made.series
    )
    empty_store.issue(replace(made, series=series, notes=(*made.notes, Note(NoteKind.LATE, "2 series are late."))))
    with serve(empty_store, clock) as client:
        samples = scrape(client)
    assert value(samples, "publication_late_series", measure="beds") == 2
    assert value(samples, "publication_late_series", measure="occupancy") == 0
    assert {kind: value(samples, "publication_notes", kind=kind) for kind in ("late", "fallback", "silent")} == {
        "late": 1,
        "fallback": 1,
        "silent": 0,
    }
