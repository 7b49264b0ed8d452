"""The tables and keys of system.toml with the values each may have, and messages about what does not fit."""

import codecs
import re
import types
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Annotated, Literal, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from publication.days import zone
from publication.errors import TimeZoneError
from publication.redaction import MASK, redact_addresses
from publication.vocabulary import SEPARATOR, check_system_name
from training.errors import nearest
from training.system.exports import ExportTable, as_export_tables, check_distinct_targets
from training.system.levels import LevelTable, check_level_names

URL = "url"
LONGEST_FOUND = 60
EXPECTED = {
    "string_type": "give text in quotes",
    "int_type": "give a whole number",
    "float_type": "give a number",
    "list_type": "give a list in square brackets",
    "dict_type": "give a table",
    "model_type": "give a table",
    "model_attributes_type": "give a table",
    "string_too_short": "it is empty; give some text",
    "too_short": "it is empty; give at least one",
}
BOUND = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "or more"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "or less"),
}


def format_validation_errors(error: ValidationError, document: type[BaseModel]) -> str:
    """One sentence for each finding, unknown keys first: they are often the reason why another is missing."""
    findings = sorted(error.errors(), key=lambda finding: finding["type"] != "extra_forbidden")
    return " ".join(_sentence(finding, document) for finding in findings)


def _sentence(finding: ErrorDetails, document: type[BaseModel]) -> str:
    location = tuple(part for part in finding["loc"] if part != "[key]")
    key = ".".join(map(str, location))
    match finding["type"]:
        case "extra_forbidden":
            return f"{key} is not a known key. {nearest(str(location[-1]), _keys(document, location[:-1]))}"
        case "missing":
            return f"{key} is missing. Add it."
        case "value_error":
            return f"{key}: found {_found(finding)}: {finding['ctx']['error']}."
    return f"{key}: found {_found(finding)}; {_advice(finding)}."


def _advice(finding: ErrorDetails) -> str:
    kind = finding["type"]
    if kind in BOUND:
        name, word = BOUND[kind]
        bound = f"{finding['ctx'][name]:g}"
        return f"give a number {bound} {word}" if word.startswith("or") else f"give a number {word} {bound}"
    if kind == "literal_error":
        return f"give {finding['ctx']['expected']}"
    return EXPECTED.get(kind, finding["msg"])


def _found(finding: ErrorDetails) -> str:
    """The value that was found, without the passwords of addresses in it."""
    value = finding["input"]
    if isinstance(value, dict | BaseModel):
        return "this table"
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "these tables"
    if URL in finding["loc"]:  # whatever it is, it may be half an address
        return MASK
    text = redact_addresses(repr(value))
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}..."


