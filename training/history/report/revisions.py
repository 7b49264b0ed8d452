"""Revisions: how values changed after they first became known."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from training.arrays import BoolArray, FloatArray, IntArray
from training.charts import picture, plain
from training.history.report import looks, words
from training.history.report.evidence import Evidence
from training.history.report.markup import paragraph, table
from training.history.report.vintages import Vintages

AGES = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 42, 56, 84, 112, 168, 252, 365, 730)
"""Days since the end of the day at which values are compared."""
FEWEST = 5  # values, for a band to say anything
MEASURES_DRAWN = 4
ROW_PIXELS = 220
NUMBERS = ("values", "revised", "share", "newest against first (median)", "raised", "last changed within (90 %)")


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
    """Of those values for which `chosen`, if they were revised; a first vintage of 0 has no relative change."""
    kept = chosen[vintages.is_revised]
    first, age_now = (values[vintages.is_revised] for values in (vintages.first, vintages.age_days))
    rows = []
    for age in AGES:
        known, y = _known_at_age(vintages, age)
        counted = kept & known & (first > 0) & (age_now >= age)
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
    courses = {measure: course(vintages, masks[measure]) for measure in most[:MEASURES_DRAWN]}
    drawn = {measure: found for measure, found in courses.items() if len(found.ages)}
    if drawn:
        parts.append(picture(_chart(drawn), "revisions-by-age", _says(most, drawn)))
    rows = [_row(measure, vintages, masks[measure]) for measure in [*most, *(m for m in shares if m not in most)]]
    return [*parts, table("Revisions by measure, most revised first", ("measure", *NUMBERS), rows, NUMBERS)]


def _known_at_age(vintages: Vintages, age: int) -> tuple[BoolArray, FloatArray]:
    """Of each revised value whether it was known when its day was `age` days old, and what it then was."""
    versions = vintages.versions
    n_known = np.add.reduceat(versions.age_days <= age, versions.begins, dtype=np.intp)
    return n_known > 0, versions.y[versions.begins + np.maximum(n_known - 1, 0)]


def _opening(vintages: Vintages, most: list[str], shares: dict[str, float]) -> str:
    n, share = int(vintages.is_revised.sum()), float(vintages.is_revised.mean())
    lead = words.measure(most[0])
    told = f"{words.several(n, 'value')} ({words.percent(share)}) had more than one value over time."
    return f"{told} {words.upper_first(lead)} are revised most: {words.percent(shares[most[0]])} of the values."


def _says(most: list[str], drawn: dict[str, Course]) -> str:
    more = len(most) - len(drawn)
    return (
        "How far a revised value had moved from the one first known, by the days since the end of its day. The line is "
        "the median, the band holds the middle 80 % of the values; above zero: raised since. "
        "Values that were not known yet at that age, or are not that old, are left out."
        + (f" {words.several(more, 'more measure')} with revisions: see the table." if more else "")
    )


def _chart(drawn: dict[str, Course]) -> go.Figure:
    figure = make_subplots(
        rows=len(drawn),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.3 / (len(drawn) + 1),
        subplot_titles=[plain(words.measure(measure)) for measure in drawn],
    )
    for row, found in enumerate(drawn.values(), start=1):
        _line_and_band(figure, found, row)
    figure.update_layout(
        template=looks.LOOK, height=80 + ROW_PIXELS * len(drawn), margin=looks.MARGIN, showlegend=False
    )
    figure.update_yaxes(tickformat="+.0%", zeroline=True)
    figure.update_xaxes(type="category")
    figure.update_xaxes(title="days since the end of the day", row=len(drawn))
    return figure


def _line_and_band(figure: go.Figure, found: Course, row: int) -> None:
    banded = found.n >= FEWEST
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": _words(found.ages[banded])}
    figure.add_scatter(y=found.low[banded], **edge, row=row, col=1)
    figure.add_scatter(y=found.high[banded], fill="tonexty", fillcolor=looks.BAND, **edge, row=row, col=1)
    figure.add_scatter(
        x=_words(found.ages),
        y=found.median,
        mode="lines+markers",
        line={"color": looks.BLUE},
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


def _row(measure: str, vintages: Vintages, mask: BoolArray) -> tuple[str, ...]:
    revised = mask & vintages.is_revised
    n, n_revised = int(mask.sum()), int(revised.sum())
    counts = (words.measure(measure), f"{n:,}", f"{n_revised:,}", words.percent(n_revised / n))
    if not n_revised:
        return (*counts, "", "", "")
    first, newest = vintages.first[revised], vintages.newest[revised]
    positive = first > 0
    change = np.median(newest[positive] / first[positive] - 1) if positive.any() else np.nan
    settled = np.quantile(_last_change(vintages)[mask[vintages.is_revised]], 0.9)
    raised = words.percent(float((newest > first).mean()))
    return (*counts, words.signed_percent(float(change)), raised, words.several(int(np.ceil(settled)), "day"))


def _last_change(vintages: Vintages) -> FloatArray:
    """Of each revised value, how old its day was when it last changed."""
    versions = vintages.versions
    changed = np.diff(versions.y, prepend=np.nan) != 0
    changed[versions.begins] = False
    return np.maximum.reduceat(np.where(changed, versions.age_days, -np.inf), versions.begins)
