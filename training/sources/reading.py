"""Files of a source, and the reader of each."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from publication.console import printable
from training.errors import HistoryError
from training.files import named, reason
from training.sources.contents import Content, contents_of, logger, state_of, usable
from training.sources.delimited import read_delimited
from training.sources.extract import Extract
from training.sources.files_query import query_files
from training.sources.parquet import read_parquet
from training.sources.unpivot import with_place_column
from training.sources.workbooks import read_workbook
from training.system.model import Source

WILDCARDS = "*?["
READERS: dict[str, Callable[[Content, Source], Extract]] = {
    ".parquet": read_parquet,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".xlsb": read_workbook,
    ".xls": read_workbook,
    ".ods": read_workbook,
}


def read_source(source: Source, folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Extract]:
    """Every file of the source once, pattern by pattern, by name; or what its query answers, as one.

    `folder` is what its paths are relative to, `environ` has the variables that its url names. Files that are no
    extracts or still being written are skipped. Raises HistoryError
    where a file is missing, cannot be read, has no rows, or lacks a column that the source names; and where the
    database is out of reach or does not understand the query.
    """
    if source.url is not None:
        from training.sources.queries import read_query  # SQLAlchemy takes a while to import

        yield with_place_column(read_query(source, folder, environ))
        return
    if source.query is not None:
        yield with_place_column(query_files(source, list(_files_of(source, folder))))
        return
    for extract in _files_of(source, folder):
        yield with_place_column(extract)


def _files_of(source: Source, folder: Path) -> Iterator[Extract]:
    with _readable(f"the files of source {source.name}"):
        found = [path for pattern in source.paths for path in _files(folder, named(pattern), source)]
    n_files = 0
    for path in dict.fromkeys(found):
        file = printable(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path))
        with _readable(str(path)):
            before = state_of(path)
            extracts = [read_content(content, source) for content in contents_of(path, file)]
            if state_of(path) != before:
                logger.warning("Skipped %s: it is still being written. It is read by the next ingest.", path)
                continue
        n_files += 1
        yield from extracts
    if not n_files:
        raise HistoryError(f"Reading source {source.name}: every file of it is still being written. Try again later.")


def read_content(content: Content, source: Source) -> Extract:
    """Return one file with the columns that the source takes of it. Raises HistoryError where it cannot be read."""
    return READERS.get(content.suffix, read_delimited)(content, source)


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HistoryError(f"Reading {what}: {reason(error)}. Make it readable and try again.") from error


def _files(folder: Path, pattern: str, source: Source) -> list[Path]:
    parts = Path(pattern).parts
    fixed = next((i for i, part in enumerate(parts) if any(sign in part for sign in WILDCARDS)), len(parts))
    base = folder.joinpath(*parts[:fixed])
    if fixed < len(parts) and base.is_dir():
        os.scandir(base).close()  # raises where it cannot be read: a glob would find nothing there
    found = sorted(base.glob("/".join(parts[fixed:]))) if fixed < len(parts) else [base]
    files = [path for path in found if path.is_file()]
    if not files:
        raise HistoryError(
            f"Reading source {source.name}: there is no file {folder / pattern}. "
            f"Send the extract again, or correct sources.{source.name}.path in system.toml."
        )
    chosen = usable(files)
    if not chosen:
        raise HistoryError(
            f"Reading source {source.name}: of the files {folder / pattern} none can be read yet: {files[0].name} is "
            "still being written, or no extract. Try again when the extract is complete."
        )
    return chosen
