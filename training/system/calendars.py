"""events.csv and terms.csv: dated rows about places of the tree."""

from datetime import date
from pathlib import Path

from publication.model import Measure, System
from training.system.complaints import nearest
from training.system.model import Event, EventKind, SchoolTerm
from training.system.tables import Row, read_day, read_table

EVENT_COLUMNS = ("from", "to", "place", "measure", "kind", "note")
TERM_COLUMNS = ("from", "to", "place")


def read_events(path: Path, system: System, known: dict[str, Measure]) -> tuple[Event, ...]:
    """The events of the file, as they are listed."""
    return tuple(_event(row, system, known) for row in read_table(path, EVENT_COLUMNS, required=("from", "to", "kind")))


def read_terms(path: Path, system: System) -> tuple[SchoolTerm, ...]:
    """The school terms of the file, as they are listed."""
    rows = read_table(path, TERM_COLUMNS, required=("from", "to"))
    return tuple(SchoolTerm(*_period(row), _choice(row, "place", list(system.place_by_id))) for row in rows)


def _event(row: Row, system: System, known: dict[str, Measure]) -> Event:
    kind = _choice(row, "kind", [kind.value for kind in EventKind])
    if kind is None:
        raise row.refusal(f"kind is empty. Give one of {', '.join(EventKind)}.")
    first, last = _period(row)
    place = _choice(row, "place", list(system.place_by_id))
    return Event(first, last, place, _choice(row, "measure", list(known)), EventKind(kind), row["note"])


def _period(row: Row) -> tuple[date, date]:
    first, last = read_day(row, "from"), read_day(row, "to")
    if last < first:
        raise row.refusal(f"to: found {last}, which is before from ({first}). Swap them, or correct one.")
    return first, last


def _choice(row: Row, column: str, known: list[str]) -> str | None:
    """The cell if it is a known word, None where it is empty."""
    word = row[column]
    if word and word not in known:
        raise row.refusal(f"{column}: found {word!r}, which is not known. {nearest(word, known)}")
    return word or None
