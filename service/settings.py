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
    keys_url: str | None = Field(default=None, description="where the keys are, if not beside the publications")
    allowed_origins: str = Field(default="", description="web origins, by commas, whose pages may read the answers")
    trusted_proxies: str = Field(default="", description="addresses, by commas, that may say whom they ask for")

    @property
    def origins(self) -> list[str]:
        return [origin.strip() for origin in self.allowed_origins.split(",") if origin.strip()]


ENVIRONMENT = {
    "home": "HEADROOM_HOME",
    "store_url": "HEADROOM_STORE_URL",
    "system": "HEADROOM_SYSTEM",
    "poll_seconds": "HEADROOM_POLL_SECONDS",
    "keys_url": "HEADROOM_KEYS_URL",
    "allowed_origins": "HEADROOM_ALLOWED_ORIGINS",
    "trusted_proxies": "HEADROOM_TRUSTED_PROXIES",
}


def read_settings(environ: Mapping[str, str], home: Path | None = None) -> Settings:
    """Settings of this environment; `home` given on the command line wins. Raises pydantic's ValidationError."""
    found = {field: environ[name] for field, name in ENVIRONMENT.items() if environ.get(name)}
    return Settings.model_validate(found | ({} if home is None else {"home": home}))
