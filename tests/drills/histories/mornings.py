"""Two mornings of a hospital, a backtest and a training over one home, in this process; how each of them ended."""

import io
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

import mlflow
import pandas as pd
from mlflow.tracking._model_registry.utils import _get_store as _get_registry_store
from mlflow.tracking._tracking_service.utils import _get_store as _get_tracking_store
from rich.console import Console

from publication.errors import PublicationError
from publication.model import Publication
from tests.drills.histories.hospitals import FIRST_MORNING, ROOT, TIMEZONE, Hospital
from training.backtest.options import BacktestOptions
from training.errors import TrainingError
from training.jobs import backtest, daily, train
from training.jobs.context import Context, context
from training.settings import settings

Answer = TypeVar("Answer")
Sentence = TrainingError | PublicationError
AT_FIVE = timedelta(hours=5)
WINDOWS, STEP_DAYS = 2, 3
TRAINED_AMONG = "Weighted,SeasonalNaive"  # the first is trained, the other is scored


@dataclass(frozen=True)
class Ended(Generic[Answer]):
    """The end of a job: an answer, or the sentence that says why there is none."""

    answer: Answer | None
    sentence: Sentence | None
    seconds: float


@dataclass(frozen=True)
class Mornings:
    """Of a hospital, what `daily` published on both mornings, the backtest's forecasts, and the version trained."""

    first: Ended[Publication]
    second: Ended[Publication]
    backtest: Ended[pd.DataFrame]
    trained: Ended[int]
    findings: tuple[pd.DataFrame, pd.DataFrame]


def mornings(hospital: Hospital, folder: Path, database: Path) -> Mornings:
    """Run all of it in a folder, which is taken away again; `database` is one that MLflow has made, and is empty.

    Any other exception than a sentence, and any warning of numbers that went wrong, is raised.
    """
    home, console = folder / "home", Console(file=io.StringIO())
    home.mkdir(parents=True)
    shutil.copy(database, home / "mlflow.db")

    def job(morning: int) -> Context:
        file = hospital.write(folder / "system", morning)
        now = (FIRST_MORNING + pd.Timedelta(days=morning)).tz_localize(TIMEZONE).to_pydatetime() + AT_FIVE
        return context(file, settings(home, {}), now)

    def published(morning: int) -> tuple[Ended[Publication], pd.DataFrame]:
        how = ended(lambda: daily.run(job(morning), console))
        findings = home / "findings" / f"{ROOT}.csv"
        return how, pd.read_csv(findings) if findings.exists() else pd.DataFrame(columns=["check", "unique_id"])

    def backtested() -> pd.DataFrame:
        forecasts = folder / "forecasts.parquet"
        backtest.run(job(1), console, BacktestOptions(WINDOWS, STEP_DAYS, None, None, (), (), None), forecasts)
        return pd.read_parquet(forecasts)

    try:
        with only_warnings_of_numbers():
            (first, before), (second, after) = published(0), published(1)
            backtest_, trained = ended(backtested), ended(lambda: train.run(job(1), console, TRAINED_AMONG))
            return Mornings(first, second, backtest_, trained, (before, after))
    finally:
        forget(f"sqlite:///{home / 'mlflow.db'}")
        shutil.rmtree(folder)


def ended(run: Callable[[], Answer]) -> Ended[Answer]:
    began = time.perf_counter()
    try:
        return Ended(run(), None, time.perf_counter() - began)
    except (TrainingError, PublicationError) as sentence:
        return Ended(None, sentence, time.perf_counter() - began)


@contextmanager
def only_warnings_of_numbers() -> Iterator[None]:
    """A mean of nothing or a division by zero is an error in the block; other libraries' hints are passed over."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        yield


def empty_database(file: Path) -> Path:
    """An MLflow database with its tables, which take longer to make than a small hospital's forecasts."""
    with only_warnings_of_numbers():
        mlflow.MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


def forget(uri: str) -> None:
    """Close what MLflow keeps open of a database while the process lives: hundreds of homes would be too many."""
    for store in (_get_tracking_store(uri), _get_registry_store(uri)):  # type: ignore[no-untyped-call]
        store.engine.dispose()
