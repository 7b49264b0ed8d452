"""How many connections may be open at once: what the operating system leaves, after what the service needs itself."""

import sys
from contextlib import suppress

RESERVE = 128
"""File descriptors for the store, the keys, the log, and connections that are only accepted to be refused."""


def max_open_connections(wanted: int) -> int:
    """`wanted`, or how many there is room for. Asks for more room where there is not enough and more may be had."""
    limit = _raised(wanted + RESERVE)
    return wanted if limit is None else min(wanted, max(limit - RESERVE, limit // 2))


if sys.platform == "win32":

    def _raised(_needed: int) -> int | None:
        """Windows limits sockets by memory alone."""
        return None

else:
    import resource

    def _raised(needed: int) -> int | None:
        """How many files may be open, as far as needed and allowed; None without a limit."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return None
        wished = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        if wished <= soft:
            return soft
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
