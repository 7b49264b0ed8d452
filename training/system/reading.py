"""From the file to a SystemFile, or to a sentence that says what to change in it."""

import tomllib
from pathlib import Path, PurePath

from pydantic import ValidationError

from publication.model import Measure, System
from training.errors import SystemFileError, UsageError
from training.system.calendars import read_events, read_terms
from training.system.complaints import complaints, nearest
from training.system.measures import delivered_measures, known_measures
from training.system.model import Source, SystemFile
from training.system.places import csv_rows, inline_rows, place_tree
from training.system.schema import Document, SourceTable

NOT_READ_YET = (".parquet", ".xlsx", ".xls")


def read_system(path: Path) -> SystemFile:
    """The hospital system that `path` describes.

    Raises UsageError where there is no such file, SystemFileError where it or a file it names is not sound.
    """
    document = _document(path)
    try:
        known = known_measures(document.measures)
    except ValueError as error:
        raise SystemFileError(f"{path}: {error}") from None
    sources = tuple(_source(path, name, table, known) for name, table in document.sources.items())
    system = _system(path, document, delivered_measures(known, document.sources.values()))
    table = document.system
    return SystemFile(
        path=path,
        system=system,
        holidays=table.holidays or "",
        sources=sources,
        events=read_events(path.parent / table.events, system, known) if table.events else (),
        school_terms=read_terms(path.parent / table.school_terms, system) if table.school_terms else (),
    )


def _document(path: Path) -> Document:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UsageError(f"{path}: there is no such file. Give --system the path of a system.toml.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SystemFileError(f"{path}: it cannot be read as text in UTF-8 ({error}).") from error
    except tomllib.TOMLDecodeError as error:
        raise SystemFileError(f"{path}: it is not TOML: {error}. Correct that line.") from error
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        raise SystemFileError(f"{path}: {complaints(error, Document)}") from None


def _system(path: Path, document: Document, measures: tuple[Measure, ...]) -> System:
    table = document.system
    if table.places is not None and document.places is not None:
        raise SystemFileError(f"{path}: system.places names a file and [[places]] lists places. Keep one of the two.")
    rows = csv_rows(path.parent / table.places) if table.places else inline_rows(path, document.places or [])
    return System(
        name=table.name,
        timezone=table.timezone,
        census_hour=table.census_hour,
        horizon_days=table.horizon_days,
        thresholds=tuple(map(float, table.thresholds)),
        quantiles=tuple(map(float, table.quantiles)),
        measures=measures,
        places=place_tree(table.name, rows),
    )


def _source(path: Path, name: str, table: SourceTable, known: dict[str, Measure]) -> Source:
    key = f"{path}: sources.{name}"
    for measure in table.measures or {}:
        if measure not in known:
            advice = nearest(measure, list(known))
            raise SystemFileError(
                f"{key}.measures.{measure} is not a measure. {advice} Or declare it under [measures.{measure}]."
            )
    if table.path is None:
        raise SystemFileError(
            f"{key}.url: found {table.url!r}; this version reads CSV files. Export one and give its path."
        )
    for pattern in table.path:
        if PurePath(pattern).suffix.lower() in NOT_READ_YET:
            raise SystemFileError(f"{key}.path: found {pattern!r}; this version reads CSV files. Save it as one.")
    return Source(
        name=name,
        paths=tuple(table.path),
        place=table.place,
        day=table.day,
        columns={measure: tuple(columns) for measure, columns in (table.measures or {}).items()},
        measure=table.measure,
        value=table.value,
        stream=table.stream,
        known_at=table.known_at,
        ignore_places=frozenset(table.ignore_places),
    )
