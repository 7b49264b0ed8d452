"""`headroom export`: the flat tables of the newest publication, to where system.toml says."""

import os

from rich.console import Console

from publication.job_runs import JobName
from training.errors import NothingPublishedError, UsageError
from training.jobs.context import Context, JobLock, hold
from training.jobs.recording import recorded


def run(job: Context, console: Console) -> None:
    """Write the flat tables again. Raises UsageError where system.toml names no target."""
    if not job.system_file.exports:
        raise UsageError(
            f"{job.system_file.path} has no [exports]. Say there where tables go, such as folder = 'bi'; "
            "see docs/how-to/export.md."
        )
    with hold(job, JobLock.PUBLISHING):
        export_newest(job, console)


def export_newest(job: Context, console: Console) -> None:
    """Write the flat tables of the newest publication to every target, while no other job publishes.

    Raises ExportError, after all targets were tried, where one could not be written.
    """
    if not job.system_file.exports:
        return
    with recorded(job, JobName.EXPORT):
        _export(job, console)


def _export(job: Context, console: Console) -> None:
    from training.exports.run import write_exports  # the library of workbooks takes a while to import
    from training.exports.tables import flat_tables

    name = job.system.name
    summary = next(iter(job.store.summaries(name, limit=1)), None)
    if summary is None:
        raise NothingPublishedError(f"Exporting {name}: nothing is published yet. Run `headroom daily` first.")
    publication = job.store.latest(name, summary.cutoff, summary.revision)
    tables = flat_tables(publication, summary, job.store.live_scores(name))

    def report(sentence: str) -> None:
        console.print(sentence, soft_wrap=True)

    write_exports(tables, job.system_file.exports, job.system_file.folder, os.environ, report)
