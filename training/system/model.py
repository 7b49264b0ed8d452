"""What a system.toml says, once it has been found to be sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from publication.model import System


class EventKind(StrEnum):
    """Known disturbances, and `exclude` for days that should teach nothing."""

    STRIKE = "strike"
    CLOSURE = "closure"
    DIVERT = "divert"
    BED_CHANGE = "bed_change"
    DATA_FAULT = "data_fault"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Event:
    """A dated disturbance, both days included. Without a place: the whole system; without a measure: all of them."""

    first: date
    last: date
    place: str | None
    measure: str | None
    kind: EventKind
    note: str


@dataclass(frozen=True, slots=True)
class SchoolTerm:
    """Days on which schools teach, both included. Without a place: the whole system."""

    first: date
    last: date
    place: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where daily counts come from, and the names their columns have there.

    A wide source has `columns`: each measure with the columns that add up to it. A long one has `measure` and `value`.
    """

    name: str
    paths: tuple[str, ...]
    place: str
    day: str
    columns: Mapping[str, tuple[str, ...]]
    measure: str | None = None
    value: str | None = None
    stream: str | None = None
    known_at: str | None = None
    ignore_places: frozenset[str] = frozenset()

    @property
    def is_long(self) -> bool:
        return self.measure is not None


@dataclass(frozen=True)
class SystemFile:
    """One hospital system and where its history comes from. `holidays` is empty where there are no bank holidays."""

    path: Path
    system: System
    holidays: str
    sources: tuple[Source, ...]
    events: tuple[Event, ...] = ()
    school_terms: tuple[SchoolTerm, ...] = ()

    @property
    def folder(self) -> Path:
        """What the paths in the file are relative to."""
        return self.path.parent
