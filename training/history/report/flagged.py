"""Flagged days: the series with most suspect days in pictures, and every finding in a table."""

import numpy as np

from publication.vocabulary import series_key
from training.charts import picture
from training.history.report import words
from training.history.report.evidence import Evidence, Finding, each
from training.history.report.flagged_chart import chart, window
from training.history.report.markup import heading, paragraph, table

SERIES_SHOWN = 8
NEW_DAYS = 28  # series with suspect days in the newest four weeks come first
FINDINGS_LISTED = 500
FINDINGS_TOLD = 3
HEADER = ("series", "place", "severity", "check", "first day", "last day", "days", "found", "usual", "note")
NUMBERS = ("days", "found", "usual")


def flagged(evidence: Evidence) -> list[str]:
    """Small multiples of the series that need a look most, then the newest findings of all."""
    shown = most_flagged(evidence)
    n_flagged = evidence.suspect["unique_id"].nunique()
    parts = [paragraph(_opening(n_flagged, len(evidence.suspect), len(shown)))]
    for i, unique_id in enumerate(shown, start=1):
        place = series_key(unique_id).place
        parts.append(heading(words.titled(unique_id, place, evidence.system)))
        parts.append(picture(chart(evidence, unique_id), f"flagged-{i}", says(evidence, unique_id)))
    return [*parts, heading("All findings"), *_findings(evidence)]


def most_flagged(evidence: Evidence) -> list[str]:
    """The series with most suspect days in the newest four weeks, then those with most of all."""
    new = evidence.is_suspect[-NEW_DAYS:].sum(axis=0)
    ever = evidence.is_suspect.sum(axis=0)
    order = np.lexsort((-ever, -new))
    return [evidence.unique_ids[i] for i in order[:SERIES_SHOWN].tolist() if ever[i]]


def says(evidence: Evidence, unique_id: str) -> str:
    """What the picture of a series shows, in words: its newest suspect findings."""
    days = window(evidence, unique_id)
    theirs = evidence.suspect[evidence.suspect["unique_id"] == unique_id]
    inside = theirs[theirs["last"] >= days[0]]
    told = [_told(row) for row in each(inside.head(FINDINGS_TOLD))]
    more = len(inside) - len(told)
    before = int(theirs.loc[theirs["last"] < days[0], "days"].sum())
    if more:
        told.append(f"{more} more in this stretch")
    if before:
        told.append(f"{words.several(before, 'suspect day')} before it")
    return f"{words.upper_first('; '.join(told))}."


def _told(row: Finding) -> str:
    lasted = f" ({words.several(row.days, 'day')})" if row.days > 1 else ""
    usual = "" if np.isnan(row.usual) else f", usual {words.number(row.usual)}"
    found = f": found {words.number(row.found)}{usual}"
    return f"{row.check} {words.span(row.first.date(), row.last.date())}{lasted}{found}"


def _opening(n_series: int, n_findings: int, n_shown: int) -> str:
    if not n_series:
        return "No day of any series is suspect."
    which = (
        ""
        if n_shown == n_series
        else (f" The {n_shown} with most suspect days in the newest four weeks, then with most of all, are drawn.")
    )
    return (
        f"{words.several(n_findings, 'run')} of suspect days in {words.several(n_series, 'series', 'series')}.{which} "
        "The shape of a mark tells the check; the dotted line is what is usual for the weekday; shaded days are those "
        "of an event."
    )


def _findings(evidence: Evidence) -> list[str]:
    found = evidence.findings
    if found.empty:
        return [paragraph("No check found anything.")]
    newest = found.sort_values(["last", "severity"], ascending=[False, False], kind="stable").head(FINDINGS_LISTED)
    rows = [_row(row, evidence) for row in each(newest)]
    more = len(found) - len(rows)
    caption = f"{words.several(len(found), 'finding')}, newest first" + (
        f": the newest {FINDINGS_LISTED} of them; {more:,} more are in the file of findings that ingest writes."
        if more
        else "."
    )
    return [table(caption, HEADER, rows, NUMBERS)]


def _row(row: Finding, evidence: Evidence) -> tuple[str, ...]:
    return (
        row.unique_id,
        words.place_of(row.unique_id, evidence.system),
        row.severity,
        row.check,
        words.day_of_year(row.first.date()),
        words.day_of_year(row.last.date()),
        f"{row.days:,}",
        words.number(row.found),
        words.number(row.usual),
        row.note,
    )
