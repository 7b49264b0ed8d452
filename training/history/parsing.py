"""Days, instants and numbers in text, and numbers whose separator has two meanings."""

from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import zone as find_zone
from training.frames import BoolArray, IndexArray
from training.history.archive import Archive, unique_ids
from training.history.columns import distinct_texts, per_row
from training.history.quarantine import Reason, quarantine_rows
from training.sources.numbers import is_excel_day
from training.sources.times import YEARS
from training.system.model import PLAIN_NOTATION, Notation
from training.system.schema import EXCEL_DAYS

ISO_DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
ISO_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(?:\.0+)?(?:Z|[+-][0-9:]{2,8})$"
EXCEL_EPOCH = date(1899, 12, 30)  # day 0 of Excel, which takes 1900 for a leap year
THOUSANDS_FORM = r"\+?[1-9][0-9]{0,2}\.[0-9]{3}"
SEPARATED = r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?"
THOUSAND = 1000.0
MOST_A_DAY = 200_000.0  # more people or beds than any hospital system counts on a day, a country's included
FEWEST_WITH_ZEROS = 3
"""Different numbers that all end in .000: a column of so many, and no others, has three decimals by rule."""
SEPARATOR_LEVEL_DAYS = 28
COLUMN = ["source", "column", "measure"]


def parse_days(distinct_texts: pd.Series, timezone: str, day_format: str | None = None) -> pd.Series:
    """Hospital days, as naive midnights: ISO days, ISO timestamps at midnight, and instants of a local midnight.

    With a `day_format` its days alone, and at midnight where it has hours.
    """
    zone = find_zone(timezone)
    if day_format == EXCEL_DAYS:
        return _days([_excel_day(text) for text in distinct_texts], distinct_texts.index)
    if day_format is not None:
        return _days([_day_in(text, day_format, zone) for text in distinct_texts], distinct_texts.index)
    plain = pd.to_datetime(distinct_texts.str.extract(ISO_DAY, expand=False), format="%Y-%m-%d", errors="coerce")
    instants = distinct_texts[distinct_texts.str.contains(ISO_INSTANT)]
    if instants.empty:
        return plain.astype("datetime64[ns]")
    offset = _days([_day_at(text, zone) for text in instants], instants.index)
    return plain.astype("datetime64[ns]").fillna(offset.reindex(distinct_texts.index))


def parse_instants(distinct_texts: pd.Series, timezone: str) -> pd.Series:
    """ISO days (their local start) and timestamps (local where they have no offset), in UTC."""
    zone = find_zone(timezone)
    return pd.Series(
        [_instant(text, zone) for text in distinct_texts], index=distinct_texts.index, dtype="datetime64[ns, UTC]"
    )


def _days(found: list[date | None], index: pd.Index) -> pd.Series:
    return pd.Series(found, index=index, dtype="datetime64[ns]")


def _day_in(text: str, day_format: str, zone: ZoneInfo) -> date | None:
    """The day that a text means in a declared format."""
    try:
        read = datetime.strptime(text, day_format) if text.isascii() else None  # a day, not an instant
    except ValueError:
        return None
    if read is None or read.year not in YEARS:
        return None
    if read.tzinfo is not None:
        return _local_day(read, zone)
    return read.date() if read.time() == time.min else None


def _excel_day(text: str) -> date | None:
    """The day of a number, or of an ISO day: a workbook's own days come as these."""
    if is_excel_day(text):
        return EXCEL_EPOCH + timedelta(days=int(float(text)))
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day_at(text: str, zone: ZoneInfo) -> date | None:
    """The local day that begins at the instant."""
    instant = _instant(text, zone)
    return None if instant is None else _local_day(instant, zone)


def _local_day(instant: datetime, zone: ZoneInfo) -> date | None:
    """The day that begins at the instant. Where the clocks go forward at midnight, it begins at one."""
    day = instant.astimezone(zone).date()
    start = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    return day if instant.astimezone(UTC) == start else None


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.year not in YEARS:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)


class Separator(IntEnum):
    """The meaning of the separator in the text of a count."""

    PLAIN = 0
    AMBIGUOUS = 1
    DECIMAL = 2


