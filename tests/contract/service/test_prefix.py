"""Under a path, and inside a frame: links carry the prefix, and only named sites may embed pages."""

import re

import pytest
from pydantic import ValidationError

from publication.store import Store
from service.http.security import CSP
from service.page.templating import PageTemplates
from service.settings import read_settings
from tests.contract.service.client import Clock, serve
from tests.contract.service.keys import Bunch

SELF = "127.0.0.1"  # the address that the client of the tests calls from


@pytest.mark.parametrize("sent", ["/headroom", ""], ids=["passed on", "removed by the proxy"])
def test_links_begin_with_the_root_path(issued_store: Store, sent: str) -> None:
    with serve(issued_store, Clock(), root_path="/headroom") as client:
        page = client.get(f"{sent}/v1/forecasts?limit=1")
        assert page.links["next"]["url"].startswith("/headroom/v1/forecasts?")
        assert client.get(page.links["next"]["url"]).status_code == 200
        assert client.get(f"{sent}/openapi.json").json()["servers"] == [{"url": "/headroom"}]
        docs = client.get(f"{sent}/docs").text
        html = client.get(f"{sent}/").text
        assert client.get(f"{sent}/metrics").status_code == 200
    addresses = re.findall(r"/[\w/-]*(?:openapi\.json|swagger-ui[\w.-]*)", docs)
    assert addresses
    assert all(address.startswith("/headroom/") for address in addresses)
    assets = re.findall(r'"([^"]*/static/[^"]*)"', html)
    assert assets
    assert all(address.startswith("/headroom/static/") for address in assets)


def test_bodies_are_the_same_under_each_prefix_and_pages_are_not_mixed(issued_store: Store) -> None:
    with serve(issued_store, Clock(), trusted_proxies=SELF) as client:
        answers = {
            (prefix, address): client.get(address, **({"x_forwarded_prefix": prefix} if prefix else {}))
            for prefix in ("/one", "", "/two", "/one/")
            for address in ("/v1/forecasts?limit=1", "/", "/docs")
        }
    pages = {prefix: answers[prefix, "/"] for prefix in ("/one", "", "/two")}
    assert len({page.headers["etag"] for page in pages.values()}) == 3
    assert answers["/one/", "/"].content == pages["/one"].content
    for prefix in ("/one", "", "/two"):
        assert f'"{prefix}/static/' in pages[prefix].text
        assert answers[prefix, "/v1/forecasts?limit=1"].links["next"]["url"].startswith(f"{prefix}/v1/")
    assert len({answers[prefix, "/v1/forecasts?limit=1"].headers["etag"] for prefix in ("/one", "", "/two")}) == 1


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8"])
def test_a_prefix_of_anyone_else_is_ignored(issued_store: Store, trusted: str) -> None:
    with serve(issued_store, Clock(), trusted_proxies=trusted) as client:
        page = client.get("/v1/forecasts?limit=1", x_forwarded_prefix="/evil")
    assert page.links["next"]["url"].startswith("/v1/forecasts?")


@pytest.mark.parametrize("prefix", ["//evil.example", "https://evil.example", "/a b", "/a,/b", "/..", '/"><script>'])
def test_a_prefix_that_links_cannot_begin_with_is_rejected(issued_store: Store, prefix: str) -> None:
    with serve(issued_store, Clock(), trusted_proxies="*") as client:
        answer = client.get("/v1/forecasts", x_forwarded_prefix=prefix)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:headroom:problem:malformed-request")
    assert "X-Forwarded-Prefix" in answer.json()["detail"]


@pytest.mark.parametrize("address", ["/headroom/v1/system", "/headroom/metrics", "/headroom/", "/metrics/"])
def test_a_prefix_opens_nothing_without_a_key(issued_store: Store, bunch: Bunch, address: str) -> None:
    with serve(issued_store, Clock(), keys=bunch.store, root_path="/headroom") as client:
        assert client.get(address).status_code == 401
        scraper = client.get(address, authorization=bunch.bearer("scraper")).status_code
    assert scraper == (200 if "metrics" in address else 403)


def test_templates_have_links_with_the_prefix() -> None:
    made = PageTemplates(lambda name: f"/static/{name}?v=1").of("/headroom")
    text = made.from_string("{{ link('/places/RXH') }} {{ asset('page.css') }}").render()
    assert text == "/headroom/places/RXH /headroom/static/page.css?v=1"


@pytest.mark.parametrize("address", ["/", "/places/RXH", "/docs"])
def test_named_sites_alone_may_show_a_page_in_a_frame(issued_store: Store, address: str) -> None:
    with serve(issued_store, Clock()) as client:
        closed = client.get(address).headers
    with serve(issued_store, Clock(), frame_ancestors="https://*.sharepoint.com, 'self'") as client:
        framed, api = client.get(address).headers, client.get("/v1/system").headers
    assert "frame-ancestors 'none'" in closed[CSP]
    assert closed["x-frame-options"] == "DENY"
    assert "frame-ancestors https://*.sharepoint.com 'self'" in framed[CSP]
    assert "x-frame-options" not in framed
    assert "frame-ancestors 'none'" in api[CSP]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("frame_ancestors", value)
            for value in (
                "*",
                "https:",
                "sharepoint.com",
                "https://a.b/path",
                "https://a.b; script-src *",
                "HTTPS://A.B",
            )
        ),
        *(("root_path", value) for value in ("headroom", "/headroom/", "/", "//evil.example", "/a b", "/..")),
    ],
)
def test_a_setting_that_can_never_work_is_rejected(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=r"is no (site|path) that"):
        read_settings({f"HEADROOM_{field.upper()}": value})
