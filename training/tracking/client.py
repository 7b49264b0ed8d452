"""The connection to MLflow."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from requests.exceptions import RequestException
from sqlalchemy.exc import DBAPIError

from training.errors import OutOfReachError

QUIET = ("mlflow", "alembic", "mlflow.store.db.utils")


def connect(tracking_uri: str, artifacts: Path, system: str) -> None:
    """Point MLflow at the tracking server or database, and make the system's experiment there if it is absent.

    `artifacts` is where a local database keeps its files; a server has a place of its own.
    """
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with reach(tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        if mlflow.get_experiment_by_name(system) is None:
            remote = tracking_uri.startswith(("http:", "https:"))
            mlflow.create_experiment(system, artifact_location=None if remote else artifacts.as_uri())
        mlflow.set_experiment(system)


@contextmanager
def reach(tracking_uri: str) -> Iterator[None]:
    """Turns every failure to talk to MLflow into OutOfReachError."""
    try:
        yield
    except (MlflowException, RequestException, DBAPIError, OSError) as error:
        raise out_of_reach(tracking_uri, error) from error


def out_of_reach(tracking_uri: str, error: Exception) -> OutOfReachError:
    """The sentence for what made talking to MLflow fail."""
    first = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
    sentence = (
        f"Talking to MLflow at {tracking_uri}: {first}. Check that it runs and that MLFLOW_TRACKING_URI is right."
    )
    return OutOfReachError(_without_password(sentence, tracking_uri))


def _without_password(text: str, uri: str) -> str:
    """The text without the user and password of the address, which libraries quote too."""
    who = urlsplit(uri).netloc.rpartition("@")[0]
    return text.replace(f"{who}@", "") if who else text
