"""The address of a request as it is meant: without a prefix, a slash at the end, or a cache buster."""

import re
from typing import NamedTuple

CACHE_BUSTER = "_"
"""A parameter that some dashboards add, with another value each time, so that no cache answers them. It is ignored."""

_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+", re.ASCII)
_BUSTER = f"{CACHE_BUSTER}=".encode()


class Address(NamedTuple):
    """The address as a route gets it. `prefix` is the path that the service has for its callers, '' where it is /."""

    path: str
    query_string: bytes
    prefix: str


def is_prefix(text: str) -> bool:
    """Return whether the text can be a prefix: a path of plain signs that begins with a slash, and ends without one.

    It becomes a part of links, so it may not begin with two slashes: they would lead to another host.
    """
    return _PREFIX.fullmatch(text) is not None


def read_address(path: str, query_string: bytes, prefix: str) -> Address:
    """Return the address without its prefix, which a proxy may have removed already."""
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        path = path.removeprefix(prefix) or "/"
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    if _BUSTER in query_string:
        query_string = b"&".join(part for part in query_string.split(b"&") if not part.startswith(_BUSTER))
    return Address(path, query_string, prefix)
