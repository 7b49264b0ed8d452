"""The pages in a frame of another origin, and under a path of a proxy, in a real browser."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import servers
from tests.browser.checks import overflowing
from tests.browser.conftest import PAGE_MILLISECONDS, Open, site
from tests.browser.publications import full
from tests.builders import CUTOFF
from tests.contract.service.client import Clock

PREFIX = "/wards/beds"

Answer = Callable[[str, dict[str, str]], httpx.Response]
"""The answer to a path with its query, and to the headers of its request."""


@contextmanager
def http_server(answer: Answer) -> Iterator[str]:
    """The origin of a server on a loopback port, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            response = answer(self.path, dict(self.headers))
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                if name not in {"content-encoding", "content-length", "connection", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer((servers.LOOPBACK, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{servers.LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def board(url: Callable[[], str]) -> Iterator[str]:
    """A page of another origin that shows the page of this address in a frame."""
    style = "style='width: 100%; height: 800px'"
    with http_server(
        lambda _path, _headers: httpx.Response(200, html=f"<iframe src='{url()}' {style}></iframe>")
    ) as at:
        yield at


def opened(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """A page, and what its console says."""
    page = browser.new_context().new_page()
    page.set_default_timeout(PAGE_MILLISECONDS)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address, wait_until="load")
    return page, said


def test_a_site_that_is_allowed_shows_the_page_in_a_frame(browser: Browser, tmp_path: Path) -> None:
    urls: list[str] = []
    with board(lambda: urls[0]) as origin, site(tmp_path, Clock(), frame_ancestors=origin) as framed:
        framed.issue(full())
        urls.append(f"{framed.url}/")
        page, said = opened(browser, origin)
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Today, Sun 22 Nov")
        assert said == []
        page.context.close()


def test_no_other_site_shows_the_page_in_a_frame(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, Clock()) as alone, board(lambda: f"{alone.url}/") as origin:
        alone.issue(full())
        page, said = opened(browser, origin)
        expect(page.frame_locator("iframe").locator("h1", has_text="Today")).to_have_count(0)
        assert any("frame-ancestors" in text for text in said), said
        page.context.close()


def proxied(url: str, headers: dict[str, str]) -> Answer:
    """A proxy that serves all of an address under a path of its own, and nothing else."""

    def answer(path: str, asked: dict[str, str]) -> httpx.Response:
        if not path.startswith(f"{PREFIX}/"):
            return httpx.Response(404, text=f"not below {PREFIX}")
        wanted = {name: value for name, value in asked.items() if name.lower() in {"accept", "if-none-match"}}
        return httpx.get(f"{url}{path.removeprefix(PREFIX)}", headers=wanted | headers, timeout=60)

    return answer


@pytest.mark.parametrize(
    ("root_path", "headers"),
    [(PREFIX, {}), ("", {"X-Forwarded-Prefix": PREFIX})],
    ids=["by setting", "by header"],
)
def test_all_of_a_page_is_below_the_path_of_its_proxy(
    tmp_path: Path, open_page: Open, root_path: str, headers: dict[str, str]
) -> None:
    with (
        site(tmp_path, Clock(), root_path=root_path) as behind,
        http_server(proxied(behind.url, headers)) as origin,
    ):
        behind.issue(full())
        page = open_page(f"{origin}{PREFIX}/")
        check_addresses(page, origin)
        assert page.evaluate("[...document.styleSheets].every((sheet) => sheet.cssRules.length > 0)")
        assert overflowing(page) == []
        page.evaluate("window.isTheSame = true")
        behind.clock.pass_days(1)
        behind.issue(full(CUTOFF + timedelta(days=1), 1.02))
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.locator("#status")).to_contain_text("data to Sun 22 Nov")
        assert page.evaluate("window.isTheSame") is True
        page.get_by_label("Place", exact=True).fill("Harbour General")
        page.get_by_label("More beds").fill("12")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("This is a scenario, not the forecast.")).to_be_visible()
        assert page.url == f"{origin}{PREFIX}/?beds=RXH1:+12"
        page.goto(f"{origin}{PREFIX}/places/RXH1")
        check_addresses(page, origin)


def check_addresses(page: Page, origin: str) -> None:
    """Every link, style sheet, script and picture is below the path, and is there."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('a[href], link[href], script[src], img[src]')]
             .map((part) => (part.href || part.src).split('#')[0])"""
    )
    addresses = dict.fromkeys(found)
    assert len(addresses) > 10
    for address in addresses:
        assert address.startswith(f"{origin}{PREFIX}/"), address
    kinds = {urlsplit(address).path: address for address in addresses}
    for address in kinds.values():
        assert httpx.get(address, headers={"Accept": "*/*"}, timeout=60).status_code == httpx.codes.OK, address
