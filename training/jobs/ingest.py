"""`headroom ingest`: sources to archive."""

from rich.console import Console
from rich.table import Table

from training.history import IngestSummary, ingest
from training.jobs.context import Context


def run(job: Context, console: Console) -> IngestSummary:
    """Read every source, archive what is new or revised, set apart what is refused, and say how many of each."""
    summary = ingest(job.system_file, job.archive, job.settings.quarantine, job.now)
    console.print(_table(summary))
    if summary.quarantine is not None:
        reasons = ", ".join(f"{n} {reason}" for reason, n in summary.quarantined.items())
        console.print(f"Quarantined: {reasons}. Each with its line and reason in {summary.quarantine}", soft_wrap=True)
    return summary


def _table(summary: IngestSummary) -> Table:
    table = Table("file", title="Ingest")
    for column in ("rows", "new", "revised", "unchanged", "sent again", "empty", "ignored", "quarantined"):
        table.add_column(column, justify="right")
    for file in summary.files:
        counts = (
            file.rows,
            file.new,
            file.revised,
            file.unchanged,
            file.empty,
            file.ignored,
            sum(file.quarantined.values()),
        )
        table.add_row(file.file, *map(str, counts))
    return table
