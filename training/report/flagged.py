"""Sections: the days that are flagged, and what flows leave unexplained."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from publication.vocabulary import series_key
from training.charts import picture, plain
from training.history.census_shares import flow_balance
from training.history.event_days import concerns
from training.history.plausibility.panel import panels
from training.report import markup, wording
from training.report.evidence import Evidence, Finding, finding_rows
from training.report.markup import heading, paragraph, table
from training.system.model import Event

SERIES_SHOWN = 8
NEW_DAYS = 28  # series with suspect days in the newest four weeks come first
FINDINGS_LISTED = 500
FINDINGS_IN_CAPTION = 3
FLAGGED_HEADER = ("series", "place", "severity", "check", "first day", "last day", "days", "found", "baseline", "note")
FLAGGED_NUMBERS = ("days", "found", "baseline")
WINDOW_DAYS = 182
DAYS_AFTER = 28  # the newest suspect day
EVENTS_DRAWN = 20
HEIGHT = 300
PLACES_DRAWN = 8
PLACES_LISTED = 200
RESIDUALS_ROW_PIXELS = 130
RESIDUALS_NUMBERS = ("days known", "mean a day", "standard deviation", "furthest from zero")
RESIDUALS_HEADER = ("place", "name", *RESIDUALS_NUMBERS, "on")
WHAT = (
    "A balance residual is the change of occupancy since the day before, less admissions, plus discharges, as far as "
    "they fall between the two censuses. Zero: the three agree. Above zero: more patients are in beds than were "
    "admitted and stayed. Where the census is within the day, counts agree only on average."
)


def flagged(evidence: Evidence) -> list[str]:
    """Small multiples of the series with most suspect days, then the newest findings of all."""
    shown = most_flagged(evidence)
    n_flagged = evidence.suspect["unique_id"].nunique()
    parts = [paragraph(_opening(n_flagged, len(evidence.suspect), len(shown)))]
    for i, unique_id in enumerate(shown, start=1):
        place = series_key(unique_id).place
        parts.append(heading(wording.titled(unique_id, place, evidence.system)))
        parts.append(picture(chart(evidence, unique_id), f"flagged-{i}", caption_of(evidence, unique_id)))
    return [*parts, heading("All findings"), *_findings(evidence)]


def most_flagged(evidence: Evidence) -> list[str]:
    """The series with most suspect days in the newest four weeks, then those with most of all."""
    new = evidence.is_suspect[-NEW_DAYS:].sum(axis=0)
    ever = evidence.is_suspect.sum(axis=0)
    order = np.lexsort((-ever, -new))
    return [evidence.unique_ids[i] for i in order[:SERIES_SHOWN].tolist() if ever[i]]


def caption_of(evidence: Evidence, unique_id: str) -> str:
    """The caption of a series' picture: its newest suspect findings."""
    days = window(evidence, unique_id)
    theirs = evidence.suspect[evidence.suspect["unique_id"] == unique_id]
    inside = theirs[theirs["last"] >= days[0]]
    clauses = [_finding_in_words(row) for row in finding_rows(inside.head(FINDINGS_IN_CAPTION))]
    more = len(inside) - len(clauses)
    before = int(theirs.loc[theirs["last"] < days[0], "days"].sum())
    if more:
        clauses.append(f"{more} more in this stretch")
    if before:
        clauses.append(f"{wording.several(before, 'suspect day')} before it")
    return f"{wording.upper_first('; '.join(clauses))}."


def _finding_in_words(row: Finding) -> str:
    lasted = f" ({wording.several(row.days, 'day')})" if row.days > 1 else ""
    baseline = "" if np.isnan(row.baseline) else f", baseline {wording.number(row.baseline)}"
    found = f": found {wording.number(row.found)}{baseline}"
    return f"{row.check} {wording.span(row.first.date(), row.last.date())}{lasted}{found}"


def _opening(n_series: int, n_findings: int, n_shown: int) -> str:
    if not n_series:
        return "No day of any series is suspect."
    which = (
        ""
        if n_shown == n_series
        else (f" The {n_shown} with most suspect days in the newest four weeks, then with most of all, are drawn.")
    )
    return (
        f"{wording.several(n_findings, 'run')} of suspect days in "
        f"{wording.several(n_series, 'series', 'series')}.{which} "
        "The shape of a mark names the check; the dotted line is the baseline of the weekday; shaded days are those "
        "of an event."
    )


