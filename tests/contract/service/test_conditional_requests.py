"""Entity tags, 304, gzip and HEAD, on every route that has a representation."""

import gzip

import httpx
import pytest

from service.http.bodies import body_of
from tests.contract.service.client import Client

ADDRESSES = [
    "/",
    "/places/RXH",
    "/accuracy",
    "/static/page.css",
    "/v1/system",
    "/v1/publications",
    "/v1/series",
    "/v1/series?place=RXH",
    "/v1/findings",
    "/v1/findings?format=csv",
    "/v1/forecasts",
    "/v1/forecasts?format=csv",
    "/v1/forecasts?place=RXH&horizon=3",
    "/v1/forecasts/RXH/beds",
    "/v1/forecasts/RXH/beds?format=csv",
    "/v1/forecasts?cutoff=2026-11-14",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_caller_who_has_it_gets_304_and_no_body(client: Client, address: str) -> None:
    first = client.get(address)
    second = client.get(address, if_none_match=first.headers["etag"])
    assert (second.status_code, second.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert second.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('W/"other" ,W/{tag}', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        ("{tag}x", 200),
    ],
)
def test_if_none_match_compares_as_rfc_9110_says(client: Client, template: str, status: int) -> None:
    tag = client.get("/v1/forecasts").headers["etag"]
    assert client.get("/v1/forecasts", if_none_match=template.format(tag=tag)).status_code == status


def test_every_representation_has_its_own_strong_tag(client: Client) -> None:
    tags = [
        client.get(f"/v1/forecasts?format={form}", accept_encoding=encoding).headers["etag"]
        for form in ("json", "csv")
        for encoding in ("identity", "gzip")
    ]
    assert len(set(tags)) == 4
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


@pytest.mark.parametrize("address", ADDRESSES)
def test_gzip_holds_the_same_bytes(client: Client, address: str) -> None:
    plain, zipped = client.get(address), client.get(address, accept_encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content  # httpx has unzipped it
    assert zipped.headers["vary"] == plain.headers["vary"] == "Accept, Accept-Encoding"


def test_gzip_bytes_do_not_depend_on_when_they_were_made(client: Client) -> None:
    plain = client.get("/v1/forecasts").content
    length = client.get("/v1/forecasts", accept_encoding="gzip").headers["content-length"]
    again = b"".join(body_of(plain).zipped)
    assert length == str(len(again))
    assert gzip.decompress(again) == plain
    assert again[4:8] == bytes(4)  # where RFC 1952 has the instant


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br", "*;q=0"])
def test_a_caller_that_rejects_gzip_gets_none(client: Client, accepted: str) -> None:
    assert "content-encoding" not in client.get("/v1/forecasts", accept_encoding=accepted).headers


@pytest.mark.parametrize("address", [*ADDRESSES, "/healthz", "/readyz", "/docs", "/openapi.json", "/metrics"])
def test_head_gives_the_headers_alone(client: Client, address: str) -> None:
    get, head = client.get(address), client.get(address, "HEAD")
    assert (head.status_code, head.content) == (get.status_code, b"")
    if address != "/metrics":  # it counts the request in between
        assert without_id(head) == without_id(get)


def test_the_same_content_has_the_same_tag_again(client: Client) -> None:
    tags = {client.get(f"/v1/forecasts?place=RXH&horizon={n}").headers["etag"] for n in (3, 3, 4)}
    assert len(tags) == 2


def without_id(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "x-request-id"}
