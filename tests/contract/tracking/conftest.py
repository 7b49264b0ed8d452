"""MLflow in every form that a job may meet."""

import logging
import os
from collections.abc import Iterator

import pytest

from tests.contract.tracking.servers import mlflow_server
from tests.servers import ServerAbsentError, postgresql


@pytest.fixture(scope="module", params=["server", "server on PostgreSQL", "database"])
def tracking_uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow reached over HTTP, with either database, and without a server; the process is left as it was."""
    folder = tmp_path_factory.mktemp("mlflow")
    environ, levels = dict(os.environ), {name: logging.getLogger(name).level for name in ("mlflow", "alembic")}
    try:
        if request.param == "server":
            with mlflow_server(folder) as address:
                yield address
        elif request.param == "server on PostgreSQL":
            with (
                postgresql() as url,
                mlflow_server(folder, url.replace("postgresql:", "postgresql+psycopg:")) as address,
            ):
                yield address
        else:
            yield f"sqlite:///{folder / 'mlflow.db'}"
    except ServerAbsentError as absent:
        pytest.skip(str(absent))
    finally:
        os.environ.clear()
        os.environ.update(environ)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
