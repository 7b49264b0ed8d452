"""Principals: the holders of keys, and anonymous callers."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Scope(StrEnum):
    """What a key opens."""

    READ = "read"
    METRICS = "metrics"


class AnonymousPolicy(Enum):
    """Who may read as long as there has never been a key."""

    REFUSE = auto()
    LOOPBACK = auto()
    """Who asks for it by a name of the machine itself: that the service listens there alone does not tell whom a
    browser there asks for."""
    ALLOW = auto()


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a key, by its name, and what it opens. `place`: it and those below are all there is to this one."""

    name: str | None
    scopes: frozenset[Scope]
    place: str | None = None

    @property
    def cache_control(self) -> str:
        """The Cache-Control of responses to this principal: revalidated always, and shared by none that had a key."""
        return "no-cache" if self.name is None else "private, no-cache"


ANONYMOUS_PRINCIPAL = Principal(None, frozenset(Scope))
"""Where no key is asked for."""
