"""Settings in which a value that never matches would be worse than none."""

import pytest
from pydantic import ValidationError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.settings import Settings

PROXIES = [
    # what is set, a client that is to be believed, one that is not
    ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
    (" 10.1.2.3 , ::1 ,", "::1", "10.1.2.4"),
    ("10.0.0.0/8,fd00::/8", "10.200.0.1", "11.0.0.1"),
    ("10.0.0.0/255.0.0.0", "10.200.0.1", "11.0.0.1"),
    ("FD00:0::1", "fd00::1", "fd00::2"),
    (" * ", "203.0.113.9", None),
]


async def nothing(*_: object) -> None:
    """An application that is never asked."""


@pytest.mark.parametrize(("given", "believed", "other"), PROXIES, ids=[given for given, *_ in PROXIES])
def test_proxies_are_those_that_the_server_believes(given: str, believed: str, other: str | None) -> None:
    trusted = ProxyHeadersMiddleware(nothing, Settings(trusted_proxies=given).trusted_proxies).trusted_hosts
    assert believed in trusted
    assert other is None or other not in trusted


@pytest.mark.parametrize(
    "given",
    ["not-an-ip", "proxy.example", "10.0.0.1:80", "10.0.0.1/8", "10.0.0", "*,10.0.0.1", "10.0.0.*", "/run/proxy.sock"],
)
def test_what_no_proxy_can_have_is_rejected(given: str) -> None:
    with pytest.raises(ValidationError, match=r"is no address that a proxy can have\. Give IP addresses"):
        Settings(trusted_proxies=given)


def test_origins_are_taken_as_browsers_send_them() -> None:
    given = ["https://dash.example", "http://dash.example:8080", "http://[::1]:3000", "app://headroom", "*"]
    assert Settings(allowed_origins=" , ".join(given)).origins == given
    assert Settings(allowed_origins="").origins == []


@pytest.mark.parametrize(
    "given",
    [
        "dash.example",
        "//dash.example",
        "https://",
        "https://dash.example/",
        "https://dash.example/page",
        "https://dash.example?x",
        "https://user@dash.example",
        "https://Dash.example",
        "HTTPS://dash.example",
        "https://dash.example:443",
        "http://dash.example:80",
        "https://*.example",
        "null",
        "https://one.example https://two.example",
        "https://one.example,two.example",
    ],
)
def test_what_no_browser_sends_is_rejected(given: str) -> None:
    with pytest.raises(ValidationError, match=r"is no origin as a browser sends it\. Give SCHEME://HOST"):
        Settings(allowed_origins=given)
