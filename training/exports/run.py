"""Exports of one publication to the targets of system.toml."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from publication.console import printable
from publication.full_disk import is_disk_full
from training.addresses import DatabaseAddress, database_address
from training.errors import DiskFullError, ExportError
from training.exports.database import write_database
from training.exports.folder import CURRENT, write_folder
from training.exports.tables import FlatTables
from training.exports.workbook import write_workbook
from training.files import named, reason
from training.system.exports import DatabaseExport, ExportTarget, FolderExport, WorkbookExport

log = logging.getLogger("headroom")
WINDOWS_NEEDS_PRIVILEGE = 1314
WHERE_URL = "Reading exports.url"


def write_exports(
    tables: FlatTables,
    targets: Iterable[ExportTarget],
    folder: Path,
    environ: Mapping[str, str],
    report: Callable[[str], None],
) -> None:
    """Write the tables to every target, each completely or not at all, and report where they went.

    Paths are relative to `folder`. A target that fails stops no other one. Raises ExportError where any has
    failed, DiskFullError where one did because its disk is full.
    """
    failures: list[ExportError] = []
    for target in targets:
        try:
            where = _write(tables, target, folder, environ)
            report(f"Exported {tables.summary.system} for cutoff {tables.summary.cutoff} to {where}.")
        except ExportError as error:
            log.error("%s", error)
            failures.append(error)
    if failures:
        issued = f"The publication for {tables.summary.cutoff}, revision {tables.summary.revision}, is issued."
        raised = DiskFullError if any(map(is_disk_full, failures)) else ExportError
        raise raised(f"{' '.join(map(str, failures))} {issued} Then run `headroom export`.")


def _write(tables: FlatTables, target: ExportTarget, folder: Path, environ: Mapping[str, str]) -> str:
    """Write the tables to the target, and return where that is, in words. Raises ExportError."""
    match target:
        case FolderExport():
            return _to_folder(tables, folder / named(target.path), target.file_format)
        case WorkbookExport():
            return _to_workbook(tables, folder / named(target.path))
        case DatabaseExport():
            return _to_database(tables, _address(target, folder, environ), target.schema)


def _to_folder(tables: FlatTables, folder: Path, file_format: str) -> str:
    where = f"the folder {printable(str(folder / CURRENT))}"
    try:
        write_folder(tables, folder, file_format)
    except OSError as error:
        advice = "Make it writable, or make room there."
        if getattr(error, "winerror", None) == WINDOWS_NEEDS_PRIVILEGE:
            advice = "Turn on Windows' Developer Mode, so that links can be made, or export to a workbook or database."
        raise ExportError(f"Exporting {tables.summary.system} to {where}: {_reason(error)}. {advice}") from error
    return where


def _to_workbook(tables: FlatTables, file: Path) -> str:
    where = f"the workbook {printable(str(file))}"
    try:
        write_workbook(tables, file)
    except ValueError as error:
        raise ExportError(f"Exporting {tables.summary.system} to {where}: {error}.") from None
    except OSError as error:
        advice = "Close it, make its folder writable, or make room there."
        raise ExportError(f"Exporting {tables.summary.system} to {where}: {_reason(error)}. {advice}") from error
    return where


def _to_database(tables: FlatTables, address: DatabaseAddress, schema: str) -> str:
    where = f"the schema {schema} of {address.redacted}"
    doing = f"Exporting {tables.summary.system} to {where}"
    try:
        write_database(tables, address, schema)
    except (NoSuchModuleError, ImportError) as error:
        advice = "Install the driver of this database; that of SQL Server is in the extra `mssql`."
        raise ExportError(f"{doing}: {address.redactor.redact_error(error)}. {advice}") from None
    except (SQLAlchemyError, ValueError) as error:
        original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        advice = "Check that the database is there, exports.url, and that its user may make and write these tables."
        if isinstance(error, IntegrityError):
            advice = "Another export has written the same tables at the same moment."
        raise ExportError(f"{doing}: {address.redactor.redact_error(original)}. {advice}") from None
    return where


def _address(target: DatabaseExport, folder: Path, environ: Mapping[str, str]) -> DatabaseAddress:
    try:
        address = database_address(target.url, environ, WHERE_URL)
    except ValueError as error:
        raise ExportError(str(error)) from None
    return address.below(folder)


def _reason(error: OSError) -> str:
    return printable(reason(error)).rstrip(".")
