"""Days whose month is a word of a language other than English: `1er janvier 2024`, `15. Maerz 2024`."""

import re
from datetime import date

from training.discovery.sql import identifier, literal
from training.discovery.words import without_accents

MONTHS = (
    ("jan", "ene", "gen"),
    ("feb", "fev"),
    ("mar", "maa", "mrt"),
    ("apr", "abr", "avr"),
    ("mai", "maj", "may", "mei", "mag"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "ago", "aou"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dez", "dic", "des"),
)
"""How the names of the twelve months begin in French, German, Spanish, Portuguese, Italian, Dutch and Nordic ones."""
BEGINS = tuple(rf"^(?:{'|'.join(begins)})" for begins in MONTHS)
DAY_MONTH_YEAR = r"([0-9]{1,2})(?:er)?[^a-z0-9]*(?:de )?([a-z]{3,})[^a-z0-9]*(?:de )?(?:20)?([0-9]{2})$"
CENTURY = 2000


def day_of(text: str) -> date | None:
    """The day of a text; None where it is none, or of another century."""
    found = re.search(DAY_MONTH_YEAR, without_accents(text).lower().strip())
    if found is None:
        return None
    month = next((number for number, begin in enumerate(BEGINS, start=1) if re.match(begin, found[2])), None)
    try:
        return date(CENTURY + int(found[3]), month or 0, int(found[1]))
    except ValueError:
        return None


def sql_of(column: str) -> str:
    """SQL that gives the day of such a text in a column, as `day_of` does."""
    text = f"strip_accents(lower(trim(CAST({identifier(column)} AS VARCHAR))))"
    day, word, year = (f"regexp_extract({text}, {literal(DAY_MONTH_YEAR)}, {part})" for part in (1, 2, 3))
    months = " ".join(
        f"WHEN regexp_matches({word}, {literal(begin)}) THEN {number}" for number, begin in enumerate(BEGINS, start=1)
    )
    parts = f"CAST(nullif({year}, '') AS BIGINT) + {CENTURY}, CASE {months} END, CAST(nullif({day}, '') AS BIGINT)"
    return f"make_date({parts})"
