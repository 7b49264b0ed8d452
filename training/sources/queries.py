"""Queries: rows of any database that SQLAlchemy reaches."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from training.addresses import DatabaseAddress, database_address
from training.errors import HistoryError
from training.sources.extract import Columns, Extract, text_of
from training.sources.headers import check_header, check_rows, columns_of, format_of
from training.system.model import Source

PARTITION_ROWS = 50_000


def read_query(source: Source, folder: Path, environ: Mapping[str, str]) -> Extract:
    """Return the rows that the database gives for the source's query. A line is the number of a row, from 1."""
    address = _address(source, folder, environ)
    name = f"source {source.name} from {address.redacted}"
    try:
        engine = create_engine(address.url, poolclass=NullPool, connect_args=address.connect_args)
        with engine.connect() as connection:
            return _read(connection, source, name)
    except (NoSuchModuleError, ImportError) as error:
        reason = address.redactor.redact_error(error)
        raise HistoryError(f"Reading {name}: {reason}. Install the driver of this database.") from None
    except (SQLAlchemyError, ValueError) as error:
        original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        raise HistoryError(
            f"Reading {name}: {address.redactor.redact_error(original)}. "
            f"Check that the database is there, and url and query of sources.{source.name} in system.toml."
        ) from None


def _read(connection: Connection, source: Source, name: str) -> Extract:
    # As it stands, for the driver: neither colons nor percent signs in it are ours to interpret.
    options = {"stream_results": True, "max_row_buffer": PARTITION_ROWS, "no_parameters": True}
    with connection.exec_driver_sql(source.query or "", execution_options=options) as result:
        header = tuple(result.keys())
        check_header(name, header, source)
        wanted = columns_of(source, header)
        columns, n_rows = Columns(wanted), 0
        at = [(header.index(name), format_of(source, name)) for name in wanted]
        for rows in result.partitions(PARTITION_ROWS):
            lines = range(n_rows + 1, n_rows + len(rows) + 1)
            columns.add(lines, [[text_of(row[i], day_format) for row in rows] for i, day_format in at])
            n_rows += len(rows)
    check_rows(name, n_rows)
    return Extract(source, f"query of {source.name}", header, columns.rows())


def _address(source: Source, folder: Path, environ: Mapping[str, str]) -> DatabaseAddress:
    """The address; that of a SQLite file below the folder of the system file, where it must be."""
    where = f"Reading source {source.name}: sources.{source.name}.url"
    try:
        address = database_address(source.url or "", environ, where).below(folder)
    except ValueError as error:
        raise HistoryError(str(error)) from None
    url = address.url
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():  # it would be made
        raise HistoryError(f"{where}: there is no file {url.database}. Correct the url in system.toml.")
    return address