def _keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at `location` may have; inside a table of tables any name leads to the same keys."""
    current: object = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = _inside(current.model_fields[str(part)].annotation)
        else:
            current = _inside(get_args(current)[-1])
    if not (isinstance(current, type) and issubclass(current, BaseModel)):
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _inside(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation


DEFAULT_CENSUS_HOUR = 8
DEFAULT_HORIZON_DAYS = 28
MAX_HORIZON_DAYS = 84
DEFAULT_THRESHOLDS = [0.85, 0.92, 0.95, 1.0]
DEFAULT_MAX_REJECTED_SHARE = 0.05
DEFAULT_CENSUS_WITHIN_HOURS = 3.0
MAX_CENSUS_WITHIN_HOURS = 12.0
MAX_HEADER_ROWS = 2
EXCEL_DAYS = "excel"
"""The day format of the numbers with which Excel counts days: 45000 is 2023-03-15."""
ALL_COLUMNS = "*"
"""Instead of the name of a column: every row of an aggregated count; every column not named otherwise."""
MISSING = "missing"
SAMPLE_DAYS = (datetime(2026, 2, 3, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC))
SAME_WEEKDAYS = (2001, 2007)  # years whose days have the same weekdays
DEFAULT_QUANTILES = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]


def check_identifier(value: str) -> str:
    """`value`, if it can be part of a `unique_id`. Raises ValueError otherwise."""
    if not value:
        raise ValueError("it is empty; give a code")
    if value != value.strip():
        raise ValueError("it has blanks around it; take them away")
    if SEPARATOR in value:
        raise ValueError(f"it contains {SEPARATOR!r}, which separates place and measure; use another sign")
    return value


def _check_timezone(value: str) -> str:
    try:
        zone(value)
    except TimeZoneError as error:
        if not available_timezones():
            raise ValueError(f"it cannot be looked up. {error}".rstrip(".")) from error
        raise ValueError("it is not a time zone of the IANA database; give one like Europe/London") from error
    return value


def _check_holidays(value: str) -> str:
    import holidays  # slow to import, and most system files are read more often than they change

    country, _, subdivision = value.partition("-")
    supported = holidays.list_supported_countries(include_aliases=True)
    if country not in supported:
        raise ValueError(f"the holidays library has no country {country!r}; give a code like GB-ENG or PT")
    if subdivision and subdivision not in supported[country]:
        raise ValueError(f"{country} has no subdivision {subdivision!r}; give one of {', '.join(supported[country])}")
    return value


def _check_day_format(value: str) -> str:
    """A day format says year, month and day: days written in it are read back as the days they were."""
    if value == EXCEL_DAYS:
        return value
    try:
        read = [datetime.strptime(day.strftime(value), value).date() for day in SAMPLE_DAYS] if _has_year(value) else []
    except (ValueError, re.error):
        read = []
    if read != [day.date() for day in SAMPLE_DAYS]:
        raise ValueError("days cannot be read by it; give directives for year, month and day, like %d/%m/%Y")
    return value


def _has_year(day_format: str) -> bool:
    """Return whether two days that differ in nothing but the year are written differently.

    Python 3.13 warns where days without a year are read.
    """
    first, second = (date(year, 2, 3).strftime(day_format) for year in SAME_WEEKDAYS)
    return first != second


def _check_increase(values: list[float]) -> list[float]:
    if not all(low < high for low, high in pairwise(values)):
        raise ValueError("the numbers must increase; put them in order, each once")
    return values


def _check_path(value: str) -> str:
    if "://" in value:
        raise ValueError("it is an address, not a file; write it as url, with a query")
    return value


def _check_encoding(value: str) -> str:
    try:
        codecs.lookup(value)
        "".encode(value)
    except (LookupError, ValueError, UnicodeError) as error:
        raise ValueError("it is not an encoding; give one like utf-8, windows-1252, iso-8859-15 or utf-16") from error
    return value


def _check_header_rows(value: list[int]) -> list[int]:
    if len(value) > MAX_HEADER_ROWS or any(low >= high for low, high in pairwise(value)):
        raise ValueError("give the number of the header's row, or of its two rows from top to bottom, like [14, 15]")
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_rows(value: object) -> object:
    return [value] if isinstance(value, int) else value


def _as_text(value: object) -> object:
    """TOML has days and lists of its own, a CSV cell does not."""
    if isinstance(value, list):
        return ";".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else value


Identifier = Annotated[str, AfterValidator(check_identifier)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1), BeforeValidator(_as_list)]
Paths = Annotated[list[Annotated[Text, AfterValidator(_check_path)]], Field(min_length=1), BeforeValidator(_as_list)]
Level = Annotated[float, Field(gt=0, lt=1)]
Rate = Annotated[float, Field(gt=0, le=2)]
Share = Annotated[float, Field(ge=0, le=1)]
Increasing = AfterValidator(_check_increase)
HeaderRow = Annotated[int, Field(ge=1)]
HeaderRows = Annotated[
    list[HeaderRow], Field(min_length=1), AfterValidator(_check_header_rows), BeforeValidator(_as_rows)
]
StandIn = Annotated[float, Field(ge=0)] | Literal["missing"]


class Table(BaseModel):
    """A table of system.toml: no key but those named here, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SystemTable(Table):
    name: Annotated[Identifier, AfterValidator(check_system_name)]
    timezone: Annotated[str, AfterValidator(_check_timezone)]
    holidays: Annotated[str, AfterValidator(_check_holidays)] | None = None
    census_hour: Annotated[int, Field(ge=0, le=23)] = DEFAULT_CENSUS_HOUR
    publication_hour: Annotated[int, Field(ge=0, le=23)] | None = None
    horizon_days: Annotated[int, Field(ge=1, le=MAX_HORIZON_DAYS)] = DEFAULT_HORIZON_DAYS
    thresholds: Annotated[list[Rate], Field(min_length=1), Increasing] = DEFAULT_THRESHOLDS
    quantiles: Annotated[list[Level], Field(min_length=1), Increasing] = DEFAULT_QUANTILES
    places: Text | None = None
    events: Text | None = None
    school_terms: Text | None = None
    max_rejected_share: Share = DEFAULT_MAX_REJECTED_SHARE


class DeclaredMeasure(Table):
    kind: Literal["flow", "stock", "capacity", "rate"]
    unit: Text | None = None


class PlaceTable(Table):
    place: str
    parent: str = ""
    name: str = ""
    kind: str = ""
    valid_from: Annotated[str, BeforeValidator(_as_text)] = ""
    valid_to: Annotated[str, BeforeValidator(_as_text)] = ""
    succeeds: Annotated[str, BeforeValidator(_as_text)] = ""


