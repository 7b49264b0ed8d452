"""The drafts of sources and places, as text of system.toml, places.csv and DuckDB's SQL, and what was assumed."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from training.system.schema import DEFAULT_CENSUS_HOUR


@dataclass(frozen=True)
class Assumption:
    """One assumption: about what, what was found, and why."""

    what: str
    found: str
    because: str


def as_rich(assumptions: Iterable[Assumption]) -> Table:
    """The table that init prints."""
    table = Table("what", "found", "because", title="Assumed", title_justify="left")
    for assumption in assumptions:
        table.add_row(*map(_escaped, (assumption.what, assumption.found, assumption.because)))
    return table


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


PLACES = "places.csv"
PLACE_COLUMNS = ("place", "parent", "name", "kind")
Value = str | int | float | bool | Sequence[str] | Sequence[int] | Mapping[str, object]


@dataclass(frozen=True)
class SourceDraft:
    """A table [sources.NAME]: its keys in order, and comments above it."""

    name: str
    keys: Mapping[str, Value]
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlaceDraft:
    """A row of places.csv."""

    id: str
    parent: str = ""
    name: str = ""
    kind: str = ""


@dataclass(frozen=True)
class SystemDraft:
    """All that init writes."""

    name: str
    timezone: str
    holidays: str | None
    census_hour: int
    places: tuple[PlaceDraft, ...]
    sources: tuple[SourceDraft, ...]
    declared: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    @property
    def toml(self) -> str:
        """The text of system.toml."""
        return "\n".join(self._lines()) + "\n"

    @property
    def places_csv(self) -> str:
        """The text of places.csv."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(PLACE_COLUMNS)
        writer.writerows((place.id, place.parent, place.name, place.kind) for place in self.places)
        return text.getvalue()

    def _lines(self) -> Iterator[str]:
        yield from _commented(self.comments)
        yield ""
        yield "[system]"
        yield f"name = {quoted(self.name)}"
        yield f"timezone = {quoted(self.timezone)}"
        if self.holidays is not None:
            yield f"holidays = {quoted(self.holidays)}"
        if self.census_hour != DEFAULT_CENSUS_HOUR:
            yield f"census_hour = {self.census_hour}"
        yield f"places = {quoted(PLACES)}"
        for name, (kind, unit) in self.declared.items():
            yield ""
            yield f"[measures.{_key(name)}]"
            yield f"kind = {quoted(kind)}"
            yield f"unit = {quoted(unit)}"
        for source in self.sources:
            yield ""
            yield from _commented(source.comments)
            yield f"[sources.{_key(source.name)}]"
            for key, value in source.keys.items():
                yield f"{key} = {_value(value)}"


def _commented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        for part in line.splitlines():
            yield "# " + "".join(sign if sign.isprintable() else " " for sign in part)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else quoted(name)


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str() if "\n" in value:
            return '"""\n' + _multiline(value) + '"""'
        case str():
            return quoted(value)
        case Mapping():
            inner = ", ".join(f"{_key(str(key))} = {_value(item)}" for key, item in value.items())  # type: ignore[arg-type]
            return f"{{ {inner} }}"
    return f"[{', '.join(_value(item) for item in value)}]"


def _multiline(text: str) -> str:
    lines = [quoted(line)[1:-1].replace('\\"', '"').replace('"""', '""\\"') for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def identifier(name: str) -> str:
    """The name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def without_separator(name: str) -> str:
    """SQL of a column's text without the sign that separates the parts of a series' name."""
    return f"replace(CAST({identifier(name)} AS VARCHAR), '/', '-')"


def query(columns: Sequence[str], made: Mapping[str, str], where: Sequence[str], table: str = "extract") -> str:
    """SELECT columns as they are, and those that are made, from a table."""
    parts = [f"{made[name]} AS {identifier(name)}" if name in made else identifier(name) for name in columns]
    lines = ["SELECT " + ",\n       ".join(parts), f"FROM {table}"]
    if where:
        lines.append("WHERE " + "\n  AND ".join(where))
    return "\n".join(lines)


def grouped_query(columns: Sequence[str], table: str) -> str:
    """A query in brackets with one row for each group of those columns that are no aggregates."""
    return "(SELECT " + ",\n    ".join(columns) + f"\n  FROM {table}\n  GROUP BY ALL)"  # noqa: S608  # names are quoted
