"""Who asks, as far as the service knows."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key opens."""

    READ = "read"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The holder of a key, by its name, and what it opens. `place`: it and those below are all there is to this one."""

    name: str | None
    scopes: frozenset[Scope]
    place: str | None = None

    @property
    def cache_control(self) -> str:
        """How what this visitor gets may be kept: to be asked about again, and by nobody on the way."""
        return "no-cache" if self.name is None else "private, no-cache"


ANYONE = Visitor(None, frozenset(Scope))
"""Where no key is asked for."""
