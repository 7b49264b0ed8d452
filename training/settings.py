"""The settings of a training job: its folders and addresses, from the command line and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from publication.home import RESTORE_MARKER
from publication.vocabulary import DEFAULT_HOME


@dataclass(frozen=True)
class Settings:
    """`home` holds the history, what was found wrong with it, and by default the store and the MLflow database."""

    home: Path
    store_url: str = field(repr=False)
    keys_url: str = field(repr=False)
    tracking_uri: str = field(repr=False)

    @property
    def archive(self) -> Path:
        return self.home / "history"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def findings(self) -> Path:
        return self.home / "findings"

    @property
    def proposals(self) -> Path:
        """Events that the history suggests."""
        return self.home / "proposals"

    @property
    def reports(self) -> Path:
        """Pages about the data."""
        return self.home / "reports"

    @property
    def champions(self) -> Path:
        """Registered versions that were fetched, so that publishing goes on without MLflow."""
        return self.home / "champions"

    @property
    def states(self) -> Path:
        """The state of the last publication of each system, so that the next makes only what has changed."""
        return self.home / "states"

    @property
    def locks(self) -> Path:
        """The locks of jobs, by kind."""
        return self.home / "locks"

    @property
    def restore_marker(self) -> Path:
        """The file that says which backup is being restored."""
        return self.home / RESTORE_MARKER

    @property
    def artifacts(self) -> Path:
        """The folder of MLflow's files when the tracking database is a local one."""
        return self.home / "mlartifacts"


def settings(home: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings from `--home`, HEADROOM_HOME, HEADROOM_STORE_URL, HEADROOM_KEYS_URL, MLFLOW_TRACKING_URI."""
    from publication.key_tables import KEYS_URL_SETTING, default_keys_url
    from publication.store import default_url  # SQLAlchemy takes a while to import; `--help` does without

    place = (home or Path(environ.get("HEADROOM_HOME", DEFAULT_HOME))).resolve()
    store_url = environ.get("HEADROOM_STORE_URL", default_url(place))
    return Settings(
        home=place,
        store_url=store_url,
        keys_url=environ.get(KEYS_URL_SETTING) or default_keys_url(store_url, place),
        tracking_uri=environ.get("MLFLOW_TRACKING_URI", _default_tracking_uri(place)),
    )


def _default_tracking_uri(home: Path) -> str:
    """Return the address of the MLflow database under `home`.

    Of an address that begins with `sqlite:///` MLflow makes the folder as it is written, percent signs and all; where
    that is another folder than the home, the driver is named too, and MLflow makes none.
    """
    from publication.database import sqlite_url

    file = home / "mlflow.db"
    url = sqlite_url(file)
    return url if url.endswith(str(file)) else url.replace("sqlite:", "sqlite+pysqlite:", 1)