def _findings(evidence: Evidence) -> list[str]:
    found = evidence.findings
    if found.empty:
        return [paragraph("No check found anything.")]
    newest = found.sort_values(["last", "severity"], ascending=[False, False], kind="stable").head(FINDINGS_LISTED)
    rows = [_flagged_row(row, evidence) for row in finding_rows(newest)]
    more = len(found) - len(rows)
    caption = f"{wording.several(len(found), 'finding')}, newest first" + (
        f": the newest {FINDINGS_LISTED} of them; {more:,} more are in the file of findings that ingest writes."
        if more
        else "."
    )
    return [table(caption, FLAGGED_HEADER, rows, FLAGGED_NUMBERS)]


def _flagged_row(row: Finding, evidence: Evidence) -> tuple[str, ...]:
    return (
        row.unique_id,
        wording.place_of(row.unique_id, evidence.system),
        row.severity,
        row.check,
        wording.day_of_year(row.first.date()),
        wording.day_of_year(row.last.date()),
        f"{row.days:,}",
        wording.number(row.found),
        wording.number(row.baseline),
        row.note,
    )


def window(evidence: Evidence, unique_id: str) -> pd.DatetimeIndex:
    """Half a year of days that ends four weeks after the newest suspect one."""
    newest = evidence.suspect.loc[evidence.suspect["unique_id"] == unique_id, "last"].max()
    end = evidence.days.get_indexer(pd.DatetimeIndex([newest]))[0] + DAYS_AFTER + 1
    end = min(end, len(evidence.days))
    return evidence.days[max(end - WINDOW_DAYS, 0) : end]


def chart(evidence: Evidence, unique_id: str) -> go.Figure:
    """Values and their baseline as lines, suspect days marked by check, events shaded."""
    days = window(evidence, unique_id)
    figure = markup.figure(HEIGHT, hovermode="x unified")
    x = days.strftime("%Y-%m-%d").tolist()
    baseline = _baseline(evidence, unique_id)[days]
    dotted = {"color": markup.SOFT, "dash": "dot", "width": 1.5}
    figure.add_scatter(x=x, y=baseline.round(1), mode="lines", line=dotted, name="baseline", hovertemplate="%{y:,}")
    values = evidence.table.loc[days, unique_id]
    solid = {"color": markup.BLUE, "width": 1.6}
    alone = {"size": 3.5, "color": markup.BLUE}  # a value between two gaps has no line
    figure.add_scatter(
        x=x, y=values, mode="lines+markers", line=solid, marker=alone, name="value", hovertemplate="%{y:,}"
    )
    for check, suspect_values in _by_check(evidence, unique_id, days).items():
        mark = {"symbol": markup.CHECK_SYMBOL[check], "size": 10, "color": markup.SUSPECT_INK}
        figure.add_scatter(
            x=suspect_values.strftime("%Y-%m-%d").tolist(),
            y=values[suspect_values],
            mode="markers",
            marker={**mark, "line": {"color": "white", "width": 1}},
            name=check,
            cliponaxis=False,
            hovertemplate="%{y:,}",
        )
    _shade(figure, evidence, unique_id, days)
    figure.update_xaxes(range=[f"{days[0]:%Y-%m-%d}", f"{days[-1] + pd.Timedelta(days=1):%Y-%m-%d}"], type="date")
    return figure


def _baseline(evidence: Evidence, unique_id: str) -> pd.Series:
    """As the checks see it; empty where the measure is not one of the system's."""
    for panel in panels(evidence.table[[unique_id]], evidence.system, evidence.context):
        if panel.unique_ids:
            return pd.Series(panel.baseline_count[:, 0], evidence.days)
    return pd.Series(np.nan, evidence.days)


def _by_check(evidence: Evidence, unique_id: str, days: pd.DatetimeIndex) -> dict[str, pd.DatetimeIndex]:
    """The suspect days of the stretch, by the check that found them."""
    found: dict[str, pd.DatetimeIndex] = {}
    for row in finding_rows(evidence.suspect[evidence.suspect["unique_id"] == unique_id]):
        run = days[(days >= row.first) & (days <= row.last)]
        if len(run):
            found[row.check] = run.union(found[row.check]) if row.check in found else run
    return found


