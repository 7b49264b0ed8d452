"""Addresses of files, against SQLAlchemy's own reader of addresses."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from publication.engines import sqlite_url

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(names, min_size=1, max_size=4))
def test_the_address_of_a_file_is_read_back_as_that_file(parts: list[str]) -> None:
    file = Path("/", *parts)
    read = make_url(sqlite_url(file))
    assert (read.get_backend_name(), read.database, dict(read.query)) == ("sqlite", str(file), {})
    assert (read.username, read.password, read.host, read.port) == (None, None, None, None)
