"""Settings of the service, from environment variables. Only the composition roots read them."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from publication.console import argument_text
from publication.vocabulary import DEFAULT_HOME, check_system_name
from service.http.address import is_prefix

VARIABLE_PREFIX = "HEADROOM_"
ANY = "*"
ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)
DEFAULT_PORTS = {"http": "80", "https": "443"}
NO_ORIGIN = (
    "{item} is no origin as a browser sends it. Give SCHEME://HOST or SCHEME://HOST:PORT, in lower case, "
    "without a path or slash at the end, nor the port that its scheme has anyway; several with commas between them"
)
NO_PROXY = (
    "{item} is no address that a proxy can have. Give IP addresses and networks (10.0.0.0/8), "
    "with commas between them, or * alone for any"
)


FRAMING_SITE = re.compile(r"'self'|https?://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?", re.ASCII)
NO_FRAMING_SITE = (
    "{item} is no site that a frame can be allowed for. Give https://HOST, https://*.DOMAIN for all below a domain, "
    "or 'self', in lower case and without a path; several with commas between them"
)
NO_PREFIX = (
    "{item} is no path that addresses can begin with. Give one such as /headroom: letters, digits and . _ ~ - between "
    "single slashes, without one at the end"
)


def _framing_sites(text: str) -> str:
    """Return the text. Raises for what is no source of frame-ancestors that names sites."""
    for item in items(text):
        if not FRAMING_SITE.fullmatch(item):
            raise PydanticCustomError("framing_site", NO_FRAMING_SITE, {"item": repr(item)})
    return text


def _root_path(text: str) -> str:
    """Return the path. Raises for one that links cannot begin with."""
    if text and not is_prefix(text):
        raise PydanticCustomError("root_path", NO_PREFIX, {"item": repr(text)})
    return text


def _origins(text: str) -> str:
    """Return the text. Raises for an origin that no browser sends: it would never match."""
    for item in items(text):
        found = ORIGIN.fullmatch(item)
        if item != ANY and (found is None or found.group(2) == DEFAULT_PORTS.get(found.group(1), "")):
            raise PydanticCustomError("origin", NO_ORIGIN, {"item": repr(item)})
    return text


def _proxies(text: str) -> str:
    """Return the proxies as uvicorn takes them. Raises for text that is neither an address nor a network."""
    given = items(text)
    for item in given:
        if given != [ANY] and not _is_address(item):
            raise PydanticCustomError("proxy", NO_PROXY, {"item": repr(item)})
    return ",".join(given)


def _system_name(text: str) -> str:
    """Return the name. Raises for a name that no system.toml may give its system."""
    try:
        return check_system_name(text)
    except ValueError as error:
        raise PydanticCustomError("system_name", "{reason}", {"reason": str(error)}) from None


def _is_address(text: str) -> bool:
    try:
        _ = ip_network(text) if "/" in text else ip_address(text)
    except ValueError:
        return False
    return True


def items(text: str) -> list[str]:
    """Return the items between the commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


class Settings(BaseSettings):
    """Settings of the service; every environment variable is listed in docs/reference/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix=VARIABLE_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    home: Path = Field(default=DEFAULT_HOME, description="folder of the SQLite store")
    store_url: str | None = Field(
        default=None, repr=False, description="address of a shared store, in place of the home"
    )
    system_name: Annotated[str, BeforeValidator(argument_text), AfterValidator(_system_name)] | None = Field(
        default=None, description="name of the system to serve, if a store holds several"
    )
    poll_seconds: float = Field(
        default=2.0, gt=0, le=3600, description="seconds between polls for a new publication, and for changed keys"
    )
    keys_url: str | None = Field(default=None, repr=False, description="address of the database of keys")
    allowed_origins: Annotated[str, AfterValidator(_origins)] = Field(
        default="", description="web origins whose pages may read responses, separated by commas"
    )
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] = Field(
        default="", description="addresses of proxies that give the caller's address and prefix, separated by commas"
    )
    root_path: Annotated[str, AfterValidator(_root_path)] = Field(
        default="", description="path under which a proxy serves it, such as /headroom"
    )
    frame_ancestors: Annotated[str, AfterValidator(_framing_sites)] = Field(
        default="", description="sites that may show its pages in a frame, separated by commas"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the given values alone: `read_settings` reads the environment, and it is given which one."""
        return (init_settings,)

    @property
    def framing_sites(self) -> list[str]:
        return items(self.frame_ancestors)

    @property
    def origins(self) -> list[str]:
        return items(self.allowed_origins)


ENVIRONMENT = {field: f"{VARIABLE_PREFIX}{field.upper()}" for field in Settings.model_fields}
"""The environment variable of each setting."""


def read_settings(environ: Mapping[str, str], home: Path | None = None) -> Settings:
    """Return the settings of this environment; `home` of the command line wins. Raises pydantic's ValidationError."""
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in environ.items() if value}
    home = home or Path(environ.get(ENVIRONMENT["home"]) or DEFAULT_HOME)  # as a path: its bytes need not be UTF-8
    return Settings(**{**source(), "home": home})
