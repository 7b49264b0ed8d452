"""MLflow does not answer: the error says so soon, and never shows a password."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import mlflow
import pytest

from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.planted import HORSE as PASSWORD
from tests.planted import POSTGRESQL_PASSWORD
from tests.servers import ServerAbsentError, postgresql_cluster, silent_server
from training.errors import OutOfReachError
from training.tracking.client import LOG_LEVELS, RETRIES, TIMEOUT, TIMEOUTS, connect, reach
from training.tracking.registry import Registry
from training.tracking.versions import ModelCache

LONGEST_SECONDS = 20.0

pytestmark = MLFLOW_WARNINGS


@pytest.fixture(autouse=True)
def process_restored() -> Iterator[None]:
    environ, levels = dict(os.environ), {name: logging.getLogger(name).level for name in LOG_LEVELS}
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)
    os.environ.clear()
    os.environ.update(environ)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def addresses(port: int) -> dict[str, str]:
    return {
        "a server": f"http://127.0.0.1:{port}",
        "a server with a password": f"http://mona:{PASSWORD}@127.0.0.1:{port}",
        "a server of an unknown host": f"http://no-such-host.invalid:{port}",
        "PostgreSQL": f"postgresql://mona:{PASSWORD}@127.0.0.1:{port}/mlflow",
        "PostgreSQL of an unknown host": f"postgresql://mona:{PASSWORD}@no-such-host.invalid:{port}/mlflow",
        "a folder that cannot be": "sqlite:////proc/nowhere/mlflow.db",
        "a file that cannot be": "sqlite:////proc/mlflow.db",
        "a database of another kind": "postgresql+nothing://127.0.0.1/mlflow",
    }


REASONS = {
    "a server": "Connection refused",
    "a server with a password": "Connection refused",
    "a server of an unknown host": "Name or service not known",
    "PostgreSQL": "connection failed: connection to server at",
    "PostgreSQL of an unknown host": "failed to resolve host",
    "a folder that cannot be": "No such file or directory",
    "a file that cannot be": "unable to open database file",
    "a database of another kind": "Can't load plugin",
}


@pytest.mark.parametrize("which", REASONS)
def test_connecting_fails_in_words_after_one_attempt_and_without_pages(
    which: str, free_port: int, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(OutOfReachError) as raised:
        connect(addresses(free_port)[which], tmp_path, "north")
    sentence = str(raised.value)
    assert sentence.startswith("Talking to MLflow at ")
    assert REASONS[which] in sentence
    assert sentence.endswith("Check that it runs and that MLFLOW_TRACKING_URI is right.")
    assert PASSWORD not in sentence
    assert "\n" not in sentence
    assert raised.value.exit_code == 6
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


@pytest.mark.parametrize("which", ["a server", "PostgreSQL"])
def test_a_server_that_never_answers_is_tried_once(
    which: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each attempt takes seconds: ten for one who sets nothing, two here."""
    os.environ |= {"PGCONNECT_TIMEOUT": "2", TIMEOUT: "2"}
    with silent_server() as server, pytest.raises(OutOfReachError) as raised:
        connect(addresses(server.port)[which], tmp_path, "north")
    assert server.n_accepted == 1
    assert "time" in str(raised.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("which", ["a server", "PostgreSQL"])
def test_also_by_a_job_that_had_an_answer_before(which: str, tmp_path: Path) -> None:
    os.environ |= {"PGCONNECT_TIMEOUT": "1", TIMEOUT: "1"} | {RETRIES: TIMEOUTS[RETRIES]}
    with silent_server() as server, pytest.raises(OutOfReachError):
        connect(addresses(server.port)[which], tmp_path, "north")
    assert server.n_accepted == 1
    assert os.environ[RETRIES] == TIMEOUTS[RETRIES]


def test_a_timeout_that_is_set_is_left_as_it_is(free_port: int, tmp_path: Path) -> None:
    os.environ |= {"PGCONNECT_TIMEOUT": "3", TIMEOUT: "4", RETRIES: "0"}
    with pytest.raises(OutOfReachError):
        connect(addresses(free_port)["a server"], tmp_path, "north")
    assert os.environ["PGCONNECT_TIMEOUT"] == "3"
    assert os.environ[TIMEOUT] == "4"
    del os.environ[TIMEOUT]
    with pytest.raises(OutOfReachError):
        connect(addresses(free_port)["a server"], tmp_path, "north")
    assert TIMEOUT not in os.environ, "later requests have MLflow's own timeout"


def test_the_registry_says_so_too(free_port: int, tmp_path: Path) -> None:
    os.environ[RETRIES] = "1"
    with pytest.raises(OutOfReachError) as raised:
        Registry(addresses(free_port)["a server with a password"], "north", ModelCache(tmp_path)).champion()
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize("error", [OSError(), OSError(""), ConnectionResetError("two\nlines")])
def test_an_error_without_words_is_still_a_sentence(error: OSError) -> None:
    with (
        pytest.raises(OutOfReachError, match=r"^Talking to MLflow at http://there: .*Check that it runs"),
        reach("http://there"),
    ):
        raise error


def test_an_error_that_is_ours_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), reach("http://there"):
        raise ZeroDivisionError


def test_a_database_that_is_stopped_while_it_is_used_is_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as running:
        try:
            cluster = running.enter_context(postgresql_cluster())
        except ServerAbsentError as absent:
            pytest.skip(str(absent))
        connect(cluster.url, tmp_path, "north")
        registry = Registry(cluster.url, "north", ModelCache(tmp_path / "champions"))
        assert registry.champion() is None
        capfd.readouterr()
        cluster.kill()
        for ask in (registry.champion, registry.prune_versions, lambda: connect(cluster.url, tmp_path, "north")):
            with pytest.raises(OutOfReachError) as raised:
                ask()
            assert POSTGRESQL_PASSWORD not in str(raised.value)
            assert "Connection refused" in str(raised.value)
    assert capfd.readouterr() == ("", "")
