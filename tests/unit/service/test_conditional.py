"""Content negotiation, conditions and the headers of 304, header by header."""

import asyncio
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.types import Message

from service.http.bodies import Body, DecompressedBody
from service.http.conditional import PreparedResponse, Representation, accepts_gzip, matches, preferred, respond

BODY = b'{"cutoff":"2026-11-21"}'
MODIFIED = datetime(2026, 11, 22, 5, 2, 11, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 05:02:11 GMT"
SOON_SECONDS = 1.5  # chunks are sent at once: a pause of a second after each would be noticed
OFFERED = ("application/json", "text/csv")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Header values are remembered: what an earlier test made of one must not be its answer here."""
    accepts_gzip.cache_clear()
    preferred.cache_clear()
    yield
    accepts_gzip.cache_clear()
    preferred.cache_clear()


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip", True),
        (" br ;q=1.0 , gzip ; q=0.5", True),
        ("gzip;q=1", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("gzip;Q=0", False),
        ("gzip;level=9;q=0", False),
        ("gzip;q=high", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip, *;q=0", True),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("gzipped", False),
    ],
)
def test_accept_encoding_says_whether_gzip_is_accepted(header: str, *, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("application/json;q=0.4, text/csv;q=0.5", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.5", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/csv;q=0, */*;q=0.1", "application/json"),
        ("application/json;q=0.1, text/*;q=0.2, */*", "text/csv"),
    ],
)
def test_accept_chooses_the_media_type_that_weighs_most(header: str, chosen: str) -> None:
    assert preferred(header, OFFERED) == chosen


@pytest.mark.parametrize(
    ("if_none_match", "matched"),
    [
        ('"a"', True),
        ('W/"a"', True),
        (' "a" ', True),
        ("*", True),
        (" * ", True),
        ('"b", "a"', True),
        ('"b"', False),
        ("a", False),
        ("", False),
        ('"a"x', False),
        ('"b" "a"', False),
    ],
)
def test_if_none_match_compares_weakly(if_none_match: str, *, matched: bool) -> None:
    assert matches(if_none_match, '"a"') is matched


def representation(*, allow_modified_since: bool = True) -> Representation:
    return Representation.of(
        BODY, "application/json", MODIFIED, {"X-Digest": "sha256:1"}, allow_modified_since=allow_modified_since
    )


def sent(prepared: PreparedResponse) -> tuple[dict[str, str], bytes, list[bool]]:
    """The headers, the body, and for each piece of it whether more was announced."""
    messages: list[Message] = []
    state: dict[str, object] = {}

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(asyncio.wait_for(prepared({"type": "http", "state": state}, receive, send), SOON_SECONDS))
    assert state == {"is_prepared": True}  # without it the middleware would add the headers of every response again
    start, *pieces = messages
    assert {piece["type"] for piece in pieces} == {"http.response.body"}
    assert start["status"] == prepared.status_code
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return headers, b"".join(p["body"] for p in pieces), [bool(p.get("more_body")) for p in pieces]


def test_a_full_answer_names_its_type_length_tag_and_date() -> None:
    made = representation()
    headers, body, more = sent(respond(made, {}))
    assert (body, more) == (BODY, [False])
    expected = {
        "content-type": "application/json",
        "content-length": "23",
        "etag": made.tag,
        "vary": "Accept, Accept-Encoding",
        "last-modified": DATE,
        "x-digest": "sha256:1",
        "cache-control": "no-cache",
    }
    assert expected.items() <= headers.items()
    assert "content-encoding" not in headers


def test_a_gzip_answer_has_a_tag_of_its_own_and_says_that_it_is_gzip() -> None:
    made = representation()
    headers, body, _ = sent(respond(made, {"accept-encoding": "gzip"}, "max-age=60"))
    assert gzip.decompress(body) == BODY
    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(body))
    assert headers["etag"] == made.tag[:-1] + '-gzip"'
    assert headers["cache-control"] == "max-age=60"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_304_has_the_tag_of_the_encoding_and_no_header_of_a_body(encoding: str) -> None:
    full, _, _ = sent(respond(representation(), {"accept-encoding": encoding}))
    answer = respond(representation(), {"accept-encoding": encoding, "if-none-match": full["etag"]})
    headers, body, more = sent(answer)
    assert (answer.status_code, body, more) == (304, b"", [False])
    assert headers["etag"] == full["etag"]
    assert headers["cache-control"] == full["cache-control"]
    assert not {"content-encoding", "content-length", "content-type"} & set(headers)
    assert set(full) - set(headers) <= {"content-encoding", "content-length", "content-type"}


@pytest.mark.parametrize(
    ("headers", "allow_modified_since", "status"),
    [
        ({"if-modified-since": DATE}, True, 304),
        ({"if-modified-since": DATE}, False, 200),
        ({"if-modified-since": "Sun, 22 Nov 2026 05:02:12 GMT"}, True, 200),
        ({"if-modified-since": "Sunday, 22-Nov-26 05:02:11 GMT"}, True, 304),
        ({"if-modified-since": "Sun Nov 22 05:02:11 2026"}, True, 304),
        ({"if-modified-since": "Sun, 22 Nov 2026 06:02:11 +0100"}, True, 304),
        ({"if-modified-since": "Sun, 22 Nov 2026 05:02:10 GMT"}, True, 200),
        ({"if-modified-since": "yesterday"}, True, 200),
        ({"if-modified-since": ""}, True, 200),
        ({"if-modified-since": "Sun, 99 Nov 2026 05:02:11 GMT"}, True, 200),
        ({"if-modified-since": "Sun, 22 Nov 99999999999 05:02:11 GMT"}, True, 200),
        ({"if-modified-since": f"{DATE}, {DATE}"}, True, 200),
        ({"if-modified-since": DATE, "if-none-match": '"other"'}, True, 200),
        ({}, True, 200),
    ],
)
def test_the_date_counts_where_no_tag_is_named_and_no_other_body_shares_it(
    headers: dict[str, str], *, allow_modified_since: bool, status: int
) -> None:
    assert respond(representation(allow_modified_since=allow_modified_since), headers).status_code == status


@pytest.mark.parametrize(
    ("clock_of_the_caller", "allow_modified_since", "status"),
    [
        pytest.param("05:02:10", True, 200, id="before it was issued"),
        pytest.param("05:02:11", True, 304, id="its own date"),
        pytest.param("05:02:11", False, 200, id="its own date, which another body has, too"),
        pytest.param("05:02:12", True, 200, id="after it was issued, before it was served: an older body was read"),
        pytest.param("05:03:00", True, 200, id="when it was served here, and perhaps not by another replica"),
        pytest.param("05:04:59", True, 200, id="a second less than two minutes later"),
        pytest.param("05:05:00", True, 304, id="two minutes later"),
        pytest.param("05:05:00", False, 304, id="two minutes later, whatever other body has its date"),
    ],
)
def test_a_time_of_the_callers_own_clock_counts_once_every_replica_serves_the_body(
    clock_of_the_caller: str, *, allow_modified_since: bool, status: int
) -> None:
    made = Representation.of(
        BODY,
        "application/json",
        MODIFIED,
        allow_modified_since=allow_modified_since,
        current_since=datetime(2026, 11, 22, 5, 3, 0, tzinfo=UTC),
    )
    asked = {"if-modified-since": f"Sun, 22 Nov 2026 {clock_of_the_caller} GMT"}
    assert respond(made, asked).status_code == status


def test_the_date_counts_unless_another_is_said() -> None:
    made = Representation.of(BODY, "application/json", MODIFIED)
    assert respond(made, {"if-modified-since": DATE}).status_code == 304


@pytest.mark.parametrize(
    ("plain", "size"),
    [
        pytest.param((b"abc", b"de"), 5 + 4, id="both encodings are held"),
        pytest.param(DecompressedBody((b"zzzz",)), 4, id="only the compressed one is held"),
    ],
)
def test_the_size_counts_the_bytes_that_are_held(plain: tuple[bytes, ...] | DecompressedBody, size: int) -> None:
    assert Representation.of(Body(plain, (b"zz", b"zz"), 5, "tag"), "text/csv").size == size


def test_chunks_leave_one_after_another_and_the_last_is_marked() -> None:
    _, body, more = sent(PreparedResponse(200, (), [b"a", b"b", b"c"]))
    assert (body, more) == (b"abc", [True, True, False])


def test_an_encoding_of_nothing_has_no_gzip_where_the_caller_does_not_ask_for_it() -> None:
    headers, _, _ = sent(respond(representation(), {"accept-encoding": ""}))
    assert "content-encoding" not in headers
