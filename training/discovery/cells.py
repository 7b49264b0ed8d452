"""Kinds of cells, as far as their text alone tells."""

import re
from enum import StrEnum

from training.discovery.words import NO_VALUE_WORDS

ANY_NUMBER = re.compile(r"[<>\u2264\u2265~]?\s*[+-]?(?:\d[\d.,'\u2019\s\u00a0\u202f]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?")
SUPPRESSED = re.compile(
    r"(?:<|\u2264|<=|less than|under|fewer than)\s*(\d{1,2})|(\d)\s*(?:-|\u2013|to|a|bis)\s*(\d{1,2})", re.I
)
PERCENTAGE = re.compile(r"[+-]?\d[\d.,]*\s*%")
MONTH_NAME = r"[^\W\d_]{3,12}\.?"
DAY_PART = re.compile(
    rf"""
    (?:[^\W\d_]{{2,10}}\.?,?\s+)?  # the name of a weekday
    (?:
      (?P<ymd>\d{{4}}(?P<s>[-/.])\d{{1,2}}(?P=s)\d{{1,2}})
      | (?P<compact>(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))
      | (?P<dmy>\d{{1,2}}(?P<t>[-/.])\d{{1,2}}(?P=t)(?:\d{{4}}|\d{{2}}))
      | (?P<named>
          \d{{1,2}}\.?[-/.\ ]?(?:de\ )?{MONTH_NAME}[-/.,\ ]*(?:de\ )?(?:\d{{4}}|\d{{2}})
          | {MONTH_NAME}\ \d{{1,2}},?\ \d{{4}}
        )
    )
    (?P<rest>(?:[T\ ]\s*|,\s*)\d{{1,2}}[:.hH]\d{{2}}.*|[T\ ]\d{{1,2}}\s*[AaPp]\.?[Mm]\.?.*|Z)?
    """,
    re.VERBOSE,
)
"""A day in one of many forms, and the rest of the text: a time of the day, if there is one."""


class CellKind(StrEnum):
    """What a cell seems to hold."""

    BLANK = "blank"
    NUMBER = "number"
    DAY = "day"
    WORD = "word"


def kind_of(text: str) -> CellKind:
    """The kind of a cell. A word for no value is blank."""
    text = text.strip()
    if not text or text in NO_VALUE_WORDS:
        return CellKind.BLANK
    if is_day(text):
        return CellKind.DAY
    if is_number(text):
        return CellKind.NUMBER
    return CellKind.WORD


def is_number(text: str) -> bool:
    """Return whether a text is a number in some notation, a percentage, or a small count that is hidden."""
    return ANY_NUMBER.fullmatch(text) is not None or SUPPRESSED.fullmatch(text) is not None


def is_day(text: str) -> bool:
    """Return whether a text looks like a day, with or without a time."""
    return len(text) >= 6 and DAY_PART.fullmatch(text) is not None
