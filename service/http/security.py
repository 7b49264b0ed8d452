"""Security headers, masking of keys, and the hosts that are this machine."""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Sequence

from publication.redaction import MASK

CSP = "Content-Security-Policy"
COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOTHING_EMBEDDED = "object-src 'none'; base-uri 'none'"
NO_FRAME = "frame-ancestors 'none'"
API_POLICY = f"default-src 'none'; form-action 'none'; {NOTHING_EMBEDDED}; {NO_FRAME}"
RESPONSE_HEADERS = COMMON_HEADERS | {CSP: API_POLICY}
"""Of every response, unless it sets its own."""
RAW_RESPONSE_HEADERS = [(name.lower().encode(), value.encode()) for name, value in RESPONSE_HEADERS.items()]
# Plotly writes its own style rules and style attributes, and draws its icons from data: addresses.
_PAGE = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'self'; "
    f"{NOTHING_EMBEDDED}"
)

KEY_PREFIX = "hr"
"""The start of the text of every API key, before an underscore."""

_KEY_IN_TEXT = re.compile(rf"({KEY_PREFIX}_)[0-9a-f]{{10}}_[0-9a-z_-]*", re.ASCII | re.IGNORECASE)
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z.-]+))(?::[0-9]*)?", re.ASCII)
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page_headers(frame_ancestors: Sequence[str] = (), more_policy: str = "") -> dict[str, str]:
    """Return the headers of a page, which pages of the named sites may show in a frame."""
    frame = f"frame-ancestors {' '.join(frame_ancestors)}" if frame_ancestors else NO_FRAME
    policy = f"{_PAGE}; {frame}{more_policy}"
    headers = {CSP: policy, "Cross-Origin-Opener-Policy": "same-origin"}
    return headers if frame_ancestors else headers | {"X-Frame-Options": "DENY"}  # it cannot name sites


def docs_headers(html: str, frame_ancestors: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of a page that allow exactly the inline scripts of the API documentation."""
    scripts = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(html))
    hashes = " ".join(f"'sha256-{base64.b64encode(script).decode()}'" for script in scripts)
    return page_headers(frame_ancestors, f"; script-src 'self' {hashes}")


def mask_keys(text: str) -> str:
    """Return the text with every API key in it masked: it may have been written where no key belongs."""
    return _KEY_IN_TEXT.sub(rf"\1{MASK}", text)


def is_this_machine(host_header: str | None) -> bool:
    """Return whether the Host header names this machine, as only this machine itself can.

    In DNS rebinding, the name of another site resolves to 127.0.0.1, and its page in a browser here reads the answers
    as its own. HTTP/1.0 may leave the header out; no browser does.
    """
    if host_header is None:
        return True
    found = _HOST.fullmatch(host_header.strip())
    return found is not None and is_loopback(found.group(1) or found.group(2))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
