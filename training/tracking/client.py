"""The connection to MLflow."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from requests.exceptions import RequestException
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from publication.console import is_utf_8, not_utf_8
from publication.database import sqlite_file
from publication.full_disk import is_disk_full
from publication.redaction import ENCODE_ADVICE, STRAY_AT, Redactor, has_stray_at, redact_url
from training.errors import DiskFullError, OutOfReachError

LOG_LEVELS = {
    "mlflow": logging.WARNING,
    "alembic": logging.WARNING,
    "mlflow.store.db.utils": logging.CRITICAL,  # it writes pages of what it raises too, and our one sentence says
    "urllib3": logging.ERROR,  # it warns of each attempt
    "matplotlib": logging.ERROR,  # it warns where it cannot cache a list of fonts
}
API_REQUEST = "API request to"  # how MLflow begins an error of the network
TIMEOUT_SECONDS = "10"
RETRIES, TIMEOUT = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"
TIMEOUTS = {"PGCONNECT_TIMEOUT": TIMEOUT_SECONDS, RETRIES: "2"}  # the first is read by PostgreSQL's client library
FIRST_TIMEOUTS = {TIMEOUT: TIMEOUT_SECONDS, RETRIES: "0"}
"""For a server that has not answered yet. One that has may take MLflow's own two minutes over a large file."""


def connect(tracking_uri: str, artifacts: Path, system: str) -> None:
    """Point MLflow at the tracking server or database, and make the system's experiment there if it is absent.

    `artifacts` is the folder for the files of a local database; a server has a place of its own.
    """
    for name, level in LOG_LEVELS.items():
        logging.getLogger(name).setLevel(level)
    for name, seconds in TIMEOUTS.items():
        os.environ.setdefault(name, seconds)
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # MLflow would print it with its password
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    reject_malformed(tracking_uri)
    _try_database_once(tracking_uri)
    with reach(tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        with _first_timeouts():
            is_there = mlflow.get_experiment_by_name(system) is not None
        if not is_there:
            remote = tracking_uri.startswith(("http:", "https:"))
            mlflow.create_experiment(system, artifact_location=None if remote else artifacts.as_uri())
        mlflow.set_experiment(system)


def _try_database_once(tracking_uri: str) -> None:
    """Connect once where MLflow is a database: it would try ten times itself, for two minutes."""
    where = urlsplit(tracking_uri)
    if where.scheme.partition("+")[0] not in DATABASE_ENGINES:
        return
    if where.scheme == "sqlite" and not Path(where.path.removeprefix("/")).parent.is_dir():
        return  # MLflow makes the folder, or says why it cannot
    from mlflow.store.db.utils import create_sqlalchemy_engine  # slow to import, and a server needs none of it

    try:
        engine = create_sqlalchemy_engine(tracking_uri)  # type: ignore[no-untyped-call]
        try:
            engine.connect().close()
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise out_of_reach(tracking_uri, error) from None


@contextmanager
def _first_timeouts() -> Iterator[None]:
    """Set short timeouts, except those that the environment sets, while the block lasts."""
    before = {name: os.environ.get(name) for name in FIRST_TIMEOUTS}
    ours = {name: value for name, value in FIRST_TIMEOUTS.items() if before[name] in (None, TIMEOUTS.get(name))}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})


@contextmanager
def reach(tracking_uri: str) -> Iterator[None]:
    """Turns every failure to talk to MLflow into OutOfReachError, or DiskFullError; no sentence holds a secret."""
    try:
        yield
    except (MlflowException, RequestException, DBAPIError, OSError) as error:
        if is_disk_full(error, sqlite_file(tracking_uri)):
            raise DiskFullError(
                f"Writing to MLflow at {redact_url(tracking_uri)}: its disk is full. Make room there, and run it again."
            ) from None
        raise out_of_reach(tracking_uri, error) from None


def _reason(error: Exception) -> str:
    """Return the cause of a failure in the words of the driver or the network, without those of libraries around it."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, DBAPIError) and cause.orig is not None:
            return str(cause.orig)
    of_network = isinstance(error, RequestException) or str(error).startswith(API_REQUEST)
    words = [_words(cause) for cause in chain if isinstance(cause, OSError) and not isinstance(cause, RequestException)]
    return words[-1] if words and of_network else str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: OSError) -> str:
    return error.strerror or str(error)


def reject_malformed(tracking_uri: str) -> None:
    """Raise OutOfReachError for an address that libraries misread, before they print or resolve parts of it."""
    if not is_utf_8(tracking_uri):
        raise OutOfReachError(f"Reading MLFLOW_TRACKING_URI: {not_utf_8(tracking_uri, 'address')}.")
    if has_stray_at(tracking_uri):
        raise OutOfReachError(f"Reading MLFLOW_TRACKING_URI: {STRAY_AT}. {ENCODE_ADVICE}")
    if tracking_uri.startswith(tuple(DATABASE_ENGINES)):
        try:
            create_engine(tracking_uri).dispose()  # nothing is connected to
        except (SQLAlchemyError, ImportError) as error:
            raise out_of_reach(tracking_uri, error) from None
        except ValueError:  # its text quotes what stands where the port should, which may be part of a password
            raise OutOfReachError(f"Reading MLFLOW_TRACKING_URI: its port is not a number. {ENCODE_ADVICE}") from None


def out_of_reach(tracking_uri: str, error: Exception) -> OutOfReachError:
    """Return the sentence for what made talking to MLflow fail, without any secret."""
    first = next(iter(_reason(error).splitlines()), type(error).__name__).rstrip(".")
    reason = Redactor.of_environment(os.environ, tracking_uri).redact(first)
    return OutOfReachError(
        f"Talking to MLflow at {redact_url(tracking_uri)}: {reason}. "
        "Check that it runs and that MLFLOW_TRACKING_URI is right."
    )
