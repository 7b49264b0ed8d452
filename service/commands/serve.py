"""The command line of the service: serve publications, or manage keys."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import cast

import orjson
import uvicorn
from pydantic import ValidationError

from publication import __version__
from publication.errors import SchemaVersionError, StoreFullError, StoreUnreachableError
from publication.full_disk import FULL_DISK_EXIT_CODE
from publication.home import unfinished_restore
from publication.key_tables import default_keys_url
from publication.redaction import redact_addresses
from publication.store import Store, default_url
from service.app import create_app
from service.auth.key_store import KeyStore, read_only
from service.auth.keys import AnonymousPolicy
from service.commands import briefing as briefing_command
from service.commands import keys as key_commands
from service.errors import (
    BriefingDiskFullError,
    KeysDiskFullError,
    KeysUnreadableError,
    NothingToServeError,
    ServiceError,
    UnfinishedRestoreError,
)
from service.http.connection import ConnectionLimits, max_open_connections
from service.http.proxies import TrustedProxyMiddleware
from service.http.security import is_loopback, mask_keys
from service.observability import logs
from service.publications.decompression import IsalDecompressor
from service.settings import ENVIRONMENT, Settings, read_settings

EXIT_SECONDS = 1.0
DONE = 0


def install_shutdown_handlers(write_last: Callable[[], object]) -> None:
    """Let Ctrl+C and SIGTERM end the process with exit code 0, not by the signal itself.

    uvicorn passes the signal on when all requests have ended. Python would then wait for threads that wait for a store:
    after a second `write_last` is called, and the process exits.
    """

    def exit_now() -> None:
        write_last()
        os._exit(DONE)

    def end(_signal: int, _frame: FrameType | None) -> None:
        late = threading.Timer(EXIT_SECONDS, exit_now)
        late.daemon = True
        late.start()
        raise SystemExit(DONE)

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, end)


UNEXPECTED_ERROR = 1
USAGE_ERROR = 2
NOTHING_PUBLISHED = 4
STORE_OUT_OF_REACH = 6
SHUTDOWN_SECONDS = 5
SWITCH_SECONDS = 0.002  # how long a request waits for a thread that renders; less slows both, more shows in p99
KEEP_ALIVE_SECONDS = 75  # longer than the minute between two polls of a dashboard
MAX_CONNECTIONS = 2000
HIGHEST_PORT = 65535

KEY_REQUIRED_BEYOND_LOOPBACK = (
    "Listening on {host}: everyone who can reach it could read the forecasts, for no key has been made. "
    "Make one with `headroom-service keys create NAME`, leave --host at 127.0.0.1, "
    "or give --allow-anonymous where the network itself is guarded."
)
FEW_CONNECTIONS = (
    "Opening up to %d connections, not %d: this process may not open more files. Raise the limit where it is started "
    "(ulimit -n, or LimitNOFILE= of systemd)."
)

logger = logging.getLogger("service")


def main(argv: list[str] | None, environ: Mapping[str, str]) -> int:
    """Serve until stopped, or run a command on keys. Gives the exit code."""
    return _run(parser().parse_args(argv), environ)


def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    try:
        settings = read_settings(environ, options.home)
        _check_restored(settings)
        if options.command == "keys":
            if options.action == "create":
                _make_home(settings)
            keys = _key_store(settings, writable=True)
            key_commands.run(options, keys, datetime.now(UTC), lambda: _published_places(settings))
            return 0
        if options.command == "briefing":
            return _write_briefing(settings, options)
        return _open_and_serve(settings, options)
    except ValidationError as error:
        return _fail(_sentences(error), USAGE_ERROR)
    except (StoreFullError, KeysDiskFullError, BriefingDiskFullError) as error:
        return _fail(str(error), FULL_DISK_EXIT_CODE)
    except (StoreUnreachableError, SchemaVersionError, KeysUnreadableError, UnfinishedRestoreError) as error:
        return _fail(str(error), STORE_OUT_OF_REACH)
    except NothingToServeError as error:
        return _fail(error.detail, NOTHING_PUBLISHED)
    except ServiceError as error:
        return _fail(str(error), USAGE_ERROR)


def _check_restored(settings: Settings) -> None:
    """Raise UnfinishedRestoreError: without the keys of the backup, the service would be open to everyone."""
    unfinished = unfinished_restore(settings.home)
    if unfinished is not None:
        raise UnfinishedRestoreError(unfinished)


def _write_briefing(settings: Settings, options: argparse.Namespace) -> int:
    store = Store(read_only(_store_url(settings)), orjson.loads, IsalDecompressor)
    with contextlib.closing(store):
        store.check_version()
        asyncio.run(
            briefing_command.run(options, store, settings.system_name, lambda: datetime.now(UTC), sys.stdout.write)
        )
    return DONE


def _open_and_serve(settings: Settings, options: argparse.Namespace) -> int:
    store = Store(read_only(_store_url(settings)), orjson.loads, IsalDecompressor)
    keys = _key_store(settings)
    anonymous_policy = _anonymous_policy(options)
    if anonymous_policy is AnonymousPolicy.REJECT and _has_no_keys(keys):
        return _fail(KEY_REQUIRED_BEYOND_LOOPBACK.format(host=options.host), USAGE_ERROR)
    with contextlib.suppress(StoreUnreachableError):  # it may come: /readyz says so until then
        store.check_version()
    return _serve(settings, store, keys, options, anonymous_policy)


def _serve(
    settings: Settings, store: Store, keys: KeyStore, options: argparse.Namespace, anonymous_policy: AnonymousPolicy
) -> int:
    lines = logs.Background(logs.to_descriptor(sys.stderr.fileno()))
    logs.configure(lines)
    install_shutdown_handlers(lines.close)
    sys.setswitchinterval(SWITCH_SECONDS)
    app = create_app(
        settings,
        store,
        lambda: datetime.now(UTC),
        keys,
        anonymous_policy=anonymous_policy,
        log=logs.RequestLog(lines),
    )
    limits = ConnectionLimits(app.recorder, _max_connections())
    try:
        uvicorn.run(
            TrustedProxyMiddleware(app, settings.trusted_proxies) if settings.trusted_proxies else app,
            host=options.host,
            port=options.port,
            http=cast("type[asyncio.Protocol]", limits.connection),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            workers=1,  # whatever WEB_CONCURRENCY says
            proxy_headers=False,  # ours takes them, and the prefix
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    except SystemExit as ended:  # where the port is taken, as the log has said, uvicorn's own code means something else
        return UNEXPECTED_ERROR if ended.code else 0
    finally:
        store.close()
        keys.close()
        lines.close()
    return 0


def _max_connections() -> int:
    allowed = max_open_connections(MAX_CONNECTIONS)
    if allowed < MAX_CONNECTIONS:
        logger.warning(FEW_CONNECTIONS, allowed, MAX_CONNECTIONS)
    return allowed


def _anonymous_policy(options: argparse.Namespace) -> AnonymousPolicy:
    if options.allow_anonymous:
        return AnonymousPolicy.ALLOW
    return AnonymousPolicy.LOOPBACK if is_loopback(options.host) else AnonymousPolicy.REJECT


def _has_no_keys(keys: KeyStore) -> bool:
    """Return whether there are certainly no keys. While they cannot be read, every request is rejected."""
    try:
        return not keys.read()
    except (StoreUnreachableError, KeysUnreadableError):
        return False


def _published_places(settings: Settings) -> tuple[str, ...]:
    """Return the places of the newest publication; none where it cannot be read: keys are made without it, too."""
    with contextlib.suppress(Exception):
        store = Store(read_only(_store_url(settings)))
        with contextlib.closing(store):
            return tuple(place.id for place in store.latest(settings.system_name).system.places)
    return ()


def _make_home(settings: Settings) -> None:
    """Make the home, as every job does: the first key may be made before the first publication."""
    if not settings.keys_url and _store_url(settings).startswith("sqlite"):
        with contextlib.suppress(OSError):  # the store will say so
            settings.home.mkdir(parents=True, exist_ok=True)


def _store_url(settings: Settings) -> str:
    return settings.store_url or default_url(settings.home)


def _key_store(settings: Settings, *, writable: bool = False) -> KeyStore:
    if settings.keys_url:
        return KeyStore(settings.keys_url, writable=writable, setting=ENVIRONMENT["keys_url"])
    url = default_keys_url(_store_url(settings), settings.home)
    return KeyStore(url, writable=writable, setting=ENVIRONMENT["store_url"])


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "headroom-service", description="Serve the newest publication of forecasts.", parents=[_home(default=None)]
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}", help="print the release, and end"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="port to listen on, 0 for any free one (default %(default)s)"
    )
    parser.add_argument(
        "--allow-anonymous",
        action="store_true",
        help="without keys, allow anyone to read: listen on any address and answer for any host name",
    )
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", help="keys: make, list, expire and revoke keys; briefing: the morning page"
    )
    key_commands.add_to(subparsers, _home(default=argparse.SUPPRESS))
    briefing_command.add_to(subparsers, _home(default=argparse.SUPPRESS))
    return parser


def _home(default: object) -> argparse.ArgumentParser:
    """Return the option that every command takes, before its name or after it."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--home", type=Path, default=default, help="folder of the store (HEADROOM_HOME, default .headroom)"
    )
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(
            f"Listening on port {text!r}: ports are 0, for any free one, to {HIGHEST_PORT}."
        )
    return int(text)


def _fail(sentence: str, exit_code: int) -> int:
    sys.stderr.write(f"headroom-service: {mask_keys(sentence)}\n")  # a key may have been pasted for its name
    return exit_code


def _sentences(error: ValidationError) -> str:
    def plain(message: str) -> str:
        return f"{message[:1].lower()}{message[1:]}"

    return " ".join(
        f"Reading {ENVIRONMENT[str(item['loc'][0])]}: found {redact_addresses(repr(item['input']))}; "
        f"{redact_addresses(plain(item['msg']))}."
        for item in error.errors()
    )
