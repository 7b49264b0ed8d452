"""Bank holidays of a country, or of a part of one."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

HOLIDAY_YEARS = range(2015, 2035)
RECURRING_SHARE = 0.5  # of those years, for a holiday to have its own name; jubilees and funerals are just holidays


def bank_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of `country` as system.toml names it (`GB-ENG`; empty: none) in a year."""
    return frozenset(named_holidays(country, year))


@lru_cache(maxsize=512)
def named_holidays(country: str, year: int) -> Mapping[date, tuple[str, ...]]:
    """The public holidays of a year with their names, as words joined by underscores: `boxing_day`.

    A day may have two. A substitute for a holiday that fell on a weekend has that holiday's name.
    """
    if not country:
        return {}
    import holidays  # slow to import: most readers of a system file need no holiday

    nation, _, subdivision = country.partition("-")
    english = "en_US" if "en_US" in holidays.country_holidays(nation).supported_languages else None
    found = holidays.country_holidays(nation, subdiv=subdivision or None, years=year, language=english)
    return {day: tuple(dict.fromkeys(map(_word, names.split("; ")))) for day, names in sorted(found.items())}


@lru_cache(maxsize=64)
def recurring_holidays(country: str) -> tuple[str, ...]:
    """Return the names of holidays that recur in most years, in alphabetical order: the same for whatever days."""
    years = Counter(name for year in HOLIDAY_YEARS for name in _names_of(country, year))
    return tuple(sorted(name for name, count in years.items() if count >= RECURRING_SHARE * len(HOLIDAY_YEARS)))


def _names_of(country: str, year: int) -> set[str]:
    return {name for names in named_holidays(country, year).values() for name in names}


def _word(name: str) -> str:
    """`New Year's Day (substitute day)` as `new_years_day`."""
    plain = re.sub(r"\(.*?\)|['\u2019]", "", name)
    return re.sub(r"\W+", "_", plain.strip().lower()).strip("_")
