"""Numbers in text: their signs for decimals and thousands, the words for no value, and small counts that are hidden."""

import re
from functools import lru_cache

import numpy as np
import pandas as pd

from training.frames import BoolArray
from training.system.model import PLAIN_NOTATION, Notation

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
PERCENT_SIGN = r"\s*%\s*$"
INFINITE = r"[+-]?(?:inf|infinity)"
SAME_SIGNS = {" ": " \u00a0\u2009\u202f", "'": "'\u2019", "\u2019": "'\u2019"}
"""Signs that stand for the same: programs write thousands with blanks and apostrophes of several kinds."""


def parse_counts(distinct_texts: pd.Series, notation: Notation = PLAIN_NOTATION) -> pd.Series:
    """Decimal numbers as floats, exactly as Python reads them; words for infinity as infinity; stand-ins as declared.

    NaN: unreadable; or, of a word of `missing` and of a suppressed count without a stand-in, no value.
    """
    bare = distinct_texts.str.replace(PERCENT_SIGN, "", regex=True) if notation.percent else distinct_texts
    if notation.is_declared:
        plain = [plain_number(text, notation) for text in bare]
        texts = pd.Series(plain, index=distinct_texts.index, dtype=object).fillna("")
    else:
        texts = bare
    values = pd.Series(np.nan, index=distinct_texts.index)
    is_number = texts.str.fullmatch(NUMBER).astype(bool)
    values[is_number] = texts[is_number].astype(float)
    values[distinct_texts.str.fullmatch(INFINITE, case=False).astype(bool)] = np.inf
    values[distinct_texts.isin(notation.missing)] = np.nan
    stand_ins = distinct_texts.map(dict(notation.suppressed)).astype(float)
    return values.mask(distinct_texts.isin(notation.suppressed), stand_ins)


def is_no_value(distinct_texts: pd.Series, notation: Notation) -> BoolArray:
    """Return which texts say that there is no value: blanks, words of `missing`, small counts without a stand-in."""
    hidden = [text for text, value in notation.suppressed.items() if value is None]
    words = {"", *notation.missing, *hidden}
    found: BoolArray = distinct_texts.isin(words).to_numpy()
    return found


def is_stand_in(distinct_texts: pd.Series, notation: Notation) -> BoolArray:
    """Return for which texts a declared value stands in."""
    found: BoolArray = distinct_texts.isin(
        [text for text, value in notation.suppressed.items() if value is not None]
    ).to_numpy()
    return found


def plain_number(text: str, notation: Notation) -> str | None:
    """Return the number with a point for its decimals and no sign for thousands; None where the text is none."""
    if not notation.is_declared:
        return text if re.fullmatch(NUMBER, text) else None
    if not _form(notation.decimal, notation.thousands).fullmatch(text):
        return None
    for sign in _signs(notation.thousands):
        text = text.replace(sign, "")
    return text.replace(notation.decimal, ".")


def is_excel_day(text: str) -> bool:
    """Return whether a text is the number of a day as Excel counts them, of the years 1982 to 2064."""
    return re.fullmatch(r"[3-5][0-9]{4}(?:\.0+)?", text) is not None and 30_000 <= float(text) < 60_250


@lru_cache(maxsize=64)
def _form(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """Numbers with these signs; thousands are separated in groups of three, or not at all."""
    point = re.escape(decimal)
    grouped = rf"[0-9]{{1,3}}(?:[{re.escape(_signs(thousands))}][0-9]{{3}})+|" if thousands else ""
    return re.compile(rf"[+-]?(?:(?:{grouped}[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _signs(thousands: str | None) -> str:
    return SAME_SIGNS.get(thousands, thousands) if thousands else ""
