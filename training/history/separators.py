"""Numbers such as 1.107, which are a fraction to one program and more than a thousand to another: none is archived on
a guess, since the two readings are a factor of 1,000 apart."""

from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.arrays import BoolArray, IndexArray
from training.history.archive import Archive, unique_ids
from training.history.categoricals import per_row, texts
from training.history.checks import Reason
from training.history.quarantine import described

THOUSANDS_FORM = r"\+?[1-9][0-9]{0,2}\.[0-9]{3}"
SEPARATED = r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?"
THOUSAND = 1000.0
MOST_A_DAY = 200_000.0  # more people or beds than any hospital system counts on a day, a country's included
FEWEST_WHOLE = (
    3  # different numbers that all end in .000: so many, and no other, are written with three decimals by rule
)
LEVEL_DAYS = 28
COLUMN = ["source", "column", "measure"]


class Writing(IntEnum):
    """What the separator in the text of a count means."""

    PLAIN = 0
    DOUBTFUL = 1
    DECIMAL = 2


def writing(found: pd.Series) -> NDArray[np.int8]:
    """Return the Writing of each count of a categorical of texts."""
    distinct = texts(found)
    is_separated = distinct.str.fullmatch(SEPARATED).astype(bool)
    is_form = distinct.str.fullmatch(THOUSANDS_FORM).astype(bool)
    if is_form.any():
        is_form[is_form] = distinct[is_form].astype(float).to_numpy() * THOUSAND <= MOST_A_DAY
    kinds = np.where(is_form, Writing.DOUBTFUL, np.where(is_separated, Writing.DECIMAL, Writing.PLAIN))
    return per_row(found, kinds.astype(np.int8))


def quarantine_ambiguous(values: pd.DataFrame, archive: Archive) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the values that can be read in one way alone, and rows of the quarantine for the others.

    A number whose separator is followed by three digits is a fraction where its column has other fractions, where all
    numbers of the column end in .000, or where the series stands near the fraction already.
    """
    doubtful = np.flatnonzero(values["writing"].to_numpy() == Writing.DOUBTFUL)
    if len(doubtful):
        doubtful = doubtful[~_column_has_fractions(values, doubtful)]
    if len(doubtful):
        doubtful = doubtful[~_is_near_the_series(values.iloc[doubtful], archive)]
    if not len(doubtful):
        return values, values.iloc[:0].pipe(_refused)
    return values.drop(index=values.index[doubtful]), _refused(values.iloc[doubtful])


def _column_has_fractions(values: pd.DataFrame, doubtful: IndexArray) -> BoolArray:
    """Return for each doubtful value whether others of its column and measure, in any file, show what it means."""
    groups = values[COLUMN].groupby(COLUMN, observed=True, sort=False).ngroup().to_numpy()
    written, of = values["writing"].to_numpy(), groups[doubtful]
    y = pd.Series(values["y"].to_numpy()[doubtful]).groupby(of)
    is_whole = y.transform(lambda some: (some % 1 == 0).all() and some.nunique() >= FEWEST_WHOLE).to_numpy(dtype=bool)
    found: BoolArray = np.isin(of, groups[written == Writing.DECIMAL]) | (
        is_whole & ~np.isin(of, groups[written == Writing.PLAIN])
    )
    return found


def _is_near_the_series(doubtful: pd.DataFrame, archive: Archive) -> BoolArray:
    """Return for each value whether it is nearer to the level of its series, read as a fraction, than as thousands."""
    if archive.is_empty:
        return np.zeros(len(doubtful), bool)
    series = pd.Series(unique_ids(doubtful)).astype(str)
    known = archive.as_of()
    known = known[known["unique_id"].isin(series.unique())]
    recent = known.groupby("unique_id", observed=True).tail(LEVEL_DAYS)
    levels = recent.groupby(recent["unique_id"].astype(str))["y"].median()
    level = series.map(levels).to_numpy(dtype=float)
    found: BoolArray = (level > 0) & (doubtful["y"].to_numpy() * np.sqrt(THOUSAND) > level)
    return found


def _refused(values: pd.DataFrame) -> pd.DataFrame:
    advice = pd.Series([_advice(y) for y in values["y"].tolist()], index=values.index, dtype=object)
    return described(values, Reason.AMBIGUOUS, advice, values["column"], values["found"])


def _advice(y: float) -> str:
    return f"it may mean {y:g} or {y * THOUSAND:.0f}: write {y * THOUSAND:.0f} without a separator, or {y:.4f}"
