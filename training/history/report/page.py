"""The report as one page."""

from datetime import datetime

import pandas as pd

from publication.model import System
from training import charts
from training.history.report import markup, words
from training.history.report.coverage import coverage
from training.history.report.evidence import evidence
from training.history.report.flagged import flagged
from training.history.report.head import head
from training.history.report.lags import lags
from training.history.report.residuals import residuals
from training.history.report.revisions import revisions
from training.system import SystemContext

SECTIONS = {
    "coverage": ("Coverage", coverage),
    "revisions": ("Revisions", revisions),
    "lags": ("Reporting lags", lags),
    "flagged": ("Flagged days", flagged),
    "balance": ("Balance residuals", residuals),
}


def report_page(versions: pd.DataFrame, system: System, context: SystemContext, as_of: datetime) -> str:
    """One complete HTML page about a history as it was known at `as_of`, which must carry its offset.

    `versions` is `unique_id, ds, y, known_at`, every vintage known by then, at least one.
    """
    told = evidence(versions, system, context, as_of)
    name = words.place(system.name, system)
    parts = [
        f"<header>{markup.brand('Data report')}{markup.heading(name, 1)}</header><main>",
        markup.contents((anchor, title) for anchor, (title, _) in SECTIONS.items()),
        *head(told),
        *(markup.section(anchor, title, part(told)) for anchor, (title, part) in SECTIONS.items()),
        "</main>",
    ]
    return charts.page(f"Data report: {name}", parts, markup.STYLE)
