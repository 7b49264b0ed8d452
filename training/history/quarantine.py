"""The quarantine: what was refused, where it stands and why, and how much of it an ingest may bear."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from training.history.categoricals import constant
from training.history.checks import Reason
from training.history.whole_files import write_atomically
from training.sources import Extract

QUARANTINE_COLUMNS = ["file", "line", "column", "place", "day", "measure", "found", "reason"]


def described(
    bad: pd.DataFrame, reason: Reason, advice: str | pd.Series, column: str | pd.Series | None, found: pd.Series
) -> pd.DataFrame:
    """Rows of the quarantine. `bad` has source, file, line, place and day, and the measure where there is one."""
    n_rows = len(bad)
    why = constant(f"{reason}: {advice}", n_rows) if isinstance(advice, str) else f"{reason}: " + advice
    where = constant(column, n_rows) if column is None or isinstance(column, str) else column
    told = {
        "source": bad["source"],
        "file": bad["file"],
        "line": bad["line"],
        "column": where,
        "place": bad["place"],
        "day": bad["day"],
        "measure": bad["measure"] if "measure" in bad else constant("", n_rows),
        "found": found,
        "reason": why,
        "kind": constant(reason.value, n_rows),
    }
    return pd.DataFrame({name: getattr(texts, "array", texts) for name, texts in told.items()}, copy=False)


def malformed(extract: Extract) -> pd.DataFrame:
    """The rows whose cells cannot be told apart."""
    apart = extract.malformed
    nothing = constant("", len(apart))
    rows = pd.DataFrame({"line": apart.index.to_numpy(), "place": nothing, "day": nothing})
    rows["source"], rows["file"] = constant(extract.source.name, len(apart)), constant(extract.file, len(apart))
    advice = f"the header has {len(extract.header)}, this row does not: quote text that has commas"
    return described(rows, Reason.MISSHAPEN_ROW, advice, "", apart.astype("category"))


def write_quarantine(refused: pd.DataFrame, folder: Path, now: datetime) -> Path | None:
    """The file with the refused rows and cells, by source, file and line; None where there are none."""
    if refused.empty:
        return None
    file = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.csv"
    by_place_in_files = refused.assign(source=refused["source"].astype(object), file=refused["file"].astype(object))
    by_place_in_files = by_place_in_files.sort_values(["source", "file", "line"], kind="stable")
    content = by_place_in_files.to_csv(columns=QUARANTINE_COLUMNS, index=False)
    write_atomically(file, content, f"the quarantine {file}", "Nothing was changed.")
    return file
