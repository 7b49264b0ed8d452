"""The quarantine: rejected rows and values, with their place and reason."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd

from training.errors import HistoryError
from training.files import raise_if_full, write_atomically
from training.frames import IndexArray, IntArray
from training.history.columns import (
    constant_column,
    day_numbers,
    repeated_positions,
    series_days,
    series_numbers,
    stack_rows,
)
from training.sources.extract import Extract

QUARANTINE_COLUMNS = ["file", "line", "column", "place", "day", "measure", "found", "reason"]
VALUE = ["series_day", "known_at"]
IN_ONE_FILE = [*VALUE, "source", "file"]


class Reason(StrEnum):
    """The reason for a quarantined item: a row (the first eight) or a count (the second one, and the others)."""

    MALFORMED_ROW = "wrong number of cells"
    NEVER_CALCULATED = "formula never calculated"
    UNKNOWN_PLACE = "unknown place"
    UNREADABLE_DAY = "unreadable day"
    UNREADABLE_TIME = "unreadable time"
    FUTURE_DAY = "future day"
    UNKNOWN_MEASURE = "unknown measure"
    UNREADABLE_STREAM = "unreadable stream"
    UNREADABLE_KNOWN_AT = "unreadable known_at"
    MERGED_CELLS = "merged cells"
    UNREADABLE_COUNT = "unreadable count"
    NOT_FINITE = "not finite"
    SENTINEL = "sentinel"
    NEGATIVE = "negative count"
    AMBIGUOUS = "decimals or thousands"
    UNFINISHED_WEEK = "unfinished week"
    WEEK_OUT_OF_STEP = "week out of step"
    DUPLICATE = "duplicate"
    REPEATED_ROW = "repeated row"
    LESS_COMPLETE = "less complete"
    SUSPECT = "suspect"


def quarantine_rows(
    bad: pd.DataFrame, reason: Reason, advice: str | pd.Series, column: str | pd.Series | None, found: pd.Series
) -> pd.DataFrame:
    """Rows of the quarantine. `bad` has source, file, line, place and day, and the measure where there is one."""
    n_rows = len(bad)
    why = constant_column(f"{reason}: {advice}", n_rows) if isinstance(advice, str) else f"{reason}: " + advice
    where = constant_column(column, n_rows) if column is None or isinstance(column, str) else column
    columns = {
        "source": bad["source"],
        "file": bad["file"],
        "line": bad["line"],
        "column": where,
        "place": bad["place"],
        "day": bad["day"],
        "measure": bad["measure"] if "measure" in bad else constant_column("", n_rows),
        "found": found,
        "reason": why,
        "kind": constant_column(reason.value, n_rows),
    }
    return pd.DataFrame({name: getattr(texts, "array", texts) for name, texts in columns.items()}, copy=False)


def malformed(extract: Extract) -> pd.DataFrame:
    """Return quarantine rows for the rows whose cells cannot be separated."""
    apart = extract.malformed
    nothing = constant_column("", len(apart))
    rows = pd.DataFrame({"line": apart.index.to_numpy(), "place": nothing, "day": nothing})
    rows["source"], rows["file"] = (
        constant_column(extract.source.name, len(apart)),
        constant_column(extract.file, len(apart)),
    )
    advice = f"the header has {len(extract.header)}, this row does not: quote text that has commas"
    return quarantine_rows(rows, Reason.MALFORMED_ROW, advice, "", apart.astype("category"))


def write_quarantine(rejected: pd.DataFrame, folder: Path, now: datetime) -> Path | None:
    """Write the rejected rows and cells, and return their file, by source, file and line; None where there are none."""
    if rejected.empty:
        return None
    file = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.csv"
    by_place_in_files = rejected.assign(source=rejected["source"].astype(object), file=rejected["file"].astype(object))
    by_place_in_files = by_place_in_files.sort_values(["source", "file", "line"], kind="stable")
    content = by_place_in_files.to_csv(columns=QUARANTINE_COLUMNS, index=False)
    replace_text(file, content, f"the quarantine {file}", "Nothing was changed.")
    return file


def replace_text(file: Path, content: str, what: str, so_far: str) -> None:
    """Write the text in place of what the file held.

    Raises HistoryError where that cannot be: `what` says what was being written, `so_far` what became of the ingest.
    """
    try:
        with write_atomically(file) as unfinished:
            unfinished.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        raise_if_full(f"Writing {what}", error)
        raise HistoryError(
            f"Writing {what}: {error.strerror or error}. {so_far} "
            "Make room there, or make it writable, and ingest again."
        ) from error


def quarantine_duplicates(values: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the values to archive, those that a later file supersedes, and rows of the quarantine.

    Inside one file the first value of a series, day and known_at stays and the others are rejected. A later file (by
    name) of the same source sends days again on purpose, so its value takes the earlier one's place. A series and day
    belongs to the first source that has it: two sources taking turns would revise each other for ever.
    """
    keys = series_days(series_numbers(values), day_numbers(values["ds"]))
    repeated = repeated_positions(keys)
    rivals = _rivals(values, keys, repeated)
    is_rejected = rivals.duplicated(IN_ONE_FILE) | rivals["source"].ne(rivals["owner"])
    accepted = rivals[~is_rejected]
    is_superseded = accepted.duplicated(VALUE, keep="last")
    superseded = values.iloc[accepted["at"][is_superseded]]
    quarantined = _quarantined(values, rivals[is_rejected], accepted)
    removed = np.concatenate([rivals["at"][is_rejected], accepted["at"][is_superseded]])
    if not len(removed):
        return values, superseded, quarantined
    return values.drop(index=values.index[removed]), superseded, quarantined


