"""Addresses as they are meant, and as they are not."""

import pytest

from service.errors import one_of
from service.http.address import is_prefix, read_address


@pytest.mark.parametrize(
    ("path", "prefix", "meant"),
    [
        ("/", "", "/"),
        ("/v1/system", "", "/v1/system"),
        ("/v1/system/", "", "/v1/system"),
        ("/v1/system//", "", "/v1/system/"),  # no route: one slash is a slip, two are another address
        ("//", "", "/"),
        ("/headroom/v1/system", "/headroom", "/v1/system"),
        ("/headroom/v1/system/", "/headroom", "/v1/system"),
        ("/headroom", "/headroom", "/"),
        ("/headroom/", "/headroom", "/"),
        ("/v1/system", "/headroom", "/v1/system"),  # a proxy that removes the prefix
        ("/headrooms/v1/system", "/headroom", "/headrooms/v1/system"),
        ("/a/b/v1/system", "/a/b", "/v1/system"),
    ],
)
def test_a_path_is_read_without_prefix_and_slash_at_the_end(path: str, prefix: str, meant: str) -> None:
    assert read_address(path, b"", prefix).path == meant


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        (b"_=1", b""),
        (b"_=", b""),
        (b"place=RXH&_=1732255200", b"place=RXH"),
        (b"_=1&place=RXH&_=2&horizon=1", b"place=RXH&horizon=1"),
        (b"__=1", b"__=1"),
        (b"place=_=1", b"place=_=1"),
    ],
)
def test_a_cache_buster_is_ignored(query: bytes, meant: bytes) -> None:
    assert read_address("/v1/system", query, "").query_string == meant


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("/headroom", True),
        ("/apps/headroom-1.0_x~y", True),
        ("", False),
        ("/", False),
        ("headroom", False),
        ("/headroom/", False),
        ("//evil.example", False),
        ("/a//b", False),
        ("/..", False),
        ("/a/./b", False),
        ("/a/..b", True),
        ("/a b", False),
        ('/a"><script>', False),
        ("/a\n", False),
        ("/ä", False),
        ("/%2e", False),
    ],
)
def test_a_prefix_is_a_path_that_links_may_begin_with(text: str, *, is_one: bool) -> None:
    assert is_prefix(text) is is_one


@pytest.mark.parametrize(
    ("near", "expected"),
    [
        ("rxh", "did you mean RXH? There are RXH, rxz, RXK"),
        (" RXZ ", "did you mean rxz? There are rxz, RXH, RXK"),
        ("RXX", "RXK, RXH, rxz"),
        ("nothing alike", "RXH, RXK, rxz"),
        ("", "RXH, RXK, rxz"),
    ],
)
def test_a_value_in_another_case_is_answered_with_the_one_that_was_meant(near: str, expected: str) -> None:
    assert one_of(["RXH", "RXK", "rxz"], near) == expected
