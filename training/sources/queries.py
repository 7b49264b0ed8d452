"""Queries: rows of any database that SQLAlchemy reaches."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, NullPool, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from publication.console import hide
from publication.database import CONNECT_TIMEOUT_SECONDS
from publication.redaction import ENCODE_ADVICE, STRAY_AT, Redactor, has_stray_at, redact_url
from training.errors import HistoryError
from training.sources.extract import Columns, Extract, text_of
from training.sources.headers import check_header, check_rows, columns_of, format_of
from training.system.model import Source

PARTITION_ROWS = 50_000
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
USER_AND_PASSWORD = re.compile(r"(?<=://)[^@/]*(?=@)")


def read_query(source: Source, folder: Path, environ: Mapping[str, str]) -> Extract:
    """Return the rows that the database gives for the source's query. A line is the number of a row, from 1."""
    text = _expanded_url(source, environ)
    url = _url(source, text, folder)
    secrets = _secrets(source, environ)
    hide([text], secrets)
    redactor = Redactor(text, secrets=secrets)
    name = f"source {source.name} from {redact_url(text)}"
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=_connect_args(url))
        with engine.connect() as connection:
            return _read(connection, source, name)
    except (NoSuchModuleError, ImportError) as error:
        reason = redactor.redact_error(error)
        raise HistoryError(f"Reading {name}: {reason}. Install the driver of this database.") from None
    except (SQLAlchemyError, ValueError) as error:
        original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        raise HistoryError(
            f"Reading {name}: {redactor.redact_error(original)}. "
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


def _url(source: Source, text: str, folder: Path) -> URL:
    where = _where(source)
    if has_stray_at(text):  # not tried: what would be taken for the host is a part of the password
        raise HistoryError(
            f"{where}: {STRAY_AT}. {ENCODE_ADVICE} The value of a variable ${{NAME}} is written as it is."
        )
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # their text quotes parts of the url, which may be a password
        raise HistoryError(
            f"{where} is not the address of a database. Give one like postgresql://USER:${{PASSWORD}}@HOST/DATABASE."
        ) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    file = folder / url.database
    if not file.is_file():  # SQLite would make an empty one
        raise HistoryError(f"{where}: there is no file {file}. Correct the url in system.toml.")
    return url.set(database=str(file))


def _where(source: Source) -> str:
    return f"Reading source {source.name}: sources.{source.name}.url"


def _expanded_url(source: Source, environ: Mapping[str, str]) -> str:
    return _expanded(source.url or "", environ, _where(source))


def _secrets(source: Source, environ: Mapping[str, str]) -> list[str]:
    """The values of the variables in the url that do not stand for a host or more: a user, a password, an option."""
    url = source.url or ""
    user_info, _, others = url.rpartition("@")
    return [environ[name] for name in VARIABLE.findall(user_info + others.partition("?")[2])]


def _expanded(url: str, environ: Mapping[str, str], where: str) -> str:
    """The url with the variables in it; those before the host (user, password) may have any sign in them."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in environ:
            raise HistoryError(
                f"{where} needs the environment variable {name}, which is not set. Set it and try again."
            )
        return environ[name]

    def quoted(found: re.Match[str]) -> str:
        return VARIABLE.sub(lambda variable: quote(value(variable), safe=""), found.group())

    return VARIABLE.sub(value, USER_AND_PASSWORD.sub(quoted, url, count=1))


def _connect_args(url: URL) -> dict[str, int]:
    return {"connect_timeout": CONNECT_TIMEOUT_SECONDS} if url.get_backend_name() == "postgresql" else {}
