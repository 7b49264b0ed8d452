"""Spellings of identifiers: the same text as different programs write it."""

import re
import unicodedata

INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


def spelling_key(text: str) -> str:
    """Return the text as all its spellings are compared: composed letters, single blanks, nothing invisible."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())
