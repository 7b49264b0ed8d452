"""SQLite, opened for reading only: the service never writes, nor leaves an empty file where a store should be."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


def read_only(url: str) -> str:
    """The address of the same store, opened for reading where it is a SQLite file. Others are left as they are."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url  # the store says what is wrong with it
    file = parsed.database
    if parsed.get_backend_name() != "sqlite" or not file or file.startswith("file:") or file == ":memory:":
        return url
    if parsed.username is not None or parsed.host is not None:
        return url  # of which a file has none: the store says so
    address = URL.create(
        parsed.drivername,
        database=f"file:{quote(str(Path(file)))}",
        query={**parsed.query, "mode": "ro", "uri": "true"},
    )
    return address.render_as_string(hide_password=False)
