"""Screening: which cells become values of the archive, and which go to the quarantine, and why."""

from dataclasses import dataclass

import pandas as pd

from publication.model import System
from training.history import parsing
from training.history.cells import cells
from training.history.checks import COUNT_CHECKS, ROW_CHECKS, Check, Reason
from training.history.sources import Extract
from training.system import Source

QUARANTINE_COLUMNS = ["file", "line", "column", "place", "day", "measure", "found", "reason"]
VALUE_COLUMNS = [
    "place",
    "measure",
    "stream",
    "ds",
    "y",
    "known_at",
    "source",
    "file",
    "line",
    "column",
    "day",
    "found",
]
SERIES_DAY = ["place", "measure", "stream", "ds"]


@dataclass(frozen=True)
class Screened:
    """What became of a file: its accepted `values`; its `quarantined` rows and cells, with their Reason as `kind`.

    `rows` were read; `ignored` counts rows of ignored places, `empty` the values left blank.
    """

    source: str
    file: str
    values: pd.DataFrame
    quarantined: pd.DataFrame
    rows: int
    ignored: int
    empty: int


def screen(extract: Extract, system: System) -> Screened:
    """Judge every cell of one file. Duplicates are for `set_apart_duplicates`, which sees all files."""
    read = cells(extract)
    is_ignored = read["place"].isin(extract.source.ignore_places)
    parsed = _parsed(read[~is_ignored], system.timezone)
    sound, bad_rows = _judge(parsed, ROW_CHECKS, extract.source, system)
    sound, bad_counts = _judge(sound, COUNT_CHECKS, extract.source, system)
    is_blank = sound["found"].eq("")
    return Screened(
        source=extract.source.name,
        file=extract.file,
        values=_added_up(sound[~is_blank], extract.source),
        quarantined=pd.concat([_misshapen(extract), _one_a_row(bad_rows, extract.source), bad_counts]),
        rows=len(extract.rows) + len(extract.misshapen),
        ignored=read.loc[is_ignored, "line"].nunique(),
        empty=len(sound[is_blank].drop_duplicates(["line", "measure"])),
    )


def set_apart_duplicates(values: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The values to archive, those that a later file of their source sends again, and rows of the quarantine.

    Inside one file the first value of a series, day and known_at stays and the others are refused. A later file (by
    name) of the same source sends days again on purpose, so its value takes the earlier one's place. A series and day
    belongs to the first source that has it: two sources taking turns would revise each other for ever.
    """
    firsts = values.drop_duplicates(SERIES_DAY)[[*SERIES_DAY, "source"]]
    owner = values[SERIES_DAY].merge(firsts, how="left", on=SERIES_DAY).set_index(values.index)
    one_file = [*SERIES_DAY, "known_at", "source", "file"]
    is_refused = values.duplicated(one_file) | values["source"].ne(owner["source"])
    kept, refused = values[~is_refused], values[is_refused]
    is_sent_again = kept.duplicated([*SERIES_DAY, "known_at"], keep="last")
    quarantined = _quarantined(refused, Reason.DUPLICATE, _where_the_first_is(refused, kept))
    return kept[~is_sent_again], kept[is_sent_again], quarantined


def _where_the_first_is(refused: pd.DataFrame, kept: pd.DataFrame) -> pd.Series:
    stays = kept.drop_duplicates([*SERIES_DAY, "file"])[[*SERIES_DAY, "file", "line"]]
    in_same_file = refused[[*SERIES_DAY, "file"]].merge(stays, how="left", on=[*SERIES_DAY, "file"])
    anywhere = refused[SERIES_DAY].merge(stays.drop_duplicates(SERIES_DAY), how="left", on=SERIES_DAY)
    file = in_same_file["file"].where(in_same_file["line"].notna(), anywhere["file"])
    line = in_same_file["line"].fillna(anywhere["line"]).astype("int64").astype(str)
    return ("the first is in " + file + " line " + line + ": keep one of the two").set_axis(refused.index)


def _parsed(read: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """The cells with their day, count and instant; `known` is NaT where the source has none."""
    given = read["known_at"].dropna()
    known = parsing.instants(given, timezone).reindex(read.index)
    return read.assign(ds=parsing.days(read["day"]), y=parsing.counts(read["found"]), known=known)


def _judge(
    parsed: pd.DataFrame, checks: tuple[Check, ...], source: Source, system: System
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cells that pass every check, and those that do not with the first reason."""
    column = {"place": source.place, "day": source.day, "measure": source.measure, "stream": source.stream}
    column["known_at"] = source.known_at
    refused = [parsed.iloc[:0].assign(kind="", reason="")[["source", *QUARANTINE_COLUMNS, "kind"]]]
    for check in checks:
        fails = check.fails(parsed, system)
        if not fails.any():
            continue
        bad = parsed[fails]
        if check.field in column:
            bad = bad.assign(column=column[check.field], found=bad[check.field])
        refused.append(_quarantined(bad, check.reason, pd.Series(check.advice, index=bad.index)))
        parsed = parsed[~fails]
    return parsed, pd.concat(refused)


def _quarantined(bad: pd.DataFrame, reason: Reason, advice: pd.Series) -> pd.DataFrame:
    described = bad.assign(kind=reason, reason=f"{reason}: " + advice)
    return described[["source", *QUARANTINE_COLUMNS, "kind"]]


def _one_a_row(bad_rows: pd.DataFrame, source: Source) -> pd.DataFrame:
    """A row that is unfit as a whole stands in the quarantine once, not once for each measure."""
    once = bad_rows.drop_duplicates("line")
    return once if source.is_long else once.assign(measure="")


def _misshapen(extract: Extract) -> pd.DataFrame:
    """The rows whose cells cannot be told apart."""
    texts = [",".join(row) for row in extract.misshapen.values()]
    table = pd.DataFrame({"line": pd.Series(list(extract.misshapen), dtype="int64"), "found": texts})
    table = table.assign(source=extract.source.name, file=extract.file, column="", place="", day="", measure="")
    advice = f"the header has {len(extract.header)}, this row does not: quote text that has commas"
    return _quarantined(table, Reason.MISSHAPEN_ROW, pd.Series(advice, index=table.index))


def _added_up(sound: pd.DataFrame, source: Source) -> pd.DataFrame:
    """One row for each value: cells that are parts of one are added, if none is missing."""
    values = sound.drop(columns="known_at").rename(columns={"known": "known_at"})
    values["stream"] = values["stream"].replace("", None).astype(object)
    whole = values[values["parts"].eq(1)]
    parts = values[values["parts"].gt(1)]
    group = parts.groupby(["line", "measure"], sort=False)["y"]
    columns = parts["measure"].map({measure: " + ".join(names) for measure, names in source.columns.items()})
    joined = parts.assign(y=group.transform("sum"), column=columns)
    joined["found"] = joined["y"].astype(str)
    is_complete = group.transform("size").eq(parts["parts"]) & ~parts.duplicated(["line", "measure"])
    return pd.concat([whole, joined[is_complete]])[VALUE_COLUMNS].sort_values("line", kind="stable", ignore_index=True)
