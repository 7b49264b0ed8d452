"""Addresses, against SQLAlchemy's own reader of them: of files whatever their names, and without their secrets."""

import re
from pathlib import Path
from urllib.parse import quote, quote_plus

from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from publication.database import sqlite_url
from publication.redaction import MASK, Redactor, has_stray_at, redact_url

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(names, min_size=1, max_size=4))
def test_the_address_of_a_file_is_read_back_as_that_file(parts: list[str]) -> None:
    file = Path("/", *parts)
    read = make_url(sqlite_url(file))
    assert (read.get_backend_name(), read.database, dict(read.query)) == ("sqlite", str(file), {})
    assert (read.username, read.password, read.host, read.port) == (None, None, None, None)


passwords = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=4)
WORDS_OF_MESSAGES = "connection to server failed host user hr with and is not number postgresql 127.0.0.1"


@given(passwords, st.sampled_from(["", "@", "@:", "/?#@:", "!$&'()*+,;=/?#@:"]))
def test_a_password_is_shown_in_no_form_that_a_library_may_quote(password: str, left_as_they_are: str) -> None:
    assume(not any(piece in WORDS_OF_MESSAGES or MASK in piece for piece in re.split(r"[\W_]+", password)))
    typed = quote(password, safe=left_as_they_are)
    url = f"postgresql://hr:{typed}@127.0.0.1/hr"
    redactor = Redactor(url)
    for form in (typed, password, quote(password, safe=""), quote_plus(password), repr(password)[1:-1], url):
        said = redactor.redact(
            f"connection to server failed: host '{form}' user hr with {form}@127.0.0.1 is not a number"
        )
        assert form not in said
        assert password not in said
        assert typed not in said
    assert typed not in redact_url(url)


@given(passwords, names, names)
def test_an_address_that_sqlalchemy_wrote_has_no_at_too_many(password: str, user: str, database: str) -> None:
    url = URL.create("postgresql", user, password, "db", 5432, database)
    text = url.render_as_string(hide_password=False)
    assert make_url(text) == url
    assert not has_stray_at(text)
    assert redact_url(text) == f"postgresql://***@db:5432/{quote(database, safe=' +/')}"


@given(passwords)
def test_an_at_that_is_left_as_it_is_makes_sqlalchemy_read_another_host(password: str) -> None:
    text = f"postgresql://hr:{password}@db/hr"
    try:
        read = make_url(text)
    except (ArgumentError, ValueError):
        return
    assert has_stray_at(text) or (read.host, read.database) == ("db", "hr")
