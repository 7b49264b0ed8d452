"""When a value became known, and whether it says anything that the archive does not say already."""

from enum import StrEnum

import pandas as pd

from publication.days import end_of_day

KEY = ["unique_id", "ds"]


class Fate(StrEnum):
    """What becomes of an accepted value: only the first two are appended."""

    NEW = "new"
    REVISED = "revised"
    UNCHANGED = "unchanged"


def compare(values: pd.DataFrame, vintages: pd.DataFrame) -> pd.DataFrame:
    """For each of `values` (unique_id, ds, y, known_at or NaT) its `fate` and `known_before`, the newest vintage's.

    `vintages` is sorted by unique_id, ds and known_at. A value whose source says when it was known is compared with the
    vintage of that very instant, because publications may be ingested in any order; any other with the newest vintage.
    """
    newest = vintages.drop_duplicates(KEY, keep="last").rename(columns={"y": "newest", "known_at": "known_before"})
    stated = vintages.drop_duplicates([*KEY, "known_at"], keep="last").rename(columns={"y": "stated"})
    merged = values[[*KEY, "y", "known_at"]].merge(newest, how="left", on=KEY)
    merged = merged.merge(stated, how="left", on=[*KEY, "known_at"])
    before = merged["newest"].where(merged["known_at"].isna(), merged["stated"])
    fate = pd.Series(Fate.REVISED, index=merged.index, dtype=object)
    fate[merged["known_before"].isna()] = Fate.NEW
    fate[before.eq(merged["y"])] = Fate.UNCHANGED
    return pd.DataFrame({"fate": fate, "known_before": merged["known_before"]})


def known_instants(values: pd.DataFrame, compared: pd.DataFrame, now: pd.Timestamp, timezone: str) -> pd.Series:
    """The instant at which each of `values` became known, in UTC.

    What the source says; else the end of the day for a day's first value, and `now` for a changed one. A changed value
    is never known before the one it replaces: a day that was reported before it was over ends later than now.
    """
    instant = values["known_at"].fillna(ends_of_days(values["ds"], timezone))
    revised = values["known_at"].isna() & compared["fate"].eq(Fate.REVISED)
    return instant.mask(revised, compared["known_before"].where(compared["known_before"] > now, now))


def ends_of_days(days: pd.Series, timezone: str) -> pd.Series:
    """The instant, in UTC, at which each day is over."""
    ends = {day: pd.Timestamp(end_of_day(day.date(), timezone)) for day in days.unique()}
    return days.map(ends).astype("datetime64[ns, UTC]")
