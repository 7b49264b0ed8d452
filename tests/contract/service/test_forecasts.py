"""Forecasts: filters, older publications, and CSV that says what JSON says."""

import io

import pandas as pd
import pytest

from publication.store import Store
from tests.builders import QUANTILES
from tests.contract.service.client import Client

LEVELS = [f"q{level:g}" for level in QUANTILES]
COLUMNS = ["unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean", *LEVELS, "model", "fallback"]

FILTERS = [
    ("", 49, 28),
    ("place=RXH", 7, 28),
    ("under=RXH", 21, 28),
    ("under=northshire", 49, 28),
    ("measure=occupancy", 7, 28),
    ("stream=paediatric", 7, 28),
    ("place=RXH1&measure=attendances", 3, 28),
    ("place=RXH1&measure=attendances&stream=adult", 1, 28),
    ("place=RXK&under=RXH", 0, 28),
    ("measure=beds&stream=adult", 0, 28),
    ("horizon=1", 49, 1),
    ("under=RXK&measure=beds&horizon=28", 3, 28),
]


def read_csv(client: Client, query: str = "") -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(client.get(f"/v1/forecasts?{query}", accept="text/csv").content))


@pytest.mark.parametrize(("query", "n_series", "n_days"), FILTERS)
def test_filters_select_series_and_days(client: Client, query: str, n_series: int, n_days: int) -> None:
    forecasts = client.get(f"/v1/forecasts?{query}").json()["forecasts"]
    assert len(forecasts) == n_series
    assert {len(forecast["days"]) for forecast in forecasts} <= {n_days}


def test_quantiles_select_levels_whatever_their_order_and_spelling(client: Client) -> None:
    (forecast,) = client.get("/v1/forecasts/RXH/beds?quantiles=0.90,0.5,.1,0.5").json()["forecasts"]
    assert {tuple(day["quantiles"]) for day in forecast["days"]} == {("0.1", "0.5", "0.9")}


def test_csv_has_the_contracted_columns_and_loads_without_options(client: Client) -> None:
    frame = read_csv(client)
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 49 * 28
    assert frame["fallback"].dtype == bool
    assert frame.loc[frame["fallback"], "unique_id"].unique().tolist() == ["RXK2/occupancy"]


def test_csv_has_only_the_quantile_columns_asked_for(client: Client) -> None:
    frame = read_csv(client, "quantiles=0.1,0.9&horizon=7")
    assert [column for column in frame.columns if column.startswith("q")] == ["q0.1", "q0.9"]
    assert frame["lead"].max() == 7


@pytest.mark.parametrize("query", [query for query, n_series, _ in FILTERS if n_series] + ["quantiles=0.5"])
def test_csv_says_what_json_says(client: Client, query: str) -> None:
    rows = [
        {
            "unique_id": forecast["unique_id"],
            "ds": day["ds"],
            "lead": day["lead"],
            "mean": day["mean"],
            **{f"q{level}": value for level, value in day["quantiles"].items()},
            "fallback": forecast["fallback"],
        }
        for forecast in client.get(f"/v1/forecasts?{query}").json()["forecasts"]
        for day in forecast["days"]
    ]
    frame = read_csv(client, query)
    pd.testing.assert_frame_equal(frame[list(rows[0])], pd.DataFrame(rows), check_exact=False, rtol=1e-14)


def test_the_mean_of_a_parent_is_the_sum_of_its_children(client: Client) -> None:
    means = read_csv(client, "measure=occupancy").pivot_table(index="ds", columns="place", values="mean")
    assert (means["northshire"] - means["RXH"] - means["RXK"]).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "*/*", "application/json"),
        ("", "text/csv", "text/csv; charset=utf-8"),
        ("", "text/*", "text/csv; charset=utf-8"),
        ("", "text/csv;q=0.5, application/json", "application/json"),
        ("", "application/json;q=0.2, text/csv;q=0.7", "text/csv; charset=utf-8"),
        ("", "image/png", "application/json"),
        ("format=csv", "application/json", "text/csv; charset=utf-8"),
        ("format=json", "text/csv", "application/json"),
    ],
)
def test_format_is_negotiated(client: Client, query: str, accept: str, media_type: str) -> None:
    for route in ("/v1/forecasts", "/v1/forecasts/RXH/beds"):
        assert client.get(f"{route}?{query}", accept=accept).headers["content-type"] == media_type


@pytest.mark.parametrize(
    ("cutoff", "revision", "share"), [("2026-11-14", 1, 0.5), ("2026-11-20", 2, 0.9), ("2026-11-21", 1, 1.0)]
)
def test_an_older_cutoff_gives_its_last_revision(client: Client, cutoff: str, revision: int, share: float) -> None:
    body = client.get(f"/v1/forecasts?cutoff={cutoff}&place=RXH1&measure=beds").json()
    assert (body["publication"]["cutoff"], body["publication"]["revision"]) == (cutoff, revision)
    assert body["forecasts"][0]["days"][0]["mean"] == pytest.approx(340 * 1.3 * share)


def test_an_older_publication_shows_its_own_age(client: Client) -> None:
    assert client.get("/v1/forecasts?cutoff=2026-11-14").json()["publication"]["freshness"] == "stale"
    assert client.get("/v1/forecasts?cutoff=2026-11-20").json()["publication"]["freshness"] == "late"


def test_more_older_publications_than_the_cache_holds_are_all_served(client: Client, issued_store: Store) -> None:
    cutoffs = [summary.cutoff.isoformat() for summary in issued_store.summaries()]
    for cutoff in cutoffs * 3:
        assert client.get(f"/v1/forecasts?cutoff={cutoff}&horizon=1").json()["publication"]["cutoff"] == cutoff
