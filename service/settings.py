"""What an operator may set. Read in the composition roots alone."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_HOME = Path(".headroom")


class Settings(BaseModel):
    """How the service runs; every environment variable is listed in docs/api.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default=DEFAULT_HOME, description="where the SQLite store lives unless a store is named")
    store_url: str | None = Field(default=None, description="address of a shared store")
    system: str | None = Field(default=None, description="the system to serve, where a store holds more than one")
    poll_seconds: float = Field(default=2.0, gt=0, le=3600, description="seconds between looks for a new publication")


ENVIRONMENT = {
    "home": "HEADROOM_HOME",
    "store_url": "HEADROOM_STORE_URL",
    "system": "HEADROOM_SYSTEM",
    "poll_seconds": "HEADROOM_POLL_SECONDS",
}


def read_settings(environ: Mapping[str, str], home: Path | None = None) -> Settings:
    """Settings of this environment; `home` given on the command line wins. Raises pydantic's ValidationError."""
    found = {field: environ[name] for field, name in ENVIRONMENT.items() if environ.get(name)}
    return Settings.model_validate(found | ({} if home is None else {"home": home}))
