"""Duplicates: values that several rows, files or sources bring for the same series and day."""

import numpy as np
import pandas as pd

from training.arrays import IndexArray, IntArray
from training.history.categoricals import stacked
from training.history.checks import Reason
from training.history.orders import day_numbers, repeated, series_days, series_numbers
from training.history.quarantine import described

VALUE = ["series_day", "known_at"]
IN_ONE_FILE = [*VALUE, "source", "file"]


def set_apart_duplicates(values: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The values to archive, those that a later file of their source sends again, and rows of the quarantine.

    Inside one file the first value of a series, day and known_at stays and the others are refused. A later file (by
    name) of the same source sends days again on purpose, so its value takes the earlier one's place. A series and day
    belongs to the first source that has it: two sources taking turns would revise each other for ever.
    """
    keys = series_days(series_numbers(values), day_numbers(values["ds"]))
    doubtful = repeated(keys)
    rivals = _rivals(values, keys, doubtful)
    is_refused = rivals.duplicated(IN_ONE_FILE) | rivals["source"].ne(rivals["owner"])
    kept = rivals[~is_refused]
    is_sent_again = kept.duplicated(VALUE, keep="last")
    superseded = values.iloc[kept["at"][is_sent_again]]
    quarantined = _quarantined(values, rivals[is_refused], kept)
    set_apart = np.concatenate([rivals["at"][is_refused], kept["at"][is_sent_again]])
    if not len(set_apart):
        return values, superseded, quarantined
    return values.drop(index=values.index[set_apart]), superseded, quarantined


def _rivals(values: pd.DataFrame, keys: IntArray, doubtful: IndexArray) -> pd.DataFrame:
    """The values whose series and day others have too: where they stand, and the source that has each series and day
    first."""
    rows = values.iloc[doubtful]
    rivals = pd.DataFrame(
        {
            "at": doubtful,
            "series_day": keys[doubtful],
            "known_at": rows["known_at"].array,
            "source": rows["source"].cat.codes.to_numpy(),
            "file": rows["file"].cat.codes.to_numpy(),
            "line": rows["line"].to_numpy(),
            "y": rows["y"].to_numpy(),
        }
    )
    return rivals.assign(owner=rivals.groupby("series_day", sort=False)["source"].transform("first"))


def _quarantined(values: pd.DataFrame, refused: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """A row of a file that says again what the file has said before is harmless; any other duplicate is not."""
    firsts = kept.drop_duplicates(IN_ONE_FILE)[[*IN_ONE_FILE, "y"]].rename(columns={"y": "first"})
    first = refused.merge(firsts, how="left", on=IN_ONE_FILE)["first"].to_numpy()
    repeats = first == refused["y"].to_numpy()
    where = _where_the_first_is(values, refused, kept)
    return stacked(
        [
            _described(values, refused[~repeats], Reason.DUPLICATE, where[~repeats]),
            _described(values, refused[repeats], Reason.REPEATED_ROW, where[repeats]),
        ]
    )


def _described(values: pd.DataFrame, refused: pd.DataFrame, reason: Reason, advice: pd.Series) -> pd.DataFrame:
    rows = values.iloc[refused["at"]]
    return described(rows, reason, advice.set_axis(rows.index), rows["column"], rows["found"])


def _where_the_first_is(values: pd.DataFrame, refused: pd.DataFrame, kept: pd.DataFrame) -> pd.Series:
    stays = kept.drop_duplicates(["series_day", "file"])[["series_day", "file", "line"]]
    same_file = refused[["series_day", "file"]].merge(stays, how="left", on=["series_day", "file"])
    anywhere = refused[["series_day"]].merge(stays.drop_duplicates("series_day"), how="left", on="series_day")
    file = same_file["file"].where(same_file["line"].notna(), anywhere["file"]).astype(int)
    line = same_file["line"].fillna(anywhere["line"]).astype("int64").astype(str)
    names = values["file"].cat.categories.to_numpy(dtype=object)[file]
    return "the first is in " + pd.Series(names, dtype=object) + " line " + line + ": keep one of the two"
