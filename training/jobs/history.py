"""`headroom history`: the history as it was known."""

from datetime import datetime
from pathlib import Path

from rich.console import Console

from training.jobs.context import Context

ROWS_SHOWN = 20


def run(job: Context, console: Console, as_of: datetime | None, out: Path | None) -> None:
    """Write `unique_id, ds, y, known_at` to a Parquet file, or print the newest rows."""
    rows = job.archive.as_of(as_of)
    known = "now" if as_of is None else f"{as_of:%Y-%m-%d %H:%M %Z}"
    if out is None:
        console.print(rows.sort_values(["ds", "unique_id"]).tail(ROWS_SHOWN).to_string(index=False))
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(out, index=False)
    written = "" if out is None else f", written to {out}"
    console.print(
        f"{len(rows)} values of {rows['unique_id'].nunique()} series as known {known}{written}.", soft_wrap=True
    )
