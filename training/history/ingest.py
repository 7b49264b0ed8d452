"""Ingest: from the sources of a system to its archive, with what was refused set apart and counted."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from training.errors import HistoryError
from training.history.archive import Archive
from training.history.screening import QUARANTINE_COLUMNS, Screened, screen, set_apart_duplicates
from training.history.sources import read_source
from training.history.summary import IngestSummary, summarise
from training.system import SystemFile


def ingest(system_file: SystemFile, archive: Archive, quarantine: Path, now: datetime) -> IngestSummary:
    """Read every source, append what is new or revised, and write what is refused to a file under `quarantine`.

    Raises HistoryError, and appends nothing, where a source cannot be read or not one value can be accepted.
    """
    screened = [
        screen(extract, system_file.system)
        for source in system_file.sources
        for extract in read_source(source, system_file.folder)
    ]
    values, sent_again, duplicates = set_apart_duplicates(
        pd.concat([file.values for file in screened], ignore_index=True)
    )
    refused = pd.concat([*(file.quarantined for file in screened), duplicates], ignore_index=True)
    file = _write_quarantine(refused, quarantine, now)
    if values.empty:
        raise HistoryError(_nothing_accepted(screened, refused, file))
    fates = archive.append(values, now)
    parts = [
        summarise(
            part, fates[_belongs(values, part)], refused[_belongs(refused, part)], int(_belongs(sent_again, part).sum())
        )
        for part in screened
    ]
    return IngestSummary(tuple(parts), file)


def _belongs(table: pd.DataFrame, part: Screened) -> pd.Series:
    return table["source"].eq(part.source) & table["file"].eq(part.file)


def _write_quarantine(refused: pd.DataFrame, folder: Path, now: datetime) -> Path | None:
    if refused.empty:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.csv"
    by_place_in_files = refused.sort_values(["source", "file", "line"], kind="stable")
    by_place_in_files.to_csv(file, columns=QUARANTINE_COLUMNS, index=False)
    return file


def _nothing_accepted(screened: list[Screened], refused: pd.DataFrame, file: Path | None) -> str:
    """Says what stood in the way of every row."""
    rows = sum(part.rows for part in screened)
    files = ", ".join(dict.fromkeys(part.file for part in screened))
    if file is None:
        ignored, empty = sum(part.ignored for part in screened), sum(part.empty for part in screened)
        return (
            f"Ingesting {files}: not one of {rows} rows has a value ({ignored} rows of ignored places, "
            f"{empty} blank counts). Nothing was changed. Check the columns and ignore_places in system.toml, "
            "or send the extract again."
        )
    reasons = ", ".join(f"{reason} {n}" for reason, n in refused["kind"].value_counts().items())
    return (
        f"Ingesting {files}: not one of {rows} rows could be accepted ({reasons}). Nothing was changed. "
        f"{file} has each with its line and reason: correct them or system.toml, and ingest again."
    )
