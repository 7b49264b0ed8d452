"""The data report: one page that shows the staff of a hospital their history."""

from datetime import datetime

import pandas as pd

from publication.model import System
from training import charts
from training.report import markup, wording
from training.report.coverage import coverage
from training.report.delays import reporting_delays, revisions
from training.report.evidence import Evidence, evidence
from training.report.flagged import flagged, residuals
from training.report.markup import facts, heading, paragraph, table
from training.system.model import SystemContext

FINDINGS_NUMBERS = ("findings", "series", "days")
REPORT_SECTIONS = {
    "coverage": ("Coverage", coverage),
    "revisions": ("Revisions", revisions),
    "delays": ("Reporting delays", reporting_delays),
    "flagged": ("Flagged days", flagged),
    "balance": ("Balance residuals", residuals),
}


def head(evidence: Evidence) -> list[str]:
    """Facts, and the findings counted by severity and check."""
    vintages, days = evidence.vintages, evidence.days
    revised = int(vintages.is_revised.sum())
    pairs = [
        ("System", wording.place(evidence.system.name, evidence.system)),
        ("As known at", wording.moment(evidence.as_of, evidence.system.timezone)),
        ("First day", wording.day(days[0].date())),
        ("Last day", wording.day(days[-1].date())),
        ("Last complete day", wording.day(evidence.last_complete_day)),
        ("Series", f"{len(evidence.unique_ids):,}"),
        ("Values", f"{len(vintages.first):,}"),
        (
            "Revised values",
            f"{revised:,}" + (f" ({wording.percent(revised / len(vintages.first))})" if revised else ""),
        ),
    ]
    return [facts(pairs), heading("What the checks found", 2), _found(evidence)]


def _found(evidence: Evidence) -> str:
    """Suspect checks first; within a severity those that found most days."""
    if evidence.findings.empty:
        return paragraph("Nothing: no day is suspect, and there is nothing to note.")
    counted = evidence.findings.groupby(["severity", "check"], sort=False).agg(
        n=("check", "size"), series=("unique_id", "nunique"), days=("days", "sum")
    )
    counted = counted.sort_values(["severity", "days"], ascending=False)
    rows = [
        (check, severity, f"{row.n:,}", f"{row.series:,}", f"{row.days:,}", wording.CHECK_MEANS.get(check, ""))
        for (severity, check), row in zip(counted.index, counted.itertuples(), strict=True)
    ]
    meanings = "; ".join(f"{severity}: {means}" for severity, means in wording.SEVERITY_MEANS.items())
    caption = f"Findings by severity and check. {wording.upper_first(meanings)}."
    return table(caption, ("check", "severity", *FINDINGS_NUMBERS, "what it means"), rows, FINDINGS_NUMBERS)


def report_page(versions: pd.DataFrame, system: System, context: SystemContext, as_of: datetime) -> str:
    """One complete HTML page about a history as it was known at `as_of`, which must carry its offset.

    `versions` is `unique_id, ds, y, known_at`, every vintage known by then, at least one.
    """
    meanings = evidence(versions, system, context, as_of)
    name = wording.place(system.name, system)
    parts = [
        f"<header>{markup.brand('Data report')}{markup.heading(name, 1)}</header><main>",
        markup.contents((anchor, title) for anchor, (title, _) in REPORT_SECTIONS.items()),
        *head(meanings),
        *(markup.section(anchor, title, part(meanings)) for anchor, (title, part) in REPORT_SECTIONS.items()),
        "</main>",
    ]
    return charts.page(f"Data report: {name}", parts, markup.REPORT_STYLE)
