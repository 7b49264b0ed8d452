"""The pictures of a run: one page that a closed network can open."""

import re

import pandas as pd
import pytest

from training.tracking.charts import charts, coverage_by_lead, page, reliability

LEADS = range(1, 5)


@pytest.fixture
def forecasts() -> pd.DataFrame:
    """Two windows of three series; each actual is inside the 80 % interval at odd leads alone."""
    rows = [
        (
            unique_id,
            pd.Timestamp(cutoff),
            pd.Timestamp(cutoff) + pd.Timedelta(days=lead),
            lead,
            size + 20 * (lead % 2 == 0),
        )
        for unique_id, size in (("A/beds", 50.0), ("A/occupancy", 40.0), ("north/occupancy", 80.0))
        for cutoff in ("2026-01-01", "2026-01-08")
        for lead in LEADS
    ]
    frame = pd.DataFrame(rows, columns=["unique_id", "cutoff", "ds", "lead", "y"])
    return frame.assign(mean=frame["y"].where(frame["lead"] % 2 == 1, 0.0)).assign(
        **{"q0.1": lambda t: t["mean"] - 5, "q0.25": lambda t: t["mean"] - 2, "q0.75": lambda t: t["mean"] + 2},
        **{"q0.9": lambda t: t["mean"] + 5},
    )


@pytest.fixture
def scores() -> pd.DataFrame:
    """The system is forecast better than its site."""
    wis = {"A/beds": 0.1, "A/occupancy": 0.7, "north/occupancy": 0.4}
    rows = pd.DataFrame({"by": "series", "series": list(wis), "loss": "scaled_wis", "value": list(wis.values())})
    return pd.concat([rows, rows.assign(loss="mae", value=-rows["value"])], ignore_index=True)


def test_each_measure_shows_its_best_and_worst_series_in_the_newest_window(
    forecasts: pd.DataFrame, scores: pd.DataFrame
) -> None:
    titles = [figure.layout.title.text for figure in charts(forecasts, scores)]
    assert titles == [
        "A/beds (best of its measure), cutoff 2026-01-08",
        "north/occupancy (best of its measure), cutoff 2026-01-08",
        "A/occupancy (worst of its measure), cutoff 2026-01-08",
        "Coverage of the 80 % prediction interval",
    ]


def test_reliability_is_the_share_of_actuals_at_or_below_each_quantile(forecasts: pd.DataFrame) -> None:
    """At odd leads the actual is the mean, at even ones above every quantile."""
    promised, beds, occupancy = reliability(forecasts, [0.1, 0.25, 0.75, 0.9]).data
    assert list(promised.x) == list(promised.y) == [0, 1]
    assert (beds.name, occupancy.name) == ("beds", "occupancy")
    assert list(beds.x) == [0.1, 0.25, 0.75, 0.9]
    assert list(beds.y) == list(occupancy.y) == [0.0, 0.0, 0.5, 0.5]


def test_coverage_is_the_share_of_actuals_inside(forecasts: pd.DataFrame) -> None:
    (line,) = coverage_by_lead(forecasts).data
    assert list(line.x) == list(LEADS)
    assert list(line.y) == [1.0, 0.0, 1.0, 0.0]


def test_the_page_needs_nothing_from_elsewhere(forecasts: pd.DataFrame, scores: pd.DataFrame) -> None:
    text = page(charts(forecasts, scores))
    assert text.count("Plotly.newPlot(") >= 3
    assert re.findall(r"<script[^>]*\ssrc=", text) == []
    assert re.findall(r"<link[^>]*\shref=", text) == []


def test_the_page_names_a_series_letter_by_letter(forecasts: pd.DataFrame, scores: pd.DataFrame) -> None:
    odd = [frame.replace("A/beds", "<b>A&E/beds") for frame in (forecasts, scores)]
    titles = [figure.layout.title.text for figure in charts(*odd)]
    assert "&lt;b&gt;A&amp;E/beds (best of its measure), cutoff 2026-01-08" in titles


def test_the_page_is_complete_and_draws_each_picture_in_a_place_of_its_own(
    forecasts: pd.DataFrame, scores: pd.DataFrame
) -> None:
    text = page(charts(forecasts, scores))
    assert text.startswith("<!doctype html>")
    assert "<title>Backtest</title>" in text
    assert re.findall(r"<div id=\"([^\"]+)\"", text) == ["chart-1", "chart-2", "chart-3", "chart-4"]
