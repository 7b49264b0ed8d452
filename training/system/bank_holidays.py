"""Bank holidays of a country, or of a part of one."""

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=512)
def bank_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of `country` as system.toml names it (`GB-ENG`; empty: none) in a year."""
    if not country:
        return frozenset()
    import holidays  # slow to import: most readers of a system file need no holiday

    nation, _, subdivision = country.partition("-")
    return frozenset(holidays.country_holidays(nation, subdiv=subdivision or None, years=year))
