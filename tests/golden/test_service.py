"""The service's interface against its golden files; README.md here says how to write them anew."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from publication.store import Store, default_url
from publication.vocabulary import Check, SeriesKey, Treatment
from tests.builders import (
    CUTOFF,
    ESCALATION_LEVELS,
    PLACES,
    build_live_scores,
    build_publication,
    build_system,
    finding,
)
from tests.contract.service.client import Client, Clock, serve

HERE = Path(__file__).parent / "service"
UPDATE = "HEADROOM_UPDATE_GOLDEN"

JSON_ROUTES = {
    "system": "/v1/system",
    "publications": "/v1/publications",
    "series": "/v1/series",
    "forecasts": "/v1/forecasts",
    "forecasts_filtered": "/v1/forecasts?under=RXH&measure=occupancy&horizon=1&quantiles=0.1,0.9",
    "one_series": "/v1/forecasts/RXH1/occupancy",
    "findings": "/v1/findings",
    "places": "/v1/places",
    "actuals": "/v1/actuals?under=RXH",
    "forecasts_rows": "/v1/forecasts?place=RXH1&shape=rows",
    "pressure": "/v1/pressure?under=RXH&beds=RXH1:+12&discharges=RXH1:+2/day",
    "scores": "/v1/scores",
    "scores_by_series": "/v1/scores?under=RXH&by=series,leads,regime&leads=01-07",
    "control": "/v1/control",
    "ready": "/readyz",
    "openapi": "/openapi.json",
}
CSV_ROUTES = {
    "pressure": "/v1/pressure?format=csv&under=RXH&beds=RXH1:+12&discharges=RXH1:+2/day",
    "findings": "/v1/findings?format=csv",
    "places": "/v1/places?format=csv",
    "series": "/v1/series?format=csv",
    "actuals": "/v1/actuals?format=csv&under=RXH",
    "publications": "/v1/publications?format=csv",
    "scores": "/v1/scores?format=csv&by=series",
    "control": "/v1/control?format=csv",
    "forecasts": "/v1/forecasts?format=csv",
    "forecasts_filtered": "/v1/forecasts?format=csv&place=RXH1&horizon=2&quantiles=0.5",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A system small enough to read: a root, a trust and a site, two measures, two days."""
    store = Store(default_url(tmp_path_factory.mktemp("golden")))
    store.prepare()
    system = build_system(
        horizon_days=2, quantiles=(0.1, 0.5, 0.9), places=(PLACES[0], PLACES[1], PLACES[3]), levels=ESCALATION_LEVELS
    )
    findings = (
        finding("RXH1/occupancy", Check.FROZEN, range(1, 8)),
        finding("RXH1/beds", Check.LATE, range(2), Treatment.LEAD_EXTENDED, "no value since 2026-11-19"),
    )
    for days_ago in (1, 0):
        store.issue(
            build_publication(
                CUTOFF - timedelta(days=days_ago),
                system=system,
                fallbacks=[SeriesKey("RXH1", "occupancy")],
                recent_days=3,
                with_drivers=True,
                with_headroom=True,
                findings=findings if days_ago == 0 else (),
            )
        )
    store.save_live_scores(build_live_scores(places=system.places))
    with serve(store, Clock()) as running:
        yield running
    store.close()


def check(name: str, text: str) -> None:
    """Compare with the golden file, or write it where that is asked for."""
    file = HERE / name
    if os.environ.get(UPDATE) == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    assert file.read_text(encoding="utf-8") == text, f"{file.name} is not what the service gives; see README.md"


@pytest.mark.parametrize("name", JSON_ROUTES)
def test_json_is_unchanged(client: Client, name: str) -> None:
    body = client.get(JSON_ROUTES[name]).json()
    check(f"{name}.json", json.dumps(body, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", CSV_ROUTES)
def test_csv_is_unchanged(client: Client, name: str) -> None:
    check(f"{name}.csv", client.get(CSV_ROUTES[name]).text)


def test_metrics_keep_their_names_types_and_labels(client: Client) -> None:
    client.get("/v1/system")
    families = text_string_to_metric_families(client.get("/metrics").text)
    lines = [
        " ".join([family.type, family.name, *sorted({label for sample in family.samples for label in sample.labels})])
        for family in families
    ]
    check("metrics.txt", "\n".join(sorted(lines)) + "\n")
