"""`headroom ingest`: sources to archive, and the findings of the checks."""

import pandas as pd
from rich.console import Console
from rich.table import Table

from publication.job_runs import INGESTED_ROWS, SUSPECT_VALUES, JobName
from publication.vocabulary import Severity
from training.history.ingest import ingest
from training.history.review import Review, review, write_findings, write_proposals
from training.history.summary import IngestSummary
from training.jobs.context import Context
from training.jobs.recording import recorded

NEWEST_SHOWN = 8
NEWEST_DAYS = 14


def run(job: Context, console: Console, strict: bool = False) -> IngestSummary:
    """Read every source, archive what is new or revised, quarantine what is rejected, and say what was found.

    With `strict`, suspect values are rejected too.
    """
    with recorded(job, JobName.INGEST) as notes:
        summary = ingest(job.system_file, job.archive, job.settings.quarantine, job.now, strict)
        notes.counts[INGESTED_ROWS] = _rows(summary)
        notes.counts[SUSPECT_VALUES] = _report(job, console, summary).suspect_values(NEWEST_DAYS)
    return summary


def _rows(summary: IngestSummary) -> dict[str, int]:
    """Return the number of rows by what became of them."""
    return {
        "new": summary.new,
        "revised": summary.revised,
        "unchanged": summary.unchanged,
        "empty": summary.empty,
        "ignored": summary.ignored,
        "superseded": summary.superseded,
        "quarantined": sum(summary.quarantined.values()),
    }


def _report(job: Context, console: Console, summary: IngestSummary) -> Review:
    """Print what was ingested, check the archive, and return what the checks found."""
    console.print(_table(summary))
    if summary.quarantine is not None:
        reasons = _listed(summary.quarantined)
        console.print(f"Quarantined: {reasons}. Each with its line and reason in {summary.quarantine}", soft_wrap=True)
    return _reviewed(job, console)


def _reviewed(job: Context, console: Console) -> Review:
    """Check the complete archive; the files hold its present findings, not those of this ingest alone."""
    reviewed = review(job.system_file, job.archive)
    findings = job.settings.findings / f"{job.system.name}.csv"
    proposals = job.settings.proposals / f"{job.system.name}-events.csv"
    write_findings(reviewed.findings, findings)
    write_proposals(reviewed.proposed, proposals)
    for severity in (Severity.SUSPECT, Severity.NOTED):
        if counts := reviewed.of(severity):
            console.print(
                f"{severity.capitalize()}: {_listed(counts)}. Each with its days in {findings}", soft_wrap=True
            )
    for line in _newest(reviewed):
        console.print(line, soft_wrap=True)
    if reviewed.proposed:
        console.print(
            f"Proposed: {len(reviewed.proposed)} events in {proposals}; move the lines you accept into events.csv.",
            soft_wrap=True,
        )
    return reviewed


def _newest(reviewed: Review) -> list[str]:
    """Return the suspect days of the past fortnight, in words: a person can still correct them."""
    suspect = reviewed.findings[reviewed.findings["severity"].eq(Severity.SUSPECT.value)]
    if suspect.empty:
        return []
    recent = suspect[suspect["last"] > reviewed.last_day - pd.Timedelta(days=NEWEST_DAYS)]
    lines = [
        f"  {row['unique_id']} {row['first']:%Y-%m-%d}"
        + (f" to {row['last']:%Y-%m-%d}" if row["days"] > 1 else "")
        + f": {row['check']} (found {row['found']:g}"
        + ("" if pd.isna(row["baseline"]) else f", baseline {row['baseline']:g}")
        + "), stored but left out of training"
        for row in recent.head(NEWEST_SHOWN).to_dict("records")
    ]
    more = len(recent) - len(lines)
    return [*lines, *([f"  and {more} more of the past fortnight"] if more else [])]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in counts.items())


def _table(summary: IngestSummary) -> Table:
    table = Table("file", title="Ingest")
    for column in ("rows", "new", "revised", "unchanged", "superseded", "empty", "ignored", "quarantined"):
        table.add_column(column, justify="right")
    for file in summary.files:
        counts = (
            file.rows,
            file.new,
            file.revised,
            file.unchanged,
            file.superseded,
            file.empty,
            file.ignored,
            sum(file.quarantined.values()),
        )
        table.add_row(file.file, *map(str, counts))
    return table