def _rivals(values: pd.DataFrame, keys: IntArray, repeated: IndexArray) -> pd.DataFrame:
    """The values whose series and day others have too: where they stand, and the source that has each series and day
    first."""
    rows = values.iloc[repeated]
    rivals = pd.DataFrame(
        {
            "at": repeated,
            "series_day": keys[repeated],
            "known_at": rows["known_at"].array,
            "source": rows["source"].cat.codes.to_numpy(),
            "file": rows["file"].cat.codes.to_numpy(),
            "line": rows["line"].to_numpy(),
            "y": rows["y"].to_numpy(),
        }
    )
    return rivals.assign(owner=rivals.groupby("series_day", sort=False)["source"].transform("first"))


def _quarantined(values: pd.DataFrame, rejected: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    """A row of a file that says again what the file has said before is harmless; any other duplicate is not."""
    firsts = accepted.drop_duplicates(IN_ONE_FILE)[[*IN_ONE_FILE, "y"]].rename(columns={"y": "first"})
    first = rejected.merge(firsts, how="left", on=IN_ONE_FILE)["first"].to_numpy()
    repeats = first == rejected["y"].to_numpy()
    where = _where_the_first_is(values, rejected, accepted)
    return stack_rows(
        [
            _duplicate_rows(values, rejected[~repeats], Reason.DUPLICATE, where[~repeats]),
            _duplicate_rows(values, rejected[repeats], Reason.REPEATED_ROW, where[repeats]),
        ]
    )


def _duplicate_rows(values: pd.DataFrame, rejected: pd.DataFrame, reason: Reason, advice: pd.Series) -> pd.DataFrame:
    rows = values.iloc[rejected["at"]]
    return quarantine_rows(rows, reason, advice.set_axis(rows.index), rows["column"], rows["found"])


def _where_the_first_is(values: pd.DataFrame, rejected: pd.DataFrame, accepted: pd.DataFrame) -> pd.Series:
    stays = accepted.drop_duplicates(["series_day", "file"])[["series_day", "file", "line"]]
    same_file = rejected[["series_day", "file"]].merge(stays, how="left", on=["series_day", "file"])
    anywhere = rejected[["series_day"]].merge(stays.drop_duplicates("series_day"), how="left", on="series_day")
    file = same_file["file"].where(same_file["line"].notna(), anywhere["file"]).astype(int)
    line = same_file["line"].fillna(anywhere["line"]).astype("int64").astype(str)
    names = values["file"].cat.categories.to_numpy(dtype=object)[file]
    return "the first is in " + pd.Series(names, dtype=object) + " line " + line + ": keep one of the two"
