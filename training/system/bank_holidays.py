"""Bank holidays of a country, or of a part of one."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

HOLIDAY_YEARS = range(2015, 2035)
RECURRING_SHARE = 0.5  # of those years, for a holiday to have its own name; jubilees and funerals are just holidays

ANNOUNCED: Mapping[str, Mapping[date, date]] = {
    "GB": {
        date(2011, 4, 29): date(2010, 11, 23),  # royal wedding
        date(2012, 6, 5): date(2010, 1, 5),  # diamond jubilee
        date(2020, 5, 8): date(2019, 6, 7),  # early May bank holiday, moved to VE day
        date(2022, 6, 3): date(2020, 11, 12),  # platinum jubilee
        date(2022, 9, 19): date(2022, 9, 10),  # state funeral
        date(2023, 5, 8): date(2022, 11, 6),  # coronation
    },
    "AU": {date(2022, 9, 22): date(2022, 9, 11)},  # day of mourning
    "NZ": {date(2022, 9, 26): date(2022, 9, 12)},  # memorial day
    "IE": {date(2022, 3, 18): date(2022, 1, 19)},  # remembrance and recognition
}
"""By country: one-off bank holidays, and the day on which each was announced. All others are known long before."""


def unannounced_holidays(country: str, day: date, until: date) -> frozenset[date]:
    """Return the bank holidays up to `until` that nobody knew of on a day."""
    announced = ANNOUNCED.get(country.partition("-")[0], {})
    return frozenset(holiday for holiday, since in announced.items() if since > day and day < holiday <= until)


def bank_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of `country` as system.toml names it (`GB-ENG`; empty: none) in a year."""
    return frozenset(named_holidays(country, year))


@lru_cache(maxsize=512)
def named_holidays(country: str, year: int) -> Mapping[date, tuple[str, ...]]:
    """The public holidays of a year with their names, as words joined by underscores: `boxing_day`.

    A day may have two. A substitute for a holiday that fell on a weekend has that holiday's name.
    """
    titles = holiday_titles(country, year)
    return {day: tuple(dict.fromkeys(map(_word, of_day))) for day, of_day in titles.items()}


@lru_cache(maxsize=512)
def holiday_titles(country: str, year: int) -> Mapping[date, tuple[str, ...]]:
    """The public holidays of a year with their names as people write them, in English where there is a translation."""
    if not country:
        return {}
    import holidays  # slow to import: most readers of a system file need no holiday

    nation, _, subdivision = country.partition("-")
    english = "en_US" if "en_US" in holidays.country_holidays(nation).supported_languages else None
    found = holidays.country_holidays(nation, subdiv=subdivision or None, years=year, language=english)
    return {day: tuple(names.split("; ")) for day, names in sorted(found.items())}


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
