"""A real browser, and services in this process whose clock can be moved."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from publication.model import Publication
from publication.store import Store, default_url
from service.app import create_app
from service.http.proxies import TrustedProxyMiddleware
from service.settings import Settings
from tests import servers
from tests.contract.service.client import Clock, NoKeys

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
POLL_SECONDS = 0.1
PAGE_MILLISECONDS = 60_000
LOAD_SECONDS = 180
"""Until a publication of thousands of places is served by a busy machine."""

Open = Callable[..., Page]


class BrowserAbsentError(Exception):
    """No browser is installed."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser. Raises BrowserAbsentError where none is installed."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        raise BrowserAbsentError(f"no browser is installed: none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PAGE_MILLISECONDS)
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture(scope="module")  # its event loop runs as long as the fixture: other tests need one of their own
def browser() -> Iterator[Browser]:
    with ExitStack() as stack:
        try:
            running = stack.enter_context(chromium())
        except BrowserAbsentError as absent:
            pytest.skip(str(absent))
        yield running


class Site:
    """A service over a store of its own, on a loopback port."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.store = Store(default_url(folder))
        self.store.prepare()
        self.clock = clock
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def issue(self, made: Publication) -> None:
        """Issue a publication, and wait until it is served."""
        summary = self.store.issue(made)
        self.wait(
            lambda ready: ready.get("cutoff") == summary.cutoff.isoformat() and ready["revision"] == summary.revision
        )

    def wait(self, holds: Callable[[dict[str, object]], bool]) -> None:
        """Return once the newest publication of the service is as it should be."""
        give_up = datetime.now(UTC) + timedelta(seconds=LOAD_SECONDS)
        while datetime.now(UTC) < give_up:
            answer = httpx.get(f"{self.url}/v1/system")
            if answer.status_code == httpx.codes.OK and holds(answer.json()["publication"]):
                return
            time.sleep(POLL_SECONDS)  # the service is another thread of this process
        raise AssertionError(f"{self.url} does not serve what was issued: {answer.text[:500]}")


@contextmanager
def site(folder: Path, clock: Clock, *, frame_ancestors: str = "", root_path: str = "") -> Iterator[Site]:
    """A service that runs in a thread of its own, until the end of the block, and trusts a proxy on this machine."""
    made = Site(folder, clock)
    settings = Settings(home=folder, poll_seconds=POLL_SECONDS, frame_ancestors=frame_ancestors, root_path=root_path)
    app = TrustedProxyMiddleware(create_app(settings, made.store, clock, NoKeys()), servers.LOOPBACK)
    server = uvicorn.Server(uvicorn.Config(app, port=made.port, log_level="error", ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.05)
        yield made
    finally:
        server.should_exit = True
        thread.join(servers.STOP_SECONDS)
        made.store.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open an address in a context of its own; what it requests, and what its console says, must be in order."""
    opened: list[tuple[Page, str, list[str], list[str]]] = []

    def open_at(
        address: str,
        width: int = 1280,
        *,
        is_quiet: bool = True,
        color_scheme: Literal["light", "dark"] = "light",
        forced_colors: Literal["active", "none"] = "none",
        java_script_enabled: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=color_scheme,
            forced_colors=forced_colors,
            java_script_enabled=java_script_enabled,
        )
        context.set_default_timeout(PAGE_MILLISECONDS)
        page = context.new_page()
        requested: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        if is_quiet:
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address, wait_until="load")
        opened.append((page, address, requested, said))
        return page

    yield open_at
    for page, address, requested, said in opened:
        origin = "/".join(address.split("/")[:3])
        assert [url for url in requested if not url.startswith((origin, "data:", "blob:"))] == []
        assert said == []
        page.context.close()
