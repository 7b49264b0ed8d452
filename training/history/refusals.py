"""When so much of a source is refused that none of it is to be trusted."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from training.errors import HistoryError
from training.history.checks import Reason
from training.history.screening import Screened
from training.system import Source


def check_accepted(
    values: pd.DataFrame, screened: Sequence[Screened], refused: pd.DataFrame, file: Path | None
) -> None:
    """Raises HistoryError where there is nothing to archive, with what stood in the way of every row."""
    if not values.empty:
        return
    rows = sum(part.rows for part in screened)
    files = ", ".join(dict.fromkeys(part.file for part in screened))
    if file is None:
        ignored, empty = sum(part.ignored for part in screened), sum(part.empty for part in screened)
        raise HistoryError(
            f"Ingesting {files}: not one of {rows} rows has a value ({ignored} rows of ignored places, "
            f"{empty} blank counts). Nothing was changed. Check the columns and ignore_places in system.toml, "
            "or send the extract again."
        )
    raise HistoryError(
        f"Ingesting {files}: not one of {rows} rows could be accepted ({_reasons(refused)}). Nothing was changed. "
        f"{file} has each with its line and reason: correct them or system.toml, and ingest again."
    )


def check_share(
    sources: Sequence[Source], screened: Sequence[Screened], refused: pd.DataFrame, file: Path | None
) -> None:
    """Raises HistoryError where more than its source's `max_refused` of a file's rows are refused, whole or in part.

    Rows of ignored places and rows that only repeat another do not count.
    """
    max_refused = {source.name: source.max_refused for source in sources}
    counting = refused[refused["kind"].ne(Reason.REPEATED_ROW)]
    n_refused = counting.drop_duplicates(["source", "file", "line"]).groupby(["source", "file"], observed=True).size()
    for part in screened:
        n_rows, n_bad = part.rows - part.ignored, int(n_refused.get((part.source, part.file), 0))
        if n_bad <= max_refused[part.source] * n_rows:
            continue
        bad = counting[counting["source"].eq(part.source) & counting["file"].eq(part.file)]
        raise HistoryError(
            f"Ingesting {part.file}: {n_bad} of {n_rows} rows ({n_bad / n_rows:.1%}) are refused ({_reasons(bad)}), "
            f"and max_refused of source {part.source} is {max_refused[part.source]:.1%}. Nothing was changed. "
            f"{file} has each with its line and reason: correct them, or raise max_refused in system.toml."
        )


def _reasons(refused: pd.DataFrame) -> str:
    """How often each reason was given, the commonest first."""
    counts = refused["kind"].astype(str).value_counts()
    return ", ".join(f"{reason} {n}" for reason, n in counts.items())
