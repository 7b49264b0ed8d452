"""MLflow does not answer: the error says so soon, and never shows a password."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from tests.planted import HORSE as PASSWORD
from training.errors import OutOfReachError
from training.tracking.champions import Champions
from training.tracking.client import connect, reach
from training.tracking.registry import Registry

LONGEST_SECONDS = 20.0

# The library's own: deprecated parts, and database connections left to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def process_left_as_it_was() -> Iterator[None]:
    environ, level = dict(os.environ), logging.getLogger("mlflow").level
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)
    os.environ.clear()
    os.environ.update(environ)
    logging.getLogger("mlflow").setLevel(level)


def addresses(free_port: int) -> dict[str, str]:
    return {
        "plain": f"http://127.0.0.1:{free_port}",
        "with a password": f"http://mona:{PASSWORD}@127.0.0.1:{free_port}",
        "a folder that cannot be": "sqlite:////proc/nowhere/mlflow.db",
    }


@pytest.mark.parametrize("which", ["plain", "with a password", "a folder that cannot be"])
def test_connecting_fails_soon_and_in_words(which: str, free_port: int, tmp_path: Path) -> None:
    uri, started = addresses(free_port)[which], time.monotonic()
    with pytest.raises(OutOfReachError) as refused:
        connect(uri, tmp_path, "north")
    assert time.monotonic() - started < LONGEST_SECONDS
    sentence = str(refused.value)
    assert sentence.startswith("Talking to MLflow at ")
    assert sentence.endswith("Check that it runs and that MLFLOW_TRACKING_URI is right.")
    assert PASSWORD not in sentence
    assert "\n" not in sentence
    assert refused.value.exit_code == 6


def test_the_registry_says_so_too(free_port: int, tmp_path: Path) -> None:
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    with pytest.raises(OutOfReachError) as refused:
        Registry(addresses(free_port)["with a password"], "north", Champions(tmp_path)).champion()
    assert PASSWORD not in str(refused.value)


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