class SourceTable(Table):
    path: Paths | None = None
    url: Text | None = None
    query: Text | None = None
    sheet: Text | None = None
    header_row: HeaderRows | None = None
    encoding: Annotated[Text, AfterValidator(_check_encoding)] | None = None
    place: Text | None = None
    place_columns: Texts | None = None
    day: Text | None = None
    day_format: Annotated[Text, AfterValidator(_check_day_format)] | None = None
    time: Texts | None = None
    timezone: Annotated[str, AfterValidator(_check_timezone)] | None = None
    aggregate: Literal["sum", "count", "mean", "max", "census"] | None = None
    census_within_hours: Annotated[float, Field(gt=0, le=MAX_CENSUS_WITHIN_HOURS)] | None = None
    measures: Annotated[dict[str, Texts], Field(min_length=1)] | None = None
    measure: Text | None = None
    value: Text | None = None
    stream: Text | None = None
    known_at: Text | None = None
    missing: list[str] = []
    suppressed: dict[Text, StandIn] = {}
    decimal: Literal[",", "."] | None = None
    thousands: Literal[",", ".", " ", "'", "\u2019", "_"] | None = None
    ignore_places: list[Text] = []
    max_rejected_share: Share | None = None
    every: Literal["day", "week"] | None = None
    week_day: Literal["first", "last"] | None = None

    @model_validator(mode="after")
    def _require_week_day_with_weeks(self) -> "SourceTable":
        if self.week_day is not None and self.every != "week":
            raise ValueError("week_day says on which day of its week a total stands; declare every = 'week' as well")
        return self

    @model_validator(mode="after")
    def _require_one_origin(self) -> "SourceTable":
        if self.path is None and self.url is None:
            raise ValueError("it has no path; say which files to read, such as path = 'extract/*.csv'")
        if self.path is not None and self.url is not None:
            raise ValueError("it has both path and url; keep one")
        if self.path is None and self.query is None:
            raise ValueError("it has a url and no query; say what to ask the database, such as query = 'select ...'")
        return self

    @model_validator(mode="after")
    def _require_counts(self) -> "SourceTable":
        if (self.measures is None) == (self.measure is None):
            raise ValueError(
                "give measures = { occupancy = 'column' } for a wide file, or measure and value for a long one"
            )
        has_values = self.value is not None or self.place_columns is not None or self.aggregate == "count"
        if self.measure is not None and not has_values:
            raise ValueError("a long file needs both measure and value; name the two columns")
        if self.measure is None and self.value is not None:
            raise ValueError("a long file needs both measure and value; name the two columns")
        return self

    @model_validator(mode="after")
    def _require_place(self) -> "SourceTable":
        if (self.place is None) == (self.place_columns is None):
            raise ValueError("give place = 'column', or place_columns = ['A', 'B'] where each place has its own column")
        if self.place_columns is None:
            return self
        if self.value is not None or self.aggregate == "count":
            raise ValueError("place_columns hold the counts themselves; take value, or aggregate = 'count', away")
        if self.measures is not None and list(self.measures.values()) != [[ALL_COLUMNS]]:
            raise ValueError("with place_columns give one measure and '*', such as measures = { attendances = '*' }")
        return self

    @model_validator(mode="after")
    def _require_day(self) -> "SourceTable":
        if (self.day is None) == (self.time is None):
            raise ValueError("give day = 'column' for daily rows, or time = 'column' with aggregate for others")
        if self.time is not None and self.aggregate is None:
            raise ValueError(
                "it has time and no aggregate; say how rows become days: sum, count, mean, max, or census for the "
                "snapshot nearest to the census hour"
            )
        if self.day is not None and self.aggregate in {"census", "mean", "max"}:
            raise ValueError(f"aggregate = '{self.aggregate}' needs the time of each row; give time instead of day")
        if self.census_within_hours is not None and self.aggregate != "census":
            raise ValueError("census_within_hours is for aggregate = 'census'; take it away")
        return self

    @model_validator(mode="after")
    def _require_distinct_signs(self) -> "SourceTable":
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError("decimal and thousands are the same sign; give decimal as well, such as decimal = ','")
        starred = [name for name, columns in (self.measures or {}).items() if ALL_COLUMNS in columns]
        if starred and self.aggregate != "count" and self.place_columns is None:
            raise ValueError(f"measures.{starred[0]} = '*' counts rows; give aggregate = 'count', or name a column")
        return self


class Document(Table):
    system: SystemTable
    measures: dict[Identifier, DeclaredMeasure] = {}
    sources: Annotated[dict[Identifier, SourceTable], Field(min_length=1)]
    places: list[PlaceTable] | None = None
    levels: Annotated[list[LevelTable], AfterValidator(check_level_names)] = []
    exports: Annotated[
        list[ExportTable], AfterValidator(check_distinct_targets), BeforeValidator(as_export_tables)
    ] = []
