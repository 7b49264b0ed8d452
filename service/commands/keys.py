"""`headroom-service keys`: create, list, expire and revoke keys."""

import argparse
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from publication.console import argument_text
from service.auth.key_rows import UnreadableKey, printable
from service.auth.key_store import KeyStore
from service.auth.keys import KEY_NAME_PATTERN, MAX_PER_MINUTE, Key, Scope, new_key
from service.errors import KeyNameError, one_of
from service.http.security import mask_keys

DEFAULT_PER_MINUTE = 600
WHOLE_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
FIRST_KEY = (
    "It is the first key: within seconds every request needs one, those of dashboards and of Prometheus too. Make a "
    "key for each; for Prometheus: headroom-service keys create prometheus --scope metrics\n"
)
NO_KEY_FOR_METRICS = (
    "No key opens /metrics, so Prometheus cannot read it. Make one: headroom-service keys create prometheus "
    "--scope metrics\n"
)
METRICS_NEED_ALL_PLACES = (
    "Making the key {name}: metrics are of the complete system, so a key of one place cannot have them. "
    "Leave out --place or --scope metrics."
)

Subparsers = argparse._SubParsersAction
Places = Callable[[], tuple[str, ...]]
"""The ids of the places of the newest publication; none where it cannot be read, or there is none."""


def add_to(subparsers: "Subparsers[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    """Add the command with its options, and the `common` ones."""
    parents = [common]
    keys = subparsers.add_parser("keys", help="make, list, expire and revoke keys", parents=parents)
    actions = keys.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a key; its text is shown once, and not stored", parents=parents)
    create.add_argument("name", help="name of its holder, shown in logs and metrics")
    create.add_argument(
        "--scope", action="append", choices=[scope.value for scope in Scope], help="what it opens: read by default"
    )
    create.add_argument("--place", type=_place, help="restrict the key to this place and those below it")
    create.add_argument(
        "--per-minute", type=_per_minute, default=DEFAULT_PER_MINUTE, help="requests a minute (default %(default)s)"
    )
    create.add_argument(
        "--expires", type=_day, metavar="DAY", help="last day (UTC) on which it is valid, such as 2027-03-31"
    )
    actions.add_parser("list", help="list all keys, without their text", parents=parents)
    expire = actions.add_parser("expire", help="set the last day of a key", parents=parents)
    expire.add_argument("name", help="name of the key")
    expire.add_argument("--date", type=_day, required=True, metavar="DAY", help="last day (UTC) on which it is valid")
    revoke = actions.add_parser("revoke", help="revoke a key, at once and for good", parents=parents)
    revoke.add_argument("name", help="name of the key")


def run(options: argparse.Namespace, store: KeyStore, now: datetime, published: Places) -> None:
    """Run the command. `published` returns the published places; it is called where a key is for one of them.

    Raises KeyNameError, KeyRevokedError, KeysUnreadableError, StoreUnreachableError."""
    try:
        if options.action == "create":
            _create(options, store, now)
            _warn_of_unknown_place(options, published)
        else:
            ACTIONS[options.action](options, store, now)
    finally:
        store.close()


def _create(options: argparse.Namespace, store: KeyStore, now: datetime) -> None:
    scopes = frozenset(Scope(scope) for scope in options.scope or [Scope.READ])
    if not KEY_NAME_PATTERN.fullmatch(options.name) or mask_keys(options.name) != options.name:  # names stand in logs
        raise KeyNameError(
            f"Making a key: its name was {options.name!r}. Use lower-case letters, digits, dots and dashes, at most 63."
        )
    if options.place is not None and Scope.METRICS in scopes:
        raise KeyNameError(METRICS_NEED_ALL_PLACES.format(name=options.name))
    key, text = new_key(options.name, scopes, now, options.place, options.per_minute, options.expires)
    store.add(key)
    sys.stdout.write(f"{text}\n")
    sys.stderr.write(f"This is the key. It is shown this once: a salted hash is stored in {store.redacted_url}.\n")
    stored = store.read()
    if len(stored.keys) + len(stored.unreadable) == 1:
        sys.stderr.write(FIRST_KEY)
    elif not any(Scope.METRICS in of.scopes and of.state(now) == "valid" for of in stored.keys):
        sys.stderr.write(NO_KEY_FOR_METRICS)


def _warn_of_unknown_place(options: argparse.Namespace, published: Places) -> None:
    """Warn where the place is not published: it may be later, but more often its name is mistyped."""
    places = published() if options.place is not None else ()
    if places and options.place not in places:
        sys.stderr.write(
            f"The newest publication has no place {options.place}, so the key {options.name} opens nothing until one "
            f"has it. There are: {one_of(list(places), options.place)}.\n"
        )


def _list(_options: argparse.Namespace, store: KeyStore, now: datetime) -> None:
    stored = store.read()
    lines: list[tuple[str, ...]] = [("name", "state", "scopes", "place", "per minute", "created", "expires")]
    lines += sorted([_line(key, now) for key in stored.keys] + [_unreadable(key) for key in stored.unreadable])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    for key in stored.unreadable:
        sys.stderr.write(
            f"The key {printable(key.name)} opens nothing, for it cannot be read: {printable(key.reason)}.\n"
        )


def _unreadable(key: UnreadableKey) -> tuple[str, ...]:
    return (printable(key.name), "unreadable", *5 * ("-",))


def _line(key: Key, now: datetime) -> tuple[str, ...]:
    return (
        key.name,
        key.state(now),
        " ".join(sorted(key.scopes)),
        printable(key.place or "all"),
        str(key.per_minute),
        f"{key.created_at:%Y-%m-%d}",
        f"{key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never",
    )


def _expire(options: argparse.Namespace, store: KeyStore, _now: datetime) -> None:
    store.expire(options.name, options.date)


def _revoke(options: argparse.Namespace, store: KeyStore, now: datetime) -> None:
    store.revoke(options.name, now)


ACTIONS = {"list": _list, "expire": _expire, "revoke": _revoke}


def _day(text: str) -> datetime:
    """Return the end of the day, in UTC."""
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time.min, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, as 2027-03-31") from None


def _place(text: str) -> str:
    text = argument_text(text)
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a place, as RXH; for every place leave it out")
    return text


def _per_minute(text: str) -> int:
    if not WHOLE_NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_PER_MINUTE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_PER_MINUTE:,}")
    return int(text)
