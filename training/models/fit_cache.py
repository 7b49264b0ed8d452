"""Parts that candidates have fitted to a history, each with the digest of what it was fitted to."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar, cast

import pandas as pd

Part = TypeVar("Part")
Key = tuple[str, ...]
"""Who fitted a part, the day up to which (ISO 8601), what of, and the digest of what it was made from."""


class FitCache:
    """Fitted parts by key. A part made from other values has another key, so that none outlives its data."""

    def __init__(self) -> None:
        self._parts: dict[Key, object] = {}

    def of(self, who: str, day: pd.Timestamp, *what: object, made_from: str, make: Callable[[], Part]) -> Part:
        """Return the part, made where it is not there yet. `who` is a name that no other candidate uses."""
        key = (who, f"{day:%Y-%m-%d}", *map(str, what), made_from)
        if key not in self._parts:
            self._parts[key] = make()
        return cast(Part, self._parts[key])

    def add(self, parts: Mapping[Key, object]) -> None:
        """Take the parts that a version was saved with."""
        self._parts.update(parts)

    def of_days(self, days: Collection[pd.Timestamp]) -> dict[Key, object]:
        """The parts fitted up to one of the days; not those of which nothing could be fitted."""
        wanted = {f"{day:%Y-%m-%d}" for day in days}
        return {key: part for key, part in self._parts.items() if key[1] in wanted and part is not None}
