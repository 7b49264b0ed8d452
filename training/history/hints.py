"""What an unreadable text looks like, and the key of system.toml with which it can be read."""

import re
from collections.abc import Callable
from datetime import datetime

import pandas as pd

from training.sources.numbers import is_excel_day
from training.system.places import spelling_key

LONG_YEAR = 4
ABBREVIATED = 3
TWELVE = 12
DAY_OF_NUMBERS = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(.*)")
COMPACT_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
SLASHED_ISO = re.compile(r"[0-9]{4}([./])[0-9]{1,2}\1[0-9]{1,2}")
SHORT_ISO = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
NAMED_DAY = re.compile(r"[0-9]{1,2}([ -])([A-Za-z]{3,9})\1([0-9]{4}|[0-9]{2})")
INSTANT_START = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{1,2}:[0-9]{2}.*")
SIGNS = r"[ \u00a0\u2009\u202f'\u2019.,_]"
GROUPED = re.compile(rf"[+-]?[0-9]{{1,3}}({SIGNS})[0-9]{{3}}(?:\1[0-9]{{3}})*(?:([.,])[0-9]+)?")
COMMA_DECIMAL = re.compile(r"[+-]?[0-9]+,[0-9]+")
SUPPRESSED_FORM = re.compile(r"(?:<|\u2264|<=|less than)\s*([0-9]+)", re.IGNORECASE)
PERCENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?\s*%")
NO_VALUE = re.compile(r"[-\u2013\u2014*.#?x]+|n/?a|null|none|nan|nil|missing|unknown|:", re.IGNORECASE)


def hint(text: str, field: str, known: Callable[[], list[str]]) -> str | None:
    """Return what a rejected text of a field looks like and what to do; None where it looks like nothing known.

    `known` gives the places of the system.
    """
    match field:
        case "day":
            return _day_hint(text)
        case "time":
            return _time_hint(text)
        case "found":
            return _count_hint(text)
        case "place":
            return _place_hint(text, known())
    return None


def _day_hint(text: str) -> str | None:
    found = DAY_OF_NUMBERS.fullmatch(text)
    if found is not None:
        return _numbered(found)
    if INSTANT_START.fullmatch(text):
        return 'it has a time of the day: write time = "COLUMN" in place of day, and aggregate = "sum" or "census"'
    if is_excel_day(text):
        return 'it looks like a day of Excel (45000 is 2023-03-15): write day_format = "excel"'
    for form, day_format in ((COMPACT_DAY, "%Y%m%d"), (SHORT_ISO, "%Y-%m-%d")):
        if form.fullmatch(text):
            return _as_declared(text, day_format)
    slashed = SLASHED_ISO.fullmatch(text)
    if slashed is not None:
        return _as_declared(text, f"%Y{slashed[1]}%m{slashed[1]}%d")
    named = NAMED_DAY.fullmatch(text)
    if named is not None:
        month, year = ("%b", "%B")[len(named[2]) > ABBREVIATED], ("%y", "%Y")[len(named[3]) == LONG_YEAR]
        return _as_declared(text, f"%d{named[1]}{month}{named[1]}{year}")
    return None


def _as_declared(text: str, day_format: str) -> str | None:
    """The advice to declare a format, if the text is a day in it: there is no 30 February in any."""
    try:
        datetime.strptime(text, day_format)  # a day, not an instant
    except ValueError:
        return None
    return f'it looks like a day: write day_format = "{day_format}"'


def _numbered(found: re.Match[str]) -> str:
    first, sign, second, year, rest = found.groups()
    end = ("%y", "%Y")[len(year) == LONG_YEAR]
    day_first, month_first = f"%d{sign}%m{sign}{end}", f"%m{sign}%d{sign}{end}"
    if rest:
        return f'it has a time of the day behind a day: write time = "COLUMN", aggregate and day_format = "{day_first}"'
    if int(first) > TWELVE:
        return f'it looks like a day with the day first: write day_format = "{day_first}"'
    if int(second) > TWELVE:
        return f'it looks like a day with the month first: write day_format = "{month_first}"'
    return f'it looks like a day: write day_format = "{day_first}", or "{month_first}" if the month comes first'


def _time_hint(text: str) -> str | None:
    found = DAY_OF_NUMBERS.fullmatch(text.partition(" | ")[0])
    if found is not None:
        return _numbered(found).replace('write time = "COLUMN", aggregate and day_format', "write day_format")
    return None


def _count_hint(text: str) -> str | None:
    hidden = SUPPRESSED_FORM.fullmatch(text)
    if hidden is not None:
        middle = int(hidden[1]) / 2
        return f'it looks like a small count that is hidden: write suppressed = {{ "{text}" = {middle:g} }}'
    if PERCENT.fullmatch(text):
        return "it is a share in percent and no count: declare a measure of kind = 'rate', or take the column out"
    if NO_VALUE.fullmatch(text):
        return f'it looks like a word for no value: write missing = ["{text}"]'
    grouped = GROUPED.fullmatch(text)
    if grouped is not None:
        return _grouped(text, grouped)
    if COMMA_DECIMAL.fullmatch(text):
        return f'it looks like {text.replace(",", ".")}: write decimal = ","'
    return None


def _grouped(text: str, found: re.Match[str]) -> str:
    sign, point = found.groups()
    shown = " " if sign.isspace() else sign
    digits = text.replace(sign, "")
    if point is not None and point != sign:
        return f'it looks like {digits.replace(point, ".")}: write thousands = "{shown}" and decimal = "{point}"'
    if sign == ",":
        return f'it looks like {digits}: write thousands = ","; or, if it means {text.replace(",", ".")}, decimal = ","'
    if sign == ".":
        return f'it looks like {digits}: write thousands = "." and decimal = ","'
    return f'it looks like {digits}: write thousands = "{shown}"'


def _place_hint(text: str, known: list[str]) -> str | None:
    key = spelling_key(text).casefold()
    same = next((place for place in known if spelling_key(place).casefold() == key), None)
    return None if same is None else f"it is another spelling of {same}: write both alike"


def hints(texts: pd.Series, field: str, known: Callable[[], list[str]]) -> pd.Series:
    """The hint for each of some texts, by the texts; None where there is none."""
    return pd.Series({text: hint(str(text), field, known) for text in texts.unique()}, dtype=object)
