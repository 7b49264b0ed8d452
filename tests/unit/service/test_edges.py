"""Small rules at the edge: where to listen, what may be cached how long, how an address reads."""

import asyncio
import gzip
import hashlib
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import URL

from publication.errors import StoreUnreachableError
from publication.store import Store
from service.auth.key_store import read_only
from service.http.bodies import CHUNK_BYTES, MAX_PLAIN_BYTES, body_of
from service.http.conditional import Representation, matches
from service.http.security import CSP, docs_headers, is_loopback
from service.publications.render_cache import OBJECTS_BYTES, RenderCache
from service.queries.selection import Form, negotiated
from service.settings import Settings, read_settings
from tests.builders import build_publication
from tests.planted import HORSE, planted_in


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


@pytest.mark.parametrize("name", ["publications.db", "a b%20c.db", "what?.db", "n#1.db"])
def test_a_sqlite_file_is_opened_for_reading_only_whatever_its_name(tmp_path: Path, name: str) -> None:
    url = URL.create("sqlite", database=str(tmp_path / name)).render_as_string()
    writer, reader = Store(url), Store(read_only(url))
    with pytest.raises(StoreUnreachableError, match="unable to open"):
        reader.summaries()
    writer.prepare()
    writer.issue(build_publication(recent_days=1))
    assert len(reader.summaries()) == 1
    with pytest.raises(StoreUnreachableError, match="readonly"):
        reader.issue(build_publication(recent_days=2))
    writer.close()
    reader.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x.db?mode=ro&uri=true",
        "postgresql://u:p@h/d",
        "sqlite://u:p@h/d",
        "not an address",
        "postgresql://u:p@h:port/d",
    ],
)
def test_other_stores_are_opened_as_they_are(url: str) -> None:
    assert read_only(url) == url


def test_settings_come_from_the_environment_and_the_command_line_wins() -> None:
    environ = {"HEADROOM_HOME": "/a", "HEADROOM_STORE_URL": "sqlite:///x", "HEADROOM_POLL_SECONDS": "5", "OTHER": "1"}
    expected = Settings(home=Path("/b"), store_url="sqlite:///x", system_name=None, poll_seconds=5)
    assert read_settings(environ, Path("/b")) == expected
    assert read_settings(environ).home == Path("/a")
    assert read_settings({"HEADROOM_HOME": ""}) == Settings()


def test_settings_show_no_address_where_they_are_printed_or_cannot_be_read() -> None:
    url = f"postgresql://hr:{HORSE}@h/d"
    found = read_settings({"HEADROOM_STORE_URL": url, "HEADROOM_KEYS_URL": url})
    assert (found.store_url, found.keys_url) == (url, url)
    with pytest.raises(ValidationError) as raised:
        read_settings({"HEADROOM_POLL_SECONDS": url})
    assert planted_in(f"{found!r} {raised.value}") == []


def test_a_documentation_page_may_run_its_own_inline_script_and_no_other() -> None:
    # echo -n 'go()' | openssl dgst -sha256 -binary | base64
    assert "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='" in docs_headers("<p><script>go()</script>")[CSP]


@given(st.text(st.characters(codec="latin-1")))
def test_no_header_can_make_negotiation_fail(header: str) -> None:
    assert negotiated(None, header) in set(Form)
    assert matches(header, '"tag"') in {True, False}


@given(st.binary())
def test_a_tag_changes_with_the_body_and_with_nothing_else(body: bytes) -> None:
    assert Representation.of(body, "a/b").tag == Representation.of(body, "c/d").tag
    assert Representation.of(body, "a/b").tag != Representation.of(body + b"x", "a/b").tag


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES, MAX_PLAIN_BYTES, MAX_PLAIN_BYTES + 1, 3 * MAX_PLAIN_BYTES])
def test_a_body_is_sent_as_it_was_built_plain_and_compressed(length: int) -> None:
    body = (b"northshire/occupancy,2026-11-22,1,878.749\n" * (length // 42 + 1))[:length]
    made = Representation.of(body_of(*(body[i : i + 10_000] for i in range(0, length, 10_000))), "text/csv")
    assert b"".join(made.plain.chunks) == body
    assert gzip.decompress(b"".join(made.gzipped.chunks)) == body
    assert gzip.decompress(b"".join(Representation.of(body, "text/csv").gzipped.chunks)) == body
    assert dict(made.plain.headers)[b"content-length"] == str(length).encode()
    assert made.tag == f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    assert (made.size >= length) == (length <= MAX_PLAIN_BYTES)  # of a larger one, the compressed bytes alone


def test_compressed_bytes_do_not_depend_on_the_parts_of_a_body() -> None:
    body = random.Random(1).randbytes(3 * CHUNK_BYTES + 1)
    made = [body_of(*(body[i : i + size] for i in range(0, len(body), size))) for size in (1000, CHUNK_BYTES, 2**30)]
    assert made[0] == made[1] == made[2]


async def _ask(render_cache: RenderCache, keys: list[str], made: list[str]) -> None:
    for key in keys:

        def render(key: str = key) -> Representation:
            made.append(key)
            return Representation.of(os.urandom(300), "a/b")  # which gzip cannot make smaller

        again = await render_cache.get((key,), render)
        assert again is await render_cache.get((key,), render)


@pytest.mark.parametrize(
    ("keys", "made"),
    [
        ("aaa", "a"),
        ("abab", "ab"),
        ("abca", "abca"),  # c pushed a out
        ("abacb", "abcb"),  # a was asked for last, so b went
        ("w", ""),  # complete bodies are rendered beforehand
        ("abcdw", "abcd"),  # and never pushed out
    ],
)
def test_filtered_bodies_stay_while_there_is_room(keys: str, made: str) -> None:
    render_cache = RenderCache(room=1500 + 2 * OBJECTS_BYTES)
    render_cache.replace_complete({("w",): Representation.of(b"w" * 9000, "a/b")})
    found: list[str] = []
    asyncio.run(_ask(render_cache, list(keys), found))
    assert "".join(found) == made


def test_what_is_no_longer_the_newest_keeps_nothing_until_it_is_asked_for() -> None:
    render_cache = RenderCache()
    found: list[str] = []
    asyncio.run(_ask(render_cache, list("ab"), found))
    render_cache.replace_complete({})
    asyncio.run(_ask(render_cache, list("ab"), found))
    assert "".join(found) == "abab"
