"""`headroom history`: the history as it was known."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from publication.days import ONE_DAY, today
from training.errors import UsageError
from training.files import check_output, output
from training.history.hierarchy import of_system, with_inherited
from training.jobs.context import Context
from training.report.page import report_page

ROWS_SHOWN = 20
PAGE_SUFFIX = ".html"


def run(job: Context, console: Console, as_of: datetime | None, out: Path | None, report: str | None = None) -> None:
    """Write `unique_id, ds, y, known_at` to a Parquet file, or a page about the data, or print the newest rows.

    `report` is the page's file; empty: `out` where that is a page, else one in the home.
    """
    page = None if report is None else _page(job, report, out)
    check_output("--out", out)
    check_output("--report", page)
    if page is not None:
        _write(page, report_of(job, as_of or job.now))
        console.print(f"The data report is {page}.", soft_wrap=True)
    table = None if out == page else out
    if page is None or table is not None:
        _rows(job, console, as_of, table)


def report_of(job: Context, as_of: datetime, cutoff: date | None = None) -> str:
    """Return the data report of what was known at the instant, of the days up to the cutoff where one is given."""
    versions = of_system(job.archive.versions(), job.system)
    known = versions[versions["known_at"] <= pd.Timestamp(as_of)]
    if cutoff is not None:
        known = known[known["ds"] <= pd.Timestamp(cutoff)]
    if known.empty:
        raise UsageError(f"Reporting on {job.system.name}: nothing was known at {as_of}. Give a later --as-of.")
    return report_page(known, job.system, job.system_file.context, as_of)


def _page(job: Context, report: str, out: Path | None) -> Path:
    if report:
        return Path(report)
    return (
        out
        if out is not None and out.suffix == PAGE_SUFFIX
        else job.settings.reports / f"{job.system.name}{PAGE_SUFFIX}"
    )


def _rows(job: Context, console: Console, as_of: datetime | None, out: Path | None) -> None:
    known = job.archive.as_of(as_of)
    last_day = today(min(as_of or job.now, job.now), job.system.timezone) - ONE_DAY  # that was over then
    rows = with_inherited(known, job.system_file.context.opening_periods, last_day, job.system)
    instant = "now" if as_of is None else f"{as_of:%Y-%m-%d %H:%M %Z}"
    if out is None:
        console.print(rows.sort_values(["ds", "unique_id"]).tail(ROWS_SHOWN).to_string(index=False))
    else:
        with output("--out", out):
            out.parent.mkdir(parents=True, exist_ok=True)
            rows.astype({"unique_id": str}).to_parquet(out, index=False)
    written = "" if out is None else f", written to {out}"
    console.print(
        f"{len(rows)} values of {rows['unique_id'].nunique()} series as known {instant}{written}.", soft_wrap=True
    )


def _write(page: Path, html: str) -> None:
    with output("--report", page):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html, encoding="utf-8")
