"""How the numbers of a table are written: signs for decimals and thousands, words for no value, hidden small counts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from training.discovery.tables import MARKED_NUMBER, PERCENTAGE, SUPPRESSED, CellKind, Column, is_number
from training.discovery.words import (
    ADMISSION_WORDS,
    ATTENDANCE_WORDS,
    BED_WORDS,
    DISCHARGE_WORDS,
    MEAN_WORDS,
    NO_VALUE_WORDS,
    OCCUPIED_WORDS,
    RATE_WORDS,
    has,
)
from training.errors import HistoryError
from training.system.model import Notation

NUMBER_SHARE = 0.5
"""A column has numbers if so many of its filled rows do."""
CLEAR_RATIO = 3.0
"""One reading of a number is settled if it is so many times nearer to the other numbers of the column."""
FEWEST_OF_A_WORD = 2
BLANKS = " \u00a0\u2009\u202f"
APOSTROPHES = "'\u2019"


@dataclass(frozen=True)
class FoundNotation:
    """The notation of a table, and why."""

    notation: Notation
    reasons: dict[str, str] = field(default_factory=dict)


def find_notation(columns: Iterable[Column], decimal: str | None = None) -> FoundNotation:
    """Return how the number columns are written. `decimal` is what the user said.

    Raises HistoryError where numbers such as 1.234 have two meanings and nothing in the table says which.
    """
    columns = [column for column in columns if has_numbers(column)]
    texts = dict.fromkeys(text.strip() for column in columns for text in column.filled if not text.isdecimal())
    numbers = [text for text in texts if is_number(text) and not SUPPRESSED.fullmatch(text)]
    reasons: dict[str, str] = {}
    signs = _signs(numbers, columns, decimal, reasons)
    missing = _missing(columns)
    suppressed = {text: stand_in(text) for text in dict.fromkeys(texts) if SUPPRESSED.fullmatch(text)}
    return FoundNotation(Notation(*signs, frozenset(missing), suppressed), reasons)


def has_numbers(column: Column) -> bool:
    """Return whether most filled cells are numbers, and none of them a day."""
    return column.shares[CellKind.NUMBER] >= NUMBER_SHARE


def is_percentage(column: Column) -> bool:
    """Return whether most numbers have a percent sign."""
    numbers = [text for text in column.filled if is_number(text.strip())]
    return bool(numbers) and sum(PERCENTAGE.fullmatch(text.strip()) is not None for text in numbers) > len(numbers) / 2


def stand_in(text: str) -> float:
    """The middle of the counts that a text such as `<5` or `1-4` hides."""
    found = SUPPRESSED.fullmatch(text)
    assert found is not None  # noqa: S101  # it is asked of such texts alone
    if found[1] is not None:
        highest = int(found[1]) - (0 if "\u2264" in text or "<=" in text else 1)
        return (1 + max(highest, 1)) / 2
    return (int(found[2]) + int(found[3])) / 2


def _missing(columns: Sequence[Column]) -> list[str]:
    """Words among numbers: those that are known to say that there is none, and any that is repeated."""
    found: dict[str, None] = {}
    for column in columns:
        count_of = dict(zip(column.texts, column.counts.tolist(), strict=True))
        for text in column.filled:
            word = text.strip()
            if word.isdecimal() or is_number(word) or SUPPRESSED.fullmatch(word) or MARKED_NUMBER.fullmatch(word):
                continue
            if word in NO_VALUE_WORDS or count_of[text] >= FEWEST_OF_A_WORD:
                found[word] = None
    return list(found)


def _signs(
    numbers: Sequence[str], columns: Sequence[Column], decimal: str | None, reasons: dict[str, str]
) -> tuple[str, str | None]:
    """The signs for decimals and for thousands."""
    bare = [_bare(text) for text in numbers]
    if decimal is not None:
        reasons["decimal"] = "--decimal says so"
        other = "." if decimal == "," else ","
        return decimal, other if any(_groups(text, other) for text in bare) else _blank_sign(bare)
    for point, separator in ((".", ","), (",", ".")):
        if text := next(
            (t for t in bare if point in t and separator in t and t.rindex(point) > t.rindex(separator)), ""
        ):
            reasons["thousands"] = f"{text} has both signs"
            return point, separator
    blank = _blank_sign(bare)
    fractions = {sign: next((text for text in bare if _is_fraction(text, sign)), None) for sign in ",."}
    if fractions[","] is not None:
        reasons["decimal"] = f"{fractions[',']} can only be a fraction"
        return ",", "." if any(_groups(text, ".") for text in bare) else blank
    for sign, other in ((",", "."), (".", ",")):
        grouped = [text for text in bare if _groups(text, sign)]
        if not grouped:
            continue
        if sign == "." and fractions["."] is not None:
            return ".", blank
        if text := next((text for text in grouped if text.count(sign) > 1), ""):
            reasons["thousands"] = f"{text} has it twice"
            return other if sign == "." else ".", sign
        if fractions[other] is not None:
            reasons["thousands"] = f"{fractions[other]} has the other sign for its decimals"
            return other, sign
        if because := _why_thousands(columns, sign):
            reasons["thousands"] = because
            return other if sign == "." else ".", sign
        return sign, blank
    if blank:
        reasons["thousands"] = "groups of three digits"
    return ".", blank


def _blank_sign(bare: Sequence[str]) -> str | None:
    if any(_groups(text, sign) for text in bare for sign in BLANKS):
        return " "
    return "'" if any(_groups(text, sign) for text in bare for sign in APOSTROPHES) else None


def _groups(text: str, sign: str) -> bool:
    """Return whether a number may have the sign for its thousands."""
    return re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+", text) is not None


def _is_fraction(text: str, sign: str) -> bool:
    """Return whether a number can only have the sign for its decimals."""
    found = re.fullmatch(rf"[+-]?(\d*){re.escape(sign)}(\d+)", text)
    return found is not None and (len(found[2]) != 3 or found[1] in ("", "0") or len(found[1]) > 3)


def _why_thousands(columns: Sequence[Column], sign: str) -> str | None:
    """Return why the sign of such numbers stands before thousands; None if it stands before decimals.

    Where a column has plain numbers, too, the reading nearer to them is right. No person or event is a fraction.
    Raises HistoryError where neither says which.
    """
    written = [column for column in columns if any(_groups(_bare(text), sign) for text in column.filled)]
    for column in written:
        texts = [_bare(text) for text in column.filled]
        grouped = [text for text in texts if _groups(text, sign)]
        plain = [float(text) for text in texts if text.isdecimal() and int(text) > 0]
        if not plain:
            continue
        level = float(np.median(plain))
        fraction = float(np.median([float(text.replace(sign, ".")) for text in grouped]))
        as_fraction = abs(np.log(fraction / level))
        as_thousands = abs(np.log(fraction * 1000 / level))
        if abs(as_fraction - as_thousands) >= np.log(CLEAR_RATIO):
            is_thousands = as_thousands < as_fraction
            return f"{grouped[0]} then fits the numbers below 1000 in its column" if is_thousands else None
    for column in written:
        if _counts_events(column):
            return f"{column.name} counts persons, and has no fractions"
    example = _bare(next(text for text in written[0].filled if _groups(_bare(text), sign)))
    integer, _, rest = example.partition(sign)
    raise HistoryError(
        f"Looking at the numbers: {example} may mean {integer}{rest} or {integer}.{rest}, and no other number "
        "says which. Say which sign stands before decimals: --decimal . or --decimal ,"
    )


def _bare(text: str) -> str:
    return text.strip().rstrip("% ")


def _counts_events(column: Column) -> bool:
    """Return whether the name of a column says that it counts arrivals, admissions or discharges."""
    is_counted = any(has(column.words, pattern) for pattern in (ATTENDANCE_WORDS, ADMISSION_WORDS, DISCHARGE_WORDS))
    return is_counted and not any(
        has(column.words, pattern) for pattern in (MEAN_WORDS, RATE_WORDS, BED_WORDS, OCCUPIED_WORDS)
    )
