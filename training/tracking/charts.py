"""The interactive charts of a backtest, on one page that a closed network can open."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from publication.vocabulary import quantile_column, series_key
from training.backtest.scores import PIT_TENTHS
from training.charts import page as html_page
from training.charts import picture, plain

BAND_COLOUR = "rgba(0, 94, 184, 0.18)"
MEAN_COLOUR = "rgb(0, 94, 184)"
ACTUAL_COLOUR = "rgb(33, 43, 50)"
OUTER_80 = {"q0.1", "q0.9"}


def page(figures: Sequence[go.Figure]) -> str:
    """Return the charts of one backtest as a page."""
    return html_page("Backtest", [picture(figure, f"chart-{i}") for i, figure in enumerate(figures, start=1)])


def charts(forecasts: pd.DataFrame, scores: pd.DataFrame) -> list[go.Figure]:
    """Return the charts to see first: the best and worst series of each measure, and the coverage of intervals.

    `scores` are those of the recipe that made the forecasts, long.
    """
    figures = [fan_chart(forecasts, unique_id, rank) for unique_id, rank in _best_and_worst(scores)]
    return [*figures, coverage_by_lead(forecasts)] if set(forecasts.columns) >= OUTER_80 else figures


def _best_and_worst(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """Return of each measure the series with the least and the greatest scaled WIS, labelled best and worst."""
    rows = scores[(scores["by"] == "series") & (scores["loss"] == "scaled_wis")]
    by_series = rows.set_index(rows["series"].astype(str))["value"]
    grouped = by_series.groupby(lambda unique_id: series_key(unique_id).measure)
    found = [((str(of.idxmin()), "best"), (str(of.idxmax()), "worst")) for _, of in grouped]
    return [pick for best, worst in found for pick in ((best,) if best[0] == worst[0] else (best, worst))]


def fan_chart(forecasts: pd.DataFrame, unique_id: str, rank: str) -> go.Figure:
    """Return the forecasts of one series in the newest window of a backtest, with its actuals."""
    series = forecasts[forecasts["unique_id"] == unique_id]
    window = series[series["cutoff"] == series["cutoff"].max()]
    figure = go.Figure()
    for low, high, label in (("q0.1", "q0.9", "80 %"), ("q0.25", "q0.75", "50 %")):
        if {low, high} <= set(window.columns):
            figure.add_scatter(x=window["ds"], y=window[low], mode="lines", line_width=0, showlegend=False)
            figure.add_scatter(
                x=window["ds"],
                y=window[high],
                mode="lines",
                line_width=0,
                fill="tonexty",
                fillcolor=BAND_COLOUR,
                name=f"{label} prediction interval",
            )
    figure.add_scatter(x=window["ds"], y=window["mean"], mode="lines", line_color=MEAN_COLOUR, name="mean")
    figure.add_scatter(x=window["ds"], y=window["y"], mode="markers", marker_color=ACTUAL_COLOUR, name="actual")
    figure.update_layout(
        title=f"{plain(unique_id)} ({rank} of its measure), cutoff {window['cutoff'].iloc[0]:%Y-%m-%d}",
        template="plotly_white",
    )
    return figure


def coverage_by_lead(forecasts: pd.DataFrame) -> go.Figure:
    """Return the share of actuals inside the 80 % prediction interval, by lead, against 80 %."""
    rows = forecasts[forecasts["y"].notna()]
    inside = (rows["y"] >= rows["q0.1"]) & (rows["y"] <= rows["q0.9"])
    share = inside.groupby(rows["lead"]).mean()
    figure = go.Figure(go.Scatter(x=share.index, y=share, mode="lines+markers", line_color=MEAN_COLOUR, name="covered"))
    figure.add_hline(y=0.8, line_dash="dash", line_color=ACTUAL_COLOUR)
    figure.update_layout(title="Coverage of the 80 % prediction interval", template="plotly_white")
    figure.update_xaxes(title="lead (days)")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return figure


def pit_histogram(scores: pd.DataFrame) -> go.Figure:
    """Return the percentage of actuals in each tenth of their forecast distribution, by measure: ideally ten.

    `scores` are one recipe's, long. A hollow in the middle means that intervals are too narrow, a hill that they are
    too wide, a slope that forecasts are too high (down to the right) or too low.
    """
    shares = scores[(scores["by"] == "measure") & scores["loss"].isin(PIT_TENTHS)]
    figure = go.Figure()
    for measure, some in shares.groupby("measure"):
        by_tenth = some.set_index("loss")["value"].reindex(PIT_TENTHS)
        figure.add_bar(x=[f"{tenth / 10:.1f}" for tenth in range(1, 11)], y=by_tenth, name=plain(str(measure)))
    figure.add_hline(y=0.1, line_dash="dash", line_color=ACTUAL_COLOUR)
    figure.update_layout(title="Where actuals fell in their forecast distributions (PIT)", template="plotly_white")
    figure.update_xaxes(title="tenth of the distribution, up to", type="category")
    figure.update_yaxes(tickformat=".0%")
    return figure


def reliability(forecasts: pd.DataFrame, levels: Sequence[float]) -> go.Figure:
    """Return the share of actuals at or below each published quantile, by measure, against its level: the diagonal.

    The reliability diagram of quantile forecasts (Pinson et al. 2007). Below the diagonal they are too low.
    """
    rows = forecasts[forecasts["y"].notna()]
    measures = rows["unique_id"].map({i: series_key(str(i)).measure for i in rows["unique_id"].unique()})
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line_color=ACTUAL_COLOUR, name="promised"))
    figure.data[0].line.dash = "dash"
    for measure, some in rows.groupby(measures):
        shares = [float((some["y"] <= some[quantile_column(level)]).mean()) for level in levels]
        figure.add_scatter(x=levels, y=shares, mode="lines+markers", name=plain(str(measure)))
    figure.update_layout(title="Reliability of the quantiles", template="plotly_white")
    figure.update_xaxes(title="level", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="actuals at or below", range=[0, 1], tickformat=".0%")
    return figure
