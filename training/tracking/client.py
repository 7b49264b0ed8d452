"""The connection to MLflow."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from requests.exceptions import RequestException
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from publication.redaction import ENCODE_ADVICE, STRAY_AT, Redactor, has_stray_at, redact_url
from training.errors import OutOfReachError

QUIET = ("mlflow", "alembic", "mlflow.store.db.utils")


def connect(tracking_uri: str, artifacts: Path, system: str) -> None:
    """Point MLflow at the tracking server or database, and make the system's experiment there if it is absent.

    `artifacts` is where a local database keeps its files; a server has a place of its own.
    """
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # MLflow would print it with its password
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    refuse_malformed(tracking_uri)
    with reach(tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        if mlflow.get_experiment_by_name(system) is None:
            remote = tracking_uri.startswith(("http:", "https:"))
            mlflow.create_experiment(system, artifact_location=None if remote else artifacts.as_uri())
        mlflow.set_experiment(system)


@contextmanager
def reach(tracking_uri: str) -> Iterator[None]:
    """Turns every failure to talk to MLflow into OutOfReachError, whose sentence holds no secret."""
    try:
        yield
    except (MlflowException, RequestException, DBAPIError, OSError) as error:
        raise _out_of_reach(tracking_uri, error) from None


def refuse_malformed(tracking_uri: str) -> None:
    """Raises OutOfReachError for an address that libraries misread, before they show parts of it, or look them up."""
    if has_stray_at(tracking_uri):
        raise OutOfReachError(f"Reading MLFLOW_TRACKING_URI: {STRAY_AT}. {ENCODE_ADVICE}")
    if tracking_uri.startswith(tuple(DATABASE_ENGINES)):
        try:
            create_engine(tracking_uri).dispose()  # nothing is connected to
        except (SQLAlchemyError, ImportError) as error:
            raise _out_of_reach(tracking_uri, error) from None
        except ValueError:  # its text quotes what stands where the port should, which may be part of a password
            raise OutOfReachError(f"Reading MLFLOW_TRACKING_URI: its port is not a number. {ENCODE_ADVICE}") from None


def _out_of_reach(tracking_uri: str, error: Exception) -> OutOfReachError:
    said = Redactor.of_environment(os.environ, tracking_uri).redact_error(error)
    return OutOfReachError(
        f"Talking to MLflow at {redact_url(tracking_uri)}: {said}. "
        "Check that it runs and that MLFLOW_TRACKING_URI is right."
    )
