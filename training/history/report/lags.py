"""Reporting lags: how long after the end of its day a value first becomes known, and how old the newest values are."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from publication.days import today
from training.arrays import FloatArray, IntArray
from training.charts import picture, plain
from training.history.report import looks, words
from training.history.report.evidence import Evidence, each
from training.history.report.markup import heading, paragraph, table

BINS = (
    (-np.inf, "before its end"),
    (0.0, "at its end"),
    (1.0, "within a day"),
    (2.0, "within 2 days"),
    (3.0, "within 3 days"),
    (7.0, "within a week"),
    (14.0, "within 2 weeks"),
    (28.0, "within 4 weeks"),
    (np.inf, "later"),
)
"""Upper bounds of a lag in days, the bound included, and their words; the first bin holds what is below 0."""
MEASURES_DRAWN = len(looks.SERIES_COLOURS)
BEHIND_LISTED = 100
NUMBERS = ("values", "median (days)", "90 % within (days)", "longest (days)")
BEHIND = ("late", "silent")
WITHOUT_KNOWN_AT = (
    "Where a source does not say when its rows became known (it has no known_at column), a first value counts as known "
    "at the end of its day: a lag of 0 that was not measured."
)


def shares(lag_days: FloatArray) -> FloatArray:
    """The share of lags in each of `BINS`."""
    upper = np.array([bound for bound, _ in BINS[1:]])
    bins = np.where(lag_days < 0, 0, 1 + np.searchsorted(upper, lag_days))
    counted: FloatArray = np.bincount(bins, minlength=len(BINS)) / len(lag_days)
    return counted


def lags(evidence: Evidence) -> list[str]:
    """First values by measure, then the newest value of each series."""
    lag_by_measure = {m: evidence.vintages.lag_days[evidence.of_measure(m)] for m in evidence.measures}
    known = {measure: lag_days for measure, lag_days in lag_by_measure.items() if len(lag_days)}
    parts = [heading("When first values become known"), paragraph(WITHOUT_KNOWN_AT)]
    if all((lag_days == 0).all() for lag_days in known.values()):
        parts.append(paragraph("That is so of every value here: there are no lags to draw."))
    else:
        parts.append(picture(_chart(known), "first-known", _says(known), wide=True))
        rows = [_row(measure, lag_days) for measure, lag_days in known.items()]
        parts.append(table("Lag of the first value behind the end of its day", ("measure", *NUMBERS), rows, NUMBERS))
    return [*parts, heading("How old the newest values are"), *_newest(evidence)]


def _chart(known: dict[str, FloatArray]) -> go.Figure:
    most = sorted(known, key=lambda measure: -len(known[measure]))[:MEASURES_DRAWN]
    figure = looks.figure(340, barmode="group")
    for measure, colour, pattern in zip(most, looks.SERIES_COLOURS, looks.PATTERNS, strict=False):
        figure.add_bar(
            x=[words_of for _, words_of in BINS],
            y=shares(known[measure]),
            name=plain(words.measure(measure)),
            marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": "white", "bgcolor": colour, "size": 6}},
            hovertemplate="%{x}: %{y:.1%}",
        )
    figure.update_yaxes(tickformat=".0%", title="share of values", rangemode="tozero")
    figure.update_xaxes(title="first known, counted from the end of the day", showgrid=False)
    return figure


def _says(known: dict[str, FloatArray]) -> str:
    more = len(known) - MEASURES_DRAWN
    return (
        "For each measure, the share of its values that first became known so long after the end of their day. Bars of "
        "one measure add up to 100 %."
        + (f" {words.several(more, 'measure')} with fewer values: see the table." if more > 0 else "")
    )


def _row(measure: str, lag_days: FloatArray) -> tuple[str, ...]:
    figures = np.quantile(lag_days, (0.5, 0.9, 1.0))
    return (words.measure(measure), f"{len(lag_days):,}", *(words.number(round(float(f), 1)) for f in figures))


def newest_ages(evidence: Evidence) -> IntArray:
    """Of each series, the days from its newest value's day to the day of `as_of`: 1 is yesterday."""
    asked = pd.Timestamp(today(evidence.as_of, evidence.system.timezone))
    since_end = evidence.table[::-1].notna().to_numpy().argmax(axis=0)
    ages: IntArray = (asked - evidence.days[-1]).days + since_end
    return ages


def _newest(evidence: Evidence) -> list[str]:
    ages = newest_ages(evidence)
    n_series, newest, oldest = len(ages), int(ages.min()), int(ages.max())
    up_to_date = int((ages == newest).sum())
    everyone = "Each series has" if up_to_date == n_series else f"{up_to_date:,} of {n_series:,} series have"
    newest_day = words.day(evidence.days[-1].date())
    told = f"{everyone} a value for the newest day, {newest_day}, which is {_away(newest)} of this report."
    if oldest > newest:
        told += f" The newest value of the series furthest behind is of a day {words.several(oldest, 'day')} ago."
    behind = evidence.findings[evidence.findings["check"].isin(BEHIND)]
    return [paragraph(told), *_behind(evidence, behind, dict(zip(evidence.unique_ids, ages.tolist(), strict=True)))]


def _away(days: int) -> str:
    if days == 0:
        return "the day"
    return f"{words.several(abs(days), 'day')} {'before' if days > 0 else 'after'} the day"


def _behind(evidence: Evidence, behind: pd.DataFrame, age: dict[str, int]) -> list[str]:
    """The late and silent series by name, those that reported last first."""
    if behind.empty:
        return [paragraph("No series is late (two days or more behind the newest) or silent (four weeks or more).")]
    listed = behind.sort_values(["days", "unique_id"]).head(BEHIND_LISTED)
    rows = [
        (
            row.unique_id,
            words.place_of(row.unique_id, evidence.system),
            row.check,
            words.day((row.first - pd.Timedelta(days=1)).date()),
            f"{age[row.unique_id]:,}",
        )
        for row in each(listed)
    ]
    n = behind["check"].value_counts()
    told = words.listed([f"{n[check]:,} {check}" for check in BEHIND if check in n])
    more = len(behind) - len(rows)
    caption = f"Series that are behind: {told}." + (f" {more:,} more are not listed." if more else "")
    return [table(caption, ("series", "place", "is", "newest value of", "days ago"), rows, ("days ago",))]
