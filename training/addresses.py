"""Addresses of databases in system.toml: variables of the environment are filled in, and secrets masked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from publication.console import hide
from publication.database import CONNECT_TIMEOUT_SECONDS
from publication.redaction import ENCODE_ADVICE, STRAY_AT, Redactor, has_stray_at, redact_url

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
USER_AND_PASSWORD = re.compile(r"(?<=://)[^@/]*(?=@)")


@dataclass(frozen=True)
class DatabaseAddress:
    """The address of a database: as SQLAlchemy takes it, and as it may be shown."""

    url: URL = field(repr=False)
    redacted: str
    redactor: Redactor = field(repr=False)

    @property
    def connect_args(self) -> dict[str, int]:
        """Return what the driver is given beyond the address."""
        return {"connect_timeout": CONNECT_TIMEOUT_SECONDS} if self.url.get_backend_name() == "postgresql" else {}

    def below(self, folder: Path) -> "DatabaseAddress":
        """Return the address; that of a SQLite file is relative to the folder."""
        if self.url.get_backend_name() != "sqlite" or not self.url.database:
            return self
        return replace(self, url=self.url.set(database=str(folder / self.url.database)))


def database_address(text: str, environ: Mapping[str, str], where: str) -> DatabaseAddress:
    """Return the address that a text of system.toml gives. Its secrets are masked in all output from now on.

    Raises ValueError, with a sentence that begins with `where`, if a variable is not set or it is no address.
    """
    expanded = _expanded(text, environ, where)
    secrets = _secrets(text, environ)
    hide([expanded], secrets)
    return DatabaseAddress(_url(expanded, where), redact_url(expanded), Redactor(expanded, secrets=secrets))


def _url(text: str, where: str) -> URL:
    if has_stray_at(text):  # not tried: what would be taken for the host is a part of the password
        raise ValueError(f"{where}: {STRAY_AT}. {ENCODE_ADVICE} The value of a variable ${{NAME}} is written as it is.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # their text quotes parts of the url, which may be a password
        raise ValueError(
            f"{where} is not the address of a database. Give one like postgresql://USER:${{PASSWORD}}@HOST/DATABASE."
        ) from None
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _secrets(url: str, environ: Mapping[str, str]) -> list[str]:
    """The values of the variables in the url that do not stand for a host or more: a user, a password, an option."""
    user_info, _, others = url.rpartition("@")
    return [environ[name] for name in VARIABLE.findall(user_info + others.partition("?")[2])]


def _expanded(url: str, environ: Mapping[str, str], where: str) -> str:
    """The url with the variables in it; those before the host (user, password) may have any sign in them."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in environ:
            raise ValueError(f"{where} needs the environment variable {name}, which is not set. Set it and try again.")
        return environ[name]

    def quoted(found: re.Match[str]) -> str:
        return VARIABLE.sub(lambda variable: quote(value(variable), safe=""), found.group())

    return VARIABLE.sub(value, USER_AND_PASSWORD.sub(quoted, url, count=1))
