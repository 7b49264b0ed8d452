"""Which files a source has, and who reads each."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from publication.console import printable
from training.errors import HistoryError
from training.files import named, reason
from training.sources.delimited import read_delimited
from training.sources.extract import Extract
from training.sources.parquet import read_parquet
from training.sources.workbooks import read_workbook
from training.system import Source

WILDCARDS = "*?["
READERS: dict[str, Callable[[Path, str, Source], Extract]] = {
    ".parquet": read_parquet,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".xlsb": read_workbook,
    ".xls": read_workbook,
    ".ods": read_workbook,
}


def read_source(source: Source, folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Extract]:
    """Every file of the source once, pattern by pattern, by name; or what its database answers.

    `folder` is what its paths are relative to, `environ` has the variables that its url names. Raises HistoryError
    where a file is missing, cannot be read, has no rows, or lacks a column that the source names; and where the
    database is out of reach or does not understand the query.
    """
    if source.url is not None:
        from training.sources.queries import read_query  # SQLAlchemy takes a while to import

        yield read_query(source, folder, environ)
        return
    with _readable(f"the files of source {source.name}"):
        files = [path for pattern in source.paths for path in _files(folder, named(pattern), source)]
    for path in dict.fromkeys(files):
        file = printable(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path))
        read = READERS.get(path.suffix.lower(), read_delimited)
        with _readable(str(path)):
            extract = read(path, file, source)
        yield extract


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
    return files