def separators(found: pd.Series, notation: Notation = PLAIN_NOTATION) -> NDArray[np.int8]:
    """Return the Separator of each count of a categorical of texts. Declared signs and rates leave no doubt."""
    if notation.is_declared or notation.percent:
        return np.zeros(len(found), np.int8)
    distinct = distinct_texts(found)
    is_separated = distinct.str.fullmatch(SEPARATED).astype(bool)
    is_form = distinct.str.fullmatch(THOUSANDS_FORM).astype(bool)
    if is_form.any():
        is_form[is_form] = distinct[is_form].astype(float).to_numpy() * THOUSAND <= MOST_A_DAY
    kinds = np.where(is_form, Separator.AMBIGUOUS, np.where(is_separated, Separator.DECIMAL, Separator.PLAIN))
    return per_row(found, kinds.astype(np.int8))


def quarantine_ambiguous(values: pd.DataFrame, archive: Archive) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the values that can be read in one way alone, and rows of the quarantine for the others.

    A number whose separator is followed by three digits is a fraction where its column has other fractions, where all
    numbers of the column end in .000, or where the series stands near the fraction already.
    """
    ambiguous = np.flatnonzero(has_two_meanings(values))
    if len(ambiguous):
        ambiguous = ambiguous[~_is_near_the_series(values.iloc[ambiguous], archive)]
    if not len(ambiguous):
        return values, quarantine_of(values.iloc[:0])
    return values.drop(index=values.index[ambiguous]), quarantine_of(values.iloc[ambiguous])


def has_two_meanings(values: pd.DataFrame) -> BoolArray:
    """Return which values may be fractions or thousands, as far as the other values of their columns show."""
    is_ambiguous: BoolArray = values["separator"].to_numpy() == Separator.AMBIGUOUS
    ambiguous = np.flatnonzero(is_ambiguous)
    if len(ambiguous):
        is_ambiguous[ambiguous] = ~_column_shows_meaning(values, ambiguous)
    return is_ambiguous


def _column_shows_meaning(values: pd.DataFrame, ambiguous: IndexArray) -> BoolArray:
    """Return for each doubtful value whether others of its column and measure, in any file, show what it means."""
    groups = values[COLUMN].groupby(COLUMN, observed=True, sort=False).ngroup().to_numpy()
    written, of = values["separator"].to_numpy(), groups[ambiguous]
    y = pd.Series(values["y"].to_numpy()[ambiguous]).groupby(of)
    is_integer = y.transform(lambda some: (some % 1 == 0).all() and some.nunique() >= FEWEST_WITH_ZEROS).to_numpy(
        dtype=bool
    )
    found: BoolArray = np.isin(of, groups[written == Separator.DECIMAL]) | (
        is_integer & ~np.isin(of, groups[written == Separator.PLAIN])
    )
    return found


def _is_near_the_series(ambiguous: pd.DataFrame, archive: Archive) -> BoolArray:
    """Return for each value whether it is nearer to the level of its series, read as a fraction, than as thousands."""
    if archive.is_empty:
        return np.zeros(len(ambiguous), bool)
    series = pd.Series(unique_ids(ambiguous)).astype(str)
    known = archive.as_of()
    known = known[known["unique_id"].isin(series.unique())]
    recent = known.groupby("unique_id", observed=True).tail(SEPARATOR_LEVEL_DAYS)
    levels = recent.groupby(recent["unique_id"].astype(str))["y"].median()
    level = series.map(levels).to_numpy(dtype=float)
    found: BoolArray = (level > 0) & (ambiguous["y"].to_numpy() * np.sqrt(THOUSAND) > level)
    return found


def quarantine_of(values: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the quarantine for values that can be read in two ways."""
    advice = pd.Series([_advice(y) for y in values["y"].tolist()], index=values.index, dtype=object)
    return quarantine_rows(values, Reason.AMBIGUOUS, advice, values["column"], values["found"])


def _advice(y: float) -> str:
    return f"it may mean {y:g} or {y * THOUSAND:.0f}: write {y * THOUSAND:.0f} without a separator, or {y:.4f}"
