"""From the file to a SystemFile, or to a sentence that says what to change in it."""

import tomllib
from pathlib import Path, PurePath

from pydantic import ValidationError

from publication.console import hide
from publication.levels import EscalationLevel
from publication.model import Measure, System
from publication.redaction import addresses_in
from training.errors import SystemFileError, UsageError, nearest
from training.files import named
from training.system.model import (
    Aggregate,
    Notation,
    Source,
    SystemContext,
    SystemFile,
    delivered_measures,
    known_measures,
)
from training.system.places import csv_rows, inline_rows, place_tree, read_opening_periods
from training.system.schema import (
    DEFAULT_CENSUS_WITHIN_HOURS,
    MISSING,
    Document,
    SourceTable,
    format_validation_errors,
)
from training.system.tables import Row, read_events, read_terms

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_system(path: Path) -> SystemFile:
    """The hospital system that `path` describes.

    Raises UsageError where there is no such file, SystemFileError where it or a file it names is not sound.
    """
    document = _document(path)
    try:
        known = known_measures(document.measures)
    except ValueError as error:
        raise SystemFileError(f"{path}: {error}") from None
    max_rejected_share = document.system.max_rejected_share
    sources = tuple(_source(path, name, table, known, max_rejected_share) for name, table in document.sources.items())
    rows = _place_rows(path, document)
    system = _system(document, delivered_measures(known, document.sources.values()), rows)
    exports = tuple(target for table in document.exports for target in table.targets())
    return SystemFile(path, system, sources, _context(path, document, system, known, rows), exports)


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the system file and the files of places, events and terms that it names. Raises as `read_system` does."""
    table = _document(path).system
    return (path, *(path.parent / named(name) for name in (table.places, table.events, table.school_terms) if name))


def _document(path: Path) -> Document:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UsageError(f"{path}: there is no such file. Give --system the path of a system.toml.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SystemFileError(f"{path}: it cannot be read as text in UTF-8 ({error}).") from error
    except tomllib.TOMLDecodeError as error:
        raise SystemFileError(f"{path}: it is not TOML: {error}. Correct that line.") from error
    hide(addresses_in(content))
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        raise SystemFileError(f"{path}: {format_validation_errors(error, Document)}") from None


def _place_rows(path: Path, document: Document) -> list[Row]:
    table = document.system
    if table.places is not None and document.places is not None:
        raise SystemFileError(f"{path}: system.places names a file and [[places]] lists places. Keep one of the two.")
    return csv_rows(path.parent / named(table.places)) if table.places else inline_rows(path, document.places or [])


def _context(
    path: Path, document: Document, system: System, known: dict[str, Measure], rows: list[Row]
) -> SystemContext:
    table = document.system
    return SystemContext(
        holidays=table.holidays or "",
        publication_hour=table.publication_hour,
        events=read_events(path.parent / named(table.events), system, known) if table.events else (),
        school_terms=read_terms(path.parent / named(table.school_terms), system) if table.school_terms else (),
        opening_periods=read_opening_periods(rows, system),
    )


def _system(document: Document, measures: tuple[Measure, ...], rows: list[Row]) -> System:
    table = document.system
    return System(
        name=table.name,
        timezone=table.timezone,
        census_hour=table.census_hour,
        horizon_days=table.horizon_days,
        thresholds=tuple(map(float, table.thresholds)),
        quantiles=tuple(map(float, table.quantiles)),
        measures=measures,
        places=place_tree(table.name, rows),
        levels=tuple(EscalationLevel(of.name, of.when, of.colour, of.action) for of in document.levels),
    )


def _source(path: Path, name: str, table: SourceTable, known: dict[str, Measure], max_rejected_share: float) -> Source:
    key = f"{path}: sources.{name}"
    for measure in table.measures or {}:
        if measure not in known:
            advice = nearest(measure, list(known))
            raise SystemFileError(
                f"{key}.measures.{measure} is not a measure. {advice} Or declare it under [measures.{measure}]."
            )
    _check_rates(key, table, known)
    _check_sheet(key, table)
    return Source(
        name=name,
        paths=tuple(table.path or ()),
        place=table.place,
        day=table.day,
        columns={measure: tuple(columns) for measure, columns in (table.measures or {}).items()},
        measure=table.measure,
        value=table.value,
        stream=table.stream,
        known_at=table.known_at,
        ignore_places=frozenset(table.ignore_places),
        url=table.url,
        query=table.query,
        sheet=table.sheet,
        day_format=table.day_format,
        max_rejected_share=max_rejected_share if table.max_rejected_share is None else table.max_rejected_share,
        every=table.every,
        week_day=table.week_day or "last",
        place_columns=tuple(table.place_columns or ()),
        time=tuple(table.time or ()),
        timezone=table.timezone,
        aggregate=None if table.aggregate is None else Aggregate(table.aggregate),
        census_within_hours=table.census_within_hours or DEFAULT_CENSUS_WITHIN_HOURS,
        notation=_notation(table),
        encoding=table.encoding,
        header_rows=None if table.header_row is None else tuple(table.header_row),
    )


def _notation(table: SourceTable) -> Notation:
    stand_ins = {text: None if value == MISSING else float(value) for text, value in table.suppressed.items()}
    return Notation(table.decimal or ".", table.thousands, frozenset(table.missing), stand_ins)


def _check_rates(key: str, table: SourceTable, known: dict[str, Measure]) -> None:
    """Percentages are not added up: not over columns, nor over the rows of a day, nor over the days of a week."""
    rates = [name for name, measure in known.items() if not measure.kind.is_additive]
    mapped = {name: columns for name, columns in (table.measures or {}).items() if name in rates}
    for name, columns in mapped.items():
        if len(columns) > 1:
            raise SystemFileError(
                f"{key}.measures.{name}: found {len(columns)} columns, but a rate is not the sum of others. Name one."
            )
    added = mapped if table.measures is not None else rates
    if added and table.aggregate in ("sum", "count"):
        raise SystemFileError(
            f"{key}.aggregate: found {table.aggregate!r}, but {next(iter(added))} is a rate, and percentages do not "
            "add up. Give rates a source of their own, with aggregate = 'mean', 'max' or 'census'."
        )


def _check_sheet(key: str, table: SourceTable) -> None:
    """Only workbooks have sheets."""
    for pattern in table.path or ["a query"]:
        if table.sheet is not None and PurePath(pattern).suffix.lower() not in WORKBOOKS:
            raise SystemFileError(f"{key}.sheet: found {table.sheet!r}, but {pattern} has no sheets. Take it away.")
