"""The pictures of a run: one page that a closed network can open."""

import re

import numpy as np
import pandas as pd
import pytest

from training.tracking.plots import charts, coverage_by_lead, page

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


def test_each_measure_shows_its_largest_series_in_the_newest_window(forecasts: pd.DataFrame) -> None:
    titles = [figure.layout.title.text for figure in charts(forecasts)]
    assert titles == [
        "A/beds, cutoff 2026-01-08",
        "north/occupancy, cutoff 2026-01-08",
        "Coverage of the 80 % prediction interval",
    ]


def test_coverage_is_the_share_of_actuals_inside(forecasts: pd.DataFrame) -> None:
    (line,) = coverage_by_lead(forecasts).data
    assert list(line.x) == list(LEADS)
    assert list(line.y) == [1.0, 0.0, 1.0, 0.0]


def test_a_series_without_actuals_yet_is_no_reason_to_fail(forecasts: pd.DataFrame) -> None:
    unseen = forecasts.assign(y=forecasts["y"].where(forecasts["unique_id"] != "A/beds", np.nan))
    assert charts(unseen)[0].layout.title.text == "north/occupancy, cutoff 2026-01-08"


def test_the_page_needs_nothing_from_elsewhere(forecasts: pd.DataFrame) -> None:
    text = page(charts(forecasts))
    assert text.count("Plotly.newPlot(") >= 3
    assert re.findall(r"<script[^>]*\ssrc=", text) == []
    assert re.findall(r"<link[^>]*\shref=", text) == []


def test_the_page_names_a_series_letter_by_letter(forecasts: pd.DataFrame) -> None:
    odd = forecasts.assign(unique_id=forecasts["unique_id"].replace("A/beds", "<b>A&E/beds"))
    assert "&lt;b&gt;A&amp;E/beds, cutoff 2026-01-08" in [figure.layout.title.text for figure in charts(odd)]


def test_the_page_is_complete_and_draws_each_picture_in_a_place_of_its_own(forecasts: pd.DataFrame) -> None:
    text = page(charts(forecasts))
    assert text.startswith("<!doctype html>")
    assert "<title>Backtest</title>" in text
    assert re.findall(r"<div id=\"([^\"]+)\"", text) == ["chart-1", "chart-2", "chart-3"]
