"""Sections: how late values become known, and by how much they are revised."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from publication.days import today
from training.charts import picture, plain
from training.frames import BoolArray, FloatArray, IntArray
from training.report import markup, wording
from training.report.evidence import Evidence, Vintages, finding_rows
from training.report.markup import heading, paragraph, table

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
"""Upper bounds of a delay in days, the bound included, and their words; the first bin holds what is below 0."""
DELAY_MEASURES_DRAWN = len(markup.SERIES_COLOURS)
BEHIND_LISTED = 100
DELAY_NUMBERS = ("values", "median (days)", "90 % within (days)", "longest (days)")
BEHIND = ("late", "silent")
WITHOUT_KNOWN_AT = (
    "Where a source does not say when its rows became known (it has no known_at column), a first value counts as known "
    "at the end of its day: a delay of 0 that was not measured."
)
AGES = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 42, 56, 84, 112, 168, 252, 365, 730)
"""Days since the end of the day at which values are compared."""
FEWEST = 5  # values, for a band to say anything
REVISION_MEASURES_DRAWN = 4
REVISION_ROW_PIXELS = 220
REVISION_NUMBERS = (
    "values",
    "revised",
    "share",
    "newest against first (median)",
    "raised",
    "last changed within (90 %)",
)


def shares(delay_days: FloatArray) -> FloatArray:
    """The share of delays in each of `BINS`."""
    upper = np.array([bound for bound, _ in BINS[1:]])
    bins = np.where(delay_days < 0, 0, 1 + np.searchsorted(upper, delay_days))
    counted: FloatArray = np.bincount(bins, minlength=len(BINS)) / len(delay_days)
    return counted


def reporting_delays(evidence: Evidence) -> list[str]:
    """First values by measure, then the newest value of each series."""
    delay_by_measure = {m: evidence.vintages.delay_days[evidence.of_measure(m)] for m in evidence.measures}
    known = {measure: delay_days for measure, delay_days in delay_by_measure.items() if len(delay_days)}
    parts = [heading("When first values become known"), paragraph(WITHOUT_KNOWN_AT)]
    if all((delay_days == 0).all() for delay_days in known.values()):
        parts.append(paragraph("That is so of every value here: there are no delays to draw."))
    else:
        parts.append(picture(_delay_chart(known), "first-known", _delays_in_words(known), wide=True))
        rows = [_delay_row(measure, delay_days) for measure, delay_days in known.items()]
        parts.append(
            table("Delay of the first value after the end of its day", ("measure", *DELAY_NUMBERS), rows, DELAY_NUMBERS)
        )
    return [*parts, heading("How old the newest values are"), *_newest(evidence)]


def _delay_chart(known: dict[str, FloatArray]) -> go.Figure:
    most = sorted(known, key=lambda measure: -len(known[measure]))[:DELAY_MEASURES_DRAWN]
    figure = markup.figure(340, barmode="group")
    for measure, colour, pattern in zip(most, markup.SERIES_COLOURS, markup.PATTERNS, strict=False):
        figure.add_bar(
            x=[words_of for _, words_of in BINS],
            y=shares(known[measure]),
            name=plain(wording.measure(measure)),
            marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": "white", "bgcolor": colour, "size": 6}},
            hovertemplate="%{x}: %{y:.1%}",
        )
    figure.update_yaxes(tickformat=".0%", title="share of values", rangemode="tozero")
    figure.update_xaxes(title="first known, counted from the end of the day", showgrid=False)
    return figure


def _delays_in_words(known: dict[str, FloatArray]) -> str:
    more = len(known) - DELAY_MEASURES_DRAWN
    return (
        "For each measure, the share of its values that first became known so long after the end of their day. Bars of "
        "one measure add up to 100 %."
        + (f" {wording.several(more, 'measure')} with fewer values: see the table." if more > 0 else "")
    )


def _delay_row(measure: str, delay_days: FloatArray) -> tuple[str, ...]:
    figures = np.quantile(delay_days, (0.5, 0.9, 1.0))
    return (wording.measure(measure), f"{len(delay_days):,}", *(wording.number(round(float(f), 1)) for f in figures))


def newest_ages(evidence: Evidence) -> IntArray:
    """Return the days from the newest value of each series to the day of `as_of`: 1 is yesterday."""
    as_of_day = pd.Timestamp(today(evidence.as_of, evidence.system.timezone))
    since_end = evidence.table[::-1].notna().to_numpy().argmax(axis=0)
    ages: IntArray = (as_of_day - evidence.days[-1]).days + since_end
    return ages


def _newest(evidence: Evidence) -> list[str]:
    ages = newest_ages(evidence)
    n_series, newest, oldest = len(ages), int(ages.min()), int(ages.max())
    up_to_date = int((ages == newest).sum())
    everyone = "Each series has" if up_to_date == n_series else f"{up_to_date:,} of {n_series:,} series have"
    newest_day = wording.day(evidence.days[-1].date())
    text = f"{everyone} a value for the newest day, {newest_day}, which is {_away(newest)} of this report."
    if oldest > newest:
        text += f" The newest value of the series furthest behind is of a day {wording.several(oldest, 'day')} ago."
    behind = evidence.findings[evidence.findings["check"].isin(BEHIND)]
    return [paragraph(text), *_behind(evidence, behind, dict(zip(evidence.unique_ids, ages.tolist(), strict=True)))]


def _away(days: int) -> str:
    if days == 0:
        return "the day"
    return f"{wording.several(abs(days), 'day')} {'before' if days > 0 else 'after'} the day"


def _behind(evidence: Evidence, behind: pd.DataFrame, age: dict[str, int]) -> list[str]:
    """The late and silent series by name, those that reported last first."""
    if behind.empty:
        return [paragraph("No series is late (two days or more behind the newest) or silent (four weeks or more).")]
    listed = behind.sort_values(["days", "unique_id"]).head(BEHIND_LISTED)
    rows = [
        (
            row.unique_id,
            wording.place_of(row.unique_id, evidence.system),
            row.check,
            wording.day((row.first - pd.Timedelta(days=1)).date()),
            f"{age[row.unique_id]:,}",
        )
        for row in finding_rows(listed)
    ]
    n = behind["check"].value_counts()
    text = wording.listed([f"{n[check]:,} {check}" for check in BEHIND if check in n])
    more = len(behind) - len(rows)
    caption = f"Series that are behind: {text}." + (f" {more:,} more are not listed." if more else "")
    return [table(caption, ("series", "place", "is", "newest value of", "days ago"), rows, ("days ago",))]


@dataclass(frozen=True)
class Course:
    """Relative change of revised values against their first vintage, by age of their day: one entry for each age.

    `median`, and the central 80 % from `low` to `high`; `n` is how many values were known and are that old by now.
    """

    ages: IntArray
    median: FloatArray
    low: FloatArray
    high: FloatArray
    n: IntArray


def course(vintages: Vintages, chosen: BoolArray) -> Course:
    """The course of the `chosen` values that were revised; a first vintage of 0 has no relative change."""
    included = chosen[vintages.is_revised]
    first, age_now = (values[vintages.is_revised] for values in (vintages.first, vintages.age_days))
    rows = []
    for age in AGES:
        known, y = _known_at_age(vintages, age)
        counted = included & known & (first > 0) & (age_now >= age)
        change = y[counted] / first[counted] - 1
        if len(change):
            rows.append((age, *np.quantile(change, (0.5, 0.1, 0.9)), len(change)))
        if not (vintages.versions.age_days > age).any():
            break
    ages, median, low, high, n = np.array(rows).reshape(-1, 5).T
    return Course(ages.astype(int), median, low, high, n.astype(int))


def revisions(evidence: Evidence) -> list[str]:
    """Picture and table; a sentence where nothing was ever revised."""
    vintages = evidence.vintages
    if not vintages.is_revised.any():
        return [paragraph("No value was ever revised: each is as it first became known.")]
    masks = {measure: evidence.of_measure(measure) for measure in evidence.measures}
    shares = {measure: float(vintages.is_revised[mask].mean()) for measure, mask in masks.items() if mask.any()}
    most = sorted((m for m, share in shares.items() if share), key=lambda m: -shares[m])
    parts = [paragraph(_opening(vintages, most, shares))]
    courses = {measure: course(vintages, masks[measure]) for measure in most[:REVISION_MEASURES_DRAWN]}
    drawn = {measure: found for measure, found in courses.items() if len(found.ages)}
    if drawn:
        parts.append(picture(_revision_chart(drawn), "revisions-by-age", _revisions_in_words(most, drawn)))
    rows = [
        _revision_row(measure, vintages, masks[measure]) for measure in [*most, *(m for m in shares if m not in most)]
    ]
    return [
        *parts,
        table("Revisions by measure, most revised first", ("measure", *REVISION_NUMBERS), rows, REVISION_NUMBERS),
    ]


def _known_at_age(vintages: Vintages, age: int) -> tuple[BoolArray, FloatArray]:
    """For each revised value whether it was known when its day was `age` days old, and its value then."""
    versions = vintages.versions
    n_known = np.add.reduceat(versions.age_days <= age, versions.begins, dtype=np.intp)
    return n_known > 0, versions.y[versions.begins + np.maximum(n_known - 1, 0)]


def _opening(vintages: Vintages, most: list[str], shares: dict[str, float]) -> str:
    n, share = int(vintages.is_revised.sum()), float(vintages.is_revised.mean())
    lead = wording.measure(most[0])
    text = f"{wording.several(n, 'value')} ({wording.percent(share)}) had more than one value over time."
    return f"{text} {wording.upper_first(lead)} are revised most: {wording.percent(shares[most[0]])} of the values."


def _revisions_in_words(most: list[str], drawn: dict[str, Course]) -> str:
    more = len(most) - len(drawn)
    return (
        "How far a revised value had moved from the one first known, by the days since the end of its day. The line is "
        "the median, the band holds the middle 80 % of the values; above zero: raised since. "
        "Values that were not known yet at that age, or are not that old, are left out."
        + (f" {wording.several(more, 'more measure')} with revisions: see the table." if more else "")
    )


def _revision_chart(drawn: dict[str, Course]) -> go.Figure:
    figure = make_subplots(
        rows=len(drawn),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.3 / (len(drawn) + 1),
        subplot_titles=[plain(wording.measure(measure)) for measure in drawn],
    )
    for row, found in enumerate(drawn.values(), start=1):
        _line_and_band(figure, found, row)
    figure.update_layout(
        template=markup.TEMPLATE, height=80 + REVISION_ROW_PIXELS * len(drawn), margin=markup.MARGIN, showlegend=False
    )
    figure.update_yaxes(tickformat="+.0%", zeroline=True)
    figure.update_xaxes(type="category")
    figure.update_xaxes(title="days since the end of the day", row=len(drawn))
    return figure


def _line_and_band(figure: go.Figure, found: Course, row: int) -> None:
    banded = found.n >= FEWEST
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": _words(found.ages[banded])}
    figure.add_scatter(y=found.low[banded], **edge, row=row, col=1)
    figure.add_scatter(y=found.high[banded], fill="tonexty", fillcolor=markup.BAND, **edge, row=row, col=1)
    figure.add_scatter(
        x=_words(found.ages),
        y=found.median,
        mode="lines+markers",
        line={"color": markup.BLUE},
        customdata=np.stack([found.low, found.high, found.n], axis=-1),
        hovertemplate="after %{x} days: %{y:+.1%} (80 %: %{customdata[0]:+.1%} to %{customdata[1]:+.1%}, "
        "%{customdata[2]:,} values)<extra></extra>",
        name="median",
        row=row,
        col=1,
    )


def _words(ages: IntArray) -> list[str]:
    """Ages as names, so that the first days are as wide as the later months."""
    return [str(age) for age in ages.tolist()]


def _revision_row(measure: str, vintages: Vintages, mask: BoolArray) -> tuple[str, ...]:
    revised = mask & vintages.is_revised
    n, n_revised = int(mask.sum()), int(revised.sum())
    counts = (wording.measure(measure), f"{n:,}", f"{n_revised:,}", wording.percent(n_revised / n))
    if not n_revised:
        return (*counts, "", "", "")
    first, newest = vintages.first[revised], vintages.newest[revised]
    positive = first > 0
    change = np.median(newest[positive] / first[positive] - 1) if positive.any() else np.nan
    settled = np.quantile(_last_change(vintages)[mask[vintages.is_revised]], 0.9)
    raised = wording.percent(float((newest > first).mean()))
    return (*counts, wording.signed_percent(float(change)), raised, wording.several(int(np.ceil(settled)), "day"))


def _last_change(vintages: Vintages) -> FloatArray:
    """The age of each revised value's day when the value last changed."""
    versions = vintages.versions
    changed = np.diff(versions.y, prepend=np.nan) != 0
    changed[versions.begins] = False
    return np.maximum.reduceat(np.where(changed, versions.age_days, -np.inf), versions.begins)
