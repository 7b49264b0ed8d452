"""What candidates learnt of a history: made once, and brought along by a version that was trained before."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar, cast

import pandas as pd

Part = TypeVar("Part")
Key = tuple[str, ...]
"""Who learnt, the day up to which was learnt (ISO 8601), and what of."""


class Learnt:
    """Fitted parts by who learnt them, when, and of what."""

    def __init__(self) -> None:
        self._parts: dict[Key, object] = {}

    def of(self, who: str, day: pd.Timestamp, *what: object, make: Callable[[], Part]) -> Part:
        """The part, made where it is not there yet. `who` is a name that nobody else uses."""
        key = (who, f"{day:%Y-%m-%d}", *map(str, what))
        if key not in self._parts:
            self._parts[key] = make()
        return cast(Part, self._parts[key])

    def bring(self, parts: Mapping[Key, object]) -> None:
        """Take parts as learnt, over what there is."""
        self._parts.update(parts)

    def of_days(self, days: Collection[pd.Timestamp]) -> dict[Key, object]:
        """The parts learnt up to one of the days; not those of which nothing could be learnt."""
        wanted = {f"{day:%Y-%m-%d}" for day in days}
        return {key: part for key, part in self._parts.items() if key[1] in wanted and part is not None}
