"""MLflow in every form that a job may meet."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.tracking.servers import mlflow_server
from tests.servers import ServerAbsentError, postgresql
from training.tracking.client import connect
from training.tracking.registry import Registry
from training.tracking.versions import ModelCache


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


@pytest.fixture
def registry(tracking_uri: str, system: str, tmp_path: Path) -> Registry:
    return Registry(tracking_uri, system, ModelCache(tmp_path / "champions"))


@pytest.fixture
def system(tracking_uri: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A system of the test's own, connected."""
    name = request.node.originalname.removeprefix("test_")[:40]
    connect(tracking_uri, tmp_path / "artifacts", name)
    return str(name)