def _shade(figure: go.Figure, evidence: Evidence, unique_id: str, days: pd.DatetimeIndex) -> None:
    """The newest events that concern the series, each with its kind in words."""
    key = series_key(unique_id)
    theirs = [event for event in evidence.context.events if concerns(event, key, evidence.system)]
    seen = [event for event in theirs if event.last >= days[0].date() and event.first <= days[-1].date()]
    for event in sorted(seen, key=lambda event: event.first)[-EVENTS_DRAWN:]:
        figure.add_vrect(
            x0=f"{pd.Timestamp(event.first) - pd.Timedelta(hours=12):%Y-%m-%d %H:%M}",
            x1=f"{pd.Timestamp(event.last) + pd.Timedelta(hours=12):%Y-%m-%d %H:%M}",
            fillcolor=markup.EVENT_GROUND,
            line_width=0,
            layer="below",
            annotation_text=plain(_kind(event)),
            annotation_position="bottom left",
            annotation_textangle=-90,
        )


def _kind(event: Event) -> str:
    return wording.measure(event.kind.value)


def residuals(evidence: Evidence) -> list[str]:
    """Pictures of the places that are furthest off, and a table of all."""
    unexplained = flow_balance(evidence.table, evidence.system).residuals.dropna(axis="columns", how="all")
    if unexplained.empty:
        return [
            paragraph(WHAT),
            paragraph("No place counts occupancy, admissions and discharges, all three: there is nothing to balance."),
        ]
    most = unexplained.abs().mean().sort_values(ascending=False, kind="stable").index
    drawn = [str(place) for place in most[:PLACES_DRAWN]]
    figure = _residual_chart(unexplained[drawn].tail(markup.DAYS_DRAWN), evidence)
    rows = [_residual_row(str(place), unexplained[place], evidence) for place in most[:PLACES_LISTED]]
    more = len(most) - len(rows)
    caption = f"Patients a day, those furthest off first{f'; {more:,} more places not listed' if more else ''}"
    return [
        paragraph(WHAT),
        picture(figure, "residuals", _residuals_in_words(len(unexplained), len(most), len(drawn))),
        table(caption, RESIDUALS_HEADER, rows, RESIDUALS_NUMBERS),
    ]


def _residuals_in_words(n_days: int, n_places: int, n_drawn: int) -> str:
    which = "Each place" if n_drawn == n_places else f"The {n_drawn} places furthest off, of {n_places:,}"
    since = "" if n_days <= markup.DAYS_DRAWN else " in the newest two years"
    return (
        f"{which}, day by day{since}. A line that stays on one side of zero is a flow that is not counted; a single "
        "spike up or down is a wrong count; a pair of spikes, one up and one down, a wrong count of occupancy."
    )


def _residual_chart(unexplained: pd.DataFrame, evidence: Evidence) -> go.Figure:
    """One row for each place, all on the same days."""
    titles = [plain(wording.titled(str(place), str(place), evidence.system)) for place in unexplained]
    n = len(titles)
    figure = make_subplots(n, 1, shared_xaxes=True, vertical_spacing=0.3 / (n + 1), subplot_titles=titles)
    x = pd.DatetimeIndex(unexplained.index).strftime("%Y-%m-%d").tolist()
    for row, place in enumerate(unexplained, start=1):
        figure.add_scatter(
            x=x,
            y=unexplained[place],
            mode="lines+markers",
            line={"color": markup.BLUE, "width": 1.2},
            marker={"size": 2.5},
            hovertemplate="%{x|%a %d %b %Y}: %{y:+,.1f}<extra></extra>",
            showlegend=False,
            row=row,
            col=1,
        )
    figure.update_layout(template=markup.TEMPLATE, height=90 + RESIDUALS_ROW_PIXELS * n, margin=markup.MARGIN)
    figure.update_yaxes(zeroline=True, zerolinewidth=1.5, rangemode="tozero", nticks=4)
    return figure


def _residual_row(place: str, unexplained: pd.Series, evidence: Evidence) -> tuple[str, ...]:
    known = unexplained.dropna()
    furthest = pd.Timestamp(str(known.abs().idxmax()))
    return (
        place,
        wording.place(place, evidence.system),
        f"{len(known):,}",
        wording.signed(float(known.mean())),
        f"{np.std(known.to_numpy()):,.1f}",
        wording.signed(float(known[furthest])),
        wording.day(furthest.date()),
    )
